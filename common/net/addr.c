/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/addr.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

struct collector {
	struct addr_list *list;
	uint32_t ifindex;
};

/* In place by family: the kernel answers so already, but need not. */
static int append(struct addr_list *list, const struct cidr *addr)
{
	struct cidr *grown =
		reallocarray(list->at, list->count + 1, sizeof(*list->at));
	size_t place = list->count;

	if (!grown)
		return -ENOMEM;
	list->at = grown;
	while (place > 0 && grown[place - 1].ip.family > addr->ip.family)
		place--;
	memmove(grown + place + 1, grown + place,
		(list->count - place) * sizeof(*grown));
	grown[place] = *addr;
	list->count++;
	return 0;
}

/*
 * On a point-to-point link IFA_ADDRESS is the other end's address; IPv6 has
 * no IFA_LOCAL when there is no peer.
 */
static int collect_addr(struct nlmsghdr *hdr, void *ctx)
{
	struct collector *to = ctx;
	const struct ifaddrmsg *info;
	struct cidr addr = { .len = 0 };
	struct nlattr *bytes;
	size_t size;

	if (!hdr) {
		addr_list_free(to->list);
		return 0;
	}
	info = nlmsg_data(hdr);
	if (hdr->nlmsg_type != RTM_NEWADDR ||
	    !nlmsg_valid_hdr(hdr, sizeof(*info)))
		return -EBADMSG;
	if (info->ifa_index != to->ifindex)
		return 0;
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return 0;
	size = info->ifa_family == AF_INET ? 4 : 16;
	bytes = nlmsg_find_attr(hdr, sizeof(*info), IFA_LOCAL)
			?: nlmsg_find_attr(hdr, sizeof(*info), IFA_ADDRESS);
	if (!bytes || (size_t)nla_len(bytes) != size)
		return -EBADMSG;
	addr.ip.family = info->ifa_family == AF_INET ? IP_V4 : IP_V6;
	addr.len = info->ifa_prefixlen;
	memcpy(addr.ip.bytes, nla_data(bytes), size);
	return append(to->list, &addr);
}

int addr_list(struct net *net, int ifindex, struct addr_list *out,
	      struct err *err)
{
	struct ifaddrmsg head = { .ifa_family = AF_UNSPEC,
				  .ifa_index = (uint32_t)ifindex };
	struct collector to = { .list = out, .ifindex = (uint32_t)ifindex };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_GETADDR, 0, &head, sizeof(head));
	int r;

	*out = (struct addr_list){ .count = 0 };
	if (!msg)
		return err_nomem(err);
	r = net_dump(net, msg, collect_addr, &to, err,
		     "list addresses of link %d", ifindex);
	if (r < 0)
		addr_list_free(out);
	return r;
}

void addr_list_free(struct addr_list *list)
{
	free(list->at);
	*list = (struct addr_list){ .count = 0 };
}

static struct nl_msg *addr_msg(int type, int flags, int ifindex,
			       const struct cidr *addr, uint32_t ifa_flags)
{
	const int size = (int)ip_bits(addr->ip.family) / 8;
	struct ifaddrmsg head = {
		.ifa_family = addr->ip.family == IP_V4 ? AF_INET : AF_INET6,
		.ifa_prefixlen = (uint8_t)addr->len,
		.ifa_flags = (uint8_t)ifa_flags,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (uint32_t)ifindex,
	};
	auto_msg struct nl_msg *msg = net_msg(type, flags, &head, sizeof(head));
	struct ip broadcast;

	if (!msg || nla_put(msg, IFA_LOCAL, size, addr->ip.bytes) < 0 ||
	    nla_put(msg, IFA_ADDRESS, size, addr->ip.bytes) < 0)
		return NULL;
	if (type != RTM_NEWADDR || addr->ip.family != IP_V4 || addr->len > 30)
		return take_ptr(msg);
	broadcast = ip_from_num(IP_V4, cidr_last(addr));
	if (nla_put(msg, IFA_BROADCAST, size, broadcast.bytes) < 0)
		return NULL;
	return take_ptr(msg);
}

static struct nl_msg *new_addr(int ifindex, const struct cidr *addr, bool nodad)
{
	return addr_msg(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, addr,
			nodad && addr->ip.family == IP_V6 ? IFA_F_NODAD : 0);
}

void addr_put(struct net_batch *batch, int ifindex, const char *name,
	      const struct cidr *addr, bool nodad)
{
	char text[CIDR_TEXT];

	net_batch_add(batch, new_addr(ifindex, addr, nodad), 0,
		      "add address %s to \"%s\"", cidr_format(addr, text),
		      name);
}

int addr_add(struct net *net, int ifindex, const char *name,
	     const struct cidr *addr, bool nodad, struct err *err)
{
	auto_msg struct nl_msg *msg = new_addr(ifindex, addr, nodad);
	char text[CIDR_TEXT];

	if (!msg)
		return err_nomem(err);
	return net_request(net, msg, err, "add address %s to \"%s\"",
			   cidr_format(addr, text), name);
}

int addr_del(struct net *net, int ifindex, const char *name,
	     const struct cidr *addr, struct err *err)
{
	auto_msg struct nl_msg *msg =
		addr_msg(RTM_DELADDR, 0, ifindex, addr, 0);
	struct err why = { .code = CNI_OK };
	char text[CIDR_TEXT];
	int r;

	if (!msg)
		return err_nomem(err);
	r = net_request(net, msg, &why, "delete address %s of \"%s\"",
			cidr_format(addr, text), name);
	/* A kernel without IPv6 has no such address either. */
	if (r == -EADDRNOTAVAIL || r == -ENODEV || r == -EAFNOSUPPORT ||
	    r == -EOPNOTSUPP)
		return 0;
	return err_take(err, &why);
}

enum addr_dad addr_dad_read(struct nlmsghdr *hdr, int ifindex, struct ip *out)
{
	const struct ifaddrmsg *info = nlmsg_data(hdr);
	struct nlattr *bytes, *wide;
	uint32_t flags;

	out->family = IP_NONE;
	if (hdr->nlmsg_type != RTM_NEWADDR ||
	    !nlmsg_valid_hdr(hdr, sizeof(*info)) ||
	    info->ifa_family != AF_INET6 ||
	    info->ifa_index != (uint32_t)ifindex)
		return ADDR_OTHER;
	bytes = nlmsg_find_attr(hdr, sizeof(*info), IFA_ADDRESS);
	wide = nlmsg_find_attr(hdr, sizeof(*info), IFA_FLAGS);
	flags = wide && nla_len(wide) >= 4 ? nla_get_u32(wide)
					   : info->ifa_flags;
	if (!bytes || nla_len(bytes) != 16)
		return ADDR_OTHER;
	out->family = IP_V6;
	memcpy(out->bytes, nla_data(bytes), 16);
	if (flags & IFA_F_DADFAILED)
		return ADDR_FAILED;
	return flags & IFA_F_TENTATIVE ? ADDR_TENTATIVE : ADDR_READY;
}

struct dad {
	int ifindex;
	size_t tentative;
	struct ip failed;
};

static int count_dad(struct nlmsghdr *hdr, void *ctx)
{
	struct dad *dad = ctx;
	struct ip ip;

	if (!hdr) {
		dad->tentative = 0;
		return 0;
	}
	switch (addr_dad_read(hdr, dad->ifindex, &ip)) {
	case ADDR_TENTATIVE:
		dad->tentative++;
		break;
	case ADDR_FAILED:
		dad->failed = ip;
		break;
	case ADDR_OTHER:
	case ADDR_READY:
		break;
	}
	return 0;
}

int addr_dad_get(struct net *net, int ifindex, size_t *tentative,
		 struct ip *failed, struct err *err)
{
	struct ifaddrmsg head = { .ifa_family = AF_INET6,
				  .ifa_index = (uint32_t)ifindex };
	struct dad dad = { .ifindex = ifindex };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_GETADDR, 0, &head, sizeof(head));
	int r;

	if (!msg)
		return err_nomem(err);
	r = net_dump(net, msg, count_dad, &dad, err,
		     "list IPv6 addresses of link %d", ifindex);
	*tentative = dad.tentative;
	*failed = dad.failed;
	return r;
}
