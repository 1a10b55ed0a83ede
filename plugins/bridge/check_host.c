/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/if.h>
#include <string.h>

#include "common/net/br.h"
#include "common/net/sysctl.h"
#include "plugins/bridge/check.h"

static int check_bridge(struct attachment *at, struct err *err)
{
	const struct bridge_conf *conf = &at->conf;
	const struct cni_interface *entry =
		check_entry(at->result, conf->bridge, false);
	int r;

	r = device_look(at, err);
	if (r < 0)
		return err_code(err, err->code == CNI_E_CONFIG ? CNI_E_CHECK
							       : err->code);
	if (!at->bridge.index)
		return err_set(err, CNI_E_CHECK, "bridge \"%s\" is missing",
			       conf->bridge);
	if (!entry)
		return err_set(err, CNI_E_CHECK,
			       "prevResult.interfaces: no bridge \"%s\"",
			       conf->bridge);
	if (!(at->bridge.flags & IFF_UP))
		return err_set(err, CNI_E_CHECK,
			       "bridge \"%s\" is down, expected it up",
			       conf->bridge);
	if (conf->promisc && !at->bridge.promiscuity)
		return err_set(err, CNI_E_CHECK,
			       "bridge \"%s\" is not promiscuous, expected "
			       "it so",
			       conf->bridge);
	/* Without an address of its own, it may take its ports' MACs. */
	return check_link(&at->bridge, conf->is_gateway ? entry : NULL, 0, err);
}

/* ---- The port ---- */

int check_peer(struct attachment *at, struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r = -ENODEV;

	if (at->eth.peer)
		r = link_get_index(&at->host, at->eth.peer, &at->port, &why);
	if (r < 0 && r != -ENODEV) {
		*err = why;
		return r;
	}
	if (r == -ENODEV || strcmp(at->port.kind, "veth") != 0 ||
	    at->port.peer != at->eth.index)
		return err_set(err, CNI_E_CHECK,
			       "the other end of \"%s\" is not on this host",
			       at->owner.ifname);
	if (!check_entry(at->result, at->port.name, false))
		return err_set(err, CNI_E_CHECK,
			       "the other end of \"%s\" is \"%s\", which is "
			       "not in prevResult.interfaces",
			       at->owner.ifname, at->port.name);
	if (*at->port.alias && strcmp(at->port.alias, at->alias) != 0)
		return err_set(err, CNI_E_CHECK,
			       "\"%s\" has alias \"%s\", expected \"%s\"",
			       at->port.name, at->port.alias, at->alias);
	return 0;
}

static int check_option(const struct attachment *at, const char *what, bool is,
			bool want, struct err *err)
{
	if (is == want)
		return 0;
	return err_set(err, CNI_E_CHECK, "port \"%s\" has %s %s, expected %s",
		       at->port.name, what, is ? "on" : "off",
		       want ? "on" : "off");
}

static int check_port(struct attachment *at, struct err *err)
{
	const struct bridge_conf *conf = &at->conf;
	int r;

	r = check_peer(at, err);
	if (r < 0)
		return r;
	if (at->port.master != at->bridge.index)
		return err_set(err, CNI_E_CHECK,
			       "\"%s\" is not a port of bridge \"%s\"",
			       at->port.name, conf->bridge);
	if (!(at->port.flags & IFF_UP))
		return err_set(err, CNI_E_CHECK,
			       "port \"%s\" is down, expected it up",
			       at->port.name);
	r = check_link(&at->port, NULL, conf->mtu, err);
	r = r
		    ?: check_option(at, "hairpin", at->port.port.hairpin,
				    conf->hairpin, err);
	return r
		       ?: check_option(at, "isolated", at->port.port.isolated,
				       conf->port_isolation, err);
}

/* ---- VLANs ---- */

static bool has_vlan(const struct vlan_map *map, uint16_t vid)
{
	return map->has[vid / 64] >> (vid % 64) & 1;
}

static int missing_vlan(const struct attachment *at, unsigned int vid,
			const char *how, struct err *err)
{
	return err_set(err, CNI_E_CHECK, "port \"%s\" does not have VLAN %u%s",
		       at->port.name, vid, how);
}

static void expect_vlan(struct vlan_map *map, uint16_t vid)
{
	map->has[vid / 64] |= UINT64_C(1) << (vid % 64);
}

/* What a VLAN more lets in is what VLANs are to keep out. */
static int check_no_more(const struct attachment *at,
			 const struct vlan_map *have, struct err *err)
{
	const struct bridge_conf *conf = &at->conf;
	struct vlan_map want = { .pvid = have->pvid };

	expect_vlan(&want, have->pvid);
	if (conf->preserve_default_vlan)
		expect_vlan(&want, at->bridge.bridge.default_pvid);
	for (size_t i = 0; i < conf->trunk_count; i++)
		expect_vlan(&want, conf->trunk[i]);
	for (uint16_t vid = 1; vid <= VLAN_MAX; vid++)
		if (has_vlan(have, vid) && !has_vlan(&want, vid))
			return err_set(err, CNI_E_CHECK,
				       "port \"%s\" has VLAN %u, which the "
				       "configuration has not",
				       at->port.name, vid);
	return 0;
}

static int check_vlans(struct attachment *at, struct err *err)
{
	const struct bridge_conf *conf = &at->conf;
	const uint16_t pvid = conf->vlan ?: (conf->trunk_count > 0 ? 1 : 0);
	struct vlan_map have;
	int r;

	if (!pvid)
		return 0;
	r = port_vlan_get(&at->host, &at->port, &have, err);
	if (r < 0)
		return r;
	if (have.pvid != pvid || !have.pvid_untagged)
		return missing_vlan(at, pvid, " as PVID, untagged", err);
	for (size_t i = 0; i < conf->trunk_count; i++)
		if (!has_vlan(&have, conf->trunk[i]))
			return missing_vlan(at, conf->trunk[i], "", err);
	return check_no_more(at, &have, err);
}

/* ---- Gateways ---- */

static int check_forwarding(enum ip_family family, struct err *err)
{
	const char *key = family == IP_V4 ? "ipv4/ip_forward"
					  : "ipv6/conf/all/forwarding";
	char value[8];

	if (sysctl_get(value, sizeof(value), "%s", key) >= 0 &&
	    strcmp(value, "0") != 0)
		return 0;
	return err_set(err, CNI_E_CHECK, "/proc/sys/net/%s is 0, expected 1",
		       key);
}

static int check_gateway(const struct attachment *at,
			 const struct addr_list *have, const struct cni_ip *ip,
			 struct err *err)
{
	const struct cidr want = { .ip = ip->gateway, .len = ip->address.len };
	const struct link_info *link = gateway_link(at);
	char text[CIDR_TEXT];

	for (size_t i = 0; i < have->count; i++)
		if (have->at[i].len == want.len &&
		    ip_equal(&have->at[i].ip, &want.ip))
			return check_forwarding(want.ip.family, err);
	return err_set(err, CNI_E_CHECK,
		       "gateway address %s is missing on \"%s\"",
		       cidr_format(&want, text), link->name);
}

static int check_gateways(struct attachment *at, struct err *err)
{
	auto_addr_list struct addr_list have = { .count = 0 };
	char name[LINK_NAME];
	bool found = true;
	int r = 0;

	if (!at->conf.is_gateway || at->result->ip_count == 0)
		return 0;
	if (at->conf.vlan)
		r = link_find(&at->host, gateway_vlan_name(&at->conf, name),
			      &at->vlan, &found, err);
	if (r == 0 && !found)
		return err_set(err, CNI_E_CHECK, "interface \"%s\" is missing",
			       name);
	r = r ?: addr_list(&at->host, gateway_link(at)->index, &have, err);
	for (size_t i = 0; r == 0 && i < at->result->ip_count; i++)
		if (at->result->ips[i].gateway.family != IP_NONE)
			r = check_gateway(at, &have, &at->result->ips[i], err);
	return r;
}

int check_host(struct attachment *at, struct err *err)
{
	int r;

	r = check_bridge(at, err);
	r = r ?: check_port(at, err);
	r = r ?: check_vlans(at, err);
	return r ?: check_gateways(at, err);
}
