/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own addresses on the bridge, for which containers' routes are. Of
 * a VLAN, they are on "<bridge>.<vlan>": one end of a pair of links whose other
 * end is a port of the bridge in that VLAN.
 */
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/net/br.h"
#include "common/net/sysctl.h"
#include "common/net/veth.h"
#include "plugins/bridge/attachment.h"

const struct link_info *gateway_link(const struct attachment *at)
{
	return at->vlan.index ? &at->vlan : &at->bridge;
}

char *gateway_vlan_name(const struct bridge_conf *conf, char buf[LINK_NAME])
{
	char number[TEXT_NUM];
	const size_t len = strlen(conf->bridge);

	*buf = '\0';
	(void)text_uint(number, conf->vlan);
	if (len + 1 + strlen(number) < LINK_NAME)
		(void)text_put(text_put(text_put(buf, conf->bridge), "."),
			       number);
	return buf;
}

/* ---- The VLAN's link ---- */

static int vlan_port_up(struct attachment *at, const char *name,
			struct err *err)
{
	const struct port_spec spec = { .alias = at->vlan.name };
	const struct vlan_set set = { .pvid = at->conf.vlan };
	const uint16_t given = at->bridge.bridge.default_pvid;
	struct link_info port;
	int r;

	r = link_get(&at->host, name, &port, err);
	if (r == 0 && given)
		r = port_vlan_del(&at->host, &port, given, err);
	r = r ?: port_vlan_add(&at->host, &port, &set, err);
	return r ?: port_set(&at->host, &port, &spec, err);
}

/* The name of its other end, the bridge's port. */
static char *vlan_port_name(const char *name, char buf[LINK_NAME])
{
	hash_hex(&name, 1, text_put(buf, "veth"), LINK_NAME - 1 - 4);
	return buf;
}

/*
 * What an ADD has left that was killed, or that is not further yet, has no
 * alias: that comes last. It is done again by both then, to the same end.
 */
static int finish_vlan_link(struct attachment *at, const char *name,
			    struct err *err)
{
	struct link_info port;
	char text[LINK_NAME];
	bool found;
	int r;

	r = link_find(&at->host, vlan_port_name(name, text), &port, &found,
		      err);
	if (r < 0 || !found || *port.alias || port.peer != at->vlan.index ||
	    port.master != at->bridge.index)
		return r;
	return vlan_port_up(at, text, err);
}

static int make_vlan_link(struct attachment *at, const char *name,
			  struct err *err)
{
	uint8_t port_mac[LINK_MAC];
	char port[LINK_NAME];
	const struct veth_spec spec = {
		.name = port,
		.mac = port_mac,
		.master = at->bridge.index,
		.mtu = at->bridge.mtu,
		.peer = name,
		.peer_mac = at->vlan_mac,
		.peer_ns = -1,
	};
	struct err why = { .code = CNI_OK };
	int r;

	(void)vlan_port_name(name, port);
	r = link_random_mac(at->vlan_mac, err);
	r = r ?: link_random_mac(port_mac, err);
	if (r < 0)
		return r;
	r = veth_add(&at->host, &spec, &why);
	if (r < 0 && r != -EEXIST) {
		*err = why;
		return r;
	}
	return link_get(&at->host, name, &at->vlan, err);
}

static int ensure_vlan_link(struct attachment *at, struct err *err)
{
	char name[LINK_NAME];
	bool found;
	int r;

	(void)gateway_vlan_name(&at->conf, name);
	r = link_find(&at->host, name, &at->vlan, &found, err);
	if (r == 0 && !found)
		r = make_vlan_link(at, name, err);
	r = r ?: finish_vlan_link(at, name, err);
	if (r == 0 && !(at->vlan.flags & IFF_UP))
		r = link_set_flags(&at->host, &at->vlan, IFF_UP, IFF_UP, err);
	return r;
}

/* ---- Its addresses ---- */

/* The @i-th gateway of the result as an address on the bridge. */
static struct cidr gateway_at(const struct attachment *at, size_t i)
{
	const struct cni_ip *ip = &at->result->ips[i];

	return (struct cidr){ .ip = ip->gateway, .len = ip->address.len };
}

static bool same_cidr(const struct cidr *a, const struct cidr *b)
{
	return a->len == b->len && ip_equal(&a->ip, &b->ip);
}

static bool is_gateway(const struct attachment *at, const struct cidr *addr)
{
	for (size_t i = 0; i < at->result->ip_count; i++) {
		const struct cidr gateway = gateway_at(at, i);

		if (same_cidr(&gateway, addr))
			return true;
	}
	return false;
}

/* Of IPv4 a bridge has one network's; of IPv6 all that do not overlap. */
static bool conflicts(const struct attachment *at, const struct cidr *have,
		      const struct cidr *want)
{
	if (have->ip.family != want->ip.family || is_gateway(at, have))
		return false;
	return want->ip.family == IP_V4 || cidr_contains(have, &want->ip) ||
	       cidr_contains(want, &have->ip);
}

static int resolve_conflict(struct attachment *at, const struct cidr *have,
			    const struct cidr *want, struct err *err)
{
	const struct link_info *link = gateway_link(at);
	char have_text[CIDR_TEXT], want_text[CIDR_TEXT];
	int r;

	if (at->conf.force_address)
		return addr_del(&at->host, link->index, link->name, have, err);
	r = err_set(err, CNI_E_CONFIG,
		    "\"%s\" already has an IP address different from %s",
		    link->name, cidr_format(want, want_text));
	(void)err_hint(err,
		       "it has %s; \"forceAddress\": true replaces it, or: ip "
		       "addr del %s dev %s",
		       cidr_format(have, have_text), have_text, link->name);
	return r;
}

/*
 * Once a bridge has an address it must keep its MAC: the one it has now, or if
 * it lost that with its last port, a new one. One that we made has its own.
 */
static int pin_mac(struct attachment *at, struct err *err)
{
	static const uint8_t none[LINK_MAC];
	uint8_t mac[LINK_MAC];
	int r = 0;

	if (at->made_bridge || at->vlan.index)
		return 0;
	memcpy(mac, at->bridge.mac, LINK_MAC);
	if (memcmp(mac, none, LINK_MAC) == 0)
		r = link_random_mac(mac, err);
	r = r ?: link_set_mac(&at->host, &at->bridge, mac, err);
	if (r == 0)
		memcpy(at->bridge.mac, mac, LINK_MAC);
	return r;
}

static int add_gateway(struct attachment *at, const struct cidr *want,
		       struct err *err)
{
	const struct link_info *link = gateway_link(at);
	struct err why = { .code = CNI_OK };
	int r;

	/* First, so that it is taken back even if the answer is lost. */
	at->gateways[at->gateway_count++] = *want;
	r = addr_add(&at->host, link->index, link->name, want, true, &why);
	if (r == -EEXIST)
		at->gateway_count--;
	if (r == -EEXIST)
		return 0;
	if (r < 0)
		*err = why;
	if (r == -EACCES || r == -EPERM)
		(void)err_hint(err, "is net.ipv6.conf.%s.disable_ipv6 1?",
			       link->name);
	return r ?: pin_mac(at, err);
}

static int ensure_gateway(struct attachment *at, const struct cidr *want,
			  struct err *err)
{
	const struct addr_list *have = &at->had;
	int r = 0;

	for (size_t i = 0; i < have->count; i++)
		if (same_cidr(&have->at[i], want))
			return 0;
	for (size_t i = 0; r == 0 && i < have->count; i++)
		if (conflicts(at, &have->at[i], want))
			r = resolve_conflict(at, &have->at[i], want, err);
	return r ?: add_gateway(at, want, err);
}

static int forward(enum ip_family family, struct err *err)
{
	return family == IP_V4
		       ? sysctl_set("1", err, "ipv4/ip_forward")
		       : sysctl_set("1", err, "ipv6/conf/all/forwarding");
}

/* IPv4 first, as the reference does it. */
static int ensure_family(struct attachment *at, enum ip_family family,
			 struct err *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < at->result->ip_count; i++) {
		const struct cidr want = gateway_at(at, i);

		if (want.ip.family != family)
			continue;
		any = true;
		r = ensure_gateway(at, &want, err);
	}
	return r < 0 || !any ? r : forward(family, err);
}

int gateway_ensure(struct attachment *at, struct err *err)
{
	int r = 0;

	if (!at->conf.is_gateway || !at->conf.ipam_type)
		return 0;
	at->gateways = arena_array(&at->result->arena, at->result->ip_count,
				   sizeof(*at->gateways));
	if (!at->gateways)
		return err_nomem(err);
	if (at->conf.vlan)
		r = ensure_vlan_link(at, err);
	r = r ?: addr_list(&at->host, gateway_link(at)->index, &at->had, err);
	r = r ?: ensure_family(at, IP_V4, err);
	return r ?: ensure_family(at, IP_V6, err);
}

/* ---- Taking back ---- */

struct neighbours {
	char prefix[OWNER_TEXT];
	size_t count;
};

/* Ports of this network that have come since: they need the gateway now. */
static int note_neighbour(const struct link_info *link, void *ctx,
			  struct err *err)
{
	struct neighbours *others = ctx;

	(void)err;
	if (strncmp(link->alias, others->prefix, strlen(others->prefix)) == 0)
		others->count++;
	return 0;
}

/* What forceAddress has removed; what is there still is -EEXIST. */
static int restore(struct attachment *at, struct err *err)
{
	const struct link_info *link = gateway_link(at);
	struct err why = { .code = CNI_OK };
	int r = 0;

	for (size_t i = 0; r == 0 && i < at->had.count; i++) {
		err_clear(&why);
		r = addr_add(&at->host, link->index, link->name, &at->had.at[i],
			     true, &why);
		if (r == -EEXIST)
			r = 0;
	}
	if (r < 0)
		*err = why;
	return r;
}

static int undo_vlan_link(struct attachment *at, struct err *err)
{
	char name[LINK_NAME];
	struct link_info now;
	bool found;
	int r;

	if (!at->conf.vlan || !at->conf.is_gateway)
		return 0;
	(void)gateway_vlan_name(&at->conf, name);
	r = link_find(&at->host, name, &now, &found, err);
	if (r < 0 || !found || memcmp(now.mac, at->vlan_mac, LINK_MAC) != 0)
		return r;
	return link_del(&at->host, now.index, name, err);
}

int gateway_undo(struct attachment *at, struct err *err)
{
	const struct link_info *link = gateway_link(at);
	struct neighbours others = { .count = 0 };
	int r;

	(void)cni_owner_prefix(at->owner.network, others.prefix);
	r = link_each(&at->host, NULL, at->bridge.index, note_neighbour,
		      &others, err);
	if (r < 0 || others.count > 0)
		return r;
	while (at->gateway_count > 0) {
		const struct cidr *addr = &at->gateways[--at->gateway_count];

		r = first_of(addr_del(&at->host, link->index, link->name, addr,
				      err),
			     r);
	}
	if (at->conf.force_address && r == 0)
		r = restore(at, err);
	return first_of(undo_vlan_link(at, err), r);
}
