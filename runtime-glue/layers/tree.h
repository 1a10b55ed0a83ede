/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees of files that somebody else wrote: removed and copied without ever
 * following a symlink or leaving the mount that they are on.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "common/base/err.h"

/*
 * Remove @name of directory @parent, whatever it is; that it is not there is
 * no error. Takes a few descriptors however deep the tree is. -EXDEV or
 * -EBUSY: something is mounted in it, which stays as it is.
 */
int tree_remove(int parent, const char *name, struct err *err) MUST_CHECK;

/* Only what is in directory @dir. */
int tree_empty(int dir, const char *what, struct err *err) MUST_CHECK;

/* At most as deep as this, when a tree is walked level by level. */
#define TREE_DEPTH_MAX 400

enum tree_mode {
	TREE_PLAIN, /* as it is */
	/*
	 * @from is a layer in overlayfs' form: its whiteouts remove what they
	 * name from @to, an opaque directory replaces the one there, and
	 * overlayfs' own attributes are left out.
	 */
	TREE_LAYER,
	TREE_OWN, /* as it is, but the copies belong to who copies */
};

/*
 * Copy what is in directory @from, and its own owner, mode, attributes and
 * times, to directory @to. Keeps owners, modes, times, extended attributes,
 * holes and hard links within the tree; shares the blocks where the file system
 * can. Files that are in the way at @to are replaced, directories are merged;
 * a directory in a file's way, or the reverse, is an error, but for layers.
 */
int tree_copy(int from, int to, enum tree_mode mode,
	      struct err *err) MUST_CHECK;

/* A single file, or a tree, under a name of its own. */
struct tree_place {
	int dir;
	const char *name;
};
int tree_copy_one(const struct tree_place *from, const struct tree_place *to,
		  enum tree_mode mode, struct err *err) MUST_CHECK;

/* In overlayfs' form: "what was below is removed", "nothing from below". */
bool tree_is_whiteout(int dir, const char *name, const struct stat *st);
bool tree_is_opaque(int dir, const char *name);

/* Room for as many descriptors as a deep walk or 500 layers take. */
void tree_raise_limit(void);
