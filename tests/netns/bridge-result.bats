#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bridge: the forms of its result (cni-behaviour.md 1.3).
# shellcheck disable=SC2016,SC2030,SC2031,SC2119,SC2120,SC2154
load helpers
load bridge

VERSIONS='0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0'
DNS='"dns":{"nameservers":["10.1.2.1"],"domain":"example.org","search":["a","b"],"options":["ndots:2"]}'
ROUTES='"routes":[{"dst":"0.0.0.0/0"},{"dst":"10.9.0.0/16","gw":"10.1.2.254","mtu":1400,"advmss":1300,"priority":7,"table":0,"scope":0}]'

# What differs from run to run is replaced: MACs by their place in the result
# and the name of the host's end. interfaces[].mtu is ferrule's, and checked
# by itself.
plain() {
	sed -zE 's/"mac": "[0-9a-f:]+"/"mac": "MAC1"/
		s/"mac": "[0-9a-f:]+"/"mac": "MAC2"/
		s/"mac": "[0-9a-f:]+"/"mac": "MAC3"/
		s/"veth[0-9a-z]+"/"VETH"/
		s/\n {12}"mtu": [0-9]+,(\n {12}"name")/\1/g' "$stdout_file"
	printf .
}

# assert_result TEXT
assert_result() {
	assert_ok || return 1
	[ "$(plain)" = "$1." ] || flunk "result differs:" \
		"$(diff -u <(echo "$1.") <(plain))"
}

dns_old='    "dns": {
        "nameservers": [
            "10.1.2.1"
        ],
        "domain": "example.org",
        "search": [
            "a",
            "b"
        ],
        "options": [
            "ndots:2"
        ]
    }'

# expected VERSION: of an attachment with everything.
expected() {
	case $1 in
	0.[12].0) cat <<-JSON ;;
	{
	    "cniVersion": "$1",
	    "ip4": {
	        "ip": "10.1.2.2/24",
	        "gateway": "10.1.2.1",
	        "routes": [
	            {
	                "dst": "0.0.0.0/0"
	            },
	            {
	                "dst": "10.9.0.0/16",
	                "gw": "10.1.2.254"
	            }
	        ]
	    },
	    "ip6": {
	        "ip": "fd00:2::2/64",
	        "gateway": "fd00:2::1"
	    },
	$dns_old
	}
	JSON
	0.[34].?) cat <<-JSON ;;
	{
	    "cniVersion": "$1",
	    "interfaces": [
	        {
	            "name": "br0",
	            "mac": "MAC1"
	        },
	        {
	            "name": "VETH",
	            "mac": "MAC2"
	        },
	        {
	            "name": "eth0",
	            "mac": "MAC3",
	            "sandbox": "/run/netns/pod"
	        }
	    ],
	    "ips": [
	        {
	            "version": "4",
	            "interface": 2,
	            "address": "10.1.2.2/24",
	            "gateway": "10.1.2.1"
	        },
	        {
	            "version": "6",
	            "interface": 2,
	            "address": "fd00:2::2/64",
	            "gateway": "fd00:2::1"
	        }
	    ],
	    "routes": [
	        {
	            "dst": "0.0.0.0/0"
	        },
	        {
	            "dst": "10.9.0.0/16",
	            "gw": "10.1.2.254",
	            "mtu": 1400,
	            "advmss": 1300,
	            "priority": 7,
	            "table": 0,
	            "scope": 0
	        }
	    ],
	$dns_old
	}
	JSON
	1.?.0) cat <<-JSON ;;
	{
	    "cniVersion": "$1",
	    "dns": {
	        "domain": "example.org",
	        "nameservers": [
	            "10.1.2.1"
	        ],
	        "options": [
	            "ndots:2"
	        ],
	        "search": [
	            "a",
	            "b"
	        ]
	    },
	    "interfaces": [
	        {
	            "mac": "MAC1",
	            "name": "br0"
	        },
	        {
	            "mac": "MAC2",
	            "name": "VETH"
	        },
	        {
	            "mac": "MAC3",
	            "name": "eth0",
	            "sandbox": "/run/netns/pod"
	        }
	    ],
	    "ips": [
	        {
	            "address": "10.1.2.2/24",
	            "gateway": "10.1.2.1",
	            "interface": 2
	        },
	        {
	            "address": "fd00:2::2/64",
	            "gateway": "fd00:2::1",
	            "interface": 2
	        }
	    ],
	    "routes": [
	        {
	            "dst": "0.0.0.0/0"
	        },
	        {
	            "advmss": 1300,
	            "dst": "10.9.0.0/16",
	            "gw": "10.1.2.254",
	            "mtu": 1400,
	            "priority": 7,
	            "scope": 0,
	            "table": 0
	        }
	    ]
	}
	JSON
	esac
}

# expected_l2 VERSION
expected_l2() {
	case $1 in
	0.[34].?) cat <<-JSON ;;
	{
	    "cniVersion": "$1",
	    "interfaces": [
	        {
	            "name": "br0",
	            "mac": "MAC1"
	        },
	        {
	            "name": "VETH",
	            "mac": "MAC2"
	        },
	        {
	            "name": "eth0",
	            "mac": "MAC3",
	            "sandbox": "/run/netns/pod"
	        }
	    ],
	    "dns": {}
	}
	JSON
	1.?.0) cat <<-JSON ;;
	{
	    "cniVersion": "$1",
	    "interfaces": [
	        {
	            "mac": "MAC1",
	            "name": "br0"
	        },
	        {
	            "mac": "MAC2",
	            "name": "VETH"
	        },
	        {
	            "mac": "MAC3",
	            "name": "eth0",
	            "sandbox": "/run/netns/pod"
	        }
	    ]
	}
	JSON
	esac
}

@test "the result, at every version, byte for byte as the reference" {
	local v c
	for v in $VERSIONS; do
		c=$(VERSION=$v conf "\"isGateway\":true,$DNS" "$DUAL,$ROUTES")
		rm -rf "$SCRATCH/store"
		cni ADD bridge "$c"
		assert_result "$(expected "$v")"
		cni DEL bridge "$c"
		assert_silent
	done
}

@test "the result without ipam, at every version that has one" {
	local v
	for v in 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
		cni ADD bridge "$(VERSION=$v conf)"
		assert_result "$(expected_l2 "$v")"
		cni DEL bridge "$(VERSION=$v conf)"
		assert_silent
	done
}

@test "without addresses there is no result at 0.1.0 and 0.2.0" {
	local v
	for v in 0.1.0 0.2.0; do
		cni ADD bridge "$(VERSION=$v conf)"
		assert_error '*' '*cannot convert: no valid IP addresses'
		cni DEL bridge "$(VERSION=$v conf)"
		assert_silent
	done
}

# bats test_tags=ferrule
@test "without addresses nothing is made at 0.1.0 and 0.2.0" {
	local v
	keep
	for v in 0.1.0 0.2.0; do
		cni ADD bridge "$(VERSION=$v conf)"
		assert_error 7 '*cannot convert: no valid IP addresses'
		assert_kept
	done
}

# bats test_tags=ferrule
@test "interfaces have their mtu at 1.1.0, and not before" {
	attach "$(conf '"mtu":1400' "$NET4")"
	assert_json '[.interfaces[].mtu]|join(" ")' '1400 1400 1400'
	detach "$(conf '"mtu":1400' "$NET4")"
	attach "$(VERSION=1.0.0 conf '' "$NET4")"
	assert_json '[.interfaces[].mtu]|join("")' ''
}
