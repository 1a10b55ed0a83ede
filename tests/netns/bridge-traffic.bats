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
