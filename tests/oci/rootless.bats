#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# As an ordinary user: a user namespace with the own id alone, or more by
# newuidmap; and what cannot be done says so.
# crun is run by a script that needs root.
# bats file_tags=not-crun
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

USER_ID=4321

prepare() {
	chown -R $USER_ID:$USER_ID "$SCRATCH"
	chown 0:0 "$ROOTFS/bin/report" "$ROOTFS/bin/busybox"
	chmod 755 "$ROOTFS/bin/report" "$ROOTFS/bin/busybox"
	config --argjson id $USER_ID 'del(.linux.resources, .linux.cgroupsPath) |
		.linux.namespaces |= map(select(.type != "network")) +
			[{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: $id, size: 1}] |
		.linux.gidMappings = .linux.uidMappings'
	chown $USER_ID "$BUNDLE/config.json"
	# Where users can reach the programs.
	RUNTIME=$OCI_RUNTIME
	OCI_RUNTIME=$SCRATCH/as-user/${RUNTIME##*/}
	mkdir "$SCRATCH/as-user"
	cat >"$OCI_RUNTIME" <<-END
		#!/bin/sh
		export XDG_RUNTIME_DIR=$SCRATCH HOME=$SCRATCH
		exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups \\
			--bounding-set=-all --inh-caps=-all $(realpath -s "$RUNTIME") "\$@"
	END
	chmod 755 "$OCI_RUNTIME"
	setpriv --reuid $USER_ID --regid $USER_ID --clear-groups \
		unshare --user true 2>/dev/null ||
		skip "users may make no user namespaces here"
	setpriv --reuid $USER_ID --regid $USER_ID --clear-groups \
		test -x "$(realpath -s "$RUNTIME")" ||
		skip "the runtime is not within a user's reach"
}

@test "run: root inside, the user outside" {
	look ids read /proc/self/uid_map status CapEff
	saw 'uid=0 0 0' 'gid=0 0 0'
	saw_like "read /proc/self/uid_map= +0 +$USER_ID +1"
}

@test "create, start, exec, ps, kill, delete" {
	launch_waiting
	[ "$(stat -c %u "/proc/$PID")" -eq $USER_ID ]
	status_is running
	oci exec $ID /bin/report ids names
	assert_ok
	saw 'uid=0 0 0' hostname=ferrule
	oci kill $ID USR1
	box_said signal=USR1
	becomes stopped
	oci delete $ID
	assert_ok
}

# Its descriptors are of the host's directories.
# bats test_tags=ferrule
@test "a process that joins cannot be looked into from inside" {
	launch_waiting
	second=$SCRATCH/second
	cp -r "$BUNDLE" "$second"
	jq --arg p "/proc/$PID/ns" '.linux.namespaces |= map(
		if .type == "user" or .type == "pid" then
			.path = $p + "/" + .type else . end) |
		del(.linux.uidMappings, .linux.gidMappings)' \
		"$BUNDLE/config.json" >"$second/config.json"
	chown -R $USER_ID "$second"
	oci_out=$SCRATCH/second.out oci_err=$SCRATCH/second.err \
		oci create --bundle "$second" --pid-file "$SCRATCH/second.pid" second
	assert_ok
	pid=$(sed -n 's/^NSpid:.*\t//p' "/proc/$(<"$SCRATCH/second.pid")/status")
	oci exec $ID /bin/busybox ls "/proc/$pid/fd"
	assert_fails 'permission denied'
	gone second
	gone
}

@test "files made inside belong to the user outside" {
	look create /tmp/made
	[ "$(stat -c %u:%g "$ROOTFS/tmp/made")" = $USER_ID:$USER_ID ]
}

@test "the devices are there, bound from the host" {
	look put /dev/null x get /dev/zero get /dev/urandom
	saw 'put /dev/null=ok' 'get /dev/zero=ok'
}

@test "bind mounts, tmpfs, read-only and masked paths" {
	mkdir "$SCRATCH/volume"
	chown $USER_ID "$SCRATCH/volume"
	config --arg s "$SCRATCH/volume" '.mounts += [{type: "bind", source: $s,
		destination: "/volume", options: ["rbind"]}, {type: "tmpfs",
		source: "tmpfs", destination: "/t", options: ["size=64k"]}] |
		.linux.maskedPaths = ["/proc/version"] |
		.linux.readonlyPaths = ["/proc/sys"] | .root.readonly = true'
	look create /volume/file create /t/file create /x \
		write /proc/sys/kernel/domainname
	saw 'create /volume/file=ok' 'create /t/file=ok' 'create /x=EROFS'
	saw_like 'write /proc/sys/kernel/domainname=E(ROFS|ACCES)'
}

@test "a network namespace of its own" {
	config '.linux.namespaces += [{type: "network"}]'
	look read /proc/net/dev
	[ "$(grep -c 'read /proc/net/dev=.*:' <<<"$output")" -eq 1 ]
}

@test "ids that are not mapped are refused with their name" {
	config '.process.user.uid = 5'
	args /bin/report ids
	oci run --bundle "$BUNDLE" $ID
	assert_fails
	config '.process.user = {uid: 0, gid: 0, additionalGids: [7]}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}

@test "mappings that the user has no right to are refused" {
	config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 10}]'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}

@test "limits that cannot be set are an error, not silence" {
	config '.linux.resources = {pids: {limit: 5}} |
		.linux.cgroupsPath = "/ferrule-denied"'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}

@test "a terminal" {
	config '.process.terminal = true'
	args /bin/report tty
	OCTEST=$MARK timeout 20 /usr/bin/python3 "$TESTS/receive.py" pty \
		"$OCI_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" $ID \
		>"$SCRATCH/out" 2>&1 3>&-
	output=$(tr -d '\r' <"$SCRATCH/out")
	saw session=leader
}

# bats test_tags=ferrule
@test "without a user namespace it is said what is missing" {
	config 'del(.linux.uidMappings, .linux.gidMappings) |
		.linux.namespaces |= map(select(.type != "user"))'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails user namespace
}
