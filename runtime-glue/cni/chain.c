/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ADD, CHECK and DEL of one attachment. */
#include "runtime-glue/cni/chain.h"

#include <string.h>

#include "common/base/log.h"
#include "runtime-glue/cni/chain_parts.h"

static size_t plugin_count(const struct netlist *list)
{
	return json_object_array_length(list->plugins);
}

static bool at_least(const struct netlist *list, enum cni_version least)
{
	enum cni_version version;

	return cni_version_known(list->version, &version) && version >= least;
}

/* ---- DEL ---- */

int chain_del_steps(const struct chain_step *step, size_t count,
		    struct err *err)
{
	int r = 0;

	while (count-- > 0) {
		struct err own = { .code = CNI_OK };

		if (chain_run(step, count, NULL, &own) < 0)
			r = first_of(err_take(err, &own), r);
	}
	return r;
}

/*
 * The result for plugins that are asked in a version of today. One that cannot
 * be had is no reason to leave an interface behind.
 */
static struct json_object *prev_of(const struct netlist *list,
				   const struct json_object *entry)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	struct json_object *result =
		entry ? cache_object(entry, "result") : NULL;
	struct json_object *prev = NULL;
	struct err err = { .code = CNI_OK };
	int r;

	if (!result || !at_least(list, CNI_V0_4_0))
		return NULL;
	r = chain_result_text(result, list->version, &text, &err);
	r = r
		    ?: json_parse(strbuf_str(&text), text.len, "cached result",
				  &prev, &err);
	if (r < 0)
		log_warn("cached result of network \"%s\", container \"%s\": "
			 "%s",
			 list->name, cache_text(entry, "containerId"), err.msg);
	return prev;
}

/* What the caller has not said, the entry says. @args: owned. */
static int fill(struct chain_attachment *at, const struct json_object *entry,
		char **args, struct err *err)
{
	int r = 0;

	if (!entry)
		return 0;
	if (!at->args)
		r = cache_args(entry, args, err);
	at->args = at->args ?: *args;
	at->caps = at->caps ?: cache_object(entry, "capabilityArgs");
	if (!at->netns)
		at->netns = cache_netns(entry);
	return r;
}

/* By @list, with what the entry (may be NULL) knows. */
static int del_entry(const struct chain_runtime *runtime,
		     const struct netlist *list,
		     const struct json_object *entry,
		     const struct chain_attachment *attachment, struct err *err)
{
	auto_json struct json_object *prev = prev_of(list, entry);
	struct chain_attachment at = *attachment;
	const struct cache_key key = { list->name, at.container_id, at.ifname };
	auto_free char *args = NULL;
	const struct chain_step step = {
		.runtime = runtime,
		.list = list,
		.verb = CNI_DEL,
		.at = &at,
		.prev = prev,
	};
	int r;

	r = fill(&at, entry, &args, err);
	r = r ?: chain_del_steps(&step, plugin_count(list), err);
	return r ?: cache_remove(runtime, &key, err);
}

int chain_del(const struct chain_runtime *runtime, const struct netlist *list,
	      const char *network, const struct chain_attachment *attachment,
	      struct err *err)
{
	const struct cache_key key = { network, attachment->container_id,
				       attachment->ifname };
	auto_json struct json_object *entry = NULL;
	auto_netlist struct netlist cached = NETLIST_NONE;
	struct err why = { .code = CNI_OK };
	int r;

	r = chain_check_names(network, attachment, err);
	if (r < 0)
		return r;
	r = cache_read(runtime, &key, &entry, &why);
	/* One that is another's is not removed, one that is broken is. */
	if (r == -EEXIST || (r < 0 && !list))
		return err_take(err, &why);
	if (r < 0)
		log_warn("DEL goes on without it: %s", why.msg);
	if (!list && !entry)
		return 0;
	if (!list) {
		r = cache_config(entry, &cached, err);
		list = &cached;
	} else {
		r = 0;
	}
	r = r ?: del_entry(runtime, list, entry, attachment, err);
	return r < 0 ? err_in(err, "network \"%s\"", network) : 0;
}

int chain_del_entry(const struct chain_runtime *runtime,
		    const struct netlist *list, const struct json_object *entry,
		    struct err *err)
{
	auto_netlist struct netlist made_by = NETLIST_NONE;
	const struct chain_attachment at = {
		.container_id = cache_text(entry, "containerId"),
		.ifname = cache_text(entry, "ifName"),
	};
	struct err own = { .code = CNI_OK };

	if (cache_config(entry, &made_by, &own) == 0)
		list = &made_by;
	err_clear(&own);
	if (chain_del(runtime, list, cache_text(entry, "networkName"), &at,
		      &own) < 0)
		return err_take(err, &own);
	return 0;
}

/* ---- ADD ---- */

/* Is it there already, or did an ADD die over it? */
static int look_before(const struct chain_runtime *runtime,
		       const struct netlist *list,
		       const struct chain_attachment *attachment,
		       struct err *err)
{
	const struct cache_key key = { list->name, attachment->container_id,
				       attachment->ifname };
	auto_json struct json_object *entry = NULL;
	struct err why = { .code = CNI_OK };
	int r = cache_read(runtime, &key, &entry, &why);

	if (r == -EEXIST)
		return err_take(err, &why);
	if (r < 0) /* it will be replaced */
		log_warn("%s", why.msg);
	if (r < 0 || !entry)
		return 0;
	if (!cache_object(entry, "result") ||
	    !chain_is_live(cache_netns(entry))) {
		r = chain_del_entry(runtime, list, entry, err);
		return r < 0 ? err_in(err, "what an earlier ADD has left") : 0;
	}
	(void)err_set(err, CNI_E_DUPLICATE,
		      "container \"%s\" has interface \"%s\" in network \"%s\" "
		      "already, in namespace \"%s\"",
		      key.container_id, key.ifname, key.network,
		      cache_netns(entry));
	(void)err_hint(err, "DEL it first, or choose another interface name");
	err->errnum = EEXIST;
	return -EEXIST;
}

/*
 * The plugins that ran and the one that failed get DEL. Not so the latter if it
 * says, or if we saw before, that what it was to make is there already: that
 * was made by somebody of whom our cache does not know, and may be in use.
 */
static void undo(struct chain_step *step, size_t failed, bool had_link,
		 const struct err *why)
{
	const struct cache_key key = { step->list->name, step->at->container_id,
				       step->at->ifname };
	const size_t count = plugin_count(step->list);
	struct err err = { .code = CNI_OK };
	size_t some = failed < count ? failed + 1 : count;
	int r;

	if (failed < count &&
	    (why->code == CNI_E_DUPLICATE || (failed == 0 && had_link)))
		some = failed;
	step->verb = CNI_DEL;
	r = chain_del_steps(step, some, &err);
	r = r ?: cache_remove(step->runtime, &key, &err);
	if (r < 0)
		log_warn("undo of ADD: %s; DEL is to be tried again", err.msg);
}

static int add_steps(struct chain_step *step, size_t *at,
		     struct json_object **last, struct err *err)
{
	int r = 0;

	for (*at = 0; *at < plugin_count(step->list); (*at)++) {
		struct json_object *next = NULL;

		step->prev = *last;
		r = chain_run(step, *at, &next, err);
		if (r < 0)
			return r;
		json_object_put(*last);
		*last = next;
	}
	return r;
}

static int check_attachment(const struct netlist *list,
			    const struct chain_attachment *attachment,
			    struct err *err)
{
	int r = chain_check_names(list->name, attachment, err);

	if (r == 0 && (!attachment->netns || !*attachment->netns))
		r = err_set(err, CNI_E_ENV,
			    "network \"%s\": no network namespace is given",
			    list->name);
	return r;
}

int chain_add(const struct chain_runtime *runtime, const struct netlist *list,
	      const struct chain_attachment *attachment,
	      struct json_object **result, struct err *err)
{
	auto_json struct json_object *last = NULL;
	struct chain_step step = {
		.runtime = runtime,
		.list = list,
		.verb = CNI_ADD,
		.at = attachment,
	};
	bool had_link;
	size_t at = 0;
	int r;

	r = check_attachment(list, attachment, err);
	r = r ?: look_before(runtime, list, attachment, err);
	r = r ?: chain_find(runtime, list, err);
	r = r ?: cache_write(runtime, list, attachment, NULL, err);
	if (r < 0)
		return r;
	had_link = chain_has_link(attachment);
	r = add_steps(&step, &at, &last, err);
	r = r ?: cache_write(runtime, list, attachment, last, err);
	step.prev = at_least(list, CNI_V0_4_0) ? last : NULL;
	if (r < 0) {
		undo(&step, at, had_link, err);
		return err_in(err, "network \"%s\"", list->name);
	}
	if (result)
		*result = take_ptr(last);
	return 0;
}

/* ---- CHECK ---- */

static int check_steps(const struct chain_step *step, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plugin_count(step->list); i++)
		r = chain_run(step, i, NULL, err);
	return r;
}

static int check_entry(const struct chain_runtime *runtime,
		       const struct netlist *list,
		       const struct chain_attachment *attachment,
		       struct err *err)
{
	const struct cache_key key = { list->name, attachment->container_id,
				       attachment->ifname };
	auto_json struct json_object *entry = NULL;
	auto_json struct json_object *prev = NULL;
	auto_free char *args = NULL;
	struct chain_attachment at = *attachment;
	struct chain_step step = {
		.runtime = runtime,
		.list = list,
		.verb = CNI_CHECK,
		.at = &at,
	};
	int r;

	r = cache_read(runtime, &key, &entry, err);
	if (r == 0 && (!entry || !cache_object(entry, "result"))) {
		r = err_set(err, CNI_E_CHECK,
			    "container \"%s\" has no interface \"%s\" there, "
			    "as far as the cache in \"%s\" knows",
			    key.container_id, key.ifname, runtime->cache_dir);
		(void)err_hint(err, "ADD it, or name the cache of who has "
				    "added it with --cni-cache");
	}
	r = r ?: fill(&at, entry, &args, err);
	if (r < 0)
		return r;
	prev = prev_of(list, entry);
	step.prev = prev;
	return check_steps(&step, err);
}

int chain_check(const struct chain_runtime *runtime, const struct netlist *list,
		const struct chain_attachment *attachment, struct err *err)
{
	int r = check_attachment(list, attachment, err);

	if (r == 0 && !at_least(list, CNI_V0_4_0))
		r = err_set(err, CNI_E_VERSION,
			    "network \"%s\": configuration version \"%s\" does "
			    "not support the CHECK command",
			    list->name, list->version);
	if (r < 0 || list->disable_check)
		return r;
	r = check_entry(runtime, list, attachment, err);
	return r < 0 ? err_in(err, "network \"%s\"", list->name) : 0;
}
