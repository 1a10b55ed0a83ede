/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions of a Dockerfile, one an option. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "runtime-glue/tool/changes.h"

static int put(struct json_object *at, const char *key,
	       struct json_object *value, struct err *err)
{
	if (!value || json_object_object_add(at, key, value) < 0)
		return err_nomem(err);
	return 0;
}

/* The member of @out, that begins as a copy of @config's. */
static int inherit(struct json_object *config, const char *key, bool array,
		   struct json_object *out, struct json_object **member,
		   struct err *err)
{
	struct json_object *old = NULL;
	enum json_type type = array ? json_type_array : json_type_object;

	if (json_object_object_get_ex(out, key, member))
		return 0;
	*member = NULL;
	if (json_object_object_get_ex(config, key, &old) &&
	    json_object_is_type(old, type)) {
		if (json_object_deep_copy(old, member, NULL) < 0)
			return err_nomem(err);
	} else {
		*member = array ? json_object_new_array()
				: json_object_new_object();
	}
	return put(out, key, *member, err);
}

static bool is_strings(struct json_object *json)
{
	if (!json_object_is_type(json, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(json); i++)
		if (!json_object_is_type(json_object_array_get_idx(json, i),
					 json_type_string))
			return false;
	return true;
}

static int put_command(const char *key, const char *text,
		       struct json_object *out, struct err *err)
{
	struct json_object *list = NULL;
	int r = 0;

	if (text[0] == '[') {
		r = json_parse(text, strlen(text), key, &list, err);
		if (r == 0 && !is_strings(list)) {
			json_object_put(list);
			return err_set(err, CNI_E_FIELD,
				       "%s %s: not an array of texts", key,
				       text);
		}
		return r ?: put(out, key, list, err);
	}
	list = json_object_new_array();
	if (!list)
		return err_nomem(err);
	r |= json_object_array_add(list, json_object_new_string("/bin/sh"));
	r |= json_object_array_add(list, json_object_new_string("-c"));
	r |= json_object_array_add(list, json_object_new_string(text));
	if (r < 0) {
		json_object_put(list);
		return err_nomem(err);
	}
	return put(out, key, list, err);
}

/* "KEY=VALUE" or "KEY VALUE"; quotes around the value go. */
static int split_pair(const char *text, char **key, char **value,
		      struct err *err)
{
	size_t len = strcspn(text, "= ");
	const char *rest = text + len + (text[len] != '\0');
	size_t rest_len = strlen(rest);

	if (len == 0 || !text[len])
		return err_set(err, CNI_E_FIELD, "\"%s\" is not KEY=VALUE",
			       text);
	if (rest_len > 1 && (rest[0] == '"' || rest[0] == '\'') &&
	    rest[rest_len - 1] == rest[0]) {
		rest++;
		rest_len -= 2;
	}
	*key = strndup(text, len);
	*value = strndup(rest, rest_len);
	return *key && *value ? 0 : err_nomem(err);
}

static int put_env(struct json_object *list, const char *key, const char *value,
		   struct err *err)
{
	auto_free char *both = NULL;
	size_t at = 0, count = json_object_array_length(list);

	if (asprintf(&both, "%s=%s", key, value) < 0) {
		both = NULL;
		return err_nomem(err);
	}
	for (; at < count; at++) {
		const char *old = json_object_get_string(
			json_object_array_get_idx(list, at));

		if (old && strncmp(old, both, strlen(key) + 1) == 0)
			break;
	}
	return json_object_array_put_idx(list, at,
					 json_object_new_string(both)) < 0
		       ? err_nomem(err)
		       : 0;
}

static int change_pair(struct json_object *config, bool env, const char *text,
		       struct json_object *out, struct err *err)
{
	auto_free char *key = NULL;
	auto_free char *value = NULL;
	struct json_object *member = NULL;
	int r = split_pair(text, &key, &value, err);

	r = r
		    ?: inherit(config, env ? "Env" : "Labels", env, out,
			       &member, err);
	if (r < 0)
		return r;
	return env ? put_env(member, key, value, err)
		   : put(member, key, json_object_new_string(value), err);
}

static int change_set(struct json_object *config, const char *key,
		      const char *text, struct json_object *out,
		      struct err *err)
{
	bool is_port = strcmp(key, "ExposedPorts") == 0;
	auto_free char *name = NULL;
	struct json_object *member = NULL;
	int r = inherit(config, key, false, out, &member, err);

	if (r < 0)
		return r;
	if (asprintf(&name, "%s%s", text,
		     is_port && !strchr(text, '/') ? "/tcp" : "") < 0) {
		name = NULL;
		return err_nomem(err);
	}
	return put(member, name, json_object_new_object(), err);
}

static int change_one(const char *text, struct json_object *config,
		      struct json_object *out, struct err *err)
{
	static const struct {
		const char *word, *key;
	} texts[] = { { "USER", "User" },
		      { "WORKDIR", "WorkingDir" },
		      { "STOPSIGNAL", "StopSignal" } };
	size_t len = strcspn(text, " ");
	const char *rest = text + len + strspn(text + len, " ");
	char word[16];

	(void)snprintf(word, sizeof(word), "%.*s", (int)len, text);
	if (*rest == '\0')
		return err_set(err, CNI_E_FIELD, "nothing behind the word");
	if (strcasecmp(word, "CMD") == 0)
		return put_command("Cmd", rest, out, err);
	if (strcasecmp(word, "ENTRYPOINT") == 0)
		return put_command("Entrypoint", rest, out, err);
	if (strcasecmp(word, "ENV") == 0)
		return change_pair(config, true, rest, out, err);
	if (strcasecmp(word, "LABEL") == 0)
		return change_pair(config, false, rest, out, err);
	if (strcasecmp(word, "EXPOSE") == 0)
		return change_set(config, "ExposedPorts", rest, out, err);
	if (strcasecmp(word, "VOLUME") == 0)
		return change_set(config, "Volumes", rest, out, err);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcasecmp(word, texts[i].word) == 0)
			return put(out, texts[i].key,
				   json_object_new_string(rest), err);
	return err_set(err, CNI_E_FIELD,
		       "there are CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, "
		       "VOLUME, WORKDIR and STOPSIGNAL");
}

int changes_read(const struct spec_strings *texts, struct json_object *config,
		 struct json_object **out, struct err *err)
{
	auto_json struct json_object *changes = json_object_new_object();
	int r = changes ? 0 : err_nomem(err);

	for (size_t i = 0; r == 0 && i < texts->count; i++) {
		r = change_one(texts->at[i], config, changes, err);
		if (r < 0)
			return err_in(err, "--change \"%s\"", texts->at[i]);
	}
	if (r == 0)
		*out = take_ptr(changes);
	return r;
}
