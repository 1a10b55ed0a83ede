#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The runtime killed at each of its system calls in create, start and delete:
# `delete --force` then leaves nothing. In a program with threads, as runc, the
# calls are not the same ones each time.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# LeakSanitizer does not work under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

# Calls that change nothing that others could see: a death there is as one at
# the call that comes next.
QUIET='brk|mmap|munmap|mprotect|madvise|getpid|gettid|getuid|geteuid|getgid'
QUIET+='|getegid|getrandom|uname|prlimit64|rt_sigaction|rt_sigprocmask|fcntl'
QUIET+='|rseq|set_robust_list|set_tid_address|arch_prctl|access|lseek|fstat'
QUIET+='|newfstatat|stat|statx|pread64|readlink|readlinkat|getcwd|futex'
QUIET+='|exit_group|exit|rt_sigreturn|sched_getaffinity|sigaltstack|getdents64'
QUIET+='|poll|ppoll|epoll_wait|wait4|waitid|clock_nanosleep|nanosleep'

# calls VERB ARGUMENT...: "NAME N", the Nth of that name, in $SCRATCH/calls.
calls() {
	OCTEST=$MARK timeout 30 strace -qq -o "$SCRATCH/strace" "$OCI_RUNTIME" \
		--root "$STATE" "$@" >/dev/null 2>&1 </dev/null
	awk -v quiet="^($QUIET)\$" -F'[( ]' '/^[a-z_0-9]+\(/ {
		n[$1]++
		if ($1 !~ quiet && $1 != "execve")
			print $1, n[$1]
	}' "$SCRATCH/strace" >"$SCRATCH/calls"
	[ "$(wc -l <"$SCRATCH/calls")" -ge 10 ] ||
		flunk "too few calls:" "$(tail -n 5 "$SCRATCH/strace")"
}

# killed CALL N VERB ARGUMENT...
killed() {
	local rc=0
	{ (OCTEST=$MARK timeout 20 strace -qq -o /dev/null -e trace="$1" \
		-e inject="$1:signal=KILL:when=$2" "$OCI_RUNTIME" \
		--root "$STATE" "${@:3}" >/dev/null 2>&1 </dev/null); } \
		2>/dev/null || rc=$?
	dead=$((dead + (rc == 137)))
}

# Other than delete: by hand, so that nothing hides what it left.
recovered() { # WHERE
	oci delete --force $ID
	assert_ok || flunk "after a death at $1" || return 1
	nothing_left || flunk "after a death at $1"
}

# matrix VERB PREPARATION ARGUMENT...
matrix() {
	local verb=$1 before=$2 dead=0 call n count=0
	shift 2
	$before
	calls "$verb" "$@"
	oci delete --force $ID
	while read -r call n <&4; do
		count=$((count + 1))
		$before
		killed "$call" "$n" "$verb" "$@"
		recovered "$verb: $call $n" || return 1
	done 4<"$SCRATCH/calls"
	echo "# $verb: killed at $dead of $count calls" >&3
	[ "$dead" -ge 10 ]
}

created() {
	oci create --bundle "$BUNDLE" $ID
	assert_ok
}

running() {
	created && oci start $ID
	assert_ok
}

# bats test_tags=ferrule,novalgrind
@test "create killed at any call" {
	args /bin/report wait
	matrix create : --bundle "$BUNDLE" $ID
}

# bats test_tags=ferrule,novalgrind
@test "create in a user namespace, with hooks, killed at any call" {
	args /bin/report wait
	config '.linux.namespaces += [{type: "user"}, {type: "time"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 5000, size: 100}] |
		.linux.gidMappings = .linux.uidMappings |
		.hooks.createRuntime = [{path: "/bin/true"}] |
		.linux.resources.memory.limit = 67108864'
	[ -d $CGROUPS/memory ] || config 'del(.linux.resources.memory)'
	matrix create : --bundle "$BUNDLE" $ID
}

# bats test_tags=ferrule,novalgrind
@test "start killed at any call" {
	args /bin/report wait
	matrix start created $ID
}

# bats test_tags=ferrule,novalgrind
@test "delete --force of a running container killed at any call" {
	args /bin/report wait
	matrix delete running --force $ID
}

# runc is killed at random instead: what holds for calls holds for times.
@test "create killed at any time" {
	local ms dead=0
	args /bin/report wait
	for ms in 05 10 15 20 25 30 40 50 60 80; do
		OCTEST=$MARK timeout -s KILL "0.0$ms" "$OCI_RUNTIME" \
			--root "$STATE" create --bundle "$BUNDLE" $ID \
			>/dev/null 2>&1 </dev/null || dead=$((dead + 1))
		oci delete --force $ID
		assert_ok || return 1
		oci delete --force $ID
		# runc forgets what it was killed before it could write down.
		is_runc || is_crun || nothing_left || return 1
	done
	echo "# create: killed $dead times" >&3
	clean_up_groups
}

clean_up_groups() {
	local pid
	for pid in $(our_processes); do kill -KILL "$pid" 2>/dev/null; done
	eventually no_processes
	find $CGROUPS/ -maxdepth 4 -depth -path "*$PARENT/*" -type d \
		-exec rmdir {} + 2>/dev/null || :
	rm -rf "${STATE:?}"/*
}

@test "the container's death between any two commands is no obstacle" {
	make_box
	kill -KILL "$PID"
	eventually dead "$PID"
	status_is stopped
	oci start $ID
	assert_fails
	oci delete $ID
	assert_ok
	launch_waiting
	kill -KILL "$PID"
	becomes stopped
	oci kill $ID TERM
	oci delete $ID
	assert_ok
}

# bats test_tags=ferrule
@test "states that are half made or damaged: delete --force ends with nothing" {
	local damage
	for damage in ': >state.json' 'rm -f state.json' 'echo "{" >state.json' \
		'rm -rf ./*' 'echo "{}" >state.json'; do
		launch_waiting
		(cd "$STATE/$ID" && eval "$damage")
		oci list
		assert_ok
		oci delete --force $ID
		assert_ok || flunk "after: $damage" || return 1
		[ ! -e "$STATE/$ID" ] || flunk "left after: $damage" || return 1
		clean_up_groups
	done
}

# bats test_tags=ferrule
@test "a pid that another process has now is not mistaken for the container" {
	launch_waiting
	OCTEST=$MARK sleep 100 >/dev/null 2>&1 3>&- &
	local other=$!
	kill -KILL "$PID"
	becomes stopped
	jq --argjson pid $other '.pid = $pid' "$STATE/$ID/state.json" >"$SCRATCH/s"
	cp "$SCRATCH/s" "$STATE/$ID/state.json"
	status_is stopped
	oci kill $ID KILL
	oci delete --force $ID
	assert_ok
	kill -0 $other
	kill -KILL $other
}
