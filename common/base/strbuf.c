/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/strbuf.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool strbuf_reserve(struct strbuf *buf, size_t extra)
{
	size_t want = buf->len + extra + 1;
	size_t size = buf->size ?: 256;
	char *grown;

	if (buf->failed)
		return false;
	if (want <= buf->size)
		return true;
	while (size < want)
		size *= 2;
	grown = realloc(buf->data, size);
	if (!grown) {
		buf->failed = true;
		return false;
	}
	buf->data = grown;
	buf->size = size;
	return true;
}

void strbuf_add(struct strbuf *buf, const void *bytes, size_t len)
{
	if (!strbuf_reserve(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_putc(struct strbuf *buf, char c)
{
	strbuf_add(buf, &c, 1);
}

void strbuf_printf(struct strbuf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	if (!strbuf_reserve(buf, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)n;
}

const char *strbuf_str(const struct strbuf *buf)
{
	return buf->data ? buf->data : "";
}

void strbuf_free(struct strbuf *buf)
{
	free(buf->data);
	*buf = (struct strbuf){ .data = NULL };
}
