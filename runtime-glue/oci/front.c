/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/front.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/process/console.h"

/* Input on its way to the container, which may be slow to take it. */
struct pipe_in {
	char bytes[4096];
	size_t from, to;
	bool closed;
};

struct serving {
	struct front *front;
	pid_t pid;
	int pidfd;
	bool ended;
	int status;
	struct pipe_in in;
};

int front_open(struct front *front, struct err *err)
{
	sigset_t all;

	(void)sigfillset(&all);
	/* Stopping is for us; faults are ours, too. */
	(void)sigdelset(&all, SIGTSTP);
	(void)sigdelset(&all, SIGTTIN);
	(void)sigdelset(&all, SIGTTOU);
	(void)sigdelset(&all, SIGSEGV);
	(void)sigdelset(&all, SIGBUS);
	(void)sigdelset(&all, SIGILL);
	(void)sigdelset(&all, SIGFPE);
	if (sigprocmask(SIG_BLOCK, &all, &front->before) < 0)
		return err_sys(err, errno, "block signals");
	front->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return front->signals < 0 ? err_sys(err, errno, "signalfd") : 0;
}

int front_terminal(struct front *front, int socket, struct err *err)
{
	char name[256];
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec iov = { name, sizeof(name) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	const struct cmsghdr *cmsg;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) < 0)
		return err_sys(err, errno, "receive the terminal");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return err_set(err, CNI_E_IO, "the terminal did not come");
	front->master = *(const int *)(const void *)CMSG_DATA(cmsg);
	return isatty(STDIN_FILENO) ? console_raw(&front->console, err) : 0;
}

static void copy_size(const struct front *front)
{
	struct winsize size;

	if (front->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(front->master, TIOCSWINSZ, &size);
}

static void reap(struct serving *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == s->pid) {
			s->ended = true;
			s->status = status;
		}
}

static void take_signals(struct serving *s)
{
	struct signalfd_siginfo info;

	while (read(s->front->signals, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info)) {
		int sig = (int)info.ssi_signo;

		if (sig == SIGCHLD)
			reap(s);
		else if (sig == SIGWINCH)
			copy_size(s->front);
		else if (sig != SIGPIPE && sig != SIGURG)
			(void)syscall(SYS_pidfd_send_signal, s->pidfd, sig,
				      NULL, 0);
	}
}

/* False when nothing more will come: EIO is how a terminal says so. */
static bool copy_out(const struct front *front)
{
	char bytes[4096];
	ssize_t n = read(front->master, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && io_write_all(STDOUT_FILENO, bytes, (size_t)n) == 0;
}

static void copy_in(struct pipe_in *in, int master)
{
	ssize_t n;

	if (in->from == in->to) {
		n = read(STDIN_FILENO, in->bytes, sizeof(in->bytes));
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			in->closed = true;
		in->from = 0;
		in->to = n > 0 ? (size_t)n : 0;
		return;
	}
	n = write(master, in->bytes + in->from, in->to - in->from);
	if (n > 0)
		in->from += (size_t)n;
	else if (errno != EINTR && errno != EAGAIN)
		in->closed = true;
}

static int serve_one(struct serving *s, struct err *err)
{
	bool full = s->in.from != s->in.to;
	int master = s->front->master;
	struct pollfd at[] = {
		{ s->front->signals, POLLIN, 0 },
		{ master, (short)(POLLIN | (full ? POLLOUT : 0)), 0 },
		{ master < 0 || full || s->in.closed ? -1 : STDIN_FILENO,
		  POLLIN, 0 },
	};

	if (poll(at, sizeof(at) / sizeof(*at), -1) < 0)
		return errno == EINTR ? 0 : err_sys(err, errno, "poll");
	if (at[0].revents)
		take_signals(s);
	if (at[2].revents || (full && (at[1].revents & POLLOUT)))
		copy_in(&s->in, master);
	if ((at[1].revents & (POLLIN | POLLHUP | POLLERR)) &&
	    !copy_out(s->front))
		(void)close(take_fd(&s->front->master));
	return 0;
}

/* What was written before the end is still in the terminal. */
static void drain(struct front *front)
{
	struct pollfd at = { front->master, POLLIN, 0 };

	while (front->master >= 0 && poll(&at, 1, 0) > 0 && copy_out(front))
		;
}

int front_serve(struct front *front, pid_t pid, int pidfd, int *code,
		struct err *err)
{
	struct serving s = { .front = front, .pid = pid, .pidfd = pidfd };
	int r = 0;

	copy_size(front);
	/* It may have ended before anybody listened. */
	reap(&s);
	while (r == 0 && !s.ended)
		r = serve_one(&s, err);
	drain(front);
	*code = WIFSIGNALED(s.status) ? 128 + WTERMSIG(s.status)
				      : WEXITSTATUS(s.status);
	return r;
}

void front_close(struct front *front)
{
	if (front->console)
		console_restore(take_ptr(front->console));
	if (front->master >= 0)
		(void)close(take_fd(&front->master));
	if (front->signals >= 0) {
		(void)close(take_fd(&front->signals));
		(void)sigprocmask(SIG_SETMASK, &front->before, NULL);
	}
}
