/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of several networks the first one's default route is the container's.
 *
 * Plugins would leave that to chance: of two default routes of IPv4 the kernel
 * takes the one that came last, of IPv6 both by turns. So a network whose
 * family is served already is attached by a configuration without its default
 * route. That is what the cache keeps, and what CHECK and DEL then see.
 */
#include <string.h>

#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/netplan_parts.h"
#include "runtime-glue/tool/network.h"

struct served {
	bool at[2]; /* IPv4, IPv6 */
};

static bool is_default(const struct json_object *route, bool *v6)
{
	struct cidr cidr;

	if (cidr_parse(netjson_string(route, "dst"), &cidr) < 0 || cidr.len)
		return false;
	*v6 = cidr.ip.family == IP_V6;
	/* One of another table is for who asks for it by a rule. */
	return netjson_number(route, "table") == 0;
}

static struct served find_served(const struct json_object *record, size_t nth)
{
	struct json_object *networks = netjson_array(record, "networks");
	struct served served = { .at = { false, false } };

	for (size_t i = 0; i < nth; i++) {
		struct json_object *routes = netjson_array(
			netjson_object(netjson_at(networks, i), "result"),
			"routes");
		bool v6;

		for (size_t j = 0; j < netjson_len(routes); j++)
			if (is_default(netjson_at(routes, j), &v6))
				served.at[v6] = true;
	}
	return served;
}

bool netplan_is_internal(const struct netlist *list)
{
	struct network_subnet subnet;
	bool v6;

	for (size_t i = 0; i < netjson_len(list->plugins); i++) {
		struct json_object *plugin = netjson_at(list->plugins, i);
		struct json_object *routes =
			netjson_array(netjson_object(plugin, "ipam"), "routes");

		if (json_object_object_get_ex(plugin, "isDefaultGateway", NULL))
			return false;
		for (size_t j = 0; j < netjson_len(routes); j++)
			if (is_default(netjson_at(routes, j), &v6))
				return false;
	}
	/* Of one whose addresses come from elsewhere we cannot know. */
	return network_subnets(list, &subnet, 1) > 0;
}

static bool strip_plugin(struct json_object *plugin,
			 const struct served *served)
{
	struct json_object *routes =
		netjson_array(netjson_object(plugin, "ipam"), "routes");
	struct json_object *value = NULL;
	bool changed = false, v6;

	for (size_t i = netjson_len(routes); i-- > 0;) {
		if (!is_default(netjson_at(routes, i), &v6) || !served->at[v6])
			continue;
		(void)json_object_array_del_idx(routes, i, 1);
		changed = true;
	}
	/* Of bridge: a default route that is in no list of routes. */
	if (served->at[0] &&
	    json_object_object_get_ex(plugin, "isDefaultGateway", &value)) {
		json_object_object_del(plugin, "isDefaultGateway");
		changed = true;
	}
	return changed;
}

static int replace(const char *dir, struct json_object *text,
		   struct netlist *list, struct err *err)
{
	struct netlist other = NETLIST_NONE;
	const char *bytes = json_object_to_json_string_ext(
		text, JSON_C_TO_STRING_NOSLASHESCAPE);
	int r = bytes ? netlist_parse(bytes, strlen(bytes), list->name, dir,
				      &other, err)
		      : err_nomem(err);

	if (r < 0)
		return r;
	netlist_free(list);
	*list = other;
	return 0;
}

int netplan_find_list(const struct tool *tool, const struct json_object *record,
		      size_t nth, struct netlist *out, struct err *err)
{
	auto_json struct json_object *text = NULL;
	const struct served served = find_served(record, nth);
	const char *name = netjson_string(
		netjson_at(netjson_array(record, "networks"), nth), "network");
	struct json_object *plugins;
	bool changed = false;
	int r = netlist_find(tool->conf_dir, name, out, err);

	if (r < 0 || (!served.at[0] && !served.at[1]))
		return r;
	r = json_parse(out->bytes, out->len, "network", &text, err);
	if (r < 0)
		return r;
	plugins = netjson_array(text, "plugins");
	if (!plugins) /* a file of one plugin */
		changed = strip_plugin(text, &served);
	for (size_t i = 0; i < netjson_len(plugins); i++)
		if (strip_plugin(netjson_at(plugins, i), &served))
			changed = true;
	return changed ? replace(tool->conf_dir, text, out, err) : 0;
}
