/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GC: free every lease whose attachment is not in the runtime's list.
 */
#include "common/base/log.h"
#include "common/cni/attachments.h"
#include "plugins/host-local-ipam/conf.h"
#include "plugins/host-local-ipam/hostlocal.h"
#include "plugins/host-local-ipam/store.h"

/* A lease of which only the ID is known lives as long as any of that ID. */
static bool still_valid(const struct cni_attachments *list,
			const struct lease *lease)
{
	switch (lease->kind) {
	case LEASE_FULL:
		return cni_attachments_have(list, lease->container,
					    lease->ifname);
	case LEASE_LEGACY:
		return cni_attachments_have(list, lease->container, NULL);
	case LEASE_TORN:
		return false;
	case LEASE_FOREIGN:
		break;
	}
	return true;
}

static int collect(struct store *store, const struct cni_attachments *list,
		   struct err *err)
{
	char text[LEASE_MAX], name[IP_TEXT];
	struct lease lease;
	struct ip ip;
	int r = 0;

	/* Backwards: a removed record's place is taken by the last one. */
	for (size_t i = store->index.count; i-- > 0;) {
		ip = index_rec_ip(&store->index.recs[i]);
		if (store_read_lease(store, &ip, text, &lease) < 0 ||
		    still_valid(list, &lease))
			continue;
		if (first_of(store_remove(store, i, err), 0) < 0) {
			r = -EIO; /* go on: the rest can still be freed */
			continue;
		}
		log_warn("freed %s of container %s %s: not a valid attachment",
			 ip_format(&ip, name), lease.container, lease.ifname);
	}
	return r;
}

int hostlocal_gc(const struct cni_request *req, struct cni_result *result,
		 struct err *err)
{
	auto_attachments struct cni_attachments list = { .count = 0 };
	auto_store struct store store = STORE_INIT;
	int r;

	(void)result;
	r = cni_attachments_read(&req->conf, &list, err);
	if (r < 0 || !list.present)
		return r;
	r = store_open(&store, hostlocal_conf_data_dir(req), req->name,
		       STORE_CHANGE, err);
	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (r == 0 && !store.scanned)
		r = store_scan(&store, err); /* the leases, not the hint */
	return r ?: collect(&store, &list, err);
}
