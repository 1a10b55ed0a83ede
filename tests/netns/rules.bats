#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# plugins/bridge/rules.h: masquerade and the check of MAC addresses, by the
# driver tests/drive/rulesctl.c, and beside what the reference plugin makes.
load helpers

REF=$PEER_DIR/bridge

# rules VERB [KEY=VALUE...]
rules() {
	status=0
	output=$(in_ns host timeout 60 "$DRIVE_DIR/rulesctl" "$@" 2>&1) ||
		status=$?
}

# The same, and it must succeed.
ok() {
	rules "$@"
	[ "$status" -eq 0 ] || flunk "rulesctl $*"
}

# fails CODE TEXT VERB [KEY=VALUE...]
fails() {
	rules "${@:3}"
	# shellcheck disable=SC2053
	[[ $status -eq 1 && $output == "$1 "$2 ]] || flunk "expected: $1 $2"
}

# traced EXPRESSION VERB...: under strace, which LeakSanitizer cannot be.
traced() {
	in_ns host env ASAN_OPTIONS=detect_leaks=0 strace -f -e trace="$1" \
		-o "$SCRATCH/trace" "$DRIVE_DIR/rulesctl" "${@:2}"
}

ruleset() {
	in_ns host nft list ruleset
}

no_rules() {
	[ -z "$(ruleset)" ] || flunk "left: $(ruleset)"
}

# Two pods on a bridge, a router (host) and a server behind it.
#   pod 10.1.0.2 fd00:1::2, pod2 .3 -- br0 .1 [host] up0 10.2.0.1 -- srv .2
topology() {
	ip netns add pod2
	ip netns add srv
	ip -n host link set lo up
	ip -n host link add br0 type bridge
	ip -n host addr add 10.1.0.1/24 dev br0
	ip -n host addr add fd00:1::1/64 dev br0 nodad
	ip -n host link set br0 up
	plug pod veth-a 2
	plug pod2 veth-b 3
	ip -n host link add up0 type veth peer name eth0 netns srv
	ip -n host addr add 10.2.0.1/24 dev up0
	ip -n host addr add fd00:2::1/64 dev up0 nodad
	ip -n host link set up0 up
	ip -n srv addr add 10.2.0.2/24 dev eth0
	ip -n srv addr add fd00:2::2/64 dev eth0 nodad
	ip -n srv link set eth0 up
	ip -n srv route add 10.1.0.0/24 via 10.2.0.1
	ip -n srv route add fd00:1::/64 via fd00:2::1
	in_ns host sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
}

plug() { # NAMESPACE PORT NUMBER
	ip -n host link add "$2" type veth peer name eth0 netns "$1"
	ip -n host link set "$2" master br0 up
	ip -n "$1" link set eth0 address 02:00:00:00:00:0"$3"
	ip -n "$1" addr add 10.1.0."$3"/24 dev eth0
	ip -n "$1" addr add fd00:1::"$3"/64 dev eth0 nodad
	ip -n "$1" link set eth0 up
	ip -n "$1" link set lo up
	ip -n "$1" route add default via 10.1.0.1
	ip -n "$1" route add default via fd00:1::1
}

# seen_by SERVER ADDRESS CLIENT: the source address that the server sees.
seen_by() {
	local log=$BATS_TEST_TMPDIR/nc pid
	in_ns "$1" timeout 10 nc -lnvN "$2" 7000 </dev/null >/dev/null 2>"$log" &
	pid=$!
	for _ in $(seq 50); do
		in_ns "$3" nc -nN -w 2 "$2" 7000 </dev/null >/dev/null 2>&1 && break
		sleep 0.1
	done
	wait $pid || true
	sed -n 's/^Connection received on \([^ ]*\) .*/\1/p' "$log"
}

sees() { # SOURCE SERVER ADDRESS CLIENT
	local got
	got=$(seen_by "${@:2}")
	[ "$got" = "$1" ] || flunk "$2 saw $got, expected $1"
}

BOTH=(ip=10.1.0.2/24 ip=fd00:1::2/64)
SPOOF=(port=veth-a mac=02:00:00:00:00:02)

# In the words of nft 1.0.6; others may say the same in other words.
# bats test_tags=ferrule
@test "nft prints the rules, and can load what it printed" {
	ok add "${BOTH[@]}" "${SPOOF[@]}"
	ok add net=other id=x if=net1 ip=10.9.0.7/16 random=1
	[ "$(nft --version | cut -d' ' -f2)" != v1.0.6 ] ||
		diff "$TOP/tests/netns/golden/rules-1.0.6" <(ruleset)
	in_ns host nft -j list ruleset | jq -e '.nftables | length > 15'
	ruleset >"$SCRATCH/before"
	in_ns host nft flush ruleset
	in_ns host nft -f "$SCRATCH/before"
	diff "$SCRATCH/before" <(ruleset)
	ok check "${BOTH[@]}" "${SPOOF[@]}"
	ok del "${BOTH[@]}" "${SPOOF[@]}"
	ok del net=other id=x if=net1
	no_rules
}

# bats test_tags=ferrule
@test "what leaves the subnet is masqueraded, nothing else is" {
	topology
	for backend in nftables iptables; do
		sees 10.1.0.2 srv 10.2.0.2 pod
		ok add "${BOTH[@]}" backend=$backend
		sees 10.2.0.1 srv 10.2.0.2 pod
		sees fd00:2::1 srv fd00:2::2 pod
		sees 10.1.0.2 pod2 10.1.0.3 pod
		sees fd00:1::2 pod2 fd00:1::3 pod
		sees 10.1.0.3 srv 10.2.0.2 pod2
		ok del "${BOTH[@]}"
		no_rules
		in_ns host conntrack -F 2>/dev/null || true
	done
}

# bats test_tags=ferrule
@test "multicast keeps its source address" {
	topology
	in_ns srv nft -f - <<-NFT
		table inet t {
			chain c {
				type filter hook prerouting priority 0
				ip saddr 10.1.0.9 ip daddr 224.1.1.1 counter name "kept"
				ip saddr 10.2.0.1 ip daddr 224.1.1.1 counter name "lost"
				ip saddr 10.2.0.1 ip daddr 10.2.0.2 counter name "other"
			}
			counter kept { }
			counter lost { }
			counter other { }
		}
	NFT
	ip -n host addr add 10.1.0.9/32 dev up0
	ip -n host route add 224.0.0.0/4 dev up0
	ok add ip=10.1.0.9/32
	in_ns host ping -c 1 -W 1 -I 10.1.0.9 10.2.0.2
	in_ns host ping -c 1 -W 1 -I 10.1.0.9 224.1.1.1 || true
	[ "$(in_ns srv nft -j list counters | jq -c '[.nftables[].counter | select(.) | {(.name): .packets}] | add')" = \
		'{"kept":1,"lost":0,"other":1}' ]
}

# bats test_tags=ferrule
@test "ports with one MAC address only: others are dropped, neighbours are not" {
	topology
	ok add "${SPOOF[@]}"
	in_ns pod ping -c 1 -W 2 10.1.0.1
	ip -n pod link set eth0 address 02:00:00:00:00:99
	! in_ns pod ping -c 1 -W 1 10.1.0.1 || flunk "spoofed frame got through"
	in_ns pod2 ping -c 1 -W 2 10.1.0.1
	ok check "${SPOOF[@]}"
	ip -n pod link set eth0 address 02:00:00:00:00:02
	in_ns pod ping -c 1 -W 2 10.1.0.1
	ip -n pod link set eth0 address 02:00:00:00:00:99
	ok del "${SPOOF[@]}"
	no_rules
	in_ns pod ping -c 1 -W 2 10.1.0.1
}

# bats test_tags=ferrule
@test "the port is found without its name" {
	local port
	in_ns host nft list ruleset
	# The name that cni_owner_link() gives net/id/eth0.
	port=$(FERRULE_TRACE=stderr in_ns host sh -c "$DRIVE_DIR/rulesctl add port=x mac=02:00:00:00:00:02;
		exec $DRIVE_DIR/rulesctl del" 2>&1 |
		sed -n 's/.*get element \(veth[a-z0-9]*\) of map.*/\1/p' | head -n 1)
	[ -n "$port" ]
	ok del port=x
	no_rules
	ok add port="$port" mac=02:00:00:00:00:02
	ok del
	no_rules
}

# bats test_tags=ferrule
@test "ADD can be repeated, and replaces what is stale" {
	ok add "${BOTH[@]}" "${SPOOF[@]}"
	ruleset >"$SCRATCH/before"
	for _ in 1 2 3; do
		ok add "${BOTH[@]}" "${SPOOF[@]}"
	done
	diff "$SCRATCH/before" <(ruleset)
	# The address's and the port's next owner, on another network.
	ok add net=next id=n2 "${BOTH[@]}" port=veth-a mac=02:00:00:00:00:03
	ok check net=next id=n2 "${BOTH[@]}" port=veth-a mac=02:00:00:00:00:03
	# The first owner's late DEL leaves them alone.
	ruleset >"$SCRATCH/before"
	ok del "${BOTH[@]}" "${SPOOF[@]}"
	ok del
	[ "$(grep -c 'next/n2' "$SCRATCH/before")" = "$(ruleset | grep -c next/n2)" ]
	ok check net=next id=n2 "${BOTH[@]}" port=veth-a mac=02:00:00:00:00:03
}

# bats test_tags=ferrule
@test "whatever somebody flushed or deleted, the next ADD heals" {
	local table="inet ferrule_masquerade"
	for damage in "flush ruleset" "flush table $table" \
		"flush chain $table postrouting" "flush map $table sources4" \
		"delete chain $table postrouting" "delete table $table" \
		"flush table bridge ferrule_macspoof" \
		"delete table bridge ferrule_macspoof" \
		"add rule $table postrouting counter" \
		"flush map bridge ferrule_macspoof ports" \
		"add rule bridge ferrule_macspoof spoof-veth-a accept"; do
		ok add "${BOTH[@]}" "${SPOOF[@]}"
		ruleset >"$SCRATCH/before"
		# shellcheck disable=SC2086
		in_ns host nft $damage
		fails 100 '*' check "${BOTH[@]}" "${SPOOF[@]}"
		ok add "${BOTH[@]}" "${SPOOF[@]}"
		ok check "${BOTH[@]}" "${SPOOF[@]}"
		ok del "${BOTH[@]}" "${SPOOF[@]}"
		no_rules
	done
}

# bats test_tags=ferrule
@test "CHECK says what is missing and what was expected" {
	fails 100 'masquerade: 10.1.0.2 is missing from map sources4 of table inet ferrule_masquerade, expected it to go to net-*' check "${BOTH[@]}"
	ok add "${BOTH[@]}"
	fails 100 'macspoofchk: port veth-a is missing from map ports of table bridge ferrule_macspoof, expected it to go to spoof-veth-a' check "${SPOOF[@]}"
	fails 100 'masquerade: 10.1.0.2 in map sources4 of table inet ferrule_masquerade belongs to "cni:net/id/eth0", expected "cni:net/other/eth0"' check id=other "${BOTH[@]}"
	fails 100 'masquerade: 10.1.0.2 in map * goes to net-*, expected net-*' check ip=10.1.0.2/16
	fails 100 'masquerade: 10.1.0.2 in map * goes to net-*, expected net-*' check ip=10.1.0.2/24 random=1
	in_ns host nft add chain inet ferrule_masquerade late '{ type filter hook postrouting priority 0; }'
	ok check "${BOTH[@]}"
	in_ns host nft flush chain inet ferrule_masquerade postrouting
	fails 100 'nf_tables: chain postrouting of table inet ferrule_masquerade has other rules than expected' check "${BOTH[@]}"
}

# bats test_tags=ferrule
@test "DEL finds by address, by owner, and does nothing twice" {
	ok add "${BOTH[@]}"
	ok add id=other ip=10.1.0.3/24
	ok del id=other ip=10.1.0.99/24 # a wrong hint
	[ "$(ruleset | grep -c net/other)" -eq 0 ]
	ok check "${BOTH[@]}"
	ok del
	no_rules
	ok del "${BOTH[@]}"
	ok del
}

# bats test_tags=ferrule
@test "a DEL with nothing to remove asks a few questions and changes nothing" {
	ok add id=other net=other ip=10.1.0.3/24
	traced all del "${BOTH[@]}"
	! grep -q 'BATCH_BEGIN' "$SCRATCH/trace" || flunk "changed something"
	[ "$(grep -c 'sendto(' "$SCRATCH/trace")" -le 20 ]
	[ "$(grep -c 'execve(' "$SCRATCH/trace")" -eq 1 ]
	! grep -q NLM_F_DUMP "$SCRATCH/trace" || flunk "listed something"
	ok check id=other net=other ip=10.1.0.3/24
}

# bats test_tags=ferrule
@test "nothing is executed but for the iptables backend" {
	for verb in add check del gc; do
		traced execve,clone,vfork,fork $verb "${BOTH[@]}" "${SPOOF[@]}"
		[ "$(grep -c '(' "$SCRATCH/trace")" -eq 1 ] ||
			flunk "$(cat "$SCRATCH/trace")"
	done
	traced execve add "${BOTH[@]}" backend=iptables
	[ "$(grep -cE 'execve\("/.*ip6?tables-restore".*(= 0|unfinished)' "$SCRATCH/trace")" -eq 2 ]
	traced execve del "${BOTH[@]}"
	[ "$(grep -c execve "$SCRATCH/trace")" -eq 1 ]
	no_rules
}

# bats test_tags=ferrule
@test "GC removes what is not valid, of this network only" {
	ok add net=n1 id=a "${BOTH[@]}" port=veth-a mac=02:00:00:00:00:02
	ok add net=n1 id=b ip=10.1.0.3/24 port=veth-b mac=02:00:00:00:00:03
	ok add net=n1 id=b if=eth1 ip=10.1.0.4/24
	ok add net=n2 id=a ip=10.2.0.4/24 port=veth-c mac=02:00:00:00:00:04
	ok gc net=n1 valid=b/eth0
	fails 100 '*' check net=n1 id=a "${BOTH[@]}"
	ok check net=n1 id=b ip=10.1.0.3/24 port=veth-b mac=02:00:00:00:00:03
	fails 100 '*' check net=n1 id=b if=eth1 ip=10.1.0.4/24
	ok check net=n2 id=a ip=10.2.0.4/24 port=veth-c mac=02:00:00:00:00:04
	ok gc net=n1
	ok gc net=n2
	ok gc net=n3
	no_rules
}

# Each round of the driver's loop is ADD, CHECK and DEL.
# bats test_tags=ferrule
@test "parallel ADDs and DELs lose nothing and leave nothing" {
	local pids=() failed=0
	for i in $(seq 8); do
		in_ns host "$DRIVE_DIR/rulesctl" loop id=c"$i" net=n$((i % 3)) \
			ip=10.1.0.$((i + 1))/24 ip=fd00::"$i"/64 port=v"$i" \
			mac=02:00:00:00:00:0"$i" n=40 2>>"$SCRATCH/errors" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
	[ $failed -eq 0 ] || flunk "$(cat "$SCRATCH/errors")"
	no_rules
	pids=()
	for i in $(seq 32); do
		in_ns host "$DRIVE_DIR/rulesctl" add id=c"$i" \
			ip=10.1.0.$((i + 1))/24 port=v"$i" mac=02:00:00:00:00:01 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	for i in $(seq 32); do
		ok check id=c"$i" ip=10.1.0.$((i + 1))/24 port=v"$i" \
			mac=02:00:00:00:00:01
	done
	pids=()
	for i in $(seq 32); do
		in_ns host "$DRIVE_DIR/rulesctl" del id=c"$i" port=v"$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	no_rules
}

# bats test_tags=ferrule
@test "one of 2,000 costs the messages of one of one, and as many rules" {
	local empty full ips=() counts
	messages() {
		traced sendto,recvmsg "$@"
		grep -c '(' "$SCRATCH/trace"
	}
	ok add id=first ip=10.1.0.2/16
	empty="$(messages add id=x ip=10.1.250.9/16) $(messages del id=x ip=10.1.250.9/16)"
	counts=$(ruleset | grep -cE '^\s*(chain|ip|ip6) ')
	for i in $(seq 0 1999); do
		ips+=("ip=10.1.$((i / 200 + 1)).$((i % 200 + 1))/16")
	done
	ok each "${ips[@]}"
	[ "$(ruleset | grep -cE '^\s*(chain|ip|ip6) ')" = "$counts" ]
	full="$(messages add id=x ip=10.1.250.9/16) $(messages del id=x ip=10.1.250.9/16)"
	[ "$empty" = "$full" ] || flunk "with one: $empty, with 2,000: $full"
}

# bats test_tags=ferrule
@test "STATUS: what the kernel cannot do, or what is not installed" {
	ok status masq=1 spoof=1 random=1
	ok status masq=1 backend=iptables
	no_rules
	status=0
	output=$(in_ns host setpriv --bounding-set -net_admin --inh-caps -net_admin \
		"$DRIVE_DIR/rulesctl" status masq=1 backend=nftables 2>&1) || status=$?
	[[ $status -eq 1 && $output == "50 ipMasq: nf_tables: "*"Operation not permitted"* ]] || flunk
	mount --bind "$SCRATCH" /usr/sbin
	status=0
	output=$(PATH=/nowhere "$DRIVE_DIR/rulesctl" status masq=1 backend=iptables 2>&1) || status=$?
	output2=$(PATH=/nowhere "$DRIVE_DIR/rulesctl" add ip=10.1.0.2/24 backend=iptables 2>&1) || true
	umount /usr/sbin
	[[ $status -eq 1 && $output == "50 ipMasqBackend: iptables needs iptables-restore: No such file or directory: looked in "* ]] || flunk
	[[ $output2 == "5 ipMasqBackend: iptables needs iptables-restore: No such file"* ]] || flunk "$output2"
}

# Each message to the kernel in turn fails, or is the last before a kill.
# bats test_tags=ferrule
@test "a failure or a kill anywhere in ADD and DEL leaves nothing for good" {
	local kind verb n runs=0 last
	for kind in error=ENOMEM error=EPERM signal=KILL; do
		for verb in add del; do
			for n in $(seq 30); do
				ok add id=stays net=other ip=10.7.0.2/24
				[ $verb = add ] || ok add "${BOTH[@]}" "${SPOOF[@]}"
				status=0
				in_ns host env ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null \
					-e inject=sendto:$kind:when="$n" "$DRIVE_DIR/rulesctl" \
					$verb "${BOTH[@]}" "${SPOOF[@]}" \
					2>"$SCRATCH/said" || status=$?
				runs=$((runs + 1)) last=$status
				# What fails says so, and has changed nothing.
				if [ $verb = add ] && [ "$status" -eq 1 ]; then
					! ruleset | grep -q net/id || flunk "message $n"
				fi
				[ "$status" -ne 1 ] || grep -q '^[0-9]* ..*' "$SCRATCH/said"
				[ $verb,"$status" != del,0 ] ||
					! ruleset | grep -q net/id || flunk "message $n"
				ok del "${BOTH[@]}" "${SPOOF[@]}"
				! ruleset | grep -q net/id || flunk "message $n"
				ok check id=stays net=other ip=10.7.0.2/24
				[ "$last" -ne 0 ] || break
			done
			# It came to an end by itself: there was no message $n.
			[ "$last" -eq 0 ] && [ "$n" -gt 5 ] || flunk "after $n"
		done
	done
	echo "# $runs injections" >&3
	ok del id=stays net=other
	no_rules
}

# bats test_tags=ferrule
@test "without the right to change anything, DEL and GC say so" {
	for verb in del gc add; do
		status=0
		output=$(in_ns host setpriv --bounding-set -net_admin --inh-caps \
			-net_admin "$DRIVE_DIR/rulesctl" $verb "${BOTH[@]}" 2>&1) ||
			status=$?
		[[ $status -eq 1 && $output =~ ^"5 nf_tables: "(get generation|list table)": Operation not permitted" ]] || flunk
	done
}

ipt() {
	in_ns host iptables-save -t nat | grep -- '-A'
	in_ns host ip6tables-save -t nat | grep -- '-A'
}

# bats test_tags=ferrule
@test "iptables: the reference's chains and comments" {
	ok add net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64 backend=iptables
	diff <(ipt) - <<-'IPT'
		-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \"n1\" id: \"c1\"" -j CNI-7be53730afe4dc6eb2178d03
		-A CNI-7be53730afe4dc6eb2178d03 -d 10.88.0.0/24 -m comment --comment "name: \"n1\" id: \"c1\"" -j ACCEPT
		-A CNI-7be53730afe4dc6eb2178d03 ! -d 224.0.0.0/4 -m comment --comment "name: \"n1\" id: \"c1\"" -j MASQUERADE
		-A POSTROUTING -s fd88::2/128 -m comment --comment "name: \"n1\" id: \"c1\"" -j CNI-7be53730afe4dc6eb2178d03
		-A CNI-7be53730afe4dc6eb2178d03 -d fd88::/64 -m comment --comment "name: \"n1\" id: \"c1\"" -j ACCEPT
		-A CNI-7be53730afe4dc6eb2178d03 ! -d ff00::/8 -m comment --comment "name: \"n1\" id: \"c1\"" -j MASQUERADE
	IPT
	ok check net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64 backend=iptables
	ipt >"$SCRATCH/before"
	ok add net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64 backend=iptables
	diff "$SCRATCH/before" <(ipt)
	# A second interface, in another subnet, shares the chain.
	ok add net=n1 id=c1 if=eth1 ip=10.89.0.2/22 backend=iptables random=1
	ok check net=n1 id=c1 if=eth1 ip=10.89.0.2/22 backend=iptables
	ok del net=n1 id=c1 if=eth1 ip=10.89.0.2/22
	ok check net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64 backend=iptables
	fails 100 'masquerade: iptables table nat has no rule in POSTROUTING that takes 10.89.0.2 to chain CNI-*' \
		check net=n1 id=c1 if=eth1 ip=10.89.0.2/22 backend=iptables
	ok del net=n1 id=c1
	no_rules
	fails 100 "masquerade: chain CNI-* is missing from iptables' table nat" \
		check net=n1 id=c1 ip=10.88.0.2/24 backend=iptables
	ok add ip=10.88.0.2/24 backend=iptables random=1
	ipt | grep -q -- '-j MASQUERADE --random-fully$'
}

# bats test_tags=ferrule
@test "iptables: other rules stay, and so does their table" {
	in_ns host iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE
	in_ns host ip6tables -t nat -N MINE
	ok add "${BOTH[@]}" backend=iptables
	ok del "${BOTH[@]}"
	[ "$(ipt)" = "-A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE" ] || flunk "$(ipt)"
	in_ns host ip6tables -t nat -S MINE
}

# bats test_tags=ferrule
@test "iptables: 32 parallel ADDs on an empty table, twice each, no duplicates" {
	local pids=()
	for i in $(seq 16) $(seq 16); do
		in_ns host "$DRIVE_DIR/rulesctl" add id=c"$i" \
			ip=10.1.0.$((i + 1))/24 backend=iptables &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	[ -z "$(ipt | sort | uniq -d)" ]
	[ "$(ipt | grep -c POSTROUTING)" -eq 16 ]
	[ "$(ipt | grep -c ACCEPT)" -eq 16 ]
	[ "$(ipt | grep -c MASQUERADE)" -eq 16 ]
	ok gc valid=c3/eth0
	[ "$(ipt | wc -l)" -eq 3 ]
	ok check id=c3 ip=10.1.0.4/24 backend=iptables
	ok gc net=another
	[ "$(ipt | wc -l)" -eq 3 ]
	ok gc
	no_rules
}

# bats test_tags=ferrule
@test "iptables: a failed ADD leaves nothing" {
	mkdir "$SCRATCH/bin"
	printf '#!/bin/sh\nexit 3\n' >"$SCRATCH/bin/ip6tables-restore"
	chmod +x "$SCRATCH/bin/ip6tables-restore"
	PATH=$SCRATCH/bin:$PATH fails 5 'ipMasqBackend: *ip6tables-restore failed: *' \
		add "${BOTH[@]}" backend=iptables
	no_rules
}

legacy() {
	in_ns host iptables-legacy -t nat -S >/dev/null 2>&1 ||
		skip "kernel or machine without iptables-legacy"
}

# bats test_tags=ferrule
@test "iptables-legacy: added, checked and removed where it is in use" {
	legacy
	in_ns host iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE
	mkdir "$SCRATCH/bin"
	ln -s "$(command -v iptables-legacy-restore)" "$SCRATCH/bin/iptables-restore"
	ln -s "$(command -v ip6tables-legacy-restore)" "$SCRATCH/bin/ip6tables-restore"
	in_ns host iptables-legacy-save -t nat | grep '^[-:]' | sed 's/\[.*//' >"$SCRATCH/before"
	for _ in 1 2; do
		PATH=$SCRATCH/bin:$PATH ok add "${BOTH[@]}" backend=iptables
	done
	[ "$(in_ns host iptables-legacy-save -t nat | grep -c -- '-A.*CNI-')" -eq 3 ]
	[ "$(in_ns host ip6tables-legacy-save -t nat | grep -c -- '-A.*CNI-')" -eq 3 ]
	ok check "${BOTH[@]}" backend=iptables
	fails 100 '*POSTROUTING that takes 10.1.0.9*' check ip=10.1.0.9/24 backend=iptables
	PATH=$SCRATCH/bin:$PATH ok add if=eth1 ip=10.1.0.3/24 backend=iptables
	ok del if=eth1 ip=10.1.0.3/24
	ok check "${BOTH[@]}" backend=iptables
	PATH=$SCRATCH/bin:$PATH ok add id=other ip=10.1.0.4/24 backend=iptables
	ok gc valid=id/eth0
	ok check "${BOTH[@]}" backend=iptables
	ok del
	diff "$SCRATCH/before" <(in_ns host iptables-legacy-save -t nat | grep '^[-:]' | sed 's/\[.*//')
	# Nothing to remove: nothing runs.
	traced execve del
	[ "$(grep -c execve "$SCRATCH/trace")" -eq 1 ]
}

# wrapped FOLDER PREFIX: scripts there that run iptables-nft-restore and so on.
wrapped() {
	local name
	mkdir -p "$1"
	for name in iptables ip6tables; do
		printf '#!/bin/sh\nexec %s "$@"\n' \
			"$(command -v $name-"$2"-restore)" >"$1/$name-restore"
		chmod +x "$1/$name-restore"
	done
}

# rules_of PREFIX: how many there are of ours, in both families.
rules_of() {
	in_ns host sh -c "iptables-$1-save -t nat; ip6tables-$1-save -t nat" |
		grep -c -- '-A.*CNI-' || :
}

# bats test_tags=ferrule
@test "iptables: whose tables it is for, wherever it is and behind scripts" {
	legacy
	wrapped "$SCRATCH/legacy" nft
	for _ in 1 2; do
		PATH=$SCRATCH/legacy:$PATH ok add "${BOTH[@]}" backend=iptables
	done
	[ "$(rules_of nft)" -eq 6 ] || flunk "$(ruleset)"
	ok del
	wrapped "$SCRATCH/nft" legacy
	for _ in 1 2; do
		PATH=$SCRATCH/nft:$PATH ok add "${BOTH[@]}" backend=iptables
	done
	[ "$(rules_of legacy)" -eq 6 ] ||
		flunk "$(in_ns host iptables-legacy-save -t nat)"
	ok del
	[ "$(rules_of legacy)" -eq 0 ]
	printf '#!/bin/sh\necho "what?" >&2; exit 2\n' >"$SCRATCH/nft/iptables-restore"
	PATH=$SCRATCH/nft:$PATH fails 5 '*iptables-restore failed*' add \
		"${BOTH[@]}" backend=iptables
}

# bats test_tags=ferrule
@test "iptables: an error on the way to the program is no other kind of it" {
	local call
	ok add "${BOTH[@]}" backend=iptables
	for call in readlink readlinkat; do
		in_ns host env ASAN_OPTIONS=detect_leaks=0 strace -f -qq \
			-o "$SCRATCH/trace" -e trace=$call,execve \
			-e inject=$call:error=EACCES "$DRIVE_DIR/rulesctl" add \
			"${BOTH[@]}" backend=iptables >"$SCRATCH/said" 2>&1 ||
			status=$?
		grep -q INJECTED "$SCRATCH/trace" || continue
		break
	done
	output=$(<"$SCRATCH/said")
	[[ $output == '5 ipMasqBackend: resolve "/'*'/iptables-restore": Permission denied'* ]] ||
		flunk "no error, or another"
	[ "$(grep -c execve "$SCRATCH/trace")" -eq 1 ] || flunk 'it runs'
	no_rules
	ok add "${BOTH[@]}" backend=iptables
	[ "$(rules_of nft)" -eq 6 ]
	ok del
	no_rules
}

# --- Beside the reference plugin

# reference VERB BACKEND [ID [IFNAME]]: the Go plugin, in "host", for "pod".
reference() {
	local conf
	conf=$(jq -n --arg backend "$2" --arg dir "$SCRATCH/leases" '
		{cniVersion: "1.0.0", name: "n1", type: "bridge", bridge: "br9",
		 isGateway: true, ipMasq: true, ipMasqBackend: $backend,
		 macspoofchk: true, ipam: {type: "host-local", dataDir: $dir,
		 ranges: [[{subnet: "10.88.0.0/24"}], [{subnet: "fd88::/64"}]]}}')
	status=0
	output=$(in_ns host env CNI_COMMAND="$1" CNI_CONTAINERID="${3:-c1}" \
		CNI_NETNS="$POD" CNI_IFNAME="${4:-eth0}" CNI_PATH="$PEER_DIR" \
		"$REF" <<<"$conf" 2>&1) || status=$?
	[ "$status" -eq 0 ] || flunk "the reference's $1"
}

peers() {
	[ -x "$REF" ] || skip "no peers"
}

# bats test_tags=ferrule
@test "what the reference made goes, found by address, owner or GC" {
	peers
	for backend in nftables iptables; do
		for hint in "net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64" \
			"net=n1 id=c1"; do
			rm -rf "$SCRATCH/leases"
			reference ADD $backend
			[ -n "$(ruleset)" ]
			# Another's DELs do not touch it.
			ruleset >"$SCRATCH/before"
			ok del net=n1 id=c2
			ok del net=n2 id=c1 ip=10.88.0.2/24
			ok gc net=n1 valid=c1/eth0
			ok gc net=n2
			[ $backend = nftables ] ||
				[ "$(ipt | wc -l)" -eq 6 ]
			ip -n pod link delete eth0
			# shellcheck disable=SC2086
			ok del $hint
			no_rules
		done
	done
	for backend in nftables iptables; do
		rm -rf "$SCRATCH/leases"
		reference ADD $backend
		ip -n pod link delete eth0
		ok gc net=n1 valid=c1/eth0
		[ -n "$(ruleset)" ]
		ok gc net=n1 valid=c2/eth0
		no_rules
	done
}

# bats test_tags=ferrule
@test "of two attachments that the reference made, one stays" {
	peers
	for backend in nftables iptables; do
		rm -rf "$SCRATCH/leases"
		reference ADD $backend c1 eth0
		reference ADD $backend c2 eth1
		ok del net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64
		ruleset 2>/dev/null >"$SCRATCH/left"
		grep -q macspoofchk-c2-eth1 "$SCRATCH/left"
		! grep -q macspoofchk-c1 "$SCRATCH/left" || flunk "c1's is left"
		[ "$(grep -cE 'saddr (10.88.0.3|fd88::3)' "$SCRATCH/left")" -eq 2 ]
		! grep -qE 'saddr (10.88.0.2|fd88::2)' "$SCRATCH/left" ||
			flunk "$(cat "$SCRATCH/left")"
		ok del net=n1 id=c2 if=eth1
		no_rules
		ip -n pod link delete eth0
		ip -n pod link delete eth1
	done
}

# bats test_tags=ferrule
@test "the reference's DEL removes what our iptables backend made" {
	peers
	reference ADD iptables
	ipt >"$SCRATCH/reference"
	in_ns host iptables -t nat -F
	in_ns host iptables -t nat -X
	in_ns host ip6tables -t nat -F
	in_ns host ip6tables -t nat -X
	ok add net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64 backend=iptables
	diff "$SCRATCH/reference" <(ipt)
	reference DEL iptables
	[ -z "$(ipt)" ] || flunk "$(ipt)"
}

# bats test_tags=ferrule
@test "an ADD replaces what the reference had for the same attachment" {
	peers
	reference ADD nftables
	ok add net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64
	[ "$(ruleset | grep -c '43d91f8451058a70')" -eq 0 ]
	ok check net=n1 id=c1 ip=10.88.0.2/24 ip=fd88::2/64
}
