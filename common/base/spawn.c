/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a run proceeds
 *
 * vfork() makes the child without copying our page tables; it resets its
 * signals and closes every descriptor above 2: what we have opened is CLOEXEC,
 * but what our own parent left open is not. posix_spawn() does the same, and
 * looks into tables of the C library for it, which are 120 KiB mapped for each
 * plugin.
 *
 * One poll() then watches four things: the child's stdin, as it may write much
 * before it reads; its stdout and stderr; and a pidfd for its end. The end
 * decides: a daemon that the child has left behind may hold the pipes open for
 * good, so what is in them then is taken, and end of file not waited for.
 */
#include "common/base/spawn.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/trace.h"

/* How long a file that is open for writing is given to become executable. */
#define BUSY_FIRST_MS 10U
#define BUSY_TOTAL_MS 6000U

/* Descriptors that are closed one by one where it cannot be at once. */
#define FILTERED_MAX 4096

/* What a pipe takes at once. */
#define PIPE_SIZE 65536U

/* How often to look whether the child has ended, without pidfds. */
#define LOOK_MS 10

enum { TO_STDIN, FROM_STDOUT, FROM_STDERR, ENDED, WATCHED };

/* The child's ends of the pipes, in the order of its descriptors. */
struct stdio {
	int fd[3];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void stdio_close(struct stdio *stdio)
{
	for (size_t i = 0; i < 3; i++)
		close_fd(&stdio->fd[i]);
}

static int child_wait(struct spawn_child *child, int *status)
{
	pid_t pid;

	do
		pid = waitpid(child->pid, status, 0);
	while (pid < 0 && errno == EINTR);
	child->pid = 0;
	return pid < 0 ? -errno : 0;
}

static void signals_restore(struct spawn_child *child)
{
	if (!child->signals)
		return;
	child->signals = false;
	(void)sigaction(SIGPIPE, &child->saved_pipe, NULL);
	(void)sigaction(SIGCHLD, &child->saved_chld, NULL);
}

/* A child still there when we give up would go on changing things unseen. */
void spawn_kill(struct spawn_child *child)
{
	for (size_t i = 0; i < WATCHED; i++)
		close_fd(&child->at[i].fd);
	if (child->pid > 0) {
		(void)kill(child->pid, SIGKILL);
		(void)child_wait(child, NULL);
	}
	signals_restore(child);
}

/*
 * SIGPIPE would kill us when the child does not read all of its input; and
 * with SIGCHLD ignored, as a careless parent may have left it, the kernel
 * throws the child's exit status away.
 */
static void signals_set(struct spawn_child *child)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction normal = { .sa_handler = SIG_DFL };

	(void)sigaction(SIGPIPE, &ignore, &child->saved_pipe);
	(void)sigaction(SIGCHLD, &normal, &child->saved_chld);
	child->signals = true;
}

/*
 * A process started without one of the descriptors 0 to 2 gets pipes there,
 * and setting up the child's would overwrite them.
 */
static int above_stdio(int *fd)
{
	int high;

	if (*fd > STDERR_FILENO)
		return 0;
	high = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (high < 0)
		return -errno;
	(void)close(*fd);
	*fd = high;
	return 0;
}

/* Only our end is non-blocking: the two ends have separate file flags. */
static int pipe_open(int *read_end, int *write_end, const int *ours)
{
	int fd[2];
	int r;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	*read_end = fd[0];
	*write_end = fd[1];
	r = above_stdio(read_end);
	r = r ?: above_stdio(write_end);
	if (r == 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	return r;
}

static int pipes_open(struct spawn_child *child, struct stdio *stdio)
{
	int *out = &child->at[FROM_STDOUT].fd;
	int *err = &child->at[FROM_STDERR].fd;
	int *in = &child->at[TO_STDIN].fd;
	int r;

	r = pipe_open(&stdio->fd[0], in, in);
	r = r ?: pipe_open(out, &stdio->fd[1], out);
	return r ?: pipe_open(err, &stdio->fd[2], err);
}

/* Whatever our own parent has left open must not reach the child. */
static void close_others(void)
{
	if (syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, 0U) == 0)
		return;
	/* Forbidden by a filter of system calls. */
	for (int fd = STDERR_FILENO + 1; fd < FILTERED_MAX; fd++)
		(void)close(fd);
}

/* What an ignoring parent has left ignored would stay so. */
static void reset_signals(void)
{
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &normal, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. Returns what exec failed for. */
static int become(const struct spawn *spawn, const struct stdio *stdio)
{
	for (int i = 0; i < 3; i++) /* dup3() would make them CLOEXEC */
		if (dup2(stdio->fd[i], i) < 0) /* banned.sh: for the child */
			return errno;
	close_others();
	reset_signals();
	if (strchr(spawn->path, '/'))
		(void)execve(spawn->path, spawn->argv, spawn->envp);
	else
		(void)execvpe(spawn->path, spawn->argv, spawn->envp);
	return errno;
}

/*
 * The child runs in our memory until it is another program, and we wait until
 * then: so it can tell why it is not. No signal may come in between.
 */
__attribute__((noinline)) static int launch(const struct spawn *spawn,
					    const struct stdio *stdio,
					    pid_t *out)
{
	volatile int failure = 0;
	sigset_t all, old;
	int r = 0;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	/* NOLINTBEGIN(*.vfork,*.Vfork): system calls only, until exec or exit
	 */
	pid = vfork();
	if (pid == 0) {
		failure = become(spawn, stdio);
		_exit(127);
	}
	/* NOLINTEND(*.vfork,*.Vfork) */
	r = pid < 0 ? errno : failure;
	if (pid > 0 && r)
		(void)waitpid(pid, NULL, 0);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	*out = pid;
	return -r;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec left = {
		.tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

/* A plugin that is being installed by overwriting it is busy for a moment. */
static int launch_when_free(const struct spawn *spawn,
			    const struct stdio *stdio, pid_t *pid)
{
	unsigned int left = BUSY_TOTAL_MS;
	unsigned int pause = BUSY_FIRST_MS;
	int r = launch(spawn, stdio, pid);

	while (r == -ETXTBSY && left > 0) {
		pause = pause < left ? pause : left;
		sleep_ms(pause);
		left -= pause;
		pause *= 2;
		r = launch(spawn, stdio, pid);
	}
	return r;
}

static int child_start(struct spawn_child *child, const struct spawn *spawn)
{
	AUTO(stdio_close) struct stdio stdio = { .fd = { -1, -1, -1 } };
	pid_t pid = 0;
	int r;

	r = pipes_open(child, &stdio);
	r = r ?: launch_when_free(spawn, &stdio, &pid);
	if (r < 0)
		return r;
	child->pid = pid;
	/* Always CLOEXEC; -1 from an old kernel is ignored by poll(). */
	child->at[ENDED].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

/* A child that closes its stdin has read all it wants. */
static int feed(struct spawn_child *child)
{
	const size_t some = child->left < PIPE_SIZE ? child->left : PIPE_SIZE;
	ssize_t n = 0;

	if (some > 0)
		n = write(child->at[TO_STDIN].fd, child->input, some);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != EPIPE)
		return -errno;
	if (n == (ssize_t)child->left || n < 0) {
		close_fd(&child->at[TO_STDIN].fd);
		return 0;
	}
	child->input += n;
	child->left -= (size_t)n;
	return 0;
}

/*
 * Take what one read gives. Returns the number of bytes; 0 is end of file,
 * which closes the pipe, or nothing for now.
 */
static ssize_t collect(struct pollfd *from, struct strbuf *out, bool cut)
{
	const size_t room = SPAWN_OUTPUT_MAX - out->len;
	char chunk[8192];
	ssize_t n = read(from->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close_fd(&from->fd);
		return n < 0 ? -errno : 0;
	}
	if ((size_t)n > room && !cut)
		return -EFBIG;
	strbuf_add(out, chunk, (size_t)n > room ? room : (size_t)n);
	return out->failed ? -ENOMEM : n;
}

static int collect_ready(struct spawn_child *child, struct spawn_result *result)
{
	ssize_t n = 0;

	if (child->at[FROM_STDOUT].revents)
		n = collect(&child->at[FROM_STDOUT], &result->out, false);
	if (n >= 0 && child->at[FROM_STDERR].revents)
		n = collect(&child->at[FROM_STDERR], &result->err, true);
	return n < 0 ? (int)n : 0;
}

/* No more than is in the pipe now: a daemon may be writing faster than us. */
static int drain(struct pollfd *from, struct strbuf *out, bool cut)
{
	int pending = 0;
	ssize_t n = 1;

	if (from->fd < 0 || ioctl(from->fd, FIONREAD, &pending) < 0)
		return 0;
	while (n > 0 && pending > 0) {
		n = collect(from, out, cut);
		pending -= (int)n;
	}
	return n < 0 ? (int)n : 0;
}

/* Without a pidfd the child is looked at between one poll() and the next. */
static bool ended(const struct spawn_child *child)
{
	siginfo_t info = { .si_signo = 0 };

	if (child->at[ENDED].fd >= 0)
		return child->at[ENDED].revents != 0;
	if (child->at[TO_STDIN].fd < 0 && child->at[FROM_STDOUT].fd < 0 &&
	    child->at[FROM_STDERR].fd < 0)
		return true; /* nothing else to do than to wait for it */
	return waitid(P_PID, (id_t)child->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

static int converse(struct spawn_child *child, struct spawn_result *result)
{
	const int timeout = child->at[ENDED].fd >= 0 ? -1 : LOOK_MS;
	int r = 0;

	while (r == 0 && !ended(child)) {
		if (poll(child->at, WATCHED, timeout) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (child->at[TO_STDIN].revents)
			r = feed(child);
		r = r ?: collect_ready(child, result);
	}
	r = r ?: drain(&child->at[FROM_STDOUT], &result->out, false);
	return r ?: drain(&child->at[FROM_STDERR], &result->err, true);
}

/* As a shell's $? shows it. */
static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int failed(const struct spawn_child *child, int r, struct err *err)
{
	trace_end(child->started, r, "exec", "%s", child->path);
	if (r == -EFBIG)
		return err_sys(err, EFBIG, "run \"%s\": more than %u bytes",
			       child->path, SPAWN_OUTPUT_MAX);
	return err_sys(err, -r, "run \"%s\"", child->path);
}

int spawn_start(const struct spawn *spawn, struct spawn_child *child,
		struct err *err)
{
	int r;

	*child = SPAWN_NONE;
	child->at[TO_STDIN].events = POLLOUT;
	child->at[FROM_STDOUT].events = POLLIN;
	child->at[FROM_STDERR].events = POLLIN;
	child->at[ENDED].events = POLLIN;
	child->path = spawn->path;
	child->input = spawn->input;
	child->left = spawn->input_len;
	child->started = trace_start();
	signals_set(child);
	r = child_start(child, spawn);
	r = r ?: feed(child);
	if (r == 0)
		return 0;
	spawn_kill(child);
	return failed(child, r, err);
}

int spawn_finish(struct spawn_child *child, struct spawn_result *result,
		 struct err *err)
{
	int r;

	r = converse(child, result);
	r = r ?: child_wait(child, &result->status);
	spawn_kill(child);
	if (r < 0)
		return failed(child, r, err);
	trace_end(child->started, r, "exec", "%s, status %d", child->path,
		  shell_status(result->status));
	return 0;
}

int spawn_run(const struct spawn *spawn, struct spawn_result *result,
	      struct err *err)
{
	auto_spawn_child struct spawn_child child = SPAWN_NONE;
	int r;

	r = spawn_start(spawn, &child, err);
	return r ?: spawn_finish(&child, result, err);
}

void spawn_result_free(struct spawn_result *result)
{
	strbuf_free(&result->out);
	strbuf_free(&result->err);
}
