/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what IPAM answers to what is to be, in words of the result. */
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/net/route.h"
#include "plugins/bridge/attachment.h"

/* Indices of the result's interfaces. */
enum { IF_BRIDGE, IF_PORT, IF_POD, IF_COUNT };

struct ip plan_gateway(const struct cni_result *result, enum ip_family family)
{
	static const struct ip none = { .family = IP_NONE };

	for (size_t i = 0; i < result->ip_count; i++)
		if (result->ips[i].gateway.family == family)
			return result->ips[i].gateway;
	return none;
}

/* What reaches no further than the link has no gateway. */
void plan_route(const struct cni_result *result, const struct cni_route *route,
		int oif, struct route *out)
{
	*out = (struct route){
		.dst = route->dst,
		.gw = route->gw,
		.oif = oif,
		.table = route->has_table ? (uint32_t)route->table : 0,
		.scope = route->has_scope ? (uint8_t)route->scope : 0,
		.priority = (uint32_t)route->priority,
		.mtu = (uint32_t)route->mtu,
		.advmss = (uint32_t)route->advmss,
	};
	if (out->gw.family == IP_NONE && out->scope < RT_SCOPE_LINK)
		out->gw = plan_gateway(result, route->dst.ip.family);
}

static bool has_default_route(const struct cni_result *result,
			      enum ip_family family)
{
	for (size_t i = 0; i < result->route_count; i++)
		if (result->routes[i].dst.len == 0 &&
		    result->routes[i].dst.ip.family == family)
			return true;
	return false;
}

static int add_default_route(struct cni_result *result, const struct ip *gw,
			     struct err *err)
{
	struct cni_route *route;

	if (gw->family == IP_NONE || has_default_route(result, gw->family))
		return 0;
	route = cni_result_add_route(result);
	if (!route)
		return err_nomem(err);
	route->dst = (struct cidr){ .ip.family = gw->family };
	route->gw = *gw;
	return 0;
}

static int complete_ips(struct attachment *at, struct err *err)
{
	struct cni_result *result = at->result;
	int r = 0;

	for (size_t i = 0; r == 0 && i < result->ip_count; i++) {
		struct cni_ip *ip = &result->ips[i];

		ip->has_interface = true;
		ip->interface = IF_POD;
		at->addrs[i] = ip->address;
		if (ip->gateway.family == IP_NONE && at->conf.is_gateway)
			ip->gateway = ip_from_num(ip->address.ip.family,
						  cidr_first(&ip->address) + 1);
	}
	for (size_t i = 0;
	     at->conf.is_default_gateway && r == 0 && i < result->ip_count; i++)
		r = add_default_route(result, &result->ips[i].gateway, err);
	return r;
}

void plan_rules(struct attachment *at, const struct cidr *addrs, size_t count)
{
	at->rules = (struct bridge_rules){
		.owner = at->owner,
		.backend = at->conf.masq_backend,
		.random_fully = at->conf.masq_random_fully,
		.spoof_check = at->conf.mac_spoof_chk,
		.port = at->port.index ? at->port.name : NULL,
		.mac = at->eth.mac,
	};
	if (at->conf.ip_masq && at->conf.ipam_type) {
		at->rules.masq = addrs;
		at->rules.masq_count = count;
	}
}

int plan_addresses(struct attachment *at, struct err *err)
{
	int r;

	if (at->conf.ipam_type && at->result->ip_count == 0)
		return err_set(err, CNI_E_DELEGATE,
			       "IPAM plugin returned missing IP config");
	at->addrs = arena_array(&at->result->arena, at->result->ip_count + 1,
				sizeof(*at->addrs));
	if (!at->addrs)
		return err_nomem(err);
	r = complete_ips(at, err);
	if (r < 0)
		return r;
	if (cni_dns_present(&at->conf.dns))
		at->result->dns = at->conf.dns;
	plan_rules(at, at->addrs, at->result->ip_count);
	return 0;
}

static int fill_interface(struct attachment *at, const char *name,
			  const uint8_t *mac, uint32_t mtu, struct err *err)
{
	struct cni_result *result = at->result;
	struct cni_interface *entry = cni_result_add_interface(result);
	char text[LINK_MAC_TEXT];

	if (!entry)
		return err_nomem(err);
	entry->name = arena_strdup(&result->arena, name);
	entry->mac = arena_strdup(&result->arena, link_mac_text(mac, text));
	if (at->req->version >= CNI_V1_1_0)
		entry->mtu = mtu;
	return entry->name && entry->mac ? 0 : err_nomem(err);
}

int plan_interfaces(struct attachment *at, struct err *err)
{
	struct cni_result *result = at->result;
	int r;

	result->interface_count = 0; /* IPAM has none to tell of */
	r = fill_interface(at, at->bridge.name, at->bridge.mac, at->bridge.mtu,
			   err);
	r = r
		    ?: fill_interface(at, at->port.name, at->port.mac,
				      at->port.mtu, err);
	r = r
		    ?: fill_interface(at, at->owner.ifname, at->eth.mac,
				      at->eth.mtu, err);
	if (r < 0)
		return r;
	result->interfaces[IF_POD].sandbox =
		arena_strdup(&result->arena, at->req->netns);
	if (!result->interfaces[IF_POD].sandbox)
		return err_nomem(err);
	if (!at->vlan.index)
		return 0;
	return fill_interface(at, at->vlan.name, at->vlan.mac, at->vlan.mtu,
			      err);
}
