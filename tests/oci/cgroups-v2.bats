#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Where cgroup2 alone is mounted: no controller is there, but the group, the
# freezer and kill.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

@test "v2: own group, pause, resume, delete" {
	v2_only
	launch_waiting
	[ -d "$UNIFIED$PARENT/$ID" ]
	grep -qx "$PID" "$UNIFIED$PARENT/$ID/cgroup.procs"
	oci pause $ID
	assert_ok
	status_is paused
	[ "$(cat "$UNIFIED$PARENT/$ID/cgroup.freeze")" = 1 ]
	oci resume $ID
	assert_ok
	[ "$(cat "$UNIFIED$PARENT/$ID/cgroup.freeze")" = 0 ]
	gone
}

@test "v2: kill --all, in a shared PID namespace" {
	v2_only
	config '.linux.namespaces |= map(select(.type != "pid"))'
	launch fork 5 wait
	box_said 'fork 5=5'
	oci kill --all $ID KILL
	assert_ok
	eventually test -z "$(cat "$UNIFIED$PARENT/$ID/cgroup.procs")" || :
	becomes stopped
	gone
}

@test "v2: a container without a PID namespace leaves no process behind" {
	v2_only
	config '.linux.namespaces |= map(select(.type != "pid"))'
	launch fork 5
	becomes stopped
	oci delete --force $ID
	assert_ok
}

@test "v2: a paused container is deleted by force" {
	v2_only
	launch fork 3 wait
	box_said 'fork 3=3'
	oci pause $ID
	gone
}

@test "v2: exec joins, ps lists" {
	v2_only
	launch_waiting
	oci exec --detach $ID /bin/report sleep 100
	assert_ok
	oci ps --format json $ID
	jq -e 'length == 2' <<<"$output"
	gone
}

# crun leaves the cgroup.
# bats test_tags=not-crun
@test "v2: a limit whose controller is not there is an error" {
	v2_only
	[ -d $CGROUPS/memory ] || skip "v2 has the controllers here"
	config '.linux.resources.memory = {limit: 67108864}'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails memory
}

# crun leaves the cgroup.
# bats test_tags=not-crun
@test "v2: unified" {
	v2_only
	config '.linux.resources.unified = {"cgroup.max.depth": "3"}'
	launch_waiting
	[ "$(cat "$UNIFIED$PARENT/$ID/cgroup.max.depth")" = 3 ]
	gone
	config '.linux.resources.unified = {"../cgroup.max.depth": "3"}'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}
