#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Control groups: `cgroupsPath`, `resources`, pause, kill, update, events. Most
# on this host's own hierarchies, some where cgroup2 alone is mounted.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# A file of the container's group: v1 CONTROLLER FILE.
v1() {
	cat "$CGROUPS/$1$PARENT/$ID/$1.$2"
}

v1_is() { # CONTROLLER FILE VALUE
	local now
	now=$(v1 "$1" "$2")
	[ "$now" = "$3" ] || flunk "$1.$2 is $now, expected $3"
}

@test "the container is in its own group of every hierarchy" {
	need_v1
	look read /proc/self/cgroup
	[ "$(grep -c "^read .*:$PARENT/$ID\$" <<<"$output")" -eq \
		"$(grep -c . /proc/self/cgroup)" ]
}

@test "memory limit, reservation and swappiness" {
	need_v1
	config '.linux.resources.memory = {limit: 67108864,
		reservation: 33554432, swappiness: 30}'
	launch_waiting
	v1_is memory limit_in_bytes 67108864
	v1_is memory soft_limit_in_bytes 33554432
	v1_is memory swappiness 30
	gone
}

@test "memory and swap together" {
	need_v1
	[ -e $CGROUPS/memory/memory.memsw.limit_in_bytes ] || skip "no swap accounting"
	config '.linux.resources.memory = {limit: 67108864, swap: 134217728}'
	launch_waiting
	v1_is memory memsw.limit_in_bytes 134217728
	gone
}

@test "the memory limit is one" {
	need_v1
	config '.linux.resources.memory = {limit: 33554432}'
	args /bin/report alloc 100
	oci run --bundle "$BUNDLE" $ID
	assert_status 137
	saw_not 'alloc 100=ok'
}

@test "disableOOMKiller" {
	need_v1
	config '.linux.resources.memory = {limit: 67108864,
		disableOOMKiller: true}'
	launch_waiting
	v1 memory oom_control | grep -qx 'oom_kill_disable 1'
	gone
}

@test "cpu shares, quota and period; cpuset" {
	need_v1
	config '.linux.resources.cpu = {shares: 512, quota: 20000, period: 50000,
		cpus: "0", mems: "0"}'
	launch_waiting
	v1_is cpu shares 512
	v1_is cpu cfs_quota_us 20000
	v1_is cpu cfs_period_us 50000
	v1_is cpuset cpus 0
	v1_is cpuset mems 0
	oci exec $ID /bin/report status Cpus_allowed_list
	saw Cpus_allowed_list=0
	gone
}

@test "pids limit: written, and one" {
	need_v1
	config '.linux.resources.pids = {limit: 4}'
	launch fork 10 wait
	box_said 'fork 10=3'
	[ "$(cat "$CGROUPS/pids$PARENT/$ID/pids.max")" = 4 ]
	gone
	config '.linux.resources.pids = {limit: -1}'
	launch_waiting
	[ "$(cat "$CGROUPS/pids$PARENT/$ID/pids.max")" = max ]
	gone
}

@test "blockIO throttling" {
	need_v1
	local device
	device=$(lsblk -dno MAJ:MIN 2>/dev/null | tr -d ' ' | head -n 1)
	[ -n "$device" ] || skip "no block device"
	config --argjson major "${device%:*}" --argjson minor "${device#*:}" '
		.linux.resources.blockIO = {throttleReadBpsDevice: [
			{major: $major, minor: $minor, rate: 1000000}],
		throttleWriteIOPSDevice: [
			{major: $major, minor: $minor, rate: 500}]}'
	launch_waiting
	v1_is blkio throttle.read_bps_device "$device 1000000"
	v1_is blkio throttle.write_iops_device "$device 500"
	gone
}

@test "hugepage limits, on whichever version has the controller" {
	! is_crun || skip "crun refuses hybrid hosts"
	local file
	file=$(find $UNIFIED/ -maxdepth 2 -name 'hugetlb.2MB.max' | head -n 1)
	grep -qw hugetlb $UNIFIED/cgroup.controllers || skip "no hugetlb"
	config '.linux.resources.hugepageLimits = [
		{pageSize: "2MB", limit: 4194304}]'
	args /bin/report wait
	oci_out=$SCRATCH/box oci run --detach --bundle "$BUNDLE" $ID
	file=$UNIFIED$PARENT/$ID/hugetlb.2MB.max
	if [ "$status" -eq 0 ]; then
		[ ! -e "$file" ] || [ "$(<"$file")" = 4194304 ] || is_runc
		gone
	else
		assert_fails hugetlb || assert_fails hugepage
	fi
}

@test "a controller that the host lacks is named in the error" {
	need_v1
	[ ! -d $CGROUPS/net_cls ] || skip "has net_cls"
	! is_runc || skip "runc is silent"
	config '.linux.resources.network = {classID: 7}'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails network
}

@test "cgroupsPath: nested, made as needed" {
	config --arg p "$PARENT/a/b/$ID" '.linux.cgroupsPath = $p'
	look read /proc/self/cgroup
	saw_like "read .*::?.*$PARENT/a/b/$ID"
	[ -z "$(find $CGROUPS/ -maxdepth 5 -path "*$PARENT/a/b/$ID")" ]
	find $CGROUPS/ -depth -maxdepth 4 -path "*$PARENT/a*" -type d -exec rmdir {} +
}

@test "cgroupsPath: none" {
	config 'del(.linux.cgroupsPath)'
	look read /proc/self/cgroup
	saw_like "read .*/$ID"
	[ -z "$(find $CGROUPS/ -maxdepth 3 -name $ID -not -path '*/ferrule-*')" ]
}

@test "cgroupsPath: .. does not lead out" {
	config --arg p "/../..$PARENT/../x/$ID" '.linux.cgroupsPath = $p'
	args /bin/report read /proc/self/cgroup
	oci run --bundle "$BUNDLE" $ID
	[ "$status" -eq 0 ] || assert_fails
	saw_not ..
	find $CGROUPS/ -maxdepth 2 -path "*/x" -type d -exec rmdir {} + || :
}

@test "groups that the container made are removed, too" {
	need_v1
	config '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup",
		source: "cgroup", options: ["rw"]}]'
	launch_waiting
	mkdir -p "$CGROUPS/memory$PARENT/$ID/sub/deep"
	gone
}

@test "exec joins the groups; --cgroup one below" {
	need_v1
	launch_waiting
	oci exec $ID /bin/report read /proc/self/cgroup
	assert_ok
	saw_like "read .*pids:$PARENT/$ID" "read .*memory:$PARENT/$ID"
	mkdir "$CGROUPS/pids$PARENT/$ID/sub"
	oci exec --cgroup pids:sub $ID /bin/report read /proc/self/cgroup
	assert_ok
	saw_like "read .*pids:$PARENT/$ID/sub" "read .*memory:$PARENT/$ID"
	oci exec --cgroup pids:missing $ID /bin/report
	assert_fails
	gone
}

@test "update: each option" {
	need_v1
	launch_waiting
	oci update --memory 67108864 --memory-reservation 33554432 \
		--cpu-share 256 --cpu-quota 30000 --cpu-period 60000 \
		--cpuset-cpus 0 --cpuset-mems 0 --pids-limit 17 $ID
	assert_ok
	v1_is memory limit_in_bytes 67108864
	v1_is memory soft_limit_in_bytes 33554432
	v1_is cpu shares 256
	v1_is cpu cfs_quota_us 30000
	v1_is cpu cfs_period_us 60000
	v1_is cpuset cpus 0
	[ "$(cat "$CGROUPS/pids$PARENT/$ID/pids.max")" = 17 ]
	oci update --pids-limit -1 --cpu-quota -1 $ID
	assert_ok
	[ "$(cat "$CGROUPS/pids$PARENT/$ID/pids.max")" = max ]
	v1_is cpu cfs_quota_us -1
	gone
}

@test "update: resources from a file and from stdin" {
	need_v1
	launch_waiting
	echo '{"pids": {"limit": 21}, "cpu": {"shares": 128}}' >"$SCRATCH/r.json"
	oci update --resources "$SCRATCH/r.json" $ID
	assert_ok
	v1_is cpu shares 128
	[ "$(cat "$CGROUPS/pids$PARENT/$ID/pids.max")" = 21 ]
	echo '{"pids": {"limit": 22}}' >"$SCRATCH/r.json"
	oci_in=$SCRATCH/r.json oci update -r - $ID
	assert_ok
	[ "$(cat "$CGROUPS/pids$PARENT/$ID/pids.max")" = 22 ]
	v1_is cpu shares 128
	gone
}

@test "update: memory and swap up and down, in an order the kernel takes" {
	need_v1
	[ -e $CGROUPS/memory/memory.memsw.limit_in_bytes ] || skip "no swap accounting"
	config '.linux.resources.memory = {limit: 67108864, swap: 67108864}'
	launch_waiting
	oci update --memory 134217728 --memory-swap 268435456 $ID
	assert_ok
	oci update --memory 33554432 --memory-swap 33554432 $ID
	assert_ok
	v1_is memory limit_in_bytes 33554432
	v1_is memory memsw.limit_in_bytes 33554432
	gone
}

@test "update: values that are none are refused and nothing changes" {
	need_v1
	launch_waiting
	oci update --cpu-quota 30000 $ID
	oci update --cpu-period 7 $ID
	assert_fails
	v1_is cpu cfs_quota_us 30000
	echo '{"pids": {"limit": "many"}}' >"$SCRATCH/r.json"
	oci update -r "$SCRATCH/r.json" $ID
	assert_fails
	gone
}

@test "update of one that was created only" {
	need_v1
	make_box
	oci update --pids-limit 9 $ID
	assert_ok
	[ "$(cat "$CGROUPS/pids$PARENT/$ID/pids.max")" = 9 ]
	gone
}

@test "events --stats: runc's JSON" {
	need_v1
	launch fork 2 wait
	box_said 'fork 2=2'
	oci events --stats $ID
	assert_ok
	jq -e --arg id $ID '.type == "stats" and .id == $id and
		.data.pids.current == 3 and .data.memory.usage.usage > 0 and
		(.data.cpu.usage.total >= 0) and
		(.data.memory | has("raw"))' <<<"$output"
	gone
}

@test "events: statistics at intervals, until the container ends" {
	need_v1
	launch_waiting
	OCTEST=$MARK timeout 20 "$OCI_RUNTIME" --root "$STATE" events \
		--interval 100ms $ID >"$SCRATCH/events" 2>&1 </dev/null 3>&- &
	eventually grep -q '"type":"stats"' "$SCRATCH/events"
	gone
	wait $!
}

@test "events: out of memory" {
	need_v1
	config '.linux.resources.memory = {limit: 33554432} |
		.process.args = ["/bin/sh", "-c", "read x < /mnt/go; /bin/report alloc 100; sleep 2"]'
	mkfifo "$ROOTFS/mnt/go"
	oci_out=$SCRATCH/box oci run --detach --bundle "$BUNDLE" $ID
	assert_ok
	OCTEST=$MARK timeout 20 "$OCI_RUNTIME" --root "$STATE" events $ID \
		>"$SCRATCH/events" 2>&1 </dev/null 3>&- &
	sleep 0.3
	echo go >"$ROOTFS/mnt/go"
	eventually grep -q '"type":"oom"' "$SCRATCH/events"
	gone
	wait $! || :
}

@test "pause freezes the v1 group" {
	need_v1
	launch_waiting
	oci pause $ID
	[ "$(cat "$CGROUPS/freezer$PARENT/$ID/freezer.state")" = FROZEN ]
	oci resume $ID
	[ "$(cat "$CGROUPS/freezer$PARENT/$ID/freezer.state")" = THAWED ]
	gone
}

@test "unified entries on a v1 controller are refused" {
	need_v1
	! is_runc || skip "runc is silent"
	config '.linux.resources.unified = {"memory.high": "1000000"}'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails unified
}

@test "v1: a container without a PID namespace leaves no process behind" {
	need_v1
	config '.linux.namespaces |= map(select(.type != "pid"))'
	launch fork 5
	becomes stopped
	oci delete --force $ID
	assert_ok
}

# bats test_tags=ferrule
@test "a container starts with 4 MiB of memory" {
	need_v1
	config '.linux.resources.memory = {limit: 4194304}'
	look say small
	saw say=small
}

# bats test_tags=ferrule
@test "a memory limit below what the start needs is reported as such" {
	need_v1
	config '.linux.resources.memory = {limit: 4096}'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails memory limit
}

# bats test_tags=ferrule
@test "a group that has processes in it is not taken over" {
	need_v1
	mkdir -p "$CGROUPS/pids$PARENT/$ID"
	OCTEST=$MARK sleep 100 >/dev/null 2>&1 3>&- &
	local other=$!
	echo $other >"$CGROUPS/pids$PARENT/$ID/cgroup.procs"
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
	kill -0 $other
	kill -KILL $other
	wait $other || :
	rmdir "$CGROUPS/pids$PARENT/$ID"
}
