/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a tree as a tar stream in POSIX' pax form: any length of names, any
 * size, extended attributes, hard links within the tree. Names are sorted, so
 * the same tree gives the same bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "common/base/err.h"

struct tarw_sink {
	int (*write)(void *opaque, const void *bytes, size_t len,
		     struct err *err);
	void *opaque;
};

enum tarw_mode {
	TARW_PLAIN, /* what is there */
	/*
	 * A directory in overlayfs' form as an OCI layer: a whiteout becomes
	 * ".wh.NAME", an opaque directory has ".wh..wh..opq".
	 */
	TARW_LAYER,
};

/*
 * Everything in directory @dir, itself left out, and the end of the archive.
 * The tree may be changing: what goes away meanwhile is left out. Sockets are,
 * too. A tree deeper than 400 directories is an error.
 */
int tarw_tree(int dir, enum tarw_mode mode, const struct tarw_sink *sink,
	      struct err *err) MUST_CHECK;

/* Only @name of @dir, called @as in the archive, and what is in it. */
int tarw_one(int dir, const char *name, const char *as,
	     const struct tarw_sink *sink, struct err *err) MUST_CHECK;

/* A file of ours: a small one from memory, or the bytes of @fd. */
int tarw_file(const char *name, const void *bytes, size_t len,
	      const struct tarw_sink *sink, struct err *err) MUST_CHECK;
int tarw_fd(const char *name, int fd, const struct tarw_sink *sink,
	    struct err *err) MUST_CHECK;
int tarw_end(const struct tarw_sink *sink, struct err *err) MUST_CHECK;
