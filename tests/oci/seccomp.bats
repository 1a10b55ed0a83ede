#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `linux.seccomp`: every action, arguments, flags, and the listener.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

ARCH='architectures: ["SCMP_ARCH_X86_64"]'

# filter ACTION-OF-RULE NAME [MORE]: allow all but NAME.
filter() {
	config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", $ARCH,
		syscalls: [{names: [\"$2\"], action: \"$1\"${3:+, $3}}]}"
}

@test "no filter, no seccomp" {
	look status Seccomp
	saw Seccomp=0
}

@test "ERRNO: EPERM if not told otherwise" {
	filter SCMP_ACT_ERRNO mkdir
	look status Seccomp call mkdir call uname
	saw Seccomp=2 'call mkdir=EPERM' 'call uname=ok'
}

@test "ERRNO: errnoRet" {
	filter SCMP_ACT_ERRNO mkdir 'errnoRet: 38'
	look call mkdir
	saw 'call mkdir=ENOSYS'
}

@test "defaultAction with defaultErrnoRet: all that is not allowed" {
	config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ERRNO\",
		defaultErrnoRet: 99, $ARCH, syscalls: [{action: \"SCMP_ACT_ALLOW\",
		names: [\"execve\", \"write\", \"exit_group\", \"brk\", \"fstat\",
		\"newfstatat\", \"arch_prctl\", \"set_tid_address\", \"rseq\",
		\"set_robust_list\", \"prlimit64\", \"readlink\", \"readlinkat\",
		\"mprotect\", \"getrandom\", \"mmap\", \"munmap\", \"ioctl\",
		\"close_range\", \"close\", \"futex\", \"getcwd\", \"chdir\",
		\"capset\", \"setuid\", \"setgid\", \"setgroups\", \"prctl\",
		\"rt_sigaction\", \"rt_sigprocmask\", \"rt_sigreturn\", \"fcntl\",
		\"openat\", \"getdents64\", \"read\", \"epoll_ctl\", \"epoll_pwait\",
		\"nanosleep\", \"tgkill\", \"getpid\", \"gettid\", \"getppid\",
		\"statx\", \"fstatfs\", \"faccessat2\", \"stat\", \"pipe2\", \"sigaltstack\",
		\"madvise\", \"sched_yield\", \"uname\"]}]} |
		.process.noNewPrivileges = true"
	look call mkdir say alive
	saw 'call mkdir=EADDRNOTAVAIL' say=alive
}

@test "KILL_PROCESS and KILL" {
	local action
	for action in SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL SCMP_ACT_KILL_THREAD; do
		filter $action mkdir
		args /bin/report call mkdir say survived
		oci run --bundle "$BUNDLE" $ID
		assert_status 159
		saw_not survived
	done
}

@test "TRAP: SIGSYS" {
	filter SCMP_ACT_TRAP mkdir
	args /bin/report call mkdir say survived
	oci run --bundle "$BUNDLE" $ID
	assert_status 159
}

@test "LOG and ALLOW let it pass" {
	filter SCMP_ACT_LOG mkdir
	look call mkdir
	saw 'call mkdir=ok'
}

@test "TRACE without a tracer: ENOSYS" {
	filter SCMP_ACT_TRACE mkdir 'errnoRet: 5'
	look call mkdir
	saw 'call mkdir=ENOSYS'
}

@test "arguments: each comparison" {
	local op value like
	while read -r op value like; do
		config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", $ARCH,
			syscalls: [{names: [\"socket\"], action: \"SCMP_ACT_ERRNO\",
			errnoRet: 5, args: [{index: 0, value: $value, op: \"$op\"}]}]}"
		look socket 1 socket 2 socket 10
		[ "$(grep -c '=EIO$' <<<"$output")" -eq "$like" ] ||
			flunk "$op $value" || return 1
	done <<-END
		SCMP_CMP_EQ 2 1
		SCMP_CMP_NE 2 2
		SCMP_CMP_LT 2 1
		SCMP_CMP_LE 2 2
		SCMP_CMP_GT 2 1
		SCMP_CMP_GE 2 2
	END
	config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", $ARCH,
		syscalls: [{names: [\"socket\"], action: \"SCMP_ACT_ERRNO\",
		errnoRet: 5, args: [{index: 0, value: 2, valueTwo: 2,
		op: \"SCMP_CMP_MASKED_EQ\"}]}]}"
	look socket 1 socket 2 socket 10
	saw 'socket 1=ok' 'socket 2=EIO' 'socket 10=EIO'
}

@test "several arguments of a rule must all match" {
	config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", $ARCH,
		syscalls: [{names: [\"socket\"], action: \"SCMP_ACT_ERRNO\",
		errnoRet: 5, args: [{index: 0, value: 2, op: \"SCMP_CMP_EQ\"},
		{index: 2, value: 7, op: \"SCMP_CMP_EQ\"}]}]}"
	look socket 2 socket 1
	saw 'socket 2=ok' 'socket 1=ok'
}

@test "names that nobody knows are passed over" {
	config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", $ARCH,
		syscalls: [{names: [\"no_such_call\", \"mkdir\"],
		action: \"SCMP_ACT_ERRNO\"}]}"
	look call mkdir
	saw 'call mkdir=EPERM'
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "a call newer than the filter answers ENOSYS, so that programs fall back" {
	config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ERRNO\", $ARCH,
		syscalls: [{action: \"SCMP_ACT_ERRNO\", errnoRet: 1,
		names: [\"reboot\"]}, {action: \"SCMP_ACT_ALLOW\",
		names: [\"execve\", \"write\", \"exit_group\", \"brk\", \"fstat\",
		\"newfstatat\", \"arch_prctl\", \"set_tid_address\", \"rseq\",
		\"set_robust_list\", \"prlimit64\", \"readlink\", \"readlinkat\",
		\"mprotect\", \"getrandom\", \"mmap\", \"munmap\", \"ioctl\",
		\"close_range\", \"close\", \"futex\", \"getcwd\", \"chdir\",
		\"prctl\", \"fcntl\", \"openat\", \"read\", \"getdents64\",
		\"nanosleep\", \"tgkill\", \"getpid\", \"gettid\", \"getppid\",
		\"epoll_ctl\", \"epoll_pwait\", \"rt_sigaction\", \"statx\",
		\"rt_sigprocmask\", \"rt_sigreturn\", \"faccessat2\",
		\"fstatfs\", \"capset\", \"pipe2\"]}]} |
		.process.noNewPrivileges = true"
	look call unknown call reboot
	saw 'call unknown=ENOSYS' 'call reboot=EPERM'
}

@test "flags" {
	filter SCMP_ACT_ERRNO mkdir
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_LOG",
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'
	look call mkdir
	saw 'call mkdir=EPERM'
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_NONE"]'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails SECCOMP_FILTER_FLAG_NONE
}

@test "actions and comparisons that do not exist are refused" {
	filter SCMP_ACT_NONE mkdir
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
	filter SCMP_ACT_ERRNO mkdir 'args: [{index: 0, value: 1, op: "SCMP_CMP_NO"}]'
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}

@test "a filter that forbids what the runtime needs to set up a container" {
	config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", $ARCH,
		syscalls: [{action: \"SCMP_ACT_ERRNO\",
		names: [\"mount\", \"chdir\", \"setuid\", \"capset\", \"personality\",
		\"setgroups\", \"sethostname\", \"unshare\", \"setns\"]}]} |
		.process.noNewPrivileges = true | .process.user.uid = 5"
	look ids call mount
	saw 'uid=5 5 5' 'call mount=EPERM'
}

@test "exec's processes are under the filter, too" {
	filter SCMP_ACT_ERRNO mkdir
	launch_waiting
	oci exec $ID /bin/report status Seccomp call mkdir
	assert_ok
	saw Seccomp=2 'call mkdir=EPERM'
	gone
}

@test "with and without noNewPrivileges" {
	local set
	for set in true false; do
		filter SCMP_ACT_ERRNO mkdir
		config ".process.noNewPrivileges = $set | .process.user.uid = 1000"
		look status Seccomp call mkdir
		saw Seccomp=2 'call mkdir=EPERM'
	done
}

@test "NOTIFY: the listener gets the descriptor and the state, and decides" {
	filter SCMP_ACT_NOTIFY mkdir
	config --arg p "$SCRATCH/listener" '.linux.seccomp += {listenerPath: $p,
		listenerMetadata: "meta data"} | .annotations = {a: "b"}'
	OCTEST=$MARK timeout 60 /usr/bin/python3 "$TESTS/receive.py" notify \
		"$SCRATCH/listener" "$SCRATCH/notified" >/dev/null 2>&1 3>&- &
	local listener=$!
	eventually test -S "$SCRATCH/listener"
	launch_waiting call mkdir call uname
	oci kill $ID USR1
	box_said 'call mkdir=ENOMEDIUM'
	box_said 'call uname=ok'
	jq -e --arg id $ID --argjson pid "$PID" '.metadata == "meta data" and
		(.fds | index("seccompFd") != null) and .pid == $pid and
		.state.id == $id and .state.annotations.a == "b"' "$SCRATCH/notified"
	gone
	kill -KILL $listener 2>/dev/null || :
	wait $listener || :
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "NOTIFY without a listener, or one that does not answer" {
	filter SCMP_ACT_NOTIFY mkdir
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
	config '.linux.seccomp.listenerPath = "/nonexistent/socket"'
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}

@test "NOTIFY is not for write: the runtime itself must write" {
	! is_crun || skip "crun goes on"
	filter SCMP_ACT_NOTIFY write
	config '.linux.seccomp.listenerPath = "/nonexistent/socket"'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}
