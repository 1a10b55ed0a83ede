/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small kernel steps that create and exec both take. */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "common/base/text.h"
#include "common/base/trace.h"
#include "runtime-glue/oci/launch.h"

#define NAMESPACES                                                  \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | \
	 CLONE_NEWNET | CLONE_NEWCGROUP)

static int clone_failed(int errnum, uint64_t flags, struct err *err)
{
	bool made = flags & (uint64_t)NAMESPACES;

	(void)err_sys(err, errnum, "clone3 with flags 0x%llx",
		      (unsigned long long)flags);
	if (errnum == EPERM && made && !(flags & (uint64_t)CLONE_NEWUSER))
		err_hint(err, "new namespaces need CAP_SYS_ADMIN, or a user "
			      "namespace among linux.namespaces");
	return -errnum;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by the kernel */
int launch_clone(uint64_t flags, int cgroup, int *pidfd, struct err *err)
{
	struct clone_args args = { .flags = flags };
	uint64_t start = trace_start();
	long pid;

	/* A sibling tells its parent what its maker does: no signal here. */
	if (!(flags & (uint64_t)CLONE_PARENT))
		args.exit_signal = SIGCHLD;
	if (pidfd) {
		args.flags |= (uint64_t)CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)pidfd;
	}
	if (cgroup >= 0) {
		args.flags |= (uint64_t)CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)cgroup;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		return 0;
	trace_end(start, pid < 0 ? -errno : 0, "clone",
		  "clone3 flags 0x%llx, pid %ld",
		  (unsigned long long)args.flags, pid);
	if (pid < 0)
		return clone_failed(errno, args.flags, err);
	return (int)pid;
}

void init_reset_signals(void)
{
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &normal, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * sd_listen_fds(3): as many as LISTEN_FDS says are meant for the container,
 * unless LISTEN_PID says that they were meant for another process.
 */
static const char *listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID");
	char ours[TEXT_NUM];

	(void)text_uint(ours, (uint64_t)getpid());
	return pid && strcmp(pid, ours) != 0 ? NULL : getenv("LISTEN_FDS");
}

int launch_count_fds(int preserve, int *keep, int *listening, struct err *err)
{
	const char *listen = listen_fds();
	char *end = NULL;
	long more = listen && *listen ? strtol(listen, &end, 10) : 0;

	if (preserve < 0 || preserve > 1024)
		return err_set(err, CNI_E_ENV, "--preserve-fds %d: 0 to 1024",
			       preserve);
	if (more < 0 || more > 1024 || (end && *end))
		return err_set(err, CNI_E_ENV, "LISTEN_FDS: \"%s\" is no count",
			       listen);
	*listening = (int)more;
	*keep = 3 + preserve + (int)more;
	for (int fd = 3; fd < *keep; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return err_set(err, CNI_E_ENV,
				       "descriptor %d, to be preserved, is not "
				       "open",
				       fd);
	return 0;
}

int launch_write_pid(const char *path, pid_t pid, struct err *err)
{
	auto_strbuf struct strbuf temp = { .len = 0 };
	char text[TEXT_NUM];
	auto_fd int fd = -1;
	int r;

	if (!path)
		return 0;
	strbuf_printf(&temp, "%s.%d.tmp", path, getpid());
	if (temp.failed)
		return err_nomem(err);
	(void)text_uint(text, (uint64_t)pid);
	fd = open(temp.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, errno, "--pid-file: create %s", temp.data);
	r = io_write_all(fd, text, strlen(text));
	if (r == 0 && rename(temp.data, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temp.data);
		return err_sys(err, -r, "--pid-file: write %s", path);
	}
	return 0;
}
