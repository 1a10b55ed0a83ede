/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whiteouts as archives have them, to overlayfs' form: ".wh.NAME" is the
 * device 0:0 at NAME, ".wh..wh..opq" an attribute of its directory. They are
 * about the layers below: what the same layer has by that name stays, whichever
 * comes first.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "runtime-glue/image/unpack.h"

bool whiteout_is(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* @name NULL: @parent itself. */
int whiteout_opaque(int parent, const char *name, struct err *err)
{
	char path[NAME_MAX + 64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d%s%s", parent,
		       name ? "/" : "", name ?: "");
	if (setxattr(path, "trusted.overlay.opaque", "y", 1, 0) == 0)
		return 0;
	return err_sys(err, errno, "set trusted.overlay.opaque of a directory");
}

static int white_out(int parent, const char *name, const char *path,
		     struct err *err)
{
	struct stat st;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(err, CNI_E_DECODE,
			       "entry \"%.200s\": a whiteout of nothing", path);
	if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(err, errno, "entry \"%.200s\": make a whiteout",
			       path);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		return whiteout_opaque(parent, name, err);
	return 0;
}

int whiteout_write(struct target *target, const char *path, struct err *err)
{
	static const char prefix[] = ".wh.", special[] = ".wh..wh.";
	const char *name = strrchr(path, '/');
	int parent, r;

	name = name ? name + 1 : path;
	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	parent = place_parent(target, path, &name, err);
	if (parent < 0)
		return parent;
	if (strcmp(name, ".wh..wh..opq") == 0)
		r = whiteout_opaque(parent, NULL, err);
	else if (strncmp(name, special, sizeof(special) - 1) == 0)
		r = 0; /* aufs' own files, of no use to anybody */
	else
		r = white_out(parent, name + sizeof(prefix) - 1, path, err);
	return r ?: 1;
}
