/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a child process: bytes in, bytes out, its fate. */
#pragma once

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

#define SPAWN_OUTPUT_MAX (8U << 20)

struct spawn {
	const char *path; /* executable; searched in $PATH if it has no '/' */
	char *const *argv;
	char *const *envp;
	const void *input; /* written to its stdin, then closed */
	size_t input_len;
};

struct spawn_result {
	struct strbuf out, err; /* stdout and stderr */
	int status;             /* as waitpid() gives it */
};

/* A child that runs; all of it is spawn.c's. */
struct spawn_child {
	pid_t pid;           /* 0: nothing to reap */
	struct pollfd at[4]; /* our ends; fd -1: closed */
	const char *path, *input;
	size_t left;  /* of @input */
	bool signals; /* are set, and to be restored: */
	struct sigaction saved_pipe, saved_chld;
	uint64_t started;
};

/* No child yet; where every `auto_spawn_child` starts. */
#define SPAWN_NONE                     \
	(struct spawn_child)           \
	{                              \
		.at = { { .fd = -1 },  \
			{ .fd = -1 },  \
			{ .fd = -1 },  \
			{ .fd = -1 } } \
	}
#define auto_spawn_child AUTO(spawn_kill)

/*
 * Run @spawn to its end. A child that does not read its input is no error.
 * Errors: -errno of the step that failed (pipe, exec, ...); more than
 * SPAWN_OUTPUT_MAX on stdout is -EFBIG and kills the child (stderr is cut
 * there instead). The child gets default signal dispositions, an empty signal
 * mask and no descriptor but 0, 1 and 2.
 */
int spawn_run(const struct spawn *spawn, struct spawn_result *result,
	      struct err *err) MUST_CHECK;

/*
 * The same in two parts, for who has something to do meanwhile. What fits into
 * a pipe of the input is written at once; path and input must stay until the
 * end. SIGPIPE is ignored and SIGCHLD not, until then. One child at a time.
 */
int spawn_start(const struct spawn *spawn, struct spawn_child *child,
		struct err *err) MUST_CHECK;
int spawn_finish(struct spawn_child *child, struct spawn_result *result,
		 struct err *err) MUST_CHECK;

/* End a child that nobody will finish any more, and reap it. */
void spawn_kill(struct spawn_child *child);

void spawn_result_free(struct spawn_result *result);
#define auto_spawn_result AUTO(spawn_result_free)
