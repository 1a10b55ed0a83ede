/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By libmd rather than by libcrypto: linked into a plugin it is 2 KiB, and has
 * no constructor that asks the processor what it can do, which under
 * a hypervisor takes longer than the hash.
 */
#include "common/base/hash.h"

#include <sha512.h>
#include <string.h>

void hash_hex(const char *const *parts, size_t count, char *out, size_t digits)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t sum[SHA512_DIGEST_LENGTH];
	SHA2_CTX ctx;

	SHA512Init(&ctx);
	for (size_t i = 0; i < count; i++)
		SHA512Update(&ctx, (const uint8_t *)parts[i], strlen(parts[i]));
	SHA512Final(sum, &ctx);
	for (size_t i = 0; i < digits && i < HASH_HEX_MAX; i++)
		out[i] = hex[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
	out[digits < HASH_HEX_MAX ? digits : HASH_HEX_MAX] = '\0';
}
