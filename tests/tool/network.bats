#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `runtime-glue network` and `map`.

load helpers

@test "network: create, ls, inspect, rm" {
	glue network create --subnet 10.1.0.0/24 --gateway 10.1.0.9 --ipv6 web
	assert_ok
	[ "$output" = web ]
	jq -e '.name == "web" and .plugins[0].ipam.ranges[0][0].gateway == "10.1.0.9"
		and (.plugins[0].ipam.ranges | length == 2)
		and .plugins[1].type == "portmap"' "$NETCONFPATH/web.conflist"
	glue network ls
	assert_output web 10.1.0.0/24 bridge,portmap
	glue network inspect web
	assert_ok
	jq -e '.[0].containers == []' <<<"$output"
	glue network rm web
	assert_ok
	[ ! -e "$NETCONFPATH/web.conflist" ]
}

@test "network: wrong options are named" {
	glue network create --subnet 10.1.0.5/24 a
	assert_fails "--subnet 10.1.0.5/24" "10.1.0.0/24"
	glue network create --subnet 10.1.0.0/24 --gateway 10.2.0.1 a
	assert_fails "--gateway 10.2.0.1"
	glue network create --mtu 9 a
	assert_fails "--mtu"
	glue network create --driver overlay a
	assert_fails "--driver overlay"
	glue network create host
	assert_fails host
	glue network create ../a
	assert_fails "../a"
	[ -z "$(ls -A "$NETCONFPATH")" ]
}

@test "network: a subnet in use is refused, and none such chosen" {
	ip link add glue-t type bridge
	ip addr add 10.90.0.1/24 dev glue-t
	ip link set glue-t up
	glue network create --subnet 10.90.0.0/16 a
	assert_fails "--subnet 10.90.0.0/16" "10.90.0.0/24"
	glue network create a
	assert_ok
	grep -q 10.90.1.0/24 "$NETCONFPATH/a.conflist"
	glue network create --subnet 10.90.1.0/25 b
	assert_fails 'network "a"'
	glue network create a
	assert_fails 'there is a network "a" already' "$NETCONFPATH/a.conflist"
}

@test "network: rm is refused while an attachment is there; prune leaves it" {
	touch "$SCRATCH/ns"
	unshare --net="$SCRATCH/ns" true
	glue network create a
	glue network create b
	glue cni add a "$SCRATCH/ns"
	assert_ok
	glue map
	assert_output "a bridge" "veth" "eth0 10."
	glue map --mermaid
	assert_output "flowchart LR"
	glue map --svg
	assert_output "<svg" "</svg>"
	glue network rm a
	assert_fails 'network "a"' "used by container"
	glue network prune
	assert_ok
	[ "$output" = b ]
	glue cni del a "$SCRATCH/ns"
	assert_ok
	umount "$SCRATCH/ns"
	glue network rm a
	assert_ok
	run ! ip link show a
	[ ! -e /var/lib/cni/networks/a ]
}
