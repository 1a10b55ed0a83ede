/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mount is made detached and moved to a descriptor; from then on the tree's
 * descriptor is that of the attached mount. Kernels before 5.2 (before 5.12 for
 * attributes) have only mount(2), which takes paths: these are self/fd/N in a
 * procfs that no container can have touched.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/base/trace.h"
#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/rootfs/parts.h"

#define FD_PATH 32

void source_close(struct source *source)
{
	if (source->tree >= 0)
		(void)close(source->tree);
	if (source->file >= 0)
		(void)close(source->file);
	free(source->data);
	source->tree = source->file = -1;
	source->data = NULL;
}

int mount_clone(int dir, const char *path, int flags)
{
	unsigned int how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
	uint64_t start = trace_start();
	int fd;

	if (flags & CLONE_TREE)
		how |= AT_RECURSIVE;
	if (flags & CLONE_NOFOLLOW)
		how |= AT_SYMLINK_NOFOLLOW;
	fd = open_tree(dir, path, how);
	if (fd < 0)
		fd = -errno;
	trace_end(start, fd, "mount", "open_tree %d \"%s\"%s", dir, path,
		  flags & CLONE_TREE ? " recursive" : "");
	return fd;
}

int mount_attach(int tree, int dest, const char *path)
{
	uint64_t start = trace_start();
	int r;

	r = move_mount(tree, "", dest, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (r < 0)
		r = -errno;
	trace_end(start, r, "mount", "move_mount to \"%s\"", path);
	return r;
}

/*
 * Paths are short and never leave procfs, so the working directory is changed
 * for the call: mount(2) has no descriptor to start from.
 */
int mount_old(const struct rootfs *rootfs, const struct source *source, int fd)
{
	char to[FD_PATH], from[FD_PATH];
	uint64_t start = trace_start();
	const char *what = source->name;
	auto_fd int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	(void)text_format(to, sizeof(to), "self/fd/%d", fd);
	if (source->file >= 0) {
		(void)text_format(from, sizeof(from), "self/fd/%d",
				  source->file);
		what = from;
	}
	/* Not in the runtime, before the child. */
	if (rootfs->proc < 0)
		return -ENOSYS;
	if (fchdir(rootfs->proc) < 0)
		return -errno;
	r = mount(what, to, source->type, source->flags, source->data);
	if (r < 0)
		r = -errno;
	trace_end(start, r, "mount", "mount \"%s\" type %s flags 0x%lx",
		  source->name, source->type ? source->type : "-",
		  source->flags);
	if (cwd >= 0 && fchdir(cwd) < 0)
		return first_of(-errno, r);
	return r;
}

static const struct {
	unsigned long ms;
	uint64_t attr;
} attrs[] = {
	{ MS_RDONLY, MOUNT_ATTR_RDONLY },
	{ MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ MS_NODEV, MOUNT_ATTR_NODEV },
	{ MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	{ MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ MS_NOATIME, MOUNT_ATTR_NOATIME },
	{ MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
};

#define ATTRS (sizeof(attrs) / sizeof(attrs[0]))

static uint64_t attr_of(unsigned long flags)
{
	uint64_t attr = 0;

	for (size_t i = 0; i < ATTRS; i++)
		if (flags & attrs[i].ms)
			attr |= attrs[i].attr;
	return attr;
}

struct change change_of(const struct spec_mount *mount)
{
	struct change change = {
		.set = attr_of(mount->flags),
		.clear = attr_of(mount->cleared),
	};

	/* The three ways of atime are one value, replaced as a whole. */
	if (mount->flags & (MS_NOATIME | MS_RELATIME | MS_STRICTATIME) ||
	    change.clear & MOUNT_ATTR__ATIME)
		change.clear |= MOUNT_ATTR__ATIME;
	return change;
}

/* MS_* of the mount itself that statvfs(2) shows. */
static unsigned long flags_now(int fd)
{
	static const struct {
		unsigned long st, ms;
	} shown[] = {
		{ ST_RDONLY, MS_RDONLY },         { ST_NOSUID, MS_NOSUID },
		{ ST_NODEV, MS_NODEV },           { ST_NOEXEC, MS_NOEXEC },
		{ ST_NOATIME, MS_NOATIME },       { ST_RELATIME, MS_RELATIME },
		{ ST_NODIRATIME, MS_NODIRATIME },
	};
	unsigned long flags = 0;
	struct statvfs st;

	if (fstatvfs(fd, &st) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		if (st.f_flag & shown[i].st)
			flags |= shown[i].ms;
	return flags;
}

static int change_old(const struct rootfs *rootfs, int fd,
		      const struct change *change)
{
	struct source remount = SOURCE_NONE;
	unsigned long flags = flags_now(fd);

	if (change->recursive)
		return -ENOSYS;
	if (change->clear & MOUNT_ATTR__ATIME)
		flags &= ~((unsigned long)MS_NOATIME | MS_STRICTATIME |
			   MS_RELATIME);
	for (size_t i = 0; i < ATTRS; i++) {
		if (change->clear & attrs[i].attr)
			flags &= ~attrs[i].ms;
		if (change->set & attrs[i].attr)
			flags |= attrs[i].ms;
	}
	remount.flags = MS_REMOUNT | MS_BIND | flags;
	return mount_old(rootfs, &remount, fd);
}

static int set_attr(int fd, struct mount_attr *attr, bool recursive)
{
	unsigned int how = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);

	return mount_setattr(fd, "", how, attr, sizeof(*attr)) < 0 ? -errno : 0;
}

int mount_change(const struct rootfs *rootfs, int fd,
		 const struct change *change)
{
	struct mount_attr attr = {
		.attr_set = change->set,
		.attr_clr = change->clear,
	};
	uint64_t start = trace_start();
	int r;

	if (!change->set && !change->clear)
		return 0;
	if ((attr.attr_set | attr.attr_clr) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	r = set_attr(fd, &attr, change->recursive);
	/* In a user namespace the host's way of atime cannot be changed. */
	if (r == -EPERM && rootfs->userns &&
	    attr.attr_clr & MOUNT_ATTR__ATIME) {
		attr.attr_clr &= ~(uint64_t)MOUNT_ATTR__ATIME;
		attr.attr_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
		r = set_attr(fd, &attr, change->recursive);
	}
	if (r == -ENOSYS)
		r = change_old(rootfs, fd, change);
	trace_end(start, r, "mount", "mount_setattr set 0x%llx clear 0x%llx%s",
		  (unsigned long long)attr.attr_set,
		  (unsigned long long)attr.attr_clr,
		  change->recursive ? " recursive" : "");
	return r;
}

static int propagate_one(const struct rootfs *rootfs, int fd, unsigned long how,
			 bool recursive)
{
	struct mount_attr attr = { .propagation = how };
	struct source old = SOURCE_NONE;
	uint64_t start = trace_start();
	int r = set_attr(fd, &attr, recursive);

	if (r == -ENOSYS) {
		old.flags = how | (recursive ? MS_REC : 0);
		r = mount_old(rootfs, &old, fd);
	}
	trace_end(start, r, "mount", "propagation 0x%lx%s", how,
		  recursive ? " recursive" : "");
	return r;
}

int mount_propagate(const struct rootfs *rootfs, int fd, unsigned long flags)
{
	/* A mount can be slave and shared: in this order. */
	static const unsigned long kinds[] = { MS_PRIVATE, MS_UNBINDABLE,
					       MS_SLAVE, MS_SHARED };
	int r = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && r == 0; i++)
		if (flags & kinds[i])
			r = propagate_one(rootfs, fd, kinds[i], flags & MS_REC);
	return r;
}

/* mount(2) returns nothing to hold on to: look the place up again. */
static int place_old(const struct rootfs *rootfs, const struct source *source,
		     int dest, const char *path)
{
	struct statx before, after;
	int r = mount_old(rootfs, source, dest);
	auto_fd int fd = -1;

	if (r < 0)
		return r;
	fd = inroot_open(rootfs->root, path, O_PATH, 0);
	if (fd < 0)
		return fd;
	if (statx(dest, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &before) < 0 ||
	    statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &after) < 0)
		return -errno;
	/* Since 5.8 the kernel can say that it is where a mount begins. */
	if (after.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT
		    ? !(after.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		    : source->type &&
			      before.stx_dev_minor == after.stx_dev_minor &&
			      before.stx_dev_major == after.stx_dev_major)
		return -ESTALE;
	return take_fd(&fd);
}

int mount_place(const struct rootfs *rootfs, struct source *source, int dest,
		const char *path)
{
	int r;

	if (source->tree < 0)
		return place_old(rootfs, source, dest, path);
	r = mount_attach(source->tree, dest, path);
	return r < 0 ? r : take_fd(&source->tree);
}
