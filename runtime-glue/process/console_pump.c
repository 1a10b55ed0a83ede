/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The caller's terminal, and the copying between it and the container's. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/process/console.h"

#define BUFFER 8192U

struct console {
	int tty;
	bool opened; /* by us */
	struct termios saved;
};

/* One direction. */
struct flow {
	int from, to; /* -1: has ended */
	size_t start, len;
	char bytes[BUFFER];
};

struct console_pump {
	int master;
	bool closed; /* the container's side */
	struct flow in, out;
};

static int tty_find(bool *opened)
{
	*opened = false;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (isatty(fd))
			return fd;
	*opened = true;
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/*
 * Output is still processed by our terminal, and not by the container's
 * (console_pump_new()): lines end the same way, and stdout gets plain newlines
 * when it is a file. So does runc.
 */
int console_raw(struct console **out, struct err *err)
{
	auto_free struct console *console = calloc(1, sizeof(*console));
	struct termios raw;

	if (!console)
		return err_nomem(err);
	console->tty = tty_find(&console->opened);
	if (console->tty < 0)
		return err_sys(err, ENOTTY, "find our terminal");
	if (tcgetattr(console->tty, &console->saved) < 0)
		goto fail;
	raw = console->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST;
	if (tcsetattr(console->tty, TCSANOW, &raw) < 0)
		goto fail;
	*out = take_ptr(console);
	return 0;
fail:
	(void)err_sys(err, errno, "set our terminal");
	if (console->opened)
		(void)close(console->tty);
	return -err->errnum;
}

void console_restore(struct console *console)
{
	if (!console)
		return;
	(void)tcsetattr(console->tty, TCSANOW, &console->saved);
	if (console->opened)
		(void)close(console->tty);
	free(console);
}

void console_resize(const struct console *console, int master)
{
	struct winsize size;

	if (console && ioctl(console->tty, TIOCGWINSZ, &size) == 0)
		(void)ioctl(master, TIOCSWINSZ, &size);
}

int console_pump_new(int master, struct console_pump **out, struct err *err)
{
	struct console_pump *pump = calloc(1, sizeof(*pump));
	struct termios tio;
	int flags;

	if (!pump)
		return err_nomem(err);
	flags = fcntl(master, F_GETFL);
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0) {
		free(pump);
		return err_sys(err, errno, "copy from the terminal");
	}
	if (tcgetattr(master, &tio) == 0) {
		tio.c_oflag &= ~(tcflag_t)ONLCR;
		(void)tcsetattr(master, TCSANOW, &tio);
	}
	pump->master = master;
	pump->in.from = STDIN_FILENO;
	pump->in.to = master;
	pump->out.from = master;
	pump->out.to = STDOUT_FILENO;
	*out = pump;
	return 0;
}

void console_pump_free(struct console_pump *pump)
{
	free(pump);
}

enum { MASTER, INPUT, OUTPUT };

void console_poll(const struct console_pump *pump, struct pollfd *at)
{
	const struct flow *in = &pump->in, *out = &pump->out;
	short events = 0;

	if (out->len == 0)
		events |= POLLIN;
	if (in->len > 0)
		events |= POLLOUT;
	at[MASTER] = (struct pollfd){
		.fd = pump->closed || !events ? -1 : pump->master,
		.events = events,
	};
	at[INPUT] = (struct pollfd){
		.fd = pump->closed || in->len > 0 ? -1 : in->from,
		.events = POLLIN,
	};
	at[OUTPUT] = (struct pollfd){
		.fd = out->len > 0 ? out->to : -1,
		.events = POLLOUT,
	};
}

static bool soon(int errnum)
{
	return errnum == EAGAIN || errnum == EINTR;
}

/* True at the end of what is read. */
static bool flow_fill(struct flow *flow)
{
	ssize_t n;

	if (flow->len > 0)
		return false;
	n = read(flow->from, flow->bytes, sizeof(flow->bytes));
	if (n < 0 && soon(errno))
		return false;
	if (n <= 0)
		return true;
	flow->start = 0;
	flow->len = (size_t)n;
	return false;
}

/* Where it cannot go any more it is thrown away: who writes must not hang. */
static void flow_empty(struct flow *flow)
{
	ssize_t n;

	if (flow->to < 0) {
		flow->len = 0;
		return;
	}
	n = write(flow->to, flow->bytes + flow->start, flow->len);
	if (n < 0 && soon(errno))
		return;
	if (n < 0) {
		flow->to = -1;
		flow->len = 0;
		return;
	}
	flow->start += (size_t)n;
	flow->len -= (size_t)n;
}

/* Hang-ups and errors are for read(2) to tell. */
static bool readable(const struct pollfd *at)
{
	return at->fd >= 0 && at->revents & (POLLIN | POLLHUP | POLLERR);
}

int console_step(struct console_pump *pump, const struct pollfd *at,
		 struct err *err)
{
	struct flow *in = &pump->in, *out = &pump->out;

	for (size_t i = 0; i < CONSOLE_FDS; i++)
		if (at[i].fd >= 0 && at[i].revents & POLLNVAL)
			return err_sys(err, EBADF, "copy from the terminal");
	if (readable(&at[INPUT]) && flow_fill(in))
		in->from = -1;
	if (in->len > 0)
		flow_empty(in);
	if (in->to < 0)
		in->from = -1;
	if (readable(&at[MASTER]) && flow_fill(out))
		pump->closed = true;
	/* Just read, or known to be ready: our stdout may block. */
	if (out->len > 0 && (out->to < 0 || at[OUTPUT].revents))
		flow_empty(out);
	return pump->closed && out->len == 0;
}

int console_drain(struct console_pump *pump, int idle_ms, struct err *err)
{
	struct pollfd at[CONSOLE_FDS];
	int r = 0;

	pump->in.from = -1;
	pump->in.len = 0;
	while (r == 0) {
		int n;

		console_poll(pump, at);
		/* A slow reader of our output is waited for. */
		n = poll(at, CONSOLE_FDS, pump->out.len > 0 ? -1 : idle_ms);
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "copy from the terminal");
		if (n == 0)
			return 0;
		if (n > 0)
			r = console_step(pump, at, err);
	}
	return r < 0 ? r : 0;
}
