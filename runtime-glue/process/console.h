/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals: the container's side (devpts) and the caller's. */
#pragma once

#include "common/base/err.h"
#include "runtime-glue/spec/spec.h"

/*
 * In the container: open a new pseudo terminal from the devpts at /dev/pts
 * (verified to be devpts), unlocked, with @process's console size; *@master
 * and *@slave (by TIOCGPTPEER) are the caller's.
 */
int console_open(const struct spec_process *process, int *master, int *slave,
		 struct err *err) MUST_CHECK;

/* Make @slave the controlling terminal and stdin, stdout and stderr. */
int console_take(int slave, struct err *err) MUST_CHECK;

/* Connect to --console-socket (AF_UNIX, any path length); the caller owns it. */
int console_connect(const char *path, int *fd, struct err *err) MUST_CHECK;

/* Send the master over it, as runc does (SCM_RIGHTS, the name as data). */
int console_send(int socket, int master, struct err *err) MUST_CHECK;

/*
 * For `run` and `exec` in the foreground: copy between our terminal and
 * @master until the container's side is closed and all has been read (EIO);
 * the window's size follows. console_raw() has set our terminal, and
 * console_restore() brings it back.
 */
struct console;
int console_raw(struct console **out, struct err *err) MUST_CHECK;
void console_restore(struct console *console);
