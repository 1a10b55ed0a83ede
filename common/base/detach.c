/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/detach.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

struct answer {
	int r;
	struct err err;
};

/* Whoever reads our output to its end must not find it open. */
static void leave_stdio(void)
{
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup3(null, fd, O_CLOEXEC) < 0)
			(void)close(fd);
}

/* The pipe takes an answer at once. */
__attribute__((noreturn)) static void work(detach_fn *run, void *ctx, int out)
{
	struct answer answer = { .err.code = CNI_OK };

	leave_stdio();
	answer.r = run(ctx, &answer.err);
	(void)!io_write_all(out, &answer, sizeof(answer));
	(void)close(out);
	_exit(0);
}

int detach_start(detach_fn *run, void *ctx, struct detached *out)
{
	int ends[2];
	pid_t pid;
	int r = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	/* As fork(), without the C library's part: we are its only thread. */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		work(run, ctx, ends[1]);
	if (pid < 0)
		r = -errno;
	(void)close(ends[1]);
	if (r < 0)
		(void)close(ends[0]);
	else
		out->answer = ends[0];
	return r;
}

int detach_result(struct detached *detached, struct err *err)
{
	struct answer answer = { .r = -EIO };
	ssize_t n;

	do
		n = read(detached->answer, &answer, sizeof(answer));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(answer))
		return err_sys(err, n < 0 ? errno : EIO,
			       "wait for a detached child");
	if (answer.r < 0 && err->code)
		return err_set(err, answer.err.code, "%s", answer.err.msg);
	if (answer.r < 0)
		*err = answer.err;
	return answer.r;
}

void detached_close(struct detached *detached)
{
	auto_fd_release(&detached->answer);
	*detached = DETACHED_NONE;
}

/* The last to have it open waits. So first we close ours, then the child. */
struct closing {
	int ours[2]; /* a pipe: at its end when we have closed ours */
	int ms;
};

static int linger(void *ctx, struct err *err)
{
	struct closing *closing = ctx;
	char byte;

	(void)err;
	auto_fd_release(&closing->ours[1]);
	while (read(closing->ours[0], &byte, 1) < 0 && errno == EINTR)
		;
	(void)poll(NULL, 0, closing->ms);
	return 0;
}

int detach_close(int fd, int ms)
{
	auto_detached struct detached child = DETACHED_NONE;
	struct closing closing = { { -1, -1 }, ms };
	int r = pipe2(closing.ours, O_CLOEXEC) < 0 ? -errno : 0;

	if (r == 0) {
		r = detach_start(linger, &closing, &child);
		(void)close(closing.ours[0]);
	}
	(void)close(fd);
	auto_fd_release(&closing.ours[1]);
	return r;
}
