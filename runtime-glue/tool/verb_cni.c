/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `runtime-glue cni`: the verbs about one attachment, and STATUS. */
#include "runtime-glue/tool/verb_cni.h"
#include "common/base/log.h"

#define AT(member) offsetof(struct cni_options, member)

static const struct cli_option status_options[] = {
	{ "conf-dir", 0, CLI_TEXT, AT(conf_dir), "DIR",
	  "where networks are (NETCONFPATH)" },
	{ "cni-path", 0, CLI_TEXT, AT(cni_path), "DIR[:DIR...]",
	  "where plugins are (CNI_PATH)" },
	{ .name = NULL },
};

static const struct cli_option options_of_one[] = {
	{ "ifname", 'i', CLI_TEXT, AT(ifname), "NAME",
	  "the interface in the container (CNI_IFNAME, eth0)" },
	{ "args", 0, CLI_TEXT, AT(args), "K=V[;K=V...]",
	  "arguments for plugins (CNI_ARGS)" },
	{ "cap-args", 0, CLI_TEXT, AT(cap_args), "JSON",
	  "capability arguments, an object (CAP_ARGS)" },
	{ "container-id", 0, CLI_TEXT, AT(container_id), "ID",
	  "instead of one made from the namespace's path" },
	{ "conf-dir", 0, CLI_TEXT, AT(conf_dir), "DIR",
	  "where networks are (NETCONFPATH)" },
	{ "cni-path", 0, CLI_TEXT, AT(cni_path), "DIR[:DIR...]",
	  "where plugins are (CNI_PATH)" },
	{ "cni-cache", 0, CLI_TEXT, AT(cni_cache), "DIR",
	  "where results are kept" },
	{ .name = NULL },
};

static int run_add(const struct tool *tool, const void *options, int argc,
		   char **argv, struct err *err)
{
	auto_cni_target struct cni_target target = CNI_TARGET_NONE;
	auto_netlist struct netlist list = NETLIST_NONE;
	auto_json struct json_object *result = NULL;
	auto_strbuf struct strbuf text = { .len = 0 };
	int r;

	r = cni_target_read(tool, options, argc, argv, &target, err);
	r = r ?: netlist_find(target.conf_dir, target.network, &list, err);
	r = r ?: chain_add(&target.runtime, &list, &target.at, &result, err);
	if (r < 0)
		return r;
	r = chain_result_text(result, list.version, &text, err);
	strbuf_putc(&text, '\n');
	if (r == 0 && text.failed)
		r = err_nomem(err);
	return r ?: cli_print(text.data, text.len, err);
}

static int run_check(const struct tool *tool, const void *options, int argc,
		     char **argv, struct err *err)
{
	auto_cni_target struct cni_target target = CNI_TARGET_NONE;
	auto_netlist struct netlist list = NETLIST_NONE;
	int r;

	r = cni_target_read(tool, options, argc, argv, &target, err);
	r = r ?: netlist_find(target.conf_dir, target.network, &list, err);
	return r ?: chain_check(&target.runtime, &list, &target.at, err);
}

/* Is anything of the container's in the cache, for that network? */
static int is_cached(const struct cni_target *target, bool *out,
		     struct err *err)
{
	auto_json struct json_object *entries = NULL;
	int r = chain_cached(&target->runtime, target->network,
			     target->at.container_id, &entries, err);

	*out = r == 0 && json_object_array_length(entries) > 0;
	return r;
}

/*
 * By the network as it is now, as cnitool does it. If that is no more, by what
 * the cache has of it: the interface must not stay because of a lost file.
 */
static int run_del(const struct tool *tool, const void *options, int argc,
		   char **argv, struct err *err)
{
	auto_cni_target struct cni_target target = CNI_TARGET_NONE;
	auto_netlist struct netlist list = NETLIST_NONE;
	struct err why = { .code = CNI_OK };
	bool cached = false;
	int r;

	r = cni_target_read(tool, options, argc, argv, &target, err);
	if (r == 0 && !target.id)
		r = err_set(err, CNI_E_ENV,
			    "without a namespace --container-id is needed");
	if (r < 0)
		return r;
	r = netlist_find(target.conf_dir, target.network, &list, &why);
	if (r == 0)
		return chain_del(&target.runtime, &list, target.network,
				 &target.at, err);
	r = is_cached(&target, &cached, err);
	if (r < 0 || !cached)
		return r ?: err_take(err, &why);
	log_warn("%s; its configuration in the cache is used", why.msg);
	return chain_del(&target.runtime, NULL, target.network, &target.at,
			 err);
}

static int run_status(const struct tool *tool, const void *options, int argc,
		      char **argv, struct err *err)
{
	auto_cni_target struct cni_target target = CNI_TARGET_NONE;
	auto_netlist struct netlist list = NETLIST_NONE;
	int r;

	r = cni_target_read(tool, options, argc, argv, &target, err);
	r = r ?: netlist_find(target.conf_dir, target.network, &list, err);
	return r ?: chain_status(&target.runtime, &list, err);
}

static const struct tool_verb verb_cni_add = {
	.name = "add",
	.arguments = "NETWORK NETNS",
	.help = "attach a network namespace to a network, print the result",
	.options = options_of_one,
	.options_size = sizeof(struct cni_options),
	.anywhere = true,
	.min_args = 2,
	.max_args = 2,
	.run = run_add,
};

static const struct tool_verb verb_cni_check = {
	.name = "check",
	.arguments = "NETWORK NETNS",
	.help = "see whether an attachment is as it was made",
	.options = options_of_one,
	.options_size = sizeof(struct cni_options),
	.anywhere = true,
	.min_args = 2,
	.max_args = 2,
	.run = run_check,
};

static const struct tool_verb verb_cni_del = {
	.name = "del",
	.arguments = "NETWORK [NETNS]",
	.help = "detach it; can be repeated",
	.options = options_of_one,
	.options_size = sizeof(struct cni_options),
	.anywhere = true,
	.min_args = 1,
	.max_args = 2,
	.run = run_del,
};

static const struct tool_verb verb_cni_status = {
	.name = "status",
	.arguments = "NETWORK [NETNS]",
	.help = "see whether a network's plugins are there and ready",
	.options = status_options,
	.options_size = sizeof(struct cni_options),
	.anywhere = true,
	.min_args = 1,
	.max_args = 2,
	.run = run_status,
};

static const struct tool_verb *const verbs[] = {
	&verb_cni_add,    &verb_cni_check, &verb_cni_del,    &verb_cni_gc,
	&verb_cni_status, &verb_cni_list,  &verb_cni_repair, NULL,
};

const struct tool_verb group_cni = {
	.name = "cni",
	.arguments = "VERB",
	.help = "attach namespaces to networks by CNI plugins",
	.section = "Networks",
	.verbs = verbs,
};
