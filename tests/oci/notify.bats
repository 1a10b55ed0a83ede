#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# sd_notify(3) out of a container. crun passes on what the container says, word
# for word.
# bats file_tags=not-crun
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# manager: a service manager's socket. What it is told goes to $told.
manager() {
	told=$SCRATCH/told
	/usr/bin/python3 "$TESTS/receive.py" manager "$SCRATCH/manager" \
		>"$told" 2>&1 3>&- &
	eventually test -S "$SCRATCH/manager"
	export NOTIFY_SOCKET=$SCRATCH/manager
}

# Says $1 to the socket that it has, then goes on.
notifier() {
	mkdir -p "$ROOTFS/run"
	args /bin/report env notify "$1" wait
}

@test "NOTIFY_SOCKET: start waits for READY=1, and tells the main process" {
	manager
	notifier READY=1
	oci_out=$SCRATCH/box.out oci_err=$SCRATCH/box.err \
		oci create --bundle "$BUNDLE" --pid-file "$SCRATCH/pid" $ID
	assert_ok
	oci start $ID
	assert_ok
	eventually grep -qx "MAINPID=$(<"$SCRATCH/pid")" "$told"
	grep -qx READY=1 "$told"
	grep -q '^env NOTIFY_SOCKET=/run/notify/' "$SCRATCH/box.out"
	gone
}

@test "NOTIFY_SOCKET: run --detach, with a user namespace" {
	manager
	notifier READY=1
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chown 100000:100000 "$ROOTFS" "$ROOTFS"/{dev,run}
	oci_out=$SCRATCH/box.out oci_err=$SCRATCH/box.err \
		oci run --detach --bundle "$BUNDLE" $ID
	assert_ok
	eventually grep -qx READY=1 "$told"
	gone
}

@test "NOTIFY_SOCKET: run in the foreground stays the main process" {
	manager
	args /bin/report notify READY=1 sleep 1 exit 3
	oci run --bundle "$BUNDLE" $ID
	assert_status 3
	eventually grep -qx READY=1 "$told"
	# Not the container's, which is its child.
	main=$(sed -n 's/^MAINPID=//p' "$told")
	[ -n "$main" ] && dead "$main"
}

# runc waits for good.
# bats test_tags=not-runc
@test "NOTIFY_SOCKET: a container that ends without a word, or lies" {
	manager
	args /bin/report notify MAINPID=1 notify STATUS=x sleep 1
	oci run --detach --bundle "$BUNDLE" $ID
	assert_ok
	becomes stopped
	never grep . "$told"
	gone
}
