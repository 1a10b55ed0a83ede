/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/rootfs/rootfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/rootfs/parts.h"

bool mount_waits(const struct spec_mount *mount)
{
	const char *at = mount->destination + strspn(mount->destination, "/");
	bool dev = strncmp(at, "dev", 3) == 0 &&
		   at[3 + strspn(at + 3, "/")] == '\0';

	return mount->flags & MS_RDONLY && (dev || is_type(mount, "tmpfs"));
}

static int open_source(const struct rootfs *rootfs,
		       const struct spec_mount *mount, struct source *source,
		       struct err *err)
{
	if (is_bind(mount))
		return bind_open(rootfs, mount, source, err);
	if (is_type(mount, "cgroup") || is_type(mount, "cgroup2"))
		return mount_cgroup_open(rootfs, mount, source, err);
	return fs_open(rootfs, mount, source, err);
}

static int source_mode(const struct source *source, mode_t *mode,
		       struct err *err)
{
	int fd = source->tree >= 0 ? source->tree : source->file;
	struct stat st;

	*mode = S_IFDIR;
	if (fd < 0)
		return 0;
	if (io_fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", source->name);
	*mode = st.st_mode;
	return 0;
}

/* A tmpfs on a directory of the image looks like that, unless told a mode. */
static int keep_mode(int dir, int tmpfs, struct err *err)
{
	auto_fd int fd = openat(tmpfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || io_fstat(dir, &st) < 0 ||
	    fchmod(fd, st.st_mode & 07777U) < 0)
		return err_sys(err, errno, "set the mode of tmpfs");
	return 0;
}

static int fill(const struct rootfs *rootfs, const struct spec_mount *mount,
		const struct dest *dest, int fd, struct err *err)
{
	int r;

	if (mount_cgroup_is_v1(rootfs, mount))
		return mount_cgroup_fill(rootfs, mount, fd, dest->path, err);
	if (is_type(mount, "sysfs")) {
		r = fs_protect(rootfs, fd);
		return r < 0 ? err_sys(err, -r, "protect the host's cgroups")
			     : 0;
	}
	if (!is_type(mount, "tmpfs"))
		return 0;
	if (mount->tmpcopyup)
		return copy_tree(dest->fd, fd, err);
	if (!dest->made && !fs_has_option(mount->data, "mode"))
		return keep_mode(dest->fd, fd, err);
	return 0;
}

static int set_options(const struct rootfs *rootfs,
		       const struct spec_mount *mount, int fd, bool done,
		       struct err *err)
{
	struct change change = change_of(mount);
	struct change tree = {
		.set = mount->attr_set,
		.clear = mount->attr_clear,
		.recursive = true,
	};
	int r = 0;

	if (mount_waits(mount))
		change.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	if (!done)
		r = mount_change(rootfs, fd, &change);
	r = r ?: mount_change(rootfs, fd, &tree);
	if (r < 0)
		return err_sys(err, -r, "set the options of \"%s\"",
			       mount->destination);
	r = mount_propagate(rootfs, fd, mount->propagation);
	return r < 0 ? err_sys(err, -r, "set the propagation of \"%s\"",
			       mount->destination)
		     : 0;
}

/* What everybody will look at: no mount or symlink may be in the way. */
static int verify_proc(const struct rootfs *rootfs,
		       const struct spec_mount *mount, struct err *err)
{
	auto_fd int fd = -1;

	if (!is_type(mount, "proc"))
		return 0;
	fd = inroot_open(rootfs->root, mount->destination, O_PATH | O_NOFOLLOW,
			 0);
	if (fd < 0 || !procfs_is(fd, true))
		return err_sys(err, fd < 0 ? -fd : ESTALE,
			       "\"%s\" did not become a proc file system",
			       mount->destination);
	return 0;
}

static int mount_new(struct rootfs *rootfs, const struct spec_mount *mount,
		     int *kept, struct err *err)
{
	auto_source struct source source = SOURCE_NONE;
	auto_dest struct dest dest = { .fd = -1 };
	auto_fd int fd = -1;
	mode_t mode;
	int r;

	r = open_source(rootfs, mount, &source, err);
	r = r ?: source_mode(&source, &mode, err);
	r = r ?: dest_open(rootfs, mount, &source, mode, &dest, err);
	if (r < 0)
		return r;
	fd = mount_place(rootfs, &source, dest.fd, dest.path);
	if (fd < 0)
		return err_sys(err, -fd, "mount \"%s\" on \"%s\"", source.name,
			       mount->destination);
	r = fill(rootfs, mount, &dest, fd, err);
	r = r ?: set_options(rootfs, mount, fd, source.done, err);
	r = r ?: verify_proc(rootfs, mount, err);
	if (r < 0)
		return r;
	/* Over the root itself: the rest goes there. */
	if (strcmp(dest.path, "/") == 0) {
		auto_fd_release(&rootfs->root);
		rootfs->root = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (rootfs->root < 0)
			return err_sys(err, errno, "keep the new root");
	}
	if (mount_waits(mount))
		*kept = take_fd(&fd);
	return 0;
}

static int mount_again(const struct rootfs *rootfs,
		       const struct spec_mount *mount, struct err *err)
{
	auto_source struct source source = SOURCE_NONE;
	auto_fd int fd =
		inroot_open(rootfs->root, mount->destination, O_PATH, 0);
	int r;

	if (fd < 0)
		return err_sys(err, -fd, "remount \"%s\"", mount->destination);
	if (is_bind(mount))
		return set_options(rootfs, mount, fd, false, err);
	source.name = mount->source ? mount->source : "";
	source.type = mount->type;
	source.flags = mount->flags;
	source.data = strdup(mount->data ? mount->data : "");
	r = source.data ? mount_old(rootfs, &source, fd) : -ENOMEM;
	return r < 0 ? err_sys(err, -r, "remount \"%s\"", mount->destination)
		     : 0;
}

static int mount_one(struct rootfs *rootfs, size_t index, struct err *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	int r = 0;

	if (mount->copy_symlink && is_bind(mount))
		r = bind_symlink(rootfs, mount, err);
	if (r == 0)
		r = mount->flags & MS_REMOUNT
			    ? mount_again(rootfs, mount, err)
			    : mount_new(rootfs, mount, &rootfs->trees[index],
					err);
	return r < 0 ? err_in(err, "mounts[%zu], at %s", index,
			      mount->destination)
		     : 0;
}

static int open_plain(struct rootfs *rootfs, struct err *err)
{
	rootfs->root = open(rootfs->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rootfs->root < 0)
		return err_sys(err, errno, "open rootfs \"%s\"", rootfs->path);
	return 0;
}

int rootfs_mount(struct rootfs *rootfs, struct err *err)
{
	/* Modes are meant as they are written. */
	mode_t mask = umask(0);
	int r;

	r = procfs_open(rootfs, err);
	if (rootfs->mountns) {
		r = r ?: pivot_prepare(rootfs, err);
		r = r ?: mask_prepare(rootfs, err);
	} else {
		r = r ?: open_plain(rootfs, err);
	}
	for (size_t i = 0; i < rootfs->spec->mount_count && r == 0; i++)
		r = mount_one(rootfs, i, err);
	r = r ?: device_setup(rootfs, err);
	(void)umask(mask);
	return r;
}

int rootfs_seal(struct rootfs *rootfs, struct err *err)
{
	static const struct change readonly = { .set = MOUNT_ATTR_RDONLY };
	const struct spec *spec = rootfs->spec;
	int r = 0;

	if (!rootfs->mountns)
		return 0;
	for (size_t i = 0; i < spec->mount_count && r == 0; i++)
		if (rootfs->trees[i] >= 0)
			r = mount_change(rootfs, rootfs->trees[i], &readonly);
	if (r < 0)
		return err_sys(err, -r, "make mounts read-only");
	r = mask_paths(rootfs, err);
	r = r ?: mask_write(rootfs, err);
	if (r < 0)
		return r;
	r = mount_propagate(rootfs, rootfs->root,
			    spec->linux_.rootfs_propagation);
	if (r < 0)
		return err_sys(err, -r, "linux.rootfsPropagation");
	if (spec->root_readonly)
		r = mount_change(rootfs, rootfs->root, &readonly);
	return r < 0 ? err_sys(err, -r, "root.readonly") : 0;
}

void rootfs_close(struct rootfs *rootfs)
{
	if (!rootfs->prepared)
		return;
	for (size_t i = 0; rootfs->trees && i < rootfs->spec->mount_count; i++)
		auto_fd_release(&rootfs->trees[i]);
	free(rootfs->trees);
	free(rootfs->path);
	auto_fd_release(&rootfs->root);
	auto_fd_release(&rootfs->proc);
	auto_fd_release(&rootfs->dev);
	auto_fd_release(&rootfs->null);
	rootfs->prepared = false;
}
