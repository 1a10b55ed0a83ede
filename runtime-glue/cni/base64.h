/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 with '+', '/' and padding (RFC 4648 section 4), on one line. */
#pragma once

#include "common/base/strbuf.h"

void base64_write(const void *bytes, size_t len, struct strbuf *out);

/*
 * Append what @text stands for. -EINVAL: something else is in it, or it is cut
 * off.
 */
int base64_read(const char *text, size_t len, struct strbuf *out) MUST_CHECK;
