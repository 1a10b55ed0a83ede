/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/cni/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(const void *bytes, size_t len, struct strbuf *out)
{
	const uint8_t *in = bytes;

	for (size_t i = 0; i < len; i += 3) {
		const size_t left = len - i;
		const uint32_t three = (uint32_t)in[i] << 16 |
				       (left > 1 ? (uint32_t)in[i + 1] : 0U)
					       << 8 |
				       (left > 2 ? in[i + 2] : 0U);

		strbuf_putc(out, digits[three >> 18]);
		strbuf_putc(out, digits[three >> 12 & 63]);
		strbuf_putc(out, left > 1 ? digits[three >> 6 & 63] : '=');
		strbuf_putc(out, left > 2 ? digits[three & 63] : '=');
	}
}

/* The value of a digit, or -1. */
static int value_of(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int base64_read(const char *text, size_t len, struct strbuf *out)
{
	size_t pad = 0;

	if (len % 4 != 0)
		return -EINVAL;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		const size_t some = i + 4 == len ? 4 - pad : 4;
		uint32_t three = 0;

		for (size_t j = 0; j < 4; j++) {
			const int value = j < some ? value_of(text[i + j]) : 0;

			if (value < 0)
				return -EINVAL;
			three = three << 6 | (uint32_t)value;
		}
		for (size_t j = 0; j + 1 < some; j++)
			strbuf_putc(out, (char)(three >> (16 - 8 * j) & 0xff));
	}
	return out->failed ? -ENOMEM : 0;
}
