/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"
#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/rootfs/parts.h"

char *bind_path(const struct rootfs *rootfs, const struct spec_mount *mount,
		struct err *err)
{
	const char *source = mount->source ? mount->source : "";
	char *path = NULL;

	if (!*source) {
		(void)err_sys(err, EINVAL, "bind without a source on \"%s\"",
			      mount->destination);
		return NULL;
	}
	if (*source == '/')
		path = strdup(source);
	else if (asprintf(&path, "%s/%s", rootfs->bundle, source) < 0)
		path = NULL;
	if (!path)
		(void)err_nomem(err);
	return path;
}

int bind_open(const struct rootfs *rootfs, const struct spec_mount *mount,
	      struct source *source, struct err *err)
{
	size_t index = (size_t)(mount - rootfs->spec->mounts);
	int flags = (mount->recursive ? CLONE_TREE : 0) |
		    (mount->src_nofollow ? CLONE_NOFOLLOW : 0);
	auto_free char *path = NULL;

	source->name = mount->source;
	source->tree = take_fd(&rootfs->trees[index]);
	if (source->tree >= 0)
		return 0;
	path = bind_path(rootfs, mount, err);
	if (!path)
		return -err->errnum;
	source->tree = mount_clone(AT_FDCWD, path, flags);
	if (source->tree == -ENOSYS) {
		source->flags = MS_BIND | (mount->recursive ? MS_REC : 0);
		source->file = open(
			path, O_PATH | O_CLOEXEC |
				      (mount->src_nofollow ? O_NOFOLLOW : 0));
		if (source->file >= 0)
			return 0;
		source->tree = -errno;
	}
	if (source->tree < 0)
		return err_sys(err, -source->tree, "bind source \"%s\"", path);
	return 0;
}

/* A link that is there already must be the same one. */
static int make_link(int dir, const char *name, const char *text)
{
	char there[PATH_MAX];
	ssize_t len;

	if (symlinkat(text, dir, name) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	len = readlinkat(dir, name, there, sizeof(there) - 1);
	if (len < 0)
		return -EEXIST;
	there[len] = '\0';
	return strcmp(there, text) == 0 ? 0 : -EEXIST;
}

int bind_symlink(const struct rootfs *rootfs, const struct spec_mount *mount,
		 struct err *err)
{
	auto_free char *path = NULL;
	uint64_t start = trace_start();
	auto_fd int dir = -1;
	char text[PATH_MAX];
	const char *name;
	ssize_t len;
	int r;

	path = bind_path(rootfs, mount, err);
	if (!path)
		return -err->errnum;
	len = readlink(path, text, sizeof(text) - 1);
	if (len < 0 && errno == EINVAL)
		return 0;
	if (len < 0)
		return err_sys(err, errno, "bind source \"%s\"", path);
	text[len] = '\0';
	dir = inroot_parent(rootfs->root, mount->destination, &name);
	r = dir < 0 ? dir : make_link(dir, name, text);
	trace_end(start, r, "file", "symlink \"%s\" to \"%s\"",
		  mount->destination, text);
	if (r < 0)
		return err_sys(err, -r, "make symlink \"%s\" to \"%s\"",
			       mount->destination, text);
	return 1;
}
