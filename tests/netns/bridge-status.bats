#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge STATUS: would an ADD succeed?
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

status() { # MEMBERS IPAM [VAR=VALUE...]
	cni STATUS bridge "$(conf "$1" "$2")" CNI_CONTAINERID= CNI_NETNS= \
		CNI_IFNAME= "${@:3}"
}

@test "STATUS is well, and makes nothing" {
	keep
	status '"isGateway":true,"ipMasq":true,"macspoofchk":true' "$DUAL"
	assert_silent
	status '' ''
	assert_silent
	status '"ipMasq":true,"ipMasqBackend":"iptables"' "$NET4"
	assert_silent
	assert_kept
	no_link host br0
}

@test "before 1.1.0 there is no STATUS" {
	VERSION=1.0.0 status '' "$NET4"
	assert_error 1 'config version does not allow STATUS'
}

@test "IPAM is asked, and its answer passed on as it is" {
	ipam '' && printf '#!/bin/sh\necho "{\\"code\\":50,\\"msg\\":\\"closed\\",\\"details\\":\\"d\\"}"; exit 1\n' \
		>"$SCRATCH/bin/fake"
	status '' "$FAKE" "$BIN"
	assert_error 50 closed d
}

@test "IPAM is not there" {
	status '' '"type":"nosuch"'
	assert_error '*' '*failed to find plugin "nosuch"*'
}

# bats test_tags=ferrule
@test "IPAM has no address left" {
	local c='"subnet":"10.1.2.0/30"'
	attach "$(conf '' "$c")"
	status '' "$c"
	assert_error 50 '*no IP addresses available in range set*'
}

# bats test_tags=ferrule
@test "VLANs on a kernel without VLAN filtering: code 50, and it is named" {
	local c
	! ip link add ferrule-probe type bridge vlan_filtering 1 2>/dev/null || {
		ip link delete ferrule-probe
		skip 'this kernel has VLAN filtering'
	}
	keep
	for c in '"vlan":5' '"vlanTrunk":[{"id":5}]'; do
		status "$c" "$NET4"
		assert_error 50 '*' '*'
		[[ $output == *CONFIG_BRIDGE_VLAN_FILTERING* ]] || flunk "$c"
		assert_kept
		cni ADD bridge "$(conf "$c" "$NET4")"
		assert_error '*'
		[[ $output == *CONFIG_BRIDGE_VLAN_FILTERING* ]] || flunk "$c"
		assert_kept
	done
}

# bats test_tags=ferrule
@test "VLANs on a kernel that filters them are well" {
	need_vlan_filtering
	status '"vlan":5,"vlanTrunk":[{"minID":7,"maxID":9}]' "$NET4"
	assert_silent
	no_link host br0
}

# bats test_tags=ferrule
@test "no iptables for ipMasqBackend iptables" {
	without_sbin status '"ipMasq":true,"ipMasqBackend":"iptables"' "$NET4"
	assert_error 50 '*iptables*'
	without_sbin status '"ipMasq":true,"ipMasqBackend":"nftables"' "$NET4"
	assert_silent
}

# bats test_tags=ferrule
@test "the bridge's name is somebody else's" {
	ip -n host link add br0 type veth peer name x
	status '' "$NET4"
	assert_error 50 '*"br0" already exists but is not a bridge*'
}

# bats test_tags=ferrule
@test "a wrong configuration is an error, as it is for ADD" {
	status '"vlan":5000' "$NET4"
	assert_error 7 '*invalid VLAN ID 5000*'
}
