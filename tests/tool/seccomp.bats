#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a container can do under the default seccomp profile, and under others.
# shellcheck disable=SC2016,SC2154
load helpers

DOCKER='["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL",
	"CAP_MKNOD","CAP_NET_BIND_SERVICE","CAP_NET_RAW","CAP_SETFCAP",
	"CAP_SETGID","CAP_SETPCAP","CAP_SETUID","CAP_SYS_CHROOT",
	"CAP_AUDIT_WRITE"]'
STRONG='["CAP_SYS_ADMIN","CAP_SYS_BOOT","CAP_SYS_MODULE","CAP_SYS_PTRACE",
	"CAP_SYS_TIME","CAP_SYSLOG","CAP_BPF","CAP_PERFMON","CAP_SYS_RESOURCE",
	"CAP_DAC_READ_SEARCH","CAP_SYS_CHROOT","CAP_SETUID","CAP_SETGID",
	"CAP_DAC_OVERRIDE","CAP_CHOWN","CAP_FOWNER"]'

prepare() {
	BUNDLE=$SCRATCH/bundle
	make_rootfs "$BUNDLE/rootfs"
	cp "$OCI_REPORT" "$BUNDLE/rootfs/bin/report"
}

# run_under PROFILE CAPS-OF-PROFILE CAPS COMMAND...: with the engine; the
# profile may be for fewer capabilities than the process has, which shows that
# it is the filter that refuses.
run_under() {
	local args
	# By way of standard input: jq would take "-c" for an option.
	args=$(printf '%s\037' "${@:4}" | jq -Rs 'split("\u001f")[:-1]')
	"$DRIVE_DIR/profilectl" "$1" "$2" >"$SCRATCH/seccomp.json" || return 1
	jq -n --arg group "$RUNTIME_GLUE_CGROUP/seccomp" --arg mark A=b \
		-f "$TESTS/../oci/config.jq" |
		jq --slurpfile seccomp "$SCRATCH/seccomp.json" --argjson caps "$3" \
			--arg binds "${binds-}" --argjson args "$args" '
			.linux.seccomp = $seccomp[0] |
			.process.args = $args |
			.process.capabilities = ({} | .bounding = $caps |
				.effective = $caps | .permitted = $caps) |
			.mounts += ($binds | split(" ") | map({ destination: .,
				source: ., type: "bind", options: ["rbind", "ro"] }))
			' >"$BUNDLE/config.json"
	glue oci --root "$SCRATCH/engine" run --bundle "$BUNDLE" seccomp
}

tries() { # NAME...: words for report
	printf 'try %s ' "$@"
}

REFUSED="add_key bpf delete_module fsopen init_module io_uring_enter
	io_uring_setup kexec_file_load kexec_load keyctl mount move_mount
	open_by_handle_at perf_event_open pidfd_getfd pivot_root reboot
	request_key setns settimeofday swapon syslog umount2 unshare userfaultfd"

@test "the default refuses ways out, whatever capabilities there are" {
	# shellcheck disable=SC2046,SC2086 # words
	run_under builtin "$DOCKER" "$STRONG" /bin/report $(tries $REFUSED) \
		call userns call sethostname
	assert_ok
	for name in $REFUSED; do
		assert_output "try $name=EPERM" || return 1
	done
	assert_output "call userns=EPERM" "call sethostname=EPERM"
}

@test "the default: clone3 and what is newer are not there, for C libraries" {
	run_under builtin "$DOCKER" "$DOCKER" /bin/report try clone3 call unknown
	assert_ok
	assert_output "try clone3=ENOSYS" "call unknown=ENOSYS"
}

@test "the default: socket families" {
	run_under builtin "$DOCKER" "$DOCKER" /bin/report socket 1 socket 2 \
		socket 10 socket 38 socket 40
	assert_ok
	assert_output "socket 1=ok" "socket 2=ok" "socket 38=EPERM" \
		"socket 40=EPERM"
}

@test "the default with capabilities: what they are for is allowed" {
	run_under builtin "$STRONG" "$STRONG" /bin/report call mount \
		call sethostname call unshare try settimeofday try keyctl \
		try io_uring_setup try kexec_load
	assert_ok
	assert_output "call mount=ok" "call sethostname=ok" "call unshare=ok" \
		"try settimeofday=ok" "try keyctl=EPERM" \
		"try io_uring_setup=EPERM" "try kexec_load=EPERM"
}

@test "the default: debuggers and chroot work" {
	run_under builtin "$DOCKER" "$DOCKER" /bin/report try traceme \
		call personality call chroot
	assert_ok
	assert_output "try traceme=ok" "call personality=ok" "call chroot=ok"
}

@test "the default: a shell with pipes, files and jobs" {
	run_under builtin "$DOCKER" "$DOCKER" /bin/sh -c '
		set -e
		cd /tmp && mkdir a && echo hello >a/b && cat a/b | cat >c
		/bin/busybox ln -s c d && /bin/busybox mv a e
		/bin/busybox chown 1000:1000 c && /bin/busybox chmod 4755 c
		/bin/busybox tar cf t e && /bin/busybox gzip t
		/bin/busybox mkfifo p && (echo x >p & cat p)
		sleep 0.01 & wait
		/bin/busybox stat -c %a c; cat d; id -u'
	assert_ok
	assert_output x 4755 hello 0
}

@test "the default: python with threads, processes, sockets and epoll" {
	[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3"
	local binds="/usr /lib /lib64"
	run_under builtin "$DOCKER" "$DOCKER" /usr/bin/python3 -c '
import concurrent.futures as f, multiprocessing as m, select, socket
import subprocess, tempfile, mmap, threading, os
a, b = socket.socketpair(); e = select.epoll(); e.register(a)
b.send(b"x"); print("epoll", len(e.poll(1)) > 0)
with f.ThreadPoolExecutor(4) as p: print("sum", sum(p.map(abs, range(10))))
print("run", subprocess.run(["/bin/echo", "hi"], capture_output=True).stdout)
r, w = os.pipe(); q = m.get_context("fork").Process(target=os.write, args=(w, b"y"))
q.start(); q.join(); print("fork", os.read(r, 1), q.exitcode)
s = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(s.getsockname())
print("tcp ok"); t = tempfile.TemporaryFile(dir="/tmp"); t.truncate(4096)
mmap.mmap(t.fileno(), 4096)[0] = 1; print("mmap ok")'
	assert_ok
	assert_output "epoll True" "sum 45" "run b'hi" "fork b'y' 0" "tcp ok" \
		"mmap ok"
}

@test "unconfined: no filter" {
	run_under unconfined "$DOCKER" "$DOCKER" /bin/report status Seccomp \
		call userns try clone3
	assert_ok
	assert_output Seccomp=0
	[[ $output != *clone3=ENOSYS* ]]
}

@test "a profile in docker's format: conditions are applied" {
	cat >"$SCRATCH/profile.json" <<-'END'
		{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [
			{"architecture": "SCMP_ARCH_X86_64",
			 "subArchitectures": ["SCMP_ARCH_X86"]},
			{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": null}],
		 "syscalls": [
			{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO",
			 "errnoRet": 5, "excludes": {"caps": ["CAP_KILL"]}},
			{"name": "getcwd", "action": "SCMP_ACT_ERRNO", "errnoRet": 7,
			 "comment": "why", "includes": {"minKernel": "3.0"}}]}
	END
	run_under "$SCRATCH/profile.json" '[]' "$DOCKER" /bin/report call mkdir \
		call getcwd
	assert_ok
	assert_output "call mkdir=EIO" "call getcwd=E2BIG" || return 1
	run_under "$SCRATCH/profile.json" "$DOCKER" "$DOCKER" /bin/report \
		call mkdir call getcwd
	assert_ok
	assert_output "call mkdir=ok" "call getcwd=E2BIG"
}

@test "a profile with a typing error is refused, with file and key" {
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"],
		"action": "SCMP_ACT_ERRNO", "exclude": {}}]}' >"$SCRATCH/p.json"
	run "$DRIVE_DIR/profilectl" "$SCRATCH/p.json" '[]'
	[ "$status" -eq 1 ]
	[[ $output == *"$SCRATCH/p.json"*"seccomp.syscalls[0].exclude: is no key"* ]]
}
