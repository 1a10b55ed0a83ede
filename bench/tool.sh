#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/sandbox.sh bench/tool.sh BUILD
# Time of `run --rm IMAGE true` with BUILD's runtime-glue, without a network and
# with a bridge, masquerading and a published port; of the engine alone with the
# same configuration and files; and of Debian's podman (with crun and the CNI
# plugins of Debian), where `make peers` has unpacked it. They take turns in each
# round: medians, and the multiple of the one each is compared with. All of it
# on a tmpfs, where cgroup2 alone is mounted. ROUNDS: 40.
# shellcheck disable=SC2317 # functions that are arguments
set -euo pipefail
build=$(realpath "${1:?usage: bench/tool.sh BUILD}")
top=$(cd "$(dirname "$0")/.." && pwd)
rounds=${ROUNDS:-40}
peers=$top/build/peers/oci
podman=$peers/podman

if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
	umount -R /sys/fs/cgroup # the sandbox's
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
group=/ferrule-bench-$$
work=$(mktemp -d /run/bench.XXXXXX)
clean() {
	awk -v w="$work/" 'index($5, w) == 1 { print $5 }' /proc/self/mountinfo |
		tac | while read -r path; do umount -l "$path"; done
	find "/sys/fs/cgroup$group" -depth -type d -exec rmdir {} + 2>/dev/null || :
	rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

mkdir "$work/bin" "$work/net.d" "$work/root" "$work/etc" "$work/cni"
strip -o "$work/bin/runtime-glue" "$build/bin/runtime-glue"
ln -s runtime-glue "$work/bin/runtime-glue-oci"
for plugin in bridge portmap host-local loopback; do
	strip -o "$work/bin/$plugin" "$build/bin/$plugin"
done
export RUNTIME_GLUE_ROOT=$work/store RUNTIME_GLUE_RUN=$work/run \
	RUNTIME_GLUE_CGROUP=$group NETCONFPATH=$work/net.d CNI_PATH=$work/bin \
	CNI_CACHE=$work/cache
glue=$work/bin/runtime-glue
"$top/tests/clients/image.sh" "$build/oci/report" "$work/image.tar" 2>/dev/null
"$glue" load "$work/image.tar" >/dev/null 2>&1
image=docker.io/library/busy:latest

# The engine alone: the tool's own config.json, with a network namespace made
# on the way and the image's files.
"$glue" run --cidfile "$work/id" --network none $image /bin/report
id=$(<"$work/id")
tar -xOf "$work/image.tar" layer.tar | tar -C "$work/root" -xf -
mkdir "$work/bundle"
jq --arg root "$work/root" '.root.path = $root |
	(.linux.namespaces[] | select(.type == "network")) |= del(.path)' \
	"$work/store/containers/$id/config.json" >"$work/bundle/config.json"

cases=(engine none bridge)
declare -A command against
command[engine]="$work/bin/runtime-glue-oci --root $work/state run --bundle $work/bundle bench"
command[none]="$glue run --rm --network none $image /bin/report"
command[bridge]="$glue run --rm -p 8080:80 $image /bin/report"
against=([engine]=engine [none]=engine [bridge]=engine)

add_podman() {
	local libs=$podman/usr/lib/x86_64-linux-gnu:$podman/lib/x86_64-linux-gnu
	local plugins=/usr/lib/cni
	[ -x "$podman/usr/bin/podman" ] || return 1
	[ -x $plugins/bridge ] || plugins=$top/build/peers/usr/lib/cni
	cat >"$work/etc/containers.conf" <<-END
		[containers]
		cgroups = "enabled"
		default_sysctls = []
		[engine]
		conmon_path = ["$podman/usr/bin/conmon"]
		events_logger = "none"
		cgroup_manager = "cgroupfs"
		[engine.runtimes]
		bench = ["$peers/usr/bin/crun"]
		[network]
		network_backend = "cni"
		network_config_dir = "$work/cni"
		cni_plugin_dirs = ["$plugins"]
	END
	sed 's/glue0/podman/' "$work"/net.d/glue0.conflist |
		jq 'del(.createdBy) | .cniVersion = "0.4.0" |
			.plugins[0].ipam.ranges = [[{"subnet": "10.91.0.0/24"}]]' \
			>"$work/cni/podman.conflist"
	mkdir -p /etc/containers # the sandbox's
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' \
		>/etc/containers/policy.json
	cat >"$work/bin/podman" <<-END
		#!/bin/sh
		export LD_LIBRARY_PATH=$libs CONTAINERS_CONF=$work/etc/containers.conf
		exec $podman/usr/bin/podman --root $work/pstore --runroot $work/prun \
			--tmpdir $work/ptmp --storage-driver overlay --runtime bench \
			--cgroup-manager cgroupfs "\$@"
	END
	chmod 755 "$work/bin/podman"
	"$work/bin/podman" load -i "$work/image.tar" >/dev/null 2>&1 || return 1
	local run="$work/bin/podman run --rm --ulimit nofile=1024:1024"
	run+=" --ulimit nproc=1024:1024 --pids-limit -1 --cgroup-parent $group"
	command[podman-none]="$run --network none $image /bin/report"
	command[podman-bridge]="$run -p 8081:80 $image /bin/report"
	against[podman-none]=none against[podman-bridge]=bridge
	cases+=(podman-none podman-bridge)
}

# The kernel takes namespaces down later: not while the next is measured.
measure() { # CASE: adds a line to $work/CASE.us
	local line
	sleep 0.1
	# shellcheck disable=SC2086 # words
	line=$("$build/bench/once" ${command[$1]} 2>"$work/stderr")
	[ "${line##* }" = 0 ] || {
		echo "bench/tool: $1 failed: $(<"$work/stderr")" >&2
		return 1
	}
	echo "$line" >>"$work/$1.us"
}

column() { # CASE COLUMN LINE: of those sorted by that column
	cut -d' ' -f"$2" "$work/$1.us" | sort -n | sed -n "$3p"
}

ratio() { # A B
	awk "BEGIN { printf \"%.2f\", $1 / $2 }"
}

for name in "${cases[@]}"; do
	measure "$name"
done
add_podman || echo "without podman: make peers"
for ((i = -2; i < rounds; i++)); do
	for name in "${cases[@]}"; do
		measure "$name"
	done
	[ "$i" -ge 0 ] || rm -f "$work"/*.us # to warm up
done

middle=$(((rounds + 1) / 2))
printf '%-14s %9s %8s %9s %8s %9s %8s   (us)\n' run median x fastest x cpu x
for name in "${cases[@]}"; do
	printf '%-14s' "$name"
	for at in "1 $middle" "1 1" "3 $middle"; do
		# shellcheck disable=SC2086 # two words
		printf ' %9d %8s' "$(column "$name" $at)" \
			"$(ratio "$(column "$name" $at)" "$(column "${against[$name]}" $at)")"
	done
	echo
done
