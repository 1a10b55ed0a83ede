/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new image's configuration and manifest. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/add_parts.h"

#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_CONFIG   "application/vnd.oci.image.config.v1+json"

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

static int add_history(struct json_object *image, const struct adding *adding,
		       struct err *err)
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
	r = put_text(entry, "created", adding->created, err);
	r = r ?: put_text(entry, "created_by", adding->what->by, err);
	if (adding->what->author)
		r = r ?: put_text(entry, "author", adding->what->author, err);
	if (adding->what->comment)
		r = r ?: put_text(entry, "comment", adding->what->comment, err);
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

int adding_config(struct adding *adding, struct err *err)
{
	auto_json struct json_object *image = NULL;
	int r = 0;

	if (adding->what->base)
		r = json_object_deep_copy(adding->what->base->config, &image,
					  NULL) < 0
			    ? err_nomem(err)
			    : 0;
	else
		image = json_object_new_object();
	if (r == 0 && !image)
		r = err_nomem(err);
	if (r == 0 && !adding->what->base) {
		r = put_text(image, "architecture", architecture(), err);
		r = r ?: put_text(image, "os", "linux", err);
	}
	r = r ?: put_text(image, "created", adding->created, err);
	if (adding->what->author)
		r = r ?: put_text(image, "author", adding->what->author, err);
	r = r ?: merge_config(image, adding->what->config, err);
	r = r ?: add_diff_id(image, adding->diff_id, err);
	r = r ?: add_history(image, adding, err);
	return r
		       ?: put_json(adding->change, image, adding->config,
				   &adding->config_size, err);
}

/* An OCI manifest has no layers of docker's types, which are the same tars. */
static int put_old_layers(struct json_object *manifest,
			  struct json_object *layers, struct err *err)
{
	static const char *const types[][2] = {
		{ "rootfs.diff.tar", TYPE_LAYER },
		{ "rootfs.diff.tar.gzip", TYPE_LAYER "+gzip" },
		{ "rootfs.diff.tar.zstd", TYPE_LAYER "+zstd" },
	};
	struct json_object *copy = NULL;
	int r = json_object_deep_copy(layers, &copy, NULL) < 0
			? err_nomem(err)
			: put(manifest, "layers", copy, err);

	for (size_t i = 0; r == 0 && i < json_object_array_length(copy); i++) {
		struct json_object *one = json_object_array_get_idx(copy, i);
		struct json_object *type = NULL;
		const char *text = "";

		if (json_object_object_get_ex(one, "mediaType", &type))
			text = json_object_get_string(type);
		for (size_t t = 0; t < 3; t++)
			if (strstr(text, "docker") &&
			    strcmp(strstr(text, "rootfs") ?: "", types[t][0]) ==
				    0) {
				r = put_text(one, "mediaType", types[t][1],
					     err);
				break;
			}
	}
	return r;
}

/* The base's descriptors of layers, as they are, and the new one. */
int adding_manifest(struct adding *adding, struct err *err)
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
	if (r == 0 && adding->what->base) {
		r = blob_read_json(adding->store, NULL,
				   adding->what->base->manifest, &old, err);
		if (r == 0 && json_object_object_get_ex(old, "layers", &layers))
			r = put_old_layers(manifest, layers, err);
	}
	r = r ?: member(manifest, "layers", json_type_array, &layers, err);
	r = r
		    ?: put_digest(layers, NULL, adding->type, adding->layer,
				  adding->layer_size, err);
	return r
		       ?: put_json(adding->change, manifest, adding->manifest,
				   &size, err);
}
