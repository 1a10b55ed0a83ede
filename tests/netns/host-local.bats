#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# host-local's verbs and its store: cni-behaviour.md 2.3
# shellcheck disable=SC2030,SC2031,SC2119,SC2120,SC2154
load helpers

# conf IPAM [MORE]: members of `ipam`, and of the configuration.
conf() {
	printf '{"cniVersion":"%s","name":"n","type":"x",%s"ipam":{%s%s}}' \
		"${VERSION:-1.1.0}" "${2:+$2,}" \
		"\"type\":\"host-local\",\"dataDir\":\"$SCRATCH/store\"" \
		"${1:+,$1}"
}

NET='"subnet":"10.1.2.0/24"'
TINY='"subnet":"10.1.2.0/30"'

add() { # ID CONF [VAR=VALUE...]
	cni ADD host-local "$2" CNI_CONTAINERID="$1" "${@:3}"
}
del() {
	cni DEL host-local "$2" CNI_CONTAINERID="$1" "${@:3}"
}

# lease ID ADDRESS [IFNAME]: as the reference writes it.
lease() {
	mkdir -p "$SCRATCH/store/n"
	printf '%s\r\n%s' "$1" "${3:-eth0}" >"$SCRATCH/store/n/$2"
}

# leases ADDRESS...: exactly these files, and complete.
assert_leases() {
	local got
	got=$(cd "$SCRATCH/store/n" && find . -type f ! -name lock \
		! -name 'last_reserved_ip.*' -printf '%f\n' | sort | tr '\n' ' ')
	[ "$got" = "$(for f; do echo "$f"; done | sort | tr '\n' ' ')" ] ||
		flunk "leases are: $got" "expected: $*"
}

assert_content() { # FILE TEXT
	printf %b "$2" | cmp -s - "$SCRATCH/store/n/$1" ||
		flunk "$1 holds: $(od -c "$SCRATCH/store/n/$1")"
}

@test "ADD leases the first address, and writes what the reference writes" {
	add c1 "$(conf "$NET,\"routes\":[{\"dst\":\"0.0.0.0/0\"}]")"
	assert_stdout '{
    "cniVersion": "1.1.0",
    "ips": [
        {
            "address": "10.1.2.2/24",
            "gateway": "10.1.2.1"
        }
    ],
    "routes": [
        {
            "dst": "0.0.0.0/0"
        }
    ]
}'
	assert_leases 10.1.2.2
	assert_content 10.1.2.2 'c1\r\neth0'
	assert_content last_reserved_ip.0 '10.1.2.2'
	[ "$(stat -c %a "$SCRATCH/store/n/10.1.2.2")" = 600 ]
	[ "$(stat -c %a "$SCRATCH/store/n/last_reserved_ip.0")" = 600 ]
	[ "$(stat -c %s "$SCRATCH/store/n/lock")" = 0 ]
}

@test "round robin: goes on after the last, wraps, passes over the gateway" {
	local c
	c=$(conf '"ranges":[[{"subnet":"10.1.2.0/29","rangeEnd":"10.1.2.4"},{"subnet":"10.1.3.0/30"}]]')
	add a "$c"; assert_json '.ips[0].address' 10.1.2.2/29
	add b "$c"; assert_json '.ips[0].address' 10.1.2.3/29
	del a "$c"; assert_silent
	add c "$c"; assert_json '.ips[0].address' 10.1.2.4/29
	add d "$c"
	assert_json '.ips[0].address' 10.1.3.2/30
	assert_json '.ips[0].gateway' 10.1.3.1
	add e "$c"; assert_json '.ips[0].address' 10.1.2.2/29
	add f "$c"
	assert_error '*' '*no IP addresses available in range set: 10.1.2.1-10.1.2.4,10.1.3.1-10.1.3.2'
	assert_leases 10.1.2.2 10.1.2.3 10.1.2.4 10.1.3.2
}

# bats test_tags=ferrule
@test "an exhausted range is code 101, and takes nothing from another set" {
	local c
	c=$(conf '"ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"10.1.3.0/30"}]]')
	add a "$c"; assert_ok
	add b "$c"
	assert_error 101 'failed to allocate for range 1: no IP addresses available in range set: 10.1.3.1-10.1.3.2'
	assert_leases 10.1.2.2 10.1.3.2
}

@test "dual stack: an address from each set, IPv6 ranges of any size" {
	add c1 "$(conf '"ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"fd00::/8"}]]')"
	assert_ok
	assert_json '[.ips[].address]|join(" ")' '10.1.2.2/24 fd00::2/8'
	assert_leases 10.1.2.2 fd00::2
	assert_content last_reserved_ip.1 'fd00::2'
	del c1 "$(conf '"ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"fd00::/8"}]]')"
	assert_silent
	assert_leases
}

@test "a second ADD of the attachment is refused, of another interface not" {
	add c1 "$(conf "$NET")"; assert_ok
	add c1 "$(conf "$NET")"
	assert_error '*' '*10.1.2.2 has been allocated to c1, duplicate allocation is not allowed'
	add c1 "$(conf "$NET")" CNI_IFNAME=eth1
	assert_json '.ips[0].address' 10.1.2.3/24
	assert_leases 10.1.2.2 10.1.2.3
	del c1 "$(conf "$NET")" CNI_IFNAME=eth1
	assert_leases 10.1.2.2
}

@test "requested addresses: from CNI_ARGS, args.cni.ips and runtimeConfig.ips" {
	local c
	c=$(conf "$NET")
	add a "$c" CNI_ARGS='IgnoreUnknown=1;IP=10.1.2.50'
	assert_json '.ips[0].address' 10.1.2.50/24
	assert_content last_reserved_ip.0 '10.1.2.50'
	add b "$(conf "$NET" '"args":{"cni":{"ips":["10.1.2.60"]}}')"
	assert_json '.ips[0].address' 10.1.2.60/24
	add c "$(conf "$NET" '"runtimeConfig":{"ips":["10.1.2.70/24"]}')"
	assert_json '.ips[0].address' 10.1.2.70/24
	add d "$c" CNI_ARGS='IP=10.1.2.50'
	assert_error '*' '*requested IP address 10.1.2.50 is not available in range set 10.1.2.1-10.1.2.254'
	add d "$c" CNI_ARGS='IP=10.1.2.1'
	assert_error '*' "*requested ip 10.1.2.1 is subnet's gateway"
	add d "$c" CNI_ARGS='IP=10.9.9.9'
	assert_error '*' '*failed to allocate all requested IPs: 10.9.9.9'
	assert_leases 10.1.2.50 10.1.2.60 10.1.2.70
}

# bats test_tags=ferrule
@test "requested: the holder is named, two in one set and a second one refused" {
	add a "$(conf "$NET")" CNI_ARGS='IP=10.1.2.50'; assert_ok
	add b "$(conf "$NET")" CNI_ARGS='IP=10.1.2.50'
	assert_error 102 '*' 'held by container a eth0'
	add b "$(conf "$NET" '"runtimeConfig":{"ips":["10.1.2.60","10.1.2.61"]}')"
	assert_error 7 '*both 10.1.2.60 and 10.1.2.61 are requested*'
	add a "$(conf "$NET")" CNI_ARGS='IP=10.1.2.51'
	assert_error 103 '*10.1.2.50 has been allocated to a*'
	assert_leases 10.1.2.50
}

@test "DEL frees once and for all, CHECK sees it" {
	add c1 "$(conf "$NET")"; assert_ok
	cni CHECK host-local "$(conf "$NET")" CNI_CONTAINERID=c1; assert_silent
	cni CHECK host-local "$(conf "$NET")" CNI_CONTAINERID=c1 CNI_IFNAME=eth1
	assert_error '*' 'host-local: Failed to find address added by container c1*'
	for _ in 1 2; do
		del c1 "$(conf "$NET")"; assert_silent
	done
	assert_leases
	cni CHECK host-local "$(conf "$NET")" CNI_CONTAINERID=c1
	assert_error '*' 'host-local: Failed to find address added by container c1*'
}

# bats test_tags=ferrule
@test "DEL needs nothing but the names: bad config, bad args, no store" {
	add c1 "$(conf "$NET")"; assert_ok
	del c1 "$(conf '"subnet":"nonsense","ranges":7')" CNI_ARGS='A=B' CNI_NETNS=
	assert_silent
	assert_leases
	rm -r "$SCRATCH/store"
	del c1 "$(conf "$NET")"; assert_silent
	[ ! -e "$SCRATCH/store" ]
}

@test "legacy leases, of an ID only, block the ID and are freed by it" {
	mkdir -p "$SCRATCH/store/n"
	printf c1 >"$SCRATCH/store/n/10.1.2.9"
	add c1 "$(conf "$NET")"
	assert_error '*' '*10.1.2.9 has been allocated to c1, duplicate*'
	cni CHECK host-local "$(conf "$NET")" CNI_CONTAINERID=c1; assert_silent
	del c1 "$(conf "$NET")" CNI_IFNAME=net7; assert_silent
	assert_leases
}

@test "files that are no leases are kept, and their addresses not given out" {
	mkdir -p "$SCRATCH/store/n"
	echo 'do not touch' >"$SCRATCH/store/n/10.1.2.2"
	echo 'nor this' >"$SCRATCH/store/n/NOTES"
	add c1 "$(conf "$NET")"; assert_json '.ips[0].address' 10.1.2.3/24
	del c1 "$(conf "$NET")"; assert_silent
	assert_leases 10.1.2.2 NOTES
}

# bats test_tags=ferrule
@test "what is no file is no lease either, and nothing waits for it" {
	mkdir -p "$SCRATCH/store/n/10.1.2.2"
	mkfifo "$SCRATCH/store/n/10.1.2.3"
	ln -s /dev/zero "$SCRATCH/store/n/10.1.2.4"
	mknod "$SCRATCH/store/n/10.1.2.5" c 1 3
	add c1 "$(conf "$NET")"; assert_json '.ips[0].address' 10.1.2.6/24
	gc '[]'; assert_silent
	[ -d "$SCRATCH/store/n/10.1.2.2" ] && [ -p "$SCRATCH/store/n/10.1.2.3" ]
	[ -L "$SCRATCH/store/n/10.1.2.4" ] && [ -c "$SCRATCH/store/n/10.1.2.5" ]
	assert_leases
}

# bats test_tags=ferrule
@test "an empty or torn lease file is free again" {
	mkdir -p "$SCRATCH/store/n"
	: >"$SCRATCH/store/n/10.1.2.2"
	add a "$(conf "$TINY")"
	assert_json '.ips[0].address' 10.1.2.2/30
	[[ $stderr == *'10.1.2.2'*'torn'* ]] || flunk "not said on stderr"
	# Torn in place, where no name in the directory has changed.
	truncate -s 0 "$SCRATCH/store/n/10.1.2.2"
	add b "$(conf "$TINY")"; assert_json '.ips[0].address' 10.1.2.2/30
	head -c 8 /dev/zero >"$SCRATCH/store/n/10.1.2.2"
	add c "$(conf "$TINY")" CNI_ARGS='IP=10.1.2.2'
	assert_json '.ips[0].address' 10.1.2.2/30
	assert_content 10.1.2.2 'c\r\neth0'
}

@test "resolvConf becomes dns" {
	printf '%s\n' '# x' 'nameserver 192.0.2.1' 'nameserver 192.0.2.2' \
		'domain example.org' 'search a b' 'options ndots:2' >"$SCRATCH/r"
	add c1 "$(conf "$NET,\"resolvConf\":\"$SCRATCH/r\"")"
	assert_json '.dns|tojson' '{"domain":"example.org","nameservers":["192.0.2.1","192.0.2.2"],"options":["ndots:2"],"search":["a","b"]}'
	add c2 "$(conf "$NET,\"resolvConf\":\"$SCRATCH/none\"")"
	assert_error '*' '*no such file*'  ||
		assert_error '*' "*$SCRATCH/none*: No such file or directory"
	assert_leases 10.1.2.2
}

@test "every version gives its own shape" {
	local v
	for v in 0.1.0 0.2.0; do
		VERSION=$v add "c$v" "$(VERSION=$v conf "$NET")"
		assert_json '.ip4.gateway' 10.1.2.1
		assert_json '.dns|tojson' '{}'
	done
	for v in 0.3.0 0.3.1 0.4.0; do
		add "c$v" "$(VERSION=$v conf "$NET")"
		assert_json '.ips[0].version' 4
		assert_json '.cniVersion' "$v"
	done
	for v in 1.0.0 1.1.0; do
		add "c$v" "$(VERSION=$v conf "$NET")"
		assert_json '.ips[0]|keys|join(" ")' 'address gateway'
	done
}

gc() { # LIST [KEY]
	cni GC host-local "$(conf "$NET" ${1+"\"${2:-cni.dev/valid-attachments}\":$1"})" \
		CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
}

# bats test_tags=ferrule
@test "GC frees what is not valid, and only that" {
	lease a 10.1.2.2; lease a 10.1.2.3 eth1; lease b 10.1.2.4
	printf old >"$SCRATCH/store/n/10.1.2.5"
	printf gone >"$SCRATCH/store/n/10.1.2.6"
	: >"$SCRATCH/store/n/10.1.2.7"
	echo 'no lease' >"$SCRATCH/store/n/10.1.2.8"
	echo 'b' >"$SCRATCH/store/n/NOTES"
	gc '[{"containerID":"a","ifname":"eth1"},{"containerID":"old","ifname":"x"}]'
	assert_silent
	assert_leases 10.1.2.3 10.1.2.5 10.1.2.8 NOTES
	gc '[]' cni.dev/attachments
	assert_silent
	assert_leases 10.1.2.8 NOTES
}

# bats test_tags=ferrule
@test "GC without a list does nothing, with a bad one it fails" {
	lease a 10.1.2.2
	gc; assert_silent
	gc null; assert_silent
	gc '[{"containerID":"a"}]'
	assert_error 7 'cni.dev/valid-attachments?0?.ifname: required but missing'
	gc '{}'
	assert_error 7 'cni.dev/valid-attachments: must be an array, not an object'
	assert_leases 10.1.2.2
	rm -r "$SCRATCH/store"
	gc '[]'; assert_silent
}

# bats test_tags=ferrule
@test "GC sees a lease edited in place" {
	lease a 10.1.2.2
	add b "$(conf "$NET")"; assert_ok # the hint is in place
	printf 'c\r\neth0' >"$SCRATCH/store/n/10.1.2.2"
	gc '[{"containerID":"a","ifname":"eth0"},{"containerID":"b","ifname":"eth0"}]'
	assert_silent
	assert_leases 10.1.2.3
}

status() { # IPAM
	cni STATUS host-local "$(conf "$1")" CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
}

# bats test_tags=ferrule
@test "STATUS says whether an ADD could succeed" {
	status "$TINY"; assert_silent
	[ ! -e "$SCRATCH/store" ]
	lease a 10.1.2.2
	status "$TINY"
	assert_error 50 'no IP addresses available in range set: 10.1.2.1-10.1.2.2' \
		'range set 0: 1 of 1 addresses are leased'
	status "$NET"; assert_silent
	status '"subnet":"10.1.2.0/31"'; assert_error 7
}

# bats test_tags=ferrule
@test "read-only and full stores are clear errors, and CHECK reads on" {
	mkdir "$SCRATCH/store"
	mount -t tmpfs -o size=64k,nr_inodes=8 tmpfs "$SCRATCH/store"
	add a "$(conf "$NET")"; assert_ok
	mount -o remount,ro "$SCRATCH/store"
	add b "$(conf "$NET")"
	assert_error 5 "*$SCRATCH/store/n*: Read-only file system"
	del a "$(conf "$NET")"
	assert_error 5 "*$SCRATCH/store/n*: Read-only file system"
	status "$NET"
	assert_error 50 "*$SCRATCH/store/n*: Read-only file system"
	cni CHECK host-local "$(conf "$NET")" CNI_CONTAINERID=a; assert_silent
	mount -o remount,rw "$SCRATCH/store"
	seq -f "$SCRATCH/store/fill.%g" 9 | xargs -n1 touch 2>/dev/null || :
	add b "$(conf "$NET")"
	assert_error 5 "*$SCRATCH/store/n*: No space left on device"
	assert_leases 10.1.2.2
	del a "$(conf "$NET")"; assert_silent
	umount "$SCRATCH/store"
}

# bats test_tags=ferrule
@test "a lock that cannot be had is an error" {
	mkdir -p "$SCRATCH/store/n/lock"
	add a "$(conf "$NET")"
	assert_error 5 "open \"$SCRATCH/store/n/lock\": *"
	assert_leases
	rmdir "$SCRATCH/store/n/lock"
	ln -s /etc/passwd "$SCRATCH/store/n/lock"
	add a "$(conf "$NET")"
	assert_error 5 "open \"$SCRATCH/store/n/lock\": *"
}

# bats test_tags=ferrule
@test "--leases and STATUS at a terminal list who holds what" {
	add c1 "$(conf "$NET")"; assert_ok
	lease c2 10.1.2.9
	run "$PLUGIN_DIR/host-local" --leases n --data-dir "$SCRATCH/store"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == ADDRESS*CONTAINER ]]
	[[ ${lines[1]} =~ ^10.1.2.2\ +this\ +eth0\ +c1$ ]]
	[[ ${lines[2]} =~ ^10.1.2.9\ +unknown\ +eth0\ +c2$ ]]
	conf "$NET" >"$SCRATCH/conf"
	CNI_COMMAND=STATUS CNI_PATH=/x run script -qec \
		"'$PLUGIN_DIR/host-local' <'$SCRATCH/conf'" /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *10.1.2.9*c2* ]]
	run "$PLUGIN_DIR/host-local" --leases ../x
	[ "$status" -eq 1 ]
	[[ $output == *'invalid characters found in network name'* ]]
}

# bats test_tags=ferrule
@test "the trace shows each step on the store" {
	add c1 "$(conf "$NET")" FERRULE_TRACE="$SCRATCH/trace"
	assert_ok
	grep -q 'lock flock .*/store/n/lock exclusive = ok (' "$SCRATCH/trace"
	grep -q 'file create .*/n/10.1.2.2 for c1 eth0 = ok (' "$SCRATCH/trace"
	add c1 "$(conf "$NET")" FERRULE_TRACE=stderr
	[[ $stderr == *' lock flock '* ]]
}
