/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is about a network and not one attachment: GC, STATUS, repair. */
#include <string.h>

#include "common/base/log.h"
#include "runtime-glue/cni/chain_parts.h"

static bool has_gc_and_status(const struct netlist *list)
{
	enum cni_version version;

	return cni_version_known(list->version, &version) &&
	       version >= CNI_V1_1_0;
}

/* ---- GC ---- */

static bool is_valid(const struct json_object *valid,
		     const struct json_object *entry)
{
	const size_t count = valid ? json_object_array_length(valid) : 0;

	for (size_t i = 0; i < count; i++) {
		const struct json_object *at =
			json_object_array_get_idx(valid, i);

		if (json_object_is_type(at, json_type_object) &&
		    strcmp(cache_text(at, "containerID"),
			   cache_text(entry, "containerId")) == 0 &&
		    strcmp(cache_text(at, "ifname"),
			   cache_text(entry, "ifName")) == 0)
			return true;
	}
	return false;
}

static int gc_plugins(const struct chain_runtime *runtime,
		      const struct netlist *list,
		      const struct json_object *valid, struct err *err)
{
	auto_json struct json_object *all = json_object_new_array();
	const struct chain_step step = {
		.runtime = runtime,
		.list = list,
		.verb = CNI_GC,
		.valid = all,
	};
	const size_t count = valid ? json_object_array_length(valid) : 0;
	int r = 0;

	if (!all)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		struct json_object *at = json_object_array_get_idx(valid, i);

		if (json_object_array_add(all, json_object_get(at)) < 0) {
			json_object_put(at);
			return err_nomem(err);
		}
	}
	for (size_t i = 0; i < json_object_array_length(list->plugins); i++) {
		struct err own = { .code = CNI_OK };

		if (chain_run(&step, i, NULL, &own) < 0)
			r = first_of(err_take(err, &own), r);
	}
	return r;
}

int chain_gc(const struct chain_runtime *runtime, const struct netlist *list,
	     const struct json_object *valid, struct err *err)
{
	auto_json struct json_object *entries = NULL;
	int r;

	if (list->disable_gc)
		return 0;
	r = chain_cached(runtime, list->name, NULL, &entries, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		const struct json_object *entry =
			json_object_array_get_idx(entries, i);

		if (!is_valid(valid, entry))
			r = first_of(chain_del_entry(runtime, list, entry, err),
				     r);
	}
	if (has_gc_and_status(list))
		r = first_of(gc_plugins(runtime, list, valid, err), r);
	return r < 0 ? err_in(err, "network \"%s\"", list->name) : 0;
}

/* ---- STATUS ---- */

int chain_status(const struct chain_runtime *runtime,
		 const struct netlist *list, struct err *err)
{
	const struct chain_step step = {
		.runtime = runtime,
		.list = list,
		.verb = CNI_STATUS,
	};
	int r = chain_find(runtime, list, err);

	if (r < 0 || !has_gc_and_status(list))
		return r;
	for (size_t i = 0;
	     r == 0 && i < json_object_array_length(list->plugins); i++)
		r = chain_run(&step, i, NULL, err);
	return r < 0 ? err_in(err, "network \"%s\"", list->name) : 0;
}

/* ---- repair ---- */

static bool knows_no_repair(const struct err *err)
{
	return err->code == CNI_E_ENV &&
	       strstr(err->msg, "unknown CNI_COMMAND");
}

/* One warning for each type of plugin: @told, types with a newline behind. */
static void tell_once(const char *type, struct strbuf *told)
{
	auto_strbuf struct strbuf line = { .len = 0 };

	strbuf_printf(&line, "\n%s\n", type);
	if (line.failed || strstr(strbuf_str(told), line.data))
		return;
	strbuf_puts(told, line.data);
	log_warn("plugin \"%s\" does not know REPAIR: rules in the packet "
		 "filter that it has made come back with DEL and ADD",
		 type);
}

static int repair_steps(const struct chain_step *step, struct strbuf *told,
			struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < json_object_array_length(step->list->plugins);
	     i++) {
		struct err own = { .code = CNI_OK };

		if (chain_run(step, i, NULL, &own) < 0 &&
		    knows_no_repair(&own)) {
			tell_once(chain_type(step->list, i), told);
			err_clear(&own);
		}
		r = first_of(err_take(err, &own), r);
	}
	return r;
}

/* The names in @entry are good: chain_cached() has looked at them. */
static int repair_entry(const struct chain_runtime *runtime,
			const struct json_object *entry, struct strbuf *told,
			struct err *err)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_free char *args = NULL;
	struct chain_attachment at = {
		.container_id = cache_text(entry, "containerId"),
		.netns = cache_netns(entry),
		.ifname = cache_text(entry, "ifName"),
		.caps = cache_object(entry, "capabilityArgs"),
	};
	const struct chain_step step = {
		.runtime = runtime,
		.list = &list,
		.verb = CNI_REPAIR,
		.at = &at,
		.prev = cache_object(entry, "result"),
	};
	int r;

	r = cache_config(entry, &list, err);
	r = r ?: cache_args(entry, &args, err);
	at.args = args;
	r = r ?: repair_steps(&step, told, err);
	return r < 0 ? err_in(err, "container \"%s\"", at.container_id) : 0;
}

int chain_repair(const struct chain_runtime *runtime, const char *network,
		 size_t *count, struct err *err)
{
	auto_json struct json_object *entries = NULL;
	auto_strbuf struct strbuf told = { .len = 0 };
	int r;

	*count = 0;
	r = chain_cached(runtime, network, NULL, &entries, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		const struct json_object *entry =
			json_object_array_get_idx(entries, i);
		struct err own = { .code = CNI_OK };

		if (!cache_object(entry, "result") ||
		    !chain_is_live(cache_netns(entry)))
			continue;
		if (repair_entry(runtime, entry, &told, &own) == 0)
			(*count)++;
		r = first_of(err_take(err, &own), r);
	}
	return r;
}
