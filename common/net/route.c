/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/route.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

static size_t ip_size(enum ip_family family)
{
	return ip_bits(family) / 8;
}

static uint8_t af_of(enum ip_family family)
{
	return family == IP_V4 ? AF_INET : AF_INET6;
}

char *route_text(const struct route *route, char buf[ROUTE_TEXT])
{
	char dst[CIDR_TEXT], gw[IP_TEXT];
	char *end = text_put(buf, cidr_format(&route->dst, dst));

	if (route->gw.family != IP_NONE)
		end = text_put(text_put(end, " via "),
			       ip_format(&route->gw, gw));
	if (route->table && route->table != RT_TABLE_MAIN)
		end = text_uint(text_put(end, " table "), route->table);
	if (route->priority)
		(void)text_uint(text_put(end, " metric "), route->priority);
	return buf;
}

static int put_metrics(struct nl_msg *msg, const struct route *route)
{
	struct nlattr *metrics;

	if (!route->mtu && !route->advmss)
		return 0;
	metrics = nla_nest_start(msg, RTA_METRICS);
	if (!metrics ||
	    (route->mtu && nla_put_u32(msg, RTAX_MTU, route->mtu) < 0) ||
	    (route->advmss && nla_put_u32(msg, RTAX_ADVMSS, route->advmss) < 0))
		return -ENOMEM;
	(void)nla_nest_end(msg, metrics);
	return 0;
}

/* As the reference adds it: two default routes of IPv4 both stay. */
static struct nl_msg *route_msg(const struct route *route)
{
	const uint32_t table = route->table ?: RT_TABLE_MAIN;
	const int size = (int)ip_size(route->dst.ip.family);
	struct rtmsg head = {
		.rtm_family = af_of(route->dst.ip.family),
		.rtm_dst_len = (uint8_t)route->dst.len,
		.rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = route->scope,
		.rtm_type = RTN_UNICAST,
	};
	auto_msg struct nl_msg *msg =
		net_msg(RTM_NEWROUTE, NLM_F_CREATE, &head, sizeof(head));

	if (!msg ||
	    (route->dst.len > 0 &&
	     nla_put(msg, RTA_DST, size, route->dst.ip.bytes) < 0) ||
	    (table >= 256 && nla_put_u32(msg, RTA_TABLE, table) < 0) ||
	    nla_put_u32(msg, RTA_OIF, (uint32_t)route->oif) < 0 ||
	    (route->priority &&
	     nla_put_u32(msg, RTA_PRIORITY, route->priority) < 0) ||
	    put_metrics(msg, route) < 0)
		return NULL;
	if (route->gw.family != IP_NONE &&
	    nla_put(msg, RTA_GATEWAY, (int)ip_size(route->gw.family),
		    route->gw.bytes) < 0)
		return NULL;
	return take_ptr(msg);
}

void route_put(struct net_batch *batch, const struct route *route,
	       const char *link)
{
	char text[ROUTE_TEXT];

	net_batch_add(batch, route_msg(route), 0, "add route %s dev \"%s\"",
		      route_text(route, text), link);
}

/* ---- Reading ---- */

struct reader {
	struct route_list list;
	int oif;
};

static int append(struct route_list *list, const struct route *route)
{
	struct route *grown =
		reallocarray(list->at, list->count + 1, sizeof(*list->at));

	if (!grown)
		return -ENOMEM;
	list->at = grown;
	list->at[list->count++] = *route;
	return 0;
}

static void read_ip(struct nlattr *attr, enum ip_family family, struct ip *out)
{
	if (nla_len(attr) != (int)ip_size(family))
		return;
	out->family = family;
	memcpy(out->bytes, nla_data(attr), ip_size(family));
}

static void read_metrics(struct nlattr *metrics, struct route *out)
{
	struct nlattr *attr;
	int left;

	nla_for_each_nested (attr, metrics, left) {
		if (nla_len(attr) < 4)
			continue;
		if (nla_type(attr) == RTAX_MTU)
			out->mtu = nla_get_u32(attr);
		if (nla_type(attr) == RTAX_ADVMSS)
			out->advmss = nla_get_u32(attr);
	}
}

static void read_attr(struct nlattr *attr, enum ip_family family,
		      struct route *out)
{
	switch (nla_type(attr)) {
	case RTA_DST:
		read_ip(attr, family, &out->dst.ip);
		break;
	case RTA_GATEWAY:
		read_ip(attr, family, &out->gw);
		break;
	case RTA_OIF:
		out->oif = nla_len(attr) >= 4 ? (int)nla_get_u32(attr) : 0;
		break;
	case RTA_TABLE:
		out->table = nla_len(attr) >= 4 ? nla_get_u32(attr) : 0;
		break;
	case RTA_PRIORITY:
		out->priority = nla_len(attr) >= 4 ? nla_get_u32(attr) : 0;
		break;
	case RTA_METRICS:
		read_metrics(attr, out);
		break;
	default:
		break;
	}
}

/* Each next hop of a multipath route counts as a route of its own. */
static int append_hops(struct reader *to, struct nlattr *hops,
		       const struct route *base)
{
	struct rtnexthop *hop = nla_data(hops);
	int left = nla_len(hops);
	int r = 0;

	while (r == 0 && left >= (int)sizeof(*hop) &&
	       hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		struct route route = *base;
		struct nlattr *gw = nla_find((void *)(hop + 1),
					     hop->rtnh_len - (int)sizeof(*hop),
					     RTA_GATEWAY);

		route.oif = hop->rtnh_ifindex;
		if (gw)
			read_ip(gw, route.dst.ip.family, &route.gw);
		if (route.oif == to->oif)
			r = append(&to->list, &route);
		left -= (int)NLA_ALIGN(hop->rtnh_len);
		hop = (void *)((char *)hop + NLA_ALIGN(hop->rtnh_len));
	}
	return r;
}

static int take_route(struct nlmsghdr *hdr, void *ctx)
{
	struct reader *to = ctx;
	const struct rtmsg *info;
	struct route route = { .oif = 0 };
	struct nlattr *attr, *hops;
	int left;

	if (!hdr) {
		route_list_free(&to->list);
		return 0;
	}
	if (hdr->nlmsg_type != RTM_NEWROUTE ||
	    !nlmsg_valid_hdr(hdr, sizeof(*info)))
		return -EBADMSG;
	info = nlmsg_data(hdr);
	if (info->rtm_type != RTN_UNICAST)
		return 0;
	route.dst.ip.family = info->rtm_family == AF_INET ? IP_V4 : IP_V6;
	route.dst.len = info->rtm_dst_len;
	route.scope = info->rtm_scope;
	route.table = info->rtm_table;
	nla_for_each_attr (attr, nlmsg_attrdata(hdr, (int)sizeof(*info)),
			   nlmsg_attrlen(hdr, (int)sizeof(*info)), left) {
		read_attr(attr, route.dst.ip.family, &route);
	}
	if (route.table == RT_TABLE_LOCAL)
		return 0;
	hops = nlmsg_find_attr(hdr, sizeof(*info), RTA_MULTIPATH);
	if (hops)
		return append_hops(to, hops, &route);
	return route.oif == to->oif ? append(&to->list, &route) : 0;
}

int route_list(struct net *net, enum ip_family family, int oif,
	       struct route_list *out, struct err *err)
{
	struct rtmsg head = { .rtm_family = af_of(family) };
	struct reader to = { .oif = oif };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_GETROUTE, 0, &head, sizeof(head));
	int r;

	*out = (struct route_list){ .count = 0 };
	if (!msg)
		return err_nomem(err);
	r = net_dump(net, msg, take_route, &to, err, "list IPv%d routes",
		     (int)family);
	if (r < 0)
		route_list_free(&to.list);
	*out = to.list;
	return r;
}

void route_list_free(struct route_list *list)
{
	free(list->at);
	*list = (struct route_list){ .count = 0 };
}

static int take_oif(struct nlmsghdr *hdr, void *oif)
{
	struct nlattr *attr;

	if (!nlmsg_valid_hdr(hdr, sizeof(struct rtmsg)))
		return -EBADMSG;
	attr = nlmsg_find_attr(hdr, sizeof(struct rtmsg), RTA_OIF);
	if (!attr || nla_len(attr) < 4)
		return -ENETUNREACH;
	*(int *)oif = (int)nla_get_u32(attr);
	return 0;
}

int route_get(struct net *net, const struct ip *ip, int *oif, struct err *err)
{
	struct rtmsg head = { .rtm_family = af_of(ip->family),
			      .rtm_dst_len = (uint8_t)ip_bits(ip->family) };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_GETROUTE, 0, &head, sizeof(head));
	char text[IP_TEXT];

	*oif = 0;
	if (!msg ||
	    nla_put(msg, RTA_DST, (int)ip_size(ip->family), ip->bytes) < 0)
		return err_nomem(err);
	return net_get(net, msg, take_oif, oif, err, "find route to %s",
		       ip_format(ip, text));
}
