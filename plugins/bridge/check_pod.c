/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/net/addr.h"
#include "common/net/route.h"
#include "plugins/bridge/check.h"

int check_eth(struct attachment *at, struct err *err)
{
	const char *ifname = at->owner.ifname;
	bool found;
	int r;

	r = link_find(&at->pod, ifname, &at->eth, &found, err);
	if (r < 0)
		return r;
	if (!found)
		return err_set(err, CNI_E_CHECK,
			       "interface \"%s\" is missing in \"%s\"", ifname,
			       at->req->netns);
	if (strcmp(at->eth.kind, "veth") != 0)
		return err_set(err, CNI_E_CHECK,
			       "interface \"%s\" is of kind \"%s\", expected "
			       "veth",
			       ifname, at->eth.kind);
	if (!at->conf.disable_container_interface && !(at->eth.flags & IFF_UP))
		return err_set(err, CNI_E_CHECK,
			       "interface \"%s\" is down, expected it up",
			       ifname);
	return check_link(&at->eth, check_entry(at->result, ifname, true),
			  at->conf.mtu, err);
}

static bool has_address(const struct addr_list *have, const struct cidr *want)
{
	for (size_t i = 0; i < have->count; i++)
		if (have->at[i].len == want->len &&
		    ip_equal(&have->at[i].ip, &want->ip))
			return true;
	return false;
}

static int check_addresses(struct attachment *at, struct err *err)
{
	auto_addr_list struct addr_list have = { .count = 0 };
	char text[CIDR_TEXT];
	int r = 0;

	if (at->result->ip_count > 0)
		r = addr_list(&at->pod, at->eth.index, &have, err);
	for (size_t i = 0; r == 0 && i < at->result->ip_count; i++)
		if (!has_address(&have, &at->result->ips[i].address))
			r = err_set(err, CNI_E_CHECK,
				    "address %s is missing on interface "
				    "\"%s\"",
				    cidr_format(&at->result->ips[i].address,
						text),
				    at->owner.ifname);
	return r;
}

/* ---- Routes ---- */

static uint32_t table_of(const struct route *route)
{
	return route->table ?: RT_TABLE_MAIN;
}

/* The same destination, in the same table, with that metric if one is said. */
static bool is_for_same(const struct route *have, const struct route *want)
{
	return have->dst.len == want->dst.len &&
	       (want->dst.len == 0 || ip_equal(&have->dst.ip, &want->dst.ip)) &&
	       table_of(have) == table_of(want) &&
	       (!want->priority || have->priority == want->priority);
}

static bool is_as_wanted(const struct route *have, const struct route *want)
{
	return ip_equal(&have->gw, &want->gw) &&
	       (!want->mtu || have->mtu == want->mtu) &&
	       (!want->advmss || have->advmss == want->advmss);
}

static int check_route(const struct attachment *at,
		       const struct route_list *have, const struct route *want,
		       struct err *err)
{
	const struct route *other = NULL;
	char text[ROUTE_TEXT], other_text[ROUTE_TEXT];

	for (size_t i = 0; i < have->count; i++) {
		if (!is_for_same(&have->at[i], want))
			continue;
		if (is_as_wanted(&have->at[i], want))
			return 0;
		other = &have->at[i];
	}
	(void)route_text(want, text);
	if (!other)
		return err_set(err, CNI_E_CHECK,
			       "route %s is missing on interface \"%s\"", text,
			       at->owner.ifname);
	return err_set(err, CNI_E_CHECK,
		       "route %s (mtu %u, advmss %u) on interface \"%s\", "
		       "expected %s (mtu %u, advmss %u)",
		       route_text(other, other_text), other->mtu, other->advmss,
		       at->owner.ifname, text, want->mtu, want->advmss);
}

static int check_family(struct attachment *at, enum ip_family family,
			struct err *err)
{
	auto_route_list struct route_list have = { .count = 0 };
	const struct cni_result *prev = at->result;
	bool listed = false;
	struct route want;
	int r = 0;

	for (size_t i = 0; r == 0 && i < prev->route_count; i++) {
		if (prev->routes[i].dst.ip.family != family)
			continue;
		if (!listed)
			r = route_list(&at->pod, family, at->eth.index, &have,
				       err);
		listed = true;
		plan_route(prev, &prev->routes[i], at->eth.index, &want);
		r = r ?: check_route(at, &have, &want, err);
	}
	return r;
}

int check_pod(struct attachment *at, struct err *err)
{
	int r;

	r = check_eth(at, err);
	if (at->conf.disable_container_interface)
		return r;
	r = r ?: check_addresses(at, err);
	r = r ?: check_family(at, IP_V4, err);
	return r ?: check_family(at, IP_V6, err);
}
