/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hook is given the state on stdin and a deadline; it is watched by one
 * poll() for its input, its output and its end (a pidfd). Its end decides: what
 * it has left behind may hold the pipes open. It leads a process group, all of
 * which is killed at the deadline.
 *
 * Not by common/base/spawn.h, which knows neither deadlines nor groups.
 */
#include "runtime-glue/process/hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

/* Of the output the end is kept, which is where the reason is. */
#define TAIL_MAX 4096U

/* How often to look whether it has ended, without pidfds. */
#define LOOK_MS 10

#define MS_PER_S 1000

enum { TO_STDIN, OUTPUT, ENDED, WATCHED };

struct run {
	const struct spec_hook *hook;
	const char *state; /* what is left of it to write */
	pid_t pid;
	struct pollfd at[WATCHED];
	int64_t deadline_ms; /* of the monotonic clock; 0: none */
	size_t tail_len;
	char tail[TAIL_MAX + 1];
};

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

/* The strings are the document's; nobody writes to them. */
static char **vector(const struct spec_strings *from, const char *fallback)
{
	char **out = calloc(from->count + 2, sizeof(*out));

	for (size_t i = 0; out && i < from->count; i++)
		out[i] = (char *)(uintptr_t)from->at[i];
	if (out && from->count == 0)
		out[0] = (char *)(uintptr_t)fallback;
	return out;
}

static int launch(struct run *run, int in, int out, const char *cwd)
{
	AUTO(actions_release) posix_spawn_file_actions_t actions = { 0 };
	AUTO(attr_release) posix_spawnattr_t attr = { 0 };
	auto_free char **argv = vector(&run->hook->args, run->hook->path);
	auto_free char **envp = vector(&run->hook->env, NULL);
	int r;

	if (!argv || !envp)
		return -ENOMEM;
	r = posix_spawn_file_actions_init(&actions);
	r = r ?: posix_spawnattr_init(&attr);
	r = r ?: actions_set(&actions, in, out, cwd);
	r = r ?: attr_set(&attr);
	r = r
		    ?: posix_spawn(&run->pid, run->hook->path, &actions, &attr,
				   argv, envp);
	return -r;
}

static int start(struct run *run, const char *cwd)
{
	auto_fd int in = -1;
	auto_fd int out = -1;
	int r;

	r = pipe_make(&in, &run->at[TO_STDIN].fd, true);
	r = r ?: pipe_make(&out, &run->at[OUTPUT].fd, false);
	r = r ?: launch(run, in, out, cwd);
	if (r < 0)
		return r;
	/* Always CLOEXEC; -1 from an old kernel is ignored by poll(). */
	run->at[ENDED].fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (run->hook->timeout.set)
		run->deadline_ms =
			now_ms() + run->hook->timeout.value * MS_PER_S;
	return 0;
}

/* ---- Its run ---- */

/* Who closes his stdin has read all he wants. */
static void feed(struct run *run)
{
	ssize_t n = write(run->at[TO_STDIN].fd, run->state, strlen(run->state));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		run->state += n;
	if (n < 0 || *run->state == '\0')
		close_fd(&run->at[TO_STDIN].fd);
}

static size_t collect(struct run *run)
{
	char chunk[TAIL_MAX];
	ssize_t n = read(run->at[OUTPUT].fd, chunk, sizeof(chunk));
	size_t drop;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close_fd(&run->at[OUTPUT].fd);
		return 0;
	}
	drop = run->tail_len + (size_t)n > TAIL_MAX
		       ? run->tail_len + (size_t)n - TAIL_MAX
		       : 0;
	memmove(run->tail, run->tail + drop, run->tail_len - drop);
	run->tail_len -= drop;
	memcpy(run->tail + run->tail_len, chunk, (size_t)n);
	run->tail_len += (size_t)n;
	return (size_t)n;
}

/* No more than is in the pipe now: somebody may write faster than we read. */
static void drain(struct run *run)
{
	int pending = 0;
	size_t n = 1;

	if (run->at[OUTPUT].fd < 0 ||
	    ioctl(run->at[OUTPUT].fd, FIONREAD, &pending) < 0)
		return;
	for (; pending > 0 && n > 0; pending -= (int)n)
		n = collect(run);
}

static bool ended(const struct run *run)
{
	siginfo_t info = { .si_signo = 0 };

	if (run->at[ENDED].fd >= 0)
		return run->at[ENDED].revents != 0;
	return waitid(P_PID, (id_t)run->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

static int wait_ms(const struct run *run)
{
	const int look = run->at[ENDED].fd >= 0 ? -1 : LOOK_MS;
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

static int converse(struct run *run)
{
	while (!ended(run)) {
		if (run->deadline_ms && now_ms() >= run->deadline_ms)
			return -ETIMEDOUT;
		if (poll(run->at, WATCHED, wait_ms(run)) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (run->at[TO_STDIN].revents)
			feed(run);
		if (run->at[OUTPUT].revents)
			(void)collect(run);
	}
	drain(run);
	return 0;
}

/* While it is not reaped, its number is its own, and its group's. */
static int end(struct run *run, int r, int *status)
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
	for (size_t i = 0; i < WATCHED; i++)
		close_fd(&run->at[i].fd);
	return r;
}

/* ---- Its result ---- */

/* The output as a part of one line: ": OUTPUT", or nothing. */
static const char *output(struct run *run, const char **colon)
{
	char *at = run->tail;

	run->tail[run->tail_len] = '\0';
	while (run->tail_len > 0 &&
	       (at[run->tail_len - 1] == '\n' || at[run->tail_len - 1] == ' '))
		at[--run->tail_len] = '\0';
	for (size_t i = 0; i < run->tail_len; i++)
		if (at[i] == '\n' || at[i] == '\0')
			at[i] = ' ';
	/* What err has room for: the end again. */
	if (run->tail_len > sizeof(((struct err *)0)->msg) / 2)
		at += run->tail_len - sizeof(((struct err *)0)->msg) / 2;
	log_printable(at, strlen(at));
	*colon = *at ? ": " : "";
	return at;
}

static int judge(struct run *run, const char *what, int r, int status,
		 struct err *err)
{
	const char *path = run->hook->path, *colon;
	const char *text = output(run, &colon);

	if (r == -ETIMEDOUT)
		return process_fail(err, ETIMEDOUT,
				    "%s: %s: killed after %lld s%s%s", what,
				    path, (long long)run->hook->timeout.value,
				    colon, text);
	if (r < 0)
		return err_sys(err, -r, "%s: run %s", what, path);
	if (WIFSIGNALED(status))
		return process_fail(err, EIO, "%s: %s: killed by signal %d%s%s",
				    what, path, WTERMSIG(status), colon, text);
	if (WEXITSTATUS(status) != 0)
		return process_fail(err, EIO, "%s: %s: exit status %d%s%s",
				    what, path, WEXITSTATUS(status), colon,
				    text);
	return 0;
}

static int hook_run(const struct spec_hook *hook, const char *what,
		    const char *state, const char *cwd, struct err *err)
{
	struct run run = {
		.hook = hook,
		.state = state,
		.at = { { .fd = -1, .events = POLLOUT },
			{ .fd = -1, .events = POLLIN },
			{ .fd = -1, .events = POLLIN } },
	};
	const uint64_t started = trace_start();
	int status = 0, r;

	r = start(&run, cwd);
	r = r ?: converse(&run);
	r = end(&run, r, &status);
	trace_end(started, r, "exec", "%s %s, status %#x", what, hook->path,
		  (unsigned int)status);
	return judge(&run, what, r, status, err);
}

static int run_all(const struct spec *spec, enum spec_hook_kind kind,
		   const char *state, const char *cwd, bool go_on,
		   struct err *err)
{
	const struct spec_hooks *hooks = &spec->hooks[kind];
	int r = 0;

	for (size_t i = 0; r == 0 && i < hooks->count; i++) {
		char what[64];

		(void)snprintf(what, sizeof(what), "hooks.%s[%zu]",
			       spec_hook_names[kind], i);
		r = hook_run(&hooks->at[i], what, state, cwd, err);
		if (r < 0 && go_on) {
			log_warn("%s", err->msg);
			err_clear(err);
			r = 0;
		}
	}
	return r;
}

/*
 * SIGPIPE would kill us when a hook does not read its input (as it does crun
 * at times), and with SIGCHLD ignored, as a careless parent may have left it,
 * the kernel throws the exit status away.
 */
int hooks_run(const struct spec *spec, enum spec_hook_kind kind,
	      const char *state, const char *cwd, bool go_on, struct err *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	struct sigaction saved_pipe, saved_chld;
	int r;

	if (spec->hooks[kind].count == 0)
		return 0;
	if (kind == SPEC_HOOK_START_CONTAINER || !cwd)
		cwd = "/";
	(void)sigaction(SIGPIPE, &ignore, &saved_pipe);
	(void)sigaction(SIGCHLD, &normal, &saved_chld);
	r = run_all(spec, kind, state, cwd, go_on, err);
	(void)sigaction(SIGPIPE, &saved_pipe, NULL);
	(void)sigaction(SIGCHLD, &saved_chld, NULL);
	return r;
}
