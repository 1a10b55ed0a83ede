/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/br.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

/* What br_validate() in the kernel refuses, if it knows what VLANs are. */
#define NO_VLAN_PROTOCOL 0x1234

/* IFLA_LINKINFO of kind "bridge"; @vlan_protocol 0: none said. */
static int put_kind(struct nl_msg *msg, bool vlan_filtering,
		    uint16_t vlan_protocol)
{
	struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
	struct nlattr *data;

	if (!info || nla_put_string(msg, IFLA_INFO_KIND, "bridge") < 0)
		return -ENOMEM;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	if (!data)
		return -ENOMEM;
	if (vlan_filtering && nla_put_u8(msg, IFLA_BR_VLAN_FILTERING, 1) < 0)
		return -ENOMEM;
	if (vlan_protocol &&
	    nla_put_u16(msg, IFLA_BR_VLAN_PROTOCOL, vlan_protocol) < 0)
		return -ENOMEM;
	(void)nla_nest_end(msg, data);
	(void)nla_nest_end(msg, info);
	return 0;
}

int br_add(struct net *net, const struct br_spec *spec, struct err *err)
{
	const unsigned int flags = IFF_UP | (spec->promisc ? IFF_PROMISC : 0);
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC,
				  .ifi_flags = flags,
				  .ifi_change = flags };
	auto_msg struct nl_msg *msg = net_msg(
		RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));

	if (!msg || nla_put_string(msg, IFLA_IFNAME, spec->name) < 0 ||
	    nla_put(msg, IFLA_ADDRESS, LINK_MAC, spec->mac) < 0 ||
	    (spec->mtu && nla_put_u32(msg, IFLA_MTU, spec->mtu) < 0) ||
	    put_kind(msg, spec->vlan_filtering, 0) < 0)
		return err_nomem(err);
	return net_request(net, msg, err, "create bridge \"%s\"", spec->name);
}

/*
 * Ask for a bridge that cannot be, as its MTU is 1: *@refusal is the kernel's
 * errno. One that says nothing of bridges (EPERM, ENOMEM) is a failure.
 */
static int refused_bridge(struct net *net, uint16_t vlan_protocol, int *refusal,
			  struct err *err)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	auto_msg struct nl_msg *msg = net_msg(
		RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	struct err why = { .code = CNI_OK };
	int r;

	if (!msg || nla_put_string(msg, IFLA_IFNAME, "ferrule%d") < 0 ||
	    nla_put_u32(msg, IFLA_MTU, 1) < 0 ||
	    put_kind(msg, false, vlan_protocol) < 0)
		return err_nomem(err);
	r = net_request(net, msg, &why, "probe for bridges");
	if (r == 0)
		return err_set(err, CNI_E_IO,
			       "a bridge with an MTU of 1 was made");
	*refusal = -r;
	if (r == -EINVAL || r == -EOPNOTSUPP || r == -EPROTONOSUPPORT)
		return 0;
	return err_take(err, &why);
}

int br_support(struct net *net, bool *bridges, bool *vlan_filtering,
	       struct err *err)
{
	int refusal = 0;
	int r;

	*vlan_filtering = false;
	r = refused_bridge(net, 0, &refusal, err);
	*bridges = r == 0 && refusal != EOPNOTSUPP;
	if (r < 0 || !*bridges)
		return r;
	r = refused_bridge(net, NO_VLAN_PROTOCOL, &refusal, err);
	*vlan_filtering = r == 0 && refusal == EPROTONOSUPPORT;
	return r;
}

static int put_port_options(struct nl_msg *msg, const struct port_spec *spec)
{
	struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
	struct nlattr *data;

	if (!info || nla_put_string(msg, IFLA_INFO_SLAVE_KIND, "bridge") < 0)
		return -ENOMEM;
	data = nla_nest_start(msg, IFLA_INFO_SLAVE_DATA);
	if (!data || nla_put_u8(msg, IFLA_BRPORT_MODE, spec->hairpin) < 0 ||
	    nla_put_u8(msg, IFLA_BRPORT_ISOLATED, spec->isolated) < 0)
		return -ENOMEM;
	(void)nla_nest_end(msg, data);
	(void)nla_nest_end(msg, info);
	return 0;
}

/* The kernel sets the options first, then the alias, and then brings it up. */
int port_set(struct net *net, const struct link_info *link,
	     const struct port_spec *spec, struct err *err)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC,
				  .ifi_index = link->index,
				  .ifi_flags = IFF_UP,
				  .ifi_change = IFF_UP };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_NEWLINK, 0, &head, sizeof(head));

	if (!msg || nla_put_string(msg, IFLA_IFALIAS, spec->alias) < 0 ||
	    put_port_options(msg, spec) < 0)
		return err_nomem(err);
	return net_request(net, msg, err,
			   "set port \"%s\" alias \"%s\" hairpin %s "
			   "isolated %s up",
			   link->name, spec->alias,
			   spec->hairpin ? "on" : "off",
			   spec->isolated ? "on" : "off");
}
