/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/cni/netlist.h"

#include <string.h>
#include <strings.h>

#include "common/base/cfg.h"
#include "common/base/text.h"
#include "common/cni/request.h"
#include "common/cni/version.h"
#include "runtime-glue/cni/netlist_parts.h"

void netlist_free(struct netlist *list)
{
	free(list->name);
	free(list->version);
	free(list->path);
	free(list->bytes);
	json_object_put(list->plugins);
	*list = NETLIST_NONE;
}

void netlists_free(struct netlist *lists, size_t count)
{
	for (size_t i = 0; i < count; i++)
		netlist_free(&lists[i]);
	free(lists);
}

void netlist_draft_free(struct netlist_draft *draft)
{
	netlist_free(&draft->list);
}

/* A bool, or the words for it, as people write them into such files. */
static int read_flag(const struct cfg *root, const char *key, bool *out,
		     struct err *err)
{
	struct err why = { .code = CNI_OK };
	const char *text = "";

	if (cfg_bool_or(root, key, false, out, &why) == 0)
		return 0;
	if (cfg_string_or(root, key, "", &text, err) < 0) {
		*err = why;
		return -why.errnum;
	}
	*out = strcasecmp(text, "true") == 0;
	if (*out || strcasecmp(text, "false") == 0)
		return 0;
	return cfg_fail(err, root, key, "\"%s\" is neither true nor false",
			text);
}

/* The newest of the versions offered that is known here, so far: *@best. */
struct choice {
	enum cni_version best;
	bool any;
};

static int offer(const struct cfg *at, const char *text, struct choice *choice,
		 struct err *err)
{
	enum cni_version version;
	bool newer;
	int r;

	if (cni_version_known(text, &version)) {
		if (!choice->any || version > choice->best)
			choice->best = version;
		choice->any = true;
		return 0;
	}
	r = cni_version_newer(text, CNI_V_NEWEST, &newer, err);
	if (r < 0)
		return err_in(err, "%s", at->key ?: "cniVersions");
	if (newer)
		return 0;
	return cfg_fail(err, at, NULL, "there is no CNI version \"%s\"", text);
}

static int read_version(const struct cfg *root, struct netlist *list,
			struct err *err)
{
	struct choice choice = { .any = false };
	const char *text = "";
	const struct cfg own = { .parent = root, .key = "cniVersion" };
	struct cfg more;
	int r;

	r = cfg_string_or(root, "cniVersion", "", &text, err);
	r = r
		    ?: cfg_child_or_none(root, "cniVersions", json_type_array,
					 &more, err);
	if (r == 0 && *text)
		r = offer(&own, text, &choice, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&more); i++) {
		const char *other;

		r = cfg_string_at(&more, i, &other, err);
		r = r ?: offer(&more, other, &choice, err);
	}
	if (r < 0)
		return r;
	if (!choice.any && (*text || cfg_len(&more) > 0))
		return cfg_fail(err, root, "cniVersion",
				"only versions newer than %s, the newest that "
				"is known here",
				cni_version_text(CNI_V_NEWEST));
	list->version =
		strdup(cni_version_text(choice.any ? choice.best : CNI_V0_1_0));
	return list->version ? 0 : err_nomem(err);
}

static int read_name(const struct cfg *root, struct netlist *list,
		     struct err *err)
{
	const char *name = "";
	int r;

	r = cfg_string_or(root, "name", "", &name, err);
	r = r ?: cni_check_network_name(name, err);
	if (r < 0)
		return r;
	list->name = strdup(name);
	return list->name ? 0 : err_nomem(err);
}

/* A type is the name of a file in CNI_PATH, and nowhere else. */
static int check_plugin(const struct cfg *plugin, struct err *err)
{
	const char *type = "";
	int r;

	r = cfg_string(plugin, "type", &type, err);
	if (r == 0 && (!*type || strchr(type, '/') || strcmp(type, ".") == 0 ||
		       strcmp(type, "..") == 0))
		r = cfg_fail(err, plugin, "type", "\"%s\" is no plugin's name",
			     type);
	return r;
}

static int append(struct netlist_draft *draft, const struct cfg *plugin,
		  struct err *err)
{
	int r = check_plugin(plugin, err);

	if (r < 0)
		return r;
	if (json_object_array_add(draft->list.plugins, plugin->json) < 0)
		return err_nomem(err);
	(void)json_object_get(plugin->json);
	return 0;
}

int netlist_draft_append(struct netlist_draft *draft,
			 struct json_object *plugin, struct err *err)
{
	const struct cfg at = cfg_root(plugin);

	if (!json_object_is_type(plugin, json_type_object))
		return cfg_fail(err, &at, NULL, "must be an object");
	return append(draft, &at, err);
}

static int read_inlined(const struct cfg *root, struct netlist_draft *draft,
			struct err *err)
{
	struct cfg list;
	int r;

	r = cfg_child_or_none(root, "plugins", json_type_array, &list, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		struct cfg plugin;

		r = cfg_at(&list, i, json_type_object, &plugin, err);
		r = r ?: append(draft, &plugin, err);
	}
	return r;
}

static int read_list(const struct cfg *root, struct netlist_draft *draft,
		     struct err *err)
{
	struct netlist *list = &draft->list;
	int r;

	draft->as_found = true;
	r = read_flag(root, "disableCheck", &list->disable_check, err);
	r = r ?: read_flag(root, "disableGC", &list->disable_gc, err);
	r = r
		    ?: read_flag(root, "loadOnlyInlinedPlugins",
				 &draft->only_inlined, err);
	r = r ?: read_inlined(root, draft, err);
	if (r == 0 && draft->only_inlined &&
	    json_object_array_length(list->plugins) == 0)
		r = cfg_fail(err, root, "plugins",
			     "is empty, and loadOnlyInlinedPlugins is set");
	return r;
}

int netlist_draft_read(const char *text, size_t len, const char *what,
		       struct netlist_draft *out, struct err *err)
{
	auto_json struct json_object *doc = NULL;
	struct cfg root;
	int r;

	*out = (struct netlist_draft){ .as_found = false };
	out->list.plugins = json_object_new_array();
	out->list.bytes = malloc(len + 1);
	if (!out->list.plugins || !out->list.bytes)
		return err_nomem(err);
	(void)text_putn(out->list.bytes, text, len);
	out->list.len = len;
	r = json_parse(text, len, what, &doc, err);
	if (r < 0)
		return r;
	root = cfg_root(doc);
	if (!json_object_is_type(doc, json_type_object))
		return err_set(err, CNI_E_DECODE, "%s: must be an object",
			       what);
	r = read_name(&root, &out->list, err);
	r = r ?: read_version(&root, &out->list, err);
	if (r == 0 && cfg_has(&root, "type") && !cfg_has(&root, "plugins")) {
		out->only_inlined = true;
		r = append(out, &root, err);
	} else {
		r = r ?: read_list(&root, out, err);
	}
	return r < 0 ? err_in(err, "%s", what) : 0;
}

static int put(struct json_object *object, const char *key,
	       struct json_object *value)
{
	if (value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

/* What a reader that has only these bytes would make the same list of. */
static int write_bytes(struct netlist *list, struct err *err)
{
	auto_json struct json_object *doc = json_object_new_object();
	const char *text;
	size_t len = 0;
	int r;

	if (!doc)
		return err_nomem(err);
	r = put(doc, "cniVersion", json_object_new_string(list->version));
	r = r ?: put(doc, "name", json_object_new_string(list->name));
	if (r == 0 && list->disable_check)
		r = put(doc, "disableCheck", json_object_new_boolean(true));
	if (r == 0 && list->disable_gc)
		r = put(doc, "disableGC", json_object_new_boolean(true));
	r = r
		    ?: put(doc, "loadOnlyInlinedPlugins",
			   json_object_new_boolean(true));
	r = r ?: put(doc, "plugins", json_object_get(list->plugins));
	text = r ? NULL
		 : json_object_to_json_string_length(
			   doc,
			   JSON_C_TO_STRING_PLAIN |
				   JSON_C_TO_STRING_NOSLASHESCAPE,
			   &len);
	free(list->bytes);
	list->bytes = text ? strndup(text, len) : NULL;
	list->len = len;
	return list->bytes ? 0 : err_nomem(err);
}

int netlist_complete(struct netlist_draft *draft, const char *dir,
		     struct netlist *out, struct err *err)
{
	size_t before = json_object_array_length(draft->list.plugins);
	size_t count;
	int r = 0;

	if (dir && !draft->only_inlined)
		r = netlist_read_folder(dir, draft, err);
	if (r < 0)
		return r;
	count = json_object_array_length(draft->list.plugins);
	if (count == 0) {
		r = err_set(err, CNI_E_CONFIG, "network \"%s\" has no plugins",
			    draft->list.name);
		if (dir)
			(void)err_hint(err,
				       "they are in \"plugins\", or in files "
				       "%s/%s/*.conf",
				       dir, draft->list.name);
		return r;
	}
	if (!draft->as_found || count > before)
		r = write_bytes(&draft->list, err);
	if (r < 0)
		return r;
	*out = draft->list;
	draft->list = NETLIST_NONE;
	return 0;
}

int netlist_parse(const char *text, size_t len, const char *what,
		  const char *dir, struct netlist *out, struct err *err)
{
	auto_draft struct netlist_draft draft;
	int r;

	*out = NETLIST_NONE;
	r = netlist_draft_read(text, len, what, &draft, err);
	return r ?: netlist_complete(&draft, dir, out, err);
}
