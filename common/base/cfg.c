/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/cfg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Append the path of @at to @buf; returns the length so far. */
static size_t path_of(const struct cfg *at, char *buf, size_t size)
{
	size_t n = at->parent ? path_of(at->parent, buf, size) : 0;
	int add = 0;

	if (at->key)
		add = snprintf(buf + n, size - n, "%s%s", n ? "." : "",
			       at->key);
	else if (at->parent)
		add = snprintf(buf + n, size - n, "[%zu]", at->index);
	n += (size_t)add;
	return n < size ? n : size - 1;
}

int cfg_fail(struct err *err, const struct cfg *at, const char *key,
	     const char *fmt, ...)
{
	const struct cfg leaf = { .parent = at, .key = key };
	char path[200] = "";
	char why[600];
	va_list ap;

	(void)path_of(key ? &leaf : at, path, sizeof(path));
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(err, CNI_E_CONFIG, "%s: %s", *path ? path : "config",
		       why);
}

static const char *type_name(const struct json_object *json)
{
	switch (json_object_get_type(json)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "a boolean";
	case json_type_double:
		return "a number with a fraction or exponent";
	case json_type_int:
		return "an integer";
	case json_type_object:
		return "an object";
	case json_type_array:
		return "an array";
	case json_type_string:
		return "a string";
	}
	return "unknown";
}

static int check_type(const struct cfg *at, const char *key,
		      const struct json_object *json, enum json_type want,
		      struct err *err)
{
	static const char *const wanted[] = {
		[json_type_null] = "null",
		[json_type_boolean] = "a boolean",
		[json_type_double] = "a number",
		[json_type_int] = "an integer",
		[json_type_object] = "an object",
		[json_type_array] = "an array",
		[json_type_string] = "a string",
	};

	if (!json)
		return cfg_fail(err, at, key, "required but missing");
	if (json_object_is_type(json, want))
		return 0;
	return cfg_fail(err, at, key, "must be %s, not %s", wanted[want],
			type_name(json));
}

/*
 * The next character of @key, folded as Go's encoding/json folds it: ASCII
 * case, and the two letters beyond ASCII that fold into it (U+017F, U+212A).
 */
static int fold_next(const char **key)
{
	unsigned char c = (unsigned char)**key;

	if (c == 0xc5 && (unsigned char)(*key)[1] == 0xbf) {
		*key += 2;
		return 's';
	}
	if (c == 0xe2 && strncmp(*key, "\xe2\x84\xaa", 3) == 0) {
		*key += 3;
		return 'k';
	}
	if (c)
		(*key)++;
	return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

static bool same_key(const char *a, const char *b)
{
	int x, y;

	do {
		x = fold_next(&a);
		y = fold_next(&b);
	} while (x == y && x);
	return x == y;
}

static struct json_object *lookup(const struct cfg *at, const char *key)
{
	struct json_object *found = NULL;
	const struct lh_entry *entry;

	if (!json_object_is_type(at->json, json_type_object))
		return NULL;
	for (entry = json_object_get_object(at->json)->head; entry;
	     entry = entry->next) {
		struct json_object *value = lh_entry_v(entry);

		if (value && same_key(lh_entry_k(entry), key))
			found = value;
	}
	return found;
}

struct cfg cfg_root(struct json_object *document)
{
	return (struct cfg){ .json = document };
}

struct cfg cfg_root_named(struct json_object *document, const char *name)
{
	return (struct cfg){ .key = name, .json = document };
}

bool cfg_has(const struct cfg *at, const char *key)
{
	return lookup(at, key) != NULL;
}

int cfg_child(const struct cfg *at, const char *key, enum json_type type,
	      struct cfg *out, struct err *err)
{
	struct json_object *json = lookup(at, key);

	*out = (struct cfg){ .parent = at, .key = key, .json = json };
	return check_type(at, key, json, type, err);
}

int cfg_child_or_none(const struct cfg *at, const char *key,
		      enum json_type type, struct cfg *out, struct err *err)
{
	*out = (struct cfg){ .parent = at, .key = key };
	return cfg_has(at, key) ? cfg_child(at, key, type, out, err) : 0;
}

size_t cfg_len(const struct cfg *array)
{
	return array->json ? json_object_array_length(array->json) : 0;
}

int cfg_at(const struct cfg *array, size_t index, enum json_type type,
	   struct cfg *out, struct err *err)
{
	*out = (struct cfg){
		.parent = array,
		.index = index,
		.json = json_object_array_get_idx(array->json, index),
	};
	return check_type(out, NULL, out->json, type, err);
}

bool cfg_next(const struct cfg *object, struct lh_entry **place,
	      struct cfg *out)
{
	struct lh_entry *entry = NULL;

	if (*place)
		entry = (*place)->next;
	else if (json_object_is_type(object->json, json_type_object))
		entry = json_object_get_object(object->json)->head;
	while (entry && !lh_entry_v(entry))
		entry = entry->next;
	*place = entry;
	if (!entry)
		return false;
	*out = (struct cfg){ .parent = object,
			     .key = lh_entry_k(entry),
			     .json = lh_entry_v(entry) };
	return true;
}

int cfg_expect(const struct cfg *at, enum json_type type, struct err *err)
{
	return check_type(at, NULL, at->json, type, err);
}

static int get_string(const struct cfg *at, const char *key,
		      struct json_object *json, const char **out,
		      struct err *err)
{
	int r = check_type(at, key, json, json_type_string, err);

	if (r < 0)
		return r;
	*out = json_object_get_string(json);
	if (strlen(*out) != (size_t)json_object_get_string_len(json))
		return cfg_fail(err, at, key, "contains a NUL character");
	return 0;
}

int cfg_string(const struct cfg *at, const char *key, const char **out,
	       struct err *err)
{
	return get_string(at, key, lookup(at, key), out, err);
}

int cfg_string_or(const struct cfg *at, const char *key, const char *fallback,
		  const char **out, struct err *err)
{
	struct json_object *json = lookup(at, key);

	*out = fallback;
	return json ? get_string(at, key, json, out, err) : 0;
}

int cfg_string_at(const struct cfg *array, size_t index, const char **out,
		  struct err *err)
{
	struct cfg item;
	int r = cfg_at(array, index, json_type_string, &item, err);

	return r < 0 ? r : get_string(&item, NULL, item.json, out, err);
}

int cfg_string_self(const struct cfg *at, const char **out, struct err *err)
{
	return get_string(at, NULL, at->json, out, err);
}

int cfg_int_or(const struct cfg *at, const char *key, int64_t fallback,
	       struct cfg_bounds bounds, int64_t *out, struct err *err)
{
	struct json_object *json = lookup(at, key);
	int64_t value;
	int r;

	*out = fallback;
	if (!json)
		return 0;
	r = check_type(at, key, json, json_type_int, err);
	if (r < 0)
		return r;
	/* The two extremes are also what json-c makes of anything beyond. */
	value = json_object_get_int64(json);
	if (value < bounds.min || value > bounds.max || value == INT64_MIN ||
	    (value == INT64_MAX && json_object_get_uint64(json) > INT64_MAX))
		return cfg_fail(err, at, key, "%s is not in %jd..%jd",
				json_object_get_string(json),
				(intmax_t)bounds.min, (intmax_t)bounds.max);
	*out = value;
	return 0;
}

int cfg_uint_or(const struct cfg *at, const char *key, uint64_t fallback,
		uint64_t max, uint64_t *out, struct err *err)
{
	struct json_object *json = lookup(at, key);
	uint64_t value;
	int r;

	*out = fallback;
	if (!json)
		return 0;
	r = check_type(at, key, json, json_type_int, err);
	if (r < 0)
		return r;
	/* To json-c, anything negative is 0 here. */
	value = json_object_get_uint64(json);
	if (value > max || json_object_get_int64(json) < 0)
		return cfg_fail(err, at, key, "%s is not in 0..%ju",
				json_object_get_string(json), (uintmax_t)max);
	*out = value;
	return 0;
}

int cfg_bool_or(const struct cfg *at, const char *key, bool fallback, bool *out,
		struct err *err)
{
	struct json_object *json = lookup(at, key);
	int r;

	*out = fallback;
	if (!json)
		return 0;
	r = check_type(at, key, json, json_type_boolean, err);
	if (r < 0)
		return r;
	*out = json_object_get_boolean(json);
	return 0;
}
