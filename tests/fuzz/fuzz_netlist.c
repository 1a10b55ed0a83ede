/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network's file: either an error that says why not, or a list whose plugins
 * all have a name that is no path, and whose bytes are the same list again. And
 * the same bytes as an entry of the cache.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-glue/cni/cache.h"
#include "runtime-glue/cni/netlist.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
	if (!truth)
		abort();
}

static void check_plugins(const struct netlist *list)
{
	const size_t count = json_object_array_length(list->plugins);

	demand(count > 0);
	for (size_t i = 0; i < count; i++)
		demand(json_object_is_type(
			json_object_array_get_idx(list->plugins, i),
			json_type_object));
}

static void check_list(const struct netlist *list)
{
	auto_netlist struct netlist again = NETLIST_NONE;
	struct err err = { .code = CNI_OK };

	demand(*list->name && !strchr(list->name, '/'));
	demand(*list->version && strlen(list->bytes) <= list->len);
	check_plugins(list);
	demand(netlist_parse(list->bytes, list->len, "again", NULL, &again,
			     &err) == 0);
	demand(strcmp(again.name, list->name) == 0);
	demand(strcmp(again.version, list->version) == 0);
	demand(again.disable_check == list->disable_check);
	demand(again.disable_gc == list->disable_gc);
	demand(json_object_array_length(again.plugins) ==
	       json_object_array_length(list->plugins));
}

static void check_entry(const char *text, size_t size)
{
	auto_json struct json_object *entry = NULL;
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_free char *args = NULL;
	struct err err = { .code = CNI_OK };

	if (json_parse(text, size, "entry", &entry, &err) < 0 ||
	    !json_object_is_type(entry, json_type_object))
		return;
	if (cache_config(entry, &list, &err) == 0)
		check_list(&list);
	err_clear(&err);
	demand(cache_args(entry, &args, &err) == 0);
	demand(!args || *args);
	(void)cache_object(entry, "result");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	struct err err = { .code = CNI_OK };
	const char *text = (const char *)data;

	if (netlist_parse(text, size, "fuzz", NULL, &list, &err) == 0) {
		demand(err.code == CNI_OK);
		check_list(&list);
	} else {
		demand(err.code && *err.msg && !list.name && !list.plugins);
	}
	check_entry(text, size);
	return 0;
}
