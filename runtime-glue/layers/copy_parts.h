/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying one thing of a tree: within runtime-glue/layers only. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* One entry, by its directories. */
struct copy_entry {
	int from, to;
	const char *name, *as; /* "." for the directories themselves */
	bool layer;            /* without overlayfs' own attributes */
	bool own;              /* the copy is the caller's */
};

/* The bytes of a regular file, holes kept. 0 or -errno. */
int copy_bytes(int from, int to, off_t size);

/* Owner, mode, extended attributes and times, in this order, because each
 * changes what comes before. 0 or -errno; *@step says what failed. */
int copy_meta(const struct copy_entry *entry, const struct stat *st,
	      const char **step);
