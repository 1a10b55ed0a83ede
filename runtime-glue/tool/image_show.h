/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verbs about images share. An image's configuration was checked for
 * what it takes to run it; the rest of it may be anything, so it is read with
 * functions that take what is of the wrong type for absent.
 */
#pragma once

#include <stdint.h>

#include "common/base/strbuf.h"
#include "runtime-glue/image/store.h"
#include "runtime-glue/tool/tool.h"

/* Member @key of @json: a text, "" if there is none; an object or array. */
const char *image_text(struct json_object *json, const char *key);
struct json_object *image_part(struct json_object *json, const char *key,
			       json_type type);

/* The configuration; the caller's. */
int image_config(const struct image_store *store,
		 const struct image_entry *entry, struct json_object **out,
		 struct err *err) MUST_CHECK;
/*
 * Bytes of its layers as they are packed; each into @sizes, an array, if that
 * is not NULL.
 */
int image_size(const struct image_store *store, const struct image_entry *entry,
	       struct json_object *sizes, uint64_t *out,
	       struct err *err) MUST_CHECK;
/* "12.3MB", by thousands as docker's. */
void image_put_size(uint64_t bytes, char out[16]);

/* As JSON, on stdout. */
int image_print_json(struct json_object *json, struct err *err) MUST_CHECK;
/* A row of a table: no escape codes of a stranger's to the terminal. */
void image_end_row(struct strbuf *text, size_t start);

/* Into @users: the ids of images that containers have, as keys. */
int image_used(const struct tool *tool, struct json_object *users,
	       struct err *err) MUST_CHECK;

/* What `inspect` prints of image or container @name; -ENOENT: there is none. */
int inspect_image(const struct tool *tool, const char *name,
		  struct json_object **out, struct err *err) MUST_CHECK;
int inspect_box(const struct tool *tool, const char *name,
		struct json_object **out, struct err *err) MUST_CHECK;
