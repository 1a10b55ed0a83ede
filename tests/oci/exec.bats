#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# exec: more processes in a container; and the descriptors that run and exec
# pass on.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

@test "exec: joined, with its own output and exit status" {
	launch_waiting
	oci exec $ID /bin/report ns names env cwd exit 7
	assert_status 7
	saw hostname=ferrule 'env HOME=/root' cwd=/
	[ "$(value 'ns pid')" = "$(readlink "/proc/$PID/ns/pid")" ]
	[ "$(value 'ns mnt')" = "$(readlink "/proc/$PID/ns/mnt")" ]
	[ "$(value 'ns net')" = "$(readlink "/proc/$PID/ns/net")" ]
	gone
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "exec: user, groups, cwd, environment, capabilities, privileges" {
	launch_waiting
	oci exec --user 1000:1001 --additional-gids 5 --cwd /home -e A=1 -e B=2 \
		--cap CAP_KILL --no-new-privs $ID \
		/bin/report ids cwd env status NoNewPrivs status CapBnd
	assert_ok
	saw 'uid=1000 1000 1000' 'gid=1001 1001 1001' cwd=/home 'env A=1' \
		'env B=2' NoNewPrivs=1
	saw_like 'groups=(1001 )?5( 5)?( 1001)?' # runc has it twice
	gone
}

@test "exec --process FILE" {
	launch_waiting
	jq '.process | .args = ["/bin/report", "ids", "env"] |
		.user = {uid: 12, gid: 13} | .env = ["X=file"]' \
		"$BUNDLE/config.json" >"$SCRATCH/process.json"
	oci exec --process "$SCRATCH/process.json" $ID
	assert_ok
	saw 'uid=12 12 12' 'gid=13 13 13' 'env X=file'
	gone
}

# runc takes the limits of who calls, crun has other defaults.
# bats test_tags=not-runc,not-crun
@test "exec --process: what it leaves out is the container's" {
	config '.process.capabilities |= map_values(["CAP_KILL"]) |
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}] |
		.process.oomScoreAdj = 321'
	launch_waiting
	echo '{"args": ["/bin/report", "status", "CapEff", "status", "CapBnd",
		"read", "/proc/self/limits", "read", "/proc/self/oom_score_adj"],
		"cwd": "/"}' >"$SCRATCH/process.json"
	oci exec --process "$SCRATCH/process.json" $ID
	assert_ok
	saw CapEff=0000000000000020 CapBnd=0000000000000020 \
		'read /proc/self/oom_score_adj=321'
	saw_like 'read /proc/self/limits=Max open files +77 +88 +files *' ||
		saw_like '.*Max open files +77 +88 +files *'
	gone
}

# crun does without.
# bats test_tags=not-crun
@test "exec: the session keyring is the container's" {
	launch_waiting keyring
	oci exec $ID /bin/report keyring
	assert_ok
	saw_like "keyring=keyring;.*;_ses\.$ID"
	gone
}

@test "exec: the caller's session keyring where the container has it" {
	args /bin/report wait
	oci_out=$SCRATCH/box.out oci_err=$SCRATCH/box.err \
		oci run --detach --no-new-keyring --bundle "$BUNDLE" $ID
	assert_ok
	oci exec $ID /bin/report keyring
	assert_ok
	saw_not "_ses.$ID"
	gone
}

@test "exec --detach: pid file, goes on, dies with the container" {
	launch_waiting
	oci exec --detach --pid-file "$SCRATCH/exec.pid" $ID /bin/report sleep 1000
	assert_ok
	[[ $(<"$SCRATCH/exec.pid") =~ ^[0-9]+$ ]]
	[ -d "/proc/$(<"$SCRATCH/exec.pid")" ]
	oci ps --format json $ID
	jq -e 'length == 2' <<<"$output"
	gone
	eventually dead "$(<"$SCRATCH/exec.pid")"
}

@test "exec --tty with a console socket" {
	launch_waiting
	/usr/bin/python3 "$TESTS/receive.py" console "$SCRATCH/sock" \
		>"$SCRATCH/console" 3>&- &
	eventually test -S "$SCRATCH/sock"
	oci exec --detach --tty --console-socket "$SCRATCH/sock" $ID \
		/bin/report tty say hello
	assert_ok
	wait $!
	grep -qx say=hello "$SCRATCH/console"
	grep -qx session=leader "$SCRATCH/console"
	gone
}

@test "exec: what does not exist, and what is no program" {
	launch_waiting
	oci exec $ID /bin/none
	assert_fails 'no such file or directory'
	oci exec $ID none
	assert_fails 'executable file*not found in $PATH'
	oci exec $ID /etc
	assert_fails /etc
	oci exec --cwd /none/such $ID /bin/report cwd
	[ "$status" -eq 0 ] || assert_fails /none/such
	gone
}

@test "exec in a stopped one, and in one that was not started" {
	launch say hello
	becomes stopped
	oci exec $ID /bin/report
	assert_fails stopped || assert_fails 'not running'
	gone
}

@test "exec --ignore-paused waits for the resume" {
	is_crun && skip "crun has no --ignore-paused"
	launch_waiting
	oci pause $ID
	OCTEST=$MARK "$OCI_RUNTIME" --root "$STATE" exec --ignore-paused $ID \
		/bin/report say thawed >"$SCRATCH/late" 2>&1 </dev/null 3>&- &
	sleep 0.2
	[ ! -s "$SCRATCH/late" ]
	oci resume $ID
	wait $!
	grep -qx say=thawed "$SCRATCH/late"
	gone
}

@test "--preserve-fds: the descriptors after stderr are the container's" {
	echo passed >"$SCRATCH/file"
	args /bin/report readfd 3 readfd 4 fds
	oci run --preserve-fds 2 --bundle "$BUNDLE" $ID 3<"$SCRATCH/file" \
		4<"$SCRATCH/file" 5<"$SCRATCH/file"
	assert_ok
	saw 'readfd 3=passed' 'readfd 4=passed'
	saw_not 'fd 5='
}

@test "exec --preserve-fds" {
	launch_waiting
	echo passed >"$SCRATCH/file"
	oci exec --preserve-fds 1 $ID /bin/report readfd 3 fds 3<"$SCRATCH/file" \
		4<"$SCRATCH/file"
	assert_ok
	saw 'readfd 3=passed'
	saw_not 'fd 4='
	gone
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "LISTEN_FDS: sockets are passed, LISTEN_PID is the container's" {
	echo activated >"$SCRATCH/file"
	args /bin/report env readfd 3
	OCTEST=$MARK LISTEN_FDS=1 sh -c 'LISTEN_PID=$$ exec "$@"' sh \
		"$OCI_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" $ID \
		3<"$SCRATCH/file" >"$SCRATCH/out" 2>&1 </dev/null
	output=$(<"$SCRATCH/out")
	saw 'env LISTEN_FDS=1' 'env LISTEN_PID=1' 'readfd 3=activated'
}

# crun does not look at LISTEN_PID.
# bats test_tags=not-crun
@test "LISTEN_FDS for another process is not ours to pass on" {
	echo secret >"$SCRATCH/file"
	args /bin/report env fds
	LISTEN_FDS=1 LISTEN_PID=1 oci run --bundle "$BUNDLE" $ID 3<"$SCRATCH/file"
	assert_ok
	saw_not LISTEN_FDS 'fd 3='
	LISTEN_FDS=9 LISTEN_PID=1 oci run --bundle "$BUNDLE" $ID
	assert_ok
}

@test "run and exec with SIGCHLD ignored by who calls" {
	args /bin/report exit 7
	cat >"$SCRATCH/ignoring" <<-'END'
		import os, signal, sys
		signal.signal(signal.SIGCHLD, signal.SIG_IGN)
		os.execv(sys.argv[1], sys.argv[1:])
	END
	runtime=$OCI_RUNTIME
	OCI_RUNTIME=$SCRATCH/${runtime##*/}
	printf '#!/bin/sh\nexec /usr/bin/python3 %s %s "$@"\n' \
		"$SCRATCH/ignoring" "$runtime" >"$OCI_RUNTIME"
	chmod +x "$OCI_RUNTIME"
	oci run --bundle "$BUNDLE" $ID
	assert_status 7
	launch_waiting
	oci exec $ID /bin/report exit 8
	assert_status 8
	gone
}
