/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <net/if.h>
#include <string.h>

#include "runtime-glue/spec/spec_parts.h"

int spec_read_int(const struct cfg *at, const char *key,
		  struct cfg_bounds bounds, struct spec_int *out,
		  struct err *err)
{
	out->set = cfg_has(at, key);
	return cfg_int_or(at, key, 0, bounds, &out->value, err);
}

int spec_read_uint(const struct cfg *at, const char *key, uint64_t max,
		   struct spec_uint *out, struct err *err)
{
	out->set = cfg_has(at, key);
	return cfg_uint_or(at, key, 0, max, &out->value, err);
}

int spec_read_u32(const struct cfg *at, const char *key, uint32_t max,
		  uint32_t *out, struct err *err)
{
	uint64_t value;
	int r = cfg_uint_or(at, key, 0, max, &value, err);

	*out = (uint32_t)value;
	return r;
}

static int need(const struct cfg *at, const char *key, struct err *err)
{
	return cfg_has(at, key)
		       ? 0
		       : cfg_fail(err, at, key, "required but missing");
}

int spec_need_u32(const struct cfg *at, const char *key, uint32_t max,
		  uint32_t *out, struct err *err)
{
	return need(at, key, err) ?: spec_read_u32(at, key, max, out, err);
}

int spec_need_u64(const struct cfg *at, const char *key, uint64_t *out,
		  struct err *err)
{
	return need(at, key, err)
		       ?: cfg_uint_or(at, key, 0, UINT64_MAX, out, err);
}

int spec_self_u32(const struct cfg *at, uint32_t max, uint32_t *out,
		  struct err *err)
{
	int r = cfg_expect(at, json_type_int, err);

	if (r < 0)
		return r;
	if (json_object_get_int64(at->json) < 0 ||
	    json_object_get_uint64(at->json) > max)
		return cfg_fail(err, at, NULL, "%s is not in 0..%u",
				json_object_get_string(at->json), max);
	*out = (uint32_t)json_object_get_uint64(at->json);
	return 0;
}

int spec_read_text(const struct cfg *at, const char *key, const char **out,
		   struct err *err)
{
	int r = cfg_string_or(at, key, NULL, out, err);

	if (r == 0 && *out && !**out)
		*out = NULL;
	return r;
}

int spec_need_text(const struct cfg *at, const char *key, const char **out,
		   struct err *err)
{
	int r = cfg_string(at, key, out, err);

	if (r == 0 && !**out)
		return cfg_fail(err, at, key, "is empty");
	return r;
}

int spec_need_path(const struct cfg *at, const char *key, const char **out,
		   struct err *err)
{
	int r = spec_need_text(at, key, out, err);

	if (r == 0 && **out != '/')
		return cfg_fail(err, at, key, "\"%s\" is no absolute path",
				*out);
	return r;
}

/* The strings of an array, and @array for errors about one of them. */
static int read_strings(const struct cfg *at, const char *key,
			struct arena *arena, struct spec_strings *out,
			struct cfg *array, struct err *err)
{
	int r = cfg_child_or_none(at, key, json_type_array, array, err);
	size_t count = r < 0 ? 0 : cfg_len(array);

	if (count == 0)
		return r;
	/* One more, NULL: what execve() takes. */
	out->at = arena_array(arena, count + 1, sizeof(*out->at));
	if (!out->at)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = cfg_string_at(array, i, &out->at[i], err);
	if (r == 0)
		out->count = count;
	return r;
}

int spec_read_strings(const struct cfg *at, const char *key,
		      struct arena *arena, struct spec_strings *out,
		      struct err *err)
{
	struct cfg array;

	return read_strings(at, key, arena, out, &array, err);
}

static int fail_at(const struct cfg *array, size_t index, const char *value,
		   const char *why, struct err *err)
{
	const struct cfg item = { .parent = array, .index = index };

	return cfg_fail(err, &item, NULL, "\"%s\" %s", value, why);
}

int spec_read_env(const struct cfg *at, const char *key, struct arena *arena,
		  struct spec_strings *out, struct err *err)
{
	struct cfg array;
	int r = read_strings(at, key, arena, out, &array, err);

	for (size_t i = 0; r == 0 && i < out->count; i++) {
		if (!strchr(out->at[i], '='))
			r = fail_at(&array, i, out->at[i], "has no \"=\"", err);
		else if (*out->at[i] == '=')
			r = fail_at(&array, i, out->at[i],
				    "has no name before its \"=\"", err);
	}
	return r;
}

int spec_read_paths(const struct cfg *at, const char *key, struct arena *arena,
		    struct spec_strings *out, struct err *err)
{
	struct cfg array;
	int r = read_strings(at, key, arena, out, &array, err);

	for (size_t i = 0; r == 0 && i < out->count; i++)
		if (*out->at[i] != '/')
			r = fail_at(&array, i, out->at[i],
				    "is no absolute path", err);
	return r;
}

static size_t map_len(const struct cfg *map)
{
	return map->json ? (size_t)json_object_object_length(map->json) : 0;
}

int spec_read_pairs(const struct cfg *at, const char *key, struct arena *arena,
		    struct spec_pairs *out, struct err *err)
{
	struct lh_entry *place = NULL;
	struct cfg map, value;
	int r = cfg_child_or_none(at, key, json_type_object, &map, err);

	if (r < 0 || map_len(&map) == 0)
		return r;
	out->at = arena_array(arena, map_len(&map), sizeof(*out->at));
	if (!out->at)
		return err_nomem(err);
	while (r == 0 && cfg_next(&map, &place, &value)) {
		struct spec_pair *pair = &out->at[out->count++];

		pair->key = value.key;
		r = cfg_string_self(&value, &pair->value, err);
		if (r == 0 && !*pair->key)
			r = cfg_fail(err, &map, NULL, "has an empty key");
	}
	return r;
}

static int make_items(struct spec_items *items, size_t count,
		      struct arena *arena, struct err *err)
{
	if (count == 0)
		return 0;
	items->at = arena_array(arena, count, items->size);
	return items->at ? 0 : err_nomem(err);
}

static int read_item(const struct cfg *item, struct arena *arena,
		     struct spec_items *items, struct err *err)
{
	char *out = (char *)items->at + items->count * items->size;

	items->count++;
	return items->read(item, arena, out, err);
}

int spec_read_array(const struct cfg *at, const char *key, struct arena *arena,
		    struct spec_items *items, struct err *err)
{
	struct cfg array, item;
	int r = cfg_child_or_none(at, key, json_type_array, &array, err);

	r = r ?: make_items(items, cfg_len(&array), arena, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&array); i++) {
		r = cfg_at(&array, i, json_type_object, &item, err);
		r = r ?: read_item(&item, arena, items, err);
	}
	return r;
}

int spec_read_map(const struct cfg *at, const char *key, struct arena *arena,
		  struct spec_items *items, struct err *err)
{
	struct lh_entry *place = NULL;
	struct cfg map, value;
	int r = cfg_child_or_none(at, key, json_type_object, &map, err);

	r = r ?: make_items(items, map_len(&map), arena, err);
	while (r == 0 && cfg_next(&map, &place, &value)) {
		r = cfg_expect(&value, json_type_object, err);
		r = r ?: read_item(&value, arena, items, err);
	}
	return r;
}

const struct spec_word *spec_word_find(const struct spec_word *words,
				       const char *word)
{
	for (; words->word; words++)
		if (strcmp(words->word, word) == 0)
			return words;
	return NULL;
}

int spec_need_word(const struct cfg *at, const char *key,
		   const struct spec_word *words, const char *what,
		   uint64_t *out, struct err *err)
{
	const struct spec_word *found;
	const char *text;
	int r = cfg_string(at, key, &text, err);

	if (r < 0)
		return r;
	found = spec_word_find(words, text);
	if (!found)
		return cfg_fail(err, at, key, "\"%s\" is no %s", text, what);
	*out = found->value;
	return 0;
}

int spec_read_flags(const struct cfg *at, const char *key,
		    const struct spec_word *words, const char *what,
		    uint64_t *out, struct err *err)
{
	const struct spec_word *found;
	struct cfg array, item;
	const char *text;
	int r = cfg_child_or_none(at, key, json_type_array, &array, err);

	for (size_t i = 0; r == 0 && i < cfg_len(&array); i++) {
		r = cfg_string_at(&array, i, &text, err);
		if (r < 0)
			break;
		found = spec_word_find(words, text);
		item = (struct cfg){ .parent = &array, .index = i };
		if (found)
			*out |= found->value;
		else
			r = cfg_fail(err, &item, NULL, "\"%s\" is no %s", text,
				     what);
	}
	return r;
}

/* Digits at *@text, at most 65535 (no kernel has more processors or nodes). */
static bool take_number(const char **text, unsigned int *out)
{
	const char *start = *text;

	*out = 0;
	for (; isdigit((unsigned char)**text); (*text)++)
		if (*out <= 65535)
			*out = *out * 10 + (unsigned int)(**text - '0');
	return *text > start && *out <= 65535;
}

static bool is_ranges(const char *text)
{
	unsigned int first, last;

	for (;; text++) {
		if (!take_number(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!take_number(&text, &last))
				return false;
		}
		if (last < first || (*text && *text != ','))
			return false;
		if (!*text)
			return true;
	}
}

int spec_read_ranges(const struct cfg *at, const char *key, const char **out,
		     struct err *err)
{
	int r = spec_read_text(at, key, out, err);

	if (r == 0 && *out && !is_ranges(*out))
		return cfg_fail(err, at, key,
				"\"%s\" is no list of ranges such as 0-3,7",
				*out);
	return r;
}

bool spec_is_ifname(const char *name)
{
	if (!*name || strlen(name) >= IFNAMSIZ || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' ||
		    isspace((unsigned char)*name))
			return false;
	return true;
}
