/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals: the container's side (devpts) and the caller's. */
#pragma once

#include <poll.h>

#include "common/base/err.h"
#include "runtime-glue/spec/spec.h"

/*
 * In the container: open a new pseudo terminal from the devpts at /dev/pts
 * (verified to be devpts), unlocked, with @process's console size; *@master
 * and *@slave (by TIOCGPTPEER) are the caller's.
 */
int console_open(const struct spec_process *process, int *master, int *slave,
		 struct err *err) MUST_CHECK;

/*
 * Make @slave the controlling terminal and stdin, stdout and stderr, in a
 * session of our own (made if we do not lead one). @slave stays the caller's.
 */
int console_take(int slave, struct err *err) MUST_CHECK;

/* Connect to --console-socket (AF_UNIX, any path length); the caller owns it.
 */
int console_connect(const char *path, int *fd, struct err *err) MUST_CHECK;

/* Send the master over it, as runc does (SCM_RIGHTS, the name as data). */
int console_send(int socket, int master, struct err *err) MUST_CHECK;

/*
 * For `run` and `exec` in the foreground: copy between our terminal and
 * @master until the container's side is closed and all has been read (EIO);
 * the window's size follows. console_raw() has set our terminal (the first of
 * stdin, stdout, stderr and /dev/tty that is one; -ENOTTY: none is), and
 * console_restore() brings it back.
 */
struct console;
int console_raw(struct console **out, struct err *err) MUST_CHECK;
void console_restore(struct console *console);

/*
 * The copying, by the caller's poll loop: console_poll() fills CONSOLE_FDS
 * entries (fd -1: nothing to wait for there), console_step() moves what poll()
 * found. It returns 1 when the container's side is closed and all it wrote has
 * been written: the copying is over. Our own stdin or stdout may end before:
 * then input ends, and output is read and thrown away. SIGPIPE is to be
 * ignored.
 */
#define CONSOLE_FDS 3
struct console_pump;
int console_pump_new(int master, struct console_pump **out,
		     struct err *err) MUST_CHECK; /* @master: borrowed */
void console_poll(const struct console_pump *pump, struct pollfd *at);
int console_step(struct console_pump *pump, const struct pollfd *at,
		 struct err *err) MUST_CHECK;

/*
 * After the process's end: output only, until the container's side is closed
 * or was silent for @idle_ms (another process may hold it open for good; what
 * was written before the end is on its way for a moment).
 */
int console_drain(struct console_pump *pump, int idle_ms,
		  struct err *err) MUST_CHECK;
void console_pump_free(struct console_pump *pump);

/* Give @master the size of our terminal: at the start, and on SIGWINCH. */
void console_resize(const struct console *console, int master);
