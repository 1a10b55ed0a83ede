/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases from before this boot: their containers no longer exist. "The node
 * rebooted and the range is full" is the best known pain of host-local.
 */
#pragma once

#include "plugins/host-local-ipam/range.h"
#include "plugins/host-local-ipam/store.h"

/*
 * Remove the leases inside @set that are known to be from an earlier boot, and
 * say on stderr which. *@count is their number.
 */
int reclaim_set(struct store *store, const struct range_set *set, size_t *count,
		struct err *err) MUST_CHECK;

/* The number that reclaim_set() would remove. */
size_t reclaim_count(const struct store *store, const struct range_set *set);
