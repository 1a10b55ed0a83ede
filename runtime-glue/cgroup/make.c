/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a group in every hierarchy, ready for limits and processes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define GROUP_MODE 0755

/* What making one group has come to, so that it can be taken back. */
struct making {
	struct cgroup_tree *tree;
	int mount;   /* of the hierarchy, O_PATH */
	size_t kept; /* the first so many bytes of tree->path were there */
	bool shared;
	unsigned int needs;   /* v2 controllers */
	bool all_controllers; /* v2: turn on what there is, for statistics */
};

/* From the length of "/a" in "/a/b/c" to that of "/a/b". */
static size_t next_prefix(const char *path, size_t len)
{
	return len + 1 + strcspn(path + len + 1, "/");
}

static int make_dir(struct making *making, size_t len)
{
	uint64_t start = trace_start();
	const char *path = making->tree->path;
	char name[PATH_MAX];
	int r;

	if (len >= sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, path + 1, len - 1);
	name[len - 1] = '\0';
	r = mkdirat(making->mount, name, GROUP_MODE) < 0 ? -errno : 0;
	trace_end(start, r, "cgroup", "mkdir %s/%s", making->tree->mount, name);
	return r;
}

/* Make the directories from the top. Most often all but the last exist. */
static int make_dirs(struct making *making)
{
	size_t all = strlen(making->tree->path), len = 0;
	int r = make_dir(making, all);

	making->kept = all;
	if (r == 0)
		making->kept = (size_t)(strrchr(making->tree->path, '/') -
					making->tree->path);
	if (r != -ENOENT)
		return r;
	do {
		size_t above = len;

		len = next_prefix(making->tree->path, len);
		r = make_dir(making, len);
		if (r == 0 && making->kept == all)
			making->kept = above;
	} while (len < all && (r == 0 || r == -EEXIST));
	return r;
}

static void unmake(struct making *making)
{
	char name[PATH_MAX];
	size_t len = strlen(making->tree->path);

	(void)snprintf(name, sizeof(name), "%s", making->tree->path);
	while (len > making->kept) {
		uint64_t start = trace_start();
		int r;

		r = unlinkat(making->mount, name + 1, AT_REMOVEDIR) < 0 ? -errno
									: 0;
		trace_end(start, r, "cgroup", "rmdir %s%s", making->tree->mount,
			  name);
		*strrchr(name, '/') = '\0';
		len = strlen(name);
	}
	if (making->tree->dir >= 0)
		(void)close(making->tree->dir);
	making->tree->dir = -1;
	making->tree->made = false;
}

/* A group on the way to ours. */
struct ancestor {
	struct cgroup_tree tree;
	char path[PATH_MAX];
};

static void ancestor_close(const struct ancestor *at)
{
	if (at->tree.dir >= 0)
		(void)close(at->tree.dir);
}

#define auto_ancestor AUTO(ancestor_close)

static int open_ancestor(const struct making *making, size_t len,
			 struct ancestor *out, struct err *err)
{
	const char *name = len > 0 ? out->path + 1 : ".";

	memcpy(out->path, making->tree->path, len);
	out->path[len] = '\0';
	out->tree = (struct cgroup_tree){ .mount = making->tree->mount,
					  .path = out->path };
	out->tree.dir = openat(making->mount, name,
			       O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (out->tree.dir < 0)
		return err_sys(err, errno, "open %s%s", out->tree.mount,
			       out->path);
	return 0;
}

static int turn_on_failed(const struct ancestor *at, int r, const char *name,
			  struct err *err)
{
	const struct cgroup_tree *tree = &at->tree;
	char text[64];

	if (r == -EBUSY &&
	    group_line(tree, "cgroup.procs", text, sizeof(text)) > 0)
		return err_sys(err, EBUSY,
			       "turn on controller \"%s\" below %s%s, which "
			       "has processes of its own (%s is one)",
			       name, tree->mount, tree->path, text);
	err_sys(err, -r, "turn on controller \"%s\" below %s%s", name,
		tree->mount, tree->path);
	if (r == -EOPNOTSUPP &&
	    group_line(tree, "cgroup.type", text, sizeof(text)) > 0)
		err_hint(err, "the type of that group is \"%s\"", text);
	return r;
}

/*
 * Turn on the controllers for the groups below one. One that is not there to
 * be turned on is left to cgroup_limit(), which knows what it is for.
 */
static int turn_on(const struct making *making, const struct ancestor *at,
		   struct err *err)
{
	char there[256], on[256], text[32];

	if (group_line(&at->tree, "cgroup.controllers", there, sizeof(there)) <
		    0 ||
	    group_line(&at->tree, "cgroup.subtree_control", on, sizeof(on)) < 0)
		return 0;
	for (unsigned int i = 0; i < LIMIT_COUNT; i++) {
		const char *name = limit_names[i];
		bool needed = making->needs & 1U << i;
		int r;

		if ((!needed && !making->all_controllers) ||
		    !word_in(there, name, strlen(name), ' ') ||
		    word_in(on, name, strlen(name), ' '))
			continue;
		(void)snprintf(text, sizeof(text), "+%s", name);
		r = group_put(&at->tree, "cgroup.subtree_control", text);
		if (r < 0 && needed)
			return turn_on_failed(at, r, name, err);
	}
	return 0;
}

static int turn_on_all(const struct making *making, struct err *err)
{
	size_t all = strlen(making->tree->path), len = 0;
	int r = 0;

	while (r == 0 && len < all) {
		auto_ancestor struct ancestor at = { .tree.dir = -1 };

		r = open_ancestor(making, len, &at, err);
		r = r ?: turn_on(making, &at, err);
		len = next_prefix(making->tree->path, len);
	}
	return r;
}

/* v1: in a cpuset without CPUs or memory nodes no process can be. */
static int inherit(const struct ancestor *above, const struct ancestor *at,
		   const char *file, struct err *err)
{
	char value[4096];
	int r = group_line(&at->tree, file, value, sizeof(value));

	if (r > 0)
		return 0;
	r = r < 0 ? r : group_line(&above->tree, file, value, sizeof(value));
	r = r < 0 ? r : group_put(&at->tree, file, value);
	if (r < 0)
		return err_sys(err, -r, "copy %s of the group above to %s%s",
			       file, at->tree.mount, at->path);
	return 0;
}

static int inherit_cpuset(const struct making *making, struct err *err)
{
	size_t all = strlen(making->tree->path), len = 0;
	int r = 0;

	while (r == 0 && len < all) {
		auto_ancestor struct ancestor above = { .tree.dir = -1 };
		auto_ancestor struct ancestor at = { .tree.dir = -1 };

		r = open_ancestor(making, len, &above, err);
		len = next_prefix(making->tree->path, len);
		r = r ?: open_ancestor(making, len, &at, err);
		r = r ?: inherit(&above, &at, "cpuset.cpus", err);
		r = r ?: inherit(&above, &at, "cpuset.mems", err);
	}
	return r;
}

/* A group that was there: not somebody else's, nor one to hang in. */
static int check_unused(const struct cgroup_tree *tree, struct err *err)
{
	char text[64];

	if (group_line(tree, "cgroup.procs", text, sizeof(text)) > 0)
		return err_sys(err, EBUSY,
			       "cgroup %s%s has processes already (%s is one)",
			       tree->mount, tree->path, text);
	if ((group_line(tree, "cgroup.freeze", text, sizeof(text)) > 0 &&
	     strcmp(text, "1") == 0) ||
	    (group_line(tree, "freezer.state", text, sizeof(text)) > 0 &&
	     strcmp(text, "THAWED") != 0))
		return err_sys(err, EBUSY, "cgroup %s%s is frozen", tree->mount,
			       tree->path);
	return 0;
}

static int open_made(struct making *making, struct err *err)
{
	struct cgroup_tree *tree = making->tree;

	tree->made = making->kept < strlen(tree->path);
	tree->dir = openat(making->mount, tree->path + 1,
			   O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (tree->dir < 0)
		return err_sys(err, errno, "open cgroup %s%s", tree->mount,
			       tree->path);
	return tree->made || making->shared ? 0 : check_unused(tree, err);
}

static int make_group(struct making *making, struct err *err)
{
	struct cgroup_tree *tree = making->tree;
	int r;

	making->kept = strlen(tree->path);
	making->mount = open(tree->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (making->mount < 0)
		return err_sys(err, errno, "open %s", tree->mount);
	r = make_dirs(making);
	if (r < 0 && r != -EEXIST)
		return err_sys(err, -r, "make cgroup %s%s", tree->mount,
			       tree->path);
	r = open_made(making, err);
	if (r == 0 && tree->v2)
		r = turn_on_all(making, err);
	else if (r == 0 && word_in(tree->controllers, "cpuset", 6, ','))
		r = inherit_cpuset(making, err);
	return r;
}

static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

/* A hierarchy that was left out is not the container's. */
static void drop_closed(struct cgroup *cgroup)
{
	size_t kept = 0;

	for (size_t i = 0; i < cgroup->count; i++) {
		if (cgroup->tree[i].dir >= 0)
			cgroup->tree[kept++] = cgroup->tree[i];
	}
	cgroup->count = kept;
	if (kept == 0)
		cgroup->mode = CGROUP_NONE;
}

int cgroup_make(struct cgroup *cgroup, const struct spec_resources *resources,
		bool shared, bool optional, struct err *err)
{
	struct making making[CGROUP_MAX];
	size_t count = 0;
	int r = 0;

	for (; r == 0 && count < cgroup->count; count++) {
		struct making *at = &making[count];

		*at = (struct making){ .tree = &cgroup->tree[count],
				       .mount = -1,
				       .shared = shared };
		at->needs = limit_needs(resources);
		at->all_controllers = cgroup->mode == CGROUP_V2;
		r = make_group(at, err);
		if (optional && is_refusal(r)) {
			/* Limits that need it will say that it is missing. */
			err_clear(err);
			unmake(at);
			r = 0;
		}
	}
	while (count > 0) {
		count--;
		if (r < 0)
			unmake(&making[count]);
		if (making[count].mount >= 0)
			(void)close(making[count].mount);
	}
	if (r == 0)
		drop_closed(cgroup);
	return r;
}
