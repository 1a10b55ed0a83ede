/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes: names, images, and what no image refers to any more. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cfg.h"
#include "common/base/cleanup.h"
#include "runtime-glue/image/store_parts.h"

int image_name_remove(const struct image_store *store, const char *name,
		      struct err *err)
{
	auto_free char *file = NULL, *path = NULL;
	int r = image_name_to_file(name, &file, err);

	if (r < 0)
		return r;
	if (asprintf(&path, "names/%s", file) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	if (unlinkat(store->dir, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove %s/%s", store->root, path);
	return 0;
}

int image_remove(const struct image_store *store, const char *manifest,
		 struct err *err)
{
	char path[sizeof("images/") + DIGEST_HEX];

	(void)snprintf(path, sizeof(path), "images/%s", manifest);
	if (unlinkat(store->dir, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove %s/%s", store->root, path);
	return 0;
}

/* ---- What is still referred to ---- */

static int keep(struct json_object *set, const char *digest, struct err *err)
{
	const char *hex = digest_hex(digest);

	if (hex && json_object_object_add(set, hex, NULL) < 0)
		return err_nomem(err);
	return 0;
}

static int keep_layers(const struct image_store *store, const char *id,
		       struct json_object *layers, struct err *err)
{
	auto_json struct json_object *config = NULL;
	struct cfg root, rootfs, ids;
	const char *diff_id;
	int r = blob_read_json(store, NULL, id, &config, err);

	root = cfg_root(config);
	r = r ?: cfg_child(&root, "rootfs", json_type_object, &rootfs, err);
	r = r ?: cfg_child(&rootfs, "diff_ids", json_type_array, &ids, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&ids); i++) {
		r = cfg_string_at(&ids, i, &diff_id, err);
		r = r ?: keep(layers, diff_id, err);
	}
	return r;
}

static int keep_image(const struct image_store *store,
		      const struct image_entry *entry,
		      struct json_object *blobs, struct json_object *layers,
		      struct err *err)
{
	auto_json struct json_object *manifest = NULL;
	struct cfg root, list, item;
	const char *digest;
	int r = blob_read_json(store, NULL, entry->manifest, &manifest, err);

	root = cfg_root(manifest);
	r = r ?: cfg_child(&root, "layers", json_type_array, &list, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_at(&list, i, json_type_object, &item, err);
		r = r ?: cfg_string(&item, "digest", &digest, err);
		r = r ?: keep(blobs, digest, err);
	}
	if (r == 0 && (json_object_object_add(blobs, entry->manifest, NULL) ||
		       json_object_object_add(blobs, entry->id, NULL)))
		r = err_nomem(err);
	return r ?: keep_layers(store, entry->id, layers, err);
}

static int collect_dir(const struct image_store *store, const char *name,
		       struct json_object *used, uint64_t *freed,
		       struct err *err)
{
	int dir = openat(store->dir, name,
			 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *files = dir < 0 ? NULL : fdopendir(dir);
	const struct dirent *file;
	int r = 0, done;

	if (!files) {
		r = err_sys(err, errno, "open %s/%s", store->root, name);
		if (dir >= 0)
			(void)close(dir);
		return r;
	}
	while ((file = readdir(files)) != NULL) {
		if (file->d_name[0] == '.' ||
		    json_object_object_get_ex(used, file->d_name, NULL))
			continue;
		done = image_scrap(dirfd(files), file->d_name, freed);
		if (done < 0)
			r = first_of(err_sys(err, -done, "remove %s/%s/%s",
					     store->root, name, file->d_name),
				     r);
	}
	(void)closedir(files);
	return r;
}

/* An image that cannot be read may refer to anything: nothing is removed. */
int image_collect(const struct image_store *store, uint64_t *freed,
		  struct err *err)
{
	auto_image_list struct image_list list = { .entries = NULL };
	auto_json struct json_object *blobs = json_object_new_object();
	auto_json struct json_object *layers = json_object_new_object();
	int r = blobs && layers ? 0 : err_nomem(err);

	image_sweep(store);
	r = r ?: image_list(store, &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		r = keep_image(store, &list.entries[i], blobs, layers, err);
		if (r < 0) {
			(void)err_in(err, "image sha256:%s",
				     list.entries[i].id);
			(void)err_hint(err, "remove it with runtime-glue rmi "
					    "-f, or load it again");
		}
	}
	r = r ?: collect_dir(store, "layers", layers, freed, err);
	return r ?: collect_dir(store, "blobs/sha256", blobs, freed, err);
}
