#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge where things go wrong: system calls that fail, and what was there.
# shellcheck disable=SC2154,SC2034,SC2016
load helpers

conf() { # [MORE KEYS]
	printf '{"cniVersion":"1.0.0","name":"n","type":"bridge","bridge":"br0",%s
		"ipam":{"type":"host-local","dataDir":"%s/store","ranges":
		[[{"subnet":"10.9.0.0/24"}],[{"subnet":"fd09::/64"}]]}}' \
		"${1:+$1,}" "$SCRATCH"
}

# Everything that an ADD could leave: links, their flags, addresses, leases.
world() {
	local ns
	for ns in host pod; do
		echo "$ns"
		ip -n $ns -j -d addr | jq -c '.[] | select(.ifname != "lo") |
			[.ifname, .ifalias, (.flags - ["NO-CARRIER", "LOWER_UP"] | sort),
			[.addr_info[] | select(.scope == "global") |
			"\(.local)/\(.prefixlen)"]]'
		ip -n $ns route show table all type unicast |
			sed '/^fe80/d; s/ linkdown//'
	done
	(cd "$SCRATCH/store/n" 2>/dev/null && find . -name '[1f]*') || true
}

# failing CALL ERRNO N VERB CONF: run with the Nth CALL failing. Returns 1 when
# there were fewer.
failing() {
	status=0
	in_ns host env CNI_COMMAND="$4" CNI_CONTAINERID=test CNI_NETNS="$POD" \
		CNI_IFNAME=eth0 CNI_PATH="$PLUGIN_DIR" strace -qq \
		-o "$SCRATCH/trace" -e trace="$1" \
		-e inject="$1:error=$2:when=$3" "$PLUGIN_DIR/bridge" <<<"$5" \
		>"$SCRATCH/out" 2>"$SCRATCH/err" || status=$?
	grep -q INJECTED "$SCRATCH/trace"
}

CALLS='sendto recvmsg socket setns openat read write flock poll pipe2 setsockopt'

# everywhere CONF PREPARE: ADD with each call failing in turn. If it fails, all
# is as before; if not, DEL removes it all but the bridge.
everywhere() {
	local call n tried=0 failed=0 before
	"$2"
	before=$(world)
	for call in $CALLS; do
		for ((n = 1; ; n++, tried++)); do
			failing "$call" ENOMEM "$n" ADD "$1" || break
			output=$(<"$SCRATCH/out") stderr=$(<"$SCRATCH/err")
			if [ "$status" -ne 0 ]; then
				failed=$((failed + 1))
			else
				cni DEL bridge "$1"
				assert_silent || return 1
				ip -n host link del br0
				"$2"
			fi
			[ "$(world)" = "$before" ] ||
				flunk "$call $n:" "$(world)" "before:" \
					"$before" || return 1
		done
		cni DEL bridge "$1"
		assert_silent || return 1
		ip -n host link del br0
		"$2"
	done
	echo "# $tried calls failed, $failed ADDs" >&3
	[ "$failed" -gt 20 ]
}

nothing() {
	rm -rf "$SCRATCH/store"
}

# bats test_tags=ferrule,novalgrind
@test "an ADD in which any call fails leaves nothing, not even the bridge" {
	everywhere "$(conf '"isGateway":true,"isDefaultGateway":true')" nothing
}

old_bridge() {
	nothing
	ip -n host link add br0 address 02:00:00:00:00:07 type bridge
	ip -n host link set br0 up
	ip -n host addr add 192.0.2.1/24 dev br0
	ip -n host addr add 2001:db8::1/64 dev br0 nodad
}

# bats test_tags=ferrule,novalgrind
@test "an ADD in which any call fails leaves an older bridge as it was" {
	everywhere "$(conf '"isGateway":true,"forceAddress":true,"promiscMode":true')" \
		old_bridge
}

# bats test_tags=ferrule,novalgrind
@test "a DEL in which any call fails can be repeated" {
	local call n tried=0 conf before
	conf=$(conf '"isGateway":true')
	before=$(world)
	for call in $CALLS; do
		for ((n = 1; ; n++, tried++)); do
			cni ADD bridge "$conf"
			assert_ok || return 1
			failing "$call" ENOMEM "$n" DEL "$conf" || break
			cni DEL bridge "$conf"
			assert_silent || return 1
			ip -n host link del br0
			[ "$(world)" = "$before" ] ||
				flunk "$call $n:" "$(world)" || return 1
		done
		ip -n host link del br0
	done
	echo "# $tried calls failed" >&3
	[ "$tried" -gt 10 ]
}

# An IPAM plugin that writes down what it is asked for.
put_ipam() { # ANSWER
	mkdir -p "$SCRATCH/bin"
	cp "$PLUGIN_DIR/bridge" "$SCRATCH/bin"
	printf '#!/bin/sh\nprintf "%%s " $CNI_COMMAND >>%s/calls\n%s\n' \
		"$SCRATCH" "$1" >"$SCRATCH/bin/ipam"
	chmod +x "$SCRATCH/bin/ipam"
}

# bats test_tags=ferrule
@test "a second ADD of an attachment does not bother IPAM" {
	local conf='{"cniVersion":"1.0.0","name":"n","type":"bridge",
		"bridge":"br0","ipam":{"type":"ipam"}}'
	put_ipam 'echo "{\"ips\":[{\"address\":\"10.9.0.2/24\"}]}"'
	cni ADD bridge "$conf" CNI_PATH="$SCRATCH/bin"
	assert_ok
	ip netns add other
	cni ADD bridge "$conf" CNI_PATH="$SCRATCH/bin" \
		CNI_NETNS=/run/netns/other
	assert_error 103 'container "test" is attached to network "n" as "eth0" already'
	[ "$(<"$SCRATCH/calls")" = "ADD " ] ||
		flunk "IPAM was called: $(<"$SCRATCH/calls")"
	ip -n pod link show eth0
}

# bats test_tags=ferrule
@test "a failed ADD takes a bridge down again that has ports of others" {
	ip -n host link add br0 type bridge
	ip -n host link add foreign type veth peer name other
	ip -n host link set foreign master br0
	put_ipam "echo '{\"code\":11,\"msg\":\"none\"}'; exit 1"
	cni ADD bridge '{"cniVersion":"1.0.0","name":"n","type":"bridge",
		"bridge":"br0","promiscMode":true,"ipam":{"type":"ipam"}}' \
		CNI_PATH="$SCRATCH/bin"
	assert_error 11 none
	link_is down host br0
	ip -n host -d link show br0 | grep -q 'promiscuity 0'
	ip -n host link show foreign | grep -q 'master br0'
}

# bats test_tags=ferrule
@test "STATUS without the right to make links is code 50" {
	cni STATUS bridge '{"cniVersion":"1.1.0","name":"n","type":"bridge"}'
	assert_silent
	status=0
	in_ns host setpriv --bounding-set -net_admin --inh-caps -all \
		env CNI_COMMAND=STATUS CNI_PATH=/x "$PLUGIN_DIR/bridge" \
		>"$SCRATCH/out" <<<'{"cniVersion":"1.1.0","name":"n","type":"bridge"}' ||
		status=$?
	output=$(<"$SCRATCH/out")
	assert_error 50 'probe for bridges: Operation not permitted'
}

# bats test_tags=ferrule
@test "ADDs that fail all at once leave no bridge" {
	local i round conf pids
	conf=$(conf '"isGateway":true' |
		jq -c '.ipam.routes = [{"dst":"10.77.0.0/16","gw":"8.8.8.8"}]')
	for i in {1..10}; do
		ip netns add "p$i"
	done
	for round in {1..4}; do
		pids=()
		for i in {1..10}; do
			(! in_ns host env CNI_COMMAND=ADD CNI_CONTAINERID="p$i" \
				CNI_NETNS="/run/netns/p$i" CNI_IFNAME=eth0 \
				CNI_PATH="$PLUGIN_DIR" "$PLUGIN_DIR/bridge" \
				<<<"$conf" >/dev/null 2>&1 3>&-) &
			pids+=($!)
		done
		wait "${pids[@]}"
		! ip -n host -br link | grep -qv '^lo ' ||
			flunk "round $round:" "$(ip -n host -br link)" ||
			return 1
	done
}

# Somebody else may have locked the namespace's file, and keep it.
# bats test_tags=ferrule
@test "a lock of somebody else stops no ADD" {
	in_ns host flock /proc/self/ns/net sleep 3 3>&- &
	sleep 0.3
	cni ADD bridge "$(conf '"isGateway":true')"
	assert_ok
	kill $!
}

# bats test_tags=ferrule
@test "an interface name that is a pattern to the kernel is refused" {
	cni ADD bridge "$(conf)" CNI_IFNAME=eth%d
	assert_error 4 'CNI_IFNAME: "eth%d": *'
	[ "$(world)" = "$(printf 'host\npod')" ] || flunk "$(world)"
}
