/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/cfg.h"
#include "common/cni/call.h"
#include "common/net/link.h"
#include "common/net/netns.h"
#include "runtime-glue/cni/cache_parts.h"
#include "runtime-glue/cni/chain_parts.h"

static struct json_object *plugin_of(const struct netlist *list, size_t index)
{
	return json_object_array_get_idx(list->plugins, index);
}

const char *chain_type(const struct netlist *list, size_t index)
{
	const struct cfg plugin = cfg_root(plugin_of(list, index));
	struct err err = { .code = CNI_OK };
	const char *type = "";

	/* netlist_parse() has seen to it that there is one. */
	return cfg_string(&plugin, "type", &type, &err) < 0 ? "" : type;
}

bool chain_is_live(const char *netns)
{
	struct err err = { .code = CNI_OK };
	auto_fd int fd = -1;

	return netns_open(netns, &fd, &err) == 0;
}

bool chain_has_link(const struct chain_attachment *at)
{
	auto_net struct net net = NET_CLOSED;
	struct err err = { .code = CNI_OK };
	struct link_info link;
	bool found = false;
	auto_fd int ns = -1;
	int r;

	r = netns_open(at->netns, &ns, &err);
	r = r ?: net_open(&net, ns, &err);
	r = r ?: link_find(&net, at->ifname, &link, &found, &err);
	return r == 0 && found;
}

int chain_check_names(const char *network, const struct chain_attachment *at,
		      struct err *err)
{
	const struct cache_key key = { network, at->container_id, at->ifname };

	return cache_key_check(&key, err);
}

/* ---- stdin ---- */

static bool is_capable(const struct cfg *plugin, const char *name)
{
	struct err err = { .code = CNI_OK };
	struct cfg caps;
	struct json_object *value;

	if (cfg_child_or_none(plugin, "capabilities", json_type_object, &caps,
			      &err) < 0)
		return false;
	value = json_object_object_get(caps.json, name);
	return json_object_is_type(value, json_type_boolean) &&
	       json_object_get_boolean(value);
}

/* Of the capability arguments those that this plugin declares. */
static int put_runtime_config(struct json_object *conf,
			      const struct json_object *all)
{
	auto_json struct json_object *some = json_object_new_object();
	const struct cfg plugin = cfg_root(conf);
	int r = some ? 0 : -ENOMEM;

	if (r == 0 && all) {
		json_object_object_foreach(all, name, value)
		{
			if (r == 0 && value && is_capable(&plugin, name))
				r = cache_put(some, name,
					      json_object_get(value));
		}
	}
	if (r == 0 && json_object_object_length(some) > 0)
		r = cache_put(conf, "runtimeConfig", take_ptr(some));
	return r;
}

static int put_valid(struct json_object *conf, struct json_object *valid)
{
	int r = cache_put(conf, "cni.dev/valid-attachments",
			  json_object_get(valid));

	/* The key's name in the drafts of 1.1.0. */
	return r
		       ?: cache_put(conf, "cni.dev/attachments",
				    json_object_get(valid));
}

static int make_conf(const struct chain_step *step, size_t index,
		     struct json_object **out)
{
	auto_json struct json_object *conf = json_object_new_object();
	int r = conf ? 0 : -ENOMEM;

	json_object_object_foreach(plugin_of(step->list, index), key, value)
	{
		if (r == 0 && value)
			r = cache_put(conf, key, json_object_get(value));
	}
	if (r < 0)
		return r;
	json_object_object_del(conf, "prevResult");
	r = cache_put(conf, "name", json_object_new_string(step->list->name));
	r = r
		    ?: cache_put(conf, "cniVersion",
				 json_object_new_string(step->list->version));
	if (r == 0 && step->prev)
		r = cache_put(conf, "prevResult", json_object_get(step->prev));
	if (r == 0 && step->at)
		r = put_runtime_config(conf, step->at->caps);
	if (r == 0 && step->valid)
		r = put_valid(conf, step->valid);
	if (r == 0)
		*out = take_ptr(conf);
	return r;
}

/* ---- environment ---- */

#define ENV_COUNT 6

struct env {
	char *at[ENV_COUNT + 1];
};

static void env_free(struct env *env)
{
	for (size_t i = 0; i < ENV_COUNT; i++)
		free(env->at[i]);
}

static int env_make(const struct chain_step *step, struct env *out)
{
	static const struct chain_attachment nobody = { .netns = NULL };
	const struct chain_attachment *at = step->at ?: &nobody;
	const char *const values[ENV_COUNT][2] = {
		{ "COMMAND", cni_verb_text(step->verb) },
		{ "CONTAINERID", at->container_id },
		{ "NETNS", at->netns },
		{ "ARGS", at->args },
		{ "IFNAME", at->ifname },
		{ "PATH", step->runtime->bin_path },
	};

	for (size_t i = 0; i < ENV_COUNT; i++)
		if (asprintf(&out->at[i], "CNI_%s=%s", values[i][0],
			     values[i][1] ?: "") < 0) {
			out->at[i] = NULL;
			return -ENOMEM;
		}
	return 0;
}

/* ---- the run ---- */

static int find(struct cni_call *call, struct err *err)
{
	int r = cni_call_find(call, err);

	if (r < 0)
		(void)err_hint(err,
			       "install the plugin there (ferrule's by `make "
			       "install`, the reference's are Debian's "
			       "containernetworking-plugins), or name its "
			       "folder with --cni-path or CNI_PATH");
	return r;
}

int chain_find(const struct chain_runtime *runtime, const struct netlist *list,
	       struct err *err)
{
	int r = 0;

	for (size_t i = 0;
	     r == 0 && i < json_object_array_length(list->plugins); i++) {
		auto_cni_call struct cni_call call = CNI_CALL_NONE;

		call.type = chain_type(list, i);
		call.dirs = runtime->bin_path;
		r = find(&call, err);
	}
	return r < 0 ? err_in(err, "network \"%s\"", list->name) : 0;
}

int chain_result_text(struct json_object *result, const char *version,
		      struct strbuf *out, struct err *err)
{
	auto_result struct cni_result model = { .ip_count = 0 };
	const struct cfg root = cfg_root(result);
	enum cni_version wanted, has;
	const char *text = "";
	int r;

	if (!cni_version_known(version, &wanted))
		return err_set(err, CNI_E_VERSION,
			       "there is no CNI version \"%s\"", version);
	has = wanted;
	if (!json_object_is_type(result, json_type_object))
		return err_set(err, CNI_E_DECODE, "a result must be an object");
	r = cfg_string_or(&root, "cniVersion", "", &text, err);
	if (r == 0 && *text && !cni_version_known(text, &has))
		return err_set(err, CNI_E_VERSION,
			       "unsupported CNI result version \"%s\"", text);
	r = r ?: cni_result_read(&root, has, &model, err);
	return r ?: cni_result_write(&model, wanted, out, err);
}

static int take_result(const struct netlist *list,
		       const struct spawn_result *ran, struct json_object **out,
		       struct err *err)
{
	auto_json struct json_object *doc = NULL;
	auto_strbuf struct strbuf text = { .len = 0 };
	int r;

	r = json_parse(strbuf_str(&ran->out), ran->out.len, "result", &doc,
		       err);
	r = r ?: chain_result_text(doc, list->version, &text, err);
	r = r ?: json_parse(strbuf_str(&text), text.len, "result", out, err);
	if (r == 0)
		return 0;
	(void)err_code(err, CNI_E_DELEGATE);
	return err_in(err, "failed to unmarshal raw result");
}

static int run(struct cni_call *call, const struct chain_step *step,
	       size_t index, struct json_object **result, struct err *err)
{
	auto_spawn_result struct spawn_result ran = { .status = 0 };
	auto_json struct json_object *conf = NULL;
	AUTO(env_free) struct env env = { .at = { NULL } };
	const char *text = NULL;
	int r;

	call->type = chain_type(step->list, index);
	call->dirs = step->runtime->bin_path;
	r = make_conf(step, index, &conf);
	r = r ?: env_make(step, &env);
	if (r == 0)
		text = json_object_to_json_string_length(
			conf,
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
			&call->input_len);
	if (!text)
		return err_nomem(err);
	call->input = text;
	call->env = env.at;
	r = find(call, err);
	r = r ?: cni_call_start(call, err);
	r = r ?: cni_call_finish(call, &ran, err);
	if (r == 0 && result)
		r = take_result(step->list, &ran, result, err);
	return r;
}

int chain_run(const struct chain_step *step, size_t index,
	      struct json_object **result, struct err *err)
{
	static const char *const words[] = {
		[CNI_ADD] = "add",       [CNI_DEL] = "delete",
		[CNI_CHECK] = "check",   [CNI_GC] = "gc",
		[CNI_STATUS] = "status", [CNI_VERSION] = "version",
		[CNI_REPAIR] = "repair", [CNI_UNKNOWN] = "?",
	};
	auto_cni_call struct cni_call call = CNI_CALL_NONE;
	struct json_object *plugin = plugin_of(step->list, index);
	const char *name = cache_text(plugin, "name");

	if (result)
		*result = NULL;
	if (run(&call, step, index, result, err) == 0)
		return 0;
	if (*name)
		return err_in(err, "plugin type=\"%s\" name=\"%s\" failed (%s)",
			      call.type, name, words[step->verb]);
	return err_in(err, "plugin type=\"%s\" failed (%s)", call.type,
		      words[step->verb]);
}
