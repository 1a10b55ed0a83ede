#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's podman, unpacked by `make peers` and with its folders in the test's
# own, with --runtime.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load ../oci/helpers
TESTS=$BATS_TEST_DIRNAME/../oci

prepare() {
	local top=$OCI_PEERS/podman
	PODMAN=$top/usr/bin/podman
	[ -x "$PODMAN" ] || skip "no podman: make peers"
	! is_crun || skip "crun is run by a script here"
	export LD_LIBRARY_PATH=$top/usr/lib/x86_64-linux-gnu:$top/lib/x86_64-linux-gnu
	"$PODMAN" --version >/dev/null 2>&1 || skip "podman does not run here"
	mkdir -p "$SCRATCH/etc" "$SCRATCH/runtime"
	cat >"$SCRATCH/etc/containers.conf" <<-END
		[containers]
		cgroups = "enabled"
		default_sysctls = []
		[engine]
		conmon_path = ["$top/usr/bin/conmon"]
		events_logger = "none"
		cgroup_manager = "cgroupfs"
		[engine.runtimes]
		tested = ["$OCI_RUNTIME"]
	END
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' \
		>"$SCRATCH/etc/policy.json"
	mkdir -p /etc/containers # the sandbox's
	cp "$SCRATCH/etc/policy.json" /etc/containers/policy.json
	export CONTAINERS_CONF=$SCRATCH/etc/containers.conf
	"$TESTS/../clients/image.sh" "$OCI_REPORT" "$SCRATCH/image.tar"
	call load -i "$SCRATCH/image.tar"
	assert_ok
}

podman() {
	OCTEST=$MARK timeout 60 "$PODMAN" --root "$SCRATCH/store" \
		--runroot "$SCRATCH/runroot" --tmpdir "$SCRATCH/tmp" \
		--storage-driver vfs --runtime "$OCI_RUNTIME" \
		--cgroup-manager cgroupfs "$@"
}

call() {
	status=0
	output=$(podman "$@" 2>"$SCRATCH/stderr" </dev/null 3>&-) || status=$?
	stderr=$(<"$SCRATCH/stderr")
}

# run [OPTION...] PROGRAM...
run_box() {
	# The machine may lack the right to raise limits.
	call run --ulimit nofile=1024:1024 \
		--ulimit nproc=1024:1024 --network none --cgroup-parent "$PARENT" \
		--env "OCTEST=$MARK" --name box "$@"
}
IMAGE=docker.io/library/busy:latest

# What the store keeps mounted is the store's, and conmon's group is podman's.
finish() {
	find $CGROUPS/ -maxdepth 3 -path "*$PARENT/conmon" -type d -exec rmdir {} +
	umount -R "$SCRATCH/store" 2>/dev/null || :
	umount "$SCRATCH"/store/* 2>/dev/null || :
	mounts_before=$(mount_count)
}

@test "podman run: output and exit status" {
	run_box --rm $IMAGE /bin/report ids names exit 7
	assert_status 7
	saw 'uid=0 0 0'
	finish
}

@test "podman: run, exec, pause, unpause, update, kill, rm" {
	run_box --detach $IMAGE /bin/report wait
	assert_ok
	call exec box /bin/report say hello
	assert_ok
	saw say=hello
	call pause box
	assert_ok
	call unpause box
	assert_ok
	if [ -d $CGROUPS/memory ]; then
		call update --memory 64m box
		assert_ok
		[ "$(cat "$CGROUPS/memory$PARENT"/*/memory.limit_in_bytes |
			sort -n | head -n 1)" = 67108864 ]
	fi
	call kill --signal KILL box
	assert_ok
	call rm --force box
	assert_ok
	finish
}

@test "podman: a program that is not there: exit status 127" {
	run_box --rm $IMAGE /no/such/program
	assert_status 127
	call rm --force box
	finish
}

@test "podman: one that may not be executed: exit status 126" {
	run_box --rm $IMAGE /etc/passwd
	assert_status 126
	call rm --force box
	finish
}

@test "podman: a user, a read-only root, a volume, limits" {
	need_v1
	mkdir "$SCRATCH/volume"
	chmod 777 "$SCRATCH/volume"
	run_box --rm --user 5:6 --read-only --volume "$SCRATCH/volume:/v" \
		--memory 64m --pids-limit 20 $IMAGE \
		/bin/report ids create /x create /v/file
	assert_ok
	saw 'uid=5 5 5' 'create /v/file=ok'
	saw_like 'create /x=E(ROFS|ACCES)'
	finish
}
