#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap: one implementation publishes, the other withdraws, because nodes are
# upgraded and downgraded while containers run. And somebody else flushes.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154
load helpers
load portmap

THEIRS=$PEER_DIR

need_peers() {
	[ -x "$PEER_DIR/portmap" ] || skip 'no peers'
}

# by DIR COMMAND...: with the plugins of DIR.
by() {
	local PLUGIN_DIR=$1
	"${@:2}"
}
theirs() {
	by "$THEIRS" "$@"
}

# What of everything a mapping can be.
FULL=(8080:80/tcp 8081:81/udp 8082:82/sctp 192.0.2.11:53:53/udp
	'[2001:db8::11]:53:53/udp' 127.0.0.1:9000:80/tcp 0.0.0.0:9001:80/tcp
	'[::]:9001:80/tcp')

# Members that change the rules, for each backend.
nftables_more() {
	printf '%s\n' '' '"snat":false'
}
iptables_more() {
	printf '%s\n' '' '"snat":false' '"masqAll":true' '"markMasqBit":5' \
		'"externalSetMarkChain":"KUBE-MARK-MASQ"' \
		'"conditionsV4":["!","-s","192.0.2.2/32"],"conditionsV6":["-s","2001:db8::/64"]'
}
mark_chains() {
	local i
	for i in iptables ip6tables; do
		in_ns host $i -t nat -N KUBE-MARK-MASQ
	done
}

# published_by_them MADE MAPPING...: keep what their own ADD and DEL with
# backend MADE leave; then the mappings are there.
published_by_them() {
	BACKEND=$1
	theirs publish pod "${@:2}"
	theirs withdraw pod "${@:2}"
	theirs publish pod "${@:2}"
	theirs withdraw pod "${@:2}"
	keep
	theirs publish pod "${@:2}"
}

# ---- Published by the reference ----

# bats test_tags=ferrule
@test "published by the reference: DEL leaves what its own DEL leaves" {
	local made
	need_peers
	for made in $BACKENDS; do
		while IFS= read -r MORE <&4; do
			for ours in '' $BACKENDS; do
				[ -z "$MORE" ] || [ "$ours" = "$made" ] || continue
				mark_chains
				published_by_them "$made" "${FULL[@]}"
				BACKEND=$ours
				withdraw pod "${FULL[@]}"
				assert_kept "$made, then ${ours:-auto}: $MORE"
				fresh
			done
		done 4< <("${made}_more")
	done
}

# bats test_tags=ferrule
@test "published by the reference: DEL by the attachment alone" {
	local made c
	need_peers
	for made in $BACKENDS; do
		for filter in 'del(.prevResult)' \
			'del(.prevResult,.runtimeConfig)' \
			'del(.prevResult,.runtimeConfig,.backend)'; do
			published_by_them "$made" "${FULL[@]}"
			c=$(conf pod "${FULL[@]}" | jq -c "$filter")
			portmap DEL pod "$c" CNI_NETNS=
			assert_silent
			assert_kept "$made, $filter"
			fresh
		done
	done
}

# bats test_tags=ferrule
@test "published by the reference: another container's stays" {
	local made
	need_peers
	serve pod2 tcp/80
	for made in $BACKENDS; do
		BACKEND=$made
		theirs publish pod2 9090:80/tcp
		published_by_them "$made" "${FULL[@]}"
		BACKEND=
		withdraw pod "${FULL[@]}"
		assert_kept "$made"
		assert_answers lan 'pod2 *' tcp/192.0.2.1/9090 tcp/2001:db8::1/9090
		assert_answers host 'pod2 *' tcp/127.0.0.1/9090
		fresh
	done
}

# The client does not notice by whom the port was withdrawn.
# bats test_tags=ferrule
@test "published by the reference, then by us for the next container" {
	local made
	need_peers
	serve pod udp/81
	serve pod2 udp/81
	for made in $BACKENDS; do
		for BACKEND in '' $BACKENDS; do
			BACKEND=$made theirs publish pod 8081:81/udp
			assert_answers lan 'pod *' -1 -s 4000 udp/192.0.2.1/8081
			withdraw pod 8081:81/udp
			publish pod2 8081:81/udp
			assert_answers lan 'pod2 *' -1 -s 4000 udp/192.0.2.1/8081
			fresh
		done
	done
}

# bats test_tags=ferrule
@test "published by the reference: GC removes what is not in the list" {
	local made
	need_peers
	serve pod2 tcp/80
	for made in $BACKENDS; do
		BACKEND=$made
		theirs publish pod2 9090:80/tcp
		published_by_them "$made" "${FULL[@]}"
		BACKEND=
		gc pod2
		assert_silent
		assert_answers lan 'pod2 *' tcp/192.0.2.1/9090
		# The nf_tables rules of the reference do not name the network.
		[ "$made" = nftables ] || assert_kept
		fresh
	done
}

# bats test_tags=ferrule
@test "what older versions of the reference made is found" {
	local i
	# Before 0.7: chains for the masquerade.
	for i in iptables ip6tables; do
		in_ns host $i-restore --noflush <<-RULES
			*nat
			:CNI-HOSTPORT-SNAT - [0:0]
			-A POSTROUTING -s 127.0.0.1 ! -d 127.0.0.1 -j CNI-HOSTPORT-SNAT
			COMMIT
		RULES
	done 2>/dev/null || :
	BACKEND=iptables
	keep
	# SHA-512 of the network and the ID.
	i=CNI-SN-$(printf npod | sha512sum | cut -c1-21)
	in_ns host iptables-restore --noflush <<-RULES
		*nat
		:$i - [0:0]
		-A CNI-HOSTPORT-SNAT -m comment --comment "snat name: \"n\" id: \"pod\"" -j $i
		-A $i -s 127.0.0.1/32 -d 10.1.2.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
		COMMIT
	RULES
	assert_rule "$i"
	withdraw pod 8080:80/tcp
	assert_kept
	# With nf_tables: a chain for ports of one address.
	fresh
	in_ns host nft -f - <<-RULES
		table ip cni_hostport {
			chain hostports { }
			chain hostip_hostports { }
		}
	RULES
	keep
	in_ns host nft add rule ip cni_hostport hostip_hostports \
		ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.1.2.2:80 comment '"pod"'
	BACKEND=nftables
	withdraw pod 8080:80/tcp
	assert_kept
}

# bats test_tags=ferrule
@test "published by the reference with iptables: CHECK passes, and compares" {
	need_peers
	BACKEND=iptables
	while IFS= read -r MORE <&4; do
		mark_chains
		theirs publish pod "${FULL[@]}"
		check pod "${FULL[@]}"
		assert_silent || flunk "$MORE"
		check pod 8080:81/tcp "${FULL[@]:1}"
		assert_error 100
		fresh
	done 4< <(iptables_more)
}

# bats test_tags=ferrule
@test "theirs and ours beside each other" {
	local made
	need_peers
	serve pod tcp/80
	serve pod2 tcp/80
	for made in $BACKENDS; do
		for BACKEND in $BACKENDS; do
			BACKEND=$made theirs publish pod 8080:80/tcp
			publish pod2 8081:80/tcp
			assert_answers lan 'pod *' tcp/192.0.2.1/8080 \
				tcp/2001:db8::1/8080
			assert_answers lan 'pod2 *' tcp/192.0.2.1/8081 \
				tcp/2001:db8::1/8081
			assert_answers host 'pod*' tcp/127.0.0.1/808{0,1}
			withdraw pod2 8081:80/tcp
			assert_answers lan 'pod *' tcp/192.0.2.1/8080
			BACKEND=$made theirs withdraw pod 8080:80/tcp
			assert_deaf lan tcp/192.0.2.1/808{0,1}
			fresh
		done
	done
}

# Whose rules come first depends on who was there first. A mark of ours that
# means something to the others shows here.
# bats test_tags=ferrule
@test "theirs and ours beside each other: nobody masquerades for the other" {
	local first
	need_peers
	[[ $BACKENDS == *nftables* ]] || skip 'our nf_tables backend'
	serve pod tcp/80
	serve pod2 tcp/80
	for first in pod pod2; do
		BACKEND=nftables
		[ $first = pod ] || publish pod2 8081:80/tcp
		BACKEND=iptables theirs publish pod 8080:80/tcp
		[ $first = pod2 ] || publish pod2 8081:80/tcp
		assert_answers lan 'pod 192.0.2.2 *' tcp/192.0.2.1/8080
		assert_answers lan 'pod2 192.0.2.2 *' tcp/192.0.2.1/8081
		assert_answers lan 'pod2 2001:db8::2 *' tcp/2001:db8::1/8081
		assert_answers host 'pod *' tcp/127.0.0.1/8080
		assert_answers host 'pod2 *' tcp/127.0.0.1/8081
		fresh
	done
}

# ---- Published by us ----

# saved: what operators see of the nat tables, but for the rule
# whose comment says that the next ones are ours.
saved() {
	in_ns host sh -c 'iptables-save -t nat; ip6tables-save -t nat' \
		2>/dev/null | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]$//
			/^-A CNI-DN-.* -m comment --comment "cni:[^ ]*"/d'
}

# bats test_tags=ferrule
@test "iptables: the rules are those of the reference, in the same order" {
	local chain
	need_peers
	BACKEND=iptables
	mapfile -t many < <(seq -f "%.0f:80/tcp" 7001 7040)
	while IFS= read -r MORE <&4; do
		mark_chains
		theirs publish pod "${FULL[@]}" "${many[@]}"
		theirs publish pod2 9090:80/tcp
		saved >"$SCRATCH/theirs"
		fresh
		mark_chains
		publish pod "${FULL[@]}" "${many[@]}"
		publish pod2 9090:80/tcp
		saved >"$SCRATCH/ours"
		fresh
		diff -u <(sort "$SCRATCH/theirs") <(sort "$SCRATCH/ours") ||
			flunk "$MORE"
		while read -r chain; do
			diff -u <(grep -e "^-A $chain " "$SCRATCH/theirs") \
				<(grep -e "^-A $chain " "$SCRATCH/ours") ||
				flunk "$MORE: order in $chain"
		done < <(sed -n 's/^:\([^ ]*\).*/\1/p' "$SCRATCH/ours" | sort -u)
	done 4< <(iptables_more)
}

# bats test_tags=ferrule
@test "iptables: names too long for a comment" {
	need_peers
	BACKEND=iptables
	NETWORK=$(printf 'n%.0s' {1..150})
	CID=$(printf 'c%.0s' {1..150})
	theirs publish pod 8080:80/tcp
	saved | sort >"$SCRATCH/theirs"
	fresh
	publish pod 8080:80/tcp
	saved | sort | diff -u "$SCRATCH/theirs" -
	check pod 8080:80/tcp
	assert_silent
	withdraw pod 8080:80/tcp
	refute_rule CNI-DN-
}

# bats test_tags=ferrule
@test "iptables: published by us, CHECK and DEL of the reference" {
	need_peers
	BACKEND=iptables
	while IFS= read -r MORE <&4; do
		mark_chains
		publish pod "${FULL[@]}"
		theirs check pod "${FULL[@]}"
		assert_silent || flunk "$MORE"
		theirs withdraw pod "${FULL[@]}"
		refute_rule CNI-DN-
		refute_rule 10.1.2.2
		fresh
	done 4< <(iptables_more)
}

# bats test_tags=ferrule
@test "published by us, deleted by the reference, and by us again" {
	need_peers
	for BACKEND in $BACKENDS; do
		publish pod "${FULL[@]}"
		withdraw pod "${FULL[@]}"
		publish pod2 9090:80/tcp
		theirs withdraw pod2 9090:80/tcp
		withdraw pod2 9090:80/tcp
		refute_rule 10.1.2.3
		fresh
	done
}

# ---- Flushed by somebody else ----

@test "a flush: the next ADD works, and so does ADD again" {
	serve pod tcp/80
	serve pod2 tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		in_ns host nft flush ruleset
		assert_deaf lan tcp/192.0.2.1/8080
		publish pod2 8081:80/tcp
		assert_answers lan 'pod2 *' tcp/192.0.2.1/8081 \
			tcp/2001:db8::1/8081
		publish pod 8080:80/tcp
		assert_answers lan 'pod *' tcp/192.0.2.1/8080 \
			tcp/2001:db8::1/8080
		assert_answers pod 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
		fresh
	done
}

@test "iptables: flushed built-in chains are repaired by the next ADD" {
	local i
	BACKEND=iptables
	serve pod tcp/80
	publish pod 8080:80/tcp
	for i in iptables ip6tables; do
		in_ns host $i -t nat -F PREROUTING
		in_ns host $i -t nat -F OUTPUT
		in_ns host $i -t nat -F POSTROUTING
	done
	publish pod2 8081:80/tcp
	assert_answers lan 'pod *' tcp/192.0.2.1/8080 tcp/2001:db8::1/8080
	assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/8080
	assert_answers pod 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
}

# bats test_tags=ferrule
@test "nf_tables: whatever is flushed of what is shared, the next ADD repairs" {
	local what names
	BACKEND=nftables
	serve pod tcp/80
	publish pod 8080:80/tcp
	mapfile -t names < <(in_ns host nft list ruleset |
		sed -n 's/^\tchain \([^ ]*\) {/\1/p' | grep -v '^pod-')
	[ ${#names[@]} -ge 4 ]
	for what in "${names[@]}"; do
		in_ns host nft flush chain inet ferrule_portmap "$what"
		publish pod2 8081:80/tcp
		check pod 8080:80/tcp
		assert_silent || flunk "$what was flushed"
		assert_answers lan 'pod 192.0.2.2 80' tcp/192.0.2.1/8080
		assert_answers pod 'pod 10.1.2.1 80' tcp/192.0.2.1/8080
		assert_answers host 'pod 10.1.2.1 80' tcp/127.0.0.1/8080
		withdraw pod2 8081:80/tcp
	done
	in_ns host nft flush table inet ferrule_portmap
	publish pod2 8081:80/tcp
	assert_answers lan 'pod *' tcp/192.0.2.1/8080
	assert_deaf lan tcp/192.0.2.1/9999
	withdraw pod2 8081:80/tcp
	withdraw pod 8080:80/tcp
	[ -z "$(in_ns host nft list ruleset)" ] || flunk "$(ruleset)"
}

# An established connection is conntrack's; rules come and go.
@test "a connection outlives a flush" {
	local client
	serve pod tcp/80
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp
		coproc client { in_ns lan nc -N 192.0.2.1 8080; }
		read -r -t 5 line <&"${client[0]}"
		[ "$line" = 'pod 192.0.2.2 80' ]
		in_ns host nft flush ruleset
		publish pod 8080:80/tcp
		echo more >&"${client[1]}"
		sleep 0.2
		[ "$(flows -p tcp --orig-port-dst 8080 --state ESTABLISHED |
			wc -l)" -eq 1 ]
		kill "$client_PID"
		wait "$client_PID" || :
		fresh
	done
}

# Somebody else's rules are none of our business.
# bats test_tags=ferrule
@test "foreign tables and rules stay as they are" {
	for BACKEND in $BACKENDS; do
		in_ns host nft -f - <<-NFT
			table inet foreign {
				map m { type inet_service : ipv4_addr . inet_service;
					elements = { 8080 : 10.9.9.9 . 80 } }
				chain c {
					type nat hook prerouting priority 50;
					dnat ip to tcp dport map @m comment "cni:n/pod/eth0"
				}
			}
		NFT
		in_ns host iptables -t nat -A PREROUTING -p tcp --dport 1 -m comment --comment 'dnat name: "n" id: "pod"' -j ACCEPT
		publish pod2 8081:80/tcp
		publish pod 8080:80/tcp
		withdraw pod 8080:80/tcp
		keep
		publish pod 8080:80/tcp
		withdraw pod 8080:80/tcp
		gc pod2
		assert_silent
		assert_kept
		assert_rule 8080
		fresh
	done
}
