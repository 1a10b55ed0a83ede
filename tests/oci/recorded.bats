#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What containerd, critest, a kubelet and podman really hand over: recorded
# config.json and process.json files, with paths, program and group replaced.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# recorded CLIENT N ID [PID]: let the bundle have that configuration. Sources of
# bind mounts are made; namespaces are those of PID, or new ones.
recorded() {
	jq --arg group "$PARENT/$3" --arg dir "$SCRATCH/sources" \
		--arg mark "OCTEST=$MARK" --arg pid "${4:-}" '
		.process.args = ["/bin/report", "wait"] |
		.process.env += [$mark] | .process.cwd = "/" |
		.root.path = "rootfs" | .linux.cgroupsPath = $group |
		(.mounts[] | select(.type == "bind") | .source) |=
			$dir + "/" + (split("/") | last) |
		(.linux.namespaces[] | select(.path)) |= (.type as $t |
			if $pid == "" then {type: $t} else .path =
			"/proc/\($pid)/ns/" + ({network: "net"}[$t] // $t) end) |
		if .process.oomScoreAdj != null and .process.oomScoreAdj < 0
			then .process.oomScoreAdj = 0 else . end' \
		"$TESTS/recorded/$1-config-$2.json" >"$BUNDLE/config.json"
	mkdir -p "$SCRATCH/sources/shm"
	# Without the right to raise a limit, keep what there is.
	grep -q 'CapEff:.*000001ffffffffff' /proc/self/status ||
		config 'del(.process.rlimits)'
	jq -r '.mounts[] | select(.type == "bind") | .source' \
		"$BUNDLE/config.json" | while read -r source; do
		[ -e "$source" ] || echo "of the host" >"$source"
	done
	mkdir -p "$ROOTFS/sys/fs/cgroup" "$ROOTFS/var"
}

start_recorded() { # ID
	oci_out=$SCRATCH/$1.out oci_err=$SCRATCH/$1.err \
		oci create --bundle "$BUNDLE" --pid-file "$SCRATCH/$1.pid" "$1"
	assert_ok || return 1
	oci start "$1"
	assert_ok || return 1
	eventually grep -q ready= "$SCRATCH/$1.out"
}

# As the shims and conmon do it: both containers, a look inside, exec, the end.
play() { # CLIENT
	need_v1
	local seccomp=0
	recorded "$1" 1 first
	start_recorded first || return 1
	new_bundle second
	recorded "$1" 2 second "$(<"$SCRATCH/first.pid")"
	config '(.linux.namespaces[] | select(.type == "mount")) |= {type: "mount"}'
	start_recorded second || return 1
	[ "$(jq -c '.linux.seccomp != null' "$BUNDLE/config.json")" = false ] ||
		seccomp=2
	jq --arg mark "OCTEST=$MARK" '.args = ["/bin/report", "ids", "status",
		"Seccomp", "status", "CapBnd", "status", "NoNewPrivs"] |
		.env += [$mark] | .terminal = false | .cwd = "/" | del(.rlimits) |
		if (.oomScoreAdj // 0) < 0 then .oomScoreAdj = 0 else . end' \
		"$TESTS/recorded/$1-process-1.json" >"$SCRATCH/process.json"
	oci exec --process "$SCRATCH/process.json" second
	assert_ok || return 1
	saw "Seccomp=$seccomp" || return 1
	[ "$(readlink "/proc/$(<"$SCRATCH/first.pid")/ns/net")" = \
		"$(readlink "/proc/$(<"$SCRATCH/second.pid")/ns/net")" ] || return 1
	oci kill second 15
	assert_ok || return 1
	becomes stopped second || return 1
	oci delete second
	assert_ok || return 1
	oci kill --all first 9
	becomes stopped first || return 1
	oci delete --force first
	assert_ok
}

@test "containerd 1.6" {
	play containerd-bookworm
}

@test "containerd 2.1" {
	play containerd-sid
}

@test "critest" {
	play critest
}

@test "a kubelet" {
	play k8s
}

@test "podman" {
	play podman
}
