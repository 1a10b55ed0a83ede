#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers' networks: who reaches whom.
# shellcheck disable=SC2030,SC2031

load helpers
load run-network

@test "a published port answers the host, its neighbours, and containers" {
	local web ip
	make_lan
	up web -p 8080:80
	up other
	web=$(record web '.id[:12]')
	ip=$(address_of web)
	answers "$web [::ffff:10.90.0.1]" 127.0.0.1:8080
	answers "$web [::ffff:198.51.100.1]" 198.51.100.1:8080
	answers "$web [::ffff:10.90.0.1]" "[::1]:8080"
	answers "$web [::ffff:10.90.0.1]" "$ip"
	# The neighbour is seen by its own address.
	answers "$web [::ffff:198.51.100.2]" 198.51.100.1:8080 neighbour
	answers "$web [::ffff:$(address_of other)]" "$ip" in_box other
	who 198.51.100.1:8080 in_box other | grep "^$web "
	who 198.51.100.1:8080 in_box web | grep "^$web "
	down web
	silent 127.0.0.1:8080
	silent "[::1]:8080"
	silent 198.51.100.1:8080 neighbour
	down other
	drop_lan
}

@test "what a container sends leaves with this host's address" {
	make_lan
	# Not by neighbour(): what is killed has to be the server itself.
	nsenter --net="/proc/$LAN/ns/net" "$WEB/bin/busybox" httpd -f -p 80 \
		-h "$WEB/var/www" 3>&- &
	local server=$!
	up box
	eventually answers "$(hostname) [::ffff:198.51.100.1]" 198.51.100.2 in_box box
	kill $server
	down box
	drop_lan
}

@test "-p: udp, ranges, an address of the host, a free port" {
	make_lan
	up web -p 5300:53/udp -p 7000-7002:79-81 -p 198.51.100.1:9000:80 -p 80
	answers "$(record web '.id[:12]') [::ffff:10.90.0.1]" 127.0.0.1:7001
	nsenter --net="$(record web .netns)" /usr/bin/python3 \
		-c "$UDP_SERVER" 3>&- &
	eventually udp_says 10.90.0.1 127.0.0.1
	udp_says 10.90.0.1 ::1
	udp_says 198.51.100.2 198.51.100.1 neighbour
	kill $!
	answers "$(record web '.id[:12]') [::ffff:198.51.100.2]" 198.51.100.1:9000 neighbour
	silent 127.0.0.1:9000
	free=$(record web '.ports[-1].hostPort')
	[ "$free" -gt 1023 ]
	who "127.0.0.1:$free" | grep .
	glue ps
	assert_output "198.51.100.1:9000->80/tcp" "$free->80/tcp"
	down web
	drop_lan
}

# Answers with the address of who asked.
UDP_SERVER='
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 53))
while True:
    at = s.recvfrom(99)[1]
    s.sendto(at[0].encode() + b"\n", at)
'

udp_says() { # TEXT HOST [COMMAND...]
	local text=$1 host=$2
	shift 2
	[ "$("$@" nc -u -w 1 "$host" 5300 <<<ping | head -n 1)" = "$text" ]
}

@test "-p: a taken port is refused, and its holder named" {
	up web -p 8080:80
	glue run --rm -p 8080:80 --rootfs "$WEB" true
	assert_status 125
	assert_fails "-p 8080:80" 'container "web"'
	glue run --rm -p 8081:80 --rootfs "$WEB" true
	assert_ok
	nc -l -p 9999 3>&- &
	eventually grep -q ':270F 00000000:0000 0A' /proc/net/tcp
	glue run --rm -p 9999:80 --rootfs "$WEB" true
	assert_status 125
	assert_fails "-p 9999:80" "a program of the host"
	kill $!
	# The address of another family, another protocol, is no conflict.
	glue run --rm -p 8080:80/udp --rootfs "$WEB" true
	assert_ok
	down web
}

@test "the relay ends with run, also by SIGKILL, and sweeping takes the rest" {
	local run relay
	up web -p 8080:80
	run=$(pgrep -P "${RUNS[0]}")
	relay=$(record web .relay)
	[ "$(cat "/proc/$relay/comm")" = glue-relay ]
	kill -KILL "$run"
	eventually not_there "$relay"
	glue ps
	assert_ok
	silent 127.0.0.1:8080
	no_rules
}

not_there() { # PID
	! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null
}

no_rules() {
	local left
	left=$(nft list ruleset | grep -E 'dnat|masquerade|snat' || true)
	[ -z "$left" ] || flunk "rules are left: $left" || return 1
	left=$(find /var/lib/cni/networks -name '10.*' 2>/dev/null)
	[ -z "$left" ] || flunk "leases are left: $left" || return 1
	left=$(find "$CNI_CACHE" -type f)
	[ -z "$left" ] || flunk "attachments are left: $left" || return 1
}

@test "nothing is left after the end, or after a failed start" {
	glue run --rm -p 8080:80 --rootfs "$WEB" true
	assert_ok
	no_rules
	glue run --rm -p 8080:80 --rootfs "$WEB" /no/such
	assert_status 127
	no_rules
	# An ADD that fails, of the second network.
	printf '{"cniVersion":"1.1.0","name":"bad","plugins":[{"type":"bridge",
		"bridge":"bad","ipam":{"type":"host-local","subnet":"10.7.0.0/30",
		"rangeStart":"10.7.0.1","rangeEnd":"10.7.0.1","gateway":"10.7.0.1"}}]}' \
		>"$NETCONFPATH/bad.conflist"
	glue run --rm --network bridge --network bad -p 8080:80 --rootfs "$WEB" true
	assert_status 125
	assert_fails 'network "bad"'
	no_rules
	glue ps -a -q
	[ -z "$output" ]
}

@test "nft flush ruleset, then cni repair: the port answers again" {
	local web
	make_lan
	up web -p 8080:80
	web=$(record web '.id[:12]')
	nft flush ruleset
	silent 198.51.100.1:8080 neighbour
	glue cni repair
	assert_ok
	answers "$web [::ffff:198.51.100.2]" 198.51.100.1:8080 neighbour
	answers "$web [::ffff:10.90.0.1]" 127.0.0.1:8080
	down web
	no_rules
	drop_lan
}

@test "create and start: the port answers, by the relay, too" {
	glue create --rm --name web -p 8080:80 --rootfs "$WEB" httpd -f -p 80 -h /var/www
	assert_ok
	timeout 60 "$GLUE" start --attach web </dev/null >"$SCRATCH/web.out" 2>&1 3>&- &
	RUNS+=($!)
	eventually runs web || flunk "$(cat "$SCRATCH/web.out")"
	answers "$(record web '.id[:12]') [::ffff:10.90.0.1]" "[::1]:8080"
	answers "$(record web '.id[:12]') [::ffff:10.90.0.1]" 127.0.0.1:8080
	down web
	no_rules
}

@test "containers that start at once have addresses of their own" {
	local n
	for n in 1 2 3; do
		timeout 60 "$GLUE" run --rm --rootfs "$WEB" sh -c \
			'ip -o -4 addr show eth0; sleep 1' >"$SCRATCH/at.$n" 2>&1 3>&- &
		RUNS+=($!)
	done
	wait "${RUNS[@]}"
	[ "$(grep -ho '10\.90\.0\.[0-9]*/24' "$SCRATCH"/at.? | sort -u | wc -l)" -eq 3 ] ||
		flunk "$(cat "$SCRATCH"/at.?)"
	no_rules
}

@test "map: two containers, their addresses and ports" {
	local kind
	up web -p 8080:80
	up other -p 127.0.0.1:5300:53/udp
	for kind in "" --mermaid --svg; do
		# shellcheck disable=SC2086 # may be none
		glue map $kind
		assert_output "container web ($(record web '.id[:12]'))" \
			"container other ($(record other '.id[:12]'))" \
			"glue0 bridge" "10.90.0.1/24" \
			"eth0 $(address_of web)/24" "eth0 $(address_of other)/24" \
			"8080 to 80/tcp" "127.0.0.1:5300 to 53/udp"
	done
	down web
	down other
}
