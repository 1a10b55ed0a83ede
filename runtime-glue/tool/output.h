/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an archive goes: a file, or stdout. */
#pragma once

#include "runtime-glue/image/tarw.h"

struct output {
	int fd;
	const char *made; /* a file to be removed if it is not whole */
	struct tarw_sink sink;
};

/* @path NULL: stdout, which must be no terminal. */
int output_open(const char *path, struct output *out,
		struct err *err) MUST_CHECK;
/* @r: what became of it, is returned. */
int output_close(struct output *out, int r);
