/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One entry of an archive: within runtime-glue/image only. */
#pragma once

#include <stdint.h>

#include "common/base/strbuf.h"
#include <stdint.h>

#include "runtime-glue/image/tarw.h"

struct tarw_entry {
	const char *path; /* in the archive, without "/" in front */
	const char *link; /* target of a hard or symbolic link, or NULL */
	char type;        /* '0' file, '1' hard link, '2' symlink, '3' char,
			   * '4' block, '5' directory, '6' fifo */
	const struct stat *st;
	struct strbuf *pax; /* attributes that were put in already */
};

/* A pax record, "LEN KEY=VALUE\n". */
void tarw_pax(struct strbuf *pax, const char *key, const void *value,
	      size_t len);

/* The header (or, with pax records, headers). @size: of what follows. */
int tarw_header(const struct tarw_entry *entry, uint64_t size,
		const struct tarw_sink *sink, struct err *err) MUST_CHECK;

/* @size bytes of @fd; zeroes if it became shorter; and up to a whole block. */
int tarw_bytes(int fd, uint64_t size, const struct tarw_sink *sink,
	       struct err *err) MUST_CHECK;
int tarw_pad(uint64_t size, const struct tarw_sink *sink,
	     struct err *err) MUST_CHECK;
