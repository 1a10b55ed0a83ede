#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: the life of an attachment (cni-behaviour.md 2.2).
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2120,SC2154
load helpers
load bridge

VERSIONS='0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0'

@test "the result says what is there" {
	attach "$(conf '"isGateway":true' "$NET4")"
	assert_link host br0 .address "$(json '.interfaces[0].mac')"
	assert_link host br0 .linkinfo.info_kind bridge
	assert_link host "$(host_end)" .address "$(json '.interfaces[1].mac')"
	assert_link host "$(host_end)" .master br0
	assert_link host "$(host_end)" .linkinfo.info_kind veth
	assert_link pod eth0 .address "$(json '.interfaces[2].mac')"
	assert_link pod eth0 .linkinfo.info_kind veth
	# The two are each other's peer.
	assert_link pod eth0 .link_index "$(link host "$(host_end)" .ifindex)"
	link_is up host br0
	link_is up host "$(host_end)"
	link_is up pod eth0
	assert_link host "$(host_end)" .linkinfo.info_slave_data.state forwarding
	[[ $(host_end) =~ ^veth[0-9a-z]+$ ]] || flunk "name: $(host_end)"
}

# bats test_tags=ferrule
@test "the host's end has a name of its own and says whose it is" {
	local first
	attach "$(conf '' "$NET4")"
	first=$(host_end)
	[[ $first =~ ^veth[0-9a-z]{11}$ ]] || flunk "name: $first"
	assert_link host "$first" .ifalias cni:n/test/eth0
	detach "$(conf '' "$NET4")"
	attach "$(conf '' "$NET4")"
	assert_text "$(host_end)" "$first" "the second time it"
	attach "$(conf '' "$NET4")" CNI_IFNAME=eth1
	[ "$(host_end)" != "$first" ]
	assert_link host "$(host_end)" .ifalias cni:n/test/eth1
}

# bats test_tags=ferrule
@test "a name that another's link has is not taken from it" {
	local name
	attach "$(conf '' "$NET4")"
	name=$(host_end)
	detach "$(conf '' "$NET4")"
	ip -n host link add "$name" type veth peer name other
	ip -n host link set "$name" alias cni:n/other/eth0
	keep
	attach "$(conf '' "$NET4")"
	[ "$(host_end)" != "$name" ]
	assert_link host "$(host_end)" .ifalias cni:n/test/eth0
	detach "$(conf '' "$NET4")"
	assert_kept
}

# bats test_tags=ferrule
@test "MAC addresses are set at birth, so that nobody changes them" {
	attach "$(conf '"isGateway":true' "$NET4")"
	for i in br0 "$(host_end)"; do
		assert_text "$(in_ns host cat "/sys/class/net/$i/addr_assign_type" \
			2>/dev/null || ns_sysfs host "$i")" 3 "addr_assign_type of $i"
	done
	assert_text "$(ns_sysfs pod eth0)" 3 "addr_assign_type of eth0"
}

# /sys shows the namespace of who mounted it.
ns_sysfs() { # NAMESPACE LINK
	in_ns "$1" unshare --mount sh -c "mount -t sysfs none /sys &&
		cat /sys/class/net/$2/addr_assign_type"
}

@test "the bridge keeps its MAC while ports come and go" {
	local mac i c
	c=$(conf '"isGateway":true' "$NET4")
	attach "$c"
	mac=$(json '.interfaces[0].mac')
	for i in 1 2 3; do
		second ADD "$(jq -c '.runtimeConfig.mac="02:00:00:00:00:01"' <<<"$c")"
		assert_ok
		assert_json '.interfaces[0].mac' "$mac"
		assert_link host br0 .address "$mac"
		second DEL "$c"
		assert_silent
		assert_link host br0 .address "$mac"
	done
	detach "$c"
	assert_link host br0 .address "$mac"
}

@test "ADD, CHECK and DEL work at every version" {
	local v c
	for v in $VERSIONS; do
		c=$(VERSION=$v conf '"isGateway":true,"ipMasq":true' "$DUAL")
		attach "$c"
		assert_json .cniVersion "$v"
		case $v in
		0.[1-3]*) ;;
		*) check "$c"; assert_silent ;;
		esac
		case $v in
		0.[1-3]*) cni DEL bridge "$c"; assert_silent ;;
		*) detach "$c" ;;
		esac
		no_link pod eth0
		[ -z "$(leases)" ]
	done
}

@test "DEL leaves the bridge and its address, and nothing else" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true' "$DUAL")
	attach "$c"
	detach "$c"
	attach "$c"
	reaches pod 10.1.2.1
	detach "$c"
	keep
	attach "$c"
	detach "$c"
	assert_kept
	has_link host br0
	ip -n host -o addr show dev br0 | grep -qw 10.1.2.1/24
}

# bats test_tags=ferrule
@test "tables of the packet filter go with what was in them" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true,"macspoofchk":true' "$DUAL")
	attach "$c"
	assert_rule 'table inet ferrule_masquerade'
	assert_rule 'table bridge ferrule_macspoof'
	assert_rule '"cni:n/test/eth0"'
	second ADD "$c"
	assert_ok
	detach "$c"
	assert_rule '"cni:n/test2/eth0"'
	refute_rule '"cni:n/test/eth0"'
	second DEL "$c"
	assert_silent
	assert_text "$(ruleset)" '' 'the ruleset'
}

@test "an interface can be added to again once it is deleted, 20 times" {
	local c i
	c=$(conf '"isGateway":true' "$NET4")
	attach "$c"
	detach "$c"
	keep
	for i in {1..20}; do
		attach "$c"
		detach "$c"
	done
	assert_kept
}

@test "a second ADD is refused and harms nothing" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true' "$NET4")
	attach "$c"
	cni ADD bridge "$c"
	assert_error '*'
	reaches pod 10.1.2.1
	assert_link pod eth0 .address "$(container_mac)"
	detach "$c"
}

# bats test_tags=ferrule
@test "a second ADD changes nothing at all, and CHECK still passes" {
	local c
	c=$(conf '"isGateway":true,"ipMasq":true,"macspoofchk":true' "$DUAL")
	attach "$c"
	keep
	cni ADD bridge "$c"
	assert_error '*' '*container veth name ("eth0")*already exists*'
	assert_kept
	check "$c"
	assert_silent
}

@test "two networks on one container" {
	local one two other='"ranges":[[{"subnet":"10.1.3.0/24"}]]'
	one=$(conf '"isGateway":true,"ipMasq":true' "$NET4")
	two=$(NETWORK=m conf '"bridge":"br1","isGateway":true,"ipMasq":true' "$other")
	attach "$one"
	local first=$result
	attach "$two" CNI_IFNAME=net1
	reaches pod 10.1.2.1
	reaches pod 10.1.3.1
	check "$two" CNI_IFNAME=net1
	assert_silent
	detach "$two" CNI_IFNAME=net1
	no_link pod net1
	reaches pod 10.1.2.1
	result=$first check "$one"
	assert_silent
	result=$first detach "$one"
	no_link pod eth0
}

@test "one network twice on one container" {
	local c first
	c=$(conf '"isGateway":true' "$NET4")
	attach "$c"
	first=$result
	attach "$c" CNI_IFNAME=eth1
	assert_json '.ips[0].address' 10.1.2.3/24
	detach "$c" CNI_IFNAME=eth1
	no_link pod eth1
	result=$first check "$c"
	assert_silent
	reaches pod 10.1.2.1
	result=$first detach "$c"
	[ -z "$(leases)" ]
}

# bats test_tags=ferrule
@test "one network twice on one container: masquerade of one survives the other" {
	local c first
	c=$(conf '"isGateway":true,"ipMasq":true' "$NET4")
	attach "$c"
	first=$result
	attach "$c" CNI_IFNAME=eth1
	detach "$c" CNI_IFNAME=eth1
	refute_rule 'cni:n/test/eth1'
	assert_rule 'cni:n/test/eth0'
	result=$first check "$c"
	assert_silent
}

@test "several ranges: an address of each set, all on the interface" {
	local c
	c=$(conf '' '"ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"10.1.3.0/24"}],[{"subnet":"fd00:2::/64"}],[{"subnet":"fd00:3::/64"}]]')
	attach "$c"
	assert_json '[.ips[].address]|join(" ")' \
		'10.1.2.2/24 10.1.3.2/24 fd00:2::2/64 fd00:3::2/64'
	assert_json '[.ips[].interface]|unique|join(" ")' 2
	assert_text "$(ip -n pod -j addr show dev eth0 scope global | jq -r \
		'[.[0].addr_info[]|select(.local)|"\(.local)/\(.prefixlen)"]|sort|join(" ")')" \
		'10.1.2.2/24 10.1.3.2/24 fd00:2::2/64 fd00:3::2/64'
	check "$c"
	assert_silent
}

@test "the prevResult of an ADD is not used" {
	local c prev='{"cniVersion":"1.1.0","ips":[{"address":"10.7.7.7/24"}],"dns":{"domain":"x"}}'
	c=$(chained "$(conf '' "$NET4")" "$prev")
	attach "$c"
	assert_json '[.ips[].address]|join(" ")' 10.1.2.2/24
	assert_json '.dns' null
}

@test "VERSION, and what is said without a command" {
	cni VERSION bridge ''
	assert_ok
	assert_json '.supportedVersions|join(" ")' "$VERSIONS"
	cni '' bridge ''
	assert_ok
	[[ $stderr == 'CNI bridge plugin '* ]] || flunk "stderr"
}
