#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: what the packet filter and the neighbours do to the traffic: masquerade,
# the check of MAC addresses, addresses that are used again.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

GW='"isGateway":true'
OUT='"routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0"}]'

@test "the world, without masquerade: sees the pod's address" {
	world
	world back
	attach "$(conf "$GW" "$DUAL,$OUT")"
	reaches pod 192.0.2.2
	reaches pod 2001:db8::2
	assert_text "$(peer_of pod world 192.0.2.2)" 10.1.2.2
	assert_text "$(peer_of pod world 2001:db8::2)" fd00:2::2
	assert_text "$(peer_of world pod 10.1.2.2)" 192.0.2.2
	assert_text "$(peer_of world pod fd00:2::2)" 2001:db8::2
}

# masqueraded CONF: attach, and see what the world sees.
masqueraded() {
	attach "$1"
	reaches pod 192.0.2.2
	reaches pod 2001:db8::2
	assert_text "$(peer_of pod world 192.0.2.2)" 192.0.2.1
	assert_text "$(peer_of pod world 2001:db8::2)" 2001:db8::1
	# Within the subnet nothing is masqueraded.
	assert_text "$(peer_of pod host 10.1.2.1)" \
		"$(json '.ips[0].address|split("/")[0]')"
	check "$1"
	assert_silent
}

@test "the world, with masquerade: sees the host's address" {
	world
	masqueraded "$(conf "$GW,\"ipMasq\":true" "$DUAL,$OUT")"
}

@test "ipMasqBackend: nftables" {
	local c
	c=$(conf "$GW,\"ipMasq\":true,\"ipMasqBackend\":\"nftables\"" "$DUAL,$OUT")
	world
	masqueraded "$c"
	assert_rule masquerade
	# Debian's build of the reference answers with an error, having done it.
	cni DEL bridge "$c"
	refute_rule 10.1.2.2
	refute_rule fd00:2::2
}

@test "ipMasqBackend: iptables, with the chains that the reference has" {
	local c ipt
	c=$(conf "$GW,\"ipMasq\":true,\"ipMasqBackend\":\"iptables\"" "$DUAL,$OUT")
	world
	masqueraded "$c"
	local chain=CNI-b3066da540ad60f72da830e3 \
		say='-m comment --comment "name: \"n\" id: \"test\""'
	assert_text "$(in_ns host iptables-save -t nat | grep ^-A)" \
		"-A POSTROUTING -s 10.1.2.2/32 $say -j $chain
-A $chain -d 10.1.2.0/24 $say -j ACCEPT
-A $chain ! -d 224.0.0.0/4 $say -j MASQUERADE"
	assert_text "$(in_ns host ip6tables-save -t nat | grep ^-A)" \
		"-A POSTROUTING -s fd00:2::2/128 $say -j $chain
-A $chain -d fd00:2::/64 $say -j ACCEPT
-A $chain ! -d ff00::/8 $say -j MASQUERADE"
	detach "$c"
	for ipt in iptables ip6tables; do
		assert_text "$(in_ns host $ipt-save -t nat | grep CNI)" ''
	done
}

# bats test_tags=ferrule
@test "masqRandomFully" {
	world
	attach "$(conf "$GW,\"ipMasq\":true,\"masqRandomFully\":true" "$DUAL,$OUT")"
	ruleset | grep -q 'masquerade.*fully-random' || flunk "$(ruleset)"
	assert_text "$(peer_of pod world 192.0.2.2)" 192.0.2.1
	assert_text "$(peer_of pod world 2001:db8::2)" 2001:db8::1
	check "$(conf "$GW,\"ipMasq\":true,\"masqRandomFully\":true" "$DUAL,$OUT")"
	assert_silent
}

@test "masquerade of one network leaves another network's alone" {
	world
	world back
	attach "$(conf "$GW,\"ipMasq\":true" "$NET4,$OUT")"
	NETWORK=m second ADD "$(NETWORK=m conf "$GW,\"bridge\":\"br1\"" \
		"\"ranges\":[[{\"subnet\":\"10.1.3.0/24\"}]],$OUT")"
	assert_ok
	ip -n world route add 10.1.3.0/24 via 192.0.2.1
	assert_text "$(peer_of pod world 192.0.2.2)" 192.0.2.1
	assert_text "$(peer_of pod2 world 192.0.2.2)" 10.1.3.2
	# Routed between the two bridges, the one that is to be is masqueraded.
	assert_text "$(peer_of pod2 pod 10.1.2.2)" 10.1.3.2
}

# With br_netfilter, frames between pods pass the host's masquerade.
@test "neither multicast nor the subnet itself is masqueraded" {
	[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] ||
		skip 'no br_netfilter'
	attach "$(conf "$GW,\"ipMasq\":true" "$NET4,$OUT")"
	second ADD "$(conf "$GW" "$NET4")"
	assert_ok
	in_ns host nft -f - <<-'NFT'
	table ip seen {
		set from { type ipv4_addr . ipv4_addr; flags dynamic; }
		chain after_nat {
			type filter hook postrouting priority 300
			add @from { ip saddr . ip daddr }
		}
	}
	NFT
	in_ns pod ping -n -c2 -i0.2 -W0.2 -I eth0 239.1.2.3 >/dev/null || :
	reaches pod 10.1.2.3
	for to in 239.1.2.3 10.1.2.3; do
		in_ns host nft list set ip seen from | grep -q "10.1.2.2 . $to" ||
			flunk "to $to:" "$(in_ns host nft list ruleset)"
	done
}

# bats test_tags=ferrule
@test "a reused address answers at once, whatever the neighbours believe" {
	local c state
	c=$(conf "$GW" "$DUAL")
	attach "$c"
	second ADD "$c" CNI_ARGS= # a witness: 10.1.2.3
	assert_ok
	detach "$c"
	for state in stale reachable permanent; do
		[ $state = permanent ] || for ns in host pod2; do
			local dev=br0
			[ $ns = host ] || dev=eth0
			ip -n $ns neigh replace 10.1.2.50 lladdr 02:bd:bd:bd:bd:bd \
				nud $state dev $dev
			ip -n $ns neigh replace fd00:2::50 lladdr 02:bd:bd:bd:bd:bd \
				nud $state dev $dev
		done
		attach "$(jq -c '.runtimeConfig.ips=["10.1.2.50","fd00:2::50"]' <<<"$c")"
		answers host 10.1.2.50
		answers pod2 10.1.2.50
		answers host fd00:2::50
		answers pod2 fd00:2::50
		detach "$c"
	done
}

# bats test_tags=ferrule
@test "DEL lets the host forget the neighbour" {
	attach "$(conf "$GW" "$DUAL")"
	answers host 10.1.2.2
	answers host fd00:2::2
	detach "$(conf "$GW" "$DUAL")"
	assert_text "$(ip -n host neigh show dev br0 | grep -E '10.1.2.2|fd00:2::2' |
		grep -v FAILED)" '' 'the neighbour table'
}

# bats test_tags=ferrule
@test "the new addresses are announced" {
	ip -n host link add br0 type bridge
	ip -n host link set br0 up
	in_ns host nft -f - <<-'NFT'
	table bridge seen {
		chain in {
			type filter hook prerouting priority 0
			arp saddr ip 10.1.2.2 arp daddr ip 10.1.2.2 counter comment "arp"
			icmpv6 type nd-neighbor-advert ip6 daddr ff02::1 \
				@th,64,128 0xfd000002000000000000000000000002 \
				counter comment "na"
		}
	}
	NFT
	attach "$(conf "$GW" "$DUAL")"
	for _ in {1..20}; do
		ruleset >"$SCRATCH/seen"
		! grep -q 'packets 0' "$SCRATCH/seen" || { sleep 0.1; continue; }
		return 0
	done
	flunk "not announced: $(<"$SCRATCH/seen")"
}

# bats test_tags=ferrule
@test "macspoofchk: each one is watched by itself" {
	local c
	c=$(conf "$GW,\"macspoofchk\":true" "$NET4")
	attach "$c"
	second ADD "$c"
	assert_ok
	answers pod 10.1.2.1
	answers pod 10.1.2.3
	ip -n pod link set eth0 address 02:00:00:00:00:99
	refuses pod 10.1.2.1
	refuses pod 10.1.2.3
	answers pod2 10.1.2.1
	# The first goes, the second is still watched.
	detach "$c"
	answers pod2 10.1.2.1
	ip -n pod2 link set eth0 address 02:00:00:00:00:99
	refuses pod2 10.1.2.1
}

@test "macspoofchk: the honest are heard, the liar is not" {
	attach "$(conf "$GW,\"macspoofchk\":true" "$NET4")"
	reaches pod 10.1.2.1
	ip -n pod link set eth0 address 02:00:00:00:00:99
	refuses pod 10.1.2.1
	ip -n pod link set eth0 address "$(container_mac)"
	reaches pod 10.1.2.1
	detach "$(conf "$GW,\"macspoofchk\":true" "$NET4")"
	refute_rule "$(container_mac)"
}
