/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes: ROOT/volumes/NAME/_data, which containers mount, with a record,
 * ROOT/volumes/NAME/volume.json. Who makes, fills or removes one, or notes in
 * a box's record that it is used, holds the lock of ROOT/volumes, so that none
 * goes away between being chosen and being noted.
 */
#pragma once

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "runtime-glue/tool/box.h"

struct volumes {
	int dir; /* ROOT/volumes, flock(2)ed */
	char *path;
};
#define VOLUMES_NONE       \
	(struct volumes)   \
	{                  \
		.dir = -1, \
	}
int volumes_open(const struct tool *tool, struct volumes *out,
		 struct err *err) MUST_CHECK;
void volumes_close(struct volumes *volumes);
#define auto_volumes AUTO(volumes_close)

/* Names as docker has them: a letter or digit, then those and "_.-". */
int volume_check_name(const char *name, struct err *err) MUST_CHECK;

/* As long as anonymous ones are: 64 hex digits. */
#define VOLUME_NAME_BYTES 65
int volume_random_name(char out[static VOLUME_NAME_BYTES],
		       struct err *err) MUST_CHECK;

/*
 * The volume @name, made if it is not there. @labels (object, or NULL) and
 * @anonymous are for a new one. Returns the descriptor of its _data, or
 * -errno.
 */
int volume_ensure(const struct volumes *volumes, const char *name,
		  const struct json_object *labels, bool anonymous,
		  struct err *err) MUST_CHECK;

/*
 * Give the volume, if it is empty, what directory @path of @root has, with the
 * directory's owner and mode. @path is resolved within @root; that it is no
 * directory there is no error. One that an earlier call left half filled is
 * filled anew.
 */
int volume_fill(const struct volumes *volumes, const char *name, int data,
		int root, const char *path, struct err *err) MUST_CHECK;

/* Its record; -ENOENT. The caller's. */
int volume_read(const struct volumes *volumes, const char *name,
		struct json_object **out, struct err *err) MUST_CHECK;

/* The containers that have it, "a, b"; the caller's, "" for none. */
int volume_users(const struct tool *tool, const char *name, char **out,
		 struct err *err) MUST_CHECK;

/* -ENOENT; -EBUSY: a container has it. */
int volume_remove(const struct tool *tool, const struct volumes *volumes,
		  const char *name, struct err *err) MUST_CHECK;

/* Every name, sorted. The caller's. */
int volume_list(const struct volumes *volumes, char ***out, size_t *count,
		struct err *err) MUST_CHECK;
void volume_list_free(char **names, size_t count);

/* For `rm -v` and --rm: the anonymous volumes of a box that is gone, by its
 * record. Goes on after errors. */
int volume_drop_anonymous(const struct tool *tool,
			  const struct json_object *record,
			  struct err *err) MUST_CHECK;
