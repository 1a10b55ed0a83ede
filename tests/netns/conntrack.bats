#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# common/nft/conntrack.c against the kernel, by its driver tests/drive/ctctl.c.
# Entries are made and listed by conntrack(8); the last test's are of traffic.
#
# The host is 10.0.0.1, 10.0.0.2 and fd00::1, containers are 10.88.0.2 and .3
# and fd00:88::2 and ::3, clients 10.0.0.5 and fd00::5.
load helpers

# What runs beside a test, by its process ID.
beside=()

teardown() {
	for pid in "${beside[@]}"; do
		kill "$pid" 2>/dev/null || :
	done
	ip -all netns delete
	rm -rf "$SCRATCH"
}

host_addresses() {
	in_ns host ip link set lo up
	in_ns host ip addr add 10.0.0.1/24 dev lo
	in_ns host ip addr add 10.0.0.2/24 dev lo
	in_ns host ip addr add fd00::1/64 dev lo nodad
}

ctctl() {
	status=0
	output=$(in_ns host "$DRIVE_DIR/ctctl" "$@" 2>&1) || status=$?
}

# flow PROTOCOL DESTINATION DPORT SPORT [PEER:PORT] [OPTION...]: a line that
# makes a flow, translated to PEER, for `conntrack -R`.
flow() {
	local client=10.0.0.5 rest=("${@:6}")
	[[ $2 != *:* ]] || client=fd00::5
	[ -z "${5:-}" ] || rest+=(--dst-nat "$5")
	[ "$1" != tcp ] || rest+=(--state ESTABLISHED)
	[ "$1" != sctp ] || rest+=(--state ESTABLISHED --orig-vtag 1 --reply-vtag 2)
	echo -I -p "$1" -s $client -d "$2" --sport "$4" --dport "$3" \
		-t 600 "${rest[@]}"
}

make_flows() {
	in_ns host conntrack -R - >/dev/null
}

# The source ports of all flows that there are, in order: each test gives each
# flow one of its own.
left() {
	local family
	for family in ipv4 ipv6; do
		in_ns host conntrack -L -f $family 2>/dev/null
	done | sed -n 's/.*\<sport=\([0-9]*\) dport=[0-9]* .*src=.*/\1/p' |
		sort -nu | tr '\n' ' '
}

assert_left() {
	[ "$(left)" = "$*${*:+ }" ] || flunk "left: $(left), expected: $*"
}

# Before a new container gets the port, whoever had it.
# bats test_tags=ferrule
@test "a port's UDP flows go, unless they are the new container's" {
	host_addresses
	{
		flow udp 10.0.0.1 53 1001 10.88.0.3:53 # the old container's
		flow udp 10.0.0.2 53 1002 10.88.0.3:5353
		flow udp 10.0.0.1 53 1003           # this host's own
		flow udp 127.0.0.1 53 1004          # likewise
		flow udp 10.0.0.1 53 1005 10.88.0.2:53 # the new one's
	} | make_flows
	assert_left 1001 1002 1003 1004 1005
	ctctl 4 udp 53 - !10.88.0.2
	assert_ok
	assert_left 1005
}

# bats test_tags=ferrule
@test "a hundred flows that are not of the mapping survive" {
	host_addresses
	{
		for i in {1..20}; do
			flow udp "192.0.2.$i" 53 $((2000 + i)) # forwarded
			flow tcp 10.0.0.1 53 $((2020 + i)) 10.88.0.3:53
			flow udp 10.0.0.1 54 $((2040 + i)) 10.88.0.3:53
			flow udp fd00::1 53 $((2060 + i)) "[fd00:88::3]:53"
			# A service of the cluster, that is no local address.
			flow udp 10.96.0.10 53 $((2080 + i)) 10.88.0.3:53
		done
		flow udp 10.0.0.1 53 1001 10.88.0.3:53
	} | make_flows
	ctctl 4 udp 53 - !10.88.0.2
	assert_ok
	# shellcheck disable=SC2046 # a word each
	assert_left $(seq 2001 2100)
}

# bats test_tags=ferrule
@test "with a host address, flows to another one survive" {
	host_addresses
	{
		flow udp 10.0.0.1 53 1001 10.88.0.3:53
		flow udp 10.0.0.2 53 1002 10.88.0.3:53
		flow udp fd00::1 53 1003 "[fd00:88::3]:53"
		flow udp 192.0.2.1 53 1004
	} | make_flows
	ctctl 4 udp 53 10.0.0.2 !10.88.0.2
	assert_left 1001 1003 1004
	ctctl 6 udp 53 fd00::1 !fd00:88::2
	assert_left 1001 1004
	# What is forwarded is not the mapping's, whatever hostIP says.
	ctctl 4 udp 53 192.0.2.1 !10.88.0.2
	assert_left 1001 1004
}

# bats test_tags=ferrule
@test "a container's flows go by all protocols, and nobody else's" {
	host_addresses
	{
		flow udp 10.0.0.1 80 1001 10.88.0.2:8080
		flow tcp 10.0.0.1 80 1002 10.88.0.2:8080
		flow sctp 10.0.0.2 80 1003 10.88.0.2:8080
		flow tcp 10.0.0.1 81 1004 10.88.0.2:8080 # another mapping
		flow tcp 10.0.0.1 80 1005 10.88.0.3:8080 # another container
		flow tcp 10.88.0.2 80 1006               # straight to it
		flow tcp 10.0.0.1 80 1007                # to this host
		flow tcp fd00::1 80 1008 "[fd00:88::2]:8080"
	} | make_flows
	ctctl 4 udp 80 - 10.88.0.2 4 tcp 80 - 10.88.0.2 4 sctp 80 - 10.88.0.2
	assert_ok
	assert_left 1004 1005 1006 1007 1008
	ctctl 4 tcp 0 - 10.88.0.2 6 tcp 80 - fd00:88::2
	assert_left 1005 1006 1007
}

# Each of these is another question to the kernel.
# bats test_tags=ferrule
@test "whatever filters have in common, they find the same" {
	host_addresses
	local filter filters=(
		"4 tcp 80 10.0.0.1 10.88.0.2"
		"4 tcp 80 - 10.88.0.2"
		"4 tcp 0 - 10.88.0.2"
		"4 tcp 80 - -"
		"4 tcp 80 - !10.88.0.9"
		"4 tcp 80 - - 4 tcp 81 - -"
		"4 tcp 80 - 10.88.0.2 4 tcp 80 - 10.88.0.3"
		"4 tcp 80 - - 6 tcp 80 - -"
		"4 tcp 80 - - 4 udp 80 - -"
		"4 tcp 80 - 10.88.0.2 6 udp 81 - fd00:88::2"
		"4 tcp 80 - 10.88.0.2 4 udp 81 - -"
		"4 tcp 0 - 10.88.0.2 4 udp 0 - 10.88.0.2"
		"6 tcp 80 - fd00:88::2"
		"6 tcp 80 fd00::1 fd00:88::2"
		"6 tcp 0 - fd00:88::2"
		"6 tcp 80 - !fd00:88::9"
		"6 tcp 80 - -"
	)
	for filter in "${filters[@]}"; do
		{
			case $filter in
			4*) flow tcp 10.0.0.1 80 1001 10.88.0.2:8080 ;;
			6*) flow tcp fd00::1 80 1001 "[fd00:88::2]:8080" ;;
			esac
			flow tcp 10.0.0.1 90 1002 10.88.0.4:8080
			flow udp fd00::1 90 1003 "[fd00:88::4]:8080"
		} | make_flows
		# shellcheck disable=SC2086 # words
		ctctl $filter
		assert_left 1002 1003
		in_ns host conntrack -F 2>/dev/null
	done
}

# bats test_tags=ferrule
@test "one container's flows are deleted by the kernel, where it can" {
	host_addresses
	{
		flow tcp 10.0.0.1 80 1001 10.88.0.2:8080
		flow tcp 10.0.0.1 80 1001 10.88.0.2:8080 -w 7
		flow tcp 10.0.0.2 80 1002 10.88.0.2:8080
		flow tcp 10.0.0.1 80 1003 10.88.0.3:8080
		flow tcp 10.0.0.1 80 1004
		flow tcp 10.88.0.2 80 1005
		flow udp 10.0.0.1 80 1006 10.88.0.2:8080
		flow tcp 10.0.0.1 81 1007 10.88.0.2:8080
		flow tcp fd00::1 80 1008 "[fd00:88::2]:8080"
	} | make_flows
	FERRULE_TRACE=stderr ctctl 4 tcp 80 10.0.0.1 10.88.0.2
	assert_ok
	assert_left 1002 1003 1004 1005 1006 1007 1008
	# Since 6.12; before, the request is refused, and all are listed.
	[[ $output == *"port 80 of 10.88.0.2 = ok"* ]] ||
		[[ $output == *"port 80 of 10.88.0.2 = EINVAL"*"ct list entries"* ]] ||
		flunk
	ctctl 4 tcp 80 - 10.88.0.2 4 tcp 81 - 10.88.0.2
	assert_left 1003 1004 1005 1006 1008
	# For many, they are listed.
	# shellcheck disable=SC2046 # words
	FERRULE_TRACE=stderr ctctl $(printf "4 tcp %s - 10.88.0.3 " {60..90})
	assert_ok
	[[ $output == *"ct list entries"* ]] || flunk
	assert_left 1004 1005 1006 1008
}

# bats test_tags=ferrule
@test "many flows go at once, by one dump or one for each family" {
	local dumps
	host_addresses
	for i in {1..2000}; do
		flow udp 10.0.0.1 53 $((1000 + i)) 10.88.0.3:53
	done | make_flows
	FERRULE_TRACE=stderr ctctl 4 udp 53 - !10.88.0.2 6 udp 53 - !fd00::2
	assert_ok
	dumps=$(grep 'ct list' <<<"$output")
	[[ $dumps == *"ct list entries = ok"* ]] || flunk
	[ "$(wc -l <<<"$dumps")" = 1 ] || flunk
	assert_left
	for i in {1..12000}; do
		flow udp 10.0.0.1 53 $((1000 + i)) 10.88.0.3:53
	done | make_flows
	flow udp fd00::1 53 1 | make_flows
	FERRULE_TRACE=stderr ctctl 4 udp 53 - !10.88.0.2 6 udp 53 - !fd00::2
	assert_ok
	dumps=$(grep 'ct list' <<<"$output")
	[[ $dumps == *"of IPv4 = ok"*"of IPv6 = ok"* ]] || flunk
	[ "$(wc -l <<<"$dumps")" = 2 ] || flunk
	assert_left
}

# bats test_tags=ferrule
@test "entries in zones are found and deleted by them" {
	host_addresses
	{
		flow udp 10.0.0.1 53 1001 10.88.0.3:53 -w 7
		flow udp 10.0.0.1 53 1001 10.88.0.3:53
		flow udp 10.0.0.1 53 1002 10.88.0.2:53 -w 7
	} | make_flows
	ctctl 4 udp 53 - !10.88.0.2
	assert_left 1002
}

# bats test_tags=ferrule
@test "without an entry nothing is listed" {
	FERRULE_TRACE=stderr ctctl 4 udp 53 - !10.88.0.2
	assert_ok
	[[ $output != *"ct list"* ]] || flunk
	ctctl
}

# bats test_tags=ferrule
@test "a filter that says too little deletes nothing" {
	host_addresses
	flow udp 10.0.0.1 53 1001 10.88.0.3:53 | make_flows
	local good="4 udp 53 - !10.88.0.2"
	# shellcheck disable=SC2086 # words
	ctctl $good 4 udp 0 - -
	[ "$output" = \
		"-22 conntrack filter without a port or a peer: Invalid argument" ] ||
		flunk
	# shellcheck disable=SC2086
	ctctl $good 4 udp 0 - !10.88.0.2
	[[ $output == *"without a port or a peer"* ]] || flunk
	# shellcheck disable=SC2086
	ctctl 4 - 53 - 10.88.0.2 $good
	[[ $output == *"without a protocol"* ]] || flunk
	# shellcheck disable=SC2086
	ctctl - udp 53 - 10.88.0.2 $good
	[[ $output == *"without a family"* ]] || flunk
	assert_left 1001
}

# bats test_tags=ferrule
@test "without permission it is an error" {
	status=0
	output=$(in_ns host setpriv --bounding-set=-net_admin \
		--inh-caps=-net_admin "$DRIVE_DIR/ctctl" 4 udp 53 - -) ||
		status=$?
	[ "$status" = 1 ] || flunk
	[ "$output" = "-1 count connections (conntrack): Operation not permitted" ] ||
		flunk
}

# A client that goes on from one port, as DNS forwarders and VoIP do.
# bats test_tags=ferrule
@test "the next packet of a client reaches the new container" {
	local rules='table ip t {
		chain pre { type nat hook prerouting priority -100
			udp dport 53 dnat to 10.88.0.%d:5353; }
	}\n'
	in_ns host ip link add lan type veth peer name eth0 netns pod
	in_ns host ip addr add 10.0.0.1/24 dev lan
	in_ns host ip link set lan up
	in_ns pod ip addr add 10.0.0.5/24 dev eth0
	in_ns pod ip link set eth0 up
	for i in 2 3; do
		ip netns add c$i
		in_ns host ip link add c$i type veth peer name eth0 netns c$i
		in_ns host ip addr add 10.88.0.1/32 peer 10.88.0.$i dev c$i
		in_ns host ip link set c$i up
		in_ns c$i ip addr add 10.88.0.$i/24 dev eth0
		in_ns c$i ip link set eth0 up
		in_ns c$i ip route add default via 10.88.0.1
		nsenter --net=/run/netns/c$i -- nc -u -l -k 5353 \
			>"$SCRATCH/c$i" 3>&- &
		beside+=($!)
	done
	in_ns host sysctl -qw net.ipv4.ip_forward=1
	send() { # WORD: from the one port of the client
		echo "$1" | in_ns pod timeout 5 nc -u -w 1 -p 1001 10.0.0.1 53 || :
	}
	heard() {
		timeout 5 sh -c "until grep -q $2 '$SCRATCH/c$1'; do sleep 0.1; done" ||
			flunk "container $1 did not hear $2"
	}
	# shellcheck disable=SC2059 # ours
	printf "$rules" 2 | in_ns host nft -f -
	send one
	heard 2 one
	in_ns host nft flush chain ip t pre
	in_ns host nft add rule ip t pre udp dport 53 dnat to 10.88.0.3:5353
	send two
	heard 2 two # the kernel remembers
	ctctl 4 udp 53 - !10.88.0.3
	send three
	heard 3 three
	ctctl 4 udp 53 - !10.88.0.3
}
