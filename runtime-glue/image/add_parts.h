/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that make new images share. */
#pragma once

#include "runtime-glue/image/store.h"

#define TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"

struct adding {
	const struct image_store *store;
	const struct image_new *what;
	struct image_change *change;
	char layer[DIGEST_HEX], diff_id[DIGEST_HEX], config[DIGEST_HEX],
		manifest[DIGEST_HEX];
	const char *type; /* of the layer */
	uint64_t layer_size, config_size;
	char created[32];
};

/* The layer is a blob already; then these, in this order. */
int adding_config(struct adding *adding, struct err *err) MUST_CHECK;
int adding_manifest(struct adding *adding, struct err *err) MUST_CHECK;
