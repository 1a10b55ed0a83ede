#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What real runtimes send, and what the reference 1.9.1 answered them: each file
# of recorded/ holds the calls of one client, in order. See its README.
# shellcheck disable=SC2016,SC2154
load helpers

field() { # FILTER
	jq -c "$1" <<<"$recorded"
}

# The answer as the reference printed it: four spaces, no newline at the end.
answer() {
	field .stdout | jq --indent 4 . | head -c -1
}

# deviations.md, 15: loopback's answers below 1.0.0 have the form of their
# version; the reference's are without `version` and `dns`.
loopback_answer() {
	field .stdout | jq --indent 4 '.ips |= map({version: (if .address |
		contains(":") then "6" else "4" end)} + {interface, address}) |
		. + {dns: {}} | .interfaces |= map({name, mac, sandbox})' |
		head -c -1
}

expected() { # PLUGIN
	if [ "$(field .stdout)" = '""' ]; then
		:
	elif [ "$1" = loopback ] && ! foreign; then
		loopback_answer
	else
		answer
	fi
}

# The plugins under test are not ours.
foreign() {
	! CNI_COMMAND='' "$PLUGIN_DIR/loopback" 2>&1 | grep -q ferrule
}

make_netns() {
	local path
	path=$(jq -r .env.CNI_NETNS <<<"$recorded")
	[ -z "$path" ] || [ -e "$path" ] || ip netns add "${path##*/}"
}

# The recorded call, but for the place of the leases and of the plugins.
play() { # PLUGIN
	local env
	mapfile -t env < <(jq -r '.env | to_entries[] |
		select(.key != "CNI_PATH") | "\(.key)=\(.value)"' <<<"$recorded")
	cni '' "$1" "$(jq -c --arg dir "$SCRATCH/store" \
		'.stdin | if .ipam then .ipam.dataDir = $dir else . end' \
		<<<"$recorded")" "${env[@]}"
}

replay() { # CLIENT
	local plugin n=0
	while IFS= read -r recorded; do
		plugin=$(jq -r .plugin <<<"$recorded") n=$((n + 1))
		make_netns
		play "$plugin"
		[ "$status" -eq "$(jq -r .rc <<<"$recorded")" ] ||
			flunk "call $n" || return 1
		assert_stdout "$(expected "$plugin")" || flunk "call $n" ||
			return 1
	done <"$BATS_TEST_DIRNAME/recorded/$1.jsonl"
	[ "$n" -gt 0 ]
}

@test "cnitool's calls get the recorded answers" {
	replay cnitool
}

@test "containerd's calls get the recorded answers" {
	replay containerd
}

@test "Kubernetes' calls get the recorded answers" {
	replay k8s
}

@test "podman's calls get the recorded answers" {
	replay podman
}
