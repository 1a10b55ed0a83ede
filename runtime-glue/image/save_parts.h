/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that save images share. */
#pragma once

#include "runtime-glue/image/save.h"

/* An image, and the names that it is saved under. */
struct saved {
	const struct image_entry *entry;
	const char **names; /* the entry's */
	size_t name_count;
	struct json_object *manifest;
	int64_t manifest_size;
};

struct saving {
	const struct image_store *store;
	const struct save_target *target;
	struct saved *images;
	size_t count;
	struct json_object *done; /* blobs: their digits */
};

/* The texts of index.json and manifest.json. */
int save_index(const struct saving *saving, struct strbuf *out,
	       struct err *err) MUST_CHECK;
int save_docker(const struct saving *saving, struct strbuf *out,
		struct err *err) MUST_CHECK;
