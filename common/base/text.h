/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as text without printf(), whose code and tables are a fifth of what
 * a plugin's process would have in memory otherwise.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy @text, or the first @len bytes of it, to @out, which has room for that
 * and a NUL. Returns the end of the copy, where the NUL is.
 */
char *text_put(char *out, const char *text);
char *text_putn(char *out, const char *text, size_t len);

/* Room for any of them, with the NUL. */
#define TEXT_NUM 21

/* Write @value and a NUL to @out; returns the end of the digits. */
char *text_uint(char out[static TEXT_NUM], uint64_t value);
char *text_hex(char out[static TEXT_NUM], uint64_t value);

/*
 * The little of printf() that labels and paths need: %s, %u, %d, %zu and %%,
 * without flags or widths. At most @size bytes with the NUL, cut off there.
 * Returns the length. Anything else in @fmt is a mistake of ours: abort().
 */
size_t text_vformat(char *out, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
size_t text_format(char *out, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
