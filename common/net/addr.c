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
