/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/text.h"

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
