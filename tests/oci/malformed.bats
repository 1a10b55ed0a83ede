#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Configurations that are wrong: refused, with the place, and nothing is left.
# (More of them are in tests/unit, where it is quicker.)
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# wrong FILTER: it is refused as it is by each runtime.
wrong() {
	cp "$BUNDLE/config.json" "$SCRATCH/good"
	config "$1"
	oci create --bundle "$BUNDLE" $ID
	assert_fails || flunk "accepted: $1" || return 1
	nothing_left || return 1
	cp "$SCRATCH/good" "$BUNDLE/config.json"
}

# says PATH FILTER: ours names the member.
says() {
	wrong "$2" || return 1
	[[ $stderr == *"$1"* ]] || flunk "expected in stderr: $1"
}

@test "what is no JSON, is cut short, or empty" {
	local text
	for text in '' '{' 'null' '[]' '"text"' '{"ociVersion": "1.0.2"' \
		'{"ociVersion": "1.0.2",}' $'{"a": "\x01"}'; do
		printf '%s' "$text" >"$BUNDLE/config.json"
		oci create --bundle "$BUNDLE" $ID
		assert_fails || flunk "accepted: $text" || return 1
	done
}

@test "a config.json that is a directory, a fifo's end or unreadable" {
	rm "$BUNDLE/config.json"
	mkdir "$BUNDLE/config.json"
	oci create --bundle "$BUNDLE" $ID
	assert_fails
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "wrong types" {
	wrong '.process.args = "sh"'
	wrong '.process.cwd = 5'
	wrong '.process.user.uid = "root"'
	wrong '.mounts = {}'
	wrong '.linux.namespaces = "all"'
	wrong '.root = "rootfs"'
	wrong '.process.user.uid = -1'
	wrong '.linux.resources.pids.limit = "many"'
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "what must be there and is not" {
	wrong 'del(.process.args)'
	wrong '.process.args = []'
	wrong '.process.cwd = ""'
	wrong '.process.cwd = "relative"'
	wrong 'del(.root)'
	wrong '.linux.namespaces = [{type: "nonsense"}]'
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "a namespace that is listed twice" {
	wrong '.linux.namespaces += [{type: "pid"}]'
}

@test "unknown members and annotations are passed over" {
	config '.future = {a: 1} | .process.future = [1] |
		.linux.resources.future = {x: 1} | .annotations.unknown = "1" |
		.linux.future = null'
	look say fine
	saw say=fine
}

# bats test_tags=ferrule
@test "each message has the path of the member" {
	says process.cwd '.process.cwd = "relative"'
	says process.args '.process.args = "sh"'
	says 'process.args[0]' '.process.args = [7]'
	says process.user.uid '.process.user.uid = -1'
	says 'process.rlimits[0].type' '.process.rlimits = [{type: "RLIMIT_X",
		soft: 1, hard: 1}]'
	says 'process.rlimits[1]' '.process.rlimits = [
		{type: "RLIMIT_CORE", soft: 1, hard: 1},
		{type: "RLIMIT_CORE", soft: 1, hard: 1}]'
	says process.oomScoreAdj '.process.oomScoreAdj = 5000'
	says process.capabilities '.process.capabilities.bounding = ["CAP_CHOWN", 1]'
	says 'mounts[1].destination' 'del(.mounts[1].destination)'
	says 'mounts[0].options' '.mounts[0].options = "ro"'
	says 'linux.namespaces[5].type' '.linux.namespaces += [{type: "nett"}]'
	says 'linux.devices[0].path' '.linux.devices = [{path: "relative",
		type: "c", major: 1, minor: 1}]'
	says 'linux.devices[0].type' '.linux.devices = [{path: "/dev/x",
		type: "x", major: 1, minor: 1}]'
	says linux.rootfsPropagation '.linux.rootfsPropagation = "sideways"'
	says linux.resources.pids.limit '.linux.resources.pids = {limit: "x"}'
	says linux.seccomp.defaultAction '.linux.seccomp = {defaultAction: "X"}'
	says 'linux.seccomp.syscalls[0].args[0].op' '.linux.seccomp = {
		defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"],
		action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 1, op: "X"}]}]}'
	says hooks.prestart '.hooks.prestart = [{path: "relative"}]'
	says linux.sysctl '.linux.sysctl = {"kernel.core_pattern": "x"}'
	says linux.uidMappings '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 0}]'
	says linux.timeOffsets '.linux.timeOffsets = {monotonic: {secs: 5}}'
	says process.scheduler '.process.scheduler = {policy: "SCHED_FAST"}'
	says process.ioPriority '.process.ioPriority = {class: "NO", priority: 1}'
	says ociVersion 'del(.ociVersion)'
	says hostname '.linux.namespaces |= map(select(.type != "uts"))'
	says linux.personality '.linux.personality = {domain: "VAX"}'
	says linux.cgroupsPath '.linux.cgroupsPath = 5'
	says linux.intelRdt '.linux.intelRdt = {l3CacheSchema: 7}'
}

# bats test_tags=ferrule
@test "a document nested too deep, or of 20 MB" {
	python3 -c 'print("[" * 100000)' >"$BUNDLE/config.json"
	oci create --bundle "$BUNDLE" $ID
	assert_fails
	python3 -c 'print("{\"a\": \"" + "x" * 20000000 + "\"}")' \
		>"$BUNDLE/config.json"
	oci create --bundle "$BUNDLE" $ID
	assert_fails
}
