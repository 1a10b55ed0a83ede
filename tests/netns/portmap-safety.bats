#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap: what a published port must not open, and what it must not catch:
# CVE-2020-8558, CVE-2025-67499, CVE-2019-9946.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154
load helpers
load portmap

# loopback_via NAMESPACE LINK GATEWAY: there, 127.0.0.0/8 is behind GATEWAY and
# nothing else is in the way of such packets.
loopback_via() {
	ip -n "$1" addr flush dev lo
	in_ns "$1" sysctl -qw "net.ipv4.conf.$2.route_localnet=1" \
		"net.ipv4.conf.$2.rp_filter=0" net.ipv4.conf.all.rp_filter=0
	ip -n "$1" route add 127.0.0.0/8 via "$3" dev "$2"
}

# unguarded: as if there were no protection; for tests that show that the attack
# is one.
unguarded() {
	in_ns host nft flush chain inet ferrule_portmap guard
}

# ---- Loopback is for this host alone ----

# bats test_tags=ferrule
@test "a port of 127.0.0.9 is not there for a neighbour that routes to it" {
	serve pod tcp/80 udp/80
	loopback_via lan up0 192.0.2.1
	for BACKEND in $BACKENDS; do
		publish pod 127.0.0.9:8080:80/tcp 127.0.0.9:8080:80/udp \
			8081:80/tcp
		assert_deaf lan {tcp,udp}/127.0.0.9/8080
		assert_answers host 'pod 10.1.2.1 80' {tcp,udp}/127.0.0.9/8080
		assert_answers lan 'pod 192.0.2.2 80' tcp/192.0.2.1/8081
		# Of a port for all addresses, 127.0.0.1 is none for it.
		assert_deaf lan tcp/127.0.0.1/8081 tcp/127.0.0.9/8081
		assert_answers host 'pod *' tcp/127.0.0.1/8081
		fresh
	done
}

# bats test_tags=ferrule
@test "the same attack succeeds without the guard" {
	BACKEND=nftables
	serve pod tcp/80
	loopback_via lan up0 192.0.2.1
	publish pod 127.0.0.9:8080:80/tcp
	assert_deaf lan tcp/127.0.0.9/8080
	unguarded
	assert_answers lan 'pod *' tcp/127.0.0.9/8080
}

# route_localnet on the bridge is what makes 127.0.0.1 reachable for its ports.
# bats test_tags=ferrule
@test "the host's own services on 127.0.0.1 are not there for a container" {
	serve pod tcp/80
	serve host tcp/9999 udp/9999
	loopback_via pod2 eth0 10.1.2.1
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		[ "$(in_ns host sysctl -n net.ipv4.conf.br0.route_localnet)" = 1 ]
		assert_answers host 'host *' {tcp,udp}/127.0.0.1/9999
		assert_deaf pod2 {tcp,udp}/127.0.0.1/9999 tcp/127.0.0.1/8080
		if [ "$BACKEND" = nftables ]; then
			unguarded
			assert_answers pod2 'host *' tcp/127.0.0.1/9999
		fi
		fresh
	done
}

# Who trusts what comes from 127.0.0.1 must not be fooled by a container; without
# route_localnet the kernel itself drops such packets.
# bats test_tags=ferrule
@test "a container cannot send as 127.0.0.1" {
	serve pod tcp/80
	serve host udp/9999
	in_ns pod2 sysctl -qw net.ipv4.conf.eth0.route_localnet=1
	ip -n pod2 addr flush dev lo
	ip -n pod2 addr add 127.0.0.77/32 dev eth0
	ip -n pod2 route add 10.1.2.1/32 dev eth0 src 127.0.0.77
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		assert_deaf pod2 udp/10.1.2.1/9999
		! grep '^host 127' "$SCRATCH/asked.host" ||
			flunk 'it came from 127.0.0.77'
		fresh
	done
	# As with the reference:
	in_ns host sysctl -qw net.ipv4.conf.br0.route_localnet=1
	assert_deaf pod2 udp/10.1.2.1/9999
	grep -q '^host 127.0.0.77 9999$' "$SCRATCH/asked.host"
}

# bats test_tags=ferrule
@test "the guard stays with the last port, and goes with it" {
	BACKEND=nftables
	serve pod tcp/80
	loopback_via lan up0 192.0.2.1
	publish pod 127.0.0.9:8080:80/tcp
	publish pod2 8081:80/tcp
	withdraw pod2 8081:80/tcp
	assert_deaf lan tcp/127.0.0.9/8080
	withdraw pod 127.0.0.9:8080:80/tcp
	[ -z "$(in_ns host nft list ruleset)" ]
}

# ---- What is for others ----

@test "what is only forwarded is not caught" {
	serve pod tcp/53 udp/53 sctp/53
	serve server tcp/53 udp/53 sctp/53
	for BACKEND in $BACKENDS; do
		publish pod 53:53/tcp 53:53/udp 53:53/sctp
		assert_answers lan 'server 192.0.2.2 53' \
			{tcp,udp,sctp}/198.51.100.2/53
		assert_answers lan 'server 2001:db8::2 53' \
			{tcp,udp,sctp}/2001:db8:1::2/53
		# A container's own question, and the host's.
		assert_answers pod2 'server 10.1.2.3 53' \
			{tcp,udp}/198.51.100.2/53
		assert_answers pod 'server 10.1.2.2 53' \
			{tcp,udp}/198.51.100.2/53
		assert_answers host 'server * 53' {tcp,udp}/198.51.100.2/53 \
			{tcp,udp}/2001:db8:1::2/53
		assert_answers lan 'pod *' {tcp,udp}/192.0.2.1/53
		fresh
	done
}

@test "a port of one address does not catch what is for another machine" {
	serve pod tcp/80
	serve server tcp/8080
	for BACKEND in $BACKENDS; do
		publish pod 198.51.100.2:8080:80/tcp
		assert_answers lan 'server *' tcp/198.51.100.2/8080
		assert_answers host 'server *' tcp/198.51.100.2/8080
		fresh
	done
}

@test "the host's other ports are its own" {
	serve pod tcp/80 udp/80
	serve host tcp/9000 udp/9000 udp/8080
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		assert_answers lan 'host 192.0.2.2 9000' {tcp,udp}/192.0.2.1/9000
		assert_answers lan 'host 2001:db8::2 9000' \
			{tcp,udp}/2001:db8::{1,11}/9000
		assert_answers lan 'host *' udp/192.0.2.1/8080
		assert_answers host 'host *' tcp/127.0.0.1/9000
		fresh
	done
}

# ---- Other translators ----

# service MEANS: what kube-proxy does for a service that listens on port 8080 of
# this host: the answer is pod2's. In an own table (nf_tables) or the tables of
# iptables.
service() {
	local family
	case $1 in
	nftables)
		for family in 'ip 10.1.2.3:80' 'ip6 [fd00:2::3]:80'; do
			# shellcheck disable=SC2086
			set -- $family
			in_ns host nft -f - <<-NFT
				table $1 kube-proxy {
					chain prerouting {
						type nat hook prerouting priority dstnat
						tcp dport 8080 dnat to $2
					}
					chain output {
						type nat hook output priority -100
						tcp dport 8080 dnat to $2
					}
				}
			NFT
		done
		;;
	iptables)
		for family in 'iptables 10.1.2.3:80' 'ip6tables [fd00:2::3]:80'; do
			# shellcheck disable=SC2086
			set -- $family
			in_ns host "$1" -t nat -N KUBE-SERVICES
			in_ns host "$1" -t nat -A KUBE-SERVICES -p tcp \
				--dport 8080 -j DNAT --to-destination "$2"
			in_ns host "$1" -t nat -I PREROUTING -j KUBE-SERVICES
			in_ns host "$1" -t nat -I OUTPUT -j KUBE-SERVICES
		done
		;;
	esac
}

assert_service_wins() {
	assert_answers lan 'pod2 *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
	assert_answers host 'pod2 *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
	assert_answers lan 'pod *' tcp/192.0.2.1/8081 tcp/2001:db8::1/8081
}

@test "a service of iptables wins, if it is first" {
	BACKEND=iptables
	serve pod tcp/80
	serve pod2 tcp/80
	service iptables
	publish pod 8080:80/tcp 8081:80/tcp
	assert_service_wins
}

# bats test_tags=ferrule
@test "a service wins, whoever came first and by whatever means" {
	local means
	serve pod tcp/80
	serve pod2 tcp/80
	for means in $BACKENDS; do
		BACKEND=nftables
		publish pod 8080:80/tcp 8081:80/tcp
		service "$means"
		assert_service_wins
		fresh
		service "$means"
		publish pod 8080:80/tcp 8081:80/tcp
		assert_service_wins
		fresh
	done
	BACKEND=iptables
	publish pod 8080:80/tcp 8081:80/tcp
	service iptables
	assert_service_wins
}

# A service's address, which is nobody's, is translated to the container. Who is
# masqueraded then is for the service's rules to say.
@test "what others translate to the container is not masqueraded" {
	serve pod tcp/80
	in_ns host nft -f - <<-NFT
		table ip kube-proxy {
			chain prerouting {
				type nat hook prerouting priority dstnat
				ip daddr 10.96.0.1 tcp dport 80 dnat to 10.1.2.2:80
				ip daddr 10.96.0.1 tcp dport 8080 dnat to 10.1.2.2:80
			}
		}
	NFT
	in_ns host nft list ruleset >"$SCRATCH/service"
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		assert_answers pod2 'pod 10.1.2.3 80' tcp/10.96.0.1/80 \
			tcp/10.96.0.1/8080
		assert_answers lan 'pod 192.0.2.2 80' tcp/10.96.0.1/80
		# Nor is who comes straight.
		assert_answers pod2 'pod 10.1.2.3 80' tcp/10.1.2.2/80
		assert_answers pod2 'pod fd00:2::3 80' tcp/fd00:2::2/80
		assert_answers pod2 'pod 10.1.2.[13] 80' tcp/192.0.2.1/8080
		fresh
		in_ns host nft -f "$SCRATCH/service"
	done
}

# An accept in one base chain is none in the next.
@test "a firewall's drop is respected" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		in_ns host nft 'add table inet fw
			add chain inet fw forward { type filter hook forward priority 0; policy drop; }
			add rule inet fw forward ct state established,related accept
			add rule inet fw forward ct status dnat ip saddr != 192.0.2.2 accept'
		publish pod 8080:80/tcp
		assert_deaf lan tcp/192.0.2.1/8080
		assert_answers server 'pod *' tcp/192.0.2.1/8080
		fresh
	done
}

# With several networks, and strict reverse path filtering.
@test "rp_filter 1 is no obstacle" {
	serve pod tcp/80
	in_ns host sysctl -qw net.ipv4.conf.all.rp_filter=1 \
		net.ipv4.conf.br0.rp_filter=1 net.ipv4.conf.up0.rp_filter=1
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		assert_answers host 'pod *' tcp/127.0.0.1/8080 tcp/192.0.2.1/8080
		assert_answers pod 'pod *' tcp/192.0.2.1/8080
		fresh
	done
}
