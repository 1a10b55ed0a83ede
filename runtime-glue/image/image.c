/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image as those want it who run it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cfg.h"
#include "common/base/cleanup.h"
#include "runtime-glue/image/store_parts.h"

void image_free(struct image *image)
{
	free(image->id);
	free(image->manifest);
	free(image->name);
	json_object_put(image->config);
	for (size_t i = 0; i < image->layer_count; i++)
		free(image->layers[i]);
	free(image->layers);
	*image = IMAGE_NONE;
}

static int add_layer(const struct image_store *store, const struct cfg *ids,
		     size_t index, struct image *out, struct err *err)
{
	const char *id, *hex;
	char **path = &out->layers[index];
	int r = cfg_string_at(ids, index, &id, err);

	if (r < 0)
		return r;
	hex = digest_hex(id);
	if (!hex)
		return err_set(err, CNI_E_DECODE,
			       "rootfs.diff_ids[%zu]: \"%.80s\" is no sha256 "
			       "digest",
			       index, id);
	if (asprintf(path, "%s/layers/%s/diff", store->root, hex) < 0) {
		*path = NULL;
		return err_nomem(err);
	}
	out->layer_count = index + 1;
	if (access(*path, F_OK) == 0)
		return 0;
	(void)err_sys(err, errno, "layer %s", *path);
	return err_hint(err, "load the image again");
}

static int find_layers(const struct image_store *store, struct image *out,
		       struct err *err)
{
	struct cfg root = cfg_root(out->config), rootfs, ids;
	size_t count;
	int r = cfg_child(&root, "rootfs", json_type_object, &rootfs, err);

	r = r ?: cfg_child(&rootfs, "diff_ids", json_type_array, &ids, err);
	if (r < 0)
		return r;
	count = cfg_len(&ids);
	out->layers = calloc(count + 1, sizeof(*out->layers));
	if (!out->layers)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_layer(store, &ids, i, out, err);
	return r;
}

int image_find(const struct image_store *store, const char *reference,
	       struct image *out, struct err *err)
{
	auto_image_list struct image_list list = { .entries = NULL };
	auto_image struct image image = IMAGE_NONE;
	const struct image_entry *entry;
	struct err ignored = { .code = CNI_OK };
	int r = image_list(store, &list, err);

	r = r ?: image_list_find(&list, reference, &entry, err);
	if (r < 0)
		return r;
	image.id = strdup(entry->id);
	image.manifest = strdup(entry->manifest);
	/* By its id it is asked for in no name: one of its own, then. */
	if (image_name_normal(reference, &image.name, &ignored) < 0 ||
	    strncmp(entry->id, reference, strlen(reference)) == 0) {
		free(image.name);
		image.name =
			strdup(entry->name_count ? entry->names[0] : entry->id);
	}
	if (!image.id || !image.manifest || !image.name)
		return err_nomem(err);
	r = blob_read_json(store, NULL, image.id, &image.config, err);
	r = r ?: find_layers(store, &image, err);
	if (r < 0)
		return err_in(err, "image \"%s\"", reference);
	*out = image;
	image = IMAGE_NONE;
	return 0;
}
