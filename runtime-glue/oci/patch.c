/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/patch.h"

#include <stdint.h>
#include <string.h>

#include "runtime-glue/oci/cli.h"

/* The member @key of @object, or NULL; @object may be NULL. */
static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		(void)json_object_object_get_ex(object, key, &value);
	return value;
}

/* @value: taken. */
static int put(struct json_object *object, const char *key,
	       struct json_object *value, struct err *err)
{
	if (value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

/* The group of @path ("memory"), made if missing; its member's name to @key. */
static int group_of(struct json_object *patch, const char *path,
		    struct json_object **group, const char **key,
		    struct err *err)
{
	const char *dot = strchr(path, '.');
	char name[16] = "";
	int r;

	*key = dot ? dot + 1 : path;
	*group = patch;
	if (!dot || dot - path >= (ptrdiff_t)sizeof(name))
		return 0;
	memcpy(name, path, (size_t)(dot - path));
	*group = member(patch, name);
	if (*group)
		return 0;
	r = put(patch, name, json_object_new_object(), err);
	*group = member(patch, name);
	return r;
}

int patch_set(struct json_object *patch, const char *path, enum patch_kind kind,
	      const char *what, const char *value, struct err *err)
{
	struct json_object *group = patch, *json;
	const char *key = path;
	int64_t number = 0;
	int r = 0;

	switch (kind) {
	case PATCH_SIZE:
		if (strcmp(value, "-1") == 0)
			number = -1;
		else
			r = cli_size(what, value, &number, err);
		break;
	case PATCH_NUMBER:
		r = cli_number(what, value, INT64_MIN, INT64_MAX, &number, err);
		break;
	case PATCH_UNSIGNED:
		r = cli_number(what, value, 0, INT64_MAX, &number, err);
		break;
	case PATCH_TEXT:
		break;
	}
	r = r ?: group_of(patch, path, &group, &key, err);
	if (r < 0)
		return r;
	json = kind == PATCH_TEXT ? json_object_new_string(value)
				  : json_object_new_int64(number);
	return put(group, key, json, err);
}

/* Values of 0 and "" that no limit can have. */
static const struct {
	const char *group, *key;
} unset[] = {
	{ "memory", "limit" },
	{ "memory", "reservation" },
	{ "memory", "swap" },
	{ "cpu", "shares" },
	{ "cpu", "quota" },
	{ "cpu", "period" },
	{ "cpu", "realtimeRuntime" },
	{ "cpu", "realtimePeriod" },
	{ "cpu", "cpus" },
	{ "cpu", "mems" },
	{ "blockIO", "weight" },
};

static bool is_nothing(struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		return json_object_get_string_len(value) == 0;
	return json_object_is_type(value, json_type_int) &&
	       json_object_get_int64(value) == 0;
}

static void drop_nulls(struct json_object *object)
{
	json_object_object_foreach(object, key, value)
	{
		if (json_object_is_type(value, json_type_object))
			drop_nulls(value);
		if (!value)
			json_object_object_del(object, key);
	}
}

int patch_tidy(struct json_object *patch, struct err *err)
{
	struct json_object *memory, *limit;

	drop_nulls(patch);
	for (size_t i = 0; i < sizeof(unset) / sizeof(*unset); i++) {
		struct json_object *group = member(patch, unset[i].group);
		struct json_object *value = member(group, unset[i].key);

		if (value && is_nothing(value))
			json_object_object_del(group, unset[i].key);
	}
	memory = member(patch, "memory");
	limit = member(memory, "limit");
	if (limit && json_object_get_int64(limit) == -1 &&
	    !member(memory, "swap"))
		return put(memory, "swap", json_object_new_int64(-1), err);
	return 0;
}

/* Members that are written, or reckoned with, together. */
static const struct {
	const char *group, *keys[4];
} together[] = {
	{ "memory", { "limit", "swap", NULL } },
	{ "cpu", { "quota", "period", "burst", NULL } },
	{ "cpu", { "realtimeRuntime", "realtimePeriod", NULL } },
};

static int complete(struct json_object *group, struct json_object *now,
		    const char *const *keys, struct err *err)
{
	bool touched = false;
	int r = 0;

	for (size_t i = 0; keys[i]; i++)
		touched = touched || member(group, keys[i]);
	for (size_t i = 0; r == 0 && touched && keys[i]; i++) {
		struct json_object *value = member(now, keys[i]);

		if (value && !member(group, keys[i]))
			r = put(group, keys[i], json_object_get(value), err);
	}
	return r;
}

int patch_complete(struct json_object *patch, struct json_object *now,
		   struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(together) / sizeof(*together);
	     i++)
		r = complete(member(patch, together[i].group),
			     member(now, together[i].group), together[i].keys,
			     err);
	return r;
}

int patch_merge(struct json_object *into, struct json_object *patch,
		struct err *err)
{
	int r = 0;

	json_object_object_foreach(patch, key, value)
	{
		struct json_object *old = member(into, key);

		if (r < 0)
			break;
		if (json_object_is_type(old, json_type_object) &&
		    json_object_is_type(value, json_type_object))
			r = patch_merge(old, value, err);
		else
			r = put(into, key, json_object_get(value), err);
	}
	return r;
}
