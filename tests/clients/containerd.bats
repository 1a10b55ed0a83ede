#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's containerd, unpacked by `make peers` and with its folders in the
# test's own, uses the runtime in runc's place: ctr's whole life of a container.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load ../oci/helpers
TESTS=$BATS_TEST_DIRNAME/../oci

prepare() {
	BIN=$OCI_PEERS/usr/bin
	[ -x "$BIN/containerd" ] || skip "no containerd: make peers"
	! is_crun || skip "crun is run by a script here"
	mkdir "$SCRATCH/ctd"
	cat >"$SCRATCH/ctd/config.toml" <<-END
		version = 2
		root = "$SCRATCH/ctd/root"
		state = "$SCRATCH/ctd/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri",
			"io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri",
			"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime",
			"io.containerd.podsandbox.controller.v1.podsandbox",
			"io.containerd.snapshotter.v1.btrfs",
			"io.containerd.snapshotter.v1.zfs",
			"io.containerd.snapshotter.v1.devmapper",
			"io.containerd.snapshotter.v1.blockfile"]
		[grpc]
		  address = "$SCRATCH/ctd/sock"
		[ttrpc]
		  address = "$SCRATCH/ctd/ttrpc"
	END
	OCTEST=$MARK PATH=$BIN:$PATH "$BIN/containerd" \
		--config "$SCRATCH/ctd/config.toml" >"$SCRATCH/ctd/log" 2>&1 \
		</dev/null 3>&- &
	DAEMON=$!
	eventually ctr version >/dev/null 2>&1 ||
		flunk "$(tail -n 5 "$SCRATCH/ctd/log")"
	"$TESTS/../clients/image.sh" "$OCI_REPORT" "$SCRATCH/image.tar"
	call images import --local --snapshotter native "$SCRATCH/image.tar"
	assert_ok
	mounts_before=$(mount_count)
}

ctr() {
	timeout 30 "$BIN/ctr" --address "$SCRATCH/ctd/sock" "$@"
}

# ctr with its status and output as oci() leaves them.
call() {
	status=0
	output=$(ctr "$@" 2>"$SCRATCH/stderr" </dev/null 3>&-) || status=$?
	stderr=$(<"$SCRATCH/stderr")
}

# run [OPTION...] PROGRAM...
run_box() {
	call run --snapshotter native --runc-binary "$OCI_RUNTIME" \
		--cgroup "$PARENT/ctr" --env "OCTEST=$MARK" "$@"
}
IMAGE=docker.io/library/busy:latest

end_daemon() {
	kill -TERM $DAEMON
	wait $DAEMON || :
}

@test "ctr run: output and exit status, nothing left" {
	run_box --rm $IMAGE box /bin/report ids names exit 7
	assert_status 7
	saw 'uid=0 0 0'
	end_daemon
}

# (ctr has no word for update; podman has.)
@test "ctr: run, exec, ps, pause, resume, metrics, kill, delete" {
	run_box --detach $IMAGE box /bin/report wait
	assert_ok
	call task ls
	saw_like 'box +[0-9]+ +RUNNING'
	call task exec --exec-id one box /bin/report say hello
	assert_ok
	saw say=hello
	call task ps box
	assert_ok
	call task pause box
	assert_ok
	call task ls
	saw_like 'box +[0-9]+ +PAUSED'
	call task resume box
	assert_ok
	call task metrics box
	assert_ok
	call task kill --signal KILL box
	assert_ok
	eventually stopped
	call task delete box
	assert_ok || [ "$status" -eq 137 ]
	call container delete box
	assert_ok
	end_daemon
}

stopped() {
	ctr task ls | grep -qE 'box +[0-9]+ +STOPPED'
}

@test "ctr: a program that is not there: the runtime's message comes through" {
	run_box --rm $IMAGE box /no/such/program
	assert_fails /no/such/program 'no such file'
	call container delete box
	end_daemon
}

@test "ctr: a terminal, limits, read-only root, a user, seccomp" {
	need_v1
	run_box --rm --memory-limit 67108864 --read-only --user 5:6 --seccomp \
		--cpus 0.5 $IMAGE box /bin/report ids create /x status Seccomp
	assert_ok
	saw 'uid=5 5 5' Seccomp=2
	saw_like 'create /x=E(ROFS|ACCES)'
	end_daemon
}
