#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: vlan, vlanTrunk, preserveDefaultVlan (cni-behaviour.md 2.2). They need
# a kernel with VLAN filtering.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

setup() {
	need_vlan_filtering
	ip netns add host
	ip netns add pod
	SCRATCH=$(mktemp -d /run/scratch.XXXXXX)
}

teardown() {
	ip -all netns delete
	[ -z "${SCRATCH:-}" ] || rm -rf "$SCRATCH"
}

# vlans LINK: "5pu 7 8" for VLAN 5, which is its PVID and leaves untagged, and
# tagged 7 and 8.
vlans() {
	in_ns host bridge -json vlan show dev "$1" | jq -r '[.[0].vlans[]? |
		. as $v | range(.vlan; (.vlanEnd // .vlan) + 1) |
		"\(.)\(if $v.flags | index("PVID") then "p" else "" end
		)\(if $v.flags | index("Egress Untagged") then "u" else "" end)"
		] | join(" ")'
}
assert_vlans() { # LINK TEXT
	assert_text "$(vlans "$1")" "$2" "VLANs of $1"
}

@test "vlan: the port is in that VLAN, untagged, and in no other" {
	attach "$(conf '"vlan":5' "$NET4")"
	assert_link host br0 .linkinfo.info_data.vlan_filtering 1
	assert_vlans "$(host_end)" 5pu
	assert_vlans br0 1pu
	check "$(conf '"vlan":5' "$NET4")"
	assert_silent
	detach "$(conf '"vlan":5' "$NET4")"
	no_link pod eth0
}

@test "vlan 0 and none are no VLAN, and the bridge does not filter" {
	attach "$(conf '"vlan":0' "$NET4")"
	assert_link host br0 .linkinfo.info_data.vlan_filtering 0
	assert_vlans "$(host_end)" 1pu
}

@test "preserveDefaultVlan: VLAN 1 stays beside it" {
	attach "$(conf '"vlan":5,"preserveDefaultVlan":true' "$NET4")"
	assert_vlans "$(host_end)" '1u 5pu'
}

@test "vlanTrunk: ranges and single ones, tagged, and VLAN 1 untagged" {
	attach "$(conf '"vlanTrunk":[{"minID":100,"maxID":103},{"id":42},{"minID":102,"maxID":104}]' "$NET4")"
	assert_link host br0 .linkinfo.info_data.vlan_filtering 1
	assert_vlans "$(host_end)" '1pu 42 100 101 102 103 104'
}

@test "vlanTrunk with a vlan: that one is untagged" {
	attach "$(conf '"vlan":5,"vlanTrunk":[{"minID":100,"maxID":101}]' "$NET4")"
	assert_vlans "$(host_end)" '5pu 100 101'
	check "$(conf '"vlan":5,"vlanTrunk":[{"minID":100,"maxID":101}]' "$NET4")"
	assert_silent
}

@test "vlanTrunk: an empty list makes the bridge filter, no more" {
	attach "$(conf '"vlanTrunk":[]' "$NET4")"
	assert_link host br0 .linkinfo.info_data.vlan_filtering 1
	assert_vlans "$(host_end)" 1pu
}

@test "vlanTrunk: all of them" {
	attach "$(conf '"vlanTrunk":[{"minID":1,"maxID":4094}]' "$NET4")"
	assert_text "$(vlans "$(host_end)" | wc -w)" 4094
}

@test "pods of one VLAN hear each other, of two they do not" {
	attach "$(conf '"vlan":5' "$NET4")"
	second ADD "$(conf '"vlan":5' "$NET4")"
	assert_ok
	reaches pod 10.1.2.3
	second DEL "$(conf '"vlan":5' "$NET4")"
	second ADD "$(conf '"vlan":6' "$NET4")"
	assert_ok
	refuses pod "$(json '.ips[0].address|split("/")[0]')"
}

@test "a trunk carries tagged frames to the pod" {
	attach "$(conf '"vlanTrunk":[{"id":7}]' "$NET4")"
	second ADD "$(conf '"vlan":7' "$NET4")"
	assert_ok
	ip -n pod link add link eth0 name eth0.7 type vlan id 7 ||
		skip 'kernel without 8021q'
	ip -n pod addr flush dev eth0
	ip -n pod addr add 10.1.2.200/24 dev eth0.7
	ip -n pod link set eth0.7 up
	reaches pod 10.1.2.3
}

@test "isGateway with a vlan: the gateway is on an interface of its own" {
	local c
	c=$(conf '"vlan":5,"isGateway":true' "$DUAL")
	attach "$c"
	assert_json '.interfaces[3].name' br0.5
	assert_link host br0.5 .address "$(json '.interfaces[3].mac')"
	assert_link host br0.5 .linkinfo.info_kind veth
	link_is up host br0.5
	ip -n host -o addr show dev br0.5 | grep -qw 10.1.2.1/24
	ip -n host -o addr show dev br0.5 | grep -qw fd00:2::1/64
	assert_text "$(ip -n host -4 addr show dev br0)" ''
	reaches pod 10.1.2.1
	reaches pod fd00:2::1
	check "$c"
	assert_silent
	# Used again by the next one, and never removed.
	second ADD "$c"
	assert_ok
	assert_json '.interfaces[3].name' br0.5
	reaches pod2 10.1.2.1
	second DEL "$c"
	detach "$c"
	has_link host br0.5
}

@test "two VLANs, a gateway each" {
	local other
	other=$(NETWORK=m conf '"vlan":6,"isGateway":true' '"ranges":[[{"subnet":"10.1.3.0/24"}]]')
	attach "$(conf '"vlan":5,"isGateway":true' "$NET4")"
	second ADD "$other"
	assert_ok
	reaches pod 10.1.2.1
	reaches pod2 10.1.3.1
	has_link host br0.5
	has_link host br0.6
}

@test "DEL leaves the gateway's interface, and nothing else" {
	local c
	c=$(conf '"vlan":5,"isGateway":true,"ipMasq":true' "$NET4")
	attach "$c"
	detach "$c"
	keep
	attach "$c"
	detach "$c"
	assert_kept
}

# bats test_tags=ferrule,novalgrind
@test "an ADD killed at any message: the next one's gateway answers" {
	local c n rc=137 dead=0
	c=$(conf '"vlan":5,"isGateway":true' "$NET4")
	for ((n = 1; rc == 137; n++)); do
		rc=0
		(in_ns host env ASAN_OPTIONS=detect_leaks=0 CNI_COMMAND=ADD \
			CNI_CONTAINERID=victim CNI_IFNAME=eth0 CNI_NETNS="$POD" \
			CNI_PATH="$PLUGIN_DIR" strace -qq -o /dev/null \
			-e trace=sendto -e inject=sendto:signal=KILL:when=$n \
			"$PLUGIN_DIR/bridge" <<<"$c" >/dev/null) 2>/dev/null ||
			rc=$?
		settle
		dead=$((dead + (rc == 137)))
		cni DEL bridge "$c" CNI_CONTAINERID=victim
		assert_silent
		attach "$c"
		answers pod 10.1.2.1 || flunk "killed at message $n"
		detach "$c"
		ip -n host link delete br0.5
		ip -n host link delete br0
	done
	echo "# $dead messages" >&3
	[ "$dead" -gt 10 ]
}

# bats test_tags=ferrule
@test "a failed ADD leaves no gateway's interface either" {
	keep
	cni ADD bridge "$(conf '"vlan":5,"isGateway":true' \
		"$NET4,\"routes\":[{\"dst\":\"10.9.0.1/16\"}]")"
	assert_error '*'
	assert_kept
}

# bats test_tags=ferrule
@test "an existing bridge that does not filter: refused, VLANs would be void" {
	ip -n host link add br0 type bridge
	ip -n host link set br0 up
	keep
	cni ADD bridge "$(conf '"vlan":5' "$NET4")"
	if [ "$status" -eq 0 ]; then
		# Or it filters now.
		assert_link host br0 .linkinfo.info_data.vlan_filtering 1
	else
		[[ $output == *vlan_filtering* ]] || flunk 'not named'
		assert_kept
	fi
}

# bats test_tags=ferrule
@test "CHECK notices VLANs that are missing, or too many" {
	local c
	c=$(conf '"vlan":5,"vlanTrunk":[{"id":7}]' "$NET4")
	attach "$c"
	in_ns host bridge vlan del dev "$(host_end)" vid 7
	check "$c"
	assert_error 100 '*7*'
	in_ns host bridge vlan add dev "$(host_end)" vid 7
	check "$c"
	assert_silent
	in_ns host bridge vlan del dev "$(host_end)" vid 5
	check "$c"
	assert_error 100 '*5*'
	in_ns host bridge vlan add dev "$(host_end)" vid 5 pvid untagged
	check "$c"
	assert_silent
	in_ns host bridge vlan add dev "$(host_end)" vid 9
	check "$c"
	assert_error 100 '*9*'
}

# bats test_tags=ferrule
@test "macspoofchk and masquerade with a vlan" {
	local c
	c=$(conf '"vlan":5,"isGateway":true,"ipMasq":true,"macspoofchk":true' "$NET4")
	attach "$c"
	answers pod 10.1.2.1
	check "$c"
	assert_silent
	ip -n pod link set eth0 address 02:00:00:00:00:99
	refuses pod 10.1.2.1
}
