/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/delegate.h"

#include "common/base/log.h"
#include "common/base/text.h"

static int launch(struct cni_delegate *plugin, enum cni_verb verb,
		  struct err *err)
{
	char command[32];
	char *const env[] = { command, NULL };
	int r;

	(void)text_put(text_put(command, "CNI_COMMAND="), cni_verb_text(verb));
	plugin->call.env = env;
	plugin->call.input = plugin->req->raw.data;
	plugin->call.input_len = plugin->req->raw.len;
	r = cni_call_start(&plugin->call, err);
	plugin->call.env = NULL;
	return r;
}

/* Any version that we know will do, as long as the result says which. */
static int read_result(const struct cni_delegate *plugin,
		       struct json_object *doc, struct cni_result *out,
		       struct err *err)
{
	enum cni_version version = plugin->req->version;
	const struct cfg root = cfg_root(doc);
	const char *text = "";
	int r;

	if (!doc)
		return 0;
	if (!json_object_is_type(doc, json_type_object))
		return cfg_fail(err, &root, NULL, "must be an object");
	r = cfg_string_or(&root, "cniVersion", "", &text, err);
	if (r == 0 && *text && !cni_version_known(text, &version))
		return err_set(err, CNI_E_CONFIG,
			       "unsupported CNI result version \"%s\"", text);
	return r ?: cni_result_read(&root, version, out, err);
}

static int read_answer(const struct cni_delegate *plugin,
		       const struct spawn_result *ran, struct cni_result *out,
		       struct err *err)
{
	auto_json struct json_object *doc = NULL;
	int r;

	r = json_parse(strbuf_str(&ran->out), ran->out.len, "result", &doc,
		       err);
	r = r ?: read_result(plugin, doc, out, err);
	if (r == 0)
		return 0;
	(void)err_code(err, CNI_E_DELEGATE);
	return err_in(err, "failed to unmarshal raw result of plugin \"%s\"",
		      plugin->call.type);
}

/*
 * A failed ADD may have left something. Not so when it failed because this
 * very attachment holds an address already: DEL would take that address from
 * a container that is running.
 */
static void clean_up(struct cni_delegate *plugin, const struct err *why)
{
	auto_spawn_result struct spawn_result ran = { .status = 0 };
	struct err err = { .code = CNI_OK };
	int r;

	if (why->code == CNI_E_DUPLICATE)
		return;
	r = launch(plugin, CNI_DEL, &err);
	r = r ?: cni_call_finish(&plugin->call, &ran, &err);
	if (r < 0)
		log_warn("DEL by plugin \"%s\" after its failed ADD: %s",
			 plugin->call.type, err.msg);
}

int cni_delegate_start(const struct cni_request *req, enum cni_verb verb,
		       const char *type, struct cni_delegate *out,
		       struct err *err)
{
	/* A DEL that goes on after a failure comes with an @err in use. */
	struct err own = { .code = CNI_OK };
	int r;

	*out = CNI_DELEGATE_NONE;
	out->req = req;
	out->call.type = type;
	out->call.dirs = req->path;
	out->verb = verb;
	r = cni_call_find(&out->call, &own);
	r = r ?: launch(out, verb, &own);
	out->running = r == 0;
	return err_take(err, &own);
}

int cni_delegate_finish(struct cni_delegate *delegate, struct cni_result *out,
			struct err *err)
{
	auto_spawn_result struct spawn_result ran = { .status = 0 };
	struct err own = { .code = CNI_OK };
	int r;

	if (!delegate->running)
		return 0;
	delegate->running = false;
	r = cni_call_finish(&delegate->call, &ran, &own);
	if (delegate->verb == CNI_ADD) {
		r = r ?: read_answer(delegate, &ran, out, &own);
		if (r < 0)
			clean_up(delegate, &own);
	}
	return err_take(err, &own);
}

void cni_delegate_free(struct cni_delegate *delegate)
{
	cni_call_free(&delegate->call);
	delegate->running = false;
}

int cni_delegate_add(const struct cni_request *req, const char *type,
		     struct cni_result *out, struct err *err)
{
	auto_cni_delegate struct cni_delegate plugin = CNI_DELEGATE_NONE;
	int r;

	r = cni_delegate_start(req, CNI_ADD, type, &plugin, err);
	return r ?: cni_delegate_finish(&plugin, out, err);
}

int cni_delegate(const struct cni_request *req, enum cni_verb verb,
		 const char *type, struct err *err)
{
	auto_cni_delegate struct cni_delegate plugin = CNI_DELEGATE_NONE;
	int r;

	r = cni_delegate_start(req, verb, type, &plugin, err);
	return r ?: cni_delegate_finish(&plugin, NULL, err);
}
