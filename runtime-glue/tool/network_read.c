/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/network.h"

struct json_object *network_plugin(const struct netlist *list, const char *type)
{
	for (size_t i = 0; i < netjson_len(list->plugins); i++) {
		struct json_object *plugin = netjson_at(list->plugins, i);

		if (strcmp(netjson_string(plugin, "type"), type) == 0)
			return plugin;
	}
	return NULL;
}

const char *network_bridge(const struct netlist *list)
{
	const struct json_object *plugin = network_plugin(list, "bridge");
	const char *name = netjson_string(plugin, "bridge");

	/* The plugin's own default. */
	return plugin && !*name ? "cni0" : name;
}

bool network_can(const struct netlist *list, const char *capability)
{
	for (size_t i = 0; i < netjson_len(list->plugins); i++) {
		const struct json_object *all = netjson_object(
			netjson_at(list->plugins, i), "capabilities");
		struct json_object *value = NULL;

		if (all && json_object_object_get_ex(all, capability, &value) &&
		    json_object_get_boolean(value))
			return true;
	}
	return false;
}

struct reader {
	struct network_subnet *out;
	size_t max, count;
};

/* An object with `subnet` and `gateway`; what is wrong is the plugin's. */
static void read_range(struct reader *to, const struct json_object *range)
{
	struct network_subnet subnet = { .cidr = { .len = 0 } };

	if (to->count == to->max ||
	    cidr_parse(netjson_string(range, "subnet"), &subnet.cidr) < 0)
		return;
	if (ip_parse(netjson_string(range, "gateway"), &subnet.gateway) < 0)
		subnet.gateway.family = IP_NONE;
	to->out[to->count++] = subnet;
}

static void read_ipam(struct reader *to, const struct json_object *ipam)
{
	struct json_object *sets = netjson_array(ipam, "ranges");

	read_range(to, ipam);
	for (size_t i = 0; i < netjson_len(sets); i++) {
		struct json_object *set = json_object_array_get_idx(sets, i);

		if (!json_object_is_type(set, json_type_array))
			continue;
		for (size_t j = 0; j < netjson_len(set); j++)
			read_range(to, netjson_at(set, j));
	}
}

size_t network_subnets(const struct netlist *list, struct network_subnet *out,
		       size_t max)
{
	struct reader to = { .out = out, .max = max };

	for (size_t i = 0; i < netjson_len(list->plugins); i++)
		read_ipam(&to,
			  netjson_object(netjson_at(list->plugins, i), "ipam"));
	return to.count;
}
