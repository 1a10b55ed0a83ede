#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge DEL: whatever has become of the container, and of the configuration,
# everything goes, and nothing of anybody else's.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

ALL='"isGateway":true,"ipMasq":true,"macspoofchk":true'

# prepared [CONF]: the host after an attachment came and went; remembered. Then
# the attachment.
prepared() {
	CONF=${1:-$(conf "$ALL" "$DUAL")}
	attach "$CONF"
	detach "$CONF"
	keep
	attach "$CONF"
}

# gone [VAR=VALUE...]: DEL without a prevResult leaves nothing.
gone() {
	cni DEL bridge "$CONF" "$@"
	assert_silent
	assert_kept
}

@test "DEL twice, and of what was never there" {
	cni DEL bridge "$(conf '"isGateway":true' "$NET4")"
	assert_silent
	attach "$(conf '"isGateway":true' "$NET4")"
	for _ in 1 2 3; do
		detach "$(conf '"isGateway":true' "$NET4")"
	done
	no_link pod eth0
	assert_text "$(leases)" ''
}

# bats test_tags=ferrule
@test "DEL of what was never there makes nothing" {
	keep
	CONF=$(conf "$ALL" "$DUAL") gone
	CONF=$(conf "$ALL" "$DUAL") gone CNI_NETNS=
	[ ! -e "$SCRATCH/store" ]
}

@test "CNI_NETNS is empty or gone: the address is free" {
	local c netns
	c=$(conf '"isGateway":true' "$NET4")
	for netns in '' /nowhere; do
		attach "$c"
		detach "$c" CNI_NETNS=$netns
		assert_text "$(leases)" ''
		ip netns delete pod
		ip netns add pod
	done
}

# bats test_tags=ferrule
@test "without a prevResult" {
	prepared
	gone
}

# bats test_tags=ferrule
@test "CNI_NETNS is empty, with and without a prevResult" {
	prepared
	gone CNI_NETNS=
	attach "$CONF"
	detach "$CONF" CNI_NETNS=
	assert_kept
}

# bats test_tags=ferrule
@test "CNI_NETNS is gone, a plain file, a folder, or a namespace of another kind" {
	prepared
	: >"$SCRATCH/file"
	for path in /nowhere "$SCRATCH/file" "$SCRATCH" "$SCRATCH/file/x" \
		/proc/self/ns/mnt /proc/999999999/ns/net; do
		gone CNI_NETNS="$path"
		attach "$CONF"
	done
	gone
}

# bats test_tags=ferrule
@test "the namespace was deleted, and with it the link" {
	prepared
	ip netns delete pod
	detach "$CONF"
	ip netns add pod
	assert_kept
	# And without a prevResult.
	attach "$CONF"
	ip netns delete pod
	cni DEL bridge "$CONF"
	assert_silent
	ip netns add pod
	assert_kept
}

# bats test_tags=ferrule
@test "the link was deleted, in the container or on the host" {
	prepared
	ip -n pod link delete eth0
	gone
	attach "$CONF"
	ip -n host link delete "$(host_end)"
	gone
}

# bats test_tags=ferrule
@test "the iptables backend: the namespace was deleted" {
	prepared "$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables"' "$DUAL")"
	ip netns delete pod
	ip netns add pod
	gone CNI_NETNS=
	attach "$CONF"
	ip netns delete pod
	detach "$CONF"
	ip netns add pod
	assert_kept
}

# bats test_tags=ferrule
@test "the iptables backend: the container's other interface keeps its rules" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables"' "$DUAL")
	attach "$c"
	cni ADD bridge "$c" CNI_IFNAME=eth1
	assert_ok
	assert_rule 'ip saddr 10.1.2.3 '
	cni DEL bridge "$c"
	assert_silent
	refute_rule 'ip saddr 10.1.2.2 '
	assert_rule 'ip saddr 10.1.2.3 '
	cni DEL bridge "$c" CNI_IFNAME=eth1
	assert_silent
	refute_rule CNI-
}

# bats test_tags=ferrule
@test "the iptables backend: the container has lost its addresses" {
	prepared "$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables"' "$DUAL")"
	ip -n pod addr flush dev eth0 scope global
	gone
}

# bats test_tags=ferrule
@test "the interface in the container was renamed" {
	prepared
	ip -n pod link set eth0 down
	ip -n pod link set eth0 name other
	gone
}

# bats test_tags=ferrule
@test "the interface in the container was moved to another namespace" {
	prepared
	ip netns add elsewhere
	ip -n pod link set eth0 netns elsewhere
	gone
	no_link elsewhere eth0
}

# bats test_tags=ferrule
@test "another container's namespace: its interface is not touched" {
	local first c
	c=$(conf "$ALL" "$DUAL")
	attach "$c"
	first=$result
	second ADD "$c"
	assert_ok
	# The first is deleted with the second's namespace, as it happens when
	# a path is reused.
	result=$first detach "$c" CNI_NETNS="$POD2"
	has_link pod2 eth0
	answers pod2 10.1.2.1
	no_link pod eth0
	second CHECK "$(chained "$c" "$(second_result)")" 2>/dev/null || :
	assert_text "$(leases | wc -l)" 2
}

# The result of the container in pod2, as it can be seen.
second_result() {
	jq -nc --arg mac "$(link pod2 eth0 .address)" '{cniVersion:"1.1.0",
		interfaces:[{name:"eth0",mac:$mac,sandbox:"/run/netns/pod2"}]}'
}

# bats test_tags=ferrule
@test "another container's namespace, without a prevResult" {
	local c
	c=$(conf "$ALL" "$DUAL")
	attach "$c"
	second ADD "$c"
	assert_ok
	cni DEL bridge "$c" CNI_NETNS="$POD2"
	assert_silent
	has_link pod2 eth0
	answers pod2 10.1.2.1
	no_link pod eth0
	assert_text "$(leases | wc -l)" 2
}

# bats test_tags=ferrule
@test "another network's interface of the same name in the namespace stays" {
	local other
	other=$(NETWORK=other conf '"bridge":"br9"' '"ranges":[[{"subnet":"10.9.9.0/24"}]]')
	attach "$other"
	cni DEL bridge "$(conf "$ALL" "$DUAL")"
	assert_silent
	link_is up pod eth0
	ip -n pod -o addr show dev eth0 | grep -qw 10.9.9.2/24
	assert_text "$(leases)" ./other/10.9.9.2
}

# bats test_tags=ferrule
@test "an interface of the container's own making stays" {
	ip -n pod link add eth0 type bridge
	cni DEL bridge "$(conf "$ALL" "$DUAL")"
	assert_silent
	has_link pod eth0
}

# bats test_tags=ferrule
@test "the plugin's own namespace: refused, and nothing deleted" {
	attach "$(conf "$ALL" "$DUAL")"
	keep
	cni DEL bridge "$(conf "$ALL" "$DUAL")" CNI_NETNS=/run/netns/host
	assert_error 8
	assert_kept
}

# bats test_tags=ferrule
@test "the configuration was edited: keys lost" {
	prepared
	CONF=$(conf '' "$DUAL") gone
	attach "$CONF"
	CONF=$(conf '"bridge":"br1"' "$NET4") gone
	attach "$CONF"
	CONF=$(conf '"ipMasq":false,"macspoofchk":false' '"subnet":"10.200.0.0/16"') gone
	has_link host br0
}

# bats test_tags=ferrule
@test "the configuration was edited: keys gained" {
	prepared "$(conf '' "$DUAL")"
	CONF=$(conf "$ALL,\"vlan\":7,\"hairpinMode\":true" "$DUAL") gone
}

# bats test_tags=ferrule
@test "the configuration was edited: it is invalid now" {
	local bad
	prepared
	for bad in '"vlan":5000' '"vlanTrunk":[null]' '"vlanTrunk":7' \
		'"mtu":"x"' '"hairpinMode":true,"promiscMode":true' \
		'"ipMasqBackend":"pf"' '"bridge":7' '"isGateway":"x"' \
		'"runtimeConfig":{"mac":"zz"}' '"dns":7' '"args":7' \
		'"bridge":""' '"disableContainerInterface":true' \
		'"prevResult":7' '"prevResult":{"cniVersion":"0.2.0","ip4":7}'; do
		cni DEL bridge "$(conf "$ALL,$bad" "$DUAL")"
		assert_silent
		assert_kept "$bad"
		attach "$CONF"
	done
	cni DEL bridge "$CONF" CNI_ARGS='A=B;;C'
	assert_silent
	assert_kept
}

# bats test_tags=ferrule
@test "the configuration was edited: no ipam any more" {
	prepared
	cni DEL bridge "$(conf "$ALL")"
	assert_silent
	no_link pod eth0
	no_link host "$(host_end)"
	assert_text "$(ruleset)" ''
	# Whose address it is, only the IPAM plugin knows.
	assert_text "$(leases | wc -l)" 2
}

# bats test_tags=ferrule
@test "IPAM fails: all else is done, and the error is reported" {
	local c
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/24"}]}'
	c=$(conf "$ALL" "$FAKE")
	attach "$c" "$BIN"
	printf '#!/bin/sh\necho "{\\"code\\":77,\\"msg\\":\\"not today\\"}"; exit 1\n' \
		>"$SCRATCH/bin/fake"
	cni DEL bridge "$c" "$BIN"
	assert_error 77 'not today'
	no_link pod eth0
	no_link host "$(host_end)"
	assert_text "$(ruleset)" ''
	cni DEL bridge "$c"
	assert_error 104 '*failed to find plugin "fake"*'
}

@test "IPAM fails: the error is reported" {
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/24"}]}'
	attach "$(conf '' "$FAKE")" "$BIN"
	printf '#!/bin/sh\necho "{\\"code\\":77,\\"msg\\":\\"not today\\"}"; exit 1\n' \
		>"$SCRATCH/bin/fake"
	cni DEL bridge "$(conf '' "$FAKE")" "$BIN"
	assert_error 77 'not today'
}

@test "IPAM is told of the DEL in any case" {
	local c
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/24"}]}'
	c=$(conf '' "$FAKE")
	cni DEL bridge "$c" "$BIN"
	assert_silent
	cni DEL bridge "$c" "$BIN" CNI_NETNS=
	assert_silent
	cni DEL bridge "$c" "$BIN" CNI_NETNS=/nowhere
	assert_silent
	assert_text "$(grep -c ^DEL "$SCRATCH/calls")" 3
}

# bats test_tags=ferrule
@test "a link that has our name and says that it is another's stays" {
	local name
	prepared
	name=$(host_end)
	gone
	ip -n host link add "$name" type veth peer name x
	ip -n host link set "$name" alias cni:n/another/eth0
	cni DEL bridge "$CONF"
	assert_silent
	has_link host "$name"
	ip -n host link set "$name" alias "the admin's"
	cni DEL bridge "$CONF"
	assert_silent
	has_link host "$name"
}

# bats test_tags=ferrule
@test "half of it is missing: the rules, the lease, the bridge" {
	prepared
	in_ns host nft flush ruleset
	gone
	attach "$CONF"
	in_ns host nft delete table inet ferrule_masquerade
	rm -r "$SCRATCH/store"
	gone
	attach "$CONF"
	ip -n host link delete br0
	cni DEL bridge "$CONF"
	assert_silent
	no_link pod eth0
	assert_text "$(ruleset)" ''
}

# bats test_tags=ferrule
@test "a table of ours that holds something else is not taken from them" {
	local c
	c=$(conf "$ALL" "$DUAL")
	attach "$c"
	in_ns host nft add chain inet ferrule_masquerade admins
	in_ns host nft add rule inet ferrule_masquerade admins counter
	detach "$c"
	refute_rule cni:n/test/eth0
	attach "$c"
	answers pod 10.1.2.1
	detach "$c"
}

# bats test_tags=ferrule
@test "every other table of the packet filter is left alone" {
	in_ns host nft -f - <<-'NFT'
	table inet theirs {
		set s { type ipv4_addr; elements = { 10.1.2.2 } }
		chain c {
			type nat hook postrouting priority 90
			ip saddr 10.1.2.2 counter accept comment "cni:n/test/eth0"
		}
	}
	table bridge theirs {
		chain c { type filter hook prerouting priority 0; }
	}
	NFT
	in_ns host iptables -t nat -A POSTROUTING -s 10.1.2.2 -j ACCEPT
	prepared
	gone
	assert_rule 'table inet theirs'
}

# bats test_tags=ferrule
@test "container IDs that begin alike are two containers" {
	local c
	c=$(conf "$ALL" "$DUAL")
	attach "$c" CNI_CONTAINERID=a
	attach "$c" CNI_CONTAINERID=a.b CNI_IFNAME=eth1
	cni DEL bridge "$c" CNI_CONTAINERID=a
	assert_silent
	has_link pod eth1
	assert_rule '"cni:n/a.b/eth1"'
	refute_rule '"cni:n/a/eth0"'
}
