/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings of user and group ids: of the container's user namespace and of
 * mounts. The kernel says no more than EINVAL to those that cannot be
 * (kernel/user_namespace.c, map_write()), so they are refused here by name.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime-glue/spec/spec_parts.h"

/* The kernel takes no more lines: UID_GID_MAP_MAX_EXTENTS. */
#define MAPS_MAX 340

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

/* The first @count of them are checked; is the next one as it must be? */
static int check_map(const struct cfg *at, const struct spec_id_maps *maps,
		     size_t count, struct err *err)
{
	const struct spec_id_map *map = &maps->at[count], *other;

	if (map->size == 0)
		return cfg_fail(err, at, "size", "is 0");
	if (map->size > SPEC_ID_MAX - map->container + 1)
		return cfg_fail(err, at, "size",
				"%u ids from %u on are too many", map->size,
				map->container);
	if (map->size > SPEC_ID_MAX - map->host + 1)
		return cfg_fail(err, at, "size",
				"%u ids from %u on are too many", map->size,
				map->host);
	for (other = maps->at; other < map; other++) {
		if (overlap(map->container, map->size, other->container,
			    other->size))
			return cfg_fail(err, at, "containerID",
					"overlaps with mapping %zu",
					(size_t)(other - maps->at));
		if (overlap(map->host, map->size, other->host, other->size))
			return cfg_fail(err, at, "hostID",
					"overlaps with mapping %zu",
					(size_t)(other - maps->at));
	}
	return 0;
}

static int read_map(const struct cfg *item, struct arena *arena, void *to,
		    struct err *err)
{
	struct spec_id_map *out = to;
	int r;

	(void)arena;
	r = spec_need_u32(item, "containerID", SPEC_ID_MAX, &out->container,
			  err);
	r = r ?: spec_need_u32(item, "hostID", SPEC_ID_MAX, &out->host, err);
	return r ?: spec_need_u32(item, "size", UINT32_MAX, &out->size, err);
}

int spec_id_maps_read(const struct cfg *at, const char *key,
		      struct arena *arena, struct spec_id_maps *out,
		      struct err *err)
{
	const struct cfg list = { .parent = at, .key = key };
	struct spec_items items = { .size = sizeof(*out->at),
				    .read = read_map };
	int r = spec_read_array(at, key, arena, &items, err);

	if (r == 0 && items.count > MAPS_MAX)
		return cfg_fail(err, at, key, "%zu mappings are more than %d",
				items.count, MAPS_MAX);
	out->at = items.at;
	out->count = items.count;
	for (size_t i = 0; r == 0 && i < out->count; i++) {
		const struct cfg item = { .parent = &list, .index = i };

		r = check_map(&item, out, i, err);
	}
	return r;
}

/* A number up to @max, and the character after it, @end (0: any). */
static bool take_u32(const char **text, char end, uint32_t max, uint32_t *out)
{
	unsigned long long value = 0;
	const char *start = *text;

	for (; **text >= '0' && **text <= '9' && value <= max; (*text)++)
		value = value * 10 + (unsigned long long)(**text - '0');
	*out = (uint32_t)value;
	if (*text == start || value > max || (end && **text != end))
		return false;
	*text += end != 0;
	return true;
}

/* "0-1-10#10-11-10", up to a ";" or the end. */
static int take_maps(const char **text, struct arena *arena,
		     struct spec_id_maps *out)
{
	struct spec_id_map *map;
	size_t room = 1;

	for (const char *c = *text; *c && *c != ';'; c++)
		room += *c == '#';
	if (room > MAPS_MAX)
		return -EINVAL;
	out->at = arena_array(arena, room, sizeof(*out->at));
	if (!out->at)
		return -ENOMEM;
	for (out->count = 0; out->count < room; out->count++) {
		map = &out->at[out->count];
		if (!take_u32(text, '-', SPEC_ID_MAX, &map->container) ||
		    !take_u32(text, '-', SPEC_ID_MAX, &map->host) ||
		    !take_u32(text, 0, UINT32_MAX, &map->size))
			return -EINVAL;
		if (out->count + 1 < room && *(*text)++ != '#')
			return -EINVAL;
	}
	if (**text != '\0' && *(*text)++ != ';')
		return -EINVAL;
	return 0;
}

/*
 * crun's form with the mappings in the option: uids=FS-HOST-SIZE#...;gids=...
 * (its "@", relative to the container's mappings, is not understood).
 */
int spec_idmap_option(const struct cfg *at, const char *maps,
		      struct arena *arena, struct spec_mount *out,
		      struct err *err)
{
	const char *text = maps;
	int r = 0;

	while (r == 0 && *text) {
		bool uids = strncmp(text, "uids=", 5) == 0;

		if (!uids && strncmp(text, "gids=", 5) != 0) {
			r = -EINVAL;
			break;
		}
		text += 5;
		r = take_maps(&text, arena, uids ? &out->uids : &out->gids);
	}
	if (r == -ENOMEM)
		return err_nomem(err);
	if (r < 0 || out->uids.count == 0 || out->gids.count == 0)
		return cfg_fail(err, at, NULL,
				"\"%s\" is not of the form "
				"uids=0-1000-10#10-2000-1;gids=0-1000-11",
				maps);
	for (size_t i = 0; r == 0 && i < out->uids.count; i++)
		r = check_map(at, &out->uids, i, err);
	for (size_t i = 0; r == 0 && i < out->gids.count; i++)
		r = check_map(at, &out->gids, i, err);
	return r;
}
