/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing byte buffer. Appending never fails visibly: the first failed
 * allocation sticks in @failed and is asked about once, at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct strbuf {
	char *data; /* always NUL-terminated once something was appended */
	size_t len;
	size_t size;
	bool failed;
};

#define auto_strbuf AUTO(strbuf_free)

/* Append @len bytes, a string, one character, or formatted text. */
void strbuf_add(struct strbuf *buf, const void *bytes, size_t len);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_putc(struct strbuf *buf, char c);
void strbuf_printf(struct strbuf *buf, const char *fmt, ...) PRINTF(2, 3);

/*
 * Make room for @extra more bytes (and a NUL) behind data + len, for who writes
 * there himself. Returns false when memory ran out.
 */
bool strbuf_reserve(struct strbuf *buf, size_t extra);

/* What was appended so far, "" if nothing; valid until the next append. */
const char *strbuf_str(const struct strbuf *buf);

void strbuf_free(struct strbuf *buf);
