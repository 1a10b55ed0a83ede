#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line: what each verb does, prints and answers.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

@test "create waits, start lets go, the container ends, delete removes it" {
	make_box say started
	status_is created
	[ ! -s "$box_out" ]
	oci start $ID
	assert_ok
	box_said say=started
	becomes stopped
	oci delete $ID
	assert_ok
	oci state $ID
	assert_fails 'does not exist'
}

@test "create's pid file holds the pid without a newline" {
	make_box
	[[ $PID =~ ^[0-9]+$ ]]
	[ "$(stat -c %s "$SCRATCH/pid")" -eq ${#PID} ]
	[ -d "/proc/$PID" ]
	gone
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "state" {
	config '.annotations = {"org.example": "x y"}'
	make_box
	oci state $ID
	assert_ok
	jq -e --arg id $ID --arg bundle "$BUNDLE" --argjson pid "$PID" '
		.id == $id and .bundle == $bundle and .pid == $pid and
		.status == "created" and .annotations == {"org.example": "x y"} and
		(.ociVersion | test("^1[.]")) and .rootfs == $bundle + "/rootfs" and
		(.created | test("^20.*Z$|^20.*[+-]"))' <<<"$output"
	oci start $ID
	becomes stopped
	oci state $ID
	jq -e '.status == "stopped" and .pid == 0' <<<"$output"
	gone
}

@test "run: the exit status is the program's" {
	args /bin/report exit 42
	oci run --bundle "$BUNDLE" $ID
	assert_status 42
}

@test "run: death by a signal is 128 and its number" {
	config '.process.args = ["/bin/sh", "-c", "sh -c \"kill -TERM \\$\\$\"; exit $?"]'
	oci run --bundle "$BUNDLE" $ID
	assert_status 143
}

@test "run --detach: the container goes on, its pid is told" {
	args /bin/report wait
	oci_out=$SCRATCH/box oci run --detach --pid-file "$SCRATCH/pid" \
		--bundle "$BUNDLE" $ID
	assert_ok
	status_is running
	[ "$(oci state $ID && jq .pid <<<"$output")" = "$(<"$SCRATCH/pid")" ]
	gone
}

@test "run --keep leaves the container for delete" {
	args /bin/report exit 3
	oci run --keep --bundle "$BUNDLE" $ID
	assert_status 3
	status_is stopped
	oci delete $ID
	assert_ok
}

@test "run in the foreground passes signals on" {
	args /bin/report wait
	OCTEST=$MARK "$OCI_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" $ID \
		>"$SCRATCH/out" 2>&1 </dev/null 3>&- &
	local runner=$!
	eventually grep -q ready= "$SCRATCH/out"
	kill -USR2 $runner
	wait $runner
	grep -qx signal=USR2 "$SCRATCH/out"
}

@test "the bundle is the working directory if not given" {
	args /bin/report say here
	cd "$BUNDLE"
	oci run $ID
	assert_ok
	saw say=here
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "kill: names with and without SIG, numbers, TERM if none is given" {
	local given
	for given in USR1 SIGUSR1 10 usr1; do
		launch_waiting
		oci kill $ID $given
		assert_ok
		box_said signal=USR1
		gone
	done
	launch_waiting
	oci kill $ID
	box_said signal=TERM
	gone
}

@test "kill: a signal that does not exist is refused" {
	launch_waiting
	oci kill $ID NOSUCH
	assert_fails signal
	status_is running
	gone
}

@test "kill --all reaches every process" {
	launch fork 3 wait
	box_said 'fork 3=3'
	oci kill --all $ID KILL
	assert_ok
	becomes stopped
	oci delete $ID
	assert_ok
}

@test "kill of a stopped container fails; not so with --all" {
	launch say hello
	becomes stopped
	oci kill $ID TERM
	assert_fails
	gone
}

@test "kill KILL of a container that was not started" {
	make_box
	oci kill $ID KILL
	assert_ok
	becomes stopped
	oci delete $ID
	assert_ok
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "delete refuses a running container, delete --force kills it" {
	launch_waiting
	oci delete $ID
	assert_fails running
	status_is running
	oci delete --force $ID
	assert_ok
	dead "$PID"
}

@test "delete of one that was created and not started" {
	make_box
	oci delete --force $ID
	assert_ok
	dead "$PID"
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "delete --force of none is no error, delete of none is" {
	oci delete --force nothing
	assert_ok
	oci delete nothing
	assert_fails 'does not exist'
}

@test "start, exec, kill, pause, resume, update, ps, events of none" {
	local verb
	for verb in start exec kill pause resume update ps events; do
		case $verb in
		exec) oci exec none true ;;
		update) oci update --pids-limit 5 none ;;
		events)
			! is_crun || continue
			oci events --stats none
			;;
		*) oci $verb none ;;
		esac
		assert_fails 'does not exist' || flunk "$verb" || return 1
	done
}

@test "start of a running one, and again of a stopped one, fails" {
	launch_waiting
	oci start $ID
	assert_fails
	oci kill $ID KILL
	becomes stopped
	oci start $ID
	assert_fails
	gone
}

@test "a name that is taken is refused, and the first one lives on" {
	launch_waiting
	oci create --bundle "$BUNDLE" $ID
	assert_fails exist
	status_is running
	gone
}

@test "names: letters, digits, _ + - and ." {
	local name
	args /bin/report
	oci run --bundle "$BUNDLE" 'A-z_0+9.x'
	assert_ok
	for name in '' a/b .. . 'a b' ../x 'a$b'; do
		oci create --bundle "$BUNDLE" "$name"
		assert_fails || flunk "name: $name" || return 1
	done
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "list: a table, names only, JSON" {
	launch_waiting
	oci list
	assert_ok
	saw_like "ID +PID +STATUS +BUNDLE +CREATED +OWNER" \
		"$ID +$PID +running +$BUNDLE +20.* +root"
	oci list -q
	saw $ID
	oci list --format json
	jq -e --arg id $ID '.[0].id == $id and .[0].status == "running"' <<<"$output"
	gone
	oci list -q
	[ -z "$output" ]
}

# runc and crun: only if it is the default one.
# bats test_tags=ferrule
@test "list: nothing for a root that is missing" {
	STATE=$SCRATCH/missing oci list -q
	assert_ok
	[ -z "$output" ]
	[ ! -e "$SCRATCH/missing" ]
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "ps: a table and JSON" {
	launch fork 2 wait
	box_said 'fork 2=2'
	oci ps --format json $ID
	assert_ok
	jq -e --argjson pid "$PID" 'length == 3 and index($pid) != null' <<<"$output"
	oci ps $ID
	assert_ok
	saw_like ".* $PID .*report.*"
	gone
}

@test "pause and resume" {
	launch_waiting
	oci pause $ID
	assert_ok
	status_is paused
	oci exec $ID /bin/report
	assert_fails paused
	oci resume $ID
	assert_ok
	status_is running
	oci kill $ID USR1
	box_said signal=USR1
	gone
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "pause of a paused and resume of a running one fail" {
	launch_waiting
	oci resume $ID
	assert_fails
	oci pause $ID
	oci pause $ID
	assert_fails
	gone
}

@test "delete --force of a paused container" {
	launch fork 2 wait
	box_said 'fork 2=2'
	oci pause $ID
	assert_ok
	oci delete --force $ID
	assert_ok
}

@test "a killed paused container dies when it is resumed at the latest" {
	launch_waiting
	oci pause $ID
	oci kill $ID KILL
	oci resume $ID
	becomes stopped
	oci delete $ID
	assert_ok
}

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

@test "the start socket is not for others, whatever the umask" {
	umask 0
	make_box
	umask 022
	[ -z "$(find "$STATE/$ID" -type s -perm /077)" ]
	gone
}

@test "errors go to the log as JSON lines for shims" {
	oci --log "$SCRATCH/log" --log-format json create --bundle /nonexistent $ID
	assert_fails
	tail -n 1 "$SCRATCH/log" | jq -e '.level == "error" and
		(.msg | length > 5) and (.time | test("^20[0-9-]+T"))'
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "errors go to the log as text" {
	oci --log "$SCRATCH/log" create --bundle /nonexistent $ID
	assert_fails
	grep -q 'nonexistent' "$SCRATCH/log"
}

@test "a bundle without config.json, a config without a rootfs" {
	oci create --bundle "$SCRATCH" $ID
	assert_fails config.json
	config '.root.path = "missing"'
	oci create --bundle "$BUNDLE" $ID
	assert_fails missing
}

@test "spec writes a config.json that runs, and does not overwrite" {
	mkdir "$SCRATCH/new"
	oci spec --bundle "$SCRATCH/new"
	assert_ok
	jq -e '.process.args == ["sh"] and .root.path == "rootfs" and
		.process.terminal == true' "$SCRATCH/new/config.json"
	oci spec --bundle "$SCRATCH/new"
	assert_fails exist
	mv "$SCRATCH/new/config.json" "$BUNDLE/config.json"
	config --arg g "$PARENT/$ID" '.process.terminal = false |
		.root.readonly = false | .linux.cgroupsPath = $g |
		.process.rlimits = []'
	look ids status NoNewPrivs
	saw 'uid=0 0 0' NoNewPrivs=1
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "spec --rootless has mappings and no network namespace" {
	mkdir "$SCRATCH/new"
	oci spec --rootless --bundle "$SCRATCH/new"
	assert_ok
	jq -e '(.linux.namespaces | map(.type) | index("user") != null) and
		.linux.uidMappings[0].containerID == 0 and
		(.linux.uidMappings[0].size == 1)' "$SCRATCH/new/config.json"
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "features says what there is" {
	oci features
	assert_ok
	jq -e '(.ociVersionMin | test("^1[.]0")) and
		(.hooks | index("poststop") != null) and
		(.mountOptions | index("rro") != null) and
		(.linux.namespaces | index("time") != null) and
		(.linux.capabilities | index("CAP_CHOWN") != null) and
		.linux.cgroup.v1 == true and .linux.cgroup.v2 == true and
		.linux.seccomp.enabled == true and
		(.linux.seccomp.actions | index("SCMP_ACT_NOTIFY") != null)' <<<"$output"
}

@test "--version and --help" {
	oci --version
	assert_ok
	[[ $output == *version*[0-9].[0-9]* ]]
	oci --help
	assert_ok
	[[ $output == *create*delete* ]]
}

@test "verbs, options and arguments that are wrong" {
	oci nosuchverb
	assert_fails
	oci create --no-such-option $ID
	assert_fails
	oci state
	assert_fails
	oci state one two
	assert_fails
	oci create --bundle
	assert_fails
}

# bats test_tags=ferrule
@test "--systemd-cgroup without systemd says so" {
	args /bin/report
	oci --systemd-cgroup run --bundle "$BUNDLE" $ID
	assert_fails systemd
}

# bats test_tags=ferrule
@test "two waiting containers at once do not disturb each other" {
	make_box say first
	new_bundle other
	args /bin/report say second
	oci_out=$SCRATCH/other.out oci create --bundle "$BUNDLE" other
	assert_ok
	oci start other
	eventually grep -qx say=second "$SCRATCH/other.out"
	status_is created
	gone other
	gone
}
