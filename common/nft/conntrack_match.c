/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections: which are meant by a filter, and how the kernel is told. */
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

#include "common/nft/conntrack_parts.h"

/* CTA_FILTER_*_FLAGS: the parts of a tuple that count. Not in the headers. */
#define PART_IP_SRC    (1U << 0)
#define PART_IP_DEST   (1U << 1)
#define PART_PROTO     (1U << 3)
#define PART_PORT_DEST (1U << 5)

/* CTA_STATUS: the destination is translated. */
#define STATUS_DST_NAT (1U << 5)

bool conntrack_for_one_peer(const struct conntrack_filter *filter)
{
	return filter->peer.family != IP_NONE && !filter->others;
}

int conntrack_check(const struct conntrack_filter *filter, struct err *err)
{
	const char *lacks = NULL;

	if (filter->family != IP_V4 && filter->family != IP_V6)
		lacks = "a family";
	else if (filter->protocol == 0)
		lacks = "a protocol";
	else if (filter->host_port == 0 && !conntrack_for_one_peer(filter))
		lacks = "a port or a peer";
	if (!lacks)
		return 0;
	return err_sys(err, EINVAL, "conntrack filter without %s", lacks);
}

struct attrs conntrack_attrs(const struct nlmsghdr *hdr)
{
	const size_t head = NLMSG_HDRLEN + sizeof(struct nfgenmsg);

	if (hdr->nlmsg_len < head)
		return (struct attrs){ .data = NULL };
	return (struct attrs){ (const uint8_t *)hdr + head,
			       hdr->nlmsg_len - head };
}

static struct ip read_ip(struct attrs tuple, enum ip_family family,
			 uint16_t type)
{
	const struct attrs bytes = attr_in(attr_in(tuple, CTA_TUPLE_IP), type);
	struct ip ip = { .family = IP_NONE };

	if (bytes.len != ip_bits(family) / 8)
		return ip;
	ip.family = family;
	memcpy(ip.bytes, bytes.data, bytes.len);
	return ip;
}

static enum ip_family family_of(const struct nlmsghdr *hdr)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(hdr);

	if (mnl_nlmsg_get_payload_len(hdr) < sizeof(*head))
		return IP_NONE;
	if (head->nfgen_family == AF_INET)
		return IP_V4;
	return head->nfgen_family == AF_INET6 ? IP_V6 : IP_NONE;
}

bool conntrack_read(const struct nlmsghdr *hdr, struct conntrack_entry *out)
{
	const enum ip_family family = family_of(hdr);
	const bool v4 = family == IP_V4;
	const struct attrs in = conntrack_attrs(hdr);
	const struct attrs orig = attr_in(in, CTA_TUPLE_ORIG);
	const struct attrs proto = attr_in(orig, CTA_TUPLE_PROTO);
	const struct attrs number = attr_in(proto, CTA_PROTO_NUM);
	const struct attrs port = attr_in(proto, CTA_PROTO_DST_PORT);

	*out = (struct conntrack_entry){
		.family = v4 ? AF_INET : AF_INET6,
		.host_ip = read_ip(orig, family,
				   v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST),
		.peer = read_ip(attr_in(in, CTA_TUPLE_REPLY), family,
				v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC),
	};
	if (family == IP_NONE || number.len != 1 || port.len != 2)
		return false;
	out->protocol = *number.data;
	out->host_port = (uint16_t)(port.data[0] << 8 | port.data[1]);
	return out->host_ip.family != IP_NONE && out->peer.family != IP_NONE;
}

int conntrack_matches(const struct conntrack_filter *filter,
		      const struct conntrack_entry *entry, struct local *local,
		      struct err *err)
{
	bool here = false;
	int r;

	if (entry->host_ip.family != filter->family ||
	    entry->protocol != filter->protocol)
		return 0;
	if (filter->host_port && entry->host_port != filter->host_port)
		return 0;
	if (filter->host_ip.family != IP_NONE &&
	    !ip_equal(&filter->host_ip, &entry->host_ip))
		return 0;
	if (conntrack_for_one_peer(filter))
		return ip_equal(&filter->peer, &entry->peer) &&
		       !ip_equal(&entry->host_ip, &entry->peer);
	if (filter->others && ip_equal(&filter->peer, &entry->peer))
		return 0;
	r = local_ask(local, &entry->host_ip, &here, err);
	return r < 0 ? r : here;
}

/* Take from @common what @filter does not say, too. */
static void keep_common(struct conntrack_filter *common,
			const struct conntrack_filter *filter)
{
	if (common->protocol != filter->protocol)
		common->protocol = 0;
	if (common->host_port != filter->host_port)
		common->host_port = 0;
	if (!ip_equal(&common->host_ip, &filter->host_ip))
		common->host_ip.family = IP_NONE;
	if (!conntrack_for_one_peer(filter) ||
	    !ip_equal(&common->peer, &filter->peer))
		common->peer.family = IP_NONE;
}

/*
 * What all filters for @family have in common; 0 and IP_NONE: nothing. To the
 * kernel, a port is one of a protocol. Addresses of IPv6 are not for it: from
 * 5.8 to 6.18 at least it leaves out those that are equal, and lists the rest.
 */
static struct conntrack_filter in_common(const struct conntrack_filter *filters,
					 size_t count, enum ip_family family)
{
	struct conntrack_filter common = { .family = IP_NONE };

	for (size_t i = 0; i < count; i++) {
		if (filters[i].family != family)
			continue;
		if (common.family == IP_NONE)
			common = filters[i];
		keep_common(&common, &filters[i]);
	}
	if (common.protocol == 0)
		common.host_port = 0;
	if (common.family == IP_V6)
		common.peer.family = common.host_ip.family = IP_NONE;
	return common;
}

/* Are all for one peer each, and so for translated entries? */
static bool all_translated(const struct conntrack_filter *filters, size_t count,
			   enum ip_family family)
{
	for (size_t i = 0; i < count; i++)
		if ((family == IP_NONE || filters[i].family == family) &&
		    !conntrack_for_one_peer(&filters[i]))
			return false;
	return true;
}

static void put_ip(struct nlmsghdr *hdr, uint16_t type, const struct ip *ip)
{
	struct nlattr *nest = mnl_attr_nest_start(hdr, CTA_TUPLE_IP);

	mnl_attr_put(hdr, type, ip_bits(IP_V4) / 8, ip->bytes);
	mnl_attr_nest_end(hdr, nest);
}

/* What the first packet was. */
static void put_orig(struct nlmsghdr *hdr, const struct conntrack_filter *want)
{
	struct nlattr *tuple = mnl_attr_nest_start(hdr, CTA_TUPLE_ORIG);
	struct nlattr *proto;

	if (want->host_ip.family != IP_NONE)
		put_ip(hdr, CTA_IP_V4_DST, &want->host_ip);
	if (want->protocol) {
		proto = mnl_attr_nest_start(hdr, CTA_TUPLE_PROTO);
		mnl_attr_put_u8(hdr, CTA_PROTO_NUM, want->protocol);
		if (want->host_port)
			mnl_attr_put_u16(hdr, CTA_PROTO_DST_PORT,
					 htons(want->host_port));
		mnl_attr_nest_end(hdr, proto);
	}
	mnl_attr_nest_end(hdr, tuple);
}

static void put_reply(struct nlmsghdr *hdr, const struct conntrack_filter *want)
{
	struct nlattr *tuple = mnl_attr_nest_start(hdr, CTA_TUPLE_REPLY);

	put_ip(hdr, CTA_IP_V4_SRC, &want->peer);
	mnl_attr_nest_end(hdr, tuple);
}

/* The kernel has this only for one family. */
static void put_filter(struct nlmsghdr *hdr,
		       const struct conntrack_filter *want)
{
	const bool peer = want->peer.family != IP_NONE;
	const bool host = want->host_ip.family != IP_NONE;
	struct nfgenmsg *head = mnl_nlmsg_get_payload(hdr);
	struct nlattr *nest;

	head->nfgen_family = want->family == IP_V4 ? AF_INET : AF_INET6;
	if (want->protocol || host)
		put_orig(hdr, want);
	if (peer)
		put_reply(hdr, want);
	nest = mnl_attr_nest_start(hdr, CTA_FILTER);
	mnl_attr_put_u32(hdr, CTA_FILTER_ORIG_FLAGS,
			 (want->protocol ? PART_PROTO : 0) |
				 (want->host_port ? PART_PORT_DEST : 0) |
				 (host ? PART_IP_DEST : 0));
	mnl_attr_put_u32(hdr, CTA_FILTER_REPLY_FLAGS, peer ? PART_IP_SRC : 0);
	mnl_attr_nest_end(hdr, nest);
}

/* Only where the destination was translated. */
static void put_translated(struct nlmsghdr *hdr)
{
	mnl_attr_put_u32(hdr, CTA_STATUS, htonl(STATUS_DST_NAT));
	mnl_attr_put_u32(hdr, CTA_STATUS_MASK, htonl(STATUS_DST_NAT));
}

void conntrack_select(struct nlmsghdr *hdr,
		      const struct conntrack_filter *filter)
{
	put_filter(hdr, filter);
	put_translated(hdr);
}

void conntrack_narrow(struct nlmsghdr *hdr,
		      const struct conntrack_filter *filters, size_t count,
		      enum ip_family family)
{
	const struct conntrack_filter want = in_common(filters, count, family);

	if (family != IP_NONE)
		put_filter(hdr, &want);
	if (all_translated(filters, count, family))
		put_translated(hdr);
}
