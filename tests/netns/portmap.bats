#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap: who reaches a published port, and whom the container sees; see
# cni-behaviour.md 2.4. All of it with both backends.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154
load helpers
load portmap

# Three services, and all3 ADDRESS...: how talk.py is asked for them.
ALL3=(8080:80/tcp 8081:81/udp 8082:82/sctp)
all3() {
	local a
	for a in "$@"; do
		echo "tcp/$a/8080" "udp/$a/8081" "sctp/$a/8082"
	done
}

# no_br_netfilter: bridged packets go unseen, as where it is not loaded.
no_br_netfilter() {
	in_ns host sysctl -qw net.bridge.bridge-nf-call-iptables=0 \
		net.bridge.bridge-nf-call-ip6tables=0
}

# ---- Who reaches it ----

@test "from a neighbour, whose address the container sees" {
	serve pod tcp/80 udp/81 sctp/82
	for BACKEND in $BACKENDS; do
		publish pod "${ALL3[@]}"
		# shellcheck disable=SC2046
		assert_answers lan 'pod 192.0.2.2 8?' \
			$(all3 192.0.2.1 192.0.2.11 198.51.100.1 10.1.2.1)
		# shellcheck disable=SC2046
		assert_answers lan 'pod 2001:db8::2 8?' \
			$(all3 2001:db8::1 2001:db8::11 fd00:2::1)
		withdraw pod "${ALL3[@]}"
		assert_deaf lan tcp/192.0.2.1/8080 tcp/2001:db8::1/8080 \
			udp/192.0.2.1/8081 udp/2001:db8::1/8081 \
			sctp/192.0.2.1/8082 sctp/2001:db8::1/8082
		fresh
	done
}

@test "from the host itself" {
	serve pod tcp/80 udp/81 sctp/82
	for BACKEND in $BACKENDS; do
		publish pod "${ALL3[@]}"
		# shellcheck disable=SC2046
		assert_answers host 'pod 10.1.2.1 8?' \
			$(all3 127.0.0.1 10.1.2.1)
		# shellcheck disable=SC2046
		assert_answers host 'pod @(192.0.2.1|10.1.2.1) 8?' \
			$(all3 192.0.2.1)
		# shellcheck disable=SC2046
		assert_answers host 'pod @(2001:db8::1|fd00:2::1) 8?' \
			$(all3 2001:db8::1 fd00:2::1)
		withdraw pod "${ALL3[@]}"
		assert_deaf host tcp/127.0.0.1/8080 tcp/192.0.2.1/8080 \
			tcp/2001:db8::1/8080
		fresh
	done
}

# With IPv6 it depends on br_netfilter whether the kernel can do it; but a
# client must not wait for it.
# bats test_tags=ferrule
@test "from the host by ::1: an answer or a refusal, no silence" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		assert_answers host '@(pod * 80|refused)' -t 2 tcp/::1/8080
		fresh
	done
}

# assert_hairpin: the container reaches itself, by the host's addresses.
assert_hairpin() {
	publish pod "${ALL3[@]}"
	# shellcheck disable=SC2046
	assert_answers pod 'pod 10.1.2.1 8?' $(all3 192.0.2.1 10.1.2.1)
	# shellcheck disable=SC2046
	assert_answers pod 'pod fd00:2::1 8?' $(all3 2001:db8::1 fd00:2::1)
	withdraw pod "${ALL3[@]}"
	fresh
}

# br_netfilter translates as soon as the packet is on the bridge, which then has
# to send it back where it came from.
@test "from the container itself, with br_netfilter and a hairpin port" {
	serve pod tcp/80 udp/81 sctp/82
	for BACKEND in $BACKENDS; do
		assert_hairpin
	done
}

@test "from the container itself, without br_netfilter, without hairpin" {
	serve pod tcp/80 udp/81 sctp/82
	no_br_netfilter
	ip -n host link set pod type bridge_slave hairpin off
	for BACKEND in $BACKENDS; do
		assert_hairpin
	done
}

@test "from a sibling" {
	serve pod tcp/80 udp/81 sctp/82
	for BACKEND in $BACKENDS; do
		publish pod "${ALL3[@]}"
		# shellcheck disable=SC2046
		assert_answers pod2 'pod 10.1.2.[13] 8?' \
			$(all3 192.0.2.1 10.1.2.1)
		# shellcheck disable=SC2046
		assert_answers pod2 'pod fd00:2::[13] 8?' \
			$(all3 2001:db8::1 fd00:2::1)
		fresh
	done
}

@test "from a sibling, without br_netfilter: the iptables backend" {
	BACKEND=iptables
	serve pod tcp/80
	no_br_netfilter
	publish pod 8080:80/tcp
	assert_answers pod2 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
	assert_answers pod2 'pod fd00:2::1 80' tcp/2001:db8::1/8080
}

# Else its answer goes straight to the sibling, who has not asked that address.
# bats test_tags=ferrule
@test "from a sibling, without br_netfilter: both backends, all protocols" {
	serve pod tcp/80 udp/81 sctp/82
	no_br_netfilter
	for BACKEND in $BACKENDS; do
		publish pod "${ALL3[@]}"
		# shellcheck disable=SC2046
		assert_answers pod2 'pod 10.1.2.1 8?' $(all3 192.0.2.1)
		# shellcheck disable=SC2046
		assert_answers pod2 'pod fd00:2::1 8?' $(all3 2001:db8::1)
		assert_answers lan 'pod 192.0.2.2 80' tcp/192.0.2.1/8080
		fresh
	done
}

@test "two containers publish, and each answers for itself" {
	serve pod tcp/80 udp/80
	serve pod2 tcp/80 udp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp 8080:80/udp
		publish pod2 8081:80/tcp 8081:80/udp
		assert_answers lan 'pod *' {tcp,udp}/{192.0.2.1,2001:db8::1}/8080
		assert_answers lan 'pod2 *' {tcp,udp}/{192.0.2.1,2001:db8::1}/8081
		# Each by the other's, too.
		assert_answers pod 'pod2 *' tcp/192.0.2.1/8081
		assert_answers pod2 'pod *' tcp/192.0.2.1/8080
		withdraw pod 8080:80/tcp 8080:80/udp
		assert_deaf lan {tcp,udp}/{192.0.2.1,2001:db8::1}/8080
		assert_answers lan 'pod2 *' {tcp,udp}/{192.0.2.1,2001:db8::1}/8081
		fresh
	done
}

# ---- What is published where ----

@test "one container port on several host ports, and one number for two" {
	serve pod tcp/80 udp/80 tcp/53
	for BACKEND in $BACKENDS; do
		publish pod 80:80/tcp 8080:80/tcp 53:53/tcp 80:80/udp
		assert_answers lan 'pod 192.0.2.2 80' tcp/192.0.2.1/80 \
			tcp/192.0.2.1/8080 udp/192.0.2.1/80
		assert_answers lan 'pod 192.0.2.2 53' tcp/192.0.2.1/53
		assert_deaf lan udp/192.0.2.1/8080
		withdraw pod 80:80/tcp 8080:80/tcp 53:53/tcp 80:80/udp
		assert_deaf lan tcp/192.0.2.1/80 udp/192.0.2.1/80
		fresh
	done
}

@test "only the host port is published, not the container's number" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 65535:80/tcp
		assert_answers lan 'pod *' tcp/192.0.2.1/65535
		assert_deaf lan tcp/192.0.2.1/80 tcp/2001:db8::1/80
		fresh
	done
}

@test "on one of the host's addresses" {
	serve pod tcp/80 udp/81
	local maps=(192.0.2.11:8080:80/tcp '[2001:db8::11]:8081:81/udp')
	for BACKEND in $BACKENDS; do
		publish pod "${maps[@]}"
		for ns in lan host; do
			assert_answers $ns 'pod *' tcp/192.0.2.11/8080 \
				udp/2001:db8::11/8081
			assert_deaf $ns tcp/192.0.2.1/8080 \
				tcp/2001:db8::11/8080 udp/2001:db8::1/8081 \
				udp/192.0.2.11/8081
		done
		assert_deaf host tcp/127.0.0.1/8080 udp/127.0.0.1/8081
		assert_answers pod 'pod 10.1.2.1 80' tcp/192.0.2.11/8080
		withdraw pod "${maps[@]}"
		assert_deaf lan tcp/192.0.2.11/8080 udp/2001:db8::11/8081
		fresh
	done
}

@test "on 127.0.0.1 alone, for the host alone" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 127.0.0.1:8080:80/tcp
		assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/8080
		assert_deaf host tcp/192.0.2.1/8080 tcp/127.0.0.2/8080
		assert_deaf lan tcp/192.0.2.1/8080
		fresh
	done
}

@test "on all addresses of one family: 0.0.0.0 and ::" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 0.0.0.0:8080:80/tcp '[::]:8081:80/tcp'
		assert_answers lan 'pod *' tcp/192.0.2.1/8080 \
			tcp/192.0.2.11/8080 tcp/2001:db8::1/8081
		assert_answers host 'pod *' tcp/127.0.0.1/8080
		assert_deaf lan tcp/2001:db8::1/8080 tcp/192.0.2.1/8081
		withdraw pod 0.0.0.0:8080:80/tcp '[::]:8081:80/tcp'
		assert_deaf lan tcp/192.0.2.1/8080 tcp/2001:db8::1/8081
		fresh
	done
}

# What the conformance test of Kubernetes does.
@test "the same port on two addresses and with two protocols" {
	serve pod tcp/8080
	serve pod2 tcp/8080 udp/8080
	for BACKEND in $BACKENDS; do
		publish pod 127.0.0.1:54323:8080/tcp
		CID=two publish pod2 192.0.2.1:54323:8080/tcp
		CID=three publish pod2 192.0.2.1:54323:8080/udp
		assert_answers host 'pod *' tcp/127.0.0.1/54323
		assert_answers host 'pod2 *' tcp/192.0.2.1/54323 \
			udp/192.0.2.1/54323
		assert_answers lan 'pod2 192.0.2.2 8080' tcp/192.0.2.1/54323 \
			udp/192.0.2.1/54323
		CID=two withdraw pod2 192.0.2.1:54323:8080/tcp
		assert_deaf host tcp/192.0.2.1/54323
		assert_answers host 'pod *' tcp/127.0.0.1/54323
		assert_answers lan 'pod2 *' udp/192.0.2.1/54323
		fresh
	done
}

# Whoever names an address has it, whatever others do with all addresses.
@test "one container has an address, another all the rest" {
	serve pod tcp/80
	serve pod2 tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 192.0.2.11:8080:80/tcp '[2001:db8::11]:8080:80/tcp'
		publish pod2 8080:80/tcp
		assert_answers lan 'pod *' tcp/192.0.2.11/8080 \
			tcp/2001:db8::11/8080
		assert_answers lan 'pod2 *' tcp/192.0.2.1/8080 \
			tcp/2001:db8::1/8080
		fresh
	done
}

# bats test_tags=ferrule
@test "one has all addresses, and another then one of them" {
	BACKEND=nftables
	serve pod tcp/80
	serve pod2 tcp/80
	publish pod2 8080:80/tcp
	publish pod 192.0.2.11:8080:80/tcp '[2001:db8::11]:8080:80/tcp'
	assert_answers lan 'pod *' tcp/192.0.2.11/8080 tcp/2001:db8::11/8080
	assert_answers lan 'pod2 *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
	withdraw pod 192.0.2.11:8080:80/tcp '[2001:db8::11]:8080:80/tcp'
	assert_answers lan 'pod2 *' tcp/192.0.2.11/8080 tcp/2001:db8::11/8080
}

@test "a container of one family" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		FAMILIES=4 publish pod 8080:80/tcp
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		assert_deaf lan tcp/2001:db8::1/8080
		FAMILIES=4 withdraw pod 8080:80/tcp
		fresh
		FAMILIES=6 publish pod 8080:80/tcp
		assert_answers lan 'pod *' tcp/2001:db8::1/8080
		assert_deaf lan tcp/192.0.2.1/8080
		FAMILIES=6 withdraw pod 8080:80/tcp
		fresh
	done
}

@test "an address of a family that the container lacks" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		FAMILIES=4 publish pod '[2001:db8::1]:8080:80/tcp' \
			192.0.2.1:8081:80/tcp
		assert_answers lan 'pod *' tcp/192.0.2.1/8081
		assert_deaf lan tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
		FAMILIES=4 withdraw pod '[2001:db8::1]:8080:80/tcp' \
			192.0.2.1:8081:80/tcp
		fresh
	done
}

@test "20 ports, and 100" {
	local n maps targets ports
	mapfile -t ports < <(seq -f "tcp/%.0f" 101 200)
	serve pod "${ports[@]}"
	for BACKEND in $BACKENDS; do
		for n in 20 100; do
			mapfile -t maps < <(seq "$n" |
				awk '{ print 8000 + $1 ":" 100 + $1 "/tcp" }')
			mapfile -t targets < <(seq -f "tcp/192.0.2.1/%.0f" \
				8001 $((8000 + n)))
			FAMILIES=4 publish pod "${maps[@]}"
			assert_answers lan 'pod 192.0.2.2 *' "${targets[@]}"
			[ "$(ask lan "${targets[@]}" | sort -u | wc -l)" -eq $n ]
			FAMILIES=4 withdraw pod "${maps[@]}"
			assert_deaf lan tcp/192.0.2.1/8001 \
				tcp/192.0.2.1/$((8000 + n))
			fresh
		done
	done
}

# ---- Masquerade ----

@test "snat false: nobody is masqueraded" {
	MORE='"snat":false'
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		assert_answers lan 'pod 192.0.2.2 80' tcp/192.0.2.1/8080
		assert_answers lan 'pod 2001:db8::2 80' tcp/2001:db8::1/8080
		# Its own packet would come from itself, and loopback's is not
		# for the wire.
		assert_deaf pod tcp/192.0.2.1/8080
		assert_deaf host tcp/127.0.0.1/8080
		[ "$(in_ns host sysctl -n net.ipv4.conf.br0.route_localnet)" = 0 ]
		withdraw pod 8080:80/tcp
		fresh
	done
}

assert_masq_all() {
	MORE='"masqAll":true'
	serve pod tcp/80
	publish pod 8080:80/tcp
	assert_answers lan 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
	assert_answers lan 'pod fd00:2::1 80' tcp/2001:db8::1/8080
	assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/8080 \
		tcp/192.0.2.1/8080
	no_br_netfilter
	assert_answers pod2 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
	withdraw pod 8080:80/tcp
}

@test "masqAll: everybody is, with iptables" {
	BACKEND=iptables
	assert_masq_all
}

# bats test_tags=ferrule
@test "masqAll: everybody is, with nftables" {
	BACKEND=nftables
	assert_masq_all
}

# bats test_tags=ferrule
@test "masqAll is the matter of one container" {
	BACKEND=nftables
	serve pod tcp/80
	serve pod2 tcp/80
	MORE='"masqAll":true' publish pod 8080:80/tcp
	publish pod2 8081:80/tcp
	assert_answers lan 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
	assert_answers lan 'pod2 192.0.2.2 80' tcp/192.0.2.1/8081
}

@test "route_localnet is set towards the container, and nowhere else" {
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		[ "$(in_ns host sh -c 'grep -l 1 \
			/proc/sys/net/ipv4/conf/*/route_localnet')" = \
			/proc/sys/net/ipv4/conf/br0/route_localnet ]
		fresh
		FAMILIES=6 publish pod 8080:80/tcp
		[ "$(in_ns host sysctl -n net.ipv4.conf.br0.route_localnet)" = 0 ]
		fresh
	done
}

# bats test_tags=ferrule
@test "route_localnet is not set for a port that loopback never reaches" {
	for BACKEND in $BACKENDS; do
		publish pod 192.0.2.1:8080:80/tcp
		[ "$(in_ns host sysctl -n net.ipv4.conf.br0.route_localnet)" = 0 ]
		fresh
	done
}

# ---- Backends ----

@test "the backend is the one that was asked for" {
	publish pod 8080:80/tcp
	refute_rule CNI-HOSTPORT
	fresh
	BACKEND=iptables
	publish pod 8080:80/tcp
	assert_rule '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT'
	refute_rule cni_hostport
	refute_rule 'map ports4'
}

@test "iptables: markMasqBit" {
	BACKEND=iptables MORE='"markMasqBit":5'
	serve pod tcp/80
	publish pod 8080:80/tcp
	assert_rule '-j MARK --set-xmark 0x20/0x20'
	assert_rule '-m mark --mark 0x20/0x20 -j MASQUERADE'
	assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/8080
}

@test "iptables: externalSetMarkChain" {
	BACKEND=iptables MORE='"externalSetMarkChain":"KUBE-MARK-MASQ"'
	serve pod tcp/80
	for i in iptables ip6tables; do
		in_ns host $i -t nat -N KUBE-MARK-MASQ
		in_ns host $i -t nat -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
		in_ns host $i -t nat -A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE
	done
	publish pod 8080:80/tcp
	assert_answers pod 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
	assert_answers pod 'pod fd00:2::1 80' tcp/2001:db8::1/8080
	refute_rule CNI-HOSTPORT-SETMARK
	refute_rule CNI-HOSTPORT-MASQ
	withdraw pod 8080:80/tcp
	refute_rule CNI-DN-
	assert_rule '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000'
}

@test "iptables: conditions" {
	BACKEND=iptables
	MORE='"conditionsV4":["!","-s","192.0.2.2/32"],"conditionsV6":["-s","2001:db8::2/128"]'
	serve pod tcp/80
	publish pod 8080:80/tcp
	assert_deaf lan tcp/192.0.2.1/8080
	assert_answers server 'pod 198.51.100.2 80' tcp/192.0.2.1/8080
	assert_answers lan 'pod 2001:db8::2 80' tcp/2001:db8::1/8080
	assert_deaf server tcp/2001:db8::1/8080
	check pod 8080:80/tcp
	assert_silent
	withdraw pod 8080:80/tcp
	refute_rule CNI-DN-
}

# They are nft's language, which not every build of ours has.
@test "nftables: conditions, or an error that says why not" {
	MORE='"conditionsV4":["ip saddr != 192.0.2.2"]'
	serve pod tcp/80
	keep
	portmap ADD pod "$(conf pod 8080:80/tcp)"
	if [ "$status" -ne 0 ]; then
		assert_error 2 '*conditionsV4*libnftables*'
		assert_kept
		return
	fi
	assert_deaf lan tcp/192.0.2.1/8080
	assert_answers server 'pod 198.51.100.2 80' tcp/192.0.2.1/8080
	assert_answers lan 'pod 2001:db8::2 80' tcp/2001:db8::1/8080
}

# ---- Results ----

@test "prevResult is passed on, to the byte" {
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		assert_stdout "$(prev pod | jq -S --indent 4 .)"
		withdraw pod 8080:80/tcp
		publish pod
		assert_stdout "$(prev pod | jq -S --indent 4 .)"
		fresh
	done
}

@test "prevResult of older versions" {
	local old c
	for version in 0.3.1 0.4.0 1.0.0; do
		old=$(prev pod | jq -c ".cniVersion=\"$version\"")
		[ $version = 1.0.0 ] || old=$(jq -c '.ips[0].version="4" |
			.ips[1].version="6"' <<<"$old")
		for BACKEND in $BACKENDS; do
			c=$(conf pod 8080:80/tcp | jq -c --argjson p "$old" \
				".cniVersion=\"$version\" | .prevResult=\$p")
			portmap ADD pod "$c"
			assert_ok
			assert_json tojson "$(jq -cr 'tojson' <<<"$output")"
			[ "$(jq -cS . <<<"$output")" = "$(jq -cS . <<<"$old")" ]
			portmap DEL pod "$c"
			assert_silent
			fresh
		done
	done
}

# The addresses of the host's ends, and of other interfaces, are not the
# container's.
@test "the container's address is that of CNI_IFNAME" {
	local c
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		c=$(conf pod 8080:80/tcp | jq -c '.prevResult |=
			(.interfaces += [{"name":"eth1","sandbox":"/run/netns/pod"}] |
			.ips = [{"address":"10.9.0.1/24","interface":0},
				{"address":"10.9.0.2/24","interface":3}] + .ips)')
		portmap ADD pod "$c"
		assert_ok
		assert_answers lan 'pod *' tcp/192.0.2.1/8080 \
			tcp/2001:db8::1/8080
		portmap DEL pod "$c"
		fresh
		# Without an index it is anybody's, so the container's.
		c=$(conf pod 8080:80/tcp |
			jq -c 'del(.prevResult.ips[].interface)')
		portmap ADD pod "$c"
		assert_ok
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		fresh
	done
}

# Its route comes later, or by another plugin.
@test "a container without a route to it" {
	local c
	for BACKEND in $BACKENDS; do
		c=$(conf pod 8080:80/tcp | jq -c '
			.prevResult.ips[0].address="172.16.9.9/24" |
			.prevResult.ips[1].address="fd00:9::9/64"')
		ip -n host route add unreachable 172.16.9.0/24
		portmap ADD pod "$c"
		assert_ok
		portmap DEL pod "$c"
		assert_silent
		ip -n host route del unreachable 172.16.9.0/24
		fresh
	done
}

@test "CHECK after ADD" {
	local maps=(8080:80/tcp 127.0.0.1:53:53/udp '[::]:8081:80/sctp')
	for BACKEND in $BACKENDS; do
		publish pod "${maps[@]}"
		check pod "${maps[@]}"
		assert_silent
		withdraw pod "${maps[@]}"
		check pod "${maps[@]}"
		assert_error '*'
		fresh
	done
}

@test "CHECK after 40 ports" {
	local maps
	mapfile -t maps < <(seq -f "%.0f:80/tcp" 8001 8040)
	for BACKEND in $BACKENDS; do
		publish pod "${maps[@]}"
		check pod "${maps[@]}"
		assert_silent
		fresh
	done
}

# ---- Nothing to do ----

@test "without mappings nothing is touched" {
	local c
	in_ns host nft add table ip foreign
	for BACKEND in $BACKENDS; do
		keep
		for runtime in '{}' '{"portMappings":[]}' \
			'{"portMappings":null}' null; do
			c=$(conf pod | jq -c ".runtimeConfig=$runtime")
			portmap ADD pod "$c"
			assert_ok
			assert_stdout "$(prev pod | jq -S --indent 4 .)"
			assert_kept "ADD, $runtime"
			portmap CHECK pod "$c"
			assert_silent
			assert_kept "CHECK, $runtime"
			portmap DEL pod "$c"
			assert_silent
			# Looking can make empty tables.
			fresh
			in_ns host nft add table ip foreign
		done
	done
}

# ---- Errors ----

# refused VERB CONF MSG: and nothing was changed.
refused() {
	portmap "$1" pod "$2"
	assert_error '*' "$3"
	assert_kept "$2"
}

@test "ADD without prevResult" {
	keep
	for BACKEND in $BACKENDS; do
		refused ADD "$(conf pod 8080:80/tcp | jq -c 'del(.prevResult)')" \
			'*must be called as chained plugin*'
	done
}

@test "CHECK without prevResult" {
	publish pod 8080:80/tcp
	portmap CHECK pod "$(conf pod 8080:80/tcp | jq -c 'del(.prevResult)')"
	assert_error '*' '*Required prevResult missing*'
}

@test "ports that are none" {
	keep
	for BACKEND in $BACKENDS; do
		for port in 0 -1; do
			refused ADD "$(raw_conf pod '{"hostPort":'$port',"containerPort":80,"protocol":"tcp"}')" \
				"*Invalid host port number: $port*"
			refused ADD "$(raw_conf pod '{"hostPort":80,"containerPort":'$port',"protocol":"tcp"}')" \
				"*Invalid container port number: $port*"
		done
		refused ADD "$(raw_conf pod '{"hostPort":"80","containerPort":80,"protocol":"tcp"}')" '*'
	done
}

@test "options that are wrong, or of the other backend" {
	local c
	keep
	BACKEND='' c=$(conf pod 8080:80/tcp)
	refused ADD "$(jq -c '.backend="pf"' <<<"$c")" \
		'*unrecognized backend "pf"*'
	refused ADD "$(jq -c '.markMasqBit=32' <<<"$c")" \
		'*MasqMarkBit must be between 0 and 31*'
	refused ADD "$(jq -c '.markMasqBit=1|.externalSetMarkChain="X"' <<<"$c")" \
		'*Cannot specify externalSetMarkChain and markMasqBit*'
	refused ADD "$(jq -c '.backend="iptables"|.conditionsV4=["ip saddr 1.2.3.4"]' <<<"$c")" \
		'*iptables backend was requested but configuration contains nftables-specific options \[conditionsV4\]*'
	refused ADD "$(jq -c '.backend="nftables"|.conditionsV6=["-s","fd00::1"]' <<<"$c")" \
		'*nftables backend was requested but configuration contains iptables-specific options \[conditionsV6\]*'
}

# bats test_tags=ferrule
@test "ports that the reference lets through: 65536 and more" {
	keep
	for BACKEND in $BACKENDS; do
		refused ADD "$(conf pod 8080:80/tcp 65536:80/tcp)" \
			'runtimeConfig.portMappings\[1\].hostPort: *Invalid host port number: 65536*'
		refused ADD "$(conf pod 8080:65616/tcp)" \
			'runtimeConfig.portMappings\[0\].containerPort: *Invalid container port number: 65616*'
		assert_error 7
	done
}

# bats test_tags=ferrule
@test "protocols and addresses that are none" {
	keep
	for BACKEND in $BACKENDS; do
		refused ADD "$(conf pod 8080:80/tcp 8080:80/icmp)" \
			'runtimeConfig.portMappings\[1\].protocol: *"icmp"*'
		refused ADD "$(raw_conf pod '{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":"1.2.3"}')" \
			'runtimeConfig.portMappings\[0\].hostIP: *"1.2.3"*'
		refused ADD "$(raw_conf pod '{"hostPort":8080,"containerPort":80,"protocol":"tcp"},null')" \
			'runtimeConfig.portMappings\[1\]*'
	done
}

# bats test_tags=ferrule
@test "a mapping twice: refused, naming both" {
	local pair
	keep
	for BACKEND in $BACKENDS; do
		for pair in '8080:80/tcp 8080:80/tcp' \
			'8080:80/tcp 8080:81/tcp' \
			'192.0.2.1:8080:80/udp 192.0.2.1:8080:80/udp' \
			'[2001:db8::1]:8080:80/udp [2001:DB8:0::1]:8080:81/udp' \
			'0.0.0.0:8080:80/sctp 0.0.0.0:8080:80/sctp' \
			'8080:80/tcp 0.0.0.0:8080:80/tcp' \
			'[::]:8080:80/tcp 8080:80/tcp'; do
			# shellcheck disable=SC2086
			refused ADD "$(conf pod 53:53/udp $pair)" \
				'*portMappings\[2\]*portMappings\[1\]*'
			assert_error 7
		done
	done
}

@test "not a mapping twice: another protocol, address or family" {
	serve pod tcp/80 udp/80
	local maps=(192.0.2.1:8080:80/tcp 192.0.2.11:8080:80/tcp
		192.0.2.1:8080:80/udp '[2001:db8::1]:8080:80/tcp')
	for BACKEND in $BACKENDS; do
		publish pod "${maps[@]}"
		assert_answers lan 'pod *' tcp/192.0.2.1/8080 \
			tcp/192.0.2.11/8080 udp/192.0.2.1/8080 \
			tcp/2001:db8::1/8080
		withdraw pod "${maps[@]}"
		fresh
	done
}

# ---- What only ferrule promises ----

# bats test_tags=ferrule
@test "without a backend it is nf_tables" {
	BACKEND=
	serve pod tcp/80
	publish pod 8080:80/tcp
	assert_rule 'table inet ferrule_portmap'
	refute_rule CNI-HOSTPORT
	assert_answers lan 'pod *' tcp/192.0.2.1/8080
	withdraw pod 8080:80/tcp
	refute_rule ferrule_portmap
}

# bats test_tags=ferrule
@test "the ruleset says whose it is, and the table is gone with the last" {
	BACKEND=nftables
	publish pod 8080:80/tcp 192.0.2.1:53:53/udp
	publish pod2 8081:80/tcp
	assert_rule 'comment "cni:n/pod/eth0"'
	assert_rule 'comment "cni:n/pod2/eth0"'
	withdraw pod 8080:80/tcp 192.0.2.1:53:53/udp
	refute_rule cni:n/pod/
	assert_rule 'comment "cni:n/pod2/eth0"'
	withdraw pod2 8081:80/tcp
	refute_rule ferrule_portmap
	[ -z "$(in_ns host nft list ruleset)" ]
}

# bats test_tags=ferrule
@test "nft prints, and reads back, what is there" {
	BACKEND=nftables
	publish pod "${ALL3[@]}" 192.0.2.1:53:53/udp '[2001:db8::1]:53:53/udp'
	publish pod2 8090:80/tcp
	in_ns host nft list ruleset >"$SCRATCH/rules" 2>"$SCRATCH/err"
	[ ! -s "$SCRATCH/err" ]
	in_ns host nft -j list ruleset | jq -e . >/dev/null
	in_ns pod2 nft -f "$SCRATCH/rules"
	in_ns pod2 nft list ruleset | diff -u "$SCRATCH/rules" -
}

# bats test_tags=ferrule
@test "the number of rules does not depend on the number of ports" {
	local few many maps
	BACKEND=nftables
	mapfile -t maps < <(seq -f "%.0f:80/tcp" 9001 9200)
	rules() {
		in_ns host nft list ruleset | awk '/chain (prerouting|output|hostports|postrouting|guard) /{on=1}
			on; /^\t}/{on=0}'
	}
	publish pod 8080:80/tcp
	few=$(rules)
	publish pod2 "${maps[@]}"
	many=$(rules)
	[ "$(wc -l <<<"$few")" -gt 10 ]
	[ "$few" = "$many" ] || flunk "$few" "$many"
}

# executed FILE: what ran, by name, and how often.
executed() {
	sed -nE 's/.*execve\("([^"]*\/)?([^"/]+)".* (= 0|<unfinished \.\.\.>)$/\2/p' "$1" |
		sort | uniq -c | sed -E 's/^ +//'
}

# traced VERB CONTAINER CONF: under strace; leaves $SCRATCH/execs.
traced() {
	in_ns host env CNI_COMMAND="$1" CNI_CONTAINERID="$2" CNI_IFNAME=eth0 \
		CNI_NETNS="/run/netns/$2" CNI_PATH="$PLUGIN_DIR" \
		strace -f -qq -e trace=execve -o "$SCRATCH/strace" \
		"$PLUGIN_DIR/portmap" <<<"$3" >/dev/null
	executed "$SCRATCH/strace" | grep -v ' portmap$' >"$SCRATCH/execs" || :
}

# bats test_tags=ferrule,novalgrind
@test "nf_tables: nothing is executed" {
	local c verb
	BACKEND=
	c=$(conf pod "${ALL3[@]}")
	for verb in ADD CHECK DEL DEL STATUS; do
		traced $verb pod "$c"
		[ ! -s "$SCRATCH/execs" ] ||
			flunk "$verb executes" "$(<"$SCRATCH/execs")"
	done
	traced GC pod "$(jq -c '."cni.dev/valid-attachments"=[]' <<<"$c")"
	[ ! -s "$SCRATCH/execs" ]
}

# bats test_tags=ferrule,novalgrind
@test "iptables: one restore for each family and ADD" {
	BACKEND=iptables
	local c
	c=$(conf pod "${ALL3[@]}")
	traced ADD pod "$c"
	grep -qx '1 iptables-restore' "$SCRATCH/execs" ||
		flunk "ADD executes" "$(<"$SCRATCH/execs")"
	grep -qx '1 ip6tables-restore' "$SCRATCH/execs" ||
		flunk "ADD executes" "$(<"$SCRATCH/execs")"
	# What iptables has in nf_tables is deleted without it.
	for verb in ADD CHECK DEL DEL; do
		traced $verb pod "$c"
		[ ! -s "$SCRATCH/execs" ] ||
			flunk "$verb executes" "$(<"$SCRATCH/execs")"
	done
	FAMILIES=4
	traced ADD pod "$(conf pod "${ALL3[@]}")"
	run ! grep ip6tables-restore "$SCRATCH/execs"
}

# bats test_tags=ferrule
@test "nf_tables: neither nft nor iptables is needed" {
	BACKEND=
	serve pod tcp/80
	portmap ADD pod "$(conf pod 8080:80/tcp)" PATH=/nonexistent
	assert_ok
	assert_answers lan 'pod *' tcp/192.0.2.1/8080
	portmap CHECK pod "$(conf pod 8080:80/tcp)" PATH=/nonexistent
	assert_silent
	portmap DEL pod "$(conf pod 8080:80/tcp)" PATH=/nonexistent
	assert_silent
	refute_rule ferrule_portmap
}

# bats test_tags=ferrule
@test "iptables: without it, the error says so and nothing is left" {
	BACKEND=iptables
	keep
	mkdir "$SCRATCH/empty"
	mount --bind "$SCRATCH/empty" /usr/sbin
	portmap ADD pod "$(conf pod 8080:80/tcp)" PATH=/nonexistent
	umount /usr/sbin
	assert_error '*' '*iptables*'
	assert_kept
}

# bats test_tags=ferrule,novalgrind
@test "nf_tables: the lock of iptables holds up nobody" {
	local start
	BACKEND=
	touch /run/xtables.lock
	flock /run/xtables.lock sleep 10 3>&- &
	SERVERS+=($!)
	sleep 0.1
	start=${EPOCHREALTIME/[.,]/}
	publish pod 8080:80/tcp
	withdraw pod 8080:80/tcp
	[ $((${EPOCHREALTIME/[.,]/} - start)) -lt 2000000 ]
}

# bats test_tags=ferrule
@test "protocols in capitals" {
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/TCP
		assert_answers lan 'pod *' tcp/192.0.2.1/8080
		withdraw pod 8080:80/TCP
		fresh
	done
}
