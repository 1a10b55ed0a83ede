/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two lists of images of an archive: OCI's and docker's. */
#include <stdio.h>
#include <string.h>

#include "common/base/cfg.h"
#include "common/base/jsonw.h"
#include "runtime-glue/image/save_parts.h"

#define TYPE_INDEX    "application/vnd.oci.image.index.v1+json"
#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"

static void put_digest(struct jsonw *w, const char *key, const char *prefix,
		       const char *hex)
{
	char text[sizeof("blobs/sha256/") + DIGEST_HEX];

	(void)snprintf(text, sizeof(text), "%s%s", prefix, hex);
	jsonw_string(w, key, text);
}

/* One name alone is read by its tag; of several the tags may be the same. */
static const char *ref_name(const char *name, bool alone)
{
	const char *tag = strrchr(name, ':');

	return alone && tag ? tag + 1 : image_name_short(name);
}

static void put_item(struct jsonw *w, const struct saved *image,
		     const char *type, const char *name, bool alone)
{
	jsonw_open(w, NULL, '{');
	jsonw_string(w, "mediaType", type);
	put_digest(w, "digest", "sha256:", image->entry->manifest);
	jsonw_int(w, "size", image->manifest_size);
	if (name) {
		jsonw_open(w, "annotations", '{');
		jsonw_string(w, "io.containerd.image.name", name);
		jsonw_string(w, "org.opencontainers.image.ref.name",
			     ref_name(name, alone));
		jsonw_close(w, '}');
	}
	jsonw_close(w, '}');
}

int save_index(const struct saving *saving, struct strbuf *out, struct err *err)
{
	struct jsonw w = { .out = out, .compact = true };
	int r = 0;

	jsonw_open(&w, NULL, '{');
	jsonw_int(&w, "schemaVersion", 2);
	jsonw_string(&w, "mediaType", TYPE_INDEX);
	jsonw_open(&w, "manifests", '[');
	for (size_t i = 0; r == 0 && i < saving->count; i++) {
		const struct saved *image = &saving->images[i];
		struct cfg root = cfg_root_named(image->manifest, "manifest");
		bool alone = saving->count == 1 && image->name_count == 1;
		const char *type = NULL;

		r = cfg_string_or(&root, "mediaType", TYPE_MANIFEST, &type,
				  err);
		if (r == 0 && image->name_count == 0)
			put_item(&w, image, type, NULL, alone);
		for (size_t n = 0; r == 0 && n < image->name_count; n++)
			put_item(&w, image, type, image->names[n], alone);
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	return r < 0 ? r : out->failed ? err_nomem(err) : 0;
}

static int put_layers(struct jsonw *w, const struct saved *image,
		      struct err *err)
{
	struct cfg root = cfg_root_named(image->manifest, "manifest");
	struct cfg layers, layer;
	const char *digest;
	int r = cfg_child(&root, "layers", json_type_array, &layers, err);

	jsonw_open(w, "Layers", '[');
	for (size_t i = 0; r == 0 && i < cfg_len(&layers); i++) {
		r = cfg_at(&layers, i, json_type_object, &layer, err);
		r = r ?: cfg_string(&layer, "digest", &digest, err);
		if (r == 0)
			put_digest(w, NULL, "blobs/sha256/",
				   digest_hex(digest) ?: "");
	}
	jsonw_close(w, ']');
	return r;
}

int save_docker(const struct saving *saving, struct strbuf *out,
		struct err *err)
{
	struct jsonw w = { .out = out, .compact = true };
	int r = 0;

	jsonw_open(&w, NULL, '[');
	for (size_t i = 0; r == 0 && i < saving->count; i++) {
		const struct saved *image = &saving->images[i];

		jsonw_open(&w, NULL, '{');
		put_digest(&w, "Config", "blobs/sha256/", image->entry->id);
		jsonw_open(&w, "RepoTags", '[');
		for (size_t n = 0; n < image->name_count; n++)
			jsonw_string(&w, NULL,
				     image_name_short(image->names[n]));
		jsonw_close(&w, ']');
		r = put_layers(&w, image, err);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, ']');
	return r < 0 ? r : out->failed ? err_nomem(err) : 0;
}
