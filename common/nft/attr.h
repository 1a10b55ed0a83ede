/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading netlink attributes where they lie, over libmnl's. Never beyond the
 * bytes that are there: a run of attributes ends at the first malformed one.
 * Numbers are big-endian, as everywhere in nf_tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of attributes, or the bytes in one. */
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
