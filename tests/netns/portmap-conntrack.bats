#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portmap and connections that began before a port changed hands: they are
# forgotten, so that a client that goes on sending reaches who is there now;
# and all others are left alone.
# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154
load helpers
load portmap

# again ANSWER [TARGET...]: the client in "lan" that always sends from port 4000
# sends one datagram more, and gets ANSWER.
again() {
	assert_answers lan "$1" -1 -t 2 -s 4000 "${@:2}"
}

# count CONNTRACK-OPTION...: how many such flows there are.
count() {
	flows "$@" | wc -l
}

# assert_count N WHAT CONNTRACK-OPTION...
assert_count() {
	local got
	got=$(count "${@:3}")
	[ "$got" -eq "$1" ] ||
		flunk "$2: $got flows, expected $1" "$(flows "${@:3}")"
}

# many N TARGET: so many flows from "lan", which all are answered.
many() {
	local targets n
	for ((n = 0; n < $1; n++)); do
		targets[n]=$2
	done
	assert_answers lan '*[0-9]' "${targets[@]}"
}

@test "a client goes on sending: the next container has the first datagram" {
	serve pod udp/81
	serve pod2 udp/81
	for BACKEND in $BACKENDS; do
		publish pod 8081:81/udp
		again 'pod *' udp/192.0.2.1/8081 udp/2001:db8::1/8081
		again 'pod *' udp/192.0.2.1/8081 udp/2001:db8::1/8081
		withdraw pod 8081:81/udp
		publish pod2 8081:81/udp
		again 'pod2 *' udp/192.0.2.1/8081 udp/2001:db8::1/8081
		fresh
	done
}

@test "a client on the host itself" {
	serve pod udp/81
	serve pod2 udp/81
	for BACKEND in $BACKENDS; do
		publish pod 8081:81/udp
		assert_answers host 'pod *' -1 -s 4000 udp/127.0.0.1/8081
		withdraw pod 8081:81/udp
		publish pod2 8081:81/udp
		assert_answers host 'pod2 *' -1 -s 4000 udp/127.0.0.1/8081
		fresh
	done
}

# Nobody was there: the flow is one with the host.
@test "a client that began too early" {
	serve pod udp/81
	for BACKEND in $BACKENDS; do
		publish pod2 9999:81/udp # so that connections are tracked
		again '@(refused|timeout)' udp/192.0.2.1/8081 \
			udp/2001:db8::1/8081
		publish pod 8081:81/udp
		again 'pod *' udp/192.0.2.1/8081 udp/2001:db8::1/8081
		fresh
	done
}

@test "one address of the host, and host port and container port the same" {
	serve pod udp/81
	serve pod2 udp/81
	local maps=(192.0.2.11:81:81/udp '[2001:db8::11]:81:81/udp')
	for BACKEND in $BACKENDS; do
		publish pod "${maps[@]}"
		again 'pod *' udp/192.0.2.11/81 udp/2001:db8::11/81
		withdraw pod "${maps[@]}"
		publish pod2 "${maps[@]}"
		again 'pod2 *' udp/192.0.2.11/81 udp/2001:db8::11/81
		fresh
	done
}

# A pod of the host's network takes over the port, as with a node's DNS cache.
# bats test_tags=ferrule
@test "after DEL, the host itself has the next datagram" {
	serve pod udp/81
	serve host udp/8081
	for BACKEND in $BACKENDS; do
		publish pod2 9999:81/udp
		publish pod 8081:81/udp
		again 'pod *' udp/192.0.2.1/8081 udp/2001:db8::1/8081
		withdraw pod 8081:81/udp
		again 'host *' udp/192.0.2.1/8081 udp/2001:db8::1/8081
		fresh
	done
}

# bats test_tags=ferrule
@test "after DEL by the attachment alone, too" {
	local c
	serve pod udp/81
	serve host udp/8081
	for BACKEND in $BACKENDS; do
		publish pod2 9999:81/udp
		publish pod 8081:81/udp
		again 'pod *' udp/192.0.2.1/8081 udp/2001:db8::1/8081
		c=$(conf pod | jq -c 'del(.runtimeConfig,.prevResult)')
		portmap DEL pod "$c" CNI_NETNS=
		assert_silent
		again 'host *' udp/192.0.2.1/8081 udp/2001:db8::1/8081
		fresh
	done
}

# keep_open ADDRESS/PORT: a connection from "lan" that stays.
keep_open() {
	nsenter --net=/run/netns/lan -- "$BATS_TEST_DIRNAME/talk.py" ask \
		-k 60 "tcp/$1" >"$SCRATCH/open" 3>&- &
	SERVERS+=($!)
	for _ in {1..200}; do
		[ ! -s "$SCRATCH/open" ] || return 0
		sleep 0.02
	done
	flunk "no connection to $1"
}

# bats test_tags=ferrule
@test "DEL forgets the container's connections, and no other's" {
	serve pod tcp/80 sctp/82 udp/81
	serve pod2 tcp/80 sctp/82 udp/81
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp 8081:81/udp 8082:82/sctp
		publish pod2 9080:80/tcp 9081:81/udp 9082:82/sctp
		keep_open 192.0.2.1/8080
		keep_open 192.0.2.1/9080
		assert_answers lan '*[0-9]' udp/192.0.2.1/{8,9}081 \
			sctp/192.0.2.1/{8,9}082 tcp/2001:db8::1/{8,9}080
		assert_count 1 tcp -f ipv4 -p tcp --orig-port-dst 8080
		withdraw pod 8080:80/tcp 8081:81/udp 8082:82/sctp
		assert_count 0 tcp -f ipv4 -p tcp --orig-port-dst 8080
		assert_count 0 tcp6 -f ipv6 -p tcp --orig-port-dst 8080
		assert_count 0 udp -p udp --orig-port-dst 8081
		assert_count 0 sctp -p sctp --orig-port-dst 8082
		assert_count 1 'tcp of another' -f ipv4 -p tcp --orig-port-dst 9080
		assert_count 1 'tcp6 of another' -f ipv6 -p tcp --orig-port-dst 9080
		assert_count 1 'udp of another' -p udp --orig-port-dst 9081
		assert_count 1 'sctp of another' -p sctp --orig-port-dst 9082
		fresh
	done
}

# The same number at another machine's address is somebody else's port.
# bats test_tags=ferrule
@test "100 flows through the host to the same port elsewhere survive" {
	serve pod udp/8081 tcp/8081
	serve server udp/8081 tcp/8081
	for BACKEND in $BACKENDS; do
		publish pod2 9999:81/udp
		many 100 udp/198.51.100.2/8081
		many 10 tcp/198.51.100.2/8081
		assert_count 100 before -p udp --orig-port-dst 8081
		publish pod 8081:8081/udp 8081:8081/tcp
		assert_count 100 'after ADD' -p udp --orig-port-dst 8081
		assert_count 10 'TCP after ADD' -p tcp --orig-port-dst 8081
		many 3 udp/192.0.2.1/8081
		assert_count 103 more -p udp --orig-port-dst 8081
		withdraw pod 8081:8081/udp 8081:8081/tcp
		assert_count 100 'after DEL' -p udp --orig-port-dst 8081
		assert_count 10 'TCP after DEL' -p tcp --orig-port-dst 8081
		fresh
	done
}

@test "100 flows to other ports survive" {
	serve pod udp/81 tcp/80
	serve pod2 udp/81
	serve host udp/5353
	for BACKEND in $BACKENDS; do
		publish pod2 9081:81/udp
		many 50 udp/192.0.2.1/9081
		many 50 udp/192.0.2.1/5353
		publish pod 8081:81/udp 8080:80/tcp
		withdraw pod 8081:81/udp 8080:80/tcp
		assert_count 50 'of another container' -p udp --orig-port-dst 9081
		assert_count 50 'of the host' -p udp --orig-port-dst 5353
		fresh
	done
}

# bats test_tags=ferrule
@test "flows to the same port of another of the host's addresses survive" {
	serve pod udp/81
	serve pod2 udp/81
	for BACKEND in $BACKENDS; do
		publish pod2 192.0.2.1:8081:81/udp
		many 20 udp/192.0.2.1/8081
		publish pod 192.0.2.11:8081:81/udp
		assert_count 20 'after ADD' -p udp --orig-port-dst 8081
		many 5 udp/192.0.2.11/8081
		withdraw pod 192.0.2.11:8081:81/udp
		assert_count 20 'after DEL' -p udp --orig-port-dst 8081
		fresh
	done
}

@test "an ADD without UDP forgets nothing" {
	serve pod tcp/80
	serve server udp/8080
	for BACKEND in $BACKENDS; do
		publish pod2 9999:81/udp
		many 20 udp/198.51.100.2/8080
		publish pod 8080:80/tcp
		assert_count 20 'after ADD' -p udp --orig-port-dst 8080
		fresh
	done
}

# An established connection goes on when its port's owner is added again.
# bats test_tags=ferrule
@test "ADD again of the same: its connections go on" {
	serve pod tcp/80 udp/81
	for BACKEND in $BACKENDS; do
		publish pod 8080:80/tcp 8081:81/udp
		keep_open 192.0.2.1/8080
		many 5 udp/192.0.2.1/8081
		publish pod 8080:80/tcp 8081:81/udp
		assert_count 1 tcp -p tcp --orig-port-dst 8080 --state ESTABLISHED
		assert_count 5 udp -p udp --orig-port-dst 8081
		fresh
	done
}

# bats test_tags=ferrule
@test "GC forgets them as DEL does" {
	serve pod udp/81
	serve host udp/8081
	for BACKEND in $BACKENDS; do
		publish pod2 9999:81/udp
		publish pod 8081:81/udp
		again 'pod *' udp/192.0.2.1/8081
		gc pod2
		assert_silent
		again 'host *' udp/192.0.2.1/8081
		fresh
	done
}

# bats test_tags=ferrule,novalgrind
@test "thousands of flows do not slow it down much" {
	local start
	serve pod udp/81
	publish pod2 9999:81/udp
	in_ns host sh -c 'seq 1 5000 | sed "s/.*/-I -p udp -s 203.0.113.7 -d 198.51.100.9 --sport & --dport 53 -t 300/" | conntrack -R - >/dev/null 2>&1' ||
		skip 'skipped: this conntrack reads no batches'
	[ "$(count -p udp --orig-port-dst 53)" -ge 4000 ]
	start=${EPOCHREALTIME/[.,]/}
	publish pod 8081:81/udp
	withdraw pod 8081:81/udp
	[ $((${EPOCHREALTIME/[.,]/} - start)) -lt 1000000 ]
	[ "$(count -p udp --orig-port-dst 53)" -ge 4000 ]
}
