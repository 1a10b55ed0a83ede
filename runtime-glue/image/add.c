/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new image of an old one and a directory. The directory becomes a tar
 * archive, uncompressed, whose digest therefore is the layer's DIFFID, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/utsname.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/store.h"
#include "runtime-glue/image/tarw.h"

#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_CONFIG   "application/vnd.oci.image.config.v1+json"
#define TYPE_LAYER    "application/vnd.oci.image.layer.v1.tar"

struct adding {
	const struct image_store *store;
	const struct image *base;
	struct image_change *change;
	char layer[DIGEST_HEX], config[DIGEST_HEX], manifest[DIGEST_HEX];
	uint64_t layer_size, config_size;
	char created[32];
};

static int to_blob(void *opaque, const void *bytes, size_t len, struct err *err)
{
	return blob_write(opaque, bytes, len, err);
}

static int add_blob(struct adding *adding, int diff, struct err *err)
{
	auto_blob struct blob blob = BLOB_NONE;
	const struct tarw_sink sink = { to_blob, &blob };
	int r = blob_begin(adding->change, &blob, err);

	r = r ?: tarw_tree(diff, TARW_LAYER, &sink, err);
	adding->layer_size = blob.size;
	return r ?: blob_end(&blob, NULL, adding->layer, err);
}

/* Unpacked for those who will use it, by the very code that loads images. */
static int add_unpacked(struct adding *adding, struct err *err)
{
	static const struct layer_limits none;
	char name[24], hex[DIGEST_HEX];
	auto_fd int dir = -1;
	auto_fd int blob = -1;
	int r;

	if (layer_have(adding->change, adding->layer))
		return 0;
	blob = blob_open(adding->store, adding->change, adding->layer, err);
	if (blob < 0)
		return blob;
	dir = layer_begin(adding->change, name, err);
	if (dir < 0)
		return dir;
	r = layer_unpack(blob, adding->layer, dir, &none, hex, err);
	return r ?: layer_end(adding->change, name, adding->layer, err);
}

static int put(struct json_object *at, const char *key,
	       struct json_object *value, struct err *err)
{
	if (!value || json_object_object_add(at, key, value) < 0)
		return err_nomem(err);
	return 0;
}

static int put_text(struct json_object *at, const char *key, const char *text,
		    struct err *err)
{
	return put(at, key, json_object_new_string(text), err);
}

static int put_digest(struct json_object *at, const char *key, const char *type,
		      const char *hex, uint64_t size, struct err *err)
{
	struct json_object *one = json_object_new_object();
	char text[8 + DIGEST_HEX];
	int r = one ? 0 : err_nomem(err);

	(void)snprintf(text, sizeof(text), "sha256:%s", hex);
	r = r ?: put_text(one, "mediaType", type, err);
	r = r ?: put_text(one, "digest", text, err);
	r = r ?: put(one, "size", json_object_new_int64((int64_t)size), err);
	if (r < 0) {
		json_object_put(one);
		return r;
	}
	if (key)
		return put(at, key, one, err);
	return json_object_array_add(at, one) < 0 ? err_nomem(err) : 0;
}

/* The member @key, of type @type, made if it is not there. */
static int member(struct json_object *at, const char *key, enum json_type type,
		  struct json_object **out, struct err *err)
{
	if (json_object_object_get_ex(at, key, out) &&
	    json_object_is_type(*out, type))
		return 0;
	*out = type == json_type_array ? json_object_new_array()
				       : json_object_new_object();
	return put(at, key, *out, err);
}

static const char *architecture(void)
{
	static const char *const names[][2] = {
		{ "x86_64", "amd64" },    { "aarch64", "arm64" },
		{ "armv7l", "arm" },      { "i686", "386" },
		{ "ppc64le", "ppc64le" }, { "riscv64", "riscv64" },
		{ "s390x", "s390x" },
	};
	static struct utsname machine;

	if (uname(&machine) < 0)
		return "unknown";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(machine.machine, names[i][0]) == 0)
			return names[i][1];
	return machine.machine;
}

static int merge_config(struct json_object *image,
			const struct json_object *changes, struct err *err)
{
	struct json_object *config = NULL;
	int r = member(image, "config", json_type_object, &config, err);

	if (r < 0 || !changes)
		return r;
	json_object_object_foreach((struct json_object *)(uintptr_t)changes,
				   key, value) r =
		r ?: put(config, key, json_object_get(value), err);
	return r;
}

static int add_history(struct json_object *image, const char *created,
		       const char *comment, struct err *err)
{
	struct json_object *history = NULL, *entry;
	int r = member(image, "history", json_type_array, &history, err);

	if (r < 0)
		return r;
	entry = json_object_new_object();
	if (!entry || json_object_array_add(history, entry) < 0) {
		json_object_put(entry);
		return err_nomem(err);
	}
	r = put_text(entry, "created", created, err);
	r = r ?: put_text(entry, "created_by", "runtime-glue", err);
	if (comment && *comment)
		r = r ?: put_text(entry, "comment", comment, err);
	return r;
}

static int add_diff_id(struct json_object *image, const char *hex,
		       struct err *err)
{
	struct json_object *rootfs = NULL, *ids = NULL;
	char text[8 + DIGEST_HEX];
	int r = member(image, "rootfs", json_type_object, &rootfs, err);

	r = r ?: put_text(rootfs, "type", "layers", err);
	r = r ?: member(rootfs, "diff_ids", json_type_array, &ids, err);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "sha256:%s", hex);
	return json_object_array_add(ids, json_object_new_string(text)) < 0
		       ? err_nomem(err)
		       : 0;
}

static int put_json(struct image_change *change, struct json_object *json,
		    char hex[DIGEST_HEX], uint64_t *size, struct err *err)
{
	const char *text = json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return err_nomem(err);
	*size = strlen(text);
	return blob_put(change, text, strlen(text), hex, err);
}

static int add_config(struct adding *adding, const struct json_object *changes,
		      const char *comment, struct err *err)
{
	auto_json struct json_object *image = NULL;
	int r = 0;

	if (adding->base)
		r = json_object_deep_copy(adding->base->config, &image, NULL) <
				    0
			    ? err_nomem(err)
			    : 0;
	else
		image = json_object_new_object();
	if (r == 0 && !image)
		r = err_nomem(err);
	if (r == 0 && !adding->base) {
		r = put_text(image, "architecture", architecture(), err);
		r = r ?: put_text(image, "os", "linux", err);
	}
	r = r ?: put_text(image, "created", adding->created, err);
	r = r ?: merge_config(image, changes, err);
	r = r ?: add_diff_id(image, adding->layer, err);
	r = r ?: add_history(image, adding->created, comment, err);
	return r
		       ?: put_json(adding->change, image, adding->config,
				   &adding->config_size, err);
}

/* The base's descriptors of layers, as they are, and the new one. */
static int add_manifest(struct adding *adding, struct err *err)
{
	auto_json struct json_object *manifest = json_object_new_object();
	auto_json struct json_object *old = NULL;
	struct json_object *layers = NULL;
	uint64_t size;
	int r = manifest ? 0 : err_nomem(err);

	r = r ?: put(manifest, "schemaVersion", json_object_new_int(2), err);
	r = r ?: put_text(manifest, "mediaType", TYPE_MANIFEST, err);
	r = r
		    ?: put_digest(manifest, "config", TYPE_CONFIG,
				  adding->config, adding->config_size, err);
	if (r == 0 && adding->base) {
		r = blob_read_json(adding->store, NULL, adding->base->manifest,
				   &old, err);
		if (r == 0 && json_object_object_get_ex(old, "layers", &layers))
			r = put(manifest, "layers", json_object_get(layers),
				err);
	}
	r = r ?: member(manifest, "layers", json_type_array, &layers, err);
	r = r
		    ?: put_digest(layers, NULL, TYPE_LAYER, adding->layer,
				  adding->layer_size, err);
	return r
		       ?: put_json(adding->change, manifest, adding->manifest,
				   &size, err);
}

int image_add_layer(const struct image_store *store, const struct image *base,
		    int diff, const char *name,
		    const struct json_object *config, const char *comment,
		    char *id, struct err *err)
{
	auto_image_change struct image_change change = IMAGE_CHANGE_NONE;
	struct adding adding = { .store = store,
				 .base = base,
				 .change = &change };
	auto_free char *normal = NULL;
	time_t now = time(NULL);
	struct tm tm;
	int r = name ? image_name_normal(name, &normal, err) : 0;

	(void)strftime(adding.created, sizeof(adding.created),
		       "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	r = r ?: image_change_begin(store, &change, err);
	r = r ?: add_blob(&adding, diff, err);
	r = r ?: add_unpacked(&adding, err);
	r = r ?: add_config(&adding, config, comment, err);
	r = r ?: add_manifest(&adding, err);
	r = r ?: image_change_add(&change, adding.manifest, adding.config, err);
	if (r == 0 && normal)
		r = image_change_name(&change, normal, adding.manifest, err);
	r = r ?: image_change_commit(&change, err);
	if (r == 0)
		memcpy(id, adding.config, DIGEST_HEX);
	return r;
}
