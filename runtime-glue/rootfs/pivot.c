/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "runtime-glue/rootfs/parts.h"

#define MOUNTINFO_MAX (16U << 20)

static int propagate_path(const struct rootfs *rootfs, const char *path,
			  unsigned long flags)
{
	auto_fd int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : mount_propagate(rootfs, fd, flags);
}

/*
 * What the container mounts must not show up in the host, and pivot_root()
 * wants the rootfs's parent to be private: that is the mount the directory is
 * on, found by going up until the kernel knows a mount point.
 */
static int parent_private(const struct rootfs *rootfs)
{
	char path[PATH_MAX];
	char *slash;
	int r;

	(void)snprintf(path, sizeof(path), "%s", rootfs->path);
	while ((r = propagate_path(rootfs, path, MS_PRIVATE)) == -EINVAL) {
		slash = strrchr(path, '/');
		if (!slash || path[1] == '\0')
			return r;
		slash[slash == path] = '\0';
	}
	return r;
}

static unsigned long first_propagation(const struct spec *spec)
{
	unsigned long flags = spec->linux_.rootfs_propagation;

	/* Unbindable mounts could not be cloned; they become so at the end. */
	if (flags & MS_UNBINDABLE)
		return MS_PRIVATE | (flags & MS_REC);
	return flags ? flags : MS_SLAVE | MS_REC;
}

/* mount(2)'s way: the rootfs on itself, and looked up again. */
static int rootfs_old(struct rootfs *rootfs, struct err *err)
{
	uint64_t start = trace_start();
	int r = mount(rootfs->path, rootfs->path, NULL, MS_BIND | MS_REC, NULL);

	if (r < 0)
		r = -errno;
	trace_end(start, r, "mount", "bind \"%s\" on itself", rootfs->path);
	if (r < 0)
		return err_sys(err, -r, "bind rootfs \"%s\"", rootfs->path);
	rootfs->root = open(rootfs->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rootfs->root < 0)
		return err_sys(err, errno, "open rootfs \"%s\"", rootfs->path);
	return 0;
}

static int rootfs_attach(struct rootfs *rootfs, struct err *err)
{
	auto_fd int dest = open(rootfs->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (rootfs->root < 0)
		rootfs->root = mount_clone(AT_FDCWD, rootfs->path, CLONE_TREE);
	if (rootfs->root == -ENOSYS)
		return rootfs_old(rootfs, err);
	if (rootfs->root < 0)
		return err_sys(err, -rootfs->root, "clone rootfs \"%s\"",
			       rootfs->path);
	/* The runtime could reach it, the container's root cannot: then it
	 * goes on top of /, where hooks that want its path do not see it. */
	if (dest < 0 && errno == EACCES && rootfs->userns)
		dest = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dest < 0)
		return err_sys(err, errno, "open rootfs \"%s\"", rootfs->path);
	r = mount_attach(rootfs->root, dest, rootfs->path);
	return r < 0 ? err_sys(err, -r, "mount rootfs \"%s\"", rootfs->path)
		     : 0;
}

int pivot_prepare(struct rootfs *rootfs, struct err *err)
{
	int r = propagate_path(rootfs, "/", first_propagation(rootfs->spec));

	if (r < 0)
		return err_sys(err, -r, "set the propagation of /");
	r = parent_private(rootfs);
	/* Not to be reached in a user namespace, where all is slave anyway. */
	if (r == -EACCES && rootfs->userns)
		r = propagate_path(rootfs, "/", MS_PRIVATE);
	if (r < 0)
		return err_sys(err, -r,
			       "make the parent mount of \"%s\" private",
			       rootfs->path);
	return rootfs_attach(rootfs, err);
}

/* "\040" and its like, in place. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text; out++) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*out = (char)((text[1] - '0') * 64 +
				      (text[2] - '0') * 8 + (text[3] - '0'));
			text += 4;
		} else {
			*out = *text++;
		}
	}
	*out = '\0';
}

/*
 * One that cannot be taken away (locked, in a user namespace) is covered.
 */
static int strip_one(const char *path)
{
	if (umount2(path, MNT_DETACH) == 0 || errno == ENOENT)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return -errno;
	return mount("tmpfs", path, "tmpfs", 0, NULL) < 0 ? -errno : 0;
}

static int strip_line(const struct rootfs *rootfs, char *line, struct err *err)
{
	size_t len = strlen(rootfs->path);
	char *path, *type, *end;
	int field, r;

	path = line;
	for (field = 0; path && field < 4; field++)
		path = strchr(path + (field > 0), ' ');
	type = path ? strstr(path, " - ") : NULL;
	end = path ? strchr(path + 1, ' ') : NULL;
	if (!type || !end)
		return 0;
	*end = '\0';
	unescape(++path);
	type += 3;
	if (strncmp(type, "proc ", 5) != 0 && strncmp(type, "sysfs ", 6) != 0)
		return 0;
	if (strncmp(path, rootfs->path, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0'))
		return 0;
	r = strip_one(path);
	return r < 0 ? err_sys(err, -r, "unmount \"%s\"", path) : 0;
}

int pivot_strip(const struct rootfs *rootfs, struct err *err)
{
	auto_strbuf struct strbuf text = { 0 };
	auto_fd int fd = -1;
	char *line;
	int r;

	fd = openat(rootfs->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : io_read_all(fd, MOUNTINFO_MAX, &text);
	if (r < 0)
		return err_sys(err, -r, "read mountinfo");
	/* The last one first: what is on top of others. */
	while (r == 0 && text.len > 0) {
		text.data[--text.len] = '\0';
		line = strrchr(text.data, '\n');
		line = line ? line + 1 : text.data;
		text.len = (size_t)(line - text.data);
		r = strip_line(rootfs, line, err);
	}
	return r;
}

static int pivot(const struct rootfs *rootfs, struct err *err)
{
	auto_fd int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (old < 0 || fchdir(rootfs->root) < 0)
		return err_sys(err, errno, "enter rootfs \"%s\"", rootfs->path);
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		(void)err_sys(err, errno, "pivot_root to \"%s\"", rootfs->path);
		if (err->errnum == EINVAL)
			(void)err_hint(err, "from an initramfs only --no-pivot "
					    "works");
		return -err->errnum;
	}
	/* Its unmounting is nobody else's business. */
	r = mount_propagate(rootfs, old, MS_SLAVE | MS_REC);
	if (r < 0)
		return err_sys(err, -r, "make the old root a slave");
	if (fchdir(old) < 0 || umount2(".", MNT_DETACH) < 0)
		return err_sys(err, errno, "unmount the old root");
	return 0;
}

static int move(const struct rootfs *rootfs, struct err *err)
{
	int r = pivot_strip(rootfs, err);

	if (r < 0)
		return r;
	if (fchdir(rootfs->root) < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(err, errno, "move rootfs \"%s\" to /",
			       rootfs->path);
	return 0;
}

int rootfs_pivot(struct rootfs *rootfs, struct err *err)
{
	uint64_t start = trace_start();
	bool pivots = rootfs->mountns && !rootfs->no_pivot;
	int r = 0;

	if (pivots)
		r = pivot(rootfs, err);
	else if (rootfs->mountns)
		r = move(rootfs, err);
	if (r == 0 && !pivots && (fchdir(rootfs->root) < 0 || chroot(".") < 0))
		r = err_sys(err, errno, "chroot to \"%s\"", rootfs->path);
	if (r == 0 && chdir("/") < 0)
		r = err_sys(err, errno, "chdir to /");
	trace_end(start, r, "mount", "%s \"%s\"",
		  pivots ? "pivot_root" : "chroot", rootfs->path);
	return r;
}
