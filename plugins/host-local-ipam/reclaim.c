/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/host-local-ipam/reclaim.h"

#include "common/base/log.h"

static bool reclaimable(const struct store *store, const struct range_set *set,
			const struct index_rec *rec)
{
	struct ip ip = index_rec_ip(rec);

	/* Owner 0 is a file that is no lease. */
	return rec->owner && range_set_find(set, &ip) &&
	       store_boot_of(store, &ip) == BOOT_EARLIER;
}

int reclaim_set(struct store *store, const struct range_set *set, size_t *count,
		struct err *err)
{
	char text[LEASE_MAX], name[IP_TEXT];
	struct lease lease;
	struct ip ip;
	int r = 0;

	*count = 0;
	for (size_t i = store->index.count; r == 0 && i-- > 0;) {
		if (!reclaimable(store, set, &store->index.recs[i]))
			continue;
		ip = index_rec_ip(&store->index.recs[i]);
		if (store_read_lease(store, &ip, text, &lease) < 0)
			continue;
		r = store_remove(store, i, err);
		if (r < 0)
			break;
		(*count)++;
		log_warn("reclaimed %s from container %s %s: leased before "
			 "this boot",
			 ip_format(&ip, name), lease.container, lease.ifname);
	}
	return r;
}

size_t reclaim_count(const struct store *store, const struct range_set *set)
{
	size_t count = 0;

	for (size_t i = 0; i < store->index.count; i++)
		if (reclaimable(store, set, &store->index.recs[i]))
			count++;
	return count;
}
