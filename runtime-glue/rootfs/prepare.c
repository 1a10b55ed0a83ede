/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What needs the runtime's rights, before the child loses them. Trees that are
 * cloned here are still peers of the host's mounts: they are made slaves, or
 * what is mounted in the container would come out of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"
#include "runtime-glue/rootfs/parts.h"

static int find_path(struct rootfs *rootfs, struct err *err)
{
	const char *given = rootfs->spec->root_path;
	auto_free char *path = NULL;
	struct stat st;

	if (given[0] == '/')
		path = strdup(given);
	else if (asprintf(&path, "%s/%s", rootfs->bundle, given) < 0)
		path = NULL;
	if (!path)
		return err_nomem(err);
	rootfs->path = realpath(path, NULL);
	if (!rootfs->path || stat(rootfs->path, &st) < 0)
		return err_sys(err, errno, "root.path \"%s\"", path);
	if (!S_ISDIR(st.st_mode))
		return err_sys(err, ENOTDIR, "root.path \"%s\"", path);
	return 0;
}

/* Without a mount namespace of its own, the host would get the mounts. */
static int check_plain(const struct spec *spec, struct err *err)
{
	const struct spec_linux *os = &spec->linux_;
	const struct {
		bool there;
		const char *name;
	} members[] = {
		{ spec->mount_count > 0, "mounts" },
		{ spec->root_readonly, "root.readonly" },
		{ os->masked_paths.count > 0, "linux.maskedPaths" },
		{ os->readonly_paths.count > 0, "linux.readonlyPaths" },
		{ os->rootfs_propagation != 0, "linux.rootfsPropagation" },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (members[i].there)
			return err_sys(err, EINVAL,
				       "%s: only with a new mount namespace in "
				       "linux.namespaces",
				       members[i].name);
	return 0;
}

static bool wants_idmap(const struct spec_mount *mount)
{
	return mount->idmap != SPEC_IDMAP_NONE || mount->uids.count > 0 ||
	       mount->gids.count > 0;
}

/* The namespace is the caller's to close if it is in *@made, too. */
static int mapping_of(const struct rootfs *rootfs,
		      const struct spec_mount *mount, int userns_fd, int *made,
		      struct err *err)
{
	const struct spec_linux *os = &rootfs->spec->linux_;
	const struct spec_id_maps *uids = &mount->uids, *gids = &mount->gids;

	if (uids->count == 0 && gids->count == 0) {
		if (userns_fd >= 0)
			return userns_fd;
		uids = &os->uids;
		gids = &os->gids;
	}
	if (uids->count == 0 || gids->count == 0)
		return err_sys(err, EINVAL,
			       "idmapped mount without uidMappings and "
			       "gidMappings");
	*made = idmap_userns(uids, gids, err);
	return *made;
}

static int map_tree(const struct rootfs *rootfs, const struct spec_mount *mount,
		    int tree, int userns_fd, struct err *err)
{
	bool all = mount->idmap == SPEC_IDMAP_RECURSIVE;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	auto_fd int made = -1;
	uint64_t start;
	int fd, r;

	fd = mapping_of(rootfs, mount, userns_fd, &made, err);
	if (fd < 0)
		return fd;
	attr.userns_fd = (unsigned int)fd;
	start = trace_start();
	r = mount_setattr(tree, "", AT_EMPTY_PATH | (all ? AT_RECURSIVE : 0U),
			  &attr, sizeof(attr));
	if (r < 0)
		r = -errno;
	trace_end(start, r, "mount", "mount_setattr idmap \"%s\"%s",
		  mount->source, all ? " recursive" : "");
	if (r < 0)
		return err_sys(err, -r, "idmap the mount of \"%s\"",
			       mount->source);
	return 0;
}

/*
 * Where the runtime may not do this itself (rootless: no mount namespace of its
 * own) the child does, who can reach all that the user can.
 */
static bool left_to_child(int r)
{
	return r == -EPERM || r == -ENOSYS;
}

static int clone_tree(const struct rootfs *rootfs, const char *path, int flags,
		      struct err *err)
{
	auto_fd int tree = mount_clone(AT_FDCWD, path, flags);
	int r;

	if (tree < 0)
		return left_to_child(tree)
			       ? tree
			       : err_sys(err, -tree, "bind source \"%s\"",
					 path);
	r = mount_propagate(rootfs, tree, MS_SLAVE | MS_REC);
	if (r < 0)
		return r == -ENOSYS
			       ? r
			       : err_sys(err, -r, "make \"%s\" a slave mount",
					 path);
	return take_fd(&tree);
}

static int prepare_mount(struct rootfs *rootfs, size_t index, int userns_fd,
			 struct err *err)
{
	const struct spec_mount *mount = &rootfs->spec->mounts[index];
	int flags = (mount->recursive ? CLONE_TREE : 0) |
		    (mount->src_nofollow ? CLONE_NOFOLLOW : 0);
	bool mapped = wants_idmap(mount);
	auto_free char *path = NULL;
	auto_fd int tree = -1;
	int r;

	if (mapped && !is_bind(mount))
		return err_sys(err, EINVAL,
			       "\"%s\": only bind mounts can be idmapped",
			       mount->destination);
	if (!is_bind(mount) || mount->copy_symlink ||
	    mount->flags & MS_REMOUNT || (!mapped && !rootfs->userns))
		return 0;
	path = bind_path(rootfs, mount, err);
	if (!path)
		return -err->errnum;
	tree = clone_tree(rootfs, path, flags, err);
	if (left_to_child(tree))
		return mapped ? err_sys(err, -tree, "idmap the mount of \"%s\"",
					path)
			      : 0;
	r = tree < 0 ? tree : 0;
	if (r == 0 && mapped)
		r = map_tree(rootfs, mount, tree, userns_fd, err);
	if (r == 0)
		rootfs->trees[index] = take_fd(&tree);
	return r;
}

static int prepare_root(struct rootfs *rootfs, struct err *err)
{
	int fd;

	if (!rootfs->userns)
		return 0;
	fd = clone_tree(rootfs, rootfs->path, CLONE_TREE, err);
	if (fd < 0)
		return left_to_child(fd) ? 0 : fd;
	rootfs->root = fd;
	return 0;
}

int rootfs_prepare(struct rootfs *rootfs, int userns_fd, struct err *err)
{
	size_t count = rootfs->spec->mount_count;
	int r;

	rootfs->prepared = true;
	rootfs->path = NULL;
	rootfs->root = rootfs->proc = rootfs->dev = rootfs->null = -1;
	rootfs->trees = calloc(count + 1, sizeof(*rootfs->trees));
	if (!rootfs->trees)
		return err_nomem(err);
	/* One more for rootfs_prepare_last(). */
	for (size_t i = 0; i <= count; i++)
		rootfs->trees[i] = -1;
	r = find_path(rootfs, err);
	if (r < 0)
		return r;
	if (!rootfs->mountns)
		return check_plain(rootfs->spec, err);
	r = prepare_root(rootfs, err);
	for (size_t i = 0; i < count && r == 0; i++) {
		r = prepare_mount(rootfs, i, userns_fd, err);
		if (r < 0)
			r = err_in(err, "mounts[%zu], at %s", i,
				   rootfs->spec->mounts[i].destination);
	}
	return r;
}

int rootfs_prepare_last(struct rootfs *rootfs, struct err *err)
{
	size_t last = rootfs->spec->mount_count - 1;

	return prepare_mount(rootfs, last, -1, err) < 0
		       ? err_in(err, "mounts[%zu]", last)
		       : 0;
}
