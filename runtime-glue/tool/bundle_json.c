/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "runtime-glue/tool/bundle_parts.h"

int bundle_put(struct json_object *at, const char *key,
	       struct json_object *value, struct err *err)
{
	if (value && json_object_object_add(at, key, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

int bundle_push(struct json_object *array, struct json_object *value,
		struct err *err)
{
	if (value && json_object_array_add(array, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

int bundle_put_text(struct json_object *at, const char *key, const char *text,
		    struct err *err)
{
	return bundle_put(at, key, json_object_new_string(text), err);
}

int bundle_put_number(struct json_object *at, const char *key, int64_t number,
		      struct err *err)
{
	return bundle_put(at, key, json_object_new_int64(number), err);
}

int bundle_put_true(struct json_object *at, const char *key, struct err *err)
{
	return bundle_put(at, key, json_object_new_boolean(true), err);
}

int bundle_push_text(struct json_object *array, const char *text,
		     struct err *err)
{
	return bundle_push(array, json_object_new_string(text), err);
}

int bundle_put_texts(struct json_object *at, const char *key,
		     const char *const *texts, struct err *err)
{
	struct json_object *array = json_object_new_array();
	int r = bundle_put(at, key, array, err);

	for (; r == 0 && *texts; texts++)
		r = bundle_push_text(array, *texts, err);
	return r;
}

int bundle_object(struct json_object *at, const char *key,
		  struct json_object **out, struct err *err)
{
	if (json_object_object_get_ex(at, key, out) && *out)
		return 0;
	*out = json_object_new_object();
	return bundle_put(at, key, *out, err);
}

int bundle_array(struct json_object *at, const char *key,
		 struct json_object **out, struct err *err)
{
	if (json_object_object_get_ex(at, key, out) && *out)
		return 0;
	*out = json_object_new_array();
	return bundle_put(at, key, *out, err);
}

int bundle_json(const char *text, struct json_object **out, struct err *err)
{
	return json_parse(text, strlen(text), "a part of config.json", out,
			  err);
}

const char *bundle_text(const struct json_object *at, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(at, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

int bundle_image_config(const struct bundle *b, struct cfg *root,
			struct cfg *out, struct err *err)
{
	/* Nothing here changes it; struct cfg is made for both. */
	*root = cfg_root_named((struct json_object *)(uintptr_t)b->image,
			       "the image's configuration");
	return cfg_child_or_none(root, "config", json_type_object, out, err);
}

char *bundle_copy(struct bundle *b, const char *text, size_t len)
{
	char *copy = arena_alloc(&b->arena, len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

bool bundle_starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}
