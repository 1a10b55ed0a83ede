/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/net/batch.h"

struct list {
	size_t count, size;
	struct link_info *at;
};

static void list_free(struct list *list)
{
	free(list->at);
	*list = (struct list){ .count = 0 };
}

static int take_one(struct nlmsghdr *hdr, void *link)
{
	return link_read(hdr, link);
}

/* Counters are half of the answer and cost a walk over all CPUs. */
static struct nl_msg *query(int index)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_GETLINK, 0, &head, sizeof(head));

	if (!msg ||
	    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
		return NULL;
	return take_ptr(msg);
}

int link_get(struct net *net, const char *name, struct link_info *out,
	     struct err *err)
{
	auto_msg struct nl_msg *msg = query(0);

	*out = (struct link_info){ .index = 0 };
	if (!msg || nla_put_string(msg, IFLA_IFNAME, name) < 0)
		return err_nomem(err);
	return net_get(net, msg, take_one, out, err, "find link \"%s\"", name);
}

int link_get_index(struct net *net, int index, struct link_info *out,
		   struct err *err)
{
	auto_msg struct nl_msg *msg = query(index);

	*out = (struct link_info){ .index = 0 };
	if (!msg)
		return err_nomem(err);
	return net_get(net, msg, take_one, out, err, "find link %d", index);
}

int link_find(struct net *net, const char *name, struct link_info *out,
	      bool *found, struct err *err)
{
	struct err why;
	int r;

	why.code = CNI_OK;
	net->expected = ENODEV;
	r = link_get(net, name, out, &why);
	net->expected = 0;
	*found = r == 0;
	return r == -ENODEV ? 0 : err_take(err, &why);
}

static int take_each(struct nlmsghdr *hdr, void *ctx)
{
	struct list *list = ctx;
	size_t size = list->size ? 2 * list->size : 16;
	struct link_info *grown;

	if (!hdr) {
		list->count = 0;
		return 0;
	}
	if (list->count == list->size) {
		grown = reallocarray(list->at, size, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->at = grown;
		list->size = size;
	}
	return link_read(hdr, &list->at[list->count++]);
}

/* The kernel filters as well, if it can; but it need not. */
static int put_filter(struct nl_msg *msg, const char *kind, int master)
{
	struct nlattr *info;

	if (master && nla_put_u32(msg, IFLA_MASTER, (uint32_t)master) < 0)
		return -ENOMEM;
	if (!kind)
		return 0;
	info = nla_nest_start(msg, IFLA_LINKINFO);
	if (!info || nla_put_string(msg, IFLA_INFO_KIND, kind) < 0)
		return -ENOMEM;
	(void)nla_nest_end(msg, info);
	return 0;
}

int link_each(struct net *net, const char *kind, int master, link_each_fn *each,
	      void *ctx, struct err *err)
{
	AUTO(list_free) struct list list = { .count = 0 };
	auto_msg struct nl_msg *msg = query(0);
	int r;

	if (!msg || put_filter(msg, kind, master) < 0)
		return err_nomem(err);
	r = net_dump(net, msg, take_each, &list, err, "list links");
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		const struct link_info *link = &list.at[i];

		if ((!kind || strcmp(link->kind, kind) == 0) &&
		    (!master || link->master == master))
			r = each(link, ctx, err);
	}
	return r;
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

int link_set_flags(struct net *net, const struct link_info *link,
		   unsigned int flags, unsigned int mask, struct err *err)
{
	struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = link->index,
		.ifi_flags = flags,
		.ifi_change = mask,
	};
	auto_msg struct nl_msg *msg =
		net_msg(RTM_NEWLINK, 0, &head, sizeof(head));

	if (!msg)
		return err_nomem(err);
	return net_request(
		net, msg, err, "set link \"%s\"%s%s", link->name,
		mask & IFF_UP ? (flags & IFF_UP ? " up" : " down") : "",
		mask & IFF_PROMISC
			? (flags & IFF_PROMISC ? " promisc on" : " promisc off")
			: "");
}

int link_set_mac(struct net *net, const struct link_info *link,
		 const uint8_t mac[LINK_MAC], struct err *err)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC,
				  .ifi_index = link->index };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_NEWLINK, 0, &head, sizeof(head));
	char text[LINK_MAC_TEXT];

	if (!msg || nla_put(msg, IFLA_ADDRESS, LINK_MAC, mac) < 0)
		return err_nomem(err);
	return net_request(net, msg, err, "set link \"%s\" address %s",
			   link->name, link_mac_text(mac, text));
}

int link_del(struct net *net, int index, const char *name, struct err *err)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_DELLINK, 0, &head, sizeof(head));
	struct err why = { .code = CNI_OK };
	int r;

	if (!msg || (!index && nla_put_string(msg, IFLA_IFNAME, name) < 0))
		return err_nomem(err);
	r = net_request(net, msg, &why, "delete link \"%s\"", name);
	return r == -ENODEV ? 0 : err_take(err, &why);
}

static struct nl_msg *group_msg(int type, int index, uint32_t group)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	auto_msg struct nl_msg *msg = net_msg(type, 0, &head, sizeof(head));

	if (!msg || nla_put_u32(msg, IFLA_GROUP, group) < 0)
		return NULL;
	return take_ptr(msg);
}

/* One that is gone by now is as good as put into the group. */
int link_del_group(struct net *net, uint32_t group, const int *index,
		   size_t count, struct err *err)
{
	auto_net_batch struct net_batch batch = { .count = 0 };
	auto_msg struct nl_msg *msg = group_msg(RTM_DELLINK, 0, group);
	int r;

	if (!msg)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		net_batch_add(&batch, group_msg(RTM_NEWLINK, index[i], group),
			      ENODEV, "put link %d into group %u", index[i],
			      group);
	r = net_batch_send(net, &batch, err);
	return r
		       ?: net_request(net, msg, err, "delete links of group %u",
				      group);
}

int link_random_mac(uint8_t mac[LINK_MAC], struct err *err)
{
	if (getrandom(mac, LINK_MAC, 0) != LINK_MAC)
		return err_sys(err, errno ?: EIO, "get random bytes");
	/* Locally administered, and of one station. */
	mac[0] = (uint8_t)((mac[0] & 0xfe) | 0x02);
	return 0;
}

char *link_mac_text(const uint8_t mac[LINK_MAC], char buf[LINK_MAC_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	char *at = buf;

	for (size_t i = 0; i < LINK_MAC; i++) {
		*at++ = hex[mac[i] >> 4];
		*at++ = hex[mac[i] & 15];
		*at++ = ':';
	}
	at[-1] = '\0';
	return buf;
}
