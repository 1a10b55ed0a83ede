/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run and exec in the foreground: signals go to the container's process, its
 * terminal is copied to ours, its exit status becomes ours.
 */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "common/base/err.h"

struct console;
struct console_pump;

struct front {
	int signals;             /* signalfd */
	sigset_t before;         /* the mask to go back to */
	int master;              /* of its terminal, or -1 */
	int notify;              /* see notify.h, or -1 */
	struct console *console; /* ours, set raw; NULL: none */
	struct console_pump *pump;
};

#define auto_front AUTO(front_close)
#define FRONT_NONE                                        \
	(struct front)                                    \
	{                                                 \
		.signals = -1, .master = -1, .notify = -1 \
	}

/*
 * Hold back the signals that are to be forwarded, before there is a child.
 * The child resets its mask.
 */
int front_open(struct front *front, struct err *err) MUST_CHECK;

/* Receive the terminal's master from @socket and set ours raw, if it is one. */
int front_terminal(struct front *front, int socket, struct err *err) MUST_CHECK;

/*
 * Serve until @pid, our child, ends; reaps other children on the way. *@code:
 * its exit status, or 128 and the signal's number.
 */
int front_serve(struct front *front, pid_t pid, int pidfd, int *code,
		struct err *err) MUST_CHECK;

void front_close(struct front *front);
