#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What networks containers are in, and what they are told of them.
# shellcheck disable=SC2030,SC2031

load helpers
load run-network

# inside OPTION... SCRIPT: its output is $output.
inside() {
	glue run --rm "${@:1:$#-1}" --rootfs "$WEB" sh -c "${*: -1}"
	assert_ok
}

@test "hosts, hostname and resolv.conf, and the options that change them" {
	inside --hostname box 'cat /etc/hosts /etc/hostname /etc/resolv.conf; hostname'
	grep -qx '10\.90\.0\.[0-9]*	box' <<<"$output"
	assert_output "127.0.0.1	localhost" "nameserver 192.0.2.53" "search example.test" "options ndots:2"
	[ "$(tail -n 1 <<<"$output")" = box ]
	inside --dns 192.0.2.1 --dns-search a.test --dns-option ndots:7 \
		--add-host db:192.0.2.9 --add-host up:host-gateway \
		'cat /etc/hosts /etc/resolv.conf'
	assert_output "192.0.2.9	db" "10.90.0.1	up" "nameserver 192.0.2.1" \
		"search a.test" "options ndots:7"
	[[ $output != *192.0.2.53* ]]
	glue run --rm --dns nowhere --rootfs "$WEB" true
	assert_status 125
	assert_fails "--dns nowhere"
}

@test "several networks: each has an interface, the first has the default route" {
	glue network create --subnet 10.8.1.0/24 --subnet fd00:1::/64 one
	glue network create --subnet 10.8.2.0/24 --subnet fd00:2::/64 two
	glue network create --subnet 10.8.3.0/24 --internal inner
	inside --network one --network two 'ip -o -4 addr; ip route; ip -6 route'
	assert_output "eth0    inet 10.8.1.2/24" "eth1    inet 10.8.2.2/24" \
		"default via 10.8.1.1" "default via fd00:1::1"
	[ "$(grep -c ^default <<<"$output")" -eq 2 ]
	glue run --rm --network inner -p 8080:80 --rootfs "$WEB" true
	assert_ok
	[[ $stderr == *'"inner" is internal'* ]]
	glue run --rm --network one -p 8080:80 --rootfs "$WEB" true
	[ -z "$stderr" ]
	# Where the first has none, the next one's serves.
	inside --network inner --network two 'ip route'
	assert_output "default via 10.8.2.1"
}

@test "a network's options, and addresses that are asked for" {
	glue network create --subnet 10.8.1.0/24 --gateway 10.8.1.9 --mtu 1400 \
		--subnet fd00:1::/64 one
	inside --network one --ip 10.8.1.77 --ip6 fd00:1::77 \
		--mac-address 02:42:0a:08:01:4d 'ip addr show eth0; ip route'
	assert_output "mtu 1400" 10.8.1.77/24 fd00:1::77/64 02:42:0a:08:01:4d \
		"default via 10.8.1.9"
	glue run --rm --network one --ip 10.9.0.1 --rootfs "$WEB" true
	assert_fails "--ip 10.9.0.1" "10.8.1.0/24"
	glue run --rm --network nowhere --rootfs "$WEB" true
	assert_fails "--network nowhere"
}

@test "IPv6: published to neighbours by their own addresses, masqueraded outwards" {
	make_lan
	glue network create --subnet 10.8.1.0/24 --subnet fd00:1::/64 one
	up web --network one -p 8080:80
	answers "$(record web '.id[:12]') [2001:db8::2]" '[2001:db8::1]:8080' neighbour
	who '[::1]:8080' | grep "^$(record web '.id[:12]') "
	who "[$(address_of web 0 6)]" | grep "^$(record web '.id[:12]') "
	# Not by neighbour(): what is killed has to be the server itself.
	nsenter --net="/proc/$LAN/ns/net" "$WEB/bin/busybox" httpd -f -p 80 \
		-h "$WEB/var/www" 3>&- &
	eventually answers "$(hostname) [2001:db8::1]" '[2001:db8::2]' in_box web
	kill $!
	down web
	drop_lan
}

@test "isolated: its containers do not reach each other" {
	glue network create --isolated apart
	up one --network apart -p 8080:80
	up two --network apart
	silent "$(address_of one)" in_box two
	who 127.0.0.1:8080 | grep "^$(record one '.id[:12]') "
	down one
	down two
}

@test "none, host, ns:PATH and container:NAME" {
	inside --network none 'ip -o link'
	[ "$(grep -c . <<<"$output")" -eq 1 ]
	assert_output lo LOOPBACK,UP
	ip link add glue-mark type bridge
	inside --network host 'ip -o link'
	assert_output glue-mark
	ip link del glue-mark
	touch "$SCRATCH/ns"
	unshare --net="$SCRATCH/ns" ip link add glue-far type bridge
	inside --network "ns:$SCRATCH/ns" 'ip -o link'
	assert_output glue-far
	umount "$SCRATCH/ns"
	up web --hostname web
	inside --network container:web 'wget -qO- http://127.0.0.1/cgi-bin/who; cat /etc/hosts'
	assert_output "web [::ffff:127.0.0.1]" "$(address_of web)	web"
	down web
	glue run --rm --network container:web --rootfs "$WEB" true
	assert_fails "container:web"
}

@test "the default network keeps clear of the host's routes" {
	ip link add glue-t type bridge
	ip addr add 10.90.0.1/24 dev glue-t
	ip link set glue-t up
	inside 'ip -o -4 addr show eth0'
	assert_output 10.90.1.2/24
	ip link del glue-t
}

@test "network rm and prune leave what a container is in" {
	glue network create used
	glue network create free
	up web --network used
	glue network rm used
	assert_fails 'network "used"' "used by container" web
	glue network prune
	assert_ok
	[ "$output" = free ]
	down web
	glue network rm used
	assert_ok
}

@test "-P publishes what the image exposes" {
	image '{"ExposedPorts":{"80/tcp":{},"53/udp":{}},"Cmd":["httpd","-f","-p","80","-h","/var/www"]}'
	timeout 60 "$GLUE" run --rm --name web -P web </dev/null >"$SCRATCH/web.out" 2>&1 3>&- &
	RUNS+=($!)
	eventually runs web || flunk "$(cat "$SCRATCH/web.out")"
	glue ps
	assert_output "->80/tcp" "->53/udp"
	eventually who "127.0.0.1:$(record web '.ports[] | select(.containerPort == 80).hostPort')" |
		grep "^$(record web '.id[:12]') "
	down web
}

# image CONFIG: a docker archive with the root file system, loaded as "web".
image() { # CONFIG
	local dir=$SCRATCH/image
	mkdir "$dir"
	tar -C "$WEB" -cf "$dir/layer.tar" .
	jq -n --argjson config "$1" --arg diff "sha256:$(sha256sum <"$dir/layer.tar" | cut -d' ' -f1)" \
		'{architecture: "amd64", os: "linux", config: $config,
		rootfs: {type: "layers", diff_ids: [$diff]}}' >"$dir/config.json"
	echo '[{"Config":"config.json","RepoTags":["web:latest"],"Layers":["layer.tar"]}]' \
		>"$dir/manifest.json"
	tar -C "$dir" -cf "$SCRATCH/web.tar" manifest.json config.json layer.tar
	glue load "$SCRATCH/web.tar"
	assert_ok
}
