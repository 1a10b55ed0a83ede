/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this folder share. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "runtime-glue/rootfs/rootfs.h"

/* ---- mount.c: the kernel's calls, traced; results are 0, fd or -errno ---- */

/* What is going to be mounted: a detached tree or, for kernels and options
 * that the new calls cannot do, what mount(2) takes. */
struct source {
	int tree;            /* or -1 */
	int file;            /* mount(2): of a bind mount, O_PATH; or -1 */
	const char *name;    /* for messages, and mount(2)'s first argument */
	const char *type;    /* mount(2) */
	unsigned long flags; /* mount(2) */
	char *data;          /* mount(2); owned */
	bool done;           /* attributes are set already */
};

#define auto_source AUTO(source_close)
#define SOURCE_NONE                                \
	{                                          \
		.tree = -1, .file = -1, .name = "" \
	}

void source_close(struct source *source);

/* A detached copy of what is mounted at @path (or @dir itself: ""). */
#define CLONE_TREE     1 /* with all that is mounted below */
#define CLONE_NOFOLLOW 2
int mount_clone(int dir, const char *path, int flags);

/* Attributes and propagation of a mount that we have a descriptor of. */
struct change {
	uint64_t set, clear; /* MOUNT_ATTR_* */
	bool recursive;
};

struct change change_of(const struct spec_mount *mount);
int mount_change(const struct rootfs *rootfs, int fd,
		 const struct change *change);
/* @flags: MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, and MS_REC. */
int mount_propagate(const struct rootfs *rootfs, int fd, unsigned long flags);

/*
 * Attach @source at @dest, which was opened as @path in the root. Returns a
 * descriptor of the new mount, which is the caller's; @source is used up.
 */
int mount_place(const struct rootfs *rootfs, struct source *source, int dest,
		const char *path);

/* mount(2) on the thing that @fd is, by way of our own procfs. */
int mount_old(const struct rootfs *rootfs, const struct source *source, int fd);

/* move_mount() of a tree to the directory or file @dest. */
int mount_attach(int tree, int dest, const char *path);

static inline bool is_bind(const struct spec_mount *mount)
{
	return mount->bind || strcmp(mount->type, "bind") == 0;
}

static inline bool is_type(const struct spec_mount *mount, const char *type)
{
	return !is_bind(mount) && strcmp(mount->type, type) == 0;
}

/* Read-only only at the end: other mounts and devices are made in it. */
bool mount_waits(const struct spec_mount *mount);

/* ---- dest.c ---- */

struct dest {
	int fd; /* O_PATH */
	bool made;
	char path[PATH_MAX]; /* as the container sees it */
};

#define auto_dest AUTO(dest_close)

void dest_close(struct dest *dest);

/*
 * Open the destination of @mount; a missing one is made, a directory or a file
 * like @like (st_mode). Refuses what lies under /proc and, for proc and sysfs,
 * what is not a plain directory.
 */
int dest_open(const struct rootfs *rootfs, const struct spec_mount *mount,
	      const struct source *source, mode_t like, struct dest *dest,
	      struct err *err) MUST_CHECK;

/* Where @fd is, seen from the root: "/proc/sys". -EXDEV: not in it. */
int dest_path(const struct rootfs *rootfs, int fd, char *buf,
	      size_t size) MUST_CHECK;

/* ---- what can be mounted: each fills @source, detached if possible ---- */

/* mount_bind.c */
int bind_open(const struct rootfs *rootfs, const struct spec_mount *mount,
	      struct source *source, struct err *err) MUST_CHECK;
/* Its path, from malloc(): relative ones are to the bundle. NULL: failed. */
char *bind_path(const struct rootfs *rootfs, const struct spec_mount *mount,
		struct err *err) MUST_CHECK;
/* copy-symlink: true (1) when the source was a symlink and has been made. */
int bind_symlink(const struct rootfs *rootfs, const struct spec_mount *mount,
		 struct err *err) MUST_CHECK;

/* mount_fs.c */
int fs_open(const struct rootfs *rootfs, const struct spec_mount *mount,
	    struct source *source, struct err *err) MUST_CHECK;
/* A new file system, from fsmount(). -E2BIG: only mount(2) takes such data. */
struct fs {
	const char *type, *source;
	const char *data;    /* "key=value,flag" */
	const char *label;   /* of SELinux, or NULL */
	unsigned long flags; /* MS_* of the file system itself */
	uint64_t attr;       /* MOUNT_ATTR_* */
};
int fs_new(const struct fs *fs, struct err *err) MUST_CHECK;
/* The same; what only mount(2) can do is left to it. */
int fs_source(const struct fs *fs, struct source *source,
	      struct err *err) MUST_CHECK;
/* In a sysfs that is the host's, its cgroups are made read-only. */
int fs_protect(const struct rootfs *rootfs, int sys);
/* @data has a "KEY=". */
bool fs_has_option(const char *data, const char *key);

/* mount_cgroup.c */
bool mount_cgroup_is_v1(const struct rootfs *rootfs,
			const struct spec_mount *mount);
int mount_cgroup_open(const struct rootfs *rootfs,
		      const struct spec_mount *mount, struct source *source,
		      struct err *err) MUST_CHECK;
/* Fill the tmpfs @dir, in the container @path, with the hierarchies of v1. */
int mount_cgroup_fill(const struct rootfs *rootfs,
		      const struct spec_mount *mount, int dir, const char *path,
		      struct err *err) MUST_CHECK;

/* ---- tmpcopyup.c ---- */

/* Copy what is in the directory @from, and its own mode, to @to. */
int copy_tree(int from, int to, struct err *err) MUST_CHECK;

/* ---- idmap.c ---- */

/* A user namespace with these mappings. Returns its descriptor. */
int idmap_userns(const struct spec_id_maps *uids,
		 const struct spec_id_maps *gids, struct err *err) MUST_CHECK;

/* ---- device.c ---- */

/* /dev: nodes and links; nothing where /dev is a bind mount. */
int device_setup(struct rootfs *rootfs, struct err *err) MUST_CHECK;

/* /dev, made if it is missing and opened one time. */
int device_dir(struct rootfs *rootfs, struct err *err) MUST_CHECK;

/* ---- mask.c ---- */

/* Before the pivot: keep what files are masked with. */
int mask_prepare(struct rootfs *rootfs, struct err *err) MUST_CHECK;
int mask_paths(struct rootfs *rootfs, struct err *err) MUST_CHECK;
int mask_write(const struct rootfs *rootfs, struct err *err) MUST_CHECK;

/* ---- pivot.c ---- */

/* Propagation of what the host has mounted, and the rootfs as a mount. */
int pivot_prepare(struct rootfs *rootfs, struct err *err) MUST_CHECK;
/* Without pivot_root(): take away the host's proc and sysfs. */
int pivot_strip(const struct rootfs *rootfs, struct err *err) MUST_CHECK;

/* ---- procfs.c ---- */

/* Fill rootfs->proc. */
int procfs_open(struct rootfs *rootfs, struct err *err) MUST_CHECK;
bool procfs_is(int fd, bool root);
