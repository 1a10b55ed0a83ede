#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/vm/run.sh COMMAND ARG...
# Run COMMAND, with this directory and environment, as root of a virtual
# machine: Debian's user-mode-linux, whose kernel has what the running one may
# lack (VLAN filtering, 8021q, ipvlan, vrf, dummy). It sees the host's files and
# may write all of them, but only in its memory. Prints what COMMAND wrote, and
# has its exit status, or:
#   124  the deadline (VM_SECONDS, 300) has passed
#   125  the guest did not boot: the reason is on stderr
#   126  there is no user-mode-linux
#   127  the guest ended too early: the kernel's messages are on stderr
# Nothing stays behind: the kernel's processes live in a PID namespace, its
# memory is a file in a tmpfs of a mount namespace, and both end with it.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
here=$PWD/tests/vm
seconds=${VM_SECONDS:-300}

if [ "${1:-}" = --inside ]; then
	dir=$2
	mount -t tmpfs -o mode=700 none "$dir/memory" || exit 1
	# On one processor: each system call of the guest is some switches
	# between two processes, and half as slow there.
	cpu=$(sed -n 's/^Cpus_allowed_list:\t\([0-9]*\).*/\1/p' /proc/self/status)
	# Not exec: as the first process of its namespace, it could not end
	# itself.
	TMPDIR=$dir/memory HOME=$dir/memory taskset -c "$cpu" linux.uml \
		mem="${VM_MEMORY:-768M}" umid=vm uml_dir="$dir/memory" \
		root=/dev/root rootfstype=hostfs rootflags=/ ro \
		init="$here/init" share="$dir/share" quiet \
		con=null ssl=null con0=null,fd:1 \
		</dev/null >"$dir/console" 2>&1
	exit $?
fi

command -v linux.uml >/dev/null || exit 126
if [ "$(id -u)" -ne 0 ]; then
	echo "$0: only root can give the guest root's view of the files" >&2
	exit 125
fi
guest=
dir=$(mktemp -d "${TMPDIR:-/tmp}/ferrule-vm.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'kill -KILL $guest 2>/dev/null; exit 130' INT TERM
mkdir "$dir/share" "$dir/memory"

{
	echo '#!/usr/bin/env bash'
	printf 'cd %q || exit 1\n' "$PWD"
	export -p
	echo 'unset TMPDIR # the guest has it perhaps not'
	printf 'exec'
	printf ' %q' "$@"
	echo
} >"$dir/share/script"
chmod +x "$dir/share/script"

timeout -s KILL "$seconds" setpriv --pdeathsig KILL unshare --net --pid \
	--mount --propagation private --fork --kill-child \
	"$here/run.sh" --inside "$dir" &
guest=$!
wait $guest 2>/dev/null
status=$?

[ ! -e "$dir/share/stdout" ] || cat "$dir/share/stdout"
[ ! -e "$dir/share/stderr" ] || cat "$dir/share/stderr" >&2
if [ -s "$dir/share/status" ]; then
	exit "$(cat "$dir/share/status")"
fi
tr -d '\r' <"$dir/console" >&2
[ "$status" -ne 137 ] || exit 124
grep -q 'vm: booted' "$dir/console" || exit 125
exit 127
