#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the runtime tells: list, ps, spec, features, its version, its log.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "list: a table, names only, JSON" {
	launch_waiting
	oci list
	assert_ok
	saw_like "ID +PID +STATUS +BUNDLE +CREATED +OWNER" \
		"$ID +$PID +running +$BUNDLE +20.* +root"
	oci list -q
	saw $ID
	oci list --format json
	jq -e --arg id $ID '.[0].id == $id and .[0].status == "running"' <<<"$output"
	gone
	oci list -q
	[ -z "$output" ]
}

# runc and crun: only if it is the default one.
# bats test_tags=ferrule
@test "list: nothing for a root that is missing" {
	STATE=$SCRATCH/missing oci list -q
	assert_ok
	[ -z "$output" ]
	[ ! -e "$SCRATCH/missing" ]
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "ps: a table and JSON" {
	launch fork 2 wait
	box_said 'fork 2=2'
	oci ps --format json $ID
	assert_ok
	jq -e --argjson pid "$PID" 'length == 3 and index($pid) != null' <<<"$output"
	oci ps $ID
	assert_ok
	saw_like ".* $PID .*report.*"
	gone
}

@test "errors go to the log as JSON lines for shims" {
	oci --log "$SCRATCH/log" --log-format json create --bundle /nonexistent $ID
	assert_fails
	tail -n 1 "$SCRATCH/log" | jq -e '.level == "error" and
		(.msg | length > 5) and (.time | test("^20[0-9-]+T"))'
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "errors go to the log as text" {
	oci --log "$SCRATCH/log" create --bundle /nonexistent $ID
	assert_fails
	grep -q 'nonexistent' "$SCRATCH/log"
}

@test "spec writes a config.json that runs, and does not overwrite" {
	mkdir "$SCRATCH/new"
	oci spec --bundle "$SCRATCH/new"
	assert_ok
	jq -e '.process.args == ["sh"] and .root.path == "rootfs" and
		.process.terminal == true' "$SCRATCH/new/config.json"
	oci spec --bundle "$SCRATCH/new"
	assert_fails exist
	mv "$SCRATCH/new/config.json" "$BUNDLE/config.json"
	config --arg g "$PARENT/$ID" '.process.terminal = false |
		.root.readonly = false | .linux.cgroupsPath = $g |
		.process.rlimits = []'
	look ids status NoNewPrivs
	saw 'uid=0 0 0' NoNewPrivs=1
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "spec --rootless has mappings and no network namespace" {
	mkdir "$SCRATCH/new"
	oci spec --rootless --bundle "$SCRATCH/new"
	assert_ok
	jq -e '(.linux.namespaces | map(.type) | index("user") != null) and
		.linux.uidMappings[0].containerID == 0 and
		(.linux.uidMappings[0].size == 1)' "$SCRATCH/new/config.json"
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "features says what there is" {
	oci features
	assert_ok
	jq -e '(.ociVersionMin | test("^1[.]0")) and
		(.hooks | index("poststop") != null) and
		(.mountOptions | index("rro") != null) and
		(.linux.namespaces | index("time") != null) and
		(.linux.capabilities | index("CAP_CHOWN") != null) and
		.linux.cgroup.v1 == true and .linux.cgroup.v2 == true and
		.linux.seccomp.enabled == true and
		(.linux.seccomp.actions | index("SCMP_ACT_NOTIFY") != null)' <<<"$output"
}

@test "--version and --help" {
	oci --version
	assert_ok
	[[ $output == *version*[0-9].[0-9]* ]]
	oci --help
	assert_ok
	[[ $output == *create*delete* ]]
}
