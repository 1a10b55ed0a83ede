/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DEL and CHECK: find the leases of an attachment.
 *
 * DEL reads nothing of the configuration but where the store is, so that an
 * edited or invalid one cannot keep an address from being freed.
 */
#include "common/base/log.h"
#include "plugins/host-local-ipam/conf.h"
#include "plugins/host-local-ipam/hostlocal.h"
#include "plugins/host-local-ipam/store.h"

static int release_kind(struct store *store, const struct cni_request *req,
			enum lease_kind kind, size_t *count, struct err *err)
{
	size_t at = 0;
	int r = 0;

	while (r == 0 &&
	       store_find(store, req->container, req->ifname, kind, &at)) {
		r = store_remove(store, at, err);
		(*count)++;
	}
	return r;
}

int hostlocal_del(const struct cni_request *req, struct cni_result *result,
		  struct err *err)
{
	auto_store struct store store = STORE_INIT;
	size_t count = 0;
	int r;

	(void)result;
	r = store_open(&store, hostlocal_conf_data_dir(req), req->name,
		       STORE_CHANGE, err);
	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	r = r ?: release_kind(&store, req, LEASE_FULL, &count, err);
	if (r == 0 && count == 0)
		r = release_kind(&store, req, LEASE_LEGACY, &count, err);
	return r;
}

static bool holds_lease(const struct store *store,
			const struct cni_request *req)
{
	size_t full = 0, legacy = 0;

	return store_find(store, req->container, req->ifname, LEASE_FULL,
			  &full) ||
	       store_find(store, req->container, req->ifname, LEASE_LEGACY,
			  &legacy);
}

int hostlocal_check(const struct cni_request *req, struct cni_result *result,
		    struct err *err)
{
	auto_hostlocal_conf struct hostlocal_conf conf = { .set_count = 0 };
	auto_store struct store store = STORE_INIT;
	int r;

	(void)result;
	r = hostlocal_conf_read(req, &conf, err);
	if (r < 0)
		return r;
	r = store_open(&store, conf.data_dir, req->name, STORE_READ, err);
	if (r == -ENOENT)
		err_clear(err); /* then nothing is leased, as below */
	else if (r == 0 && !holds_lease(&store, req) && !store.scanned)
		r = store_scan(&store, err); /* rather than trust a hint */
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && holds_lease(&store, req))
		return 0;
	(void)err_set(err, CNI_E_CHECK,
		      "host-local: Failed to find address added by container "
		      "%s",
		      req->container);
	return err_hint(err, "no lease of %s %s in \"%s/%s\"", req->container,
			req->ifname, conf.data_dir, req->name);
}
