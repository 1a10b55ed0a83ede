#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What config.json's `process` says is what the container's process finds.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

@test "args, env and cwd are as given" {
	config '.process.cwd = "/home" | .process.env += ["A=b c", "EMPTY="]'
	look arg 'two words' arg '' arg '$HOME' env cwd
	saw 'arg=two words' 'arg=' 'arg=$HOME' 'env A=b c' 'env EMPTY=' cwd=/home
}

@test "the program is looked up in the container's PATH" {
	config '.process.args = ["report", "say", "found"]'
	oci run --bundle "$BUNDLE" $ID
	assert_ok
	saw say=found
}

@test "HOME comes from the container's passwd if it is not given" {
	config '.process.env = ["PATH=/bin"] | .process.user.uid = 1000'
	look env
	saw 'env HOME=/home/user'
}

@test "HOME that is given is left alone" {
	config '.process.env += ["HOME=/elsewhere"] | .process.user.uid = 1000'
	look env
	saw 'env HOME=/elsewhere'
}

# crun passes both on, and leaves it to the program.
# bats test_tags=not-crun
@test "of two values for a variable the last one counts" {
	config '.process.env += ["A=1", "A=2"]'
	look env
	saw 'env A=2'
	saw_not 'env A=1'
}

@test "uid, gid, additional groups and umask" {
	config '.process.user = {uid: 1000, gid: 1001,
		additionalGids: [5, 77], umask: 63}'
	look ids
	saw 'uid=1000 1000 1000' 'gid=1001 1001 1001' umask=0077
	saw_like 'groups=(1001 )?5 77( 1001)?'
}

@test "a cwd that is missing is made" {
	config '.process.cwd = "/new/place"'
	look cwd
	saw cwd=/new/place
}

@test "a cwd that only the container's user may enter" {
	mkdir -m 700 "$ROOTFS/private"
	chown 1000:1000 "$ROOTFS/private"
	config '.process.cwd = "/private" | .process.user = {uid: 1000, gid: 1000}'
	look cwd
	saw cwd=/private
}

@test "the five capability sets" {
	config '.process.capabilities = {
		bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SYS_CHROOT"],
		permitted: ["CAP_CHOWN", "CAP_KILL"],
		effective: ["CAP_CHOWN"], inheritable: ["CAP_KILL"],
		ambient: ["CAP_KILL"]} | .process.user.uid = 1000'
	look status CapInh status CapPrm status CapEff status CapBnd status CapAmb
	saw CapBnd=0000000000040021 CapInh=0000000000000020 \
		CapAmb=0000000000000020 CapPrm=0000000000000020 \
		CapEff=0000000000000020
}

@test "root has the capabilities of the bounding set and no others" {
	look status CapPrm status CapEff status CapBnd call chroot
	saw CapPrm=0000000000000021 CapEff=0000000000000021 \
		CapBnd=0000000000000021 'call chroot=EPERM'
}

# runc leaves all that it has itself.
# bats test_tags=not-runc
@test "no capabilities object: no capabilities" {
	config 'del(.process.capabilities)'
	look status CapPrm status CapEff status CapInh status CapAmb
	saw CapPrm=0000000000000000 CapEff=0000000000000000 \
		CapInh=0000000000000000 CapAmb=0000000000000000
}

@test "rlimits" {
	config '.process.rlimits = [
		{type: "RLIMIT_NOFILE", soft: 100, hard: 200},
		{type: "RLIMIT_CORE", soft: 0, hard: 0},
		{type: "RLIMIT_NPROC", soft: 50, hard: 60},
		{type: "RLIMIT_AS", soft: 268435456, hard: 268435456}]'
	look rlimits
	saw 'rlimit NOFILE=100 200' 'rlimit CORE=0 0' 'rlimit NPROC=50 60' \
		'rlimit AS=268435456 268435456'
}

# crun leaves the cgroup.
# bats test_tags=not-crun
@test "raising a hard limit without the right to is an error, not silence" {
	grep -q 'CapEff:.*000001fffeffffff' /proc/self/status ||
		skip "this machine has CAP_SYS_RESOURCE"
	config '.process.rlimits = [{type: "RLIMIT_NPROC", soft: 1, hard: 9999999}]'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails 'not permitted'
}

@test "noNewPrivileges is set if wanted and not otherwise" {
	look status NoNewPrivs
	saw NoNewPrivs=0
	config '.process.noNewPrivileges = true'
	look status NoNewPrivs
	saw NoNewPrivs=1
}

@test "oomScoreAdj" {
	config '.process.oomScoreAdj = 321'
	look read /proc/self/oom_score_adj
	saw 'read /proc/self/oom_score_adj=321'
}

# crun only warns when it lacks the right.
# bats test_tags=not-crun
@test "an oomScoreAdj that the kernel refuses is an error" {
	grep -q 'CapEff:.*000001fffeffffff' /proc/self/status ||
		skip "this machine has CAP_SYS_RESOURCE"
	config '.process.oomScoreAdj = -500'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails 'permission denied'
}

@test "scheduler: a policy with a nice value" {
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}'
	look sched
	saw 'sched=policy 3 nice 5 priority 0'
}

@test "scheduler: idle" {
	config '.process.scheduler = {policy: "SCHED_IDLE"}'
	look sched
	saw_like 'sched=policy 5 nice 0 priority 0'
}

@test "ioPriority" {
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	look sched
	saw 'ioprio=class 2 level 6'
}

@test "personality: a 32-bit machine" {
	config '.linux.personality = {domain: "LINUX32"}'
	look sched names
	saw personality=0x8 machine=i686
}

# runc 1.3 does not know it; crun 1.28 does.
# bats test_tags=not-runc
@test "memoryPolicy" {
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
	look sched
	saw mempolicy=2
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "a terminal over the console socket, with its size" {
	config '.process.terminal = true |
		.process.consoleSize = {height: 33, width: 99}'
	args /bin/report tty stat /dev/console link /proc/self/fd/1 say hello
	/usr/bin/python3 "$TESTS/receive.py" console "$SCRATCH/sock" \
		>"$SCRATCH/console" 3>&- &
	local receiver=$!
	eventually test -S "$SCRATCH/sock"
	oci create --bundle "$BUNDLE" --console-socket "$SCRATCH/sock" $ID
	assert_ok
	oci start $ID
	assert_ok
	wait $receiver
	output=$(<"$SCRATCH/console")
	saw 'ttysize=33 99' session=leader say=hello
	saw_like 'tty=/dev/(pts/0|console)' 'stat /dev/console=c 06[0-9]0 0:[05] 136:0' \
		'name=.* fds=1'
	gone
}

@test "a terminal belongs to the container's user" {
	config '.process.terminal = true | .process.user = {uid: 1000, gid: 1000}'
	args /bin/report tty stat /dev/pts/0 write /proc/self/fd/1
	/usr/bin/python3 "$TESTS/receive.py" console "$SCRATCH/sock" \
		>"$SCRATCH/console" 3>&- &
	eventually test -S "$SCRATCH/sock"
	oci create --bundle "$BUNDLE" --console-socket "$SCRATCH/sock" $ID
	assert_ok
	oci start $ID
	assert_ok
	wait $!
	output=$(<"$SCRATCH/console")
	saw_like 'stat /dev/pts/0=c 06[0-9]0 1000:[0-9]+ 136:0'
	saw 'write /proc/self/fd/1=ok'
	gone
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "run in the foreground on a terminal: its size is the caller's" {
	config '.process.terminal = true'
	args /bin/report tty say 'on a terminal'
	OCTEST=$MARK timeout 20 /usr/bin/python3 "$TESTS/receive.py" pty \
		"$OCI_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" $ID \
		>"$SCRATCH/out" 2>&1 3>&-
	output=$(<"$SCRATCH/out")
	saw 'ttysize=24 80' 'say=on a terminal'
}

@test "run on a terminal loses no output of a fast program" {
	config '.process.terminal = true |
		.process.args = ["/bin/sh", "-c", "seq 1 20000"]'
	for _ in 1 2 3; do
		OCTEST=$MARK timeout 20 /usr/bin/python3 "$TESTS/receive.py" pty \
			"$OCI_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" $ID \
			>"$SCRATCH/out" 2>&1 3>&-
		[ "$(grep -c . "$SCRATCH/out")" -eq 20000 ] ||
			flunk "lines: $(wc -l <"$SCRATCH/out")" || return 1
	done
}

@test "a terminal without a console socket is refused by create" {
	config '.process.terminal = true'
	args /bin/report
	oci create --bundle "$BUNDLE" $ID
	assert_fails
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "a console socket without a terminal is refused" {
	args /bin/report
	oci create --bundle "$BUNDLE" --console-socket /nonexistent $ID
	assert_fails
}

@test "stdin, stdout and stderr are the caller's, and nothing else is open" {
	echo 'to the container' >"$SCRATCH/in"
	args /bin/report readfd 0 warn 'to stderr' fds
	oci_in=$SCRATCH/in oci run --bundle "$BUNDLE" $ID
	assert_ok
	saw 'readfd 0=to the container'
	[[ $stderr == *'to stderr'* ]]
	saw_not 'fd 3=' 'fd 4=' 'fd 5=' 'fd 6=' 'fd 7=' 'fd 8='
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "the session keyring is a new one named after the container" {
	look keyring
	saw_like "keyring=keyring;.*;_ses\.$ID"
}

@test "--no-new-keyring leaves the caller's" {
	args /bin/report keyring
	oci run --no-new-keyring --bundle "$BUNDLE" $ID
	assert_ok
	saw_not "_ses.$ID"
}

@test "a program that is not there is an error of create, in callers' words" {
	args /bin/none
	oci create --bundle "$BUNDLE" $ID
	assert_fails /bin/none 'no such file or directory'
	args none
	oci create --bundle "$BUNDLE" $ID
	assert_fails none 'executable file*not found in $PATH'
}

# crun does it in a way of its own.
# bats test_tags=not-crun
@test "a program that may not be executed is an error of create" {
	touch "$ROOTFS/bin/plain"
	args /bin/plain
	oci create --bundle "$BUNDLE" $ID
	assert_fails /bin/plain 'permission denied'
}

@test "a file that is no program: the error of execve" {
	echo junk >"$ROOTFS/bin/junk"
	chmod +x "$ROOTFS/bin/junk"
	args /bin/junk
	oci run --bundle "$BUNDLE" $ID
	assert_fails 'exec format error'
	gone
}

# No LSM is in this kernel: what is asked for cannot be had, which must be said.
@test "an AppArmor profile where there is no AppArmor" {
	[ ! -e /sys/module/apparmor ] || skip "has AppArmor"
	config '.process.apparmorProfile = "docker-default"'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	[ "$status" -eq 0 ] || assert_fails apparmor
}

@test "execCPUAffinity is for exec's processes" {
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	! is_crun || skip "crun has it since 1.20 for its own process as well"
	config '.process.execCPUAffinity = {initial: "0", final: "0"}'
	launch_waiting
	oci exec $ID /bin/report status Cpus_allowed_list
	assert_ok
	saw Cpus_allowed_list=0
	gone
}
