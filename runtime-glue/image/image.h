/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images and where they are kept. ROOT/blobs/sha256/HEX: manifests,
 * configurations and layers as they came, by digest. ROOT/layers/DIFFID/diff:
 * a layer unpacked, shared by all who have it, whiteouts as overlayfs wants
 * them. ROOT/names/NAME (with '/' as '%2f', ...): a reference's manifest.
 * Things come into being whole (made aside, then rename(2)), under a lock of
 * the store that readers share.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/json.h"

struct image_store {
	char *root;
	int dir;
};
#define IMAGE_STORE_NONE                \
	(struct image_store)            \
	{                               \
		.root = NULL, .dir = -1 \
	}
int image_store_open(const char *root, struct image_store *out,
		     struct err *err) MUST_CHECK;
void image_store_close(struct image_store *store);
#define auto_image_store AUTO(image_store_close)

struct image {
	char *id;                   /* 64 hex digits, of the configuration */
	char *manifest;             /* 64 hex digits */
	char *name;                 /* what it was asked for by, normalised */
	struct json_object *config; /* OCI image configuration */
	char **layers; /* absolute ROOT/layers/X/diff, lowest first */
	size_t layer_count;
};
#define IMAGE_NONE          \
	(struct image)      \
	{                   \
		.id = NULL, \
	}
void image_free(struct image *image);
#define auto_image AUTO(image_free)

/*
 * By name ("web", "web:1.2", "docker.io/library/web:latest": docker's rules,
 * the tag is "latest" if none is given) or by unambiguous start of its id.
 * -ENOENT: `no image "web": load one with runtime-glue load FILE`.
 */
int image_find(const struct image_store *store, const char *reference,
	       struct image *out, struct err *err) MUST_CHECK;

/*
 * Make an image of one layer more than @base (commit), or of that alone
 * (import). @id: 65 bytes.
 */
struct image_new {
	const struct image *base; /* may be NULL */
	/* The layer: a directory, with @base in overlayfs' form (whiteouts are
	 * char devices 0:0 or xattrs), or -1, then: */
	int dir;
	int tar;          /* an archive: plain, gzip or zstd */
	const char *name; /* may be NULL, as the next two */
	const char *author, *comment;
	const char *by; /* what made it, for the history */
	/* What changes in the configuration's `config` object, or NULL. */
	const struct json_object *config;
};
int image_add(const struct image_store *store, const struct image_new *what,
	      char *id, struct err *err) MUST_CHECK;

/* Is it used? Asked before an image is removed; set by the tool. */
struct image_users {
	int (*in_use)(void *opaque, const char *id, struct err *err);
	void *opaque;
};
