#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `hooks`: when each kind runs, where, with what, and what its failure does.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

KINDS=(prestart createRuntime createContainer startContainer poststart poststop)

# hook KIND SCRIPT [MORE]: add one; those of startContainer run inside.
hook() {
	config --arg k "$1" --arg s "$2" '.hooks[$k] += [{path: "/bin/sh",
		args: ["sh", "-c", $s], env: ["PATH=/usr/bin:/bin"]}
		'"${3:+ + {$3\}}"']'
}

# Each hook adds its name and the status it is told to $SCRATCH/hooks.
all_hooks() {
	local kind log
	for kind in "${KINDS[@]}"; do
		log=$SCRATCH/hooks
		[ $kind != startContainer ] || log=/mnt/hooks
		hook $kind "echo $kind \$(tr -d ' \n\t' |
			sed 's/.*\"status\":\"\([a-z]*\)\".*/\1/') >>$log"
	done
	touch "$SCRATCH/hooks"
	ln "$SCRATCH/hooks" "$ROOTFS/mnt/hooks"
}

# runc runs poststart in create.
# crun says created.
# bats test_tags=not-runc,not-crun
@test "each kind at its time, with the status" {
	all_hooks
	make_box say program
	diff "$SCRATCH/hooks" - <<-END
		prestart creating
		createRuntime creating
		createContainer creating
	END
	oci start $ID
	assert_ok
	box_said say=program
	becomes stopped
	oci delete $ID
	assert_ok
	diff <(sed 1,3d "$SCRATCH/hooks") - <<-END
		startContainer created
		poststart running
		poststop stopped
	END
}

# runc runs poststart in create.
# bats test_tags=not-runc
@test "run does them all, too" {
	all_hooks
	look say program
	[ "$(cut -d' ' -f1 "$SCRATCH/hooks" | paste -sd' ')" = "${KINDS[*]}" ]
}

# crun says created.
# bats test_tags=not-crun
@test "the state on stdin: id, pid, bundle, annotations" {
	hook createRuntime "cat >$SCRATCH/state.json"
	config '.annotations = {x: "y"}'
	make_box
	jq -e --arg id $ID --argjson pid "$PID" --arg bundle "$BUNDLE" '
		.id == $id and .pid == $pid and .bundle == $bundle and
		.annotations.x == "y" and .status == "creating" and
		(.ociVersion | test("^1"))' "$SCRATCH/state.json"
	gone
}

@test "arguments and environment are the hook's own" {
	config --arg out "$SCRATCH/hook" '.hooks.prestart = [{path: "/bin/sh",
		args: ["name", "-c", "echo $0 $1 $A ${HOME-unset} >\($out)", "zero",
		"one"], env: ["A=b", "PATH=/usr/bin:/bin"]}]'
	LEAKED=yes look
	[ "$(<"$SCRATCH/hook")" = "zero one b unset" ]
}

@test "namespaces: of the host before and after, of the container inside" {
	hook createRuntime "readlink /proc/self/ns/mnt >$SCRATCH/runtime"
	hook createContainer "readlink /proc/self/ns/mnt >$SCRATCH/container"
	hook startContainer 'readlink /proc/self/ns/mnt >/mnt/start; pwd >/mnt/pwd'
	launch_waiting
	[ "$(<"$SCRATCH/runtime")" != "$(readlink "/proc/$PID/ns/mnt")" ]
	[ "$(<"$SCRATCH/container")" = "$(readlink "/proc/$PID/ns/mnt")" ]
	[ "$(<"$ROOTFS/mnt/start")" = "$(readlink "/proc/$PID/ns/mnt")" ]
	[ "$(<"$ROOTFS/mnt/pwd")" = / ]
	gone
}

@test "a createRuntime hook can reach the container's network by its pid" {
	hook createRuntime "pid=\$(tr -d ' \n' | sed 's/.*\"pid\":\([0-9]*\).*/\1/')
		nsenter -t \$pid -n ip link set lo up"
	look read /proc/net/if_inet6 read /proc/net/route say up
	saw say=up
	hook createRuntime "pid=\$(tr -d ' \n' | sed 's/.*\"pid\":\([0-9]*\).*/\1/')
		nsenter -t \$pid -n ip -o link show up >$SCRATCH/links"
	look
	grep -q 'lo:' "$SCRATCH/links"
}

@test "several of a kind run in order, and the first failure stops create" {
	local kind
	for kind in prestart createRuntime createContainer; do
		config 'del(.hooks)'
		hook $kind "echo one >>$SCRATCH/$kind"
		hook $kind "echo complaint >&2; exit 3"
		hook $kind "echo three >>$SCRATCH/$kind"
		args /bin/report say ran
		oci create --bundle "$BUNDLE" $ID
		assert_fails hook || return 1
		[ "$(<"$SCRATCH/$kind")" = one ]
		nothing_left || return 1
	done
}

@test "a failing startContainer hook: the program does not run" {
	hook startContainer 'exit 4'
	args /bin/report touch /mnt/ran
	oci run --bundle "$BUNDLE" $ID
	assert_fails
	[ ! -e "$ROOTFS/mnt/ran" ]
	gone
}

# runc gives up at the first.
# bats test_tags=not-runc
@test "a failing poststop hook: delete goes on, and so do the next ones" {
	hook poststop 'exit 5'
	hook poststop "touch $SCRATCH/second"
	look
	[ -e "$SCRATCH/second" ]
}

@test "a hook that takes too long is killed" {
	hook createRuntime 'exec sleep 1000' 'timeout: 1'
	args /bin/report
	oci create --bundle "$BUNDLE" $ID
	assert_fails
}

# bats test_tags=ferrule
@test "... with all that it started" {
	hook createRuntime 'sleep 1001 & sleep 1001' 'timeout: 1'
	args /bin/report
	oci create --bundle "$BUNDLE" $ID
	assert_fails 'hooks.createRuntime[0]'
	never pgrep -fx 'sleep 1001'
}

@test "a hook that does not read its stdin is no failure" {
	local kind
	config '.annotations.long = ("x" * 100000)'
	for kind in "${KINDS[@]}"; do
		hook $kind 'exec <&-'
	done
	for _ in 1 2 3; do
		look say end
		saw say=end
	done
}

@test "a hook that is not there: an error that names it" {
	config '.hooks.createRuntime = [{path: "/no/such/hook"}]'
	args /bin/report
	oci create --bundle "$BUNDLE" $ID
	assert_fails /no/such/hook
}

@test "a hook inherits no descriptor" {
	hook createRuntime "ls -l /proc/self/fd >$SCRATCH/fds"
	look
	[ "$(grep -c ' [0-9]* -> ' "$SCRATCH/fds")" -le 4 ] ||
		flunk "$(<"$SCRATCH/fds")"
}

# As runc and crun have it (runtime-spec up to 1.2.0 wanted a warning only).
# bats test_tags=ferrule
@test "a failing poststart hook is an error, and the container ends" {
	hook poststart 'exit 6'
	make_box wait
	oci start $ID
	assert_fails 'hooks.poststart[0]' 'exit status 6'
	becomes stopped
	gone
}

# bats test_tags=ferrule
@test "the error of a hook says which, how it ended, and what it wrote" {
	hook createRuntime true
	hook createRuntime 'echo its complaint >&2; exit 3'
	args /bin/report
	oci create --bundle "$BUNDLE" $ID
	assert_fails 'hooks.createRuntime[1]' 'exit status 3' 'its complaint'
}
