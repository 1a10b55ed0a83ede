#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `linux.namespaces`: each new, joined or shared; user mappings, clocks, sysctls.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

MAPPED='.linux.namespaces += [{type: "user"}] |
	.linux.uidMappings = [{containerID: 0, hostID: 5000, size: 2000}] |
	.linux.gidMappings = [{containerID: 0, hostID: 6000, size: 2000}]'

# The name of a namespace in /proc, of its type in config.json.
declare -gA PROC=([pid]=pid [network]=net [mount]=mnt [ipc]=ipc [uts]=uts
	[user]=user [cgroup]=cgroup [time]=time)

host_ns() { # TYPE
	readlink "/proc/$$/ns/${PROC[$1]}"
}

add() { # TYPE [PATH]
	config --arg t "$1" --arg p "${2:-}" '.linux.namespaces |=
		(map(select(.type != $t)) + [{type: $t} +
		(if $p == "" then {} else {path: $p} end)])'
}

drop() { # TYPE
	config --arg t "$1" '.linux.namespaces |= map(select(.type != $t))'
}

# A process that holds new namespaces, to join: its pid in $HOLDER.
holder() { # UNSHARE-OPTION...
	OCTEST=$MARK unshare "$@" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	eventually grep -qx sleep "/proc/$HOLDER/comm"
}

release() {
	kill -KILL "$HOLDER"
	wait "$HOLDER" || :
}

@test "new ones: pid, network, mount, ipc, uts, cgroup" {
	local type
	add cgroup
	look ns
	for type in pid network mount ipc uts cgroup; do
		[ -n "$(value "ns ${PROC[$type]}")" ]
		[ "$(value "ns ${PROC[$type]}")" != "$(host_ns $type)" ] ||
			flunk "$type is the host's" || return 1
	done
	[ "$(value 'ns user')" = "$(host_ns user)" ]
}

@test "not listed: the host's" {
	local type
	for type in pid network ipc uts; do drop $type; done
	config 'del(.hostname)'
	look ns
	for type in pid network ipc uts cgroup user time; do
		[ "$(value "ns ${PROC[$type]}")" = "$(host_ns $type)" ] ||
			flunk "$type is not the host's" || return 1
	done
}

@test "joined by path: network, ipc, uts" {
	local type
	holder --net --ipc --uts
	config 'del(.hostname)'
	for type in network ipc uts; do
		add $type "/proc/$HOLDER/ns/${PROC[$type]}"
	done
	look ns
	for type in network ipc uts; do
		[ "$(value "ns ${PROC[$type]}")" = \
			"$(readlink "/proc/$HOLDER/ns/${PROC[$type]}")" ] ||
			flunk "$type was not joined" || return 1
	done
	release
}

@test "a network namespace of ip netns" {
	ip netns add "oci$$"
	ip -n "oci$$" link add marker type veth peer name peer 2>/dev/null ||
		ip -n "oci$$" link set lo up
	add network "/run/netns/oci$$"
	look ns read /proc/net/dev
	[ "$(value 'ns net')" = "net:[$(stat -Lc %i "/run/netns/oci$$")]" ]
	ip netns del "oci$$"
	mounts_before=$(mount_count)
}

@test "another container's namespaces are joined, as in a pod" {
	local type
	launch_waiting
	local first=$PID
	new_bundle second
	config 'del(.hostname)'
	for type in pid network ipc uts; do
		add $type "/proc/$first/ns/${PROC[$type]}"
	done
	args /bin/report ns names
	oci run --bundle "$BUNDLE" second
	assert_ok
	for type in pid network ipc uts; do
		[ "$(value "ns ${PROC[$type]}")" = \
			"$(readlink "/proc/$first/ns/${PROC[$type]}")" ]
	done
	saw hostname=ferrule
	gone
}

@test "a container in a shared PID namespace: delete kills all of it" {
	launch_waiting
	local first=$PID
	new_bundle second
	add pid "/proc/$first/ns/pid"
	args /bin/report fork 3 wait
	oci_out=$SCRATCH/second.out oci run --detach --bundle "$BUNDLE" second
	assert_ok
	eventually grep -q ready= "$SCRATCH/second.out"
	gone second
	status_is running
	oci ps --format json $ID
	jq -e 'length == 1' <<<"$output"
	gone
}

# crun leaves the cgroup.
# bats test_tags=not-crun
@test "a path that is no namespace, of another type, or missing" {
	add network "$SCRATCH"
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
	add network "/proc/$$/ns/uts"
	oci run --bundle "$BUNDLE" $ID
	assert_fails
	add network /run/netns/missing
	oci run --bundle "$BUNDLE" $ID
	assert_fails /run/netns/missing 'no such file'
}

@test "hostname and domainname" {
	config '.hostname = "one" | .domainname = "two"'
	look names
	saw hostname=one domainname=two
	[ "$(uname -n)" != one ]
}

@test "hostname without a UTS namespace is refused" {
	drop uts
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails uts
}

@test "a new user namespace with mappings" {
	config "$MAPPED"
	launch_waiting ids read /proc/self/uid_map read /proc/self/gid_map
	[ "$(stat -c %u:%g "/proc/$PID")" = 5000:6000 ]
	[ "$(tr -s ' ' <"/proc/$PID/uid_map")" = ' 0 5000 2000' ]
	oci kill $ID USR1
	box_said 'uid=0 0 0'
	box_said 'gid=0 0 0'
	oci exec $ID /bin/report 2>/dev/null || :
	gone
}

@test "user namespace: setgroups and additional groups work" {
	config "$MAPPED"' | .process.user = {uid: 7, gid: 8, additionalGids: [9]}'
	look ids
	saw 'uid=7 7 7' 'gid=8 8 8'
	saw_like 'groups=(8 )?9( 8)?'
}

@test "user namespace: exec is in it" {
	config "$MAPPED"
	launch_waiting
	oci exec --user 7:8 $ID /bin/report ids ns
	assert_ok
	saw 'uid=7 7 7' 'gid=8 8 8'
	[ "$(value 'ns user')" = "$(readlink "/proc/$PID/ns/user")" ]
	gone
}

@test "user namespace joined by path, with its network namespace" {
	holder --user --net --map-root-user
	add user "/proc/$HOLDER/ns/user"
	add network "/proc/$HOLDER/ns/net"
	look ns ids
	[ "$(value 'ns user')" = "$(readlink "/proc/$HOLDER/ns/user")" ]
	[ "$(value 'ns net')" = "$(readlink "/proc/$HOLDER/ns/net")" ]
	saw 'uid=0 0 0'
	release
}

@test "several mappings" {
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [
		{containerID: 0, hostID: 5000, size: 1},
		{containerID: 1, hostID: 7000, size: 10}] |
		.linux.gidMappings = .linux.uidMappings'
	look read /proc/self/uid_map
	saw_like 'read /proc/self/uid_map= +0 +5000 +1' \
		'read /proc/self/uid_map= +1 +7000 +10'
}

# crun starts it.
# bats test_tags=not-crun
@test "a user namespace without mappings is refused" {
	add user
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}

@test "time namespace with offsets" {
	add time
	config '.linux.timeOffsets = {monotonic: {secs: 100000, nanosecs: 0},
		boottime: {secs: 200000, nanosecs: 0}}'
	look clocks
	local up
	up=$(cut -d. -f1 /proc/uptime)
	[ $(($(value monotonic) - up)) -ge 99990 ]
	[ $(($(value boottime) - up)) -ge 199990 ]
}

@test "exec is in the time namespace, too" {
	add time
	config '.linux.timeOffsets = {boottime: {secs: 200000, nanosecs: 0}}'
	launch_waiting
	oci exec $ID /bin/report clocks ns
	assert_ok
	[ $(($(value boottime) - $(cut -d. -f1 /proc/uptime))) -ge 199990 ]
	gone
}

@test "sysctl: of the network, IPC and UTS namespaces" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1",
		"net.ipv4/ping_group_range": "0 5", "kernel.shm_rmid_forced": "1",
		"fs.mqueue.msg_max": "99"} |
		.linux.sysctl |= with_entries(.key |= gsub("/"; "."))'
	look read /proc/sys/net/ipv4/ip_forward \
		read /proc/sys/kernel/shm_rmid_forced \
		read /proc/sys/fs/mqueue/msg_max
	saw 'read /proc/sys/net/ipv4/ip_forward=1' \
		'read /proc/sys/kernel/shm_rmid_forced=1' \
		'read /proc/sys/fs/mqueue/msg_max=99'
	[ "$(cat /proc/sys/fs/mqueue/msg_max)" != 99 ]
}

@test "sysctl: what is not the container's own is refused" {
	local key
	args /bin/report
	for key in kernel.core_pattern vm.swappiness kernel.panic; do
		config --arg k $key '.linux.sysctl = {($k): "1"}'
		oci run --bundle "$BUNDLE" $ID
		assert_fails $key || return 1
	done
	drop network
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails net.ipv4.ip_forward
}

@test "the network namespace is new, and what is in it its own" {
	look dir /sys/class/net read /proc/net/dev
	saw_like 'read /proc/net/dev= *lo:.*'
	[ "$(grep -c 'read /proc/net/dev=.*:' <<<"$output")" -eq 1 ]
}
