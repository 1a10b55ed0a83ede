/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ADD: one address from each range set, all of them or none.
 */
#include <string.h>

#include "common/base/log.h"
#include "plugins/host-local-ipam/alloc.h"
#include "plugins/host-local-ipam/conf.h"
#include "plugins/host-local-ipam/hostlocal.h"
#include "plugins/host-local-ipam/reclaim.h"
#include "plugins/host-local-ipam/resolv.h"
#include "plugins/host-local-ipam/store.h"

/* A lease file that appears although the store is locked: retry so often. */
#define RACES_MAX 8

struct adder {
	const struct cni_request *req;
	const struct hostlocal_conf *conf;
	struct store *store;
	struct cni_result *result;
	size_t set; /* the one being served */
};

static int fail_set(const struct adder *adder, struct err *err)
{
	return err_in(err, "failed to allocate for range %zu", adder->set);
}

/* The address requested out of @set, if any; two are one too many. */
static int requested(const struct adder *adder, const struct range_set *set,
		     struct ip *out, struct err *err)
{
	char first[IP_TEXT], second[IP_TEXT];
	const struct ip *ip;

	out->family = IP_NONE;
	for (size_t i = 0; i < adder->conf->request_count; i++) {
		ip = &adder->conf->requests[i];
		if (!range_set_find(set, ip) || ip_equal(out, ip))
			continue;
		if (out->family != IP_NONE)
			return err_set(err, CNI_E_CONFIG,
				       "both %s and %s are requested, but a "
				       "range set gives one address",
				       ip_format(out, first),
				       ip_format(ip, second));
		*out = *ip;
	}
	return 0;
}

/* A second ADD of one attachment is the runtime's mistake. */
static int refuse_duplicate(const struct adder *adder,
			    const struct range_set *set, struct err *err)
{
	static const enum lease_kind kinds[] = { LEASE_FULL, LEASE_LEGACY };
	const struct store *store = adder->store;
	char name[IP_TEXT];
	struct ip ip;

	for (size_t k = 0; k < 2; k++) {
		for (size_t at = 0;
		     store_find(store, adder->req->container,
				adder->req->ifname, kinds[k], &at);
		     at++) {
			ip = index_rec_ip(&store->index.recs[at]);
			if (range_set_find(set, &ip))
				return err_set(err, CNI_E_DUPLICATE,
					       "%s has been allocated to %s, "
					       "duplicate allocation is not "
					       "allowed",
					       ip_format(&ip, name),
					       adder->req->container);
		}
	}
	return 0;
}

static int not_available(const struct range_set *set, const struct ip *ip,
			 const char *why, struct err *err)
{
	auto_strbuf struct strbuf ranges = { .len = 0 };
	char name[IP_TEXT];
	int r;

	range_set_format(set, &ranges);
	r = err_set(err, CNI_E_TAKEN,
		    "requested IP address %s is not available in range set %s",
		    ip_format(ip, name), strbuf_str(&ranges));
	if (why)
		(void)err_hint(err, "%s", why);
	return r;
}

/* Who holds @ip; *@torn if it is nobody, although there is a file. */
static void describe_holder(const struct store *store, const struct ip *ip,
			    char *out, size_t size, bool *torn)
{
	char text[LEASE_MAX];
	struct lease lease;
	int r = store_read_lease(store, ip, text, &lease);

	*torn = r == 0 && lease.kind == LEASE_TORN;
	if (r < 0)
		(void)snprintf(out, size, "its lease cannot be read: %s",
			       err_text(-r));
	else if (*lease.container)
		(void)snprintf(out, size, "held by container %s %s",
			       lease.container, lease.ifname);
	else
		(void)snprintf(out, size,
			       "its file in the store is no lease of ours");
}

static int lease_requested(struct adder *adder, const struct range_set *set,
			   const struct ip *ip, struct err *err)
{
	const struct cni_request *req = adder->req;
	const struct range *range = range_set_find(set, ip);
	char name[IP_TEXT], holder[300];
	bool torn;
	int r;

	if (ip_equal(ip, &range->gateway))
		return err_set(err, CNI_E_TAKEN,
			       "requested ip %s is subnet's gateway",
			       ip_format(ip, name));
	r = store_add(adder->store, ip, req->container, req->ifname, err);
	if (r != -EEXIST)
		return r;
	describe_holder(adder->store, ip, holder, sizeof(holder), &torn);
	if (!torn)
		return not_available(set, ip, holder, err);
	log_warn("%s: empty or torn, nobody's lease", ip_format(ip, name));
	r = store_remove_ip(adder->store, ip, err);
	r = r ?: store_add(adder->store, ip, req->container, req->ifname, err);
	return r == -EEXIST ? not_available(set, ip, NULL, err) : r;
}

/*
 * Nothing is free: believe the leases rather than the hint, and then take
 * what is left from before this boot. *@gained tells whether to look again.
 */
static int make_room(struct adder *adder, const struct range_set *set,
		     bool *gained, struct err *err)
{
	struct store *store = adder->store;
	size_t reclaimed = 0;
	int r = 0;

	if (!store->scanned) {
		*gained = true;
		return store_scan(store, err);
	}
	if (adder->conf->reclaim_on_boot)
		r = reclaim_set(store, set, &reclaimed, err);
	*gained = reclaimed > 0;
	return r;
}

static int exhausted(const struct range_set *set, struct err *err)
{
	auto_strbuf struct strbuf ranges = { .len = 0 };

	range_set_format(set, &ranges);
	return err_set(err, CNI_E_EXHAUSTED,
		       "no IP addresses available in range set: %s",
		       strbuf_str(&ranges));
}

/* Lease @ip, which looked free. *@again: it was not, and all was read anew. */
static int lease_free(struct adder *adder, const struct ip *ip, int *races,
		      bool *again, struct err *err)
{
	int r = store_add(adder->store, ip, adder->req->container,
			  adder->req->ifname, err);

	*again = r == -EEXIST;
	if (r != -EEXIST)
		return r;
	if ((*races)++ == RACES_MAX)
		return err_set(err, CNI_E_AGAIN,
			       "the lease store is changed by others without "
			       "its lock");
	return store_scan(adder->store, err);
}

static int lease_next(struct adder *adder, const struct range_set *set,
		      struct ip *ip, struct err *err)
{
	struct ip last = store_last_reserved(adder->store, adder->set);
	const struct index *index = &adder->store->index;
	const struct range *range;
	bool again = true;
	int races = 0;
	int r = 0;

	while (r == 0 && again) {
		r = alloc_pick(set, &last, index->recs, index->count, ip,
			       &range);
		if (r == -ENOMEM)
			return err_nomem(err);
		if (r == 0) {
			r = lease_free(adder, ip, &races, &again, err);
			continue;
		}
		r = make_room(adder, set, &again, err);
		if (r == 0 && !again)
			return exhausted(set, err);
	}
	return r;
}

static int report(struct adder *adder, const struct range_set *set,
		  const struct ip *ip, struct err *err)
{
	const struct range *range = range_set_find(set, ip);
	struct cni_ip *entry = cni_result_add_ip(adder->result);

	if (!entry)
		return err_nomem(err);
	entry->address.ip = *ip;
	entry->address.len = range->subnet.len;
	entry->gateway = range->gateway;
	return 0;
}

static int serve_set(struct adder *adder, struct err *err)
{
	const struct range_set *set = &adder->conf->sets[adder->set];
	struct ip ip;
	int r;

	r = requested(adder, set, &ip, err);
	r = r ?: refuse_duplicate(adder, set, err);
	if (r == 0 && ip.family != IP_NONE)
		r = lease_requested(adder, set, &ip, err);
	else if (r == 0)
		r = lease_next(adder, set, &ip, err);
	if (r < 0)
		return r;
	/* Reported first: the undo releases what the result lists. */
	r = report(adder, set, &ip, err);
	if (r < 0) {
		struct err ignored = { .code = CNI_OK };

		(void)!store_remove_ip(adder->store, &ip, &ignored);
		return r;
	}
	return store_set_last_reserved(adder->store, adder->set, &ip, err);
}

/* Every requested address must have found its range set. */
static int check_all_served(const struct adder *adder, struct err *err)
{
	auto_strbuf struct strbuf left = { .len = 0 };
	char name[IP_TEXT];

	for (size_t i = 0; i < adder->conf->request_count; i++) {
		const struct ip *ip = &adder->conf->requests[i];
		size_t at = 0;

		while (at < adder->result->ip_count &&
		       !ip_equal(ip, &adder->result->ips[at].address.ip))
			at++;
		if (at == adder->result->ip_count)
			strbuf_printf(&left, " %s", ip_format(ip, name));
	}
	if (left.len == 0)
		return 0;
	return err_set(err, CNI_E_TAKEN,
		       "failed to allocate all requested IPs:%s",
		       strbuf_str(&left));
}

static int allocate(struct adder *adder, struct err *err)
{
	int r = 0;

	for (adder->set = 0; r == 0 && adder->set < adder->conf->set_count;
	     adder->set++) {
		r = serve_set(adder, err);
		if (r < 0)
			r = fail_set(adder, err);
	}
	r = r ?: check_all_served(adder, err);
	for (size_t i = 0; r < 0 && i < adder->result->ip_count; i++) {
		struct err undo = { .code = CNI_OK };

		if (store_remove_ip(adder->store,
				    &adder->result->ips[i].address.ip,
				    &undo) < 0)
			log_warn("undo of ADD: %s", undo.msg);
	}
	return r;
}

static int report_routes(const struct hostlocal_conf *conf,
			 struct cni_result *result, struct err *err)
{
	struct cni_route *route;

	for (size_t i = 0; i < conf->route_count; i++) {
		route = cni_result_add_route(result);
		if (!route)
			return err_nomem(err);
		*route = conf->routes[i];
	}
	return 0;
}

int hostlocal_add(const struct cni_request *req, struct cni_result *result,
		  struct err *err)
{
	auto_hostlocal_conf struct hostlocal_conf conf = { .set_count = 0 };
	auto_store struct store store = STORE_INIT;
	struct adder adder = { req, &conf, &store, result, 0 };
	int r;

	if (strlen(req->container) > LEASE_MAX - 64)
		return err_set(err, CNI_E_ENV,
			       "CNI_CONTAINERID: longer than %d bytes",
			       LEASE_MAX - 64);
	r = hostlocal_conf_read(req, &conf, err);
	if (r == 0 && *conf.resolv_conf)
		r = resolv_read(conf.resolv_conf, &result->arena, &result->dns,
				err);
	r = r ?: report_routes(&conf, result, err);
	r = r
		    ?: store_open(&store, conf.data_dir, req->name,
				  STORE_CREATE, err);
	return r ?: allocate(&adder, err);
}
