#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# That the guest of `make check-vm` is what tests run in it for: it has what
# they would otherwise skip, so that a skipped test in it is an error.
load ../netns/helpers

@test "guest: the bridge filters VLANs" {
	ip -n host link add br0 up type bridge vlan_filtering 1
	ip -n host link add v0 up master br0 type veth peer name eth0 netns pod
	in_ns host bridge vlan add dev v0 vid 20-22
	in_ns host bridge vlan add dev v0 vid 10 pvid untagged
	in_ns host bridge -j vlan show dev v0 | jq -e '
		.[0].vlans == [{"vlan":1,"flags":["Egress Untagged"]},
			{"vlan":10,"flags":["PVID","Egress Untagged"]},
			{"vlan":20,"vlanEnd":22}]' ||
		in_ns host bridge -j vlan show dev v0 | jq -e '
		[.[0].vlans[].vlan] == [1, 10, 20, 21, 22]'
}

@test "guest: 8021q, macvlan, ipvlan, vrf and dummy can be made" {
	ip -n host link add dummy0 type dummy
	ip -n host link add vlan5 link dummy0 type vlan id 5
	ip -n host link add vrf0 type vrf table 10
	ip -n host link add macvlan0 link dummy0 type macvlan
	ip -n host link add dummy1 type dummy
	ip -n host link add ipvlan0 link dummy1 type ipvlan
	[ "$(ip -n host -j link | jq length)" -eq 7 ]
}

@test "guest: nf_tables of the bridge family, iptables of xtables" {
	in_ns host nft add table bridge filter
	in_ns host nft list tables | grep -x 'table bridge filter'
	run ! in_ns host nft add table ip filter
	in_ns host iptables -w -t nat -A POSTROUTING -s 10.0.0.0/8 \
		-m comment --comment mine -j MASQUERADE
	in_ns host iptables-save -t nat | grep mine
	in_ns host ip6tables -w -t nat -A POSTROUTING -s fd00::/8 -j MASQUERADE
	printf '%s\n' '*nat' ':MINE - [0:0]' COMMIT |
		in_ns host iptables-restore --noflush --wait
	in_ns host iptables -w -t nat -S MINE
}

@test "guest: bridged frames pass the filters of IP, IPv6 is there" {
	[ "$(in_ns host cat /proc/sys/net/bridge/bridge-nf-call-iptables)" -eq 1 ]
	[ "$(in_ns host cat /proc/sys/net/ipv6/conf/lo/disable_ipv6)" -eq 0 ]
}

@test "guest: everything can be written, to memory" {
	[ "$(findmnt -no FSTYPE /)" = overlay ]
	touch /usr/bin/guest /etc/guest /var/lib/guest "$BATS_TEST_DIRNAME/guest"
	rm /usr/bin/guest "$BATS_TEST_DIRNAME/guest"
}
