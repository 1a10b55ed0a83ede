/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /sys/fs/cgroup. v2: one file system, fresh in a cgroup namespace of the
 * container's own, else a bind of its group: never the host's whole tree. v1:
 * a tmpfs with a directory for each hierarchy, as init systems make it, and
 * links for the names of those that are mounted together.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/rootfs/parts.h"

static bool has_v1(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++)
		if (!cgroup->tree[i].v2)
			return true;
	return false;
}

bool mount_cgroup_is_v1(const struct rootfs *rootfs,
			const struct spec_mount *mount)
{
	return is_type(mount, "cgroup") && has_v1(rootfs->cgroup);
}

static int bind_group(const struct cgroup_tree *tree, struct source *source,
		      struct err *err)
{
	auto_free char *path = NULL;

	if (asprintf(&path, "%s%s", tree->mount, tree->path) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	source->tree = mount_clone(AT_FDCWD, path, 0);
	if (source->tree == -ENOSYS) {
		source->flags = MS_BIND;
		source->file = open(path, O_PATH | O_CLOEXEC);
		if (source->file >= 0)
			return 0;
		source->tree = -errno;
	}
	if (source->tree < 0)
		return err_sys(err, -source->tree, "bind cgroup \"%s\"", path);
	return 0;
}

static int open_v1(const struct rootfs *rootfs, const struct cgroup_tree *tree,
		   struct source *source, struct err *err)
{
	auto_free char *data = NULL;
	struct fs fs = { .type = "cgroup", .source = "cgroup" };
	bool named = strncmp(tree->controllers, "name=", 5) == 0;

	if (!rootfs->cgroupns)
		return bind_group(tree, source, err);
	if (asprintf(&data, "%s%s", named ? "none," : "", tree->controllers) <
	    0) {
		data = NULL;
		return err_nomem(err);
	}
	fs.data = data;
	return fs_source(&fs, source, err);
}

static int open_v2(const struct rootfs *rootfs, const struct cgroup_tree *tree,
		   struct source *source, struct err *err)
{
	static const struct fs fs = { .type = "cgroup2", .source = "cgroup" };
	int r = -ENOENT;

	if (!rootfs->cgroupns && !tree)
		return err_sys(err, ENOENT,
			       "cgroup: no group of the container's to show");
	if (rootfs->cgroupns)
		r = fs_source(&fs, source, err);
	/* Not ours to mount (no right, or in use otherwise): the group is. */
	if (r < 0 && tree) {
		err_clear(err);
		r = bind_group(tree, source, err);
	}
	return r;
}

static const struct cgroup_tree *find_v2(const struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++)
		if (cgroup->tree[i].v2 && cgroup->tree[i].dir >= 0)
			return &cgroup->tree[i];
	return NULL;
}

int mount_cgroup_open(const struct rootfs *rootfs,
		      const struct spec_mount *mount, struct source *source,
		      struct err *err)
{
	const char *label = rootfs->spec->linux_.mount_label;
	const struct fs tmpfs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.data = "mode=755",
		.label = label && *label ? label : NULL,
	};

	source->name = "cgroup";
	if (mount_cgroup_is_v1(rootfs, mount))
		return fs_source(&tmpfs, source, err);
	return open_v2(rootfs, find_v2(rootfs->cgroup), source, err);
}

static int add_links(int dir, const char *base, const char *controllers,
		     struct err *err)
{
	char name[64];
	size_t n;

	if (strchr(controllers, '='))
		return 0;
	for (const char *at = controllers; *at; at += n + (at[n] == ',')) {
		n = strcspn(at, ",");
		if (n >= sizeof(name))
			return err_sys(err, ENAMETOOLONG, "cgroup \"%s\"", at);
		memcpy(name, at, n);
		name[n] = '\0';
		if (strcmp(name, base) != 0 && symlinkat(base, dir, name) < 0 &&
		    errno != EEXIST)
			return err_sys(err, errno, "make cgroup link \"%s\"",
				       name);
	}
	return 0;
}

/* The directory @base in @dir, for one hierarchy. */
static int add_dir(int dir, const char *base, struct err *err)
{
	int fd;

	if (mkdirat(dir, base, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make cgroup directory \"%s\"",
			       base);
	fd = openat(dir, base, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open cgroup directory \"%s\"",
			       base);
	return fd;
}

static const char *base_of(const struct cgroup_tree *tree)
{
	const char *slash = strrchr(tree->mount, '/');

	return slash ? slash + 1 : tree->mount;
}

static int add_tree(const struct rootfs *rootfs, const struct cgroup_tree *tree,
		    int dir, const char *path, struct err *err)
{
	auto_source struct source source = SOURCE_NONE;
	const char *base = base_of(tree);
	auto_free char *full = NULL;
	auto_fd int at = -1;
	int r;

	if (asprintf(&full, "%s/%s", path, base) < 0) {
		full = NULL;
		return err_nomem(err);
	}
	at = add_dir(dir, base, err);
	if (at < 0)
		return at;
	source.name = "cgroup";
	r = tree->v2 ? open_v2(rootfs, tree, &source, err)
		     : open_v1(rootfs, tree, &source, err);
	if (r < 0)
		return r;
	r = mount_place(rootfs, &source, at, full);
	return r < 0 ? err_sys(err, -r, "mount cgroup \"%s\"", base) : r;
}

static int fill_one(const struct rootfs *rootfs, const struct spec_mount *mount,
		    const struct cgroup_tree *tree, int dir, const char *path,
		    struct err *err)
{
	struct change change = change_of(mount);
	auto_fd int fd = add_tree(rootfs, tree, dir, path, err);
	int r;

	if (fd < 0)
		return fd;
	r = mount_change(rootfs, fd, &change);
	if (r < 0)
		return err_sys(err, -r, "options of cgroup \"%s\"",
			       base_of(tree));
	return add_links(dir, base_of(tree), tree->controllers, err);
}

int mount_cgroup_fill(const struct rootfs *rootfs,
		      const struct spec_mount *mount, int dir, const char *path,
		      struct err *err)
{
	const struct cgroup *cgroup = rootfs->cgroup;
	int r = 0;

	for (size_t i = 0; i < cgroup->count && r == 0; i++)
		if (cgroup->tree[i].dir >= 0)
			r = fill_one(rootfs, mount, &cgroup->tree[i], dir, path,
				     err);
	return r;
}
