/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VLANs of bridge ports. */
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/net/br.h"

/* Every other VLAN on its own, 8 bytes each, is the most that a set needs. */
#define VLAN_BYTES 34000

static int put_vlan(struct nl_msg *msg, uint16_t vid, unsigned int flags)
{
	const struct bridge_vlan_info info = { .flags = (uint16_t)flags,
					       .vid = vid };

	return nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

/* Neighbours in the set are a range: two attributes, however many they are. */
static int put_tagged(struct nl_msg *msg, const struct vlan_set *set)
{
	size_t last;
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->count; i = last + 1) {
		last = i;
		while (last + 1 < set->count &&
		       set->at[last + 1] == set->at[last] + 1)
			last++;
		if (last == i) {
			r = put_vlan(msg, set->at[i], 0);
			continue;
		}
		r = put_vlan(msg, set->at[i], BRIDGE_VLAN_INFO_RANGE_BEGIN);
		r = r
			    ?: put_vlan(msg, set->at[last],
					BRIDGE_VLAN_INFO_RANGE_END);
	}
	return r;
}

static struct nl_msg *vlan_msg(int type, const struct link_info *link,
			       const struct vlan_set *set)
{
	struct ifinfomsg head = { .ifi_family = AF_BRIDGE,
				  .ifi_index = link->index };
	const unsigned int pvid =
		BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED;
	auto_msg struct nl_msg *msg = nlmsg_alloc_size(VLAN_BYTES);
	struct nlmsghdr *hdr = msg ? nlmsg_put(msg, 0, 0, type, 0, 0) : NULL;
	struct nlattr *spec;

	if (!hdr || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return NULL;
	spec = nla_nest_start(msg, IFLA_AF_SPEC);
	if (!spec || put_tagged(msg, set) < 0 ||
	    (set->pvid &&
	     put_vlan(msg, set->pvid, type == RTM_SETLINK ? pvid : 0) < 0))
		return NULL;
	(void)nla_nest_end(msg, spec);
	return take_ptr(msg);
}

int port_vlan_add(struct net *net, const struct link_info *link,
		  const struct vlan_set *set, struct err *err)
{
	auto_msg struct nl_msg *msg = vlan_msg(RTM_SETLINK, link, set);

	if (!msg)
		return err_nomem(err);
	return net_request(net, msg, err,
			   "add VLANs to port \"%s\": PVID %u, tagged %zu",
			   link->name, set->pvid, set->count);
}

int port_vlan_del(struct net *net, const struct link_info *link, uint16_t vid,
		  struct err *err)
{
	const struct vlan_set set = { .pvid = vid };
	auto_msg struct nl_msg *msg = vlan_msg(RTM_DELLINK, link, &set);

	if (!msg)
		return err_nomem(err);
	return net_request(net, msg, err, "remove VLAN %u from port \"%s\"",
			   vid, link->name);
}

static void map_entry(struct nlattr *entry, struct vlan_map *map)
{
	const struct bridge_vlan_info *info = NULL;
	unsigned int last = 0;
	struct nlattr *attr;
	int left;

	nla_for_each_nested (attr, entry, left) {
		if (nla_type(attr) == BRIDGE_VLANDB_ENTRY_INFO &&
		    nla_len(attr) >= (int)sizeof(*info))
			info = nla_data(attr);
		if (nla_type(attr) == BRIDGE_VLANDB_ENTRY_RANGE &&
		    nla_len(attr) >= 2)
			last = nla_get_u16(attr);
	}
	if (!info)
		return;
	if (last < info->vid)
		last = info->vid;
	for (unsigned int vid = info->vid; vid <= last && vid < 4096; vid++)
		map->has[vid / 64] |= UINT64_C(1) << (vid % 64);
	if (info->flags & BRIDGE_VLAN_INFO_PVID) {
		map->pvid = info->vid;
		map->pvid_untagged = info->flags & BRIDGE_VLAN_INFO_UNTAGGED;
	}
}

static int take_vlans(struct nlmsghdr *hdr, void *ctx)
{
	struct vlan_map *map = ctx;
	struct nlattr *attr;
	int left;

	if (!hdr) {
		*map = (struct vlan_map){ .pvid = 0 };
		return 0;
	}
	if (hdr->nlmsg_type != RTM_NEWVLAN ||
	    !nlmsg_valid_hdr(hdr, sizeof(struct br_vlan_msg)))
		return -EBADMSG;
	nla_for_each_attr (attr,
			   nlmsg_attrdata(hdr, (int)sizeof(struct br_vlan_msg)),
			   nlmsg_attrlen(hdr, (int)sizeof(struct br_vlan_msg)),
			   left)
		if (nla_type(attr) == BRIDGE_VLANDB_ENTRY)
			map_entry(attr, map);
	return 0;
}

int port_vlan_get(struct net *net, const struct link_info *link,
		  struct vlan_map *out, struct err *err)
{
	struct br_vlan_msg head = { .family = AF_BRIDGE,
				    .ifindex = (uint32_t)link->index };
	auto_msg struct nl_msg *msg =
		net_msg(RTM_GETVLAN, 0, &head, sizeof(head));

	*out = (struct vlan_map){ .pvid = 0 };
	if (!msg)
		return err_nomem(err);
	return net_dump(net, msg, take_vlans, out, err,
			"list VLANs of port \"%s\"", link->name);
}
