/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Masks are made of two mounts, the host's /dev/null and an empty tmpfs: the
 * first use attaches it, all others are clones of that (kernels before 6.15
 * clone no detached mount). Nothing of the container's goes into them.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/rootfs/parts.h"

#define NULL_MAJOR 1
#define NULL_MINOR 3

struct mask {
	int tree;
	bool used;
};

static bool is_null(int fd)
{
	struct stat st;

	return io_fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(NULL_MAJOR, NULL_MINOR);
}

int mask_prepare(struct rootfs *rootfs, struct err *err)
{
	if (rootfs->spec->linux_.masked_paths.count == 0)
		return 0;
	rootfs->null = mount_clone(AT_FDCWD, "/dev/null", CLONE_NOFOLLOW);
	if (rootfs->null == -ENOSYS)
		return 0;
	if (rootfs->null < 0)
		return err_sys(err, -rootfs->null, "open the host's /dev/null");
	if (!is_null(rootfs->null))
		return err_sys(err, ENODEV,
			       "the host's /dev/null is not the null device");
	return 0;
}

static int put_mask(struct mask *mask, int dest, const char *path)
{
	auto_fd int copy = -1;
	int r;

	if (mask->used) {
		copy = mount_clone(mask->tree, "", 0);
		return copy < 0 ? copy : mount_attach(copy, dest, path);
	}
	r = mount_attach(mask->tree, dest, path);
	mask->used = r == 0;
	return r;
}

/* Kernels without open_tree(): the container's /dev/null, if it is one. */
static int mask_file_old(const struct rootfs *rootfs, int dest)
{
	auto_source struct source source = SOURCE_NONE;

	source.file =
		inroot_open(rootfs->root, "/dev/null", O_PATH | O_NOFOLLOW, 0);
	if (source.file < 0)
		return source.file;
	if (!is_null(source.file))
		return -ENODEV;
	source.name = "/dev/null";
	source.flags = MS_BIND;
	return mount_old(rootfs, &source, dest);
}

static int mask_dir(const struct rootfs *rootfs, struct mask *mask, int dest,
		    const char *path, struct err *err)
{
	const char *label = rootfs->spec->linux_.mount_label;
	const struct fs fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.data = "mode=755,nr_inodes=1,nr_blocks=1",
		.label = label && *label ? label : NULL,
		.flags = MS_RDONLY,
		.attr = MOUNT_ATTR_RDONLY,
	};
	auto_source struct source source = SOURCE_NONE;
	int r = 0;

	if (mask->tree < 0) {
		r = fs_source(&fs, &source, err);
		mask->tree = take_fd(&source.tree);
	}
	if (r < 0)
		return r;
	r = mask->tree < 0 ? mount_old(rootfs, &source, dest)
			   : put_mask(mask, dest, path);
	return r < 0 ? err_sys(err, -r, "mount") : 0;
}

static int mask_file(const struct rootfs *rootfs, struct mask *mask, int dest,
		     const char *path, struct err *err)
{
	int r = mask->tree < 0 ? mask_file_old(rootfs, dest)
			       : put_mask(mask, dest, path);

	return r < 0 ? err_sys(err, -r, "bind /dev/null") : 0;
}

/* Returns -ENOENT, without an error, when there is nothing to hide. */
static int open_path(const struct rootfs *rootfs, const char *path,
		     struct stat *st, struct err *err)
{
	auto_fd int fd = inroot_open(rootfs->root, path, O_PATH, 0);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ENOENT;
	if (fd < 0)
		return err_sys(err, -fd, "open");
	if (io_fstat(fd, st) < 0)
		return err_sys(err, errno, "stat");
	return take_fd(&fd);
}

int mask_paths(struct rootfs *rootfs, struct err *err)
{
	const struct spec_strings *paths = &rootfs->spec->linux_.masked_paths;
	struct mask files = { .tree = rootfs->null };
	struct mask dirs = { .tree = -1 };
	int r = 0;

	for (size_t i = 0; i < paths->count && r == 0; i++) {
		const char *path = paths->at[i];
		struct stat st = { 0 };
		auto_fd int fd = open_path(rootfs, path, &st, err);

		if (fd == -ENOENT)
			continue;
		r = fd < 0 ? fd
		    : S_ISDIR(st.st_mode)
			    ? mask_dir(rootfs, &dirs, fd, path, err)
			    : mask_file(rootfs, &files, fd, path, err);
		if (r < 0)
			r = err_in(err, "linux.maskedPaths[%zu] \"%s\"", i,
				   path);
	}
	auto_fd_release(&dirs.tree);
	return r;
}

/* Bound on itself, so that the rest of the file system stays as it is. */
static int write_protect(const struct rootfs *rootfs, int fd, const char *path)
{
	static const struct change readonly = { .set = MOUNT_ATTR_RDONLY };
	auto_source struct source source = SOURCE_NONE;
	auto_fd int mounted = -1;

	source.name = path;
	source.tree = mount_clone(fd, "", CLONE_TREE);
	if (source.tree == -ENOSYS) {
		source.flags = MS_BIND | MS_REC;
		source.file = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	} else if (source.tree < 0) {
		return source.tree;
	}
	mounted = mount_place(rootfs, &source, fd, path);
	return mounted < 0 ? mounted : mount_change(rootfs, mounted, &readonly);
}

static int write_protect_path(const struct rootfs *rootfs, const char *path,
			      struct err *err)
{
	struct stat st;
	auto_fd int fd = open_path(rootfs, path, &st, err);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = write_protect(rootfs, fd, path);
	return r < 0 ? err_sys(err, -r, "make read-only") : 0;
}

int mask_write(const struct rootfs *rootfs, struct err *err)
{
	const struct spec_strings *paths = &rootfs->spec->linux_.readonly_paths;

	for (size_t i = 0; i < paths->count; i++)
		if (write_protect_path(rootfs, paths->at[i], err) < 0)
			return err_in(err, "linux.readonlyPaths[%zu] \"%s\"", i,
				      paths->at[i]);
	return 0;
}
