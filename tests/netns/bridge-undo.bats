#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: an ADD that fails leaves what it found, down to the last rule.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

ALL='"isGateway":true,"ipMasq":true,"macspoofchk":true'

# fails MSG CONF [VAR=VALUE...]: ADD fails, says so, and all is as it was.
fails() {
	keep
	cni ADD bridge "${@:2}"
	assert_error '*' "$1"
	assert_kept
}

# bats test_tags=ferrule
@test "IPAM is not there" {
	fails '*failed to find plugin "nosuch"*' \
		"$(conf "$ALL,\"ipam\":{\"type\":\"nosuch\"}")"
	fails '*' "$(conf "$ALL" "$NET4")" CNI_PATH=/nowhere
}

# bats test_tags=ferrule
@test "IPAM has no address left" {
	local c
	c=$(conf "$ALL" '"subnet":"10.1.2.0/30"')
	fails '*no IP ranges specified*' \
		"$(conf "$ALL,\"ipam\":{\"type\":\"host-local\"}")"
	second ADD "$c"
	assert_ok
	fails '*no IP addresses available in range set: 10.1.2.1-10.1.2.2*' "$c"
	assert_error 101
	second DEL "$c"
	assert_silent
	attach "$c"
}

# bats test_tags=ferrule
@test "IPAM gave this attachment an address already" {
	mkdir -p "$SCRATCH/store/n"
	printf 'test\r\neth0' >"$SCRATCH/store/n/10.1.2.7"
	fails '*10.1.2.7 has been allocated to test, duplicate*' "$(conf "$ALL" "$NET4")"
	assert_error 103
}

# bats test_tags=ferrule
@test "IPAM has one of two addresses" {
	fails '*no IP addresses available*' "$(conf "$ALL" \
		'"ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"10.1.3.0/30","rangeStart":"10.1.3.1","rangeEnd":"10.1.3.1"}]]')"
}

# bats test_tags=ferrule
@test "IPAM answers nonsense, nothing, or dies" {
	local answer
	for answer in '' 'nonsense' '{"cniVersion":"9.9.9"}' '[]' \
		'{"cniVersion":"1.1.0"}' '{"cniVersion":"1.1.0","ips":[]}' \
		'{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.300/24"}]}' \
		'{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.3/24"}],"routes":[{"dst":"x"}]}' \
		'{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.3/24","interface":7}],"interfaces":[7]}'; do
		ipam "$answer"
		fails '*' "$(conf "$ALL" "$FAKE")" "$BIN"
		grep -q ^DEL "$SCRATCH/calls" || flunk "no DEL after: $answer"
	done
	printf '#!/bin/sh\nkill -9 $$\n' >"$SCRATCH/bin/fake"
	fails '*' "$(conf "$ALL" "$FAKE")" "$BIN"
	printf '#!/bin/sh\nexit 3\n' >"$SCRATCH/bin/fake"
	fails '*' "$(conf "$ALL" "$FAKE")" "$BIN"
	chmod 644 "$SCRATCH/bin/fake"
	fails '*' "$(conf "$ALL" "$FAKE")" "$BIN"
}

# bats test_tags=ferrule
@test "the container's interface is there" {
	ip -n pod link add eth0 type veth peer name x
	fails '*container veth name ("eth0")*already exists*' "$(conf "$ALL" "$DUAL")"
}

# bats test_tags=ferrule
@test "the bridge's name is somebody else's" {
	ip -n host link add br0 type veth peer name x
	fails '*"br0" already exists but is not a bridge*' "$(conf "$ALL" "$DUAL")"
}

# bats test_tags=ferrule
@test "the bridge has another address" {
	ip -n host link add br0 type bridge
	ip -n host addr add 10.99.0.1/16 dev br0
	fails '*already has an IP address different from 10.1.2.1/24*' "$(conf "$ALL" "$DUAL")"
}

# bats test_tags=ferrule
@test "a route that the kernel refuses" {
	fails '*10.9.0.0/16*' "$(conf "$ALL" \
		"$DUAL,\"routes\":[{\"dst\":\"0.0.0.0/0\"},{\"dst\":\"10.9.0.0/16\",\"gw\":\"172.31.0.1\"}]")"
	fails '*10.9.0.1/16*' "$(conf "$ALL" "$DUAL,\"routes\":[{\"dst\":\"10.9.0.1/16\"}]")"
}

# bats test_tags=ferrule
@test "with a bridge and another container there, these stay as they are" {
	second ADD "$(conf "$ALL" "$DUAL")"
	assert_ok
	fails '*10.9.0.0/16*' "$(conf "$ALL" \
		"$DUAL,\"routes\":[{\"dst\":\"10.9.0.0/16\",\"gw\":\"172.31.0.1\"}]")"
	answers pod2 10.1.2.1
	fails '*already has an IP address different from 10.1.3.1/24*' \
		"$(conf "$ALL" '"ranges":[[{"subnet":"10.1.3.0/24"}]]')"
	answers pod2 10.1.2.1
}

# bats test_tags=ferrule
@test "an IPv6 duplicate, with enabledad" {
	ip -n host link add br0 type bridge
	ip -n host link set br0 up
	ip netns add pod2
	ip -n host link add thief0 master br0 type veth peer name thief0 netns pod2
	ip -n host link set thief0 up
	in_ns pod2 sysctl -qw net.ipv6.conf.thief0.accept_dad=0
	ip -n pod2 link set thief0 up
	ip -n pod2 addr add fd00:2::2/64 dev thief0 nodad
	fails '*fd00:2::2*' "$(conf '"enabledad":true' "$NET6")"
}

# bats test_tags=ferrule
@test "no program for ipMasqBackend iptables" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables","macspoofchk":true' "$DUAL")
	mkdir "$SCRATCH/empty"
	keep
	without_sbin cni ADD bridge "$c"
	assert_error '*' '*ip*tables*'
	assert_kept
	# One that fails.
	printf '#!/bin/sh\necho "no such table: nat" >&2\nexit 3\n' \
		>"$SCRATCH/empty/iptables-restore"
	chmod +x "$SCRATCH/empty/iptables-restore"
	cp "$SCRATCH/empty/iptables-restore" "$SCRATCH/empty/ip6tables-restore"
	cni ADD bridge "$c" PATH="$SCRATCH/empty:/bin"
	assert_error '*' '*ip*tables*'
	[[ $output == *'no such table: nat'* ]] || flunk 'its words are missing'
	assert_kept
	# IPv4 succeeds, IPv6 fails.
	rm "$SCRATCH/empty/iptables-restore"
	ln -s "$(command -v iptables-restore)" "$SCRATCH/empty/iptables-restore"
	ln -s "$(command -v iptables)" "$SCRATCH/empty/iptables"
	cni ADD bridge "$c" PATH="$SCRATCH/empty:/bin"
	assert_error '*' '*ip*tables*'
	# The kernel's tables of iptables stay when they are empty.
	sed -i '/^table ip nat/,/^}/d' "$BATS_TEST_TMPDIR/kept"
	world_state | sed '/^table ip nat/,/^}/d' >"$BATS_TEST_TMPDIR/now"
	diff "$BATS_TEST_TMPDIR/kept" "$BATS_TEST_TMPDIR/now" || flunk left
	! in_ns host iptables-save -t nat | grep CNI- || flunk 'a chain was left'
}

# bats test_tags=ferrule
@test "ipMasqBackend iptables, and the way to the program cannot be followed" {
	local c call
	c=$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables","macspoofchk":true' "$DUAL")
	keep
	for call in readlink readlinkat; do
		status=0
		output=$(in_ns host env CNI_COMMAND=ADD CNI_CONTAINERID=test \
			CNI_IFNAME=eth0 CNI_NETNS="$POD" CNI_PATH="$PLUGIN_DIR" \
			ASAN_OPTIONS=detect_leaks=0 strace -f -qq \
			-o "$SCRATCH/trace" -e trace=$call,execve \
			-e inject=$call:error=EACCES "$PLUGIN_DIR/bridge" \
			<<<"$c") || status=$?
		! grep -q INJECTED "$SCRATCH/trace" || break
	done
	assert_error 5 'ipMasqBackend: resolve "/*/iptables-restore": Permission denied'
	! grep 'execve.*tables' "$SCRATCH/trace" || flunk 'it runs'
	assert_kept
}

# bats test_tags=ferrule
@test "nobody receives the result" {
	local c rc
	c=$(conf "$ALL" "$DUAL")
	attach "$c" # what DEL leaves: the bridge
	detach "$c"
	keep
	for target in /dev/full '&-'; do
		rc=0
		if [ "$target" = '&-' ]; then
			in_ns host env CNI_COMMAND=ADD CNI_CONTAINERID=test \
				CNI_IFNAME=eth0 CNI_NETNS="$POD" \
				CNI_PATH="$PLUGIN_DIR" "$PLUGIN_DIR/bridge" \
				<<<"$c" >&- 2>/dev/null || rc=$?
		else
			in_ns host env CNI_COMMAND=ADD CNI_CONTAINERID=test \
				CNI_IFNAME=eth0 CNI_NETNS="$POD" \
				CNI_PATH="$PLUGIN_DIR" "$PLUGIN_DIR/bridge" \
				<<<"$c" >"$target" 2>/dev/null || rc=$?
		fi
		[ $rc -eq 1 ] || flunk "exit status $rc"
		assert_kept "$target"
	done
}

# bats test_tags=ferrule
@test "no memory, no rights: the kernel's answer, and nothing is left" {
	keep
	in_ns host env CNI_COMMAND=ADD CNI_CONTAINERID=test CNI_IFNAME=eth0 \
		CNI_NETNS="$POD" CNI_PATH="$PLUGIN_DIR" \
		setpriv --bounding-set -net_admin --inh-caps -net_admin \
		"$PLUGIN_DIR/bridge" <<<"$(conf "$ALL" "$DUAL")" >"$SCRATCH/out" &&
		flunk 'success without CAP_NET_ADMIN'
	output=$(<"$SCRATCH/out")
	[[ $(json .msg) == *'Operation not permitted'* ]] || flunk msg
	assert_kept
}

# bats test_tags=ferrule
@test "a failed ADD can be followed by one that works, and DEL by another" {
	local c
	c=$(conf "$ALL" "$DUAL")
	cni ADD bridge "$(conf "$ALL" "$DUAL,\"routes\":[{\"dst\":\"10.9.0.1/16\"}]")"
	assert_error '*'
	cni DEL bridge "$c"
	assert_silent
	attach "$c"
	answers pod 10.1.2.1
	detach "$c"
}

@test "after a failed ADD and its DEL, an ADD works" {
	local c
	c=$(conf '' "$NET4")
	cni ADD bridge "$(conf '' "$NET4,\"routes\":[{\"dst\":\"10.9.0.1/16\"}]")"
	assert_error '*'
	cni DEL bridge "$c"
	assert_silent
	attach "$c"
	link_is up pod eth0
	assert_text "$(leases | wc -l)" 1
}
