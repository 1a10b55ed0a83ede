/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of a link, as a struct. */
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/net/link.h"

/* Attributes that are shorter than they should be read as absent. */
static uint32_t u32_of(struct nlattr *attr)
{
	return nla_len(attr) >= 4 ? nla_get_u32(attr) : 0;
}

static uint16_t u16_of(struct nlattr *attr)
{
	return nla_len(attr) >= 2 ? nla_get_u16(attr) : 0;
}

static uint8_t u8_of(struct nlattr *attr)
{
	return nla_len(attr) >= 1 ? nla_get_u8(attr) : 0;
}

static void read_bridge(struct nlattr *data, struct link_info *out)
{
	struct nlattr *attr;
	int left;

	nla_for_each_nested (attr, data, left) {
		switch (nla_type(attr)) {
		case IFLA_BR_VLAN_FILTERING:
			out->bridge.vlan_filtering = u8_of(attr);
			break;
		case IFLA_BR_VLAN_DEFAULT_PVID:
			out->bridge.default_pvid = u16_of(attr);
			break;
		default:
			break;
		}
	}
}

static void read_port(struct nlattr *data, struct link_info *out)
{
	struct nlattr *attr;
	int left;

	nla_for_each_nested (attr, data, left) {
		switch (nla_type(attr)) {
		case IFLA_BRPORT_MODE:
			out->port.hairpin = u8_of(attr);
			break;
		case IFLA_BRPORT_ISOLATED:
			out->port.isolated = u8_of(attr);
			break;
		default:
			break;
		}
	}
}

static void read_linkinfo(struct nlattr *info, struct link_info *out)
{
	struct nlattr *attr, *data = NULL, *slave_data = NULL;
	char slave_kind[LINK_NAME] = "";
	int left;

	nla_for_each_nested (attr, info, left) {
		switch (nla_type(attr)) {
		case IFLA_INFO_KIND:
			(void)nla_strlcpy(out->kind, attr, sizeof(out->kind));
			break;
		case IFLA_INFO_DATA:
			data = attr;
			break;
		case IFLA_INFO_SLAVE_KIND:
			(void)nla_strlcpy(slave_kind, attr, sizeof(slave_kind));
			break;
		case IFLA_INFO_SLAVE_DATA:
			slave_data = attr;
			break;
		default:
			break;
		}
	}
	if (data && strcmp(out->kind, "bridge") == 0)
		read_bridge(data, out);
	if (slave_data && strcmp(slave_kind, "bridge") == 0)
		read_port(slave_data, out);
}

static void read_mac(struct nlattr *attr, struct link_info *out)
{
	out->has_mac = nla_len(attr) == LINK_MAC;
	if (out->has_mac)
		memcpy(out->mac, nla_data(attr), LINK_MAC);
}

static void read_attr(struct nlattr *attr, struct link_info *out)
{
	switch (nla_type(attr)) {
	case IFLA_IFNAME:
		(void)nla_strlcpy(out->name, attr, sizeof(out->name));
		break;
	case IFLA_IFALIAS:
		(void)nla_strlcpy(out->alias, attr, sizeof(out->alias));
		break;
	case IFLA_ADDRESS:
		read_mac(attr, out);
		break;
	case IFLA_MTU:
		out->mtu = u32_of(attr);
		break;
	case IFLA_MASTER:
		out->master = (int)u32_of(attr);
		break;
	case IFLA_LINK:
		out->peer = (int)u32_of(attr);
		break;
	case IFLA_OPERSTATE:
		out->operstate = u8_of(attr);
		break;
	case IFLA_PROMISCUITY:
		out->promiscuity = u32_of(attr);
		break;
	case IFLA_GROUP:
		out->group = u32_of(attr);
		break;
	case IFLA_LINKINFO:
		read_linkinfo(attr, out);
		break;
	default:
		break;
	}
}

int link_read(struct nlmsghdr *hdr, struct link_info *out)
{
	const struct ifinfomsg *info = nlmsg_data(hdr);
	struct nlattr *attr;
	int left;

	*out = (struct link_info){ .index = 0 };
	if (hdr->nlmsg_type != RTM_NEWLINK ||
	    !nlmsg_valid_hdr(hdr, sizeof(*info)))
		return -EBADMSG;
	out->index = info->ifi_index;
	out->flags = info->ifi_flags;
	nla_for_each_attr (attr, nlmsg_attrdata(hdr, (int)sizeof(*info)),
			   nlmsg_attrlen(hdr, (int)sizeof(*info)), left) {
		read_attr(attr, out);
	}
	return *out->name ? 0 : -EBADMSG;
}

const char *link_operstate_text(uint8_t operstate)
{
	static const char *const texts[] = {
		[IF_OPER_UNKNOWN] = "UNKNOWN",
		[IF_OPER_NOTPRESENT] = "NOTPRESENT",
		[IF_OPER_DOWN] = "DOWN",
		[IF_OPER_LOWERLAYERDOWN] = "LOWERLAYERDOWN",
		[IF_OPER_TESTING] = "TESTING",
		[IF_OPER_DORMANT] = "DORMANT",
		[IF_OPER_UP] = "UP",
	};

	if (operstate >= sizeof(texts) / sizeof(*texts))
		return "UNKNOWN";
	return texts[operstate];
}
