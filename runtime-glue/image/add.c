/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new image of one layer more. A directory becomes a tar archive; an archive
 * is kept as it comes, packed or not.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/add_parts.h"
#include "runtime-glue/image/tarw.h"

#define PIECE (256U << 10)

static int to_blob(void *opaque, const void *bytes, size_t len, struct err *err)
{
	return blob_write(opaque, bytes, len, err);
}

static const char *type_of(const unsigned char *bytes, size_t len)
{
	if (len >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0)
		return TYPE_LAYER "+gzip";
	if (len >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0)
		return TYPE_LAYER "+zstd";
	return TYPE_LAYER;
}

static int copy_archive(struct adding *adding, struct blob *blob,
			struct err *err)
{
	auto_free unsigned char *piece = malloc(PIECE);
	unsigned char head[4];
	int r = piece ? 0 : err_nomem(err);
	ssize_t n;

	while (r == 0 && (n = read(adding->what->tar, piece, PIECE)) != 0) {
		/* A pipe may give a byte at a time. */
		for (ssize_t i = 0; i < n && blob->size + (size_t)i < 4; i++)
			head[blob->size + (size_t)i] = piece[i];
		if (n > 0)
			r = blob_write(blob, piece, (size_t)n, err);
		else if (errno != EINTR)
			r = err_sys(err, errno, "read the archive");
	}
	adding->type = type_of(head, blob->size < 4 ? (size_t)blob->size : 4);
	return r;
}

static int add_blob(struct adding *adding, struct err *err)
{
	const struct image_new *what = adding->what;
	auto_blob struct blob blob = BLOB_NONE;
	const struct tarw_sink sink = { to_blob, &blob };
	int r = blob_begin(adding->change, &blob, err);

	if (r == 0 && what->dir >= 0)
		r = tarw_tree(what->dir, what->base ? TARW_LAYER : TARW_PLAIN,
			      &sink, err);
	else
		r = r ?: copy_archive(adding, &blob, err);
	adding->layer_size = blob.size;
	return r ?: blob_end(&blob, NULL, adding->layer, err);
}

/* Unpacked for those who will use it, by the very code that loads images. */
static int add_unpacked(struct adding *adding, struct err *err)
{
	static const struct layer_limits none;
	char name[24];
	auto_fd int dir = -1;
	auto_fd int blob = -1;
	int r;

	blob = blob_open(adding->store, adding->change, adding->layer, err);
	if (blob < 0)
		return blob;
	dir = layer_begin(adding->change, name, err);
	if (dir < 0)
		return dir;
	r = layer_unpack(blob, NULL, dir, &none, adding->diff_id, err);
	return r ?: layer_end(adding->change, name, adding->diff_id, err);
}

int image_add(const struct image_store *store, const struct image_new *what,
	      char *id, struct err *err)
{
	auto_image_change struct image_change change = IMAGE_CHANGE_NONE;
	struct adding adding = { .store = store,
				 .what = what,
				 .change = &change,
				 .type = TYPE_LAYER };
	auto_free char *normal = NULL;
	time_t now = time(NULL);
	struct tm tm;
	int r = what->name ? image_name_normal(what->name, &normal, err) : 0;

	(void)strftime(adding.created, sizeof(adding.created),
		       "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	r = r ?: image_change_begin(store, &change, err);
	r = r ?: add_blob(&adding, err);
	r = r ?: add_unpacked(&adding, err);
	r = r ?: adding_config(&adding, err);
	r = r ?: adding_manifest(&adding, err);
	r = r ?: image_change_add(&change, adding.manifest, adding.config, err);
	if (r == 0 && normal)
		r = image_change_name(&change, normal, adding.manifest, err);
	r = r ?: image_change_commit(&change, err);
	if (r == 0)
		memcpy(id, adding.config, DIGEST_HEX);
	return r;
}
