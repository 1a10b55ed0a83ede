/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON the way CNI runtimes have always received it: four spaces an
 * indentation step, `"key": value`, no newline at the end, and <, >, &,
 * U+2028 and U+2029 as \u escapes (what Go's MarshalIndent gives, so that
 * results stay byte-equal). Invalid UTF-8 becomes U+FFFD.
 *
 * An object or array that is closed empty is written "{}" or "[]".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/strbuf.h"

struct jsonw {
	struct strbuf *out;
	unsigned int depth;
	bool compact; /* one line without spaces: VERSION, files */
	bool started; /* the open container has a member already */
};

/* Values; @key is NULL inside an array and at the top. */
void jsonw_open(struct jsonw *w, const char *key, char bracket); /* { or [ */
void jsonw_close(struct jsonw *w, char bracket);                 /* } or ] */
void jsonw_string(struct jsonw *w, const char *key, const char *value);
void jsonw_int(struct jsonw *w, const char *key, int64_t value);

/* Left out when empty, NULL or zero, as Go's omitempty does. */
void jsonw_string_opt(struct jsonw *w, const char *key, const char *value);
void jsonw_int_opt(struct jsonw *w, const char *key, int64_t value);
