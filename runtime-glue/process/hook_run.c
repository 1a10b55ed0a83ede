/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hook is given the state on stdin and a deadline; it is watched by one
 * poll() for its input, its output and its end (a pidfd). Its end decides: what
 * it has left behind may hold the pipes open. It leads a process group, all of
 * which is killed at the deadline.
 *
 * Not by common/base/spawn.h, which knows neither deadlines nor groups.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/process/parts.h"

/* How often to look whether it has ended, without pidfds. */
#define LOOK_MS 10

#define MS_PER_S 1000

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

/* ---- Its start ---- */

/* A pipe whose ends are no stdio, ours of them non-blocking. */
static int pipe_make(int *theirs, int *ours, bool we_write)
{
	int fd[2], r = 0;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		const int high =
			fcntl(fd[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		if (high < 0)
			r = -errno;
		(void)close(fd[i]);
		fd[i] = high;
	}
	*theirs = fd[we_write ? 0 : 1];
	*ours = fd[we_write ? 1 : 0];
	if (r == 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	return r;
}

static void actions_release(posix_spawn_file_actions_t *actions)
{
	(void)posix_spawn_file_actions_destroy(actions);
}

static void attr_release(posix_spawnattr_t *attr)
{
	(void)posix_spawnattr_destroy(attr);
}

static int actions_set(posix_spawn_file_actions_t *actions, int in, int out,
		       const char *cwd)
{
	int r;

	r = posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);
	r = r ?: posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	r = r ?: posix_spawn_file_actions_adddup2(actions, out, STDERR_FILENO);
	r = r ?: posix_spawn_file_actions_addchdir_np(actions, cwd);
#ifdef __GLIBC__
	r = r
		    ?: posix_spawn_file_actions_addclosefrom_np(
			       actions, STDERR_FILENO + 1);
#endif
	return r;
}

static int attr_set(posix_spawnattr_t *attr)
{
	const short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
			    POSIX_SPAWN_SETPGROUP;
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawnattr_setsigmask(attr, &none);
	r = r ?: posix_spawnattr_setsigdefault(attr, &all);
	r = r ?: posix_spawnattr_setpgroup(attr, 0);
	return r ?: posix_spawnattr_setflags(attr, flags);
}

static int launch(struct hook_run *run, int in, int out, const char *cwd)
{
	AUTO(actions_release) posix_spawn_file_actions_t actions = { 0 };
	AUTO(attr_release) posix_spawnattr_t attr = { 0 };
	int r;

	r = posix_spawn_file_actions_init(&actions);
	r = r ?: posix_spawnattr_init(&attr);
	r = r ?: actions_set(&actions, in, out, cwd);
	r = r ?: attr_set(&attr);
	r = r
		    ?: posix_spawn(&run->pid, run->path, &actions, &attr,
				   run->argv, run->envp);
	return -r;
}

static int start(struct hook_run *run, const char *cwd)
{
	auto_fd int in = -1;
	auto_fd int out = -1;
	int r;

	r = pipe_make(&in, &run->at[HOOK_STDIN].fd, true);
	r = r ?: pipe_make(&out, &run->at[HOOK_OUTPUT].fd, false);
	r = r ?: launch(run, in, out, cwd);
	if (r < 0)
		return r;
	/* Always CLOEXEC; -1 from an old kernel is ignored by poll(). */
	run->at[HOOK_ENDED].fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (run->timeout_s > 0)
		run->deadline_ms = now_ms() + run->timeout_s * MS_PER_S;
	return 0;
}

/* ---- Its run ---- */

/* Who closes his stdin has read all he wants. */
static void feed(struct hook_run *run)
{
	ssize_t n =
		write(run->at[HOOK_STDIN].fd, run->state, strlen(run->state));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		run->state += n;
	if (n < 0 || *run->state == '\0')
		close_fd(&run->at[HOOK_STDIN].fd);
}

static size_t collect(struct hook_run *run)
{
	char chunk[HOOK_TAIL_MAX];
	ssize_t n = read(run->at[HOOK_OUTPUT].fd, chunk, sizeof(chunk));
	size_t drop;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close_fd(&run->at[HOOK_OUTPUT].fd);
		return 0;
	}
	drop = run->tail_len + (size_t)n > HOOK_TAIL_MAX
		       ? run->tail_len + (size_t)n - HOOK_TAIL_MAX
		       : 0;
	memmove(run->tail, run->tail + drop, run->tail_len - drop);
	run->tail_len -= drop;
	memcpy(run->tail + run->tail_len, chunk, (size_t)n);
	run->tail_len += (size_t)n;
	return (size_t)n;
}

/* No more than is in the pipe now: somebody may write faster than we read. */
static void drain(struct hook_run *run)
{
	int pending = 0;
	size_t n = 1;

	if (run->at[HOOK_OUTPUT].fd < 0 ||
	    ioctl(run->at[HOOK_OUTPUT].fd, FIONREAD, &pending) < 0)
		return;
	for (; pending > 0 && n > 0; pending -= (int)n)
		n = collect(run);
}

static bool ended(const struct hook_run *run)
{
	siginfo_t info = { .si_signo = 0 };

	if (run->at[HOOK_ENDED].fd >= 0)
		return run->at[HOOK_ENDED].revents != 0;
	return waitid(P_PID, (id_t)run->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

static int wait_ms(const struct hook_run *run)
{
	const int look = run->at[HOOK_ENDED].fd >= 0 ? -1 : LOOK_MS;
	int64_t left;

	if (!run->deadline_ms)
		return look;
	left = run->deadline_ms - now_ms();
	if (left < 0)
		left = 0;
	if (left > INT32_MAX)
		left = INT32_MAX;
	return look >= 0 && left > look ? look : (int)left;
}

static int converse(struct hook_run *run)
{
	while (!ended(run)) {
		if (run->deadline_ms && now_ms() >= run->deadline_ms)
			return -ETIMEDOUT;
		if (poll(run->at, HOOK_WATCHED, wait_ms(run)) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (run->at[HOOK_STDIN].revents)
			feed(run);
		if (run->at[HOOK_OUTPUT].revents)
			(void)collect(run);
	}
	drain(run);
	return 0;
}

/* While it is not reaped, its number is its own, and its group's. */
static int end(struct hook_run *run, int r, int *status)
{
	pid_t pid;

	if (run->pid > 0) {
		if (r < 0 && kill(-run->pid, SIGKILL) < 0)
			(void)kill(run->pid, SIGKILL);
		do
			pid = waitpid(run->pid, status, 0);
		while (pid < 0 && errno == EINTR);
		if (r == 0 && pid < 0)
			r = -errno;
		if (r < 0)
			drain(run);
	}
	for (size_t i = 0; i < HOOK_WATCHED; i++)
		close_fd(&run->at[i].fd);
	return r;
}

int hook_run(struct hook_run *run, const char *cwd, int *status)
{
	static const struct pollfd nothing[HOOK_WATCHED] = {
		[HOOK_STDIN] = { .fd = -1, .events = POLLOUT },
		[HOOK_OUTPUT] = { .fd = -1, .events = POLLIN },
		[HOOK_ENDED] = { .fd = -1, .events = POLLIN },
	};
	int r;

	memcpy(run->at, nothing, sizeof(nothing));
	r = start(run, cwd);
	r = r ?: converse(run);
	return end(run, r, status);
}
