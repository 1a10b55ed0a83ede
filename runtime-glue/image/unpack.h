/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that unpack a layer share. */
#pragma once

#include <limits.h>
#include <time.h>

#include "runtime-glue/image/lib.h"
#include "runtime-glue/image/store.h"

/* ---- A pipe of one thread to another (stream.c) ---- */

struct stream;

/*
 * A thread reads @fd, unpacks it, and computes the digest of what comes out.
 * All is the caller's until stream_end(), which waits for it.
 */
int stream_begin(int fd, const struct layer_limits *limits, struct stream **out,
		 struct err *err) MUST_CHECK;
/* The next piece, valid until the next call. 0: the end; -errno: see _end(). */
ssize_t stream_next(struct stream *stream, const void **bytes);
/* @hex: of all bytes, also those that stream_next() was not asked for. */
int stream_end(struct stream *stream, bool whole, char hex[DIGEST_HEX],
	       struct err *err) MUST_CHECK;

/* ---- Writing to a directory what an archive says (place.c, entry.c) ---- */

struct dir_time {
	char *path;
	struct timespec times[2];
};

struct target {
	int root;
	char parent[PATH_MAX]; /* the directory that is open as: */
	int fd;                /* -1: none */
	struct dir_time *dirs; /* whose times are set at the end */
	size_t dir_count, dir_size;
	uint64_t bytes_max;
	bool told_xattr;
	/*
	 * It is no layer, but somebody's directory, and he may be at work in
	 * it: no whiteouts, directories stay directories and what is none
	 * becomes none, the root is as it was.
	 */
	bool shared;
	bool own; /* all belongs to who unpacks */
};

/*
 * @path as "a/b/c", "" for the root itself. Refused: absolute ones, "..",
 * too long ones.
 */
int place_clean(const char *path, char out[PATH_MAX],
		struct err *err) MUST_CHECK;
/*
 * The directory that clean @path is in, opened (and made), never outside of the
 * root; the last component goes to @name. Borrowed: valid until the next call.
 */
int place_parent(struct target *target, const char *path, const char **name,
		 struct err *err) MUST_CHECK;
/* Forget which directory is open: something was removed. */
void place_forget(struct target *target);

int entry_write(struct target *target, struct archive *archive,
		struct archive_entry *entry, struct err *err) MUST_CHECK;
/* ".wh.NAME": returns 1 if @path was one (and is done). */
int whiteout_write(struct target *target, const char *path,
		   struct err *err) MUST_CHECK;
bool whiteout_is(const struct stat *st);
int whiteout_opaque(int parent, const char *name, struct err *err) MUST_CHECK;
int target_finish(struct target *target, struct err *err) MUST_CHECK;
void target_free(struct target *target);
