/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's end: sysctls, then addresses and routes and "up" in one send,
 * and once the bridge forwards, an announcement.
 *
 * The announcement is the kernel's own. It sends a gratuitous ARP and an
 * unsolicited neighbour advertisement for each address when a link's MAC
 * address is set, even to what it is, if arp_notify and ndisc_notify say so.
 * A packet socket could do it as well, but closing one waits for RCU, longer
 * than all the rest takes.
 */
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/base/log.h"
#include "common/net/event.h"
#include "common/net/neigh.h"
#include "common/net/netns.h"
#include "common/net/route.h"
#include "common/net/sysctl.h"
#include "plugins/bridge/attachment.h"

#define DAD_TIMEOUT_MS 5000U

int pod_look(struct attachment *at, struct err *err)
{
	struct link_info link;
	bool found;
	int r;

	/* The kernel would make "eth0" of it. */
	if (strchr(at->owner.ifname, '%'))
		return err_set(err, CNI_E_ENV,
			       "CNI_IFNAME: \"%s\": interface names with a "
			       "\"%%\" are patterns to the kernel",
			       at->owner.ifname);
	r = link_find(&at->pod, at->owner.ifname, &link, &found, err);
	if (r == 0 && found)
		return err_set(err, CNI_E_ENV,
			       "CNI_IFNAME: container veth name (\"%s\") "
			       "already exists",
			       at->owner.ifname);
	return r;
}

/* ---- Sysctls ---- */

static bool has_family(const struct cni_result *result, enum ip_family family)
{
	for (size_t i = 0; i < result->ip_count; i++)
		if (result->ips[i].address.ip.family == family)
			return true;
	return false;
}

/* Refinements: a kernel, or a /proc/sys, without one is no failure. */
static void try_sysctl(const char *value, const char *key, const char *ifname)
{
	struct err ignored = { .code = CNI_OK };

	(void)!sysctl_set(value, &ignored, "ipv6/conf/%s/%s", ifname, key);
}

static int enable_ipv6(const char *ifname, struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r = sysctl_set("0", &why, "ipv6/conf/%s/disable_ipv6", ifname);

	if (r == -ENOENT)
		return err_set(err, CNI_E_IO,
			       "%s: no IPv6 in the container's kernel",
			       why.msg);
	if (r < 0)
		*err = why;
	return r;
}

static int set_sysctls(void *ctx, struct err *err)
{
	struct attachment *at = ctx;
	const char *ifname = at->owner.ifname;
	int r;

	r = enable_ipv6("lo", err);
	r = r ?: enable_ipv6(ifname, err);
	if (r < 0)
		return r;
	if (at->conf.enable_dad)
		try_sysctl("1", "enhanced_dad", ifname);
	try_sysctl(at->conf.enable_dad ? "1" : "0", "accept_dad", ifname);
	try_sysctl("1", "ndisc_notify", ifname);
	try_sysctl("0", "accept_ra", ifname);
	return sysctl_set("1", err, "ipv6/conf/%s/keep_addr_on_down", ifname);
}

/* ---- Addresses and routes ---- */

/* Up, and arp_notify on, which rtnetlink can set without a file. */
static struct nl_msg *up_msg(const struct attachment *at)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC,
					.ifi_index = at->eth.index,
					.ifi_flags = IFF_UP,
					.ifi_change = IFF_UP };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_NEWLINK, 0, &head, sizeof(head));
	struct nlattr *spec, *inet, *conf;

	if (!msg || !at->conf.ipam_type)
		return take_ptr(msg);
	spec = nla_nest_start(msg, IFLA_AF_SPEC);
	inet = spec ? nla_nest_start(msg, AF_INET) : NULL;
	conf = inet ? nla_nest_start(msg, IFLA_INET_CONF) : NULL;
	if (!conf || nla_put_u32(msg, IPV4_DEVCONF_ARP_NOTIFY, 1) < 0)
		return NULL;
	(void)nla_nest_end(msg, conf);
	(void)nla_nest_end(msg, inet);
	(void)nla_nest_end(msg, spec);
	return take_ptr(msg);
}

static bool same_route(const struct cni_route *a, const struct cni_route *b)
{
	return a->dst.len == b->dst.len && ip_equal(&a->dst.ip, &b->dst.ip) &&
	       ip_equal(&a->gw, &b->gw) && a->priority == b->priority &&
	       a->table == b->table && a->scope == b->scope;
}

/* The same route twice is what IPAM and the configuration may both say. */
static bool is_repeated(const struct cni_result *result, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_route(&result->routes[i], &result->routes[at]))
			return true;
	return false;
}

static void put_all(const struct attachment *at, struct net_batch *batch)
{
	const struct cni_result *result = at->result;
	const char *ifname = at->owner.ifname;
	struct route route;

	net_batch_add(batch, up_msg(at), 0, "set link \"%s\" up", ifname);
	for (size_t i = 0; i < result->ip_count; i++)
		addr_put(batch, at->eth.index, ifname, &result->ips[i].address,
			 !at->conf.enable_dad);
	for (size_t i = 0; i < result->route_count; i++) {
		if (is_repeated(result, i))
			continue;
		plan_route(result, &result->routes[i], at->eth.index, &route);
		route_put(batch, &route, ifname);
	}
}

/* ---- Duplicate addresses ---- */

static int is_settled(struct nlmsghdr *hdr, void *ctx)
{
	const struct attachment *at = ctx;
	struct ip ip;
	enum addr_dad dad = addr_dad_read(hdr, at->eth.index, &ip);

	return dad == ADDR_READY || dad == ADDR_FAILED;
}

static int look_at_dad(struct attachment *at, size_t *tentative,
		       struct err *err)
{
	struct ip failed;
	char text[IP_TEXT];
	int r;

	r = addr_dad_get(&at->pod, at->eth.index, tentative, &failed, err);
	if (r == 0 && failed.family != IP_NONE)
		return err_set(err, CNI_E_TAKEN,
			       "link %s has address %s in DADFAILED state",
			       at->owner.ifname, ip_format(&failed, text));
	return r;
}

static int wait_for_dad(struct attachment *at, struct net *events,
			struct err *err)
{
	size_t tentative = 0;
	int waited = 0;
	int r;

	do {
		r = look_at_dad(at, &tentative, err);
		if (r < 0 || tentative == 0)
			return r;
		if (waited == -ETIMEDOUT)
			break;
		waited = net_wait(events, is_settled, at, DAD_TIMEOUT_MS);
	} while (waited == 0 || waited == -ETIMEDOUT || waited == -ENOBUFS);
	return err_set(err, CNI_E_IO,
		       "link %s still has %zu tentative addresses after %u "
		       "seconds",
		       at->owner.ifname, tentative, DAD_TIMEOUT_MS / 1000);
}

/* ---- All of it ---- */

static int watch_dad(struct attachment *at, struct net *events, struct err *err)
{
	int r;

	if (!at->conf.enable_dad || !has_family(at->result, IP_V6))
		return 0;
	r = net_open(events, at->ns, err);
	return r ?: net_listen(events, RTNLGRP_IPV6_IFADDR, err);
}

int pod_configure(struct attachment *at, struct err *err)
{
	auto_net_batch struct net_batch batch = { .count = 0 };
	auto_net struct net link_events = NET_CLOSED;
	auto_net struct net addr_events = NET_CLOSED;
	int r = 0;

	if (at->conf.disable_container_interface)
		return 0;
	if (has_family(at->result, IP_V6))
		r = netns_call(at->ns, set_sysctls, at, err);
	put_all(at, &batch);
	r = r ?: net_open(&link_events, -1, err);
	r = r ?: net_listen(&link_events, RTNLGRP_LINK, err);
	r = r ?: watch_dad(at, &addr_events, err);
	r = r ?: net_batch_send(&at->pod, &batch, err);
	r = r ?: port_wait(at, &link_events, err);
	if (r == 0 && addr_events.fd >= 0)
		r = wait_for_dad(at, &addr_events, err);
	return r;
}

/*
 * What the host remembers of these addresses is of whoever had them before;
 * the others on the bridge learn it from the container.
 */
int pod_announce(struct attachment *at, struct err *err)
{
	auto_net_batch struct net_batch batch = { .count = 0 };
	struct err why = { .code = CNI_OK };

	(void)err;
	if (!at->conf.ipam_type)
		return 0;
	for (size_t i = 0; i < at->result->ip_count; i++)
		neigh_put_correct(&batch, gateway_link(at)->index,
				  &at->result->ips[i].address.ip, at->eth.mac);
	if (net_batch_send(&at->host, &batch, &why) < 0)
		log_warn("%s", why.msg);
	err_clear(&why);
	if (link_set_mac(&at->pod, &at->eth, at->eth.mac, &why) < 0)
		log_warn("announce %s: %s", at->owner.ifname, why.msg);
	return 0;
}
