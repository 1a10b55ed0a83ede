/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files about boxes share. ROOT/containers/.names/NAME is a link to
 * the id of who has the name; RUN/live/ID is there as long as something of a
 * box may be up or half made: who sweeps reads that directory alone. Both
 * change under the lock on .names, which is held for a moment only.
 */
#pragma once

#include "runtime-glue/oci/container.h"
#include "runtime-glue/tool/box.h"

#define BOX_ID_LEN 64

bool box_is_id(const char *text);

/* ROOT/containers, made if it is missing, and its .names, locked. */
int box_open_names(const struct tool *tool, int *out,
		   struct err *err) MUST_CHECK;

/* The id that has @name, "" if nobody has; links to what is gone are none. */
int box_find_name(int names, const char *name, char id[BOX_ID_LEN + 1],
		  struct err *err) MUST_CHECK;
int box_claim_name(int names, const char *name, const char *id,
		   struct err *err) MUST_CHECK;
void box_drop_name(int names, const char *name, const char *id);
int box_check_name(const char *name, struct err *err) MUST_CHECK;
/* "quiet_otter" of @seed's bits. */
void box_make_name(unsigned long long seed, char *out, size_t size);

/* RUN/live/ID. */
int box_mark(const struct tool *tool, const char *id,
	     struct err *err) MUST_CHECK;
void box_unmark(const struct tool *tool, const char *id);

/* Its lock, at once: *@out is -1 if somebody else has it. */
int box_try_lock(const char *path, int *out, struct err *err) MUST_CHECK;
/* Fill @out from its directory; a record that cannot be read is an empty one
 * with "id" and "status" "creating" only. */
int box_load(const struct tool *tool, const char *id, struct box *out,
	     struct err *err) MUST_CHECK;

/* Plugins that a killed `run` has left behind: end them, and wait. */
void box_end_plugins(const char *id);

/* Directory @name below @dir and all in it; mounts are not entered. */
int box_remove_tree(int dir, const char *name, struct err *err) MUST_CHECK;
/* mkdir -p. */
int box_make_dirs(const char *path, unsigned int mode,
		  struct err *err) MUST_CHECK;
/* The ids that are names in ABOVE/NAME, sorted; -ENOENT without a word where
 * there is no such directory. */
int box_list_dir(const char *above, const char *name, char ***out,
		 size_t *count, struct err *err) MUST_CHECK;
/* @out for @id, without a record; and the record. */
int box_init(const struct tool *tool, const char *id, struct box *out,
	     struct err *err) MUST_CHECK;
int box_read(struct box *box, struct err *err) MUST_CHECK;
/* The engine with RUN/oci; *@root: the caller's, as long as @out is used. */
int box_engine(const struct tool *tool, char **root, struct runtime *out,
	       struct err *err) MUST_CHECK;

/* What the record's "shmSize" asks for, at BOX/shm; not mounted is no error. */
int box_shm_mount(const struct box *box, struct err *err) MUST_CHECK;
int box_shm_unmount(const struct box *box, struct err *err) MUST_CHECK;
