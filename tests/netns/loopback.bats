#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# loopback: cni-behaviour.md 2.1
load helpers

# conf [VERSION [MORE]]
conf() {
	echo "{\"cniVersion\":\"${1:-1.1.0}\",\"name\":\"lo\",\"type\":\"loopback\"${2:+,$2}}"
}

expected_1_0() { # VERSION
	cat <<-JSON
	{
	    "cniVersion": "$1",
	    "interfaces": [
	        {
	            "mac": "00:00:00:00:00:00",
	            "name": "lo",
	            "sandbox": "/run/netns/pod"
	        }
	    ],
	    "ips": [
	        {
	            "address": "127.0.0.1/8",
	            "interface": 0
	        },
	        {
	            "address": "::1/128",
	            "interface": 0
	        }
	    ]
	}
	JSON
}

@test "ADD brings lo up and reports it, byte for byte as the reference" {
	for version in 1.0.0 1.1.0; do
		cni ADD loopback "$(conf $version)"
		assert_ok
		assert_stdout "$(expected_1_0 $version)"
		link_is up pod lo
		link_is down host lo
		cni DEL loopback "$(conf $version)"
		assert_silent
		link_is down pod lo
	done
}

# bats test_tags=ferrule
@test "ADD answers in the shape of 0.3 and 0.4" {
	for version in 0.3.0 0.3.1 0.4.0; do
		cni ADD loopback "$(conf $version)"
		assert_ok
		assert_json 'tojson' "$(jq -c . <<-JSON
			{"cniVersion":"$version",
			 "interfaces":[{"name":"lo","mac":"00:00:00:00:00:00",
			                "sandbox":"/run/netns/pod"}],
			 "ips":[{"version":"4","interface":0,"address":"127.0.0.1/8"},
			        {"version":"6","interface":0,"address":"::1/128"}],
			 "dns":{}}
			JSON
		)"
	done
}

# bats test_tags=ferrule
@test "ADD answers in the shape of 0.1 and 0.2" {
	for version in 0.1.0 0.2.0; do
		cni ADD loopback "$(conf $version)"
		assert_ok
		assert_json 'tojson' "$(jq -c . <<-JSON
			{"cniVersion":"$version","ip4":{"ip":"127.0.0.1/8"},
			 "ip6":{"ip":"::1/128"},"dns":{}}
			JSON
		)"
	done
}

@test "ADD, CHECK and DEL work at every version" {
	for version in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
		cni ADD loopback "$(conf $version)"
		assert_ok
		assert_json .cniVersion $version
		link_is up pod lo
		case $version in
		0.[1-3]*) ;;
		*)
			cni CHECK loopback "$(conf $version)"
			assert_silent
			;;
		esac
		cni DEL loopback "$(conf $version)"
		assert_silent
		link_is down pod lo
	done
}

@test "ADD passes a prevResult on and brings lo up all the same" {
	local prev='{"cniVersion":"1.1.0","dns":{"nameservers":["10.0.0.53"]},
		"interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01",
		"sandbox":"/run/netns/pod"}],"ips":[{"address":"10.0.0.2/24",
		"gateway":"10.0.0.1","interface":0}],"routes":[{"dst":"0.0.0.0/0"}]}'

	cni ADD loopback "$(conf 1.1.0 "\"prevResult\":$prev")"
	assert_ok
	assert_json 'tojson' "$(jq -cS . <<<"$prev")"
	link_is up pod lo
}

@test "ADD passes a prevResult of 0.4.0 and of 0.2.0 on" {
	local prev='{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.0.0.2/24"}],"dns":{}}'
	cni ADD loopback "$(conf 0.4.0 "\"prevResult\":$prev")"
	assert_ok
	assert_json 'tojson' "$prev"

	prev='{"cniVersion":"0.2.0","ip4":{"ip":"10.0.0.2/24"},"dns":{}}'
	cni ADD loopback "$(conf 0.2.0 "\"prevResult\":$prev")"
	assert_ok
	assert_json 'tojson' "$prev"
}

@test "ADD refuses a bad prevResult before it does anything" {
	cni ADD loopback "$(conf 1.1.0 '"prevResult":{"cniVersion":"0.4.0"}')"
	assert_error '*' '*result type supports \[1.0.0 1.1.0\] but*"0.4.0"*'
	cni ADD loopback "$(conf 1.1.0 '"prevResult":7')"
	assert_error '*'
	link_is down pod lo
}

@test "a null prevResult is none" {
	cni ADD loopback "$(conf 1.1.0 '"prevResult":null')"
	assert_ok
	assert_stdout "$(expected_1_0 1.1.0)"
}

@test "ADD, CHECK and DEL can be repeated" {
	for verb in ADD CHECK DEL; do
		for _ in 1 2 3; do
			[ $verb = DEL ] || in_ns pod ip link set lo up
			cni $verb loopback "$(conf)"
			assert_ok
		done
	done
	link_is down pod lo
}

@test "the first address of each family is reported" {
	ip -n pod address add 127.0.0.9/8 dev lo
	ip -n pod address add ::1/128 dev lo
	cni ADD loopback "$(conf)"
	assert_ok
	assert_json '[.ips[].address] | tojson' '["127.0.0.9/8","::1/128"]'
}

@test "without IPv6 there is no IPv6 address" {
	in_ns pod sh -c 'echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6'
	cni ADD loopback "$(conf)"
	assert_ok
	assert_json '[.ips[].address] | tojson' '["127.0.0.1/8"]'
}

@test "ADD refuses a lo with another address" {
	for address in 192.0.2.1/32 2001:db8::1/128; do
		ip -n pod address add $address dev lo
		ip -n pod link set lo up
		cni ADD loopback "$(conf)"
		assert_error '*' "*loopback interface found with non-loopback address \"${address%/*}*\"*"
		link_is up pod lo
		ip -n pod address flush dev lo
	done
}

# bats test_tags=ferrule
@test "an ADD that refuses leaves lo down if it was down" {
	ip -n pod address add 192.0.2.1/32 dev lo
	cni ADD loopback "$(conf)"
	assert_error 100 'loopback interface found with non-loopback address "192.0.2.1"'
	link_is down pod lo
}

@test "CHECK fails when lo is down" {
	cni ADD loopback "$(conf)"
	ip -n pod link set lo down
	cni CHECK loopback "$(conf)"
	assert_error '*' 'loopback interface is down'
	ip -n pod link set lo up
	cni CHECK loopback "$(conf)"
	assert_silent
}

# bats test_tags=ferrule
@test "CHECK has the code of a failed CHECK" {
	cni CHECK loopback "$(conf)"
	assert_error 100 'loopback interface is down'
}

@test "GC and STATUS succeed silently" {
	for verb in GC STATUS; do
		cni $verb loopback "$(conf)" CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
		assert_silent
	done
}

@test "ADD and CHECK need a namespace that exists" {
	ip netns delete pod
	for verb in ADD CHECK; do
		cni $verb loopback "$(conf)"
		assert_error '*' '*failed to*"/run/netns/pod": *o such file or directory*'
	done
}

# bats test_tags=ferrule
@test "a missing namespace is an error in CNI_NETNS" {
	ip netns delete pod
	cni ADD loopback "$(conf)"
	assert_error 4 'CNI_NETNS: failed to open netns "/run/netns/pod": No such file or directory'
}

@test "ADD and CHECK refuse a file that is no namespace" {
	touch "$SCRATCH/plain"
	for verb in ADD CHECK; do
		cni $verb loopback "$(conf)" CNI_NETNS="$SCRATCH/plain"
		assert_error '*' "*unknown FS magic on \"$SCRATCH/plain\": 1021994*"
		cni $verb loopback "$(conf)" CNI_NETNS=/run
		assert_error '*' '*unknown FS magic on "/run": 1021994*'
	done
}

@test "a FIFO in place of the namespace does not block" {
	mkfifo "$SCRATCH/fifo"
	cni ADD loopback "$(conf)" CNI_NETNS="$SCRATCH/fifo"
	assert_error '*' "*unknown FS magic on \"$SCRATCH/fifo\": 1021994*"
	cni CHECK loopback "$(conf)" CNI_NETNS="$SCRATCH/fifo"
	assert_error '*'
}

@test "a namespace of another kind is refused" {
	cni ADD loopback "$(conf)" CNI_NETNS=/proc/self/ns/uts
	assert_error '*'
	link_is down pod lo
	link_is down host lo
}

# bats test_tags=ferrule
@test "a namespace of another kind, or a file in /proc, is called so" {
	for path in /proc/self/ns/uts /proc/version; do
		cni ADD loopback "$(conf)" CNI_NETNS=$path
		assert_error 4 "CNI_NETNS: failed to open netns \"$path\": \"$path\" is not a network namespace"
	done
}

@test "DEL succeeds without a namespace" {
	cni DEL loopback "$(conf)" CNI_NETNS=
	assert_silent
	cni DEL loopback "$(conf)" CNI_NETNS=/run/netns/never
	assert_silent
	ip netns delete pod
	cni DEL loopback "$(conf)"
	assert_silent
}

# What a crash between mount and mkfile, or another plugin, left behind must
# not make a DEL fail for ever.
# bats test_tags=ferrule
@test "DEL succeeds, with a warning, when something else is at the path" {
	touch "$SCRATCH/plain"
	mkfifo "$SCRATCH/fifo"
	for path in "$SCRATCH/plain" "$SCRATCH/fifo" /run /proc/self/ns/uts; do
		cni DEL loopback "$(conf)" CNI_NETNS="$path"
		assert_silent
		[[ $stderr == "loopback: CNI_NETNS: failed to open netns \"$path\": "* ]] ||
			flunk "no warning"
	done
	cni DEL loopback "$(conf)" CNI_NETNS="$SCRATCH/plain/below"
	assert_silent
}

# bats test_tags=ferrule
@test "the kernel's refusal is passed on with what was attempted" {
	cni ADD loopback "$(conf)"
	setpriv --bounding-set -sys_admin true 2>/dev/null || skip "no setpriv"
	cp "$PLUGIN_DIR/loopback" "$BATS_TEST_TMPDIR/plugin"
	printf '#!/bin/sh\nexec setpriv --bounding-set -sys_admin %s\n' \
		"$BATS_TEST_TMPDIR/plugin" >"$BATS_TEST_TMPDIR/loopback"
	chmod +x "$BATS_TEST_TMPDIR/loopback"
	PLUGIN_DIR=$BATS_TEST_TMPDIR
	cni DEL loopback "$(conf)"
	assert_error 5 "CNI_NETNS \"$POD\": enter network namespace: Operation not permitted"
	link_is up pod lo
}

# The trace's descriptor stays open to the end, which valgrind would report.
# bats test_tags=ferrule, novalgrind
@test "FERRULE_TRACE shows what is done to the kernel" {
	cni ADD loopback "$(conf)" FERRULE_TRACE=stderr
	assert_ok
	[[ $stderr == *' rtnl RTM_NEWLINK set link "lo" up = ok ('*' us)'* ]] ||
		flunk "no rtnl line"
	[[ $stderr == *' netns setns into net:['*'] = ok ('* ]] ||
		flunk "no netns line"

	cni DEL loopback "$(conf)" FERRULE_TRACE="$SCRATCH/trace"
	assert_silent
	grep -q ' rtnl RTM_NEWLINK set link "lo" down = ok ([0-9]* us)$' "$SCRATCH/trace"
	[ "$(stat -c %a "$SCRATCH/trace")" = 600 ]
	# Nothing of it without being asked.
	cni DEL loopback "$(conf)"
	assert_silent
	[ -z "$stderr" ]
}
