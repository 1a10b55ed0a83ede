#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: what goes through, from both sides. host, pod, a second pod, and the
# world beyond the host.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

GW='"isGateway":true'
OUT='"routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0"}]'

@test "host and pod, both ways, ping and TCP, both families" {
	attach "$(conf "$GW" "$DUAL")"
	reaches host 10.1.2.2
	reaches pod 10.1.2.1
	reaches host fd00:2::2
	reaches pod fd00:2::1
	assert_text "$(peer_of pod host 10.1.2.1)" 10.1.2.2
	assert_text "$(peer_of host pod 10.1.2.2)" 10.1.2.1
	assert_text "$(peer_of pod host fd00:2::1)" fd00:2::2
	assert_text "$(peer_of host pod fd00:2::2)" fd00:2::1
}

# bats test_tags=ferrule
@test "everything answers the first ping, right after ADD" {
	attach "$(conf "$GW" "$DUAL")"
	answers pod fd00:2::1
	answers host fd00:2::2
	answers pod 10.1.2.1
	answers host 10.1.2.2
	second ADD "$(conf "$GW" "$DUAL")"
	assert_ok
	answers pod fd00:2::3
	answers pod2 fd00:2::2
	answers pod2 fd00:2::1
	answers pod 10.1.2.3
}

# bats test_tags=ferrule
@test "the IPv6 gateway answers first of all, for a pod that asks at once" {
	attach "$(conf "$GW" "$NET6")"
	answers pod fd00:2::1
}

# bats test_tags=ferrule
@test "IPv6 addresses can be bound at once, no address is tentative" {
	attach "$(conf "$GW" "$DUAL")"
	assert_text "$(ip -n pod -6 addr show dev eth0 scope global tentative)" ''
	assert_text "$(ip -n host -6 addr show dev br0 scope global tentative)" ''
	assert_text "$(peer_of host pod fd00:2::2)" fd00:2::1
}

@test "pod and pod, both ways, both families" {
	attach "$(conf "$GW" "$DUAL")"
	second ADD "$(conf "$GW" "$DUAL")"
	assert_ok
	reaches pod 10.1.2.3
	reaches pod2 10.1.2.2
	reaches pod fd00:2::3
	assert_text "$(peer_of pod pod2 10.1.2.3)" 10.1.2.2
	assert_text "$(peer_of pod2 pod fd00:2::2)" fd00:2::3
}

@test "pod and pod without an address on the bridge" {
	attach "$(conf '' "$NET4")"
	second ADD "$(conf '' "$NET4")"
	assert_ok
	assert_text "$(ip -n host -4 addr show dev br0)" ''
	reaches pod 10.1.2.3
	reaches pod2 10.1.2.2
}

@test "pod and pod without IPAM, with addresses given by hand" {
	attach "$(conf)"
	second ADD "$(conf)"
	assert_ok
	ip -n pod addr add 10.5.0.1/24 dev eth0
	ip -n pod2 addr add 10.5.0.2/24 dev eth0
	reaches pod 10.5.0.2
	reaches pod2 10.5.0.1
}

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

@test "mtu: as said, on both ends and a new bridge, and that much passes" {
	local size
	attach "$(conf "$GW,\"mtu\":1300" "$DUAL")"
	assert_link host br0 .mtu 1300
	assert_link host "$(host_end)" .mtu 1300
	assert_link pod eth0 .mtu 1300
	reaches pod 10.1.2.1 -M 'do' -s $((1300 - 28))
	reaches pod fd00:2::1 -M 'do' -s $((1300 - 48))
	for size in 1273 1472; do
		refuses pod 10.1.2.1 -M 'do' -s $size
	done
	# Larger ones pass in fragments.
	reaches pod 10.1.2.1 -M dont -s 3000
}

@test "mtu: not said, it is the kernel's" {
	attach "$(conf "$GW" "$NET4")"
	assert_link host br0 .mtu 1500
	assert_link pod eth0 .mtu 1500
	reaches pod 10.1.2.1 -M 'do' -s 1472
	refuses pod 10.1.2.1 -M 'do' -s 1473
}

@test "mtu: a jumbo one" {
	attach "$(conf "$GW,\"mtu\":9000" "$NET4")"
	reaches pod 10.1.2.1 -M 'do' -s 8972
	refuses pod 10.1.2.1 -M 'do' -s 8973
	assert_link host br0 .mtu 9000
}

@test "mtu: the way out is narrower, and the pod is told" {
	world
	world back
	ip -n host link set up0 mtu 1380
	ip -n world link set up0 mtu 1380
	attach "$(conf "$GW" "$NET4,$OUT")"
	reaches pod 192.0.2.2 -M 'do' -s 1352
	in_ns pod ping -n -c1 -W1 -M 'do' -s 1400 192.0.2.2 >"$SCRATCH/ping" 2>&1 ||
		:
	grep -q 'mtu *= *1380' "$SCRATCH/ping" || flunk "$(cat "$SCRATCH/ping")"
	ip -n pod route flush cache
	reaches pod 192.0.2.2 -M 'do' -s 1352
}

@test "hairpinMode: a frame may go back out of its port" {
	attach "$(conf "$GW,\"hairpinMode\":true" "$NET4")"
	assert_link host "$(host_end)" .linkinfo.info_slave_data.hairpin true
	detach "$(conf "$GW" "$NET4")"
	attach "$(conf "$GW" "$NET4")"
	assert_link host "$(host_end)" .linkinfo.info_slave_data.hairpin false
}

@test "promiscMode: the bridge listens to everything" {
	attach "$(conf "$GW,\"promiscMode\":true" "$NET4")"
	assert_link host br0 .promiscuity 1
	check "$(conf "$GW,\"promiscMode\":true" "$NET4")"
	assert_silent
	reaches pod 10.1.2.1
}

@test "portIsolation: pods see the host and the world, and not each other" {
	local c
	c=$(conf "$GW,\"portIsolation\":true" "$DUAL,$OUT")
	world
	world back
	attach "$c"
	assert_link host "$(host_end)" .linkinfo.info_slave_data.isolated true
	second ADD "$c"
	assert_ok
	reaches pod 10.1.2.1
	reaches pod2 10.1.2.1
	reaches pod 192.0.2.2
	refuses pod 10.1.2.3
	refuses pod2 10.1.2.2
	refuses pod fd00:2::3
	# One that is not isolated is seen.
	second DEL "$c"
	second ADD "$(conf "$GW" "$DUAL")"
	assert_link host "$(json '.interfaces[1].name')" \
		.linkinfo.info_slave_data.isolated false
	reaches pod "$(json '.ips[0].address|split("/")[0]')"
}

@test "disableContainerInterface: all is there, but down" {
	attach "$(conf '"disableContainerInterface":true')"
	link_is down pod eth0
	link_is up host "$(host_end)"
	assert_json '.interfaces|length' 3
	cni DEL bridge "$(conf '"disableContainerInterface":true')"
	assert_silent
	no_link pod eth0
}

@test "enabledad: the address is checked for duplicates, and works" {
	attach "$(conf "$GW,\"enabledad\":true" "$DUAL")"
	assert_text "$(ip -n pod -6 addr show dev eth0 scope global tentative)" ''
	assert_text "$(in_ns pod sysctl -n net.ipv6.conf.eth0.accept_dad)" 1
	assert_text "$(in_ns pod sysctl -n net.ipv6.conf.eth0.enhanced_dad)" 1
	reaches host fd00:2::2
}

@test "enabledad: a duplicate is noticed" {
	local c
	c=$(conf '"enabledad":true' "$NET6")
	ip -n host link add br0 type bridge
	ip -n host link set br0 up
	ip netns add pod2
	ip -n host link add thief0 master br0 type veth peer name thief0 netns pod2
	in_ns pod2 sysctl -qw net.ipv6.conf.thief0.accept_dad=0
	ip -n host link set thief0 up
	ip -n pod2 link set thief0 up
	ip -n pod2 addr add fd00:2::2/64 dev thief0 nodad
	cni ADD bridge "$c"
	assert_error '*' '*fd00:2::2*'
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

@test "a router that is none: advertisements of a pod change nothing" {
	attach "$(conf "$GW" "$DUAL")"
	assert_text "$(in_ns host sysctl -n net.ipv6.conf.br0.accept_ra)" 0
	assert_text "$(in_ns host sysctl -n \
		"net.ipv6.conf.$(host_end).accept_ra")" 0
}

# bats test_tags=ferrule
@test "a pod believes no router of another pod" {
	attach "$(conf "$GW" "$DUAL")"
	assert_text "$(in_ns pod sysctl -n net.ipv6.conf.eth0.accept_ra)" 0
}

# bats test_tags=ferrule
@test "on a machine without IPv6, IPv4 works" {
	in_ns host unshare --mount sh -c 'mount -t tmpfs none /proc/sys/net/ipv6 &&
		exec "$@"' sh true
	c=$(conf "$GW,\"ipMasq\":true" "$NET4")
	in_ns host unshare --mount sh -c 'mount -t tmpfs none /proc/sys/net/ipv6 &&
		exec env CNI_COMMAND=ADD CNI_CONTAINERID=test CNI_IFNAME=eth0 \
		CNI_NETNS=/run/netns/pod CNI_PATH="$1" "$1/bridge"' sh "$PLUGIN_DIR" \
		<<<"$c" >"$SCRATCH/out" || flunk "$(cat "$SCRATCH/out")"
	answers pod 10.1.2.1
}

@test "IPv6 disabled in the container: enabled for the interface that needs it" {
	in_ns pod sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
	attach "$(conf "$GW" "$DUAL")"
	reaches pod fd00:2::1
	reaches pod 10.1.2.1
}

@test "a read-only /proc/sys is no obstacle where nothing need be written" {
	local c
	c=$(conf "$GW" "$NET4")
	in_ns host sysctl -qw net.ipv4.ip_forward=1
	in_ns host unshare --mount sh -c 'mount --bind /proc/sys /proc/sys &&
		mount -o remount,bind,ro /proc/sys &&
		exec env CNI_COMMAND=ADD CNI_CONTAINERID=test CNI_IFNAME=eth0 \
		CNI_NETNS=/run/netns/pod CNI_PATH="$1" "$1/bridge"' sh "$PLUGIN_DIR" \
		<<<"$c" >"$SCRATCH/out" || flunk "$(cat "$SCRATCH/out")"
	reaches pod 10.1.2.1
}

# bats test_tags=ferrule
@test "a read-only /proc/sys where something must be written is named" {
	local c rc=0
	c=$(conf "$GW" "$NET4")
	keep
	in_ns host sysctl -qw net.ipv4.ip_forward=0
	in_ns host unshare --mount sh -c 'mount --bind /proc/sys /proc/sys &&
		mount -o remount,bind,ro /proc/sys &&
		exec env CNI_COMMAND=ADD CNI_CONTAINERID=test CNI_IFNAME=eth0 \
		CNI_NETNS=/run/netns/pod CNI_PATH="$1" "$1/bridge"' sh "$PLUGIN_DIR" \
		<<<"$c" >"$SCRATCH/out" || rc=$?
	output=$(<"$SCRATCH/out")
	[ $rc -eq 1 ] || flunk "$output"
	[[ $(json .msg) == *ip_forward*'Read-only file system'* ]] || flunk msg
	assert_kept
}
