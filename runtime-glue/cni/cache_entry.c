/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <stdint.h>
#include <string.h>

#include "common/base/log.h"
#include "runtime-glue/cni/base64.h"
#include "runtime-glue/cni/cache_parts.h"

#define CACHE_KIND "cniCacheV1"

int cache_put(struct json_object *object, const char *key,
	      struct json_object *value)
{
	if (value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

const char *cache_text(const struct json_object *entry, const char *key)
{
	struct json_object *value = json_object_object_get(entry, key);

	return json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : "";
}

struct json_object *cache_object(const struct json_object *entry,
				 const char *key)
{
	struct json_object *value = json_object_object_get(entry, key);

	return json_object_is_type(value, json_type_object) ? value : NULL;
}

const char *cache_netns(const struct json_object *entry)
{
	const struct json_object *result = cache_object(entry, "result");
	const char *netns = cache_text(entry, "netns");
	const char *ifname = cache_text(entry, "ifName");
	struct json_object *list = NULL;

	if (!*netns && result)
		list = json_object_object_get(result, "interfaces");
	if (!json_object_is_type(list, json_type_array))
		return netns;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const struct json_object *at =
			json_object_array_get_idx(list, i);

		if (json_object_is_type(at, json_type_object) &&
		    *cache_text(at, "sandbox") &&
		    strcmp(cache_text(at, "name"), ifname) == 0)
			return cache_text(at, "sandbox");
	}
	return netns;
}

static int put_text(struct json_object *object, const char *key,
		    const char *value)
{
	return cache_put(object, key, json_object_new_string(value));
}

static int add_text(struct json_object *array, const char *text, size_t len)
{
	struct json_object *value = json_object_new_string_len(text, (int)len);

	if (value && json_object_array_add(array, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

/* One "K=V" as ["K","V"]. */
static int add_pair(struct json_object *pairs, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	struct json_object *pair;
	size_t key;
	int r;

	if (!equals || equals == text)
		return -EINVAL;
	key = (size_t)(equals - text);
	pair = json_object_new_array();
	r = pair ? add_text(pair, text, key) : -ENOMEM;
	r = r ?: add_text(pair, equals + 1, len - key - 1);
	if (r == 0 && json_object_array_add(pairs, pair) == 0)
		return 0;
	json_object_put(pair);
	return -ENOMEM;
}

static int put_args(struct json_object *entry, const char *args,
		    struct err *err)
{
	auto_json struct json_object *pairs = json_object_new_array();
	int r = pairs ? 0 : -ENOMEM;

	for (size_t len; r == 0 && *args; args += len + (args[len] == ';')) {
		len = strcspn(args, ";");
		r = add_pair(pairs, args, len);
		if (r == -EINVAL)
			return err_set(err, CNI_E_ENV,
				       "CNI_ARGS: invalid pair \"%.*s\"",
				       (int)len, args);
	}
	r = r ?: cache_put(entry, "cniArgs", json_object_get(pairs));
	return r < 0 ? err_nomem(err) : 0;
}

int cache_build(const struct netlist *list,
		const struct chain_attachment *attachment,
		struct json_object *result, struct json_object **out,
		struct err *err)
{
	auto_json struct json_object *entry = json_object_new_object();
	auto_strbuf struct strbuf config = { .len = 0 };
	const struct json_object *caps = attachment->caps;
	int r;

	*out = NULL;
	if (!entry)
		return err_nomem(err);
	base64_write(list->bytes, list->len, &config);
	if (config.failed)
		return err_nomem(err);
	r = put_text(entry, "kind", CACHE_KIND);
	r = r ?: put_text(entry, "containerId", attachment->container_id);
	r = r ?: put_text(entry, "config", strbuf_str(&config));
	r = r ?: put_text(entry, "ifName", attachment->ifname);
	r = r ?: put_text(entry, "networkName", list->name);
	if (r == 0 && attachment->netns && *attachment->netns)
		r = put_text(entry, "netns", attachment->netns);
	if (r < 0)
		return err_nomem(err);
	if (attachment->args && *attachment->args)
		r = put_args(entry, attachment->args, err);
	if (r < 0)
		return r;
	if (caps && json_object_object_length(caps) > 0)
		r = cache_put(
			entry, "capabilityArgs",
			json_object_get((struct json_object *)(uintptr_t)caps));
	if (r == 0 && result)
		r = cache_put(entry, "result", json_object_get(result));
	if (r < 0)
		return err_nomem(err);
	*out = take_ptr(entry);
	return 0;
}

int cache_config(const struct json_object *entry, struct netlist *out,
		 struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	const char *config = cache_text(entry, "config");
	int r;

	*out = NETLIST_NONE;
	r = base64_read(config, strlen(config), &text);
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0 || text.len == 0)
		return err_set(err, CNI_E_DECODE,
			       "cache entry of container \"%s\": it has no "
			       "configuration of network \"%s\"",
			       cache_text(entry, "containerId"),
			       cache_text(entry, "networkName"));
	return netlist_parse(strbuf_str(&text), text.len,
			     "cached configuration", NULL, out, err);
}

static bool is_plain(struct json_object *text)
{
	return json_object_is_type(text, json_type_string) &&
	       !strpbrk(json_object_get_string(text), ";=");
}

int cache_args(const struct json_object *entry, char **out, struct err *err)
{
	struct json_object *pairs = json_object_object_get(entry, "cniArgs");
	auto_strbuf struct strbuf text = { .len = 0 };
	size_t count = 0;

	*out = NULL;
	if (json_object_is_type(pairs, json_type_array))
		count = json_object_array_length(pairs);
	for (size_t i = 0; i < count; i++) {
		struct json_object *pair = json_object_array_get_idx(pairs, i);
		struct json_object *key, *value;

		if (!json_object_is_type(pair, json_type_array) ||
		    json_object_array_length(pair) != 2)
			continue;
		key = json_object_array_get_idx(pair, 0);
		value = json_object_array_get_idx(pair, 1);
		if (is_plain(key) && is_plain(value))
			strbuf_printf(&text, "%s%s=%s", text.len ? ";" : "",
				      json_object_get_string(key),
				      json_object_get_string(value));
	}
	if (text.len > 0)
		*out = strdup(text.data);
	return text.failed || (text.len > 0 && !*out) ? err_nomem(err) : 0;
}

/* ---- the folder ---- */

/* Anything that is not an entry of today's form is none of ours. */
static int collect(int dir, const char *name, const struct cache_key *want,
		   struct json_object *all, struct err *err)
{
	auto_json struct json_object *entry = NULL;
	struct err why = { .code = CNI_OK };
	struct cache_key key;

	if (cache_load(dir, name, &entry, &why) < 0) {
		log_warn("left out: %s", why.msg);
		return 0;
	}
	if (!entry || strcmp(cache_text(entry, "kind"), CACHE_KIND) != 0)
		return 0;
	key.network = cache_text(entry, "networkName");
	key.container_id = cache_text(entry, "containerId");
	key.ifname = cache_text(entry, "ifName");
	if ((want->network && strcmp(want->network, key.network) != 0) ||
	    (want->container_id &&
	     strcmp(want->container_id, key.container_id) != 0))
		return 0;
	if (cache_key_check(&key, &why) < 0) {
		log_warn("left out: cache entry \"%s\": %s", name, why.msg);
		return 0;
	}
	if (json_object_array_add(all, entry) < 0)
		return err_nomem(err);
	entry = NULL;
	return 0;
}

DEFINE_AUTO(dir, DIR *, closedir)
#define auto_dir AUTO(auto_dir_release)

int chain_cached(const struct chain_runtime *runtime, const char *network,
		 const char *container_id, struct json_object **out,
		 struct err *err)
{
	const struct cache_key want = { network, container_id, NULL };
	auto_json struct json_object *all = json_object_new_array();
	auto_dir DIR *stream = NULL;
	const struct dirent *at;
	int dir = -1;
	int r;

	*out = NULL;
	if (!all)
		return err_nomem(err);
	r = cache_open(runtime, false, &dir, err);
	if (r < 0)
		return r;
	if (dir >= 0) {
		stream = fdopendir(dir);
		if (!stream) {
			(void)close(dir);
			return err_nomem(err);
		}
	}
	while (r == 0 && stream && (at = readdir(stream)) != NULL)
		if (at->d_name[0] != '.')
			r = collect(dir, at->d_name, &want, all, err);
	if (r == 0)
		*out = take_ptr(all);
	return r;
}
