/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-512 as lower-case hexadecimal text, cut short: what names of kernel
 * objects are made of, here and in the reference plugins.
 */
#pragma once

#include <stddef.h>

#include "common/base/err.h"

#define HASH_HEX_MAX 128

/*
 * The first @digits (at most HASH_HEX_MAX) of the hash of the @count strings
 * @parts, one after the other, go to @out, which has room for them and a NUL.
 */
void hash_hex(const char *const *parts, size_t count, char *out, size_t digits);
