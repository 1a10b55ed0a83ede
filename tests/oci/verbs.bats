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

@test "a bundle without config.json, a config without a rootfs" {
	oci create --bundle "$SCRATCH" $ID
	assert_fails config.json
	config '.root.path = "missing"'
	oci create --bundle "$BUNDLE" $ID
	assert_fails missing
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

@test "the start socket is not for others, whatever the umask" {
	umask 0
	make_box
	umask 022
	[ -z "$(find "$STATE/$ID" -type s -perm /077)" ]
	gone
}
