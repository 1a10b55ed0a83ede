#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# host-local's configuration, where it is wrong: cni-behaviour.md 2.3
# shellcheck disable=SC2016,SC2119,SC2120
load helpers

A='{"subnet":"10.0.0.0/24"}'
B='{"subnet":"10.0.1.0/24"}'
SIX='{"subnet":"fd00::/64"}'
OLD='"subnet":"10.0.0.0/24"'

# conf IPAM [MORE]: a configuration; IPAM and MORE are members of objects.
conf() {
	printf '{"cniVersion":"%s","name":"n","type":"x",%s"ipam":{%s%s}}' \
		"${VERSION:-1.0.0}" "${2:+$2,}" \
		"\"type\":\"host-local\",\"dataDir\":\"$SCRATCH/store\"" \
		"${1:+,$1}"
}

# failed CONF [VAR=VALUE...]: ADD fails with an error object, which leaves $code
# and $msg, and takes no address.
failed() {
	local error left
	cni ADD host-local "$1" "${@:2}"
	[ "$status" -eq 1 ] || flunk "expected exit status 1 for: $1" || return 1
	error=$(json '"\(.code) \(.msg)"') || flunk "not JSON" || return 1
	code=${error%% *} msg=${error#* }
	[[ $code == [1-9]* ]] || flunk "code is $code for: $1" || return 1
	left=$(compgen -G "$SCRATCH/store/n/[0-9a-f]*") || return 0
	flunk "left behind: $left"
}

# refused WORDS CONF [VAR=VALUE...]: and the message has these words.
refused() {
	failed "${@:2}" || return 1
	[[ $msg == *"$1"* ]] || flunk "expected: $1" "for: $2"
}

# refused_exactly CODE MSG CONF [VAR=VALUE...]
refused_exactly() {
	failed "${@:3}" || return 1
	[ "$code $msg" = "$1 $2" ] || flunk "expected: $1 $2" "for: $3"
}

# refused_all WORDS IPAM WORDS IPAM ...
refused_all() {
	for (( ; $# > 1; )); do
		refused "$1" "$(conf "$2")" || return 1
		shift 2
	done
}

# refused_all_exactly MSG IPAM MSG IPAM ...
refused_all_exactly() {
	for (( ; $# > 1; )); do
		refused_exactly 7 "$1" "$(conf "$2")" || return 1
		shift 2
	done
}

@test "without ranges there is nothing to give" {
	refused "IPAM config missing 'ipam' key" \
		'{"cniVersion":"1.0.0","name":"n","type":"x"}'
	refused "IPAM config missing 'ipam' key" \
		'{"cniVersion":"1.0.0","name":"n","type":"x","ipam":null}'
	refused_all \
		'no IP ranges specified' '' \
		'no IP ranges specified' '"ranges":[]' \
		'no IP ranges specified' '"gateway":"10.0.0.1"' \
		'invalid range set 0: empty range set' '"ranges":[null]' \
		'invalid range set 1: empty range set' "\"ranges\":[[$A],[]]" \
		'invalid range set 0: IP <nil> not v4 nor v6' '"ranges":[[{}]]' \
		'invalid range set 0: IP <nil> not v4 nor v6' '"ranges":[[null]]'
}

@test "subnets that are none" {
	refused_all \
		'invalid CIDR address: ' '"subnet":""' \
		'invalid CIDR address: foo' '"subnet":"foo"' \
		'invalid CIDR address: 10.0.0.0' '"subnet":"10.0.0.0"' \
		'invalid CIDR address: 10.0.0.0/99' '"subnet":"10.0.0.0/99"' \
		'invalid CIDR address: 010.0.0.0/8' '"subnet":"010.0.0.0/8"' \
		'Network 10.0.0.0/31 too small to allocate from' \
		'"subnet":"10.0.0.0/31"' \
		'Network fd00::/127 too small to allocate from' \
		'"subnet":"fd00::/127"' \
		'IPNet IP and Mask version mismatch' \
		'"subnet":"::ffff:10.0.0.0/120"' \
		'Network has host bits set. For a subnet mask of length 24 the network address is 10.0.0.0' \
		'"subnet":"10.0.0.5/24"' \
		'Network has host bits set. For a subnet mask of length 64 the network address is fd00::' \
		'"subnet":"fd00::5/64"'
}

@test "bounds and gateways that do not fit" {
	refused_all \
		'invalid IP address: foo' "$OLD,\"rangeStart\":\"foo\"" \
		'invalid IP address: 10.0.0.5/24' \
		"$OLD,\"rangeEnd\":\"10.0.0.5/24\"" \
		'invalid IP address: foo' "$OLD,\"gateway\":\"foo\"" \
		'RangeStart 10.0.1.5 not in network 10.0.0.0/24' \
		"$OLD,\"rangeStart\":\"10.0.1.5\"" \
		'RangeStart fd00::5 not in network 10.0.0.0/24' \
		"$OLD,\"rangeStart\":\"fd00::5\"" \
		'RangeStart 10.0.0.9 not in network 10.0.0.0/24' \
		"$OLD,\"rangeStart\":\"10.0.0.9\",\"rangeEnd\":\"10.0.0.5\"" \
		'RangeEnd 10.0.0.0 not in network 10.0.0.0/24' \
		"$OLD,\"rangeEnd\":\"10.0.0.0\"" \
		'RangeEnd 10.0.1.0 not in network 10.0.0.0/24' \
		"$OLD,\"rangeEnd\":\"10.0.1.0\"" \
		'RangeEnd fd00::5 not in network 10.0.0.0/24' \
		"$OLD,\"rangeStart\":\"10.0.0.9\",\"rangeEnd\":\"fd00::5\""
}

@test "range sets that do not go together" {
	refused_all \
		'invalid range set 0: mixed address families' \
		"\"ranges\":[[$A,$SIX]]" \
		'invalid range set 1: subnets 10.0.0.1-10.0.0.254 and 10.0.0.1-10.0.0.254 overlap' \
		"\"ranges\":[[$SIX],[$A,$B,$A]]" \
		'range set 0 overlaps with 1' "$OLD,\"ranges\":[[$A]]" \
		'range set 1 overlaps with 2' "\"ranges\":[[$A],[$B],[$B]]"
	refused 'range set 0 overlaps with 1' \
		"$(conf "$OLD" "\"runtimeConfig\":{\"ipRanges\":[[$A]]}")"
	refused \
		'CNI version 0.2.0 does not support more than 1 address per family' \
		"$(VERSION=0.2.0 conf "\"ranges\":[[$A],[$B]]")"
}

@test "requested addresses that are none" {
	local more
	for more in '"args":{"cni":{"ips":["foo"]}}' \
		'"runtimeConfig":{"ips":["10.0.0.5","foo"]}'; do
		refused 'invalid IP address foo' "$(conf "$OLD" "$more")"
	done
	refused 'invalid IP address 10.0.0.5/99' \
		"$(conf "$OLD" '"runtimeConfig":{"ips":["10.0.0.5/99"]}')"
	refused 'IP <nil> not v4 nor v6' \
		"$(conf "$OLD" '"runtimeConfig":{"ips":[""]}')"
	refused 'invalid IP address foo' "$(conf "$OLD")" CNI_ARGS=IP=foo
	refused 'unknown args ["ip=10.0.0.5"]' "$(conf "$OLD")" \
		CNI_ARGS=ip=10.0.0.5
}

@test "keys of another type" {
	local ipam more
	for ipam in '"subnet":7' '"subnet":["10.0.0.0/24"]' '"ranges":{}' \
		"\"ranges\":[$A]" '"ranges":[["10.0.0.0/24"]]' \
		"$OLD,\"rangeStart\":7" "$OLD,\"dataDir\":7" \
		"$OLD,\"resolvConf\":7" "$OLD,\"routes\":{}" \
		"$OLD,\"routes\":[7]" "$OLD,\"routes\":[{\"dst\":\"foo\"}]"; do
		refused '' "$(conf "$ipam")"
	done
	for more in '"args":7' '"args":{"cni":7}' '"runtimeConfig":[]' \
		'"runtimeConfig":{"ips":"10.0.0.5"}' \
		'"runtimeConfig":{"ips":[7]}' \
		'"runtimeConfig":{"ipRanges":7}'; do
		refused '' "$(conf "$OLD" "$more")"
	done
	refused '' '{"cniVersion":"1.0.0","name":"n","type":"x","ipam":7}'
}

@test "a resolvConf that cannot be read" {
	refused "$SCRATCH/none" "$(conf "$OLD,\"resolvConf\":\"$SCRATCH/none\"")"
	refused "$SCRATCH" "$(conf "$OLD,\"resolvConf\":\"$SCRATCH\"")"
	printf '%65536s\nnameserver 1.1.1.1\n' '' >"$SCRATCH/last_long"
	refused long "$(conf "$OLD,\"resolvConf\":\"$SCRATCH/last_long\"")"
}

# bats test_tags=ferrule
@test "errors name the key: ranges" {
	refused_all_exactly \
		'ipam.subnet: invalid CIDR address: foo' '"subnet":"foo"' \
		'ipam.subnet: must be a string, not an integer' '"subnet":7' \
		'ipam.rangeStart: invalid IP address: foo' \
		"$OLD,\"rangeStart\":\"foo\"" \
		'ipam.ranges[0][1].rangeStart: invalid range set 0: RangeStart 10.0.1.5 not in network 10.0.0.0/24' \
		"\"ranges\":[[$B,{$OLD,\"rangeStart\":\"10.0.1.5\"}]]" \
		'ipam.ranges[1]: invalid range set 1: mixed address families' \
		"\"ranges\":[[$A],[$B,$SIX]]" \
		'ipam.ranges[0]: must be an array, not an object' \
		"\"ranges\":[$A]" \
		'no IP ranges specified' ''
	refused_exactly 7 \
		'runtimeConfig.ipRanges[0][0].subnet: invalid CIDR address: foo' \
		"$(conf "$OLD" \
			'"runtimeConfig":{"ipRanges":[[{"subnet":"foo"}]]}')"
	refused_exactly 7 'range set 0 overlaps with 1' \
		"$(conf "\"ranges\":[[$A],[$A]]")"
	[[ $(json .details) == *"runtimeConfig.ipRanges, ipam.subnet,"* ]]
}

# bats test_tags=ferrule
@test "errors name the key: requested addresses, routes, the rest" {
	refused_exactly 7 'args.cni.ips[0]: invalid IP address foo' \
		"$(conf "$OLD" '"args":{"cni":{"ips":["foo"]}}')"
	refused_exactly 7 'runtimeConfig.ips[1]: invalid IP address foo' \
		"$(conf "$OLD" '"runtimeConfig":{"ips":["10.0.0.5","foo"]}')"
	refused_exactly 4 'CNI_ARGS: IP: invalid IP address foo' \
		"$(conf "$OLD")" CNI_ARGS=IP=foo
	refused_all_exactly \
		'ipam.routes[1].dst: invalid CIDR address: foo' \
		"$OLD,\"routes\":[{\"dst\":\"::/0\"},{\"dst\":\"foo\"}]" \
		'ipam.dataDir: must be a string, not an integer' \
		"$OLD,\"dataDir\":7" \
		'ipam.reclaimOnBoot: must be a boolean, not a string' \
		"$OLD,\"reclaimOnBoot\":\"yes\""
	refused_exactly 5 \
		"ipam.resolvConf: open \"$SCRATCH/none\": No such file or directory" \
		"$(conf "$OLD,\"resolvConf\":\"$SCRATCH/none\"")"
}

# bats test_tags=ferrule
@test "configurations that the reference takes, to bad effect" {
	# It gives out the addresses after the subnet.
	refused_exactly 7 \
		'ipam.rangeStart: invalid range set 0: RangeStart 10.0.0.255 not in network 10.0.0.0/24' \
		"$(conf "$OLD,\"rangeStart\":\"10.0.0.255\"")"
	# It reports an IPv6 gateway for an IPv4 address.
	refused_exactly 7 \
		'ipam.gateway: invalid range set 0: gateway fd00::1 is not of the address family of 10.0.0.0/24' \
		"$(conf "$OLD,\"gateway\":\"fd00::1\"")"
	# It panics.
	refused_exactly 7 'runtimeConfig.ips[0]: required but missing' \
		"$(conf "$OLD" '"runtimeConfig":{"ips":[null]}')"
	# It waits for ever.
	mkfifo "$SCRATCH/fifo"
	cni ADD host-local "$(conf "$OLD,\"resolvConf\":\"$SCRATCH/fifo\"")"
	assert_ok
}
