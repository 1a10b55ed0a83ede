/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink attributes: written at the end of a growing buffer, and read from
 * where they lie. Numbers are big-endian, as everywhere in nf_tables.
 *
 * A write that runs out of memory sticks in the buffer (strbuf.h). Reading
 * never goes beyond the bytes it is given, and takes nothing for aligned.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"

void attr_put(struct strbuf *buf, uint16_t type, const void *data, size_t len);
void attr_put_str(struct strbuf *buf, uint16_t type, const char *text);
void attr_put_u32(struct strbuf *buf, uint16_t type, uint32_t value);
void attr_put_u64(struct strbuf *buf, uint16_t type, uint64_t value);

/* What is put between the two is inside; attr_open()'s result is for close. */
size_t attr_open(struct strbuf *buf, uint16_t type);
void attr_close(struct strbuf *buf, size_t at);

/* A run of attributes. */
struct attrs {
	const uint8_t *data;
	size_t len;
};

struct attr {
	uint16_t type; /* without the flags in its upper bits */
	bool nested;   /* who wrote it says that attributes are inside */
	struct attrs in;
};

/* Take the next one off @rest; false at the end, or where it is malformed. */
bool attr_next(struct attrs *rest, struct attr *out);

/* The first of @type. */
bool attr_find(struct attrs in, uint16_t type, struct attr *out);

/* Its value; when it is not there, or too short, @none, NULL, nothing. */
uint32_t attr_u32(struct attrs in, uint16_t type, uint32_t none);
uint64_t attr_u64(struct attrs in, uint16_t type, uint64_t none);
const char *attr_str(struct attrs in, uint16_t type);
struct attrs attr_in(struct attrs in, uint16_t type);

/*
 * Is everything that @want has also in @have, in the same order where types
 * repeat? The kernel adds attributes to what it was given, and leaves out flags
 * that are 0. @want is of our own making, so its types tell what is nested.
 */
bool attr_covers(struct attrs have, struct attrs want);
