/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From wishes to mounts. All options are read before a volume or a folder is
 * made for one of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/tool/bundle.h"
#include "runtime-glue/tool/mounts.h"
#include "runtime-glue/tool/volume.h"

struct wishes {
	struct mount_wish *at;
	size_t count;
	struct arena arena;
};

static void wishes_free(struct wishes *wishes)
{
	for (size_t i = 0; i < wishes->count; i++)
		mount_wish_free(&wishes->at[i]);
	arena_free(&wishes->arena);
}

#define auto_wishes AUTO(wishes_free)

typedef int parse_fn(const char *text, struct arena *arena,
		     struct mount_wish *out, struct err *err);

static bool is_taken(const struct wishes *wishes, const char *target)
{
	for (size_t i = 0; i < wishes->count; i++)
		if (strcmp(wishes->at[i].target, target) == 0)
			return true;
	return false;
}

static int add(struct wishes *wishes, const struct spec_strings *texts,
	       parse_fn *parse, struct err *err)
{
	for (size_t i = 0; i < texts->count; i++) {
		struct mount_wish wish;
		int r = parse(texts->at[i], &wishes->arena, &wish, err);

		if (r == 0 && is_taken(wishes, wish.target))
			r = err_set(err, CNI_E_FIELD,
				    "%s: two mounts on \"%s\"", texts->at[i],
				    wish.target);
		if (r < 0) {
			mount_wish_free(&wish);
			return r;
		}
		wishes->at[wishes->count++] = wish;
	}
	return 0;
}

static struct json_object *image_volumes(const struct json_object *image)
{
	struct json_object *config = NULL, *volumes = NULL;

	if (!image || !json_object_object_get_ex(image, "config", &config) ||
	    !json_object_object_get_ex(config, "Volumes", &volumes) ||
	    !json_object_is_type(volumes, json_type_object))
		return NULL;
	return volumes;
}

/* The image's, where no option names the same place. */
static int add_image_volumes(struct wishes *wishes, struct json_object *volumes,
			     struct err *err)
{
	struct json_object_iterator at, end;

	if (!volumes)
		return 0;
	at = json_object_iter_begin(volumes);
	end = json_object_iter_end(volumes);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		struct mount_wish wish = { .kind = MOUNT_VOLUME,
					   .propagation = "rprivate" };
		const char *name = json_object_iter_peek_name(&at);
		size_t size = strlen(name) + 2;
		char *path = arena_alloc(&wishes->arena, size);
		int r;

		if (!path)
			return err_nomem(err);
		(void)snprintf(path, size, "/%s", name);
		r = mount_clean_target(path, &wishes->arena, &wish.target, err);
		if (r < 0)
			return err_in(err, "the image's volume");
		if (!is_taken(wishes, wish.target))
			wishes->at[wishes->count++] = wish;
	}
	return 0;
}

static int collect(const struct run_options *options,
		   const struct json_object *image, struct wishes *wishes,
		   struct err *err)
{
	struct json_object *volumes = image_volumes(image);
	size_t max = options->volume.count + options->mount.count +
		     options->tmpfs.count +
		     (volumes ? (size_t)json_object_object_length(volumes) : 0);
	int r;

	wishes->at = arena_array(&wishes->arena, max + 1, sizeof(*wishes->at));
	if (!wishes->at)
		return err_nomem(err);
	r = add(wishes, &options->volume, mount_parse_volume, err);
	r = r ?: add(wishes, &options->mount, mount_parse_mount, err);
	r = r ?: add(wishes, &options->tmpfs, mount_parse_tmpfs, err);
	return r ?: add_image_volumes(wishes, volumes, err);
}

/* ---- making ---- */

static int note_volume(struct box *box, const char *name, struct err *err)
{
	struct json_object *list = NULL;

	if (!json_object_object_get_ex(box->record, "volumes", &list)) {
		list = json_object_new_array();
		if (!list)
			return err_nomem(err);
		json_object_object_add(box->record, "volumes", list);
	}
	json_object_array_add(list, json_object_new_string(name));
	/* While the lock of the volumes is held, so that `volume rm` sees it */
	return box_save(box, err);
}

static int make_volume(const struct volumes *volumes, int root,
		       struct mount_wish *wish, struct wishes *wishes,
		       struct box *box, struct err *err)
{
	bool anonymous = !wish->source;
	char made[VOLUME_NAME_BYTES];
	const char *name = wish->source;
	auto_fd int data = -1;
	size_t size;
	char *path;
	int r = 0;

	if (anonymous) {
		r = volume_random_name(made, err);
		name = made;
	}
	/* Noted first: what a crash leaves is then known to be the box's. */
	r = r ?: note_volume(box, name, err);
	if (r < 0)
		return r;
	data = volume_ensure(volumes, name, wish->labels, anonymous, err);
	if (data < 0)
		return data;
	if (!wish->no_copy && root >= 0)
		r = volume_fill(volumes, name, data, root, wish->target, err);
	size = strlen(volumes->path) + strlen(name) + 8;
	path = arena_alloc(&wishes->arena, size);
	if (!path)
		return err_nomem(err);
	(void)snprintf(path, size, "%s/%s/_data", volumes->path, name);
	wish->source = path;
	return r;
}

static int make_volumes(const struct tool *tool, struct wishes *wishes,
			struct box *box, struct err *err)
{
	auto_volumes struct volumes volumes = VOLUMES_NONE;
	auto_fd int root = -1;
	char merged[PATH_MAX];
	int r = 0;

	(void)snprintf(merged, sizeof(merged), "%s/merged", box->path);
	root = open(merged, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; r == 0 && i < wishes->count; i++) {
		struct mount_wish *wish = &wishes->at[i];

		if (wish->kind != MOUNT_VOLUME)
			continue;
		if (volumes.dir < 0)
			r = volumes_open(tool, &volumes, err);
		r = r ?: make_volume(&volumes, root, wish, wishes, box, err);
	}
	return r;
}

/* docker makes a folder that -v names and that is missing. */
static int make_source(const char *path, struct err *err)
{
	auto_free char *part = strdup(path);

	if (!part)
		return err_nomem(err);
	for (char *slash = part; slash; slash = strchr(slash + 1, '/')) {
		char kept = *slash;

		if (slash == part)
			continue;
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make %s", part);
		*slash = kept;
	}
	if (mkdir(part, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make %s", part);
	return 0;
}

static int check_source(const struct mount_wish *wish, struct err *err)
{
	if (wish->kind != MOUNT_BIND || access(wish->source, F_OK) == 0)
		return 0;
	if (errno == ENOENT && wish->create_source)
		return make_source(wish->source, err);
	err_sys(err, errno, "%s: \"%s\" for \"%s\"",
		wish->create_source ? "--volume" : "--mount", wish->source,
		wish->target);
	err_hint(err, "make it first, or use -v, which makes a folder");
	return -err->errnum;
}

static int add_text(struct json_object *array, const char *text)
{
	return json_object_array_add(array, json_object_new_string(text));
}

static int push(const struct mount_wish *wish, struct json_object *mounts,
		struct err *err)
{
	struct json_object *mount = json_object_new_object();
	struct json_object *options = json_object_new_array();
	bool is_tmpfs = wish->kind == MOUNT_TMPFS;
	int r = 0;

	if (!mount || !options) {
		json_object_put(mount);
		json_object_put(options);
		return err_nomem(err);
	}
	json_object_object_add(mount, "destination",
			       json_object_new_string(wish->target));
	json_object_object_add(mount, "type",
			       json_object_new_string(is_tmpfs ? "tmpfs"
							       : "bind"));
	json_object_object_add(mount, "source",
			       json_object_new_string(is_tmpfs ? "tmpfs"
							       : wish->source));
	json_object_object_add(mount, "options", options);
	if (!is_tmpfs) {
		r |= add_text(options, wish->not_recursive ? "bind" : "rbind");
		r |= add_text(options, wish->propagation);
	}
	if (wish->read_only)
		r |= add_text(options, "ro");
	for (size_t i = 0; i < wish->word_count; i++)
		r |= add_text(options, wish->words[i]);
	r |= json_object_array_add(mounts, mount);
	return r < 0 ? err_nomem(err) : 0;
}

int bundle_mounts(const struct tool *tool, const struct run_options *options,
		  const struct json_object *image_config, struct box *box,
		  struct json_object *mounts, struct err *err)
{
	auto_wishes struct wishes wishes = { .count = 0 };
	int r = collect(options, image_config, &wishes, err);

	for (size_t i = 0; r == 0 && i < wishes.count; i++)
		r = check_source(&wishes.at[i], err);
	r = r ?: make_volumes(tool, &wishes, box, err);
	for (size_t i = 0; r == 0 && i < wishes.count; i++)
		r = push(&wishes.at[i], mounts, err);
	return r;
}
