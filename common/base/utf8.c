/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/utf8.h"

#include <stdint.h>

/* Bytes of the UTF-8 character that starts with @lead, 0 if none does. */
static size_t utf8_want(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if ((lead & 0xf0) == 0xe0)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

size_t utf8_len(const unsigned char *s, size_t max)
{
	size_t n = utf8_want(s[0]);
	uint32_t point;

	if (n > max)
		return 0;
	if (n < 2)
		return n;
	point = s[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3fU);
	}
	if ((n == 3 && (point < 0x800 || (point >> 11) == 0x1b)) ||
	    (n == 4 && (point < 0x10000 || point > 0x10ffff)))
		return 0;
	return n;
}
