/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue network ls, inspect; who uses a network. */
#include <string.h>

#include "runtime-glue/tool/box.h"
#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/verb_network.h"

struct options {
	bool quiet;
};

static const struct cli_option ls_options[] = {
	{ "quiet", 'q', CLI_FLAG, offsetof(struct options, quiet), NULL,
	  "names only" },
	{ .name = NULL },
};
static const struct cli_option none[] = { { .name = NULL } };

/* ---- Users ---- */

static bool is_listed(const struct json_object *record, const char *network)
{
	struct json_object *networks = netjson_array(record, "networks");

	for (size_t i = 0; i < netjson_len(networks); i++)
		if (strcmp(netjson_string(netjson_at(networks, i), "network"),
			   network) == 0)
			return true;
	return false;
}

/* A box that goes meanwhile uses nothing any more. */
static int add_box(const struct tool *tool, const char *id, const char *network,
		   struct json_object *users, struct json_object *seen,
		   struct err *err)
{
	auto_box struct box box = BOX_NONE;
	struct err gone = { .code = CNI_OK };
	int r = box_open(tool, id, false, &box, &gone);

	if (r < 0)
		return 0;
	r = netjson_int(seen, id, 1, err);
	if (r == 0 && is_listed(box.record, network))
		r = netjson_text(users, NULL,
				 netjson_string(box.record, "name"), err);
	return r;
}

static int add_boxes(const struct tool *tool, const char *network,
		     struct json_object *users, struct json_object *seen,
		     struct err *err)
{
	char **ids = NULL;
	size_t count = 0;
	int r = box_list(tool, &ids, &count, err);

	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			r = add_box(tool, ids[i], network, users, seen, err);
		free(ids[i]);
	}
	free(ids);
	return r;
}

int network_users(const struct tool *tool, const char *name,
		  struct json_object **out, struct err *err)
{
	auto_json struct json_object *users = json_object_new_array();
	auto_json struct json_object *seen = json_object_new_object();
	auto_json struct json_object *entries = NULL;
	int r = users && seen ? 0 : err_nomem(err);

	r = r ?: add_boxes(tool, name, users, seen, err);
	r = r ?: chain_cached(&tool->cni, name, NULL, &entries, err);
	for (size_t i = 0; r == 0 && i < netjson_len(entries); i++) {
		const char *id =
			netjson_string(netjson_at(entries, i), "containerId");

		if (!json_object_object_get_ex(seen, id, NULL))
			r = netjson_text(users, NULL, id, err);
	}
	if (r == 0)
		*out = take_ptr(users);
	return r;
}

/* ---- ls ---- */

static void print_subnets(const struct netlist *list, struct strbuf *out)
{
	struct network_subnet at[NETWORK_SUBNETS];
	size_t n = network_subnets(list, at, NETWORK_SUBNETS);
	char text[CIDR_TEXT];

	strbuf_puts(out, n ? "" : "-");
	for (size_t i = 0; i < n; i++)
		strbuf_printf(out, "%s%s", i ? "," : "",
			      cidr_format(&at[i].cidr, text));
}

static void print_plugins(const struct netlist *list, struct strbuf *out)
{
	for (size_t i = 0; i < netjson_len(list->plugins); i++)
		strbuf_printf(out, "%s%s", i ? "," : "",
			      netjson_string(netjson_at(list->plugins, i),
					     "type"));
}

static void print_line(const struct netlist *list, bool quiet,
		       struct strbuf *out)
{
	auto_strbuf struct strbuf plugins = { .len = 0 };
	auto_strbuf struct strbuf subnets = { .len = 0 };
	const char *bridge = network_bridge(list);

	if (quiet) {
		strbuf_printf(out, "%s\n", list->name);
		return;
	}
	print_plugins(list, &plugins);
	print_subnets(list, &subnets);
	strbuf_printf(out, "%-20s %-15s %-24s %s\n", list->name,
		      *bridge ? bridge : "-", strbuf_str(&plugins),
		      strbuf_str(&subnets));
}

static int run_ls(const struct tool *tool, const void *opaque, int argc,
		  char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_strbuf struct strbuf out = { .len = 0 };
	struct netlist *lists = NULL;
	size_t count = 0;
	int r = netlist_all(tool->conf_dir, &lists, &count, err);

	(void)argc;
	(void)argv;
	if (r == -ENOENT) {
		err_clear(err);
		r = 0;
	}
	if (r == 0 && !options->quiet)
		strbuf_printf(&out, "%-20s %-15s %-24s %s\n", "NAME", "BRIDGE",
			      "PLUGINS", "SUBNETS");
	for (size_t i = 0; r == 0 && i < count; i++)
		print_line(&lists[i], options->quiet, &out);
	netlists_free(lists, count);
	if (r == 0 && out.failed)
		r = err_nomem(err);
	return r ?: cli_print(strbuf_str(&out), out.len, err);
}

/* ---- inspect ---- */

static int inspect_one(const struct tool *tool, const char *name,
		       struct json_object *all, struct err *err)
{
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_json struct json_object *object = json_object_new_object();
	struct json_object *users = NULL;
	int r = netlist_find(tool->conf_dir, name, &list, err);

	if (r < 0)
		return r;
	if (!object)
		return err_nomem(err);
	r = netjson_text(object, "name", list.name, err);
	r = r ?: netjson_text(object, "cniVersion", list.version, err);
	if (list.path)
		r = r ?: netjson_text(object, "file", list.path, err);
	r = r
		    ?: netjson_put(object, "plugins",
				   json_object_get(list.plugins), err);
	r = r ?: network_users(tool, name, &users, err);
	r = r ?: netjson_put(object, "containers", users, err);
	return r ?: netjson_put(all, NULL, json_object_get(object), err);
}

static int run_inspect(const struct tool *tool, const void *options, int argc,
		       char **argv, struct err *err)
{
	auto_json struct json_object *all = json_object_new_array();
	const char *text;
	int r = all ? 0 : err_nomem(err);

	(void)options;
	for (int i = 0; r == 0 && i < argc; i++)
		r = inspect_one(tool, argv[i], all, err);
	if (r < 0)
		return r;
	text = json_object_to_json_string_ext(
		all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			     JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		return err_nomem(err);
	r = cli_print(text, strlen(text), err);
	return r ?: cli_print("\n", 1, err);
}

const struct tool_verb verb_network_ls = {
	.name = "ls",
	.arguments = "",
	.help = "list networks",
	.options = ls_options,
	.options_size = sizeof(struct options),
	.run = run_ls,
};

const struct tool_verb verb_network_inspect = {
	.name = "inspect",
	.arguments = "NAME...",
	.help = "what a network is and who uses it, as JSON",
	.options = none,
	.min_args = 1,
	.max_args = -1,
	.run = run_inspect,
};
