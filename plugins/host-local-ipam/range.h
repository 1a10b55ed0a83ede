/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges and range sets: which addresses may be given out, and in what order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/cfg.h"
#include "common/base/ip.h"
#include "common/base/strbuf.h"

struct range {
	ip_num first, last; /* rangeStart and rangeEnd, both included */
	struct cidr subnet;
	struct ip gateway;
};

/* One address is allocated from each set. All its ranges are one family. */
struct range_set {
	size_t count;
	struct range *at;
};

/*
 * Read one {subnet, rangeStart, rangeEnd, gateway} object at @at and fill in
 * the defaults (cni-behaviour.md 2.3): gateway network + 1, rangeStart
 * network + 1, rangeEnd broadcast - 1 (IPv6: the last address).
 *
 * A gateway may lie outside the subnet, but must be of its family.
 *
 * Errors: CNI_E_CONFIG, the key's path followed by the reference's words:
 * "ipam.ranges[0][1].rangeStart: invalid range set 0: RangeStart 10.0.1.5 not
 * in network 10.0.0.0/24". @set is the number of the range set in them.
 */
int range_read(const struct cfg *at, size_t set, struct range *out,
	       struct err *err) MUST_CHECK;

/*
 * Without a subnet, the other keys of a range at @at mean nothing, but have to
 * be addresses all the same.
 */
int range_read_stray(const struct cfg *at, struct err *err) MUST_CHECK;

/* The range of @set that holds @ip, or NULL. */
const struct range *range_set_find(const struct range_set *set,
				   const struct ip *ip);

/* "10.2.0.1-10.2.0.2,10.3.0.1-10.3.0.9", as the reference writes it. */
void range_set_format(const struct range_set *set, struct strbuf *out);

/*
 * Check one set (not empty, one family, no overlap inside), or all of them,
 * each of which has passed the first check, against each other. @at is where
 * the set came from, never NULL: the errors begin with its path.
 * Errors: CNI_E_CONFIG with the reference's texts.
 */
int range_set_check(const struct range_set *set, size_t index,
		    const struct cfg *at, struct err *err) MUST_CHECK;
int range_sets_check(const struct range_set *sets, size_t count,
		     struct err *err) MUST_CHECK;
