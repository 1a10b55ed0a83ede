/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images from files: OCI layouts (directory or tar) and docker's archives. */
#pragma once

#include "runtime-glue/image/store.h"

struct load_options {
	const char *name;   /* of the image; NULL: what the archive says */
	uint64_t layer_max; /* bytes of a layer unpacked, 0: LAYER_BYTES_MAX */
	/* What is being done, for the user to see. May be NULL. */
	void (*step)(const char *what, const char *digest);
	/* Of its packed layer, for each percent. May be NULL. */
	void (*progress)(uint64_t done, uint64_t total);
	/* An image has come; @name NULL: it has none. May be NULL. */
	void (*loaded)(const char *name, const char *id);
};

/*
 * All images of @path ("-": standard input), or none. What is not as its
 * digest says, or would be written elsewhere than into its layer, is refused.
 */
int image_load(const struct image_store *store, const char *path,
	       const struct load_options *options, struct err *err) MUST_CHECK;
