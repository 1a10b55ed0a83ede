/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `update` changes, as a piece of JSON in linux.resources' form: where it
 * comes from (options or a file) makes no difference then, the parser of
 * config.json checks it, and it is merged into the kept config.json.
 */
#pragma once

#include <json-c/json.h>

#include "common/base/err.h"

enum patch_kind {
	PATCH_NUMBER,   /* a whole number */
	PATCH_UNSIGNED, /* 0 or more */
	PATCH_SIZE,     /* bytes, with unit; -1 */
	PATCH_TEXT,
};

/* Set @path ("memory.limit") of @patch. @what: the option, for messages. */
int patch_set(struct json_object *patch, const char *path, enum patch_kind kind,
	      const char *what, const char *value, struct err *err) MUST_CHECK;

/*
 * Take out of @patch what stands for "as it is": null, and where the kernel has
 * no such value, 0 and "". Without a limit of memory there is none of swap.
 */
int patch_tidy(struct json_object *patch, struct err *err) MUST_CHECK;

/*
 * Add to @patch from @now, the resources so far, what the kernel's files mix
 * with what is changed: swap with memory, period with quota.
 */
int patch_complete(struct json_object *patch, struct json_object *now,
		   struct err *err) MUST_CHECK;

/* Members of @patch into @into, objects member by member. */
int patch_merge(struct json_object *into, struct json_object *patch,
		struct err *err) MUST_CHECK;
