/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -v, --mount and --tmpfs say, read: for bundle_mounts() and its tests. */
#pragma once

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/json.h"

enum mount_kind {
	MOUNT_BIND,
	MOUNT_VOLUME,
	MOUNT_TMPFS,
};

struct mount_wish {
	enum mount_kind kind;
	const char *source; /* a path, or a volume's name; NULL: anonymous */
	const char *target; /* absolute, without "..", "//" and "/" behind */
	const char *propagation; /* "rprivate" unless told */
	bool read_only, no_copy, create_source, not_recursive;
	const char **words; /* further mount options, NULL behind the last */
	size_t word_count;
	struct json_object *labels; /* of a new volume; owned, or NULL */
};
void mount_wish_free(struct mount_wish *wish);
#define auto_mount_wish AUTO(mount_wish_free)

/* Strings are in @arena. */
int mount_parse_volume(const char *text, struct arena *arena,
		       struct mount_wish *out, struct err *err) MUST_CHECK;
int mount_parse_mount(const char *text, struct arena *arena,
		      struct mount_wish *out, struct err *err) MUST_CHECK;
int mount_parse_tmpfs(const char *text, struct arena *arena,
		      struct mount_wish *out, struct err *err) MUST_CHECK;

/* @path, absolute, "." and ".." and double slashes taken out. NULL: no memory
 * or, with @err filled, no such thing as a mount on it. */
int mount_clean_target(const char *path, struct arena *arena, const char **out,
		       struct err *err) MUST_CHECK;

/* ---- mounts_value.c, for the parsers ---- */

int mount_add_word(struct mount_wish *wish, const char *word,
		   struct arena *arena, struct err *err) MUST_CHECK;
bool mount_is_propagation(const char *word);
/* "true", "1", "false", "0". */
int mount_bool(const char *key, const char *text, bool *out,
	       struct err *err) MUST_CHECK;
char *mount_copy(struct arena *arena, const char *text, size_t len);
/* A bind's source: an absolute path; "./x" becomes one. */
int mount_host_path(const char *text, struct arena *arena, const char **out,
		    struct err *err) MUST_CHECK;
