/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/tool/netjson.h"

int netjson_put(struct json_object *at, const char *key,
		struct json_object *value, struct err *err)
{
	if (!value)
		return err_nomem(err);
	if ((key ? json_object_object_add(at, key, value)
		 : json_object_array_add(at, value)) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

int netjson_text(struct json_object *at, const char *key, const char *text,
		 struct err *err)
{
	return netjson_put(at, key, json_object_new_string(text), err);
}

int netjson_int(struct json_object *at, const char *key, int64_t value,
		struct err *err)
{
	return netjson_put(at, key, json_object_new_int64(value), err);
}

static struct json_object *get(const struct json_object *at, const char *key,
			       enum json_type type)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(at, json_type_object) ||
	    !json_object_object_get_ex(at, key, &value) ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *netjson_string(const struct json_object *at, const char *key)
{
	struct json_object *value = get(at, key, json_type_string);

	return value ? json_object_get_string(value) : "";
}

struct json_object *netjson_array(const struct json_object *at, const char *key)
{
	return get(at, key, json_type_array);
}

struct json_object *netjson_object(const struct json_object *at,
				   const char *key)
{
	return get(at, key, json_type_object);
}

int64_t netjson_number(const struct json_object *at, const char *key)
{
	return json_object_get_int64(get(at, key, json_type_int));
}

size_t netjson_len(const struct json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

struct json_object *netjson_at(const struct json_object *array, size_t index)
{
	struct json_object *item = json_object_array_get_idx(array, index);

	return json_object_is_type(item, json_type_object) ? item : NULL;
}
