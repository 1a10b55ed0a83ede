/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

static int read_link(struct nlmsghdr *hdr, void *ctx)
{
	struct link_info *link = ctx;
	const struct ifinfomsg *info = nlmsg_data(hdr);
	struct nlattr *name, *mtu;

	if (hdr->nlmsg_type != RTM_NEWLINK ||
	    !nlmsg_valid_hdr(hdr, sizeof(*info)))
		return -EBADMSG;
	name = nlmsg_find_attr(hdr, sizeof(*info), IFLA_IFNAME);
	mtu = nlmsg_find_attr(hdr, sizeof(*info), IFLA_MTU);
	if (!name)
		return -EBADMSG;
	link->index = info->ifi_index;
	link->flags = info->ifi_flags;
	link->mtu = mtu ? nla_get_u32(mtu) : 0;
	(void)nla_strlcpy(link->name, name, sizeof(link->name));
	return 0;
}

int link_get(struct net *net, const char *name, struct link_info *out,
	     struct err *err)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_GETLINK, 0, &head, sizeof(head));

	*out = (struct link_info){ .index = 0 };
	/* Counters are half of the answer and cost a walk over all CPUs. */
	if (!msg || nla_put_string(msg, IFLA_IFNAME, name) < 0 ||
	    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
		return err_nomem(err);
	return net_get(net, msg, read_link, out, err, "find link \"%s\"", name);
}

int link_set_up(struct net *net, const char *name, bool up, struct err *err)
{
	struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP,
	};
	auto_msg struct nl_msg *msg =
		net_msg(RTM_NEWLINK, 0, &head, sizeof(head));

	if (!msg || nla_put_string(msg, IFLA_IFNAME, name) < 0)
		return err_nomem(err);
	return net_request(net, msg, err, "set link \"%s\" %s", name,
			   up ? "up" : "down");
}
