/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/veth.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

static int put_end(struct nl_msg *msg, const char *name, const uint8_t *mac,
		   uint32_t mtu)
{
	if (nla_put_string(msg, IFLA_IFNAME, name) < 0 ||
	    nla_put(msg, IFLA_ADDRESS, LINK_MAC, mac) < 0)
		return -ENOMEM;
	if (mtu && nla_put_u32(msg, IFLA_MTU, mtu) < 0)
		return -ENOMEM;
	return 0;
}

static int put_peer(struct nl_msg *msg, const struct veth_spec *spec)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
	struct nlattr *data, *peer;

	if (!info || nla_put_string(msg, IFLA_INFO_KIND, "veth") < 0)
		return -ENOMEM;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	peer = data ? nla_nest_start(msg, VETH_INFO_PEER) : NULL;
	if (!peer || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	if (put_end(msg, spec->peer, spec->peer_mac, spec->mtu) < 0)
		return -ENOMEM;
	if (spec->peer_ns >= 0 &&
	    nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)spec->peer_ns) < 0)
		return -ENOMEM;
	(void)nla_nest_end(msg, peer);
	(void)nla_nest_end(msg, data);
	(void)nla_nest_end(msg, info);
	return 0;
}

int veth_add(struct net *net, const struct veth_spec *spec, struct err *err)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	auto_msg struct nl_msg *msg = net_msg(
		RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));

	/* One queue is what it has in any case; said here, RCU is not awaited.
	 */
	if (!msg || put_end(msg, spec->name, spec->mac, spec->mtu) < 0 ||
	    nla_put_u32(msg, IFLA_TXQLEN, spec->txqlen) < 0 ||
	    nla_put_u32(msg, IFLA_NUM_TX_QUEUES, 1) < 0 ||
	    nla_put_u32(msg, IFLA_NUM_RX_QUEUES, 1) < 0 ||
	    nla_put_u32(msg, IFLA_MASTER, (uint32_t)spec->master) < 0 ||
	    put_peer(msg, spec) < 0)
		return err_nomem(err);
	return net_request(net, msg, err, "create veth \"%s\" with peer \"%s\"",
			   spec->name, spec->peer);
}
