/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing to the store (image.h says what is in it).
 *
 * A change is a directory ROOT/tmp/XXXXXX of the store's own shape:
 *
 *	blobs/HEX  layers/DIFFID/diff  images/MANIFEST  names/NAME
 *
 * into which everything is written first. image_change_commit() writes it all
 * to the disk (one syncfs(2): files, before anything can refer to them), then
 * moves it with rename(2), what is referred to before what refers. So after a
 * crash or a power cut an image is there whole or not at all. Its directory is
 * flock(2)ed while its process lives; one whose lock is free was left by a
 * crash, and whoever begins the next change, or removes something, removes it.
 *
 * ROOT/lock: shared by changes, and by who uses what an image_find() found;
 * exclusive for who removes images, blobs or layers. What a change has added is
 * not looked at by anybody until it is named by an image in images/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "runtime-glue/image/digest.h"
#include "runtime-glue/image/image.h"

/* Manifests, configurations and indexes larger than this are refused. */
#define IMAGE_JSON_MAX (4U << 20)

/* Take ROOT/lock. Returns the descriptor, which is the lock, or -errno. */
int image_lock(const struct image_store *store, bool exclusive,
	       struct err *err) MUST_CHECK;

struct image_change {
	const struct image_store *store;
	int lock;      /* ROOT/lock, shared */
	int dir;       /* ROOT/tmp/NAME, flocked */
	char name[24]; /* of it */
	unsigned int next;
};
#define IMAGE_CHANGE_NONE                             \
	(struct image_change)                         \
	{                                             \
		.store = NULL, .lock = -1, .dir = -1, \
	}
int image_change_begin(const struct image_store *store,
		       struct image_change *out, struct err *err) MUST_CHECK;
/* Make it last. The change is closed, whatever happens. */
int image_change_commit(struct image_change *change,
			struct err *err) MUST_CHECK;
/* Nothing of it stays. Also fine for one that is closed already. */
void image_change_abort(struct image_change *change);
#define auto_image_change AUTO(image_change_abort)

/* ---- blobs ---- */

struct blob {
	struct image_change *change;
	int fd;
	char name[24]; /* ROOT/tmp/NAME/NAME, until its digest is known */
	struct digest digest;
	uint64_t size;
};
#define BLOB_NONE        \
	(struct blob)    \
	{                \
		.fd = -1 \
	}
int blob_begin(struct image_change *change, struct blob *out,
	       struct err *err) MUST_CHECK;
int blob_write(struct blob *blob, const void *bytes, size_t len,
	       struct err *err) MUST_CHECK;
/*
 * The end: @want (64 hex digits) is what its digest must be, NULL: anything.
 * @hex gets what it is. One that the store has already is dropped.
 */
int blob_end(struct blob *blob, const char *want, char hex[DIGEST_HEX],
	     struct err *err) MUST_CHECK;
void blob_abort(struct blob *blob);
#define auto_blob AUTO(blob_abort)

/* A whole one. */
int blob_put(struct image_change *change, const void *bytes, size_t len,
	     char hex[DIGEST_HEX], struct err *err) MUST_CHECK;

/*
 * Open one of the store or, if @change is not NULL, of that change. -ENOENT
 * without a record in @err if there is none.
 */
int blob_open(const struct image_store *store,
	      const struct image_change *change, const char *hex,
	      struct err *err) MUST_CHECK;
/* Read a small one; what it is (its digest) is checked again. */
int blob_read(const struct image_store *store,
	      const struct image_change *change, const char *hex,
	      struct strbuf *out, struct err *err) MUST_CHECK;
int blob_read_json(const struct image_store *store,
		   const struct image_change *change, const char *hex,
		   struct json_object **out, struct err *err) MUST_CHECK;

/* ---- layers ---- */

/* Is there one, in the store or in the change? */
bool layer_have(const struct image_change *change, const char *diff_id);
/*
 * An empty directory for a layer in the making; its descriptor (for *at()
 * calls) or -errno. @name: what layer_end() wants.
 */
int layer_begin(struct image_change *change, char name[24],
		struct err *err) MUST_CHECK;
/* Its DIFFID is known now. */
int layer_end(struct image_change *change, const char *name,
	      const char *diff_id, struct err *err) MUST_CHECK;

/*
 * Read the layer that is blob @fd (a tar, plain or packed), check that its
 * digest unpacked is @diff_id (NULL: any; @hex gets it), and write its files
 * to directory @dir in overlayfs' form; @dir -1: only check. layer_limits_none
 * for the default limits.
 */
struct layer_limits {
	uint64_t bytes, entries; /* 0: LAYER_BYTES_MAX, LAYER_ENTRIES_MAX */
	void (*progress)(void *opaque, uint64_t bytes); /* read, packed */
	void *opaque;
};
#define LAYER_BYTES_MAX   (64ULL << 30)
#define LAYER_ENTRIES_MAX 10000000ULL
int layer_unpack(int fd, const char *diff_id, int dir,
		 const struct layer_limits *limits, char hex[DIGEST_HEX],
		 struct err *err) MUST_CHECK;

/* ---- images and names ---- */

/*
 * There is an image: its manifest and configuration, blobs of the change or
 * the store, 64 hex digits each.
 */
int image_change_add(struct image_change *change, const char *manifest,
		     const char *config, struct err *err) MUST_CHECK;
/* @name: normalised (image_name_normal). A name has one image, the latest. */
int image_change_name(struct image_change *change, const char *name,
		      const char *manifest, struct err *err) MUST_CHECK;

/* "web" -> "docker.io/library/web:latest". Refused: what is no name. */
int image_name_normal(const char *name, char **out, struct err *err) MUST_CHECK;
/* And back, as far as it is understood: a part of @name. */
const char *image_name_short(const char *name);

/* Every image and its names. */
struct image_entry {
	char manifest[DIGEST_HEX], id[DIGEST_HEX];
	char **names; /* normalised, sorted */
	size_t name_count;
};
struct image_list {
	struct image_entry *entries;
	size_t count;
};
int image_list(const struct image_store *store, struct image_list *out,
	       struct err *err) MUST_CHECK;
void image_list_free(struct image_list *list);
#define auto_image_list AUTO(image_list_free)

/* The entry that @reference means, as image_find(). Borrowed from @list. */
int image_list_find(const struct image_list *list, const char *reference,
		    const struct image_entry **out, struct err *err) MUST_CHECK;

/* ---- removing; under the exclusive lock ---- */

int image_name_remove(const struct image_store *store, const char *name,
		      struct err *err) MUST_CHECK;
int image_remove(const struct image_store *store, const char *manifest,
		 struct err *err) MUST_CHECK;
/* Blobs and layers that no image refers to. @freed (may be NULL): bytes. */
int image_collect(const struct image_store *store, uint64_t *freed,
		  struct err *err) MUST_CHECK;

/* Remove @name of directory @dir, whatever it is; 0 or -errno. */
int image_scrap(int dir, const char *name, uint64_t *freed);
