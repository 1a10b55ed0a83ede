/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/image/save.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cfg.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/save_parts.h"

#define PIECE (256U << 10)

static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

static void saving_free(struct saving *saving)
{
	for (size_t i = 0; i < saving->count; i++) {
		free(saving->images[i].names);
		json_object_put(saving->images[i].manifest);
	}
	free(saving->images);
	json_object_put(saving->done);
}

/* ---- Which, under which names ---- */

/* The name of @entry's that @reference is; NULL: it was found by its id. */
static const char *name_of(const struct image_entry *entry,
			   const char *reference)
{
	struct err ignored = { .code = CNI_OK };
	auto_free char *normal = NULL;

	if (image_name_normal(reference, &normal, &ignored) < 0)
		return NULL;
	for (size_t i = 0; i < entry->name_count; i++) {
		const char *name = entry->names[i];

		if (strcmp(name, normal) == 0)
			return name;
		/* image_list_find() has looked there, too. */
		if (strncmp(name, "localhost/", 10) == 0 &&
		    strcmp(name + 10, image_name_short(normal)) == 0)
			return name;
	}
	return NULL;
}

static int add_name(struct saved *image, const char *name, struct err *err)
{
	const char **names;

	for (size_t i = 0; i < image->name_count; i++)
		if (strcmp(image->names[i], name) == 0)
			return 0;
	names = reallocarray(image->names, image->name_count + 1,
			     sizeof(*names));
	if (!names)
		return err_nomem(err);
	image->names = names;
	names[image->name_count++] = name;
	return 0;
}

static int add_image(struct saving *saving, const struct image_list *list,
		     const char *reference, struct err *err)
{
	const struct image_entry *entry = NULL;
	struct saved *image = NULL;
	const char *name;
	int r = image_list_find(list, reference, &entry, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < saving->count; i++)
		if (saving->images[i].entry == entry)
			image = &saving->images[i];
	if (!image) {
		image = reallocarray(saving->images, saving->count + 1,
				     sizeof(*image));
		if (!image)
			return err_nomem(err);
		saving->images = image;
		image += saving->count++;
		*image = (struct saved){ .entry = entry };
	}
	name = name_of(entry, reference);
	return name ? add_name(image, name, err) : 0;
}

/* ---- Writing ---- */

static int make_in(const struct save_target *target, const char *name,
		   struct err *err)
{
	int fd = openat(target->dir, name,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return fd < 0 ? err_sys(err, errno, "make %s", name) : fd;
}

static int put_text(const struct save_target *target, const char *name,
		    const char *text, struct err *err)
{
	auto_fd int fd = -1;
	int r;

	if (target->dir < 0)
		return tarw_file(name, text, strlen(text), target->sink, err);
	fd = make_in(target, name, err);
	if (fd < 0)
		return fd;
	r = io_write_all(fd, text, strlen(text));
	return r < 0 ? err_sys(err, -r, "write %s", name) : 0;
}

static int copy(int from, int to, const char *name, struct err *err)
{
	auto_free char *piece = malloc(PIECE);
	int r = piece ? 0 : err_nomem(err);
	ssize_t n;

	while (r == 0 && (n = read(from, piece, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read %s", name);
		r = io_write_all(to, piece, (size_t)n);
		if (r < 0)
			return err_sys(err, -r, "write %s", name);
	}
	return r;
}

static int put_blob(struct saving *saving, const char *hex, struct err *err)
{
	const struct save_target *target = saving->target;
	char name[sizeof("blobs/sha256/") + DIGEST_HEX];
	auto_fd int from = -1;
	auto_fd int to = -1;

	if (json_object_object_get_ex(saving->done, hex, NULL))
		return 0;
	if (json_object_object_add(saving->done, hex, NULL) < 0)
		return err_nomem(err);
	(void)snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
	from = blob_open(saving->store, NULL, hex, err);
	if (from == -ENOENT) {
		(void)err_sys(err, ENOENT, "blob sha256:%s", hex);
		return err_hint(err, "load the image again");
	}
	if (from < 0)
		return from;
	if (target->dir < 0)
		return tarw_fd(name, from, target->sink, err);
	to = make_in(target, name, err);
	return to < 0 ? to : copy(from, to, name, err);
}

static int put_layers(struct saving *saving, struct cfg *root, struct err *err)
{
	struct cfg layers, layer;
	const char *digest;
	int r = cfg_child(root, "layers", json_type_array, &layers, err);

	for (size_t i = 0; r == 0 && i < cfg_len(&layers); i++) {
		r = cfg_at(&layers, i, json_type_object, &layer, err);
		r = r ?: cfg_string(&layer, "digest", &digest, err);
		if (r == 0 && !digest_hex(digest))
			r = cfg_fail(err, &layer, "digest",
				     "is no sha256 digest");
		r = r ?: put_blob(saving, digest_hex(digest), err);
	}
	return r;
}

static int put_image(struct saving *saving, struct saved *image,
		     struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };
	const char *hex = image->entry->manifest;
	struct cfg root;
	int r = blob_read(saving->store, NULL, hex, &text, err);

	image->manifest_size = (int64_t)text.len;
	r = r
		    ?: json_parse(strbuf_str(&text), text.len, "manifest",
				  &image->manifest, err);
	root = cfg_root_named(image->manifest, "manifest");
	r = r ?: cfg_expect(&root, json_type_object, err);
	r = r ?: put_layers(saving, &root, err);
	r = r ?: put_blob(saving, image->entry->id, err);
	return r ?: put_blob(saving, hex, err);
}

static int put_lists(struct saving *saving, struct err *err)
{
	const struct save_target *target = saving->target;
	auto_strbuf struct strbuf index = { .data = NULL };
	auto_strbuf struct strbuf docker = { .data = NULL };
	int r = put_text(target, "oci-layout", layout, err);

	r = r ?: save_index(saving, &index, err);
	r = r ?: put_text(target, "index.json", strbuf_str(&index), err);
	if (r < 0 || !target->docker)
		return r;
	r = save_docker(saving, &docker, err);
	return r ?: put_text(target, "manifest.json", strbuf_str(&docker), err);
}

static int make_dirs(const struct save_target *target, struct err *err)
{
	if (target->dir >= 0 &&
	    (mkdirat(target->dir, "blobs", 0755) < 0 ||
	     mkdirat(target->dir, "blobs/sha256", 0755) < 0))
		return err_sys(err, errno, "make blobs/sha256");
	return 0;
}

int image_save(const struct image_store *store, char *const *references,
	       size_t count, const struct save_target *target, struct err *err)
{
	AUTO(saving_free)
	struct saving saving = {
		.store = store,
		.target = target,
		.done = json_object_new_object(),
	};
	auto_image_list struct image_list list = { .entries = NULL };
	/* Nothing goes away meanwhile. */
	auto_fd int lock = image_lock(store, false, err);
	int r = lock < 0 ? lock : image_list(store, &list, err);

	if (r == 0 && !saving.done)
		r = err_nomem(err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_image(&saving, &list, references[i], err);
	r = r ?: make_dirs(target, err);
	for (size_t i = 0; r == 0 && i < saving.count; i++) {
		r = put_image(&saving, &saving.images[i], err);
		if (r < 0)
			return err_in(err, "image sha256:%.12s",
				      saving.images[i].entry->id);
	}
	r = r ?: put_lists(&saving, err);
	if (r == 0 && target->dir < 0)
		r = tarw_end(target->sink, err);
	return r;
}
