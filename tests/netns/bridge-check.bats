#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge CHECK: passes right after ADD, whatever the options; and what has been
# tampered with since is named.
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

ALL='"isGateway":true,"ipMasq":true,"macspoofchk":true'
OUT='"routes":[{"dst":"0.0.0.0/0"},{"dst":"10.9.0.0/16","gw":"10.1.2.254"},{"dst":"::/0"}]'

# passes MEMBERS [IPAM]: ADD, CHECK, DEL.
passes() {
	local c
	c=$(conf "$1" "${2:-}")
	attach "$c"
	check "$c"
	assert_silent || flunk "CHECK of: $1 ${2:-}" || return 1
	cni DEL bridge "$c"
	# The reference fails on a bridge that is left without ports.
	ip -n host link delete br0 2>/dev/null || :
}

# Those of which the reference's CHECK approves.
@test "CHECK passes right after ADD: options that the reference approves of" {
	local more
	for more in '' '"isGateway":true' '"isDefaultGateway":true' \
		'"isGateway":true,"ipMasq":true' '"mtu":1400' \
		'"hairpinMode":true' '"portIsolation":true' \
		'"dns":{"domain":"x"}' '"isGateway":true,"forceAddress":true' \
		'"runtimeConfig":{"mac":"02:00:00:00:00:09"}'; do
		passes "$more" "$DUAL"
	done
	passes '' "$DUAL,$OUT"
	passes '"promiscMode":true' "$NET4"
}

# bats test_tags=ferrule
@test "CHECK passes right after ADD: all options" {
	local more ipam n=0
	for more in '' '"isGateway":true' '"isDefaultGateway":true' \
		'"isGateway":true,"ipMasq":true' \
		'"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables"' \
		'"ipMasq":true,"ipMasqBackend":"nftables","masqRandomFully":true' \
		'"macspoofchk":true' "$ALL" '"mtu":1280' '"mtu":9000' \
		'"hairpinMode":true' '"portIsolation":true' '"enabledad":true' \
		'"dns":{"domain":"x"}' '"bridge":"br7"'; do
		for ipam in "$NET4" "$DUAL,$OUT"; do
			passes "$more" "$ipam"
			n=$((n + 1))
		done
	done
	for more in '' '"mtu":1300' '"hairpinMode":true' \
		'"disableContainerInterface":true' '"macspoofchk":true' \
		'"portIsolation":true,"ipMasq":true,"isGateway":true' \
		'"runtimeConfig":{"mac":"02:00:00:00:00:09"}'; do
		passes "$more"
		n=$((n + 1))
	done
	for ipam in "$NET6" "$DUAL,\"routes\":[{\"dst\":\"10.9.0.0/16\",\"table\":600,\"priority\":5},{\"dst\":\"10.8.0.0/16\",\"mtu\":1400,\"advmss\":1300},{\"dst\":\"fd00:9::/64\",\"table\":700}]"; do
		passes "$ALL" "$ipam"
		n=$((n + 1))
	done
	passes '"promiscMode":true,"isGateway":true' "$DUAL"
	echo "# $((n + 1)) sets of options" >&3
	[ "$n" -ge 38 ]
}

# bats test_tags=ferrule
@test "CHECK passes with a /32, a /128 and routes on the link" {
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/32"},{"address":"fd00:2::9/128"}],"routes":[{"dst":"169.254.1.1/32","scope":253},{"dst":"fd00:99::1/128"},{"dst":"10.9.0.0/16","table":600}]}'
	attach "$(conf '' "$FAKE")" "$BIN"
	check "$(conf '' "$FAKE")" "$BIN"
	assert_silent
}

# bats test_tags=ferrule
@test "CHECK passes without ipam" {
	passes ''
	passes '"mtu":1400,"hairpinMode":true'
}

@test "CHECK passes with a result that other plugins have changed" {
	local c
	c=$(conf '"isGateway":true' "$NET4")
	attach "$c"
	result=$(jq -c '.interfaces += [{"name":"ifb0"}] | .dns={"domain":"z"}' <<<"$result")
	check "$c"
	assert_silent
}

@test "CHECK needs a prevResult" {
	attach "$(conf '' "$NET4")"
	cni CHECK bridge "$(conf '' "$NET4")"
	assert_error '*' '*[Rr]equired prevResult missing*'
}

@test "before 0.4.0 there is no CHECK" {
	cni CHECK bridge "$(VERSION=0.3.1 conf '' "$NET4")"
	assert_error 1 'config version does not allow CHECK'
}

# noticed WHAT COMMAND...: attach, tamper, CHECK fails, detach. WHAT are words
# that the error must have; "" for any.
noticed() {
	attach "$CONF"
	check "$CONF"
	assert_silent || return 1
	"${@:2}" || flunk "cannot tamper: ${*:2}" || return 1
	check "$CONF"
	assert_error '*' || flunk "not noticed: ${*:2}" || return 1
	grep -qiE -- "$1" <<<"$(json '.msg + " " + (.details // "")')" ||
		flunk "does not name '$1': ${*:2}" || return 1
	cni DEL bridge "$CONF"
	assert_silent
	ip -n host link delete "$BRIDGE" 2>/dev/null || :
}
BRIDGE=br0

on_host() {
	in_ns host ip "$@"
}
in_pod() {
	in_ns pod ip "$@"
}
port() { # WHAT...: of the host's end
	in_ns host ip link set "$(host_end)" "$@"
}
bridge_port() {
	in_ns host ip link set "$(host_end)" type bridge_slave "$@"
}

@test "CHECK notices what the reference notices" {
	CONF=$(conf '"isGateway":true' "$DUAL,$OUT")
	noticed '' in_pod link delete eth0
	noticed '' in_pod addr del 10.1.2.3/24 dev eth0
	noticed '' in_pod addr del fd00:2::4/64 dev eth0
	noticed '' in_pod link set eth0 address 02:00:00:00:00:99
	noticed '' in_pod route del 10.9.0.0/16
	noticed '' in_pod route del default
	noticed '' on_host link delete br0
	noticed '' port nomaster
	noticed '' on_host link set br0 address 02:00:00:00:00:98
	noticed '' rm -r "$SCRATCH/store/n"
}

# bats test_tags=ferrule
@test "CHECK names the link that is wrong" {
	CONF=$(conf "$ALL,\"mtu\":1400" "$DUAL,$OUT")
	noticed 'eth0' in_pod link delete eth0
	noticed 'eth0.*(down|up)' in_pod link set eth0 down
	noticed 'eth0.*02:00:00:00:00:99' in_pod link set eth0 address 02:00:00:00:00:99
	noticed 'eth0.*mtu.*1400' in_pod link set eth0 mtu 1300
	noticed 'veth.*mtu.*1400' port mtu 1300
	noticed 'veth.*(down|up)' port down
	noticed 'veth.*(br0|master)' port nomaster
	noticed 'br0' on_host link delete br0
	noticed 'br0.*02:00:00:00:00:98' on_host link set br0 address 02:00:00:00:00:98
	noticed 'br0.*(down|up)' on_host link set br0 down
}

# bats test_tags=ferrule
@test "CHECK names the address or the route that is wrong" {
	CONF=$(conf "$ALL" "$DUAL,$OUT")
	noticed 10.1.2.2/24 in_pod addr del 10.1.2.2/24 dev eth0
	noticed fd00:2::3/64 in_pod addr del fd00:2::3/64 dev eth0
	noticed 10.1.2.4/24 change_address 10.1.2.4
	noticed 10.9.0.0/16 in_pod route del 10.9.0.0/16
	noticed '10.9.0.0/16.*10.1.2.254' in_pod route replace 10.9.0.0/16 via 10.1.2.253
	noticed '(default|0.0.0.0/0)' in_pod route del default
	noticed '(default|0.0.0.0/0)' in_pod route replace default via 10.1.2.253
	noticed '(default|::/0)' in_pod -6 route del default
	noticed 10.1.2.1/24 on_host addr del 10.1.2.1/24 dev br0
	noticed fd00:2::1/64 on_host addr del fd00:2::1/64 dev br0
}

change_address() {
	in_pod addr add "$1/25" dev eth0
	in_pod addr del "$1/24" dev eth0
	# The routes that went with it are there again.
	in_pod route replace default via 10.1.2.1
	in_pod route replace 10.9.0.0/16 via 10.1.2.1 || :
}

# bats test_tags=ferrule
@test "CHECK names the key of a route that is wrong" {
	CONF=$(conf '' "$NET4,\"routes\":[{\"dst\":\"10.9.0.0/16\",\"mtu\":1400,\"priority\":7,\"table\":600}]")
	noticed '10.9.0.0/16.*600' in_pod route del 10.9.0.0/16 table 600
	noticed '10.9.0.0/16' reroute via 10.1.2.1 metric 7
	noticed '10.9.0.0/16' reroute via 10.1.2.1 table 600 metric 8
}

reroute() {
	in_pod route del 10.9.0.0/16 table 600
	in_pod route add 10.9.0.0/16 dev eth0 "$@"
}

# bats test_tags=ferrule
@test "CHECK names the option of the port that is wrong" {
	CONF=$(conf '"hairpinMode":true' "$NET4")
	noticed hairpin bridge_port hairpin off
	CONF=$(conf '' "$NET4")
	noticed hairpin bridge_port hairpin on
	noticed isolat bridge_port isolated on
	CONF=$(conf '"portIsolation":true' "$NET4")
	noticed isolat bridge_port isolated off
	CONF=$(conf '"promiscMode":true' "$NET4")
	noticed promisc on_host link set br0 promisc off
}

# bats test_tags=ferrule
@test "CHECK names the masquerade that is wrong" {
	CONF=$(conf "$ALL" "$DUAL")
	noticed masquerade in_ns host nft delete table inet ferrule_masquerade
	noticed masquerade drop_elements inet ferrule_masquerade
	noticed masquerade drop_rules inet ferrule_masquerade
	CONF=$(conf '"isGateway":true,"ipMasq":true,"ipMasqBackend":"iptables"' "$DUAL")
	noticed 'masquerade|iptables|CNI-' in_ns host iptables -t nat -F POSTROUTING
	noticed 'masquerade|iptables|CNI-' in_ns host ip6tables -t nat -F POSTROUTING
	noticed 'masquerade|iptables|CNI-' in_ns host iptables -t nat -F "$CHAIN"
	noticed 'masquerade|ip6tables|CNI-' in_ns host ip6tables -t nat -F "$CHAIN"
}
CHAIN=CNI-b3066da540ad60f72da830e3

# bats test_tags=ferrule
@test "CHECK names the spoof check that is wrong" {
	CONF=$(conf "$ALL" "$DUAL")
	noticed '(spoof|macspoofchk)' in_ns host nft delete table bridge ferrule_macspoof
	noticed '(spoof|macspoofchk)' drop_elements bridge ferrule_macspoof
	noticed '(spoof|macspoofchk)' drop_rules bridge ferrule_macspoof
}

# drop_elements FAMILY TABLE: empty its sets and maps.
drop_elements() {
	in_ns host nft -j list table "$1" "$2" | jq -r '.nftables[]
		| (.map, .set) | select(. != null and .elem != null) | .name' |
		while read -r set; do
			in_ns host nft flush set "$1" "$2" "$set" 2>/dev/null ||
				in_ns host nft flush map "$1" "$2" "$set"
		done
}
# drop_rules FAMILY TABLE: empty its chains.
drop_rules() {
	in_ns host nft flush table "$1" "$2"
}

# bats test_tags=ferrule
@test "CHECK names forwarding that is off" {
	CONF=$(conf "$ALL" "$DUAL")
	noticed 'ip_forward|forwarding' in_ns host sysctl -qw net.ipv4.ip_forward=0
	noticed 'forwarding' in_ns host sysctl -qw net.ipv6.conf.all.forwarding=0
}

# bats test_tags=ferrule
@test "CHECK changes nothing" {
	local c
	c=$(conf "$ALL" "$DUAL,$OUT")
	attach "$c"
	keep
	check "$c"
	assert_silent
	assert_kept
	in_pod route del 10.9.0.0/16
	keep
	check "$c"
	assert_error 100 '*10.9.0.0/16*'
	assert_kept
}

# bats test_tags=ferrule
@test "CHECK of another's result" {
	local c
	c=$(conf '"isGateway":true' "$NET4")
	attach "$c"
	result=$(jq -c '.interfaces[2].mac="02:00:00:00:00:99"' <<<"$result")
	check "$c"
	assert_error 100 '*eth0*'
	result=$(jq -c '.interfaces[2].sandbox="/run/netns/other"' <<<"$result")
	check "$c"
	assert_error 100
	result='{"cniVersion":"1.1.0"}'
	check "$c"
	assert_error 100
}

@test "CHECK of another's result, in short" {
	local c
	c=$(conf '"isGateway":true' "$NET4")
	attach "$c"
	result=$(jq -c '.interfaces[2].sandbox="/run/netns/other"' <<<"$result")
	check "$c"
	assert_error '*'
	result='{"cniVersion":"1.1.0"}'
	check "$c"
	assert_error '*'
}
