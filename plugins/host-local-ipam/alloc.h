/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which address comes next: round robin over a range set, in constant memory
 * for each lease however large the ranges are.
 *
 * The addresses of a set, from the one after the last reserved and wrapping
 * around at its end, are numbered 0, 1, 2 ... If n addresses are taken, one of
 * the first n + 1 is free, so a bitmap of n + 1 bits is all it takes.
 */
#pragma once

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/ip.h"
#include "plugins/host-local-ipam/index.h"
#include "plugins/host-local-ipam/range.h"

/*
 * Find the first free address of @set after @last (IP_NONE or outside of the
 * set: from the first range's start), passing over each range's gateway.
 * @taken are the @count leases of the store, of any range.
 *
 * Returns 0 with *@out and its *@range, -ENOSPC when none is free (nothing is
 * recorded in an err), or -ENOMEM.
 */
int alloc_pick(const struct range_set *set, const struct ip *last,
	       const struct index_rec *taken, size_t count, struct ip *out,
	       const struct range **range);

/* How many addresses the set has (gateways not counted), saturating. */
ip_num alloc_capacity(const struct range_set *set);

/* How many of them are leased. */
size_t alloc_used(const struct range_set *set, const struct index_rec *taken,
		  size_t count);
