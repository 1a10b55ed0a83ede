/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/neigh.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "common/net/link.h"

/* Stale: used at once, and confirmed by the kernel while it is in use. */
static struct nl_msg *neigh_msg(int type, int ifindex, const struct ip *ip,
				const uint8_t *mac)
{
	struct ndmsg head = {
		.ndm_family = ip->family == IP_V4 ? AF_INET : AF_INET6,
		.ndm_ifindex = ifindex,
		.ndm_state = NUD_STALE,
	};
	auto_msg struct nl_msg *msg =
		net_msg(type, mac ? NLM_F_REPLACE : 0, &head, sizeof(head));

	if (!msg ||
	    nla_put(msg, NDA_DST, (int)ip_bits(ip->family) / 8, ip->bytes) <
		    0 ||
	    (mac && nla_put(msg, NDA_LLADDR, LINK_MAC, mac) < 0))
		return NULL;
	return take_ptr(msg);
}

void neigh_put_correct(struct net_batch *batch, int ifindex,
		       const struct ip *ip, const uint8_t *mac)
{
	char text[IP_TEXT], mac_text[LINK_MAC_TEXT];

	net_batch_add(batch, neigh_msg(RTM_NEWNEIGH, ifindex, ip, mac), ENOENT,
		      "correct neighbour %s of link %d to %s",
		      ip_format(ip, text), ifindex,
		      link_mac_text(mac, mac_text));
}

void neigh_put_forget(struct net_batch *batch, int ifindex, const struct ip *ip)
{
	char text[IP_TEXT];

	net_batch_add(batch, neigh_msg(RTM_DELNEIGH, ifindex, ip, NULL), ENOENT,
		      "forget neighbour %s of link %d", ip_format(ip, text),
		      ifindex);
}
