/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work whose end nobody waits for: a child does it, without our stdin, stdout
 * and stderr, so that whoever has called us does not wait either. It shares all
 * other descriptors: what closing one of them waits for, is its to wait.
 *
 * We do not reap it: it outlives us, and is then init's, or a subreaper's.
 */
#pragma once

#include "common/base/err.h"

/* Returns 0 or a negative errno, with @err filled. */
typedef int detach_fn(void *ctx, struct err *err);

struct detached {
	int answer; /* a pipe: readable when the work is done or has failed */
};

#define DETACHED_NONE     \
	(struct detached) \
	{                 \
		-1        \
	}
#define auto_detached AUTO(detached_close)

/* Start it. -errno of pipe2(2) or fork(2): nothing has been started. */
int detach_start(detach_fn *run, void *ctx, struct detached *out) MUST_CHECK;

/*
 * What became of it; waits for the end. Errors: those of the function; -EIO if
 * the child died without a word.
 */
int detach_result(struct detached *detached, struct err *err) MUST_CHECK;

void detached_close(struct detached *detached);

/*
 * Close @fd, without waiting for what its last close waits for: a child does
 * that, @ms milliseconds later, whatever becomes of us. -errno of pipe2(2) or
 * fork(2): it is closed, and was waited for.
 */
int detach_close(int fd, int ms);
