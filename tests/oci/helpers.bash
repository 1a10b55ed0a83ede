# shellcheck shell=bash disable=SC2016,SC2034,SC2231
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every test of the OCI runtime uses. `make check-oci` starts bats in
# private network and mount namespaces with an empty /run; control groups,
# which are the machine's, are made below a parent of the test's own.
#
# Each test gets a bundle with a rootfs that has /bin/report (report.c, which
# says what it sees) and busybox, an empty state directory and a parent cgroup.
# After the test nothing may be left of its containers: no process, cgroup,
# mount or state; else the test has failed.
#
#   OCI_RUNTIME  the runtime under test, ours or another with runc's commands
#   OCI_REPORT   the container's init, built
#
# A test of what only ferrule promises has the line `# bats test_tags=ferrule`
# above it, one that runc (crun) fails for a reason of its own `not-runc`
# (`not-crun`), with the reason.
bats_require_minimum_version 1.7.0

: "${OCI_RUNTIME:?the runtime under test}" "${OCI_REPORT:?the built report}"
OCI_PEERS=${OCI_PEERS:-/nonexistent}
ID=box
MARK=octest-$$
PARENT=/ferrule-oci-$$
CGROUPS=/sys/fs/cgroup
TESTS=$BATS_TEST_DIRNAME

setup() {
	SCRATCH=$(mktemp -d /run/scratch.XXXXXX) # on a tmpfs
	chmod 755 "$SCRATCH"
	STATE=$SCRATCH/state
	mkdir "$STATE"
	new_bundle bundle
	mounts_before=$(mount_count)
	! declare -F prepare >/dev/null || prepare
}

teardown() {
	local failed=0
	# What failed half way is not asked to have cleaned up.
	[ -z "$BATS_TEST_COMPLETED" ] || nothing_left || failed=1
	clean_up
	return $failed
}

# new_bundle NAME: make it, and let it be the one that is used: $BUNDLE.
new_bundle() {
	BUNDLE=$SCRATCH/$1
	ROOTFS=$BUNDLE/rootfs
	mkdir -p "$ROOTFS"/{bin,dev,etc,proc,sys,tmp,run,mnt,root,home}
	if [ ! -e /run/oci-report ]; then
		cp "$OCI_REPORT" /run/oci-report
		cp "$(command -v busybox)" /run/oci-busybox
	fi
	ln /run/oci-report "$ROOTFS/bin/report"
	ln /run/oci-busybox "$ROOTFS/bin/busybox"
	ln -s busybox "$ROOTFS/bin/sh"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$ROOTFS/etc/passwd"
	echo 'user:x:1000:1000:user:/home/user:/bin/sh' >>"$ROOTFS/etc/passwd"
	jq -n --arg group "$PARENT/$1" --arg mark "OCTEST=$MARK" \
		-f "$TESTS/config.jq" >"$BUNDLE/config.json"
	[ "$1" != bundle ] || config --arg g "$PARENT/$ID" '.linux.cgroupsPath = $g'
}

# config [JQ-OPTION...] FILTER: change config.json.
config() {
	jq "$@" <"$BUNDLE/config.json" >"$BUNDLE/config.new" &&
		mv "$BUNDLE/config.new" "$BUNDLE/config.json"
}

# args ARGUMENT...: of the container's process.
args() {
	config --args '.process.args = $ARGS.positional' "$@"
}

# oci ARGUMENT...: the runtime with the test's state directory. Leaves its exit
# status in $status, what it wrote in $output and $stderr, and in the files
# $stdout_file and $stderr_file. It has $OCI_TIMEOUT (30) seconds.
oci() {
	stdout_file=${oci_out:-$SCRATCH/stdout}
	stderr_file=${oci_err:-$SCRATCH/stderr}
	status=0
	OCTEST=$MARK timeout -k 5 "${OCI_TIMEOUT:-30}" "$OCI_RUNTIME" \
		--root "$STATE" "$@" >"$stdout_file" 2>"$stderr_file" \
		<"${oci_in:-/dev/null}" || status=$?
	output=$(tr -d '\0' <"$stdout_file")
	stderr=$(tr -d '\0' <"$stderr_file")
}

# look WORD...: run a container whose init is `report WORD...`, to its end.
look() {
	args /bin/report "$@"
	oci run --bundle "$BUNDLE" "$ID"
	assert_ok
}

# make_box WORD...: create one that is not started. Its output is in $box_out.
make_box() {
	box_out=$SCRATCH/box.out box_err=$SCRATCH/box.err
	args /bin/report "$@"
	oci_out=$box_out oci_err=$box_err \
		oci create --bundle "$BUNDLE" --pid-file "$SCRATCH/pid" "$ID"
	assert_ok || return 1
	PID=$(<"$SCRATCH/pid")
}

# launch WORD...: create and start one in the background.
launch() {
	make_box "$@" || return 1
	oci start "$ID"
	assert_ok
}

# launch_waiting WORD...: one that has begun to wait for a signal, then does
# the words.
launch_waiting() {
	launch wait "$@" || return 1
	eventually grep -q ^ready= "$box_out"
}

box_said() { # LINE: exactly this, at last
	eventually grep -qxF -- "$1" "$box_out" ||
		flunk "the container did not say: $1" "it said:" "$(<"$box_out")"
}

# gone [ID]: delete it, by force.
gone() {
	oci delete --force "${1:-$ID}"
	assert_ok
}

status_is() { # STATUS [ID]
	local now
	now=$("$OCI_RUNTIME" --root "$STATE" state "${2:-$ID}" 2>&1)
	[ "$(jq -r .status <<<"$now")" = "$1" ] || flunk "expected $1: $now"
}

becomes() { # STATUS [ID]
	eventually status_is "$@"
}

# never COMMAND...: it must fail. (In bats a plain ! is no test.)
never() {
	! "$@" || flunk "unexpected success: $*"
}

# A process that is no more, or that only waits to be reaped.
dead() {
	[[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) =~ ^([ZX]|$) ]]
}

# eventually COMMAND...: within ten seconds.
eventually() {
	local end=$((SECONDS + 10))
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $end ] || {
			"$@"
			return
		}
		sleep 0.02
	done
}

# ---- assertions: all of them say what they saw and return 1 on failure ----

flunk() {
	printf '%s\n' "$@" "exit status: ${status:-}" "stdout: ${output:-}" \
		"stderr: ${stderr:-}" >&2
	return 1
}

assert_ok() {
	[ "$status" -eq 0 ] || flunk "expected success"
}

assert_status() {
	[ "$status" -eq "$1" ] || flunk "expected exit status $1"
}

# assert_fails [PATTERN...]: it fails, not by a signal, and stderr has each
# PATTERN (as in [[ x == y ]], any letter case; [ is itself).
assert_fails() {
	local pattern
	case $status in
	0 | 124 | 13[0-9] | 14[0-9])
		flunk "expected a failure" || return 1
		;;
	esac
	for pattern; do
		pattern=${pattern//\[/\\[}
		# shellcheck disable=SC2053
		[[ ${stderr,,} == *${pattern,,}* ]] ||
			flunk "expected in stderr: $pattern" || return 1
	done
}

saw() { # LINE...: each of them whole
	local line
	for line; do
		grep -qxF -- "$line" <<<"$output" ||
			flunk "expected the line: $line" || return 1
	done
}

saw_not() { # PATTERN...: no line has such a part
	local pattern
	for pattern; do
		# shellcheck disable=SC2053
		[[ $output != *$pattern* ]] || flunk "unexpected: $pattern" ||
			return 1
	done
}

saw_like() { # REGEX...: of whole lines
	local regex
	for regex; do
		grep -qxE -- "$regex" <<<"$output" ||
			flunk "no line matches: $regex" || return 1
	done
}

# The value of the line KEY=value.
value() {
	sed -n "s|^$1=||p" <<<"$output" | head -n 1
}

# ---- what may be left ----

mount_count() {
	wc -l </proc/self/mountinfo
}

# Processes of this test's containers and runtimes, but for this shell's.
our_processes() {
	grep -lzx "OCTEST=$MARK" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
}

our_cgroups() {
	find $CGROUPS/ -mindepth 1 -maxdepth 3 -path "*$PARENT/*" -type d \
		2>/dev/null
}

no_processes() {
	[ -z "$(our_processes)" ]
}

nothing_left() {
	local left
	eventually no_processes ||
		flunk "processes left:" "$(ps -o pid,stat,args -p \
			"$(our_processes | paste -sd,)")" || return 1
	left=$(our_cgroups)
	[ -z "$left" ] || flunk "cgroups left:" "$left" || return 1
	# crun keeps files with a dot in front, ours compiled filters.
	left=$(find "$STATE" -mindepth 1 -maxdepth 1 ! -name '.*' \
		! -name '@seccomp' -printf '%f\n' 2>/dev/null)
	[ -z "$left" ] || flunk "states left: $left" || return 1
	[ "$(mount_count)" -eq "$mounts_before" ] ||
		flunk "mounts left:" "$(tail -n 3 /proc/self/mountinfo)"
}

clean_up() {
	local id pid
	for id in "$STATE"/*; do
		[ -e "$id" ] || continue
		oci resume "${id##*/}"
		oci delete --force "${id##*/}"
	done
	thaw_all
	for pid in $(our_processes); do
		kill -KILL "$pid" 2>/dev/null
	done
	eventually no_processes || :
	find $CGROUPS/ -maxdepth 4 -depth \( -path "*$PARENT" -o -path "*$PARENT/*" \) -type d \
		-exec rmdir {} + 2>/dev/null || :
	sed -n "s|^[^ ]* [^ ]* [^ ]* [^ ]* \(${SCRATCH}[^ ]*\) .*|\1|p" \
		/proc/self/mountinfo | sort -r | while read -r mount; do
		umount -l "$mount"
	done
	rm -rf "$SCRATCH"
}

thaw_all() {
	local file
	for file in $CGROUPS/freezer"$PARENT"/*/freezer.state; do
		[ ! -e "$file" ] || echo THAWED >"$file"
	done
	for file in $CGROUPS/{,unified}"$PARENT"/*/cgroup.freeze; do
		[ ! -e "$file" ] || echo 0 >"$file"
	done
}

# ---- the machine ----

# From here on the runtime sees cgroup2 alone, in a mount namespace of its own.
# No controller is there, but devices, the freezer and kill work without. The
# groups are those below $UNIFIED.
UNIFIED=$CGROUPS/unified
[ -d $UNIFIED ] || UNIFIED=$CGROUPS
v2_only() {
	local wrapper=$SCRATCH/v2/${OCI_RUNTIME##*/}
	mkdir "$SCRATCH/v2"
	cat >"$wrapper" <<-END
		#!/bin/sh
		exec unshare --mount --propagation private sh -c '
			umount -R $CGROUPS
			mount -t cgroup2 cgroup2 $CGROUPS
			exec "\$@"' v2 $OCI_RUNTIME "\$@"
	END
	chmod +x "$wrapper"
	OCI_RUNTIME=$wrapper
}

# This host has v1 controllers, and the runtime under test is one that can
# use them.
need_v1() {
	[ -d $CGROUPS/memory ] || skip "no cgroup v1 here"
	! is_crun || skip "crun refuses hybrid hosts"
}

is_crun() {
	[[ ${OCI_RUNTIME##*/} == crun ]]
}

is_runc() {
	[[ ${OCI_RUNTIME##*/} == runc* ]]
}
