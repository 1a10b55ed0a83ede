#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap: many at once. Of all who want a port one has it, the others are told
# so, and nothing of theirs is left.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154
load helpers
load portmap

# one VERB CONTAINER MAPPING...: a call, with what it printed on one line. The
# number in the name makes the address.
one() {
	local n=${2//[!0-9]/} c out rc=0
	c=$(conf pod "${@:3}")
	c=${c/10.1.2.2\//10.1.10.$((n + 2))\/}
	c=${c/fd00:2::2\//fd00:3::$((n + 2))\/}
	out=$(CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_IFNAME=eth0 \
		CNI_NETNS=/run/netns/pod CNI_PATH=$PLUGIN_DIR timeout 60 \
		"$PLUGIN_DIR/portmap" 2>&1 <<<"$c") || rc=$?
	echo "$1 $2 $rc $(tr -d '\n' <<<"$out")"
}

# crowd: the lines on stdin, "VERB CONTAINER MAPPING...", by 32 processes in
# "host"; what they printed is in $SCRATCH/out, in any order.
crowd() {
	ip -n host route replace 10.1.10.0/24 via 10.1.2.2
	ip -n host route replace fd00:3::/64 via fd00:2::2
	export -f one conf raw_conf mapping prev
	export PLUGIN_DIR BACKEND MORE FAMILIES NETWORK PREFIX
	in_ns host xargs -P32 -L1 bash -c 'one "$@"' one >"$SCRATCH/out"
}

# ended STATUS [TEXT]: how many did.
ended() {
	grep -cE "^[A-Z]+ [^ ]+ $1 .*${2:-}" "$SCRATCH/out" || :
}

# bats test_tags=ferrule,novalgrind
@test "200 racing ADDs for 20 ports: 20 winners, 180 clear errors" {
	local i
	BACKEND=nftables
	for i in {0..199}; do
		echo "ADD c$i $((8000 + i % 20)):80/tcp"
	done | crowd
	[ "$(ended 0)" -eq 20 ] || flunk "$(grep -v '"code": 105' "$SCRATCH/out")"
	[ "$(ended 1 '"code": 105,.*is published by')" -eq 180 ] ||
		flunk "$(grep -v '"code": 105' "$SCRATCH/out")"
	# The table knows of the winners, and of nobody else.
	diff <(awk '$3 == 0 { print "cni:n/" $2 "/eth0" }' "$SCRATCH/out" | sort) \
		<(ruleset | grep -o 'cni:n/[^"]*' | sort -u)
	for i in {8000..8019}; do
		assert_rule "tcp . $i "
	done
	for i in {0..199}; do
		echo "DEL c$i $((8000 + i % 20)):80/tcp"
	done | crowd
	[ "$(ended 0)" -eq 200 ] || flunk "$(grep -v ' 0 ' "$SCRATCH/out")"
	[ -z "$(in_ns host nft list ruleset)" ] || flunk "$(ruleset)"
}

# bats test_tags=ferrule,novalgrind
@test "losers of one port among many leave none of the others" {
	local i
	BACKEND=nftables
	for i in {0..63}; do
		echo "ADD c$i $((9000 + i)):80/tcp 8080:80/tcp $((9000 + i)):80/udp"
	done | crowd
	[ "$(ended 0)" -eq 1 ]
	[ "$(ended 1 '"code": 105,.*portMappings\[1\]')" -eq 63 ]
	# In each family the port, and two of the winner's own.
	[ "$(ruleset | grep -oE '(tcp|udp) \. [0-9]+ ' | wc -l)" -eq 6 ] ||
		flunk "$(ruleset)"
}

# bats test_tags=ferrule,novalgrind
@test "first ADDs at once: shared rules are there once" {
	local once
	for BACKEND in nftables iptables; do
		echo 'ADD c0 8080:80/tcp' | crowd
		once=$(ruleset | sort)
		fresh
		echo 'ADD c0 8080:80/tcp' >"$SCRATCH/jobs"
		seq 1 31 | sed 's/.*/ADD c& 90&:80\/tcp/' >>"$SCRATCH/jobs"
		crowd <"$SCRATCH/jobs"
		[ "$(ended 0)" -eq 32 ] || flunk "$(grep -v ' 0 ' "$SCRATCH/out")"
		seq 1 31 | sed 's/.*/DEL c& 90&:80\/tcp/' >"$SCRATCH/jobs"
		crowd <"$SCRATCH/jobs"
		[ "$(ended 0)" -eq 31 ] || flunk "$(grep -v ' 0 ' "$SCRATCH/out")"
		diff -u <(echo "$once") <(ruleset | sort)
		fresh
	done
}

# bats test_tags=ferrule,novalgrind
@test "iptables: 60 racing ADDs for 6 ports" {
	local i
	BACKEND=iptables FAMILIES=4
	for i in {0..59}; do
		echo "ADD c$i $((8000 + i % 6)):80/tcp"
	done | crowd
	[ "$(ended 0)" -eq 6 ] || flunk "$(cut -c1-200 "$SCRATCH/out")"
	[ "$(ended 1 '"code": 105')" -eq 54 ]
	[ "$(in_ns host iptables-save | grep -c -- '-j DNAT')" -eq 6 ]
	[ "$(in_ns host iptables-save | grep -c -- '-A CNI-HOSTPORT-DNAT')" -eq 6 ]
	for i in {0..59}; do
		echo "DEL c$i $((8000 + i % 6)):80/tcp"
	done | crowd
	[ "$(ended 0)" -eq 60 ]
	refute_rule CNI-DN-
}

# bats test_tags=ferrule,novalgrind
@test "ADD and DEL in a throng: nothing is lost, nothing stays" {
	local i
	serve pod tcp/80
	BACKEND=nftables
	publish pod 8080:80/tcp
	keep
	for i in {1..300}; do
		echo "ADD c$((i % 40)) $((9000 + i % 40)):80/tcp $((9100 + i % 40)):80/udp"
		echo "DEL c$((i * 7 % 40)) $((9000 + i * 7 % 40)):80/tcp"
	done >"$SCRATCH/jobs"
	crowd <"$SCRATCH/jobs"
	# An ADD of the same attachment may be undone by a DEL, but none fails.
	[ "$(ended 0)" -eq 600 ] || flunk "$(grep -vE '^[A-Z]+ [^ ]+ 0 ' "$SCRATCH/out")"
	assert_answers lan 'pod *' tcp/192.0.2.1/8080
	seq 0 39 | sed 's/.*/DEL c& 1:80\/tcp/' >"$SCRATCH/jobs"
	crowd <"$SCRATCH/jobs"
	[ "$(ended 0)" -eq 40 ]
	assert_kept
	withdraw pod 8080:80/tcp
	[ -z "$(in_ns host nft list ruleset)" ] || flunk "$(ruleset)"
}

# The table goes with the last and comes with the first, again and again.
# bats test_tags=ferrule,novalgrind
@test "the last DEL races with the first ADD" {
	local i
	BACKEND=nftables
	for i in {1..100}; do
		echo "ADD a$i $((8000 + i)):80/tcp"
		echo "DEL a$i $((8000 + i)):80/tcp"
	done >"$SCRATCH/jobs"
	crowd <"$SCRATCH/jobs"
	[ "$(ended 0)" -eq 200 ] || flunk "$(grep -vE '^[A-Z]+ [^ ]+ 0 ' "$SCRATCH/out")"
	seq 1 100 | sed 's/.*/DEL a& 1:80\/tcp/' >"$SCRATCH/jobs"
	crowd <"$SCRATCH/jobs"
	[ "$(ended 0)" -eq 100 ]
	[ -z "$(in_ns host nft list ruleset)" ] || flunk "$(ruleset)"
}

# Somebody else's transactions go on all the time.
# bats test_tags=ferrule,novalgrind
@test "while others change other tables" {
	local i other
	BACKEND=nftables
	in_ns host sh -c 'while :; do nft add table ip noise; nft delete table ip noise; done' 3>&- &
	other=$!
	for i in {0..59}; do
		echo "ADD c$i $((8000 + i)):80/tcp"
	done | crowd
	[ "$(ended 0)" -eq 60 ] || flunk "$(grep -vE '^[A-Z]+ [^ ]+ 0 ' "$SCRATCH/out")"
	for i in {0..59}; do
		echo "DEL c$i $((8000 + i)):80/tcp"
	done | crowd
	ip netns pids host | xargs -r kill 2>/dev/null || :
	kill "$other" 2>/dev/null || :
	wait "$other" || :
	[ "$(ended 0)" -eq 60 ] || flunk "$(grep -vE '^[A-Z]+ [^ ]+ 0 ' "$SCRATCH/out")"
	refute_rule 'cni:n/'
}

# bats test_tags=ferrule,novalgrind
@test "GC in the midst of ADDs takes none of the valid" {
	local i adds live
	BACKEND=nftables
	for i in {0..19}; do
		echo "ADD dead$i $((8100 + i)):80/tcp"
	done | crowd
	in_ns host nft list ruleset | grep -q dead19
	for i in {0..39}; do
		echo "ADD live1$i $((8200 + i)):80/tcp"
	done >"$SCRATCH/jobs"
	crowd <"$SCRATCH/jobs" 3>&- &
	adds=$!
	# The list is the runtime's of a moment in which all of them were.
	mapfile -t live < <(seq 0 39 | sed s/^/live1/)
	gc "${live[@]}"
	assert_silent
	wait "$adds"
	[ "$(ended 0)" -eq 40 ] || flunk "$(cat "$SCRATCH/out")"
	for i in {0..39}; do
		assert_rule "tcp . $((8200 + i)) "
	done
	refute_rule dead
}
