#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: gateways, addresses and routes as IPAM gives them (cni-behaviour.md
# 1.8, 2.2).
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

# addresses NAMESPACE LINK: global ones, sorted, on one line.
addresses() {
	ip -n "$1" -j addr show dev "$2" scope global | jq -r '[.[0].addr_info[]
		| select(.local) | "\(.local)/\(.prefixlen)"] | sort | join(" ")'
}

# assert_route TEXT...: a route of the pod, with its keys in the order of ip,
# from any table.
assert_route() {
	{ ip -n pod route show table all; ip -n pod -6 route show table all; } |
		sed 's/ *$//; s/  */ /g' >"$SCRATCH/routes"
	grep -qE -- "$1" "$SCRATCH/routes" ||
		flunk "no route '$1' in:" "$(<"$SCRATCH/routes")"
}

forwarding() { # 4 or 6
	case $1 in
	4) in_ns host sysctl -n net.ipv4.ip_forward ;;
	6) in_ns host sysctl -n net.ipv6.conf.all.forwarding ;;
	esac
}

@test "isGateway: the gateways are the bridge's, and packets are forwarded" {
	in_ns host sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
	attach "$(conf '"isGateway":true' "$DUAL")"
	assert_text "$(addresses host br0)" '10.1.2.1/24 fd00:2::1/64'
	assert_text "$(addresses pod eth0)" '10.1.2.2/24 fd00:2::2/64'
	assert_text "$(forwarding 4),$(forwarding 6)" 1,1
	assert_json .routes null
}

@test "isGateway of one family forwards that family only" {
	in_ns host sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
	attach "$(conf '"isGateway":true' "$NET4")"
	assert_text "$(forwarding 4),$(forwarding 6)" 1,0
}

@test "without isGateway the bridge has no address, and nothing is forwarded" {
	in_ns host sysctl -qw net.ipv4.ip_forward=0
	attach "$(conf '' "$DUAL")"
	assert_text "$(addresses host br0)" ''
	assert_text "$(forwarding 4)" 0
}

@test "isGateway: IPAM says which address, or it is the first" {
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/24","gateway":"10.1.2.254"},{"address":"fd00:2::9/64"}]}'
	attach "$(conf '"isGateway":true' "$FAKE")" "$BIN"
	assert_text "$(addresses host br0)" '10.1.2.254/24 fd00:2::1/64'
	assert_json '[.ips[].gateway]|join(" ")' '10.1.2.254 fd00:2::1'
}

@test "isDefaultGateway: implies isGateway, and routes through it" {
	world
	world back
	attach "$(conf '"isDefaultGateway":true' "$DUAL")"
	assert_json '.routes|tojson' '[{"dst":"0.0.0.0/0","gw":"10.1.2.1"},{"dst":"::/0","gw":"fd00:2::1"}]'
	assert_text "$(addresses host br0)" '10.1.2.1/24 fd00:2::1/64'
	assert_route '^default via 10.1.2.1 dev eth0'
	assert_route '^default via fd00:2::1 dev eth0'
	reaches pod 192.0.2.2
	reaches pod 2001:db8::2
	check "$(conf '"isDefaultGateway":true' "$DUAL")"
	assert_silent
}

@test "isDefaultGateway: a default route of IPAM with a gateway stands" {
	attach "$(conf '"isDefaultGateway":true' \
		"$NET4,\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.1.2.99\"}]")"
	assert_json '.routes|tojson' '[{"dst":"0.0.0.0/0","gw":"10.1.2.99"}]'
	assert_text "$(ip -n pod -4 route show default | wc -l)" 1
	assert_route '^default via 10.1.2.99 dev eth0'
}

# bats test_tags=ferrule
@test "isDefaultGateway: a default route of IPAM without one gets it" {
	local c
	c=$(conf '"isDefaultGateway":true' \
		"$DUAL,\"routes\":[{\"dst\":\"0.0.0.0/0\"},{\"dst\":\"::/0\"}]")
	attach "$c"
	assert_text "$(ip -n pod -4 route show default | wc -l)" 1
	assert_text "$(ip -n pod -6 route show default | wc -l)" 1
	assert_route '^default via 10.1.2.1 dev eth0'
	assert_route '^default via fd00:2::1 dev eth0'
	check "$c"
	assert_silent
	detach "$c"
}

@test "the bridge has another address: refused, or replaced by forceAddress" {
	ip -n host link add br0 address 02:00:00:00:00:77 type bridge
	ip -n host addr add 10.99.0.1/16 dev br0
	cni ADD bridge "$(conf '"isGateway":true' "$NET4")"
	assert_error '*' '*"br0" already has an IP address different from 10.1.2.1/24*'
	assert_text "$(addresses host br0)" 10.99.0.1/16
	cni DEL bridge "$(conf '"isGateway":true' "$NET4")"
	attach "$(conf '"isGateway":true,"forceAddress":true' "$NET4")"
	assert_text "$(addresses host br0)" 10.1.2.1/24
	reaches pod 10.1.2.1
}

# bats test_tags=ferrule
@test "the bridge has another address: both are named" {
	ip -n host link add br0 type bridge
	ip -n host addr add 10.99.0.1/16 dev br0
	cni ADD bridge "$(conf '"isGateway":true' "$NET4")"
	assert_error '*' '*"br0" already has an IP address different from 10.1.2.1/24*'
	[[ $output == *10.99.0.1/16* ]] || flunk 'the other address is not named'
}

@test "IPv6: other addresses are in the way only if they overlap" {
	ip -n host link add br0 type bridge
	ip -n host link set br0 up
	ip -n host addr add fd00:9::1/64 dev br0 nodad
	attach "$(conf '"isGateway":true' "$NET6")"
	assert_text "$(addresses host br0)" 'fd00:2::1/64 fd00:9::1/64'
	detach "$(conf '"isGateway":true' "$NET6")"
	ip -n host addr del fd00:2::1/64 dev br0
	ip -n host addr add fd00:2::77/64 dev br0 nodad
	cni ADD bridge "$(conf '"isGateway":true' "$NET6")"
	assert_error '*' '*"br0" already has an IP address different from fd00:2::1/64*'
	cni DEL bridge "$(conf '"isGateway":true' "$NET6")"
	attach "$(conf '"isGateway":true,"forceAddress":true' "$NET6")"
	assert_text "$(addresses host br0)" 'fd00:2::1/64 fd00:9::1/64'
}

@test "an address with another prefix length is another address" {
	ip -n host link add br0 type bridge
	ip -n host addr add 10.1.2.1/25 dev br0
	cni ADD bridge "$(conf '"isGateway":true' "$NET4")"
	assert_error '*' '*"br0" already has an IP address different from 10.1.2.1/24*'
}

# bats test_tags=ferrule
@test "two IPv4 gateways fit on one bridge" {
	local c
	c=$(conf '"isGateway":true' \
		'"ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"10.1.3.0/24"}]]')
	attach "$c"
	assert_text "$(addresses host br0)" '10.1.2.1/24 10.1.3.1/24'
	answers pod 10.1.2.1
	answers pod 10.1.3.1
	second ADD "$c"
	assert_ok
	answers pod2 10.1.3.1
	check "$c"
	assert_silent
}

@test "a bridge of somebody else's is used as it is" {
	ip -n host link add br0 address 02:00:00:00:00:77 type bridge
	ip -n host link set br0 mtu 1450 up
	attach "$(conf '"isGateway":true' "$NET4")"
	assert_json '.interfaces[0].mac' 02:00:00:00:00:77
	assert_link host br0 .mtu 1450
	reaches pod 10.1.2.1
	detach "$(conf '"isGateway":true' "$NET4")"
	assert_link host br0 .address 02:00:00:00:00:77
}

# bats test_tags=ferrule
@test "a bridge without ports and without a MAC of its own works at once" {
	local c
	c=$(conf '"isGateway":true' "$DUAL")
	ip -n host link add br0 type bridge
	ip -n host link set br0 up
	ip -n host link add x0 master br0 type veth peer name x1
	ip -n host link delete x0 # now its MAC is zeros
	assert_link host br0 .address 00:00:00:00:00:00
	attach "$c"
	answers pod 10.1.2.1
	assert_link host br0 .address "$(json '.interfaces[0].mac')"
	local mac
	mac=$(json '.interfaces[0].mac')
	second ADD "$(jq -c '.runtimeConfig.mac="02:00:00:00:00:01"' <<<"$c")"
	assert_ok
	assert_json '.interfaces[0].mac' "$mac"
	check "$c"
	assert_silent
}

@test "routes: gateway, metric, table, scope, each is installed" {
	attach "$(conf '"isGateway":true' "$DUAL,\"routes\":[
		{\"dst\":\"10.9.0.0/16\",\"gw\":\"10.1.2.254\"},
		{\"dst\":\"10.8.0.0/16\"},
		{\"dst\":\"10.7.0.0/16\",\"priority\":77},
		{\"dst\":\"10.6.0.0/16\",\"table\":600},
		{\"dst\":\"10.5.0.0/16\",\"table\":100,\"priority\":5},
		{\"dst\":\"fd00:9::/64\",\"gw\":\"fd00:2::fe\"},
		{\"dst\":\"fd00:8::/64\",\"priority\":88},
		{\"dst\":\"fd00:6::/64\",\"table\":600}]")"
	assert_route '^10.9.0.0/16 via 10.1.2.254 dev eth0$'
	assert_route '^10.8.0.0/16 via 10.1.2.1 dev eth0$'
	assert_route '^10.7.0.0/16 via 10.1.2.1 dev eth0 metric 77$'
	assert_route '^10.6.0.0/16 via 10.1.2.1 dev eth0 table 600$'
	assert_route '^10.5.0.0/16 via 10.1.2.1 dev eth0 table 100 metric 5$'
	assert_route '^fd00:9::/64 via fd00:2::fe dev eth0 metric 1024 pref medium$'
	assert_route '^fd00:8::/64 via fd00:2::1 dev eth0 metric 88 pref medium$'
	assert_route '^fd00:6::/64 via fd00:2::1 dev eth0 table 600 metric 1024'
}

# bats test_tags=ferrule
@test "routes: mtu and advmss are installed" {
	attach "$(conf '' "$DUAL,\"routes\":[
		{\"dst\":\"10.9.0.0/16\",\"mtu\":1400,\"advmss\":1300},
		{\"dst\":\"10.8.0.0/16\",\"mtu\":1280},
		{\"dst\":\"fd00:9::/64\",\"mtu\":1400,\"advmss\":1280}]")"
	assert_route '^10.9.0.0/16 via 10.1.2.1 dev eth0 mtu 1400 advmss 1300$'
	assert_route '^10.8.0.0/16 via 10.1.2.1 dev eth0 mtu 1280$'
	assert_route '^fd00:9::/64 via fd00:2::1 dev eth0 metric 1024 mtu 1400 advmss 1280'
}

@test "routes: on the link, with a scope, where there is no gateway" {
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/24"}],"routes":[{"dst":"10.9.0.0/16","scope":253},{"dst":"10.8.0.0/16"}]}'
	attach "$(conf '' "$FAKE")" "$BIN"
	assert_route '^10.9.0.0/16 dev eth0 scope link$'
	assert_route '^10.8.0.0/16 dev eth0'
}

# bats test_tags=ferrule
@test "routes: scope link has no gateway, even if the address has one" {
	attach "$(conf '' "$NET4,\"routes\":[{\"dst\":\"10.9.0.0/16\",\"scope\":253}]")"
	assert_route '^10.9.0.0/16 dev eth0 scope link$'
}

# bats test_tags=ferrule
@test "routes: the same twice is one" {
	attach "$(conf '' "$NET4,\"routes\":[{\"dst\":\"10.9.0.0/16\"},{\"dst\":\"10.9.0.0/16\"}]")"
	assert_text "$(ip -n pod route show 10.9.0.0/16 | wc -l)" 1
	check "$(conf '' "$NET4")"
	assert_silent
}

@test "routes: what the kernel refuses is an error that names it" {
	cni ADD bridge "$(conf '' "$NET4,\"routes\":[{\"dst\":\"10.9.0.1/16\"}]")"
	assert_error '*' '*10.9.0.1*'
	cni DEL bridge "$(conf '' "$NET4")"
	cni ADD bridge "$(conf '' "$NET4,\"routes\":[{\"dst\":\"10.9.0.0/16\",\"gw\":\"172.31.0.1\"}]")"
	assert_error '*' '*10.9.0.0*'
}

@test "a /32 and a /128 with routes on the link" {
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/32"},{"address":"fd00:2::9/128"}],"routes":[{"dst":"169.254.1.1/32","scope":253},{"dst":"fd00:99::1/128"}]}'
	attach "$(conf '' "$FAKE")" "$BIN"
	assert_text "$(addresses pod eth0)" '10.1.2.9/32 fd00:2::9/128'
	assert_route '^169.254.1.1 dev eth0 scope link$'
	assert_route '^fd00:99::1 dev eth0'
}

@test "an address has a broadcast address where its network has one" {
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.9/24"}]}'
	attach "$(conf '' "$FAKE")" "$BIN"
	ip -n pod -o addr show dev eth0 | grep -q 'brd 10.1.2.255'
}

@test "the result of an IPAM of an older version is understood" {
	ipam '{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.1.2.9/24","gateway":"10.1.2.1"}],"routes":[{"dst":"0.0.0.0/0"}],"dns":{}}'
	attach "$(VERSION=0.4.0 conf '"isGateway":true' "$FAKE")" "$BIN"
	assert_json '.ips[0].address' 10.1.2.9/24
	reaches pod 10.1.2.1
	# None said: that of the configuration.
	cni DEL bridge "$(VERSION=0.4.0 conf '' "$FAKE")" "$BIN"
	ipam '{"ips":[{"address":"10.1.2.9/24"}]}'
	attach "$(conf '' "$FAKE")" "$BIN"
	assert_json '.ips[0].address' 10.1.2.9/24
}
