/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/jsonw.h"

#include <string.h>

#include "common/base/text.h"
#include "common/base/utf8.h"

static void newline(struct jsonw *w)
{
	if (w->compact)
		return;
	strbuf_putc(w->out, '\n');
	for (unsigned int i = 0; i < w->depth; i++)
		strbuf_puts(w->out, "    ");
}

/* \u00XX */
static void put_escape(struct strbuf *out, unsigned char c)
{
	char num[TEXT_NUM];

	strbuf_puts(out, c < 0x10 ? "\\u000" : "\\u00");
	(void)text_hex(num, c);
	strbuf_puts(out, num);
}

static void put_ascii(struct strbuf *out, unsigned char c)
{
	static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const char *at;

	for (at = named; *at; at += 2) {
		if ((unsigned char)*at == c) {
			strbuf_putc(out, '\\');
			strbuf_putc(out, at[1]);
			return;
		}
	}
	if (c < 0x20 || c == '<' || c == '>' || c == '&')
		put_escape(out, c);
	else
		strbuf_putc(out, (char)c);
}

static void put_string(struct strbuf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	strbuf_putc(out, '"');
	for (; *s; s += n ?: 1) {
		n = utf8_len(s, SIZE_MAX);
		if (n == 0)
			strbuf_puts(out, "\\ufffd");
		else if (n == 1)
			put_ascii(out, *s);
		else if (memcmp(s, "\xe2\x80\xa8", 3) == 0)
			strbuf_puts(out, "\\u2028");
		else if (memcmp(s, "\xe2\x80\xa9", 3) == 0)
			strbuf_puts(out, "\\u2029");
		else
			strbuf_add(out, s, n);
	}
	strbuf_putc(out, '"');
}

static void member(struct jsonw *w, const char *key)
{
	if (w->started)
		strbuf_putc(w->out, ',');
	w->started = true;
	if (w->depth > 0)
		newline(w);
	if (!key)
		return;
	put_string(w->out, key);
	strbuf_puts(w->out, w->compact ? ":" : ": ");
}

void jsonw_open(struct jsonw *w, const char *key, char bracket)
{
	member(w, key);
	strbuf_putc(w->out, bracket);
	w->depth++;
	w->started = false;
}

void jsonw_close(struct jsonw *w, char bracket)
{
	w->depth--;
	if (w->started)
		newline(w);
	strbuf_putc(w->out, bracket);
	w->started = true;
}

void jsonw_string(struct jsonw *w, const char *key, const char *value)
{
	member(w, key);
	put_string(w->out, value);
}

void jsonw_int(struct jsonw *w, const char *key, int64_t value)
{
	char num[TEXT_NUM];

	member(w, key);
	if (value < 0)
		strbuf_putc(w->out, '-');
	/* Negated as unsigned: the least number has no positive twin. */
	(void)text_uint(num, value < 0 ? -(uint64_t)value : (uint64_t)value);
	strbuf_puts(w->out, num);
}

void jsonw_string_opt(struct jsonw *w, const char *key, const char *value)
{
	if (value && *value)
		jsonw_string(w, key, value);
}

void jsonw_int_opt(struct jsonw *w, const char *key, int64_t value)
{
	if (value)
		jsonw_int(w, key, value);
}
