/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/*
 * Bytes of the UTF-8 character at @s, of which at most @max may be looked at;
 * 0 if there is no valid one (RFC 3629: overlong forms and surrogates are not).
 */
size_t utf8_len(const unsigned char *s, size_t max);
