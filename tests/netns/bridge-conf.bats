#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: its keys, and what is said of wrong ones (cni-behaviour.md 2.2).
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2154
load helpers
load bridge

# refused MEMBERS IPAM MSG [VAR=VALUE...]: ADD fails with that.
refused() {
	cni ADD bridge "$(conf "$1" "$2")" "${@:4}"
	assert_error '*' "$3"
}

@test "what is wrong with vlan" {
	local n
	for n in -1 4095; do
		refused "\"vlan\":$n" "$NET4" "*invalid VLAN ID $n (must be between 0 and 4094)*"
	done
}

@test "what is wrong with vlanTrunk" {
	refused '"vlanTrunk":[{"minID":0,"maxID":5}]' "$NET4" '*minI[Dd]*'
	refused '"vlanTrunk":[{"minID":4095,"maxID":4096}]' "$NET4" '*incorrect trunk minID parameter*'
	refused '"vlanTrunk":[{"minID":5,"maxID":4095}]' "$NET4" '*incorrect trunk maxID parameter*'
	refused '"vlanTrunk":[{"minID":9,"maxID":5}]' "$NET4" '*minID is greater than maxID in trunk parameter*'
	refused '"vlanTrunk":[{"maxID":5}]' "$NET4" '*minID and maxID should be configured simultaneously, minID is missing*'
	refused '"vlanTrunk":[{"minID":5}]' "$NET4" '*minID and maxID should be configured simultaneously, maxID is missing*'
	refused '"vlanTrunk":[{"id":4095}]' "$NET4" '*incorrect trunk id parameter*'
	refused '"vlanTrunk":[{"id":-1}]' "$NET4" '*incorrect trunk id parameter*'
}

@test "keys that exclude each other" {
	refused '"hairpinMode":true,"promiscMode":true' "$NET4" \
		'*cannot set hairpin mode and promiscuous mode at the same time*'
	refused '"disableContainerInterface":true' "$NET4" \
		'*cannot use IPAM when DisableContainerInterface flag is set*'
}

@test "types of keys" {
	local pair
	for pair in '"mtu":"1400"' '"mtu":1400.5' '"isGateway":"true"' \
		'"bridge":7' '"ipam":7' '"vlan":"5"' '"vlanTrunk":{}' \
		'"dns":[]' '"runtimeConfig":[]' '"args":7' '"ipMasqBackend":1'; do
		cni ADD bridge "$(conf "$pair")"
		assert_error '*' "*${pair%%:*}*" ||
			assert_error '*' "*$(tr -d '"' <<<"${pair%%:*}")*"
	done
}

# bats test_tags=ferrule
@test "a wrong key is code 7, names its path, and nothing was done" {
	local pair
	keep
	for pair in '"mtu":"1400"' '"mtu":1400.5' '"isGateway":"true"' \
		'"isDefaultGateway":0' '"forceAddress":0' '"ipMasq":1' \
		'"masqRandomFully":1' '"bridge":7' '"ipam":7' '"vlan":"5"' \
		'"vlan":4095' '"vlanTrunk":{}' '"vlanTrunk":[7]' \
		'"vlanTrunk":[null]' '"vlanTrunk":[{"id":0}]' '"dns":[]' \
		'"dns":{"nameservers":[1]}' '"runtimeConfig":[]' \
		'"runtimeConfig":{"mac":1}' '"args":7' '"args":{"cni":{"mac":1}}' \
		'"ipMasqBackend":1' '"ipMasq":true,"ipMasqBackend":"pf"' '"macspoofchk":{}' \
		'"enabledad":"x"' '"disableContainerInterface":1' \
		'"portIsolation":1' '"preserveDefaultVlan":1' \
		'"hairpinMode":1' '"promiscMode":1' '"bridge":""' \
		'"bridge":"a/b"' '"bridge":"0123456789abcdef"' \
		'"mtu":4294967296'; do
		local ipam=$NET4
		[[ $pair != '"ipam"'* ]] || ipam=
		cni ADD bridge "$(conf "$pair" "$ipam")"
		local key=${pair%%:*}
		key=${key//\"/}
		assert_error 7 "*$key*"
		assert_kept "$pair"
	done
}

@test "null and absent keys are the defaults, letter case does not matter" {
	attach "$(conf '"mtu":null,"vlan":null,"vlanTrunk":null,"ipMasq":null,"ISGATEWAY":true,"MTU":1300,"dns":null,"runtimeConfig":null,"args":null' "$NET4")"
	assert_link pod eth0 .mtu 1300
	reaches pod 10.1.2.1
}

@test "the bridge is cni0 unless said otherwise" {
	attach "$(jq -c 'del(.bridge)' <<<"$(conf '' "$NET4")")"
	assert_json '.interfaces[0].name' cni0
	has_link host cni0
}

@test "a negative mtu is none" {
	attach "$(conf '"mtu":-1' "$NET4")"
	assert_link pod eth0 .mtu 1500
}

@test "an unknown masquerade backend" {
	refused '"ipMasq":true,"ipMasqBackend":"pf"' "$NET4" '*unknown ipmasq backend "pf"*'
}

@test "mtu: an existing bridge keeps its own" {
	ip -n host link add br0 mtu 1450 type bridge
	attach "$(conf '"mtu":1300' "$NET4")"
	assert_link pod eth0 .mtu 1300
	assert_link host "$(host_end)" .mtu 1300
}

@test "MAC: from CNI_ARGS, from args.cni, from runtimeConfig; the last wins" {
	local c
	c=$(conf '' "$NET4")
	attach "$c" CNI_ARGS='IgnoreUnknown=1;MAC=02:00:00:00:00:0A'
	assert_link pod eth0 .address 02:00:00:00:00:0a
	assert_json '.interfaces[2].mac' 02:00:00:00:00:0a
	detach "$c"
	c=$(jq -c '.args.cni.mac="02-00-00-00-00-0b"' <<<"$c")
	attach "$c" CNI_ARGS='IgnoreUnknown=1;MAC=02:00:00:00:00:0a'
	assert_link pod eth0 .address 02:00:00:00:00:0b
	check "$c"
	assert_silent
	detach "$c"
	c=$(jq -c '.runtimeConfig.mac="0200.0000.000c"' <<<"$c")
	attach "$c" CNI_ARGS='IgnoreUnknown=1;MAC=02:00:00:00:00:0a'
	assert_link pod eth0 .address 02:00:00:00:00:0c
	detach "$c"
}

@test "MAC: what is none" {
	local c
	for c in '"runtimeConfig":{"mac":"zz"}' '"args":{"cni":{"mac":"zz"}}'; do
		refused "$c" "$NET4" '*zz: invalid MAC address*'
	done
	refused '' "$NET4" '*zz: invalid MAC address*' CNI_ARGS=MAC=zz
}

# bats test_tags=ferrule
@test "MAC: groups, zero, and lengths other than 6 are refused before work" {
	local mac
	keep
	for mac in 01:00:00:00:00:01 00:00:00:00:00:00 ff:ff:ff:ff:ff:ff \
		02:00:00:00:00:00:00:01 02:00 02:00:00:00:00:0g; do
		refused "\"runtimeConfig\":{\"mac\":\"$mac\"}" "$NET4" "*$mac*"
		assert_kept "$mac"
	done
}

@test "CNI_ARGS: what is refused, and what goes to IPAM" {
	refused '' "$NET4" '*invalid pair "A"*' 'CNI_ARGS=A'
	refused '' "$NET4" '*invalid pair ""*' 'CNI_ARGS=MAC=02:00:00:00:00:01;'
	refused '' "$NET4" '*unknown args*"A=B"*' 'CNI_ARGS=A=B'
	refused '' "$NET4" '*unknown args*"IP=10.1.2.9"*' 'CNI_ARGS=IP=10.1.2.9'
	attach "$(conf '' "$NET4")" 'CNI_ARGS=IgnoreUnknown=true;IP=10.1.2.9;K8S_POD_NAME=x'
	assert_json '.ips[0].address' 10.1.2.9/24
}

@test "runtimeConfig: addresses and ranges go to IPAM" {
	local c
	c=$(conf '"runtimeConfig":{"ips":["10.1.2.77/24"],"ipRanges":[[{"subnet":"10.6.0.0/24"}]]}' "$NET4")
	attach "$c"
	assert_json '[.ips[].address]|join(" ")' '10.6.0.2/24 10.1.2.77/24'
}

@test "dns: the configuration's, else IPAM's, never a mixture" {
	echo 'nameserver 192.0.2.53' >"$SCRATCH/resolv"
	local ipam="$NET4,\"resolvConf\":\"$SCRATCH/resolv\""
	attach "$(conf '' "$ipam")"
	assert_json '.dns|tojson' '{"nameservers":["192.0.2.53"]}'
	detach "$(conf '' "$ipam")"
	attach "$(conf '"dns":{"domain":"x"}' "$ipam")"
	assert_json '.dns|tojson' '{"domain":"x"}'
	detach "$(conf '' "$ipam")"
	attach "$(conf '"dns":{"search":[]}' "$ipam")"
	assert_json '.dns' null
	detach "$(conf '' "$ipam")"
	attach "$(conf '"dns":{}' "$ipam")"
	assert_json '.dns|tojson' '{"nameservers":["192.0.2.53"]}'
}

@test "IPAM: not there, of no name, of a bad one" {
	local c
	c=$(jq -c '.ipam.type="nosuch"' <<<"$(conf '' "$NET4")")
	cni ADD bridge "$c"
	assert_error '*' "*failed to find plugin \"nosuch\" in path \\[$PLUGIN_DIR\\]*"
	c=$(jq -c '.ipam.type="../x"' <<<"$c")
	cni ADD bridge "$c" CNI_IFNAME=eth1
	assert_error '*' '*invalid plugin name: ../x*'
}

@test "IPAM: an empty type is none" {
	attach "$(conf '"ipam":{"type":""}')"
	assert_json .ips null
	cni DEL bridge "$(conf '"ipam":{}')"
	assert_silent
	attach "$(conf '"ipam":{}')"
}

@test "IPAM: its error is passed on as it is" {
	ipam '{"code":77,"msg":"no way","details":"really"}'
	sed -i '$s/.*/cat '"${SCRATCH//\//\\/}"'\/answer; [ "$CNI_COMMAND" != ADD ]/' \
		"$SCRATCH/bin/fake"
	cni ADD bridge "$(conf '' "$FAKE")" "$BIN"
	assert_error 77 'no way' really
}

@test "IPAM: a result without addresses is refused" {
	ipam '{"cniVersion":"1.1.0"}'
	cni ADD bridge "$(conf '' "$FAKE")" "$BIN"
	assert_error '*' '*IPAM plugin returned missing IP config*'
	grep -q ^DEL "$SCRATCH/calls"
}

@test "IPAM: gets the same configuration, and every verb" {
	local c
	ipam '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.2/24"}]}' '"extra":[1,{"a":null}]'
	sed -i '2i cat >'"$SCRATCH"'/stdin.$CNI_COMMAND' "$SCRATCH/bin/fake"
	c=$(conf '"mtu":1400,"unknown":{"b":[]}' "$FAKE")
	attach "$c" "$BIN"
	assert_text "$(<"$SCRATCH/stdin.ADD")" "$c"
	check "$c" "$BIN"
	assert_silent
	detach "$c" "$BIN"
	cni STATUS bridge "$c" "$BIN"
	assert_silent
	assert_text "$(<"$SCRATCH/calls")" "$(printf '%s test eth0\n' ADD CHECK DEL STATUS)"
}

@test "the container's interface exists" {
	ip -n pod link add eth0 type veth peer name x
	refused '' "$NET4" '*container veth name ("eth0") peer provided ("*") already exists*' ||
		refused '' "$NET4" '*container veth name ("eth0")*already exists*'
}

@test "the bridge's name is taken by something else" {
	ip -n host link add br0 type veth peer name x
	refused '' "$NET4" '*"br0" already exists but is not a bridge*'
}

@test "the namespace is none" {
	local path
	: >"$SCRATCH/file"
	refused '' "$NET4" "*failed to open netns \"$SCRATCH/file\"*" \
		CNI_NETNS="$SCRATCH/file"
	refused '' "$NET4" '*failed to open netns "/nowhere"*' CNI_NETNS=/nowhere
}

# bats test_tags=ferrule
@test "refused before any work: namespace, interface, bridge" {
	keep
	: >"$SCRATCH/file"
	for path in "$SCRATCH/file" "$SCRATCH" /nowhere /proc/self/ns/mnt; do
		refused '"isGateway":true' "$NET4" \
			"*failed to open netns \"$path\"*" CNI_NETNS="$path"
		assert_error 4
		assert_kept
	done
	refused '"isGateway":true' "$NET4" \
		'*netns and netns from CNI_NETNS should not be the same*' \
		CNI_NETNS=/run/netns/host
	assert_error 8
	assert_kept
	ip -n host link add br0 type veth peer name x
	ip -n pod link add eth0 type veth peer name x
	keep
	refused '"isGateway":true' "$NET4" '*"br0" already exists but is not a bridge*'
	assert_kept
	ip -n host link delete br0
	keep
	refused '"isGateway":true' "$NET4" '*container veth name ("eth0")*already exists*'
	assert_kept
	[ ! -e "$SCRATCH/store/n" ] || [ -z "$(leases)" ]
}

@test "what must be in the environment" {
	cni ADD bridge "$(conf '' "$NET4")" CNI_NETNS=
	assert_error 4 '*CNI_NETNS*missing*'
	cni ADD bridge "$(conf '' "$NET4")" CNI_IFNAME=
	assert_error 4 '*CNI_IFNAME*missing*'
	cni ADD bridge "$(conf '' "$NET4")" CNI_CONTAINERID=
	assert_error 4 '*CNI_CONTAINERID*missing*'
}

@test "names of the greatest length" {
	local id name c
	id=$(printf 'c%.0s' {1..128})
	name=$(printf 'n%.0s' {1..200})
	c=$(NETWORK=$name conf '"isGateway":true,"ipMasq":true,"bridge":"bridge-of-15-ch"' "$DUAL")
	attach "$c" CNI_CONTAINERID="$id" CNI_IFNAME=interface-of-15
	reaches pod 10.1.2.1
	check "$c" CNI_CONTAINERID="$id" CNI_IFNAME=interface-of-15
	assert_silent
	detach "$c" CNI_CONTAINERID="$id" CNI_IFNAME=interface-of-15
	refute_rule 10.1.2.2
	assert_text "$(leases)" ''
}
