/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `runtime-glue cni`: what is about whole networks and the cache. */
#include <string.h>

#include "common/net/netns.h"
#include "runtime-glue/cni/cache.h"
#include "runtime-glue/tool/verb_cni.h"

#define AT(member) offsetof(struct cni_options, member)

static const struct cli_option gc_options[] = {
	{ "valid", 0, CLI_LIST, AT(valid), "ID[/IFNAME]",
	  "keep this one (of no interface: all of the container's)" },
	{ "all", 0, CLI_FLAG, AT(all), NULL, "keep none, as cnitool does" },
	{ "conf-dir", 0, CLI_TEXT, AT(conf_dir), "DIR",
	  "where networks are (NETCONFPATH)" },
	{ "cni-path", 0, CLI_TEXT, AT(cni_path), "DIR[:DIR...]",
	  "where plugins are (CNI_PATH)" },
	{ "cni-cache", 0, CLI_TEXT, AT(cni_cache), "DIR",
	  "where results are kept" },
	{ .name = NULL },
};

static const struct cli_option list_options[] = {
	{ "container-id", 0, CLI_TEXT, AT(container_id), "ID",
	  "of this container only" },
	{ "cni-cache", 0, CLI_TEXT, AT(cni_cache), "DIR",
	  "where results are kept" },
	{ .name = NULL },
};

static const struct cli_option repair_options[] = {
	{ "cni-path", 0, CLI_TEXT, AT(cni_path), "DIR[:DIR...]",
	  "where plugins are (CNI_PATH)" },
	{ "cni-cache", 0, CLI_TEXT, AT(cni_cache), "DIR",
	  "where results are kept" },
	{ .name = NULL },
};

static bool is_live(const char *netns)
{
	struct err err = { .code = CNI_OK };
	auto_fd int fd = -1;

	return netns_open(netns, &fd, &err) == 0;
}

/* ---- gc ---- */

static bool is_named(const struct spec_strings *valid, const char *id,
		     const char *ifname)
{
	for (size_t i = 0; i < valid->count; i++) {
		const char *text = valid->at[i];
		const size_t len = strcspn(text, "/");

		if (strlen(id) == len && memcmp(text, id, len) == 0 &&
		    (!text[len] || strcmp(text + len + 1, ifname) == 0))
			return true;
	}
	return false;
}

static int put(struct json_object *object, const char *key, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	if (value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int keep(struct json_object *valid, const char *id, const char *ifname)
{
	struct json_object *at = json_object_new_object();
	int r = at ? put(at, "containerID", id) : -ENOMEM;

	r = r ?: put(at, "ifname", ifname);
	if (r == 0 && json_object_array_add(valid, at) == 0)
		return 0;
	json_object_put(at);
	return -ENOMEM;
}

/* What the cache has not, but the command line with an interface. */
static int keep_named(const struct spec_strings *names,
		      struct json_object *valid)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->count; i++) {
		const char *slash = strchr(names->at[i], '/');
		auto_free char *id = NULL;

		if (!slash)
			continue;
		id = strndup(names->at[i], (size_t)(slash - names->at[i]));
		r = id ? keep(valid, id, slash + 1) : -ENOMEM;
	}
	return r;
}

/*
 * Without being told, what still has a namespace is valid: to remove the
 * network of whatever runs is hardly what somebody who collects garbage wants.
 */
static int find_valid(const struct cni_target *target,
		      const struct cni_options *options,
		      struct json_object *valid, struct err *err)
{
	auto_json struct json_object *entries = NULL;
	int r;

	r = chain_cached(&target->runtime, target->network, NULL, &entries,
			 err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < json_object_array_length(entries);
	     i++) {
		const struct json_object *entry =
			json_object_array_get_idx(entries, i);
		const char *id = cache_text(entry, "containerId");
		const char *ifname = cache_text(entry, "ifName");

		if (options->valid.count ? is_named(&options->valid, id, ifname)
					 : is_live(cache_netns(entry)))
			r = keep(valid, id, ifname);
	}
	r = r ?: keep_named(&options->valid, valid);
	return r < 0 ? err_nomem(err) : 0;
}

static int run_gc(const struct tool *tool, const void *opaque, int argc,
		  char **argv, struct err *err)
{
	const struct cni_options *options = opaque;
	auto_cni_target struct cni_target target = CNI_TARGET_NONE;
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_json struct json_object *valid = json_object_new_array();
	int r;

	if (!valid)
		return err_nomem(err);
	if (options->all && options->valid.count)
		return err_set(err, CNI_E_FIELD,
			       "--all and --valid exclude each other");
	r = cni_target_read(tool, options, argc, argv, &target, err);
	r = r ?: netlist_find(target.conf_dir, target.network, &list, err);
	if (r == 0 && !options->all)
		r = find_valid(&target, options, valid, err);
	return r ?: chain_gc(&target.runtime, &list, valid, err);
}

/* ---- list ---- */

static void print_addresses(const struct json_object *entry, struct strbuf *out)
{
	const struct json_object *result =
		json_object_object_get(entry, "result");
	struct json_object *ips = NULL;
	bool any = false;

	if (json_object_is_type(result, json_type_object))
		ips = json_object_object_get(result, "ips");
	if (json_object_is_type(ips, json_type_array))
		for (size_t i = 0; i < json_object_array_length(ips); i++) {
			const struct json_object *ip =
				json_object_array_get_idx(ips, i);

			if (!json_object_is_type(ip, json_type_object))
				continue;
			strbuf_printf(out, "%s%s", any ? "," : "",
				      cache_text(ip, "address"));
			any = true;
		}
	strbuf_puts(out, any ? "" : "-");
}

static const char *state_of(const struct json_object *entry)
{
	if (!json_object_object_get(entry, "result"))
		return "incomplete";
	return is_live(cache_netns(entry)) ? "up" : "gone";
}

static int run_list(const struct tool *tool, const void *opaque, int argc,
		    char **argv, struct err *err)
{
	const struct cni_options *options = opaque;
	auto_cni_target struct cni_target target = CNI_TARGET_NONE;
	auto_json struct json_object *entries = NULL;
	auto_strbuf struct strbuf text = { .len = 0 };
	int r;

	r = cni_target_read(tool, options, argc, argv, &target, err);
	r = r
		    ?: chain_cached(&target.runtime, target.network,
				    options->container_id, &entries, err);
	if (r < 0)
		return r;
	strbuf_puts(&text, "NETWORK\tCONTAINER\tINTERFACE\tSTATE\tADDRESSES\t"
			   "NAMESPACE\n");
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		const struct json_object *entry =
			json_object_array_get_idx(entries, i);
		const char *netns = cache_netns(entry);

		strbuf_printf(&text, "%s\t%s\t%s\t%s\t",
			      cache_text(entry, "networkName"),
			      cache_text(entry, "containerId"),
			      cache_text(entry, "ifName"), state_of(entry));
		print_addresses(entry, &text);
		strbuf_printf(&text, "\t%s\n", *netns ? netns : "-");
	}
	if (text.failed)
		return err_nomem(err);
	return cli_print(text.data, text.len, err);
}

/* ---- repair ---- */

static int run_repair(const struct tool *tool, const void *options, int argc,
		      char **argv, struct err *err)
{
	auto_cni_target struct cni_target target = CNI_TARGET_NONE;
	auto_strbuf struct strbuf text = { .len = 0 };
	size_t count = 0;
	int r;

	r = cni_target_read(tool, options, argc, argv, &target, err);
	r = r ?: chain_repair(&target.runtime, target.network, &count, err);
	if (r < 0)
		return r;
	strbuf_printf(&text, "%zu attachment%s repaired\n", count,
		      count == 1 ? "" : "s");
	return text.failed ? err_nomem(err)
			   : cli_print(text.data, text.len, err);
}

const struct tool_verb verb_cni_gc = {
	.name = "gc",
	.arguments = "NETWORK [NETNS]",
	.help = "remove what belongs to namespaces that are gone",
	.options = gc_options,
	.options_size = sizeof(struct cni_options),
	.anywhere = true,
	.min_args = 1,
	.max_args = 2,
	.run = run_gc,
};

const struct tool_verb verb_cni_list = {
	.name = "list",
	.arguments = "[NETWORK]",
	.help = "list the attachments in the cache",
	.options = list_options,
	.options_size = sizeof(struct cni_options),
	.anywhere = true,
	.max_args = 1,
	.run = run_list,
};

const struct tool_verb verb_cni_repair = {
	.name = "repair",
	.arguments = "[NETWORK]",
	.help = "put rules back that somebody has flushed, touch no links",
	.options = repair_options,
	.options_size = sizeof(struct cni_options),
	.anywhere = true,
	.max_args = 1,
	.run = run_repair,
};
