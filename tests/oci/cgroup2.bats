#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=vm
# The controllers of cgroup v2: what is written to the container's group, and
# that it does what it says. On a host that mounts cgroup2 alone, or in the
# guest of `make check-vm`, whose kernel has cpu, io, memory and pids.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

prepare() {
	# The guest mounts none; in the sandbox this is ours alone.
	mountpoint -q $CGROUPS || mount -t cgroup2 cgroup2 $CGROUPS
	mounts_before=$(mount_count)
	need memory
}

need() { # CONTROLLER
	grep -qw "$1" $CGROUPS/cgroup.controllers 2>/dev/null ||
		skip "kernel without the controller $1 on cgroup v2"
}

# A file of the container's group.
of() {
	cat "$CGROUPS$PARENT/$ID/$1"
}

is() { # FILE VALUE
	local now
	now=$(of "$1")
	[ "$now" = "$2" ] || flunk "$1 is $now, expected $2"
}

# The number that FILE has for KEY is at least LEAST.
counts() { # FILE KEY LEAST
	local now
	now=$(of "$1" | sed -n "s/^$2 //p")
	[ "${now:-0}" -ge "$3" ] || flunk "$2 in $1 is ${now:-not there}"
}

resources() { # [JQ-OPTION...] FILTER: change them in config.json
	config "${@:1:$#-1}" ".linux.resources |= (${*: -1})"
}

script() { # TEXT: the container's process is a shell with it
	config --arg text "$1" '.process.args = ["/bin/sh", "-c", $text]'
}

# A block device of this test's own: $DEVICE, its numbers $MAJMIN.
new_device() {
	modprobe loop 2>/dev/null || :
	truncate -s 8M "$SCRATCH/disk"
	DEVICE=$(losetup --find --show "$SCRATCH/disk" 2>/dev/null) ||
		skip "kernel without loop devices"
	MAJMIN=$(cat "/sys/block/${DEVICE#/dev/}/dev")
	[ -e "$CGROUPS$PARENT" ] || mkdir "$CGROUPS$PARENT"
}

# With the device at /dev/disk in the container.
with_device() {
	config --argjson a "${MAJMIN%:*}" --argjson i "${MAJMIN#*:}" '
		.linux.devices += [{path: "/dev/disk", type: "b", major: $a,
			minor: $i, fileMode: 438}] |
		.linux.resources.devices += [{allow: true, type: "b", major: $a,
			minor: $i, access: "rw"}]'
}

teardown() {
	local failed=0
	[ -z "$BATS_TEST_COMPLETED" ] || nothing_left || failed=1
	[ -z "${DEVICE:-}" ] || losetup -d "$DEVICE"
	clean_up
	return $failed
}

@test "v2: the container is in its own group; the parents pass controllers on" {
	config --arg p "$PARENT/a/b/$ID" '.linux.cgroupsPath = $p'
	resources '.pids = {limit: 30} | .memory = {limit: 67108864}'
	launch_waiting
	grep -qx "0::$PARENT/a/b/$ID" "/proc/$PID/cgroup"
	[ "$(cat "$CGROUPS$PARENT/a/b/$ID/pids.max")" = 30 ]
	[ "$(cat "$CGROUPS$PARENT/a/b/$ID/memory.max")" = 67108864 ]
	gone
	rmdir "$CGROUPS$PARENT/a/b" "$CGROUPS$PARENT/a"
}

@test "v2: memory limit, reservation, and swap, which v1 counts together" {
	resources '.memory = {limit: 67108864, reservation: 33554432,
		swap: 100663296}'
	launch_waiting
	is memory.max 67108864
	is memory.low 33554432
	is memory.swap.max 33554432
	gone
	resources '.memory = {limit: 67108864, swap: -1}'
	launch_waiting
	is memory.swap.max max
	gone
	resources '.memory = {limit: 67108864, swap: 67108864}'
	launch_waiting
	is memory.swap.max 0
	gone
	resources '.memory = {limit: -1, reservation: -1}'
	launch_waiting
	is memory.max max
	is memory.low max
	gone
}

# bats test_tags=ferrule
@test "v2: swap less than the limit, or without one" {
	resources '.memory = {limit: 67108864, swap: 33554432}'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails linux.resources.memory.swap 67108864
	resources '.memory = {swap: 33554432}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails linux.resources.memory.swap
}

# bats test_tags=ferrule
@test "v2: what only v1 has is refused" {
	args /bin/report
	resources '.memory = {swappiness: 30}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails linux.resources.memory.swappiness 'cgroup v2'
	resources '.memory = {disableOOMKiller: true}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails linux.resources.memory.disableOOMKiller 'cgroup v2'
	resources 'del(.memory) | .cpu = {realtimeRuntime: 5000}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails linux.resources.cpu.realtimeRuntime 'cgroup v2'
}

@test "v2: the memory limit is one: the kernel kills, and counts it" {
	resources '.memory = {limit: 33554432, swap: 33554432}'
	args /bin/report alloc 100
	oci run --bundle "$BUNDLE" $ID
	assert_status 137
	saw_not 'alloc 100=ok'
	launch wait sleep 100
	oci exec $ID /bin/report alloc 100
	assert_status 137
	counts memory.events oom_kill 1
	status_is running
	gone
}

# bats test_tags=ferrule
@test "v2: a container starts with 4 MiB of memory" {
	resources '.memory = {limit: 4194304, swap: 4194304}'
	look say small
	saw say=small
}

# bats test_tags=ferrule
@test "v2: a memory limit below what the start needs is reported as such" {
	resources '.memory = {limit: 4096, swap: 4096}'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails memory limit
}

@test "v2: cpu shares become a weight, quota and period cpu.max, and burst" {
	need cpu
	resources '.cpu = {shares: 512, quota: 20000, period: 50000,
		burst: 10000}'
	launch_waiting
	is cpu.weight 59
	is cpu.max '20000 50000'
	is cpu.max.burst 10000
	gone
	resources '.cpu = {quota: -1}'
	launch_waiting
	is cpu.max 'max 100000'
	is cpu.weight 100
	gone
}

@test "v2: the cpu quota is one: who wants more is throttled" {
	need cpu
	resources '.cpu = {quota: 5000, period: 50000}'
	script 'while :; do :; done'
	oci_out=$SCRATCH/box oci run --detach --bundle "$BUNDLE" $ID
	assert_ok
	eventually counts cpu.stat nr_throttled 20
	counts cpu.stat throttled_usec 100000
	status_is running
	gone
}

@test "v2: cpu idle" {
	need cpu
	resources '.cpu = {idle: 1}'
	launch_waiting
	is cpu.idle 1
	gone
}

@test "v2: cpuset" {
	need cpuset
	resources '.cpu = {cpus: "0", mems: "0"}'
	launch_waiting
	is cpuset.cpus 0
	is cpuset.mems 0
	oci exec $ID /bin/report status Cpus_allowed_list
	saw Cpus_allowed_list=0
	gone
}

@test "v2: pids limit: written, and one" {
	need pids
	resources '.pids = {limit: 4}'
	launch fork 10 wait
	box_said 'fork 10=3'
	is pids.max 4
	is pids.current 4
	counts pids.events max 1
	gone
	resources '.pids = {limit: -1}'
	launch_waiting
	is pids.max max
	gone
}

@test "v2: blockIO weight" {
	need io
	modprobe bfq 2>/dev/null || :
	new_device
	echo bfq >"/sys/block/${DEVICE#/dev/}/queue/scheduler" 2>/dev/null ||
		skip "kernel without CONFIG_IOSCHED_BFQ"
	[ -e "$CGROUPS$PARENT/io.bfq.weight" ] ||
		skip "kernel without CONFIG_BFQ_GROUP_IOSCHED"
	resources '.blockIO = {weight: 200}'
	launch_waiting
	is io.bfq.weight 'default 200'
	gone
}

@test "v2: blockIO throttling: written, and one" {
	need io
	new_device
	with_device
	resources --argjson a "${MAJMIN%:*}" --argjson i "${MAJMIN#*:}" '
		{major: $a, minor: $i} as $d | .blockIO = {
		throttleReadBpsDevice: [$d + {rate: 2097152}],
		throttleWriteBpsDevice: [$d + {rate: 1048576}],
		throttleReadIOPSDevice: [$d + {rate: 900}],
		throttleWriteIOPSDevice: [$d + {rate: 500}]}'
	launch_waiting
	is io.max "$MAJMIN rbps=2097152 wbps=1048576 riops=900 wiops=500"
	local begin=${EPOCHREALTIME/./}
	oci exec $ID /bin/busybox dd if=/dev/disk of=/dev/null bs=65536 count=48 \
		iflag=direct
	assert_ok
	# 3 MiB of 2 MiB a second.
	[ $((${EPOCHREALTIME/./} - begin)) -gt 1000000 ]
	gone
}

# bats test_tags=ferrule
@test "v2: blockIO weight without a scheduler for it" {
	need io
	[ -z "$(find $CGROUPS/ -maxdepth 2 -name 'io*.weight')" ] ||
		skip "there is one"
	resources '.blockIO = {weight: 200}'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails linux.resources.blockIO.weight
}

@test "v2: hugepage limits" {
	need hugetlb
	resources '.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	launch_waiting
	is hugetlb.2MB.max 4194304
	gone
}

# bats test_tags=ferrule
@test "v2: a controller that the kernel lacks is named in the error" {
	args /bin/report
	if ! grep -qw cpuset $CGROUPS/cgroup.controllers; then
		resources '.cpu = {cpus: "0"}'
		oci run --bundle "$BUNDLE" $ID
		assert_fails linux.resources.cpu.cpus cpuset
	fi
	if ! grep -qw hugetlb $CGROUPS/cgroup.controllers; then
		resources 'del(.cpu) |
			.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
		oci run --bundle "$BUNDLE" $ID
		assert_fails linux.resources.hugepageLimits
	fi
	if ! grep -qw rdma $CGROUPS/cgroup.controllers; then
		resources 'del(.cpu, .hugepageLimits) |
			.rdma = {mlx5_1: {hcaHandles: 3}}'
		oci run --bundle "$BUNDLE" $ID
		assert_fails linux.resources.rdma
	fi
}

@test "v2: unified: any file, after the other members" {
	resources '.memory = {limit: 67108864} | .unified = {
		"memory.high": "50331648", "memory.max": "60817408",
		"pids.max": "44", "cgroup.max.depth": "3"}'
	launch_waiting
	is memory.high 50331648
	is memory.max 60817408
	is pids.max 44
	is cgroup.max.depth 3
	gone
}

# bats test_tags=ferrule
@test "v2: unified: a file that is not there, a value that is none" {
	args /bin/report
	resources '.unified = {"memory.many": "1"}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails 'unified["memory.many"]'
	resources '.unified = {"memory.max": "much"}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails 'unified["memory.max"]' much
}

@test "v2: devices are filtered by a program, which update replaces" {
	new_device
	with_device
	launch_waiting
	oci exec $ID /bin/report get /dev/null get /dev/disk
	saw 'get /dev/null=ok' 'get /dev/disk=ok'
	mknod "$ROOTFS/kmsg" c 1 11
	oci exec $ID /bin/report get /kmsg mknod /tmp/k c 1 11
	saw 'get /kmsg=EPERM' 'mknod /tmp/k=EPERM'
	echo '{"devices": [{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}]}' \
		>"$SCRATCH/r.json"
	oci update -r "$SCRATCH/r.json" $ID
	assert_ok
	oci exec $ID /bin/report get /dev/null get /dev/disk
	if is_runc; then # its update leaves devices alone
		saw 'get /dev/null=ok'
	else
		saw 'get /dev/null=ok' 'get /dev/disk=EPERM'
	fi
	gone
}

ticks() { # at least one more than LAST
	[ "$(wc -l <"$SCRATCH/box")" -gt "$1" ]
}

@test "v2: pause and resume: the freezer" {
	script 'while :; do echo tick; busybox usleep 20000; done'
	oci_out=$SCRATCH/box oci run --detach --bundle "$BUNDLE" $ID
	assert_ok
	eventually ticks 2
	oci pause $ID
	assert_ok
	status_is paused
	is cgroup.freeze 1
	counts cgroup.events frozen 1
	local said
	said=$(wc -l <"$SCRATCH/box")
	sleep 0.2
	never ticks "$said"
	oci resume $ID
	assert_ok
	is cgroup.freeze 0
	eventually ticks "$said"
	gone
}

@test "v2: a paused container is deleted by force" {
	launch fork 3 wait
	box_said 'fork 3=3'
	oci pause $ID
	gone
}

@test "v2: kill --all, in a shared PID namespace, with groups below" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	launch fork 5 wait
	box_said 'fork 5=5'
	mkdir "$CGROUPS$PARENT/$ID/sub"
	tail -n 1 "$CGROUPS$PARENT/$ID/cgroup.procs" \
		>"$CGROUPS$PARENT/$ID/sub/cgroup.procs"
	oci kill --all $ID KILL
	assert_ok
	becomes stopped
	eventually grep -qx 'populated 0' "$CGROUPS$PARENT/$ID/cgroup.events"
	gone
}

@test "v2: update: each option" {
	need cpu
	launch_waiting
	oci update --memory 67108864 --memory-reservation 33554432 \
		--memory-swap 134217728 --cpu-share 256 --cpu-quota 30000 \
		--cpu-period 60000 --pids-limit 17 $ID
	assert_ok
	is memory.max 67108864
	is memory.low 33554432
	is memory.swap.max 67108864
	is cpu.weight 35
	is cpu.max '30000 60000'
	is pids.max 17
	oci update --cpu-period 50000 $ID
	is cpu.max '30000 50000'
	oci update --pids-limit -1 --cpu-quota -1 --memory -1 $ID
	assert_ok
	is pids.max max
	is cpu.max 'max 50000'
	is memory.max max
	gone
}

# bats test_tags=ferrule
@test "v2: update: less memory than is used, when asked to check" {
	launch alloc 20 wait
	box_said 'alloc 20=ok'
	echo '{"memory": {"limit": 1048576, "checkBeforeUpdate": true}}' \
		>"$SCRATCH/r.json"
	oci update -r "$SCRATCH/r.json" $ID
	assert_fails linux.resources.memory.limit 1048576
	is memory.max max
	status_is running
	gone
}

@test "v2: events --stats: runc's JSON" {
	resources '.memory = {limit: 67108864} | .pids = {limit: 12}'
	launch alloc 8 fork 2 wait
	box_said 'fork 2=2'
	oci events --stats $ID
	assert_ok
	jq -e --arg id $ID '.type == "stats" and .id == $id and
		.data.pids == {current: 3, limit: 12} and
		.data.memory.usage.usage > 8388608 and
		.data.memory.usage.limit == 67108864 and
		.data.memory.raw.anon > 8388608 and
		.data.cpu.usage.total > 0 and
		(.data.cpu.throttling | type) == "object"' <<<"$output" ||
		flunk "no such statistics"
	gone
}

@test "v2: events: out of memory" {
	resources '.memory = {limit: 33554432, swap: 33554432}'
	launch_waiting
	OCTEST=$MARK timeout 20 "$OCI_RUNTIME" --root "$STATE" events $ID \
		>"$SCRATCH/events" 2>&1 </dev/null 3>&- &
	sleep 0.5
	oci exec $ID /bin/report alloc 100
	assert_status 137
	eventually grep -q '"type":"oom"' "$SCRATCH/events"
	gone
	wait $! || :
}

@test "v2: a cgroup mount in a cgroup namespace shows the container's own" {
	config '.linux.namespaces += [{type: "cgroup"}] |
		.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup",
		source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"]}]'
	resources '.pids = {limit: 23}'
	look read /proc/self/cgroup read /sys/fs/cgroup/pids.max \
		create /sys/fs/cgroup/x
	saw 'read /proc/self/cgroup=0::/' 'read /sys/fs/cgroup/pids.max=23'
	saw_like 'create /sys/fs/cgroup/x=E(ROFS|ACCES|PERM)'
}

# A container that moves its processes down and passes controllers on, as
# systemd does: its own group takes no more processes.
@test "v2: exec joins the init's group where the container's takes none" {
	launch_waiting
	mkdir "$CGROUPS$PARENT/$ID/init"
	echo "$PID" >"$CGROUPS$PARENT/$ID/init/cgroup.procs"
	echo '+pids' >"$CGROUPS$PARENT/$ID/cgroup.subtree_control"
	oci exec $ID /bin/report read /proc/self/cgroup
	assert_ok
	saw "read /proc/self/cgroup=0::$PARENT/$ID/init"
	oci pause $ID
	status_is paused
	oci resume $ID
	gone
}
