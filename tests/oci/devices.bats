#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `linux.devices`, the default devices, and what the device cgroup lets through.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

CAPS='.process.capabilities.bounding += ["CAP_MKNOD"] |
	.process.capabilities.effective += ["CAP_MKNOD"] |
	.process.capabilities.permitted += ["CAP_MKNOD"]'

@test "the default devices are there and can be used" {
	look stat /dev/null stat /dev/zero stat /dev/full stat /dev/random \
		stat /dev/urandom stat /dev/tty get /dev/zero get /dev/urandom \
		put /dev/full x put /dev/null x
	saw 'stat /dev/null=c 0666 0:0 1:3' 'stat /dev/zero=c 0666 0:0 1:5' \
		'stat /dev/full=c 0666 0:0 1:7' 'stat /dev/random=c 0666 0:0 1:8' \
		'stat /dev/urandom=c 0666 0:0 1:9' 'stat /dev/tty=c 0666 0:0 5:0' \
		'get /dev/zero=ok' 'get /dev/urandom=ok' 'put /dev/full=ENOSPC' \
		'put /dev/null=ok'
}

@test "devices: character, block, fifo; mode and owner; folders are made" {
	config '.linux.devices = [
		{path: "/dev/my/char", type: "c", major: 1, minor: 5,
			fileMode: 384, uid: 7, gid: 8},
		{path: "/dev/block", type: "b", major: 7, minor: 0, fileMode: 432},
		{path: "/dev/fifo", type: "p", fileMode: 438},
		{path: "/dev/unbuffered", type: "u", major: 1, minor: 3}]'
	look stat /dev/my/char stat /dev/block stat /dev/fifo stat /dev/unbuffered
	saw 'stat /dev/my/char=c 0600 7:8 1:5' 'stat /dev/block=b 0660 0:0 7:0' \
		'stat /dev/fifo=p 0666 0:0'
	saw_like 'stat /dev/unbuffered=c 0[0-7]+ 0:0 1:3'
}

@test "the cgroup lets through what is allowed, and nothing else" {
	need_v1
	config "$CAPS"'| .linux.resources.devices += [
			{allow: true, type: "c", major: 10, minor: 229, access: "rm"}] |
		.linux.devices = [
			{path: "/dev/kmsg", type: "c", major: 1, minor: 11},
			{path: "/dev/fuse", type: "c", major: 10, minor: 229}]'
	look open /dev/kmsg write /dev/fuse open /dev/fuse \
		mknod /dev/fuse2 c 10 229 get /dev/zero
	saw 'open /dev/kmsg=EPERM' 'write /dev/fuse=EPERM' 'get /dev/zero=ok' \
		'mknod /dev/fuse2=ok'
	saw_not 'open /dev/fuse=EPERM'
}

@test "allow all, then deny one: what comes later counts" {
	need_v1
	config '.linux.resources.devices = [{allow: true, access: "rwm"},
			{allow: false, type: "c", major: 1, minor: 11, access: "r"}] |
		.linux.devices = [
			{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]'
	look open /dev/kmsg write /dev/kmsg
	saw 'open /dev/kmsg=EPERM' 'write /dev/kmsg=ok'
}

@test "update does not touch the devices of a running container" {
	need_v1
	config '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1,
		minor: 11}]'
	launch_waiting open /dev/kmsg open /dev/null
	oci update --pids-limit 50 $ID
	assert_ok
	oci kill $ID USR1
	box_said 'open /dev/kmsg=EPERM'
	box_said 'open /dev/null=ok'
	gone
}

@test "v2: the eBPF filter lets through what is allowed, and nothing else" {
	v2_only
	config "$CAPS"'| .linux.resources.devices += [
			{allow: true, type: "c", major: 10, minor: 229, access: "rm"}] |
		.linux.devices = [
			{path: "/dev/kmsg", type: "c", major: 1, minor: 11},
			{path: "/dev/fuse", type: "c", major: 10, minor: 229}]'
	look open /dev/kmsg write /dev/fuse open /dev/fuse \
		mknod /dev/fuse2 c 10 229 get /dev/zero
	saw 'open /dev/kmsg=EPERM' 'write /dev/fuse=EPERM' 'get /dev/zero=ok' \
		'mknod /dev/fuse2=ok'
	saw_not 'open /dev/fuse=EPERM'
}

@test "v2: allow all, then deny one" {
	v2_only
	config '.linux.resources.devices = [{allow: true, access: "rwm"},
			{allow: false, type: "c", major: 1, minor: 11, access: "r"}] |
		.linux.devices = [
			{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]'
	look open /dev/kmsg write /dev/kmsg
	saw 'open /dev/kmsg=EPERM' 'write /dev/kmsg=ok'
}

@test "v2: exec'd processes are under the same filter" {
	v2_only
	config '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1,
		minor: 11}]'
	launch_waiting
	oci exec $ID /bin/report open /dev/kmsg open /dev/null
	assert_ok
	saw 'open /dev/kmsg=EPERM' 'open /dev/null=ok'
	gone
}

@test "in a user namespace devices are the host's, bound" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 5000, size: 100}] |
		.linux.gidMappings = [{containerID: 0, hostID: 5000, size: 100}]'
	look get /dev/zero put /dev/null x stat /dev/null mounts
	saw 'get /dev/zero=ok' 'put /dev/null=ok'
	saw_like 'stat /dev/null=c 0666 [0-9]+:[0-9]+ 1:3' 'mount /dev/null=.*'
}

@test "a bind-mounted /dev is left alone" {
	mkdir "$SCRATCH/dev"
	mknod "$SCRATCH/dev/null" c 1 3
	touch "$SCRATCH/dev/only"
	config --arg s "$SCRATCH/dev" '.mounts |= [.[0], {type: "bind",
		source: $s, destination: "/dev", options: ["bind"]}]'
	look dir /dev
	saw 'dir /dev=only' 'dir /dev=null'
	saw_not 'dir /dev=zero'
}
