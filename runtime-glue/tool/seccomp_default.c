/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile of containers that ask for none.
 *
 * A list of what is allowed; the rest gets EPERM, and what is newer than the
 * list ENOSYS (process/seccomp_enosys.c). Refused, with all that is obsolete:
 *
 * - what is not of a namespace: keyrings (add_key, keyctl, request_key), the
 *   clock, modules, kexec, swap, accounting, quotas;
 * - what makes namespaces or mounts, except with CAP_SYS_ADMIN: a new user
 *   namespace would hand out all capabilities inside, and with them the parts
 *   of the kernel where most of its holes were;
 * - what has been a way out, or the shortest to one, by itself: bpf,
 *   userfaultfd, io_uring, perf_event_open, open_by_handle_at, AF_ALG sockets.
 *
 * A call that needs a capability anyway is allowed to who has it: refusing it
 * twice would only make --cap-add useless. Names are of every architecture; one
 * that libseccomp does not know on this one is skipped.
 */
#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include "common/base/jsonw.h"
#include "runtime-glue/tool/seccomp.h"

/* Names with spaces between them. */
struct group {
	const char *calls;
	const char *cap; /* only with this capability */
};

static const struct group always[] = {
	/* Files by descriptor. */
	{ .calls = "close close_range copy_file_range dup dup2 dup3 fallocate "
		   "fadvise64 fadvise64_64 arm_fadvise64_64 fcntl fcntl64 "
		   "fdatasync flock fsync ftruncate ftruncate64 ioctl lseek "
		   "_llseek pread64 preadv preadv2 pwrite64 pwritev pwritev2 "
		   "read readahead readv sendfile sendfile64 splice sync "
		   "sync_file_range sync_file_range2 arm_sync_file_range "
		   "syncfs tee vmsplice write writev cachestat" },
	/* Files by name. Handles may be asked for, but not opened. */
	{ .calls = "access chdir chmod chown chown32 creat faccessat "
		   "faccessat2 fchdir fchmod fchmodat fchmodat2 fchown "
		   "fchown32 fchownat fstat fstat64 fstatat64 fstatfs "
		   "fstatfs64 futimesat getcwd getdents getdents64 lchown "
		   "lchown32 link linkat lstat lstat64 mkdir mkdirat mknod "
		   "mknodat name_to_handle_at newfstatat open openat openat2 "
		   "readlink readlinkat rename renameat renameat2 rmdir stat "
		   "stat64 statfs statfs64 statx symlink symlinkat truncate "
		   "truncate64 umask unlink unlinkat utime utimensat "
		   "utimensat_time64 utimes" },
	/* Which mounts there are: no more than mountinfo tells. */
	{ .calls = "listmount statmount" },
	{ .calls = "fgetxattr flistxattr fremovexattr fsetxattr getxattr "
		   "getxattrat lgetxattr listxattr listxattrat llistxattr "
		   "lremovexattr lsetxattr removexattr removexattrat setxattr "
		   "setxattrat" },
	/* Notice of files; fanotify_init, which is for the host, is below. */
	{ .calls = "fanotify_mark inotify_add_watch inotify_init "
		   "inotify_init1 inotify_rm_watch" },
	/* Waiting for descriptors, and the old asynchronous I/O. */
	{ .calls = "epoll_create epoll_create1 epoll_ctl epoll_ctl_old "
		   "epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd "
		   "eventfd2 io_cancel io_destroy io_getevents io_pgetevents "
		   "io_pgetevents_time64 io_setup io_submit _newselect pipe "
		   "pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 "
		   "select" },
	/* Sockets but for socket(2), whose families are below. */
	{ .calls = "accept accept4 bind connect getpeername getsockname "
		   "getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 "
		   "recvmsg send sendmmsg sendmsg sendto setsockopt shutdown "
		   "socketpair" },
	{ .calls = "brk get_thread_area madvise map_shadow_stack membarrier "
		   "memfd_create memfd_secret mincore mlock mlock2 mlockall "
		   "mmap mmap2 mprotect mremap mseal msync munlock munlockall "
		   "munmap pkey_alloc pkey_free pkey_mprotect "
		   "process_mrelease remap_file_pages set_thread_area" },
	/* Processes and threads, but for clone(2). */
	{ .calls = "capget capset execve execveat exit exit_group fork "
		   "getpgid getpgrp getpid getppid getsid gettid kill "
		   "pidfd_open pidfd_send_signal prctl restart_syscall rseq "
		   "seccomp set_robust_list get_robust_list set_tid_address "
		   "setpgid setsid swapcontext tgkill tkill vfork wait4 waitid "
		   "waitpid" },
	{ .calls = "futex futex_requeue futex_time64 futex_wait futex_waitv "
		   "futex_wake" },
	{ .calls = "getegid getegid32 geteuid geteuid32 getgid getgid32 "
		   "getgroups getgroups32 getresgid getresgid32 getresuid "
		   "getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid "
		   "setfsuid32 setgid setgid32 setgroups setgroups32 setregid "
		   "setregid32 setresgid setresgid32 setresuid setresuid32 "
		   "setreuid setreuid32 setuid setuid32" },
	/* A sandbox inside: it can only take away. */
	{ .calls = "landlock_add_rule landlock_create_ruleset "
		   "landlock_restrict_self" },
	{ .calls = "getcpu getitimer getpriority getrandom getrlimit "
		   "getrusage ioprio_get ioprio_set prlimit64 "
		   "sched_get_priority_max sched_get_priority_min "
		   "sched_getaffinity sched_getattr sched_getparam "
		   "sched_getscheduler sched_rr_get_interval "
		   "sched_rr_get_interval_time64 sched_setaffinity "
		   "sched_setattr sched_setparam sched_setscheduler "
		   "sched_yield setitimer setpriority setrlimit sysinfo "
		   "ugetrlimit uname" },
	/* Signals; uretprobe and its like are the kernel's own trampolines. */
	{ .calls = "pause rt_sigaction rt_sigpending rt_sigprocmask "
		   "rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
		   "rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack "
		   "signalfd signalfd4 sigprocmask sigreturn uretprobe" },
	/* Clocks: adjtimex and its like ask, too; setting is the kernel's
	 * CAP_SYS_TIME. */
	{ .calls = "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres "
		   "clock_getres_time64 clock_gettime clock_gettime64 "
		   "clock_nanosleep clock_nanosleep_time64 gettimeofday "
		   "nanosleep time timer_create timer_delete timer_getoverrun "
		   "timer_gettime timer_gettime64 timer_settime "
		   "timer_settime64 timerfd_create timerfd_gettime "
		   "timerfd_gettime64 timerfd_settime timerfd_settime64 "
		   "times" },
	/* System V's and POSIX's IPC, which have a namespace. */
	{ .calls = "ipc mq_getsetattr mq_notify mq_open mq_timedreceive "
		   "mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 "
		   "mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop "
		   "semtimedop semtimedop_time64 shmat shmctl shmdt shmget" },
	/* What C libraries need of single architectures. */
	{ .calls = "arch_prctl modify_ldt breakpoint cacheflush set_tls "
		   "riscv_flush_icache riscv_hwprobe s390_pci_mmio_read "
		   "s390_pci_mmio_write s390_runtime_instr" },
};

static const struct group with_cap[] = {
	{ "mount umount umount2 mount_setattr move_mount open_tree "
	  "open_tree_attr fsconfig fsmount fsopen fspick",
	  "CAP_SYS_ADMIN" },
	{ "clone clone3 setns unshare", "CAP_SYS_ADMIN" },
	{ "setdomainname sethostname", "CAP_SYS_ADMIN" },
	{ "bpf fanotify_init lookup_dcookie perf_event_open quotactl "
	  "quotactl_fd syslog",
	  "CAP_SYS_ADMIN" },
	{ "lsm_get_self_attr lsm_list_modules lsm_set_self_attr",
	  "CAP_SYS_ADMIN" },
	{ "bpf", "CAP_BPF" },
	{ "perf_event_open", "CAP_PERFMON" },
	{ "syslog", "CAP_SYSLOG" },
	/* A way to any file of a mounted file system, on the host, too. */
	{ "open_by_handle_at", "CAP_DAC_READ_SEARCH" },
	{ "kcmp pidfd_getfd process_madvise", "CAP_SYS_PTRACE" },
	{ "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
	  "CAP_SYS_NICE" },
	{ "clock_settime clock_settime64 settimeofday stime", "CAP_SYS_TIME" },
	{ "chroot", "CAP_SYS_CHROOT" },
	{ "vhangup", "CAP_SYS_TTY_CONFIG" },
	{ "acct", "CAP_SYS_PACCT" },
	{ "ioperm iopl", "CAP_SYS_RAWIO" },
	{ "delete_module finit_module init_module", "CAP_SYS_MODULE" },
	{ "reboot", "CAP_SYS_BOOT" },
};

/* Before 4.8 a tracer could change a call behind the filter's back. */
static const char tracing[] = "process_vm_readv process_vm_writev ptrace";

/* One comparison with argument @index. */
struct test {
	unsigned int index;
	uint32_t value;
	const char *op;
};

static void put_names(struct jsonw *w, const char *calls)
{
	char name[64];

	jsonw_open(w, "names", '[');
	while (*calls) {
		const size_t len = strcspn(calls, " ");

		memcpy(name, calls, len);
		name[len] = '\0';
		jsonw_string(w, NULL, name);
		calls += len + strspn(calls + len, " ");
	}
	jsonw_close(w, ']');
}

static void allow(struct jsonw *w, const char *calls, const struct test *test)
{
	jsonw_open(w, NULL, '{');
	put_names(w, calls);
	jsonw_string(w, "action", "SCMP_ACT_ALLOW");
	if (test) {
		jsonw_open(w, "args", '[');
		jsonw_open(w, NULL, '{');
		jsonw_int(w, "index", test->index);
		jsonw_int(w, "value", test->value);
		/* MASKED_EQ: the mask's bits are all 0. */
		jsonw_int(w, "valueTwo", 0);
		jsonw_string(w, "op", test->op);
		jsonw_close(w, '}');
		jsonw_close(w, ']');
	}
	jsonw_close(w, '}');
}

/* As if this kernel did not have it. */
static void not_there(struct jsonw *w, const char *call)
{
	jsonw_open(w, NULL, '{');
	put_names(w, call);
	jsonw_string(w, "action", "SCMP_ACT_ERRNO");
	jsonw_int(w, "errnoRet", ENOSYS);
	jsonw_close(w, '}');
}

/*
 * All families but AF_ALG (38) and AF_VSOCK (40). The kernel looks at the lower
 * half of the register only, the filter at both: "not 40" would let 40 with a
 * bit in the upper half pass. So the ones behind are named one by one.
 *
 * socketcall(2) of 32-bit programs has the family in memory, where no filter
 * sees it. libseccomp means it, too, when it is told of socket(2), and then
 * allows it whatever the family: so it has a rule of its own, without
 * conditions, which is the stronger one. On ENOSYS C libraries use the plain
 * calls, that all architectures have since Linux 4.3.
 */
static void allow_sockets(struct jsonw *w)
{
	static const uint32_t behind[] = { 39, 41, 42, 43, 44, 45 };

	allow(w, "socket", &(struct test){ 0, AF_ALG, "SCMP_CMP_LT" });
	for (size_t i = 0; i < sizeof(behind) / sizeof(*behind); i++)
		allow(w, "socket",
		      &(struct test){ 0, behind[i], "SCMP_CMP_EQ" });
	not_there(w, "socketcall");
}

/* Linux, 32-bit Linux, both with the old uname; or only asked for. Not what
 * weakens a process: READ_IMPLIES_EXEC, ADDR_NO_RANDOMIZE. */
static void allow_personalities(struct jsonw *w)
{
	static const uint32_t harmless[] = { PER_LINUX, PER_LINUX32, UNAME26,
					     PER_LINUX32 | UNAME26,
					     UINT32_MAX };

	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		allow(w, "personality",
		      &(struct test){ 0, harmless[i], "SCMP_CMP_EQ" });
}

/*
 * clone(2) without namespaces. Flags of clone3(2) are in memory, where no
 * filter sees them; on ENOSYS the C libraries go back to clone(2).
 */
static void allow_threads(struct jsonw *w)
{
	const struct test flags = {
		.index = seccomp_arch_native() == SCMP_ARCH_S390X ? 1 : 0,
		.value = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
			 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
			 CLONE_NEWNET,
		.op = "SCMP_CMP_MASKED_EQ",
	};

	allow(w, "clone", &flags);
	not_there(w, "clone3");
}

static void put_arches(struct jsonw *w)
{
	const struct profile_arch *native = profile_native();

	/* None: the engine's filter is for its own architecture then. */
	if (!native)
		return;
	jsonw_open(w, "architectures", '[');
	jsonw_string(w, NULL, native->name);
	for (size_t i = 0; native->others[i]; i++)
		jsonw_string(w, NULL, native->others[i]);
	jsonw_close(w, ']');
}

static void put_rules(struct jsonw *w, const struct profile_for *box)
{
	jsonw_open(w, "syscalls", '[');
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		allow(w, always[i].calls, NULL);
	for (size_t i = 0; i < sizeof(with_cap) / sizeof(*with_cap); i++)
		if (profile_has_cap(box, with_cap[i].cap))
			allow(w, with_cap[i].calls, NULL);
	if (profile_kernel_from(box, 4, 8) ||
	    profile_has_cap(box, "CAP_SYS_PTRACE"))
		allow(w, tracing, NULL);
	allow_sockets(w);
	allow_personalities(w);
	if (!profile_has_cap(box, "CAP_SYS_ADMIN"))
		allow_threads(w);
	jsonw_close(w, ']');
}

int profile_default(const struct profile_for *box, struct json_object **out,
		    struct err *err)
{
	auto_strbuf struct strbuf text = { 0 };
	struct jsonw w = { .out = &text, .compact = true };

	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "defaultAction", "SCMP_ACT_ERRNO");
	jsonw_int(&w, "defaultErrnoRet", EPERM);
	put_arches(&w);
	put_rules(&w, box);
	jsonw_close(&w, '}');
	if (text.failed)
		return err_nomem(err);
	return json_parse(text.data, text.len, "the default seccomp profile",
			  out, err);
}
