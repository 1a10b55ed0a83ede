/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Not inlined: where the room is known, the compiler would put the checking
 * copy of the C library here, which nothing else in a plugin uses.
 */
__attribute__((noinline)) char *text_putn(char *out, const char *text,
					  size_t len)
{
	memcpy(out, text, len);
	out[len] = '\0';
	return out + len;
}

char *text_put(char *out, const char *text)
{
	return text_putn(out, text, strlen(text));
}

static char *digits(char *out, uint64_t value, unsigned int base)
{
	uint64_t rest = value;
	char *end = out;

	do
		end++;
	while (rest /= base);
	*end = '\0';
	for (char *at = end; at > out; value /= base)
		*--at = "0123456789abcdef"[value % base];
	return end;
}

char *text_uint(char out[static TEXT_NUM], uint64_t value)
{
	return digits(out, value, 10);
}

char *text_hex(char out[static TEXT_NUM], uint64_t value)
{
	return digits(out, value, 16);
}

/* Where formatted text goes, and how much room is left there for a NUL. */
struct sink {
	char *out;
	size_t len, size;
};

static void sink_add(struct sink *sink, const char *text, size_t len)
{
	size_t room = sink->size - 1 - sink->len;

	if (len > room)
		len = room;
	memcpy(sink->out + sink->len, text, len);
	sink->len += len;
}

static void sink_number(struct sink *sink, uint64_t value, bool negative)
{
	char digits[TEXT_NUM] = "";
	const char *end = text_uint(digits, value);

	if (negative)
		sink_add(sink, "-", 1);
	sink_add(sink, digits, (size_t)(end - digits));
}

/* One conversion, behind the '%'. Returns what is behind it. */
static const char *convert(struct sink *sink, const char *fmt, va_list *ap)
{
	const char *text;
	int number;

	switch (*fmt) {
	case 's':
		text = va_arg(*ap, const char *);
		sink_add(sink, text, strlen(text));
		return fmt + 1;
	case 'u':
		sink_number(sink, va_arg(*ap, unsigned int), false);
		return fmt + 1;
	case 'd':
		number = va_arg(*ap, int);
		sink_number(sink,
			    number < 0 ? -(uint64_t)(int64_t)number
				       : (uint64_t)number,
			    number < 0);
		return fmt + 1;
	case '%':
		sink_add(sink, "%", 1);
		return fmt + 1;
	case 'z':
		if (fmt[1] != 'u')
			abort();
		sink_number(sink, va_arg(*ap, size_t), false);
		return fmt + 2;
	default:
		abort();
	}
}

size_t text_vformat(char *out, size_t size, const char *fmt, va_list ap)
{
	struct sink sink = { .out = out, .size = size };
	va_list rest;

	va_copy(rest, ap);
	while (*fmt) {
		size_t plain = strcspn(fmt, "%");

		sink_add(&sink, fmt, plain);
		fmt += plain;
		if (*fmt)
			fmt = convert(&sink, fmt + 1, &rest);
	}
	va_end(rest);
	out[sink.len] = '\0';
	return sink.len;
}

size_t text_format(char *out, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = text_vformat(out, size, fmt, ap);
	va_end(ap);
	return len;
}
