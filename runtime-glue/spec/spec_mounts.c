/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `mounts` (config.md, "Mounts"). Options are sorted here, in the order in
 * which they are written: of two that contradict, the later one counts.
 */
#include <string.h>
#include <sys/mount.h>

#include "common/base/strbuf.h"
#include "runtime-glue/spec/options.h"
#include "runtime-glue/spec/spec_parts.h"

static const char idmap_plain[] = "idmap=";
static const char idmap_rec[] = "ridmap=";

/*
 * The four attributes of access times are one value, not bits: mount_setattr(2)
 * wants all of it cleared before one is set. To clear one is to go back to the
 * default, relatime, which is 0.
 */
static void apply_recursive(const struct option_word *word,
			    struct spec_mount *out)
{
	bool set = word->kind == OPTION_REC_SET;
	bool atime = (word->value & ~(uint64_t)MOUNT_ATTR__ATIME) == 0;
	uint64_t mask = atime ? MOUNT_ATTR__ATIME : word->value;

	out->attr_set &= ~mask;
	if (set)
		out->attr_set |= word->value;
	if (atime || !set)
		out->attr_clear |= mask;
	else
		out->attr_clear &= ~mask;
}

static void apply_ours(uint64_t what, struct spec_mount *out)
{
	switch ((enum option_ours)what) {
	case OPTION_TMPCOPYUP:
		out->tmpcopyup = true;
		break;
	case OPTION_COPY_SYMLINK:
		out->copy_symlink = true;
		break;
	case OPTION_SRC_NOFOLLOW:
		out->src_nofollow = true;
		break;
	case OPTION_DEST_NOFOLLOW:
		out->dest_nofollow = true;
		break;
	case OPTION_IDMAP:
		out->idmap = SPEC_IDMAP_PLAIN;
		break;
	case OPTION_RIDMAP:
		out->idmap = SPEC_IDMAP_RECURSIVE;
		break;
	}
}

static void apply(const struct option_word *word, struct spec_mount *out)
{
	switch (word->kind) {
	case OPTION_FLAG:
		out->flags |= word->value;
		out->cleared &= ~word->value;
		break;
	case OPTION_CLEAR:
		out->flags &= ~word->value;
		out->cleared |= word->value;
		break;
	case OPTION_PROPAGATE:
		out->propagation = word->value;
		break;
	case OPTION_BIND:
		out->bind = true;
		out->recursive = word->value & MS_REC;
		break;
	case OPTION_REC_SET:
	case OPTION_REC_CLEAR:
		apply_recursive(word, out);
		break;
	case OPTION_OURS:
		apply_ours(word->value, out);
		break;
	}
}

/* One option. What nobody here knows is added to @data. */
static int sort_option(const struct cfg *item, const char *option,
		       struct arena *arena, struct spec_mount *out,
		       struct strbuf *data, struct err *err)
{
	const struct option_word *word = option_find(option, strlen(option));
	size_t plain = sizeof(idmap_plain) - 1,
	       recursive = sizeof(idmap_rec) - 1;

	if (word) {
		apply(word, out);
		return 0;
	}
	if (strncmp(option, idmap_plain, plain) == 0) {
		out->idmap = SPEC_IDMAP_PLAIN;
		return spec_idmap_option(item, option + plain, arena, out, err);
	}
	if (strncmp(option, idmap_rec, recursive) == 0) {
		out->idmap = SPEC_IDMAP_RECURSIVE;
		return spec_idmap_option(item, option + recursive, arena, out,
					 err);
	}
	if (*option && data->len > 0)
		strbuf_putc(data, ',');
	strbuf_puts(data, option);
	return 0;
}

static int sort_options(const struct cfg *at, struct arena *arena,
			struct spec_mount *out, struct err *err)
{
	const struct cfg list = { .parent = at, .key = "options" };
	auto_strbuf struct strbuf data = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < out->options.count; i++) {
		const struct cfg item = { .parent = &list, .index = i };

		r = sort_option(&item, out->options.at[i], arena, out, &data,
				err);
	}
	if (r == 0 && data.len > 0)
		out->data = arena_strdup(arena, strbuf_str(&data));
	if (data.failed || (r == 0 && data.len > 0 && !out->data))
		return err_nomem(err);
	return r;
}

/* Mappings of the mount's own mean "idmap" even where it is not said. */
static int read_idmap(const struct cfg *at, struct arena *arena,
		      struct spec_mount *out, struct err *err)
{
	bool twice = out->uids.count > 0 || out->gids.count > 0;
	int r;

	if (twice && cfg_has(at, "uidMappings"))
		return cfg_fail(err, at, "uidMappings",
				"mappings are in the options, too");
	if (twice && cfg_has(at, "gidMappings"))
		return cfg_fail(err, at, "gidMappings",
				"mappings are in the options, too");
	if (twice)
		return 0;
	r = spec_id_maps_read(at, "uidMappings", arena, &out->uids, err);
	r = r ?: spec_id_maps_read(at, "gidMappings", arena, &out->gids, err);
	if (r == 0 && (out->uids.count > 0 || out->gids.count > 0) &&
	    out->idmap == SPEC_IDMAP_NONE)
		out->idmap = SPEC_IDMAP_PLAIN;
	return r;
}

static int check_idmap(const struct cfg *at, const struct spec_mount *mount,
		       struct err *err)
{
	if (mount->idmap == SPEC_IDMAP_NONE)
		return 0;
	if (!mount->bind)
		return cfg_fail(err, at, NULL,
				"only a bind mount can be idmapped");
	if (mount->uids.count > 0 && mount->gids.count == 0)
		return cfg_fail(err, at, "gidMappings",
				"required by the uidMappings");
	if (mount->gids.count > 0 && mount->uids.count == 0)
		return cfg_fail(err, at, "uidMappings",
				"required by the gidMappings");
	return 0;
}

/* crun's two ways to treat a symlink as one exclude each other. */
static int check_links(const struct cfg *at, const struct spec_mount *mount,
		       struct err *err)
{
	if (!mount->copy_symlink ||
	    (!mount->src_nofollow && !mount->dest_nofollow))
		return 0;
	return cfg_fail(err, at, "options",
			"\"copy-symlink\" excludes \"src-nofollow\" and "
			"\"dest-nofollow\"");
}

static int read_mount(const struct cfg *at, struct arena *arena, void *to,
		      struct err *err)
{
	struct spec_mount *out = to;
	bool need_type;
	int r;

	r = spec_need_text(at, "destination", &out->destination, err);
	r = r ?: cfg_string_or(at, "type", "", &out->type, err);
	r = r ?: spec_read_text(at, "source", &out->source, err);
	r = r ?: spec_read_strings(at, "options", arena, &out->options, err);
	r = r ?: sort_options(at, arena, out, err);
	if (r < 0)
		return r;
	/* With bind, the type says nothing. */
	if (strcmp(out->type, "bind") == 0)
		out->bind = true;
	if (out->bind)
		out->type = "";
	if (out->bind && !out->source)
		return cfg_fail(err, at, "source", "required by a bind mount");
	need_type = !out->bind && !(out->flags & MS_REMOUNT);
	if (need_type && !*out->type)
		return cfg_fail(err, at, "type",
				"required but for a bind mount");
	r = read_idmap(at, arena, out, err);
	r = r ?: check_idmap(at, out, err);
	return r ?: check_links(at, out, err);
}

int spec_mounts_read(const struct cfg *root, struct arena *arena,
		     struct spec *out, struct err *err)
{
	struct spec_items items = { .size = sizeof(*out->mounts),
				    .read = read_mount };
	int r = spec_read_array(root, "mounts", arena, &items, err);

	out->mounts = items.at;
	out->mount_count = items.count;
	return r;
}
