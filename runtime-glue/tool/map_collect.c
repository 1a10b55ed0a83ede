/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links and addresses are the kernel's; which container is behind a veth tells
 * its alias, and who that is the cache and the containers' records.
 */
#include <string.h>

#include "common/cni/owner.h"
#include "common/net/addr.h"
#include "common/net/link.h"
#include "runtime-glue/tool/box.h"
#include "runtime-glue/tool/map.h"
#include "runtime-glue/tool/netjson.h"

struct collector {
	const struct tool *tool;
	struct net net;
	struct json_object *entries; /* of the cache */
	struct map *map;
	size_t parent;
};

static void put_ips(const struct json_object *entry, struct strbuf *out)
{
	struct json_object *ips =
		netjson_array(netjson_object(entry, "result"), "ips");

	for (size_t i = 0; i < netjson_len(ips); i++)
		strbuf_printf(out, " %s",
			      netjson_string(netjson_at(ips, i), "address"));
}

static void put_ports(const struct json_object *entry, struct strbuf *out)
{
	struct json_object *ports = netjson_array(
		netjson_object(entry, "capabilityArgs"), "portMappings");

	for (size_t i = 0; i < netjson_len(ports); i++) {
		const struct json_object *at = netjson_at(ports, i);
		const char *ip = netjson_string(at, "hostIP");
		const bool v6 = strchr(ip, ':') != NULL;

		strbuf_printf(out, "%s %s%s%s%s%d to %d/%s",
			      i ? "," : "  published", v6 ? "[" : "", ip,
			      v6 ? "]" : "", *ip ? ":" : "",
			      (int)netjson_number(at, "hostPort"),
			      (int)netjson_number(at, "containerPort"),
			      netjson_string(at, "protocol"));
	}
}

/* Its name, if it is one of the tool's. */
static void put_name(const struct tool *tool, const char *id,
		     struct strbuf *out)
{
	auto_box struct box box = BOX_NONE;
	struct err other = { .code = CNI_OK };

	if (box_open(tool, id, false, &box, &other) == 0)
		strbuf_printf(out, "container %s (%.12s)",
			      netjson_string(box.record, "name"), id);
	else
		strbuf_printf(out, "container %.64s", id);
}

static int add_container(struct collector *c, const char *alias, size_t parent,
			 struct err *err)
{
	for (size_t i = 0; i < netjson_len(c->entries); i++) {
		const struct json_object *entry = netjson_at(c->entries, i);
		const struct cni_owner owner = {
			.network = netjson_string(entry, "networkName"),
			.container = netjson_string(entry, "containerId"),
			.ifname = netjson_string(entry, "ifName"),
		};
		auto_strbuf struct strbuf label = { .len = 0 };
		char text[OWNER_TEXT];

		if (strcmp(cni_owner_text(&owner, text), alias) != 0)
			continue;
		put_name(c->tool, owner.container, &label);
		strbuf_printf(&label, "  %s", owner.ifname);
		put_ips(entry, &label);
		put_ports(entry, &label);
		if (label.failed)
			return err_nomem(err);
		return map_add(c->map, parent, strbuf_str(&label), NULL, err);
	}
	return 0;
}

static int add_link(struct collector *c, const struct link_info *link,
		    size_t parent, size_t *index, struct err *err)
{
	auto_addr_list struct addr_list addrs = { .count = 0 };
	auto_strbuf struct strbuf label = { .len = 0 };
	char text[CIDR_TEXT];
	int r = addr_list(&c->net, link->index, &addrs, err);

	if (r < 0)
		return r;
	strbuf_printf(&label, "%s%s%s  %s", link->name, *link->kind ? " " : "",
		      link->kind, link_operstate_text(link->operstate));
	for (size_t i = 0; i < addrs.count; i++)
		strbuf_printf(&label, " %s", cidr_format(&addrs.at[i], text));
	if (label.failed)
		return err_nomem(err);
	return map_add(c->map, parent, strbuf_str(&label), index, err);
}

static int see_port(const struct link_info *link, void *ctx, struct err *err)
{
	struct collector *c = ctx;
	size_t index = 0;
	int r = add_link(c, link, c->parent, &index, err);

	return r ?: add_container(c, link->alias, index, err);
}

static int see_link(const struct link_info *link, void *ctx, struct err *err)
{
	struct collector *c = ctx;
	size_t index = 0;
	int r;

	if (link->master)
		return 0;
	r = add_link(c, link, 0, &index, err);
	if (strcmp(link->kind, "bridge") != 0)
		return r ?: add_container(c, link->alias, index, err);
	c->parent = index;
	return r ?: link_each(&c->net, NULL, link->index, see_port, c, err);
}

int map_collect(const struct tool *tool, struct map *out, struct err *err)
{
	struct collector c = { .tool = tool, .net = NET_CLOSED, .map = out };
	char name[256] = "host";
	int r;

	(void)gethostname(name, sizeof(name) - 1);
	r = map_add(out, 0, name, NULL, err);
	r = r ?: chain_cached(&tool->cni, NULL, NULL, &c.entries, err);
	r = r ?: net_open(&c.net, -1, err);
	r = r ?: link_each(&c.net, NULL, 0, see_link, &c, err);
	net_close(&c.net);
	json_object_put(c.entries);
	return r;
}
