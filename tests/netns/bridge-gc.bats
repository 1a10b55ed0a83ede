#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge GC: what attachments have that are gone, of this network only.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

ALL='"isGateway":true,"ipMasq":true,"macspoofchk":true'

# valid ID/IFNAME...: the runtime's list, as a member of the configuration.
valid() {
	printf '"cni.dev/valid-attachments":['
	local sep='' at
	for at; do
		printf '%s{"containerID":"%s","ifname":"%s"}' "$sep" \
			"${at%/*}" "${at#*/}"
		sep=,
	done
	printf ']'
}

# gc [MEMBERS]: with $NETWORK.
gc() {
	cni GC bridge "$(conf "$ALL${1:+,$1}" "$DUAL")" CNI_CONTAINERID= \
		CNI_NETNS= CNI_IFNAME=
}

# A container with an interface of each network given.
three() {
	attach "$(conf "$ALL" "$DUAL")"
	keep
	attach "$(conf "$ALL" "$DUAL")" CNI_CONTAINERID=gone1 CNI_IFNAME=eth1
	attach "$(conf "$ALL" "$DUAL")" CNI_CONTAINERID=gone2 CNI_IFNAME=eth2
}

@test "GC answers success, with a list and without" {
	gc
	assert_silent
	gc "$(valid)"
	assert_silent
	gc "$(valid a/eth0 b/eth1)"
	assert_silent
}

@test "GC harms nothing that is valid" {
	attach "$(conf '"isGateway":true' "$NET4")"
	gc "$(valid test/eth0)"
	assert_silent
	reaches pod 10.1.2.1
	check "$(conf '"isGateway":true' "$NET4")"
	assert_silent
}

@test "before 1.1.0 there is no GC" {
	VERSION=1.0.0 gc
	assert_error 1 'config version does not allow GC'
}

# bats test_tags=ferrule
@test "links, rules, elements and leases of what is gone go" {
	three
	gc "$(valid test/eth0)"
	assert_silent
	assert_kept
	answers pod 10.1.2.1
	check "$(conf "$ALL" "$DUAL")" 2>/dev/null || :
	gc "$(valid test/eth0)"
	assert_silent
	assert_kept
}

# bats test_tags=ferrule
@test "with an empty list everything of the network goes" {
	attach "$(conf "$ALL" "$DUAL")"
	detach "$(conf "$ALL" "$DUAL")"
	keep
	three
	gc "$(valid)"
	assert_silent
	world_state >"$BATS_TEST_TMPDIR/now"
	assert_text "$(ruleset)" ''
	assert_text "$(leases)" ''
	assert_text "$(ip -n host -o link show type veth)" ''
	assert_text "$(ip -n pod -o link show type veth)" ''
}

# bats test_tags=ferrule
@test "the older name of the list" {
	three
	gc '"cni.dev/attachments":[{"containerID":"test","ifname":"eth0"}]'
	assert_silent
	assert_kept
}

# bats test_tags=ferrule
@test "without a list, or with null, nothing is touched" {
	three
	keep
	gc
	assert_silent
	assert_kept
	gc '"cni.dev/valid-attachments":null'
	assert_silent
	assert_kept
}

# bats test_tags=ferrule
@test "with a malformed list it is an error, and nothing is touched" {
	local bad
	three
	keep
	for bad in 7 '{}' '[7]' '[{"containerID":"x"}]' '[{"ifname":"x"}]' \
		'[null]' '[{"containerID":7,"ifname":"x"}]'; do
		gc "\"cni.dev/valid-attachments\":$bad"
		assert_error 7 '*cni.dev/valid-attachments*'
		assert_kept "$bad"
	done
}

# bats test_tags=ferrule
@test "another network is left alone, even on the same bridge" {
	local other
	other=$(NETWORK=nn conf "$ALL" '"ranges":[[{"subnet":"10.1.2.128/25","rangeStart":"10.1.2.200","gateway":"10.1.2.1"}]]')
	other=$(jq -c '.isGateway=false' <<<"$other")
	attach "$other" CNI_IFNAME=net1
	keep
	attach "$(conf "$ALL" "$DUAL")" CNI_CONTAINERID=gone
	gc "$(valid)"
	assert_silent
	no_link pod eth0
	has_link pod net1
	assert_rule '"cni:nn/test/net1"'
	refute_rule cni:n/gone
	assert_text "$(leases)" ./nn/10.1.2.200
	# Nor does a network called like the beginning of this one's name.
	NETWORK=nnn gc "$(valid)"
	assert_silent
	assert_rule '"cni:nn/test/net1"'
}

# bats test_tags=ferrule
@test "interfaces are told apart, not only containers" {
	attach "$(conf "$ALL" "$DUAL")"
	keep
	attach "$(conf "$ALL" "$DUAL")" CNI_IFNAME=eth1
	gc "$(valid test/eth0 other/eth1)"
	assert_silent
	no_link pod eth1
	assert_kept
}

# bats test_tags=ferrule
@test "the namespace of what is gone is gone: rules and leases go" {
	attach "$(conf "$ALL" "$DUAL")"
	ip netns delete pod
	ip netns add pod
	assert_rule cni:n/test/eth0
	gc "$(valid)"
	assert_silent
	assert_text "$(ruleset)" ''
	assert_text "$(leases)" ''
}

# bats test_tags=ferrule
@test "names that are too long for a comment" {
	local id keeper
	id=$(printf 'c%.0s' {1..128}) keeper=$(printf 'c%.0s' {1..127})d
	local NETWORK
	# shellcheck disable=SC2034 # conf reads it
	NETWORK=$(printf 'n%.0s' {1..120})
	attach "$(conf "$ALL" "$DUAL")" CNI_CONTAINERID="$keeper"
	keep
	attach "$(conf "$ALL" "$DUAL")" CNI_CONTAINERID="$id" CNI_IFNAME=eth1
	gc "$(valid "$keeper/eth0")"
	assert_silent
	assert_kept
	gc "$(valid)"
	assert_silent
	assert_text "$(ruleset)" ''
	no_link pod eth0
}

# bats test_tags=ferrule
@test "the iptables backend" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables"' "$DUAL")
	attach "$c"
	attach "$c" CNI_CONTAINERID=gone CNI_IFNAME=eth1
	cni GC bridge "$(jq -c '."cni.dev/valid-attachments"=[{"containerID":"test","ifname":"eth0"}]' <<<"$c")" \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	assert_silent
	in_ns host iptables-save -t nat >"$SCRATCH/rules"
	in_ns host ip6tables-save -t nat >>"$SCRATCH/rules"
	! grep -q 'id: \\"gone' "$SCRATCH/rules" || flunk "$(<"$SCRATCH/rules")"
	grep -q 'id: \\"test' "$SCRATCH/rules" || flunk "$(<"$SCRATCH/rules")"
	no_link pod eth1
}

# bats test_tags=ferrule
@test "IPAM is asked, too, and its error is reported after the work" {
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/24"}]}'
	attach "$(conf "$ALL" "$FAKE")" "$BIN"
	cni GC bridge "$(conf "$(valid test/eth0)" "$FAKE")" "$BIN" \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	assert_silent
	grep -q ^GC "$SCRATCH/calls"
	has_link pod eth0
	printf '#!/bin/sh\necho "{\\"code\\":77,\\"msg\\":\\"not today\\"}"; exit 1\n' \
		>"$SCRATCH/bin/fake"
	cni GC bridge "$(conf "$(valid)" "$FAKE")" "$BIN" \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	assert_error 77 '*not today*'
	no_link pod eth0
	assert_text "$(ruleset)" ''
}

# bats test_tags=ferrule
@test "links of others stay, whatever their names and aliases" {
	ip -n host link add br0 type bridge
	ip -n host link add veth0123456789a type veth peer name x0
	ip -n host link add veth0123456789b type veth peer name x1
	ip -n host link set veth0123456789b alias cni:m/gone/eth0
	ip -n host link add x2 type veth peer name x3
	ip -n host link set x2 alias "cni:n"
	ip -n host link add br1 type bridge
	ip -n host link set br1 alias 'cni:n/gone/eth0'
	keep
	gc "$(valid)"
	assert_silent
	assert_kept
}

# bats test_tags=ferrule,novalgrind
@test "thirty links go in one wait of the kernel, and no other link with them" {
	local i before after
	attach "$(conf '"isGateway":true' "$NET4")"
	for i in {1..30}; do
		ip -n host link add "gone$i" type veth peer name "peer$i"
		ip -n host link set "gone$i" alias "cni:n/gone$i/eth0"
	done
	# In groups of their own, of another network, of nobody.
	ip -n host link add other type veth peer name other-peer
	ip -n host link set other alias "cni:another/gone1/eth0" group 77
	before=$(date +%s%N)
	gc "$(valid test/eth0)"
	after=$(date +%s%N)
	assert_silent
	! ip -n host -br link | grep -q '^gone' ||
		flunk "$(ip -n host -br link)"
	ip -n host link show other
	ip -n host link show other-peer
	reaches pod 10.1.2.1
	echo "# $(((after - before) / 1000000)) ms" >&3
	[ $((after - before)) -lt 300000000 ] || flunk 'one by one?'
}

# slow_gc MEMBERS: in the background, a third of a second before each message.
slow_gc() {
	nsenter --net=/run/netns/host -- \
		env ASAN_OPTIONS=detect_leaks=0 CNI_COMMAND=GC \
		CNI_PATH="$PLUGIN_DIR" strace -qq -o "$SCRATCH/trace" \
		-e trace=sendto,sendmsg \
		-e inject=sendto,sendmsg:delay_enter=300000 "$PLUGIN_DIR/bridge" \
		<<<"$(conf "$ALL,$1" "$DUAL")" >"$SCRATCH/out" 2>&1 3>&- &
}

# group LINK: that it is in.
group() {
	ip -n host -d -j link show "$1" 2>/dev/null | jq -r '.[0].group'
}

# gone COUNT: links of attachments that are no more.
gone() {
	local i
	ip -n host link add br0 type bridge
	for ((i = 1; i <= $1; i++)); do
		ip -n host link add "gone$i" type veth peer name "peer$i"
		ip -n host link set "gone$i" alias "cni:n/gone$i/eth0"
	done
}

# grouped: wait until slow_gc has put links into its group.
grouped() {
	local _
	for _ in {1..500}; do
		[ "$(group gone1)" = default ] || return 0
		sleep 0.01
	done
	flunk 'no group is used'
}

# bats test_tags=ferrule,novalgrind
@test "a link that comes into a group while GC works stays" {
	gone 3
	ip -n host link add other type veth peer name other-peer
	ip -n host link set other group 77
	slow_gc "$(valid)"
	grouped
	# The next free number, which somebody else might take as well.
	ip -n host link add late type veth peer name late-peer
	ip -n host link set late group 78
	wait $! || flunk "$(<"$SCRATCH/out")"
	has_link host late
	has_link host other
	no_link host gone1
	no_link host gone3
}

# bats test_tags=ferrule,novalgrind
@test "killed with links in its group, GC finds them again" {
	gone 3
	slow_gc "$(valid)"
	grouped
	pkill -KILL -P $!
	! wait $! || flunk 'was not killed'
	has_link host gone2
	ip -n host link add valid type veth peer name valid-peer
	ip -n host link set valid alias cni:n/valid/eth0 group "$(group gone1)"
	gc "$(valid valid/eth0)"
	assert_silent
	has_link host valid
	no_link host gone1
	no_link host gone3
}

# bats test_tags=ferrule,novalgrind
@test "two GCs of one network at once" {
	gone 5
	slow_gc "$(valid)"
	grouped
	gc "$(valid)"
	assert_silent
	no_link host gone5
	wait $! || flunk "$(<"$SCRATCH/out")"
	no_link host gone1
}
