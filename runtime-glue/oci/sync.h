/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the runtime and the container's first process say to each other, over
 * one socket pair (create, exec) or the start socket: short packets, of which
 * one may be an error, told by the other side's struct err. See
 * docs/runtime.md for the order. The peer is our own code; still, nothing of a
 * packet is believed without a look at its length.
 */
#pragma once

#include "common/base/err.h"

enum sync_what {
	SYNC_FAILED,  /* carries an error */
	SYNC_MAP,     /* child: in a new user namespace, write its mappings */
	SYNC_PID,     /* first stage: this is the second one's pid */
	SYNC_MOUNTED, /* child: namespaces and mounts are there, before pivot */
	SYNC_LIMITS,  /* child in a user namespace: set my limits, I may not */
	SYNC_READY,   /* child: set up, from now on at the start socket */
	SYNC_GO,      /* parent: done, go on; the first one: with the pid */
};

/* A connected pair, close-on-exec. */
int sync_pair(int pair[static 2], struct err *err) MUST_CHECK;

int sync_send(int fd, enum sync_what what, int value,
	      struct err *err) MUST_CHECK;

/* Tell the other side; if it is gone there is nobody to tell. */
void sync_fail(int fd, const struct err *why);

/*
 * Wait for @what; its value goes to @value (or NULL). An error of the other
 * side becomes ours. -EPIPE, nothing recorded: the other side is gone.
 */
int sync_wait(int fd, enum sync_what what, int *value,
	      struct err *err) MUST_CHECK;

/* The same for whatever comes next. */
int sync_next(int fd, enum sync_what *what, int *value,
	      struct err *err) MUST_CHECK;
