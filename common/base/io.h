/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole reads and writes, safe against signals and short transfers. */
#pragma once

#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

/*
 * Append everything up to end of file to @out, at most @max bytes.
 * Errors: -EFBIG when there is more (nothing is recorded in an err, the
 * caller knows what the bytes are), another -errno of read(2). After -EAGAIN it
 * may be called again, to go on.
 */
int io_read_all(int fd, size_t max, struct strbuf *out) MUST_CHECK;

/*
 * Wait until @fd is ready for @events (POLLIN, POLLOUT). For descriptors that
 * are non-blocking through no doing of ours. Returns 0 or the -errno of
 * poll(2).
 */
int io_wait(int fd, short events) MUST_CHECK;

/*
 * Write all of @len bytes, to a non-blocking descriptor too. Returns 0 or the
 * -errno of write(2).
 */
int io_write_all(int fd, const void *bytes, size_t len) MUST_CHECK;

/*
 * Read up to @size - 1 bytes of a small file into @buf and terminate it.
 * Returns the length, or the -errno of openat(2) or read(2); -EFBIG when the
 * file is longer. Never follows a final symlink, never blocks on a FIFO.
 */
int io_read_small(int dirfd, const char *name, char *buf,
		  size_t size) MUST_CHECK;

/*
 * Descriptors 0 to 2 must not be handed out again: a lease file that became
 * descriptor 1 would receive the result. Those that are closed become
 * /dev/null for reading, so that a result that nobody can receive is an error,
 * not a success.
 */
void io_fill_stdio(void);

/*
 * fstat(2). The C library's own asks about the path "" and keeps that string
 * on a page that a plugin does not have in memory otherwise.
 */
static inline int io_fstat(int fd, struct stat *st)
{
	return fstatat(fd, "", st, AT_EMPTY_PATH);
}
