#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# common/nft against the kernel, and against nft's understanding of it. The
# driver (tests/drive/nftctl.c) makes one of everything.
load helpers

nftctl() {
	status=0
	output=$(in_ns host "$DRIVE_DIR/nftctl" "$@" 2>&1) || status=$?
}

ruleset() {
	in_ns host nft list ruleset
}

# In the words of nft 1.0.6; others may say the same in other words.
# bats test_tags=ferrule
@test "nft prints all that is built, and can load what it printed" {
	nftctl add
	assert_ok
	[ "$(nft --version | cut -d' ' -f2)" != v1.0.6 ] ||
		diff "$TOP/tests/netns/golden/nft-1.0.6" <(ruleset)
	in_ns host nft -j list ruleset | jq -e '.nftables | length > 15'
	ruleset >"$SCRATCH/before"
	in_ns host nft flush ruleset
	in_ns host nft -f "$SCRATCH/before"
	diff "$SCRATCH/before" <(ruleset)
}

# bats test_tags=ferrule
@test "objects are found by name and key, and what is not there is no error" {
	nftctl get
	assert_ok
	[ "$output" = "table 0 use 0
chain 0 use 0
no chain 0
element 0 0 
no element 0" ] || flunk
	nftctl add
	nftctl get
	assert_ok
	[ "$output" = "table 1 use 10
chain 1 use 4
no chain 0
element 1 8 cni:net/id/eth0
no element 0" ] || flunk
}

# bats test_tags=ferrule
@test "rules are compared with those that are wanted" {
	nftctl add
	nftctl list
	assert_ok
	[ "$output" = 'chain prerouting nat
chain to -
chain from -
chain postrouting nat
rule "for this machine" to to
rule "" to nobody
elements 1
same 1
same 0' ] || flunk
	in_ns host nft add rule inet t postrouting counter
	nftctl list
	[ "$(tail -n 2 <<<"$output")" = "same 0
same 0" ] || flunk
}

# bats test_tags=ferrule
@test "a refusal names the change, undoes the others, and a stale one is told" {
	nftctl add
	ruleset >"$SCRATCH/before"
	nftctl refuse
	assert_ok
	[ "$output" = "-17 nf_tables: add element tcp . 80 to map inet t any4: File exists
-85 nf_tables: add table inet t: Interrupted system call should be restarted" ] || flunk
	diff "$SCRATCH/before" <(ruleset)
}

# bats test_tags=ferrule
@test "30,000 elements in one transaction" {
	nftctl add
	nftctl many 30000
	assert_ok
	nftctl list
	[[ $output == *"elements 30001"* ]] || flunk
	# All refused: more refusals than the socket holds.
	nftctl many 30000
	[ "$status" -eq 1 ]
	[[ $output == *"add element tcp . 1000 to map inet t any4: File exists"* ]] || flunk
	nftctl del
	assert_ok
	[ -z "$(ruleset)" ]
}

# bats test_tags=ferrule
@test "without the right to, the error says so" {
	status=0
	output=$(in_ns host setpriv --bounding-set -net_admin --inh-caps -net_admin \
		"$DRIVE_DIR/nftctl" add 2>&1) || status=$?
	[ "$status" -eq 1 ]
	[[ $output == "nf_tables: add table inet t;"*": Operation not permitted ()" ]] || flunk
}

# bats test_tags=ferrule
@test "the trace has a line for each transaction and question" {
	output=$(in_ns host env FERRULE_TRACE=stderr "$DRIVE_DIR/nftctl" add 2>&1)
	[[ $output == *' nft commit 29 changes: add table inet t; add set inet t any4; '*' us)' ]] || flunk
	output=$(in_ns host env FERRULE_TRACE=stderr "$DRIVE_DIR/nftctl" get 2>&1)
	[[ $output == *' nft get element tcp . 81 of map inet t any4 (not there) = ok ('* ]] || flunk
}
