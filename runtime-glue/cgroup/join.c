/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting processes into groups, and handing a group to a user. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

/* A process that is just being born cannot be moved: EINVAL, for a moment. */
#define JOIN_TRIES    6
#define JOIN_PAUSE_NS 1000000U

static int join(const struct cgroup_tree *tree, pid_t pid, struct err *err)
{
	unsigned int pause_ns = JOIN_PAUSE_NS;
	char text[16];
	int r;

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	for (unsigned int i = 0;; i++) {
		r = group_put(tree, "cgroup.procs", text);
		if (r != -EINVAL || i == JOIN_TRIES ||
		    !cgroup_pause(&pause_ns, INT64_MAX))
			break;
	}
	if (r < 0)
		return err_sys(err, -r, "put process %d into cgroup %s%s",
			       (int)pid, tree->mount, tree->path);
	return 0;
}

int cgroup_join(const struct cgroup *cgroup, pid_t pid, bool skip_v2,
		struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cgroup->count; i++) {
		const struct cgroup_tree *tree = &cgroup->tree[i];

		if (tree->dir >= 0 && !(skip_v2 && tree->v2))
			r = join(tree, pid, err);
	}
	return r;
}

static int is_pid(char *line, void *ctx)
{
	return strcmp(line, ctx) == 0;
}

/* The group @path below @tree, if process @pid is in it; else -1. */
static int open_below(const struct cgroup_tree *tree, const char *path,
		      char *pid)
{
	auto_strbuf struct strbuf procs = { 0 };
	struct cgroup_tree below = *tree;
	auto_fd int dir = openat(tree->dir, path,
				 O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	below.dir = dir;
	if (dir < 0 || group_text(&below, "cgroup.procs", &procs) < 0 ||
	    procs.len == 0 || !each_line(procs.data, is_pid, pid))
		return -1;
	return take_fd(&dir);
}

/*
 * /proc/PID/cgroup is seen from our cgroup namespace, the group's path from the
 * mount. Whatever they have in common: the end of the former is the way from
 * the group down to where the process is.
 */
static int follow(struct cgroup_tree *tree, char *line, char *pid)
{
	char *end = line + strlen(line);

	for (char *at = end; at > line; at--) {
		int dir = *at == '/' && at[1] ? open_below(tree, at + 1, pid)
					      : -1;

		if (dir < 0)
			continue;
		(void)close(tree->dir);
		tree->dir = dir;
		return 0;
	}
	return -EBUSY;
}

static int find_v2(char *line, void *ctx)
{
	char **found = ctx;

	if (strncmp(line, "0::/", 4) == 0)
		*found = line + 3;
	return 0;
}

int cgroup_follow(struct cgroup *cgroup, pid_t init)
{
	const struct cgroup_tree proc = { .dir = AT_FDCWD };
	auto_strbuf struct strbuf text = { 0 };
	char path[32], *found = NULL;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)init);
	r = group_text(&proc, path, &text);
	if (r < 0)
		return r;
	if (text.len > 0)
		(void)each_line(text.data, find_v2, &found);
	(void)snprintf(path, sizeof(path), "%d", (int)init);
	for (size_t i = 0; found && i < cgroup->count; i++) {
		if (cgroup->tree[i].v2 && cgroup->tree[i].dir >= 0)
			return follow(&cgroup->tree[i], found, path);
	}
	return -EBUSY;
}

struct sub {
	const char *where, *path; /* path: within where, behind the colon */
	size_t controllers;       /* length of the part before it */
	bool used;
};

static int read_sub(const char *where, struct sub *out, struct err *err)
{
	const char *colon = strchr(where, ':');

	*out = (struct sub){ .where = where,
			     .path = colon ? colon + 1 : where };
	out->controllers = colon ? (size_t)(colon - where) : 0;
	out->path += strspn(out->path, "/");
	for (const char *at = out->path; *at;) {
		size_t len = strcspn(at, "/");

		if (len == 2 && at[0] == '.' && at[1] == '.')
			return err_set(err, CNI_E_CONFIG,
				       "cgroup \"%s\": has \"..\"", where);
		at += len;
		at += *at == '/';
	}
	if (strchr(out->path, ':') || (colon && out->controllers == 0))
		return err_set(err, CNI_E_CONFIG,
			       "cgroup \"%s\": must be [CONTROLLER:]PATH",
			       where);
	return 0;
}

/* One of the controllers that were named is this hierarchy's. */
static bool is_meant(const struct sub *sub, const struct cgroup_tree *tree)
{
	const char *end = sub->where + sub->controllers, *at = sub->where;

	if (sub->controllers == 0)
		return true;
	while (at < end) {
		size_t len = strcspn(at, ",:");

		if (word_in(tree->controllers, at, len, ','))
			return true;
		at += len + 1;
	}
	return false;
}

static int join_below(const struct cgroup_tree *tree, const struct sub *sub,
		      pid_t pid, struct err *err)
{
	const char *name = *sub->path ? sub->path : ".";
	auto_fd int dir = openat(tree->dir, name,
				 O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	auto_strbuf struct strbuf path = { 0 };
	struct cgroup_tree below = *tree;

	if (dir < 0)
		return err_sys(err, errno, "open cgroup %s%s/%s", tree->mount,
			       tree->path, sub->path);
	strbuf_printf(&path, "%s/%s", tree->path, sub->path);
	if (path.failed)
		return err_nomem(err);
	below.dir = dir;
	below.path = path.data;
	return join(&below, pid, err);
}

int cgroup_join_sub(const struct cgroup *cgroup, const char *where, pid_t pid,
		    struct err *err)
{
	struct sub sub;
	int r = read_sub(where, &sub, err);

	for (size_t i = 0; r == 0 && i < cgroup->count; i++) {
		const struct cgroup_tree *tree = &cgroup->tree[i];

		if (tree->dir < 0)
			continue;
		if (!is_meant(&sub, tree)) {
			r = join(tree, pid, err);
			continue;
		}
		r = join_below(tree, &sub, pid, err);
		sub.used = true;
	}
	if (r == 0 && !sub.used)
		return err_set(
			err, CNI_E_CONFIG,
			"cgroup \"%s\": no hierarchy has that controller",
			where);
	return r;
}

struct owner {
	const struct cgroup_tree *tree;
	uid_t uid;
	struct err *err;
};

static int chown_file(char *file, void *ctx)
{
	const struct owner *owner = ctx;
	uint64_t start = trace_start();
	int r = 0;

	if (fchownat(owner->tree->dir, file, owner->uid, (gid_t)-1,
		     *file ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH) < 0)
		r = -errno;
	trace_end(start, r, "cgroup", "chown %s%s/%s to %u", owner->tree->mount,
		  owner->tree->path, file, owner->uid);
	if (r == 0 || (r == -ENOENT && *file))
		return 0;
	return err_sys(owner->err, -r, "give %s%s/%s to user %u",
		       owner->tree->mount, owner->tree->path, file, owner->uid);
}

int cgroup_chown(const struct cgroup *cgroup, uid_t uid, struct err *err)
{
	struct owner owner = { .tree = cgroup_v2(cgroup), .uid = uid };
	char none[] = "", files[4096];
	int r;

	owner.err = err;
	if (!owner.tree)
		return 0;
	/* What may be delegated, the kernel says (cgroup-v2, "Delegation"). */
	r = io_read_small(AT_FDCWD, "/sys/kernel/cgroup/delegate", files,
			  sizeof(files));
	if (r < 0)
		(void)snprintf(files, sizeof(files),
			       "cgroup.procs\ncgroup.threads\n"
			       "cgroup.subtree_control\n");
	r = chown_file(none, &owner);
	return r ?: each_line(files, chown_file, &owner);
}
