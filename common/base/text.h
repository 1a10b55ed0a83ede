/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as text without printf(), whose code and tables are a fifth of what
 * a plugin's process would have in memory otherwise.
 */
#pragma once

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
