/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 as images write it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#define DIGEST_HEX 65 /* 64 digits and a NUL */

struct digest {
	void *context; /* libcrypto's; NULL: not begun */
};
int digest_begin(struct digest *digest, struct err *err) MUST_CHECK;
int digest_add(struct digest *digest, const void *bytes, size_t len,
	       struct err *err) MUST_CHECK;
int digest_end(struct digest *digest, char hex[DIGEST_HEX],
	       struct err *err) MUST_CHECK;
void digest_free(struct digest *digest);
#define auto_digest AUTO(digest_free)

/* Of bytes in memory. */
void digest_of(const void *bytes, size_t len, char hex[DIGEST_HEX]);

/* 64 lower-case hexadecimal digits? */
bool digest_is_hex(const char *text);
/* The digits of "sha256:HEX", NULL if it is something else. */
const char *digest_hex(const char *text);
