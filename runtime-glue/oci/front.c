/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/front.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/oci/notify.h"
#include "runtime-glue/process/console.h"

struct serving {
	struct front *front;
	pid_t pid;
	int pidfd;
	bool ended;
	int status;
};

int front_open(struct front *front, struct err *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t all;

	/* Blocked, one would wait for us to the end. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGPIPE);
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

/* Without a terminal of our own (a pipe, a script) there is none to set. */
static int take_terminal(struct front *front, struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r = console_raw(&front->console, &why);

	if (r < 0 && r != -ENOTTY)
		return err_take(err, &why);
	return console_pump_new(front->master, &front->pump, err);
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
	return take_terminal(front, err);
}

static void copy_size(const struct front *front)
{
	if (front->master >= 0 && front->console)
		console_resize(front->console, front->master);
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
		else if (sig != SIGURG)
			(void)syscall(SYS_pidfd_send_signal, s->pidfd, sig,
				      NULL, 0);
	}
}

static int serve_one(struct serving *s, struct err *err)
{
	struct pollfd at[2 + CONSOLE_FDS] = {
		{ s->front->signals, POLLIN, 0 },
		{ s->front->notify, POLLIN, 0 },
	};
	nfds_t count = 2;
	int r;

	if (s->front->pump) {
		console_poll(s->front->pump, at + 2);
		count += CONSOLE_FDS;
	}
	if (poll(at, count, -1) < 0)
		return errno == EINTR ? 0 : err_sys(err, errno, "poll");
	if (at[0].revents)
		take_signals(s);
	/* It is us that the service manager is to watch. */
	if (at[1].revents && notify_is_ready(s->front->notify))
		notify_tell(getpid());
	if (count == 2)
		return 0;
	r = console_step(s->front->pump, at + 2, err);
	if (r > 0)
		console_pump_free(take_ptr(s->front->pump));
	return r < 0 ? r : 0;
}

/* Another process may hold the terminal: so long we wait for its silence. */
#define IDLE_MS 100

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
	if (r == 0 && front->pump)
		r = console_drain(front->pump, IDLE_MS, err);
	*code = WIFSIGNALED(s.status) ? 128 + WTERMSIG(s.status)
				      : WEXITSTATUS(s.status);
	return r;
}

void front_close(struct front *front)
{
	if (front->pump)
		console_pump_free(take_ptr(front->pump));
	if (front->console)
		console_restore(take_ptr(front->console));
	if (front->master >= 0)
		(void)close(take_fd(&front->master));
	if (front->notify >= 0)
		(void)close(take_fd(&front->notify));
	if (front->signals >= 0) {
		(void)close(take_fd(&front->signals));
		(void)sigprocmask(SIG_SETMASK, &front->before, NULL);
	}
}
