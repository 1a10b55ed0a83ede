/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a child process: bytes in, bytes out, its fate. */
#pragma once

#include <stddef.h>

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

/*
 * Run @spawn to its end. A child that does not read its input is no error.
 * Errors: -errno of the step that failed (pipe, exec, ...); more than
 * SPAWN_OUTPUT_MAX on stdout is -EFBIG and kills the child (stderr is cut
 * there instead). The child gets default signal dispositions, an empty signal
 * mask and no descriptor but 0, 1 and 2.
 */
int spawn_run(const struct spawn *spawn, struct spawn_result *result,
	      struct err *err) MUST_CHECK;

void spawn_result_free(struct spawn_result *result);
#define auto_spawn_result AUTO(spawn_result_free)
