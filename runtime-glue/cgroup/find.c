/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which hierarchies there are, and where in them a group is. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define PROC_MAX (4U << 20) /* of mountinfo: hosts with 10000 mounts exist */

/* One line of mountinfo, as far as it matters. */
struct mount_line {
	char *root, *point, *type, *options;
};

#define MOUNT_LINES 64

struct finder {
	size_t mount_count;
	struct mount_line mounts[MOUNT_LINES];
	const char *path; /* the group's, or NULL */
	const char *id;
	struct cgroup *out;
};

static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' &&
		    text[2] >= '0' && text[2] <= '7' && text[3] >= '0' &&
		    text[3] <= '7') {
			*to++ = (char)((text[1] - '0') << 6 |
				       (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* "31 23 0:28 / /sys/fs/cgroup rw shared:9 - tmpfs tmpfs rw" (proc(5)) */
static bool split_mount(char *line, struct mount_line *out)
{
	char *tail = strstr(line, " - "), *word, *save = NULL;
	unsigned int at = 0;

	if (!tail)
		return false;
	*tail = '\0';
	for (word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save), at++) {
		if (at == 3)
			out->root = word;
		if (at == 4)
			out->point = word;
	}
	out->type = strtok_r(tail + 3, " ", &save);
	word = out->type ? strtok_r(NULL, " ", &save) : NULL;
	out->options = word ? strtok_r(NULL, " ", &save) : NULL;
	return at > 4 && out->options;
}

/* All of a comma-separated list are options of the mount. */
static bool has_all(const char *options, const char *controllers)
{
	while (*controllers) {
		const char *end = strchrnul(controllers, ',');

		if (!word_in(options, controllers, (size_t)(end - controllers),
			     ','))
			return false;
		controllers = *end ? end + 1 : end;
	}
	return true;
}

/* The mount is not hidden below another one. */
static bool is_visible(const char *point, bool v2)
{
	struct statfs fs;

	if (statfs(point, &fs) < 0)
		return false;
	return fs.f_type ==
	       (v2 ? (long)CGROUP2_SUPER_MAGIC : (long)CGROUP_SUPER_MAGIC);
}

static int collect_mount(char *line, void *ctx)
{
	struct finder *finder = ctx;
	struct mount_line mount = { 0 };

	if (!strstr(line, " - cgroup") || !split_mount(line, &mount))
		return 0;
	unescape(mount.root);
	unescape(mount.point);
	finder->mounts[finder->mount_count++] = mount;
	return finder->mount_count == MOUNT_LINES;
}

/* The first visible mount of the hierarchy with @controllers ("": v2). */
static const struct mount_line *find_mount(const struct finder *finder,
					   const char *controllers)
{
	bool v2 = !*controllers;

	for (size_t i = 0; i < finder->mount_count; i++) {
		const struct mount_line *mount = &finder->mounts[i];

		if (!strcmp(mount->type, v2 ? "cgroup2" : "cgroup") &&
		    has_all(mount->options, controllers) &&
		    is_visible(mount->point, v2))
			return mount;
	}
	return NULL;
}

/*
 * Our own group, from the mount: what is mounted may be a part of the
 * hierarchy. Out of its sight we take the mount's root for our own.
 */
static const char *below_mount(const char *root, const char *own)
{
	size_t len = strlen(root);

	if (strcmp(root, "/") == 0)
		return strncmp(own, "/..", 3) == 0 ? "/" : own;
	if (strncmp(own, root, len) == 0 && (!own[len] || own[len] == '/'))
		return own[len] ? own + len : "/";
	return "/";
}

/* Copy a path, without "." and doubled slashes; where it ends. */
static char *add_path(char *to, const char *at)
{
	while (*at) {
		size_t len = strcspn(at, "/");

		if (len > 0 && !(len == 1 && *at == '.')) {
			*to++ = '/';
			memcpy(to, at, len);
			to += len;
		}
		at += len;
		at += *at == '/';
	}
	*to = '\0';
	return to;
}

/* Join two paths. NULL: no memory. */
static char *join_path(struct arena *arena, const char *base, const char *path)
{
	size_t size = strlen(base) + strlen(path) + 3;
	char *out = arena_alloc(arena, size);

	if (out)
		(void)add_path(add_path(out, base), path);
	return out;
}

/*
 * What relative paths are relative to. On v2 that is the parent of our own
 * group, as runc has it: ours has a process in it (us), so that it can turn no
 * controller on for groups below.
 */
static char *own_base(struct arena *arena, const char *own, bool v2)
{
	char *base = join_path(arena, own, "");

	if (base && v2 && *base)
		*strrchr(base, '/') = '\0';
	return base;
}

static int add_tree(struct finder *finder, const char *controllers,
		    const struct mount_line *mount, const char *own,
		    struct err *err)
{
	struct cgroup *out = finder->out;
	struct cgroup_tree *tree = &out->tree[out->count];
	const char *base = "", *path = finder->path;

	if (out->count == CGROUP_MAX)
		return err_set(err, CNI_E_IO,
			       "more than %d cgroup hierarchies are mounted",
			       CGROUP_MAX);
	*tree = (struct cgroup_tree){ .dir = -1, .v2 = !*controllers };
	if (!path || !*path) {
		path = finder->id;
		if (faccessat(AT_FDCWD, mount->point, W_OK, AT_EACCESS) < 0)
			base = own_base(&out->arena, own, tree->v2);
	} else if (*path != '/') {
		base = own_base(&out->arena, own, tree->v2);
	}
	tree->controllers = arena_strdup(&out->arena, controllers);
	tree->mount = arena_strdup(&out->arena, mount->point);
	tree->path = base ? join_path(&out->arena, base, path) : NULL;
	if (!tree->controllers || !tree->mount || !tree->path)
		return err_nomem(err);
	out->count++;
	return 0;
}

static void set_mode(struct cgroup *cgroup)
{
	size_t v2 = 0;

	for (size_t i = 0; i < cgroup->count; i++)
		v2 += cgroup->tree[i].v2;
	if (cgroup->count == 0)
		cgroup->mode = CGROUP_NONE;
	else if (v2 == 0)
		cgroup->mode = CGROUP_V1;
	else
		cgroup->mode = v2 == cgroup->count ? CGROUP_V2 : CGROUP_HYBRID;
}

struct own_line {
	struct finder *finder;
	struct err *err;
};

/* A line of /proc/self/cgroup: "4:memory:/a/b", "0::/" */
static int find_line(char *line, void *ctx)
{
	struct own_line *at = ctx;
	const struct mount_line *mount;
	char *controllers = strchr(line, ':');
	char *own = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!own)
		return 0;
	*own++ = '\0';
	controllers++;
	mount = find_mount(at->finder, controllers);
	if (!mount)
		return 0;
	return add_tree(at->finder, controllers, mount,
			below_mount(mount->root, own), at->err);
}

int cgroup_find_in(const struct cgroup_texts *texts, const char *path,
		   const char *id, struct cgroup *out, struct err *err)
{
	struct finder finder = { .path = path, .id = id, .out = out };
	struct own_line at = { .finder = &finder, .err = err };
	int r;

	(void)each_line(texts->mountinfo, collect_mount, &finder);
	r = each_line(texts->own, find_line, &at);
	set_mode(out);
	return r;
}

static bool is_systemd_form(const char *path)
{
	const char *colon = *path == '/' ? NULL : strchr(path, ':');

	colon = colon ? strchr(colon + 1, ':') : NULL;
	return colon && !strchr(colon + 1, ':') && !strchr(path, '/');
}

int cgroup_check_path(const char *path, struct err *err)
{
	bool empty = true;

	if (is_systemd_form(path))
		return err_set(err, CNI_E_CONFIG,
			       "linux.cgroupsPath: \"%s\" is of systemd's form "
			       "(slice:prefix:name), which only "
			       "--systemd-cgroup understands",
			       path);
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");

		if (len == 2 && at[0] == '.' && at[1] == '.')
			return err_set(err, CNI_E_CONFIG,
				       "linux.cgroupsPath: \"%s\" has \"..\"",
				       path);
		empty = empty && (len == 0 || (len == 1 && *at == '.'));
		at += len;
		at += *at == '/';
	}
	if (empty && *path)
		return err_set(
			err, CNI_E_CONFIG,
			"linux.cgroupsPath: \"%s\" names no group of the "
			"container's own",
			path);
	return 0;
}

static int read_proc(const char *path, struct strbuf *out, struct err *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : io_read_all(fd, PROC_MAX, out);

	return r < 0 ? err_sys(err, -r, "read %s", path) : 0;
}

int cgroup_find(const char *path, const char *id, struct cgroup *out,
		struct err *err)
{
	auto_strbuf struct strbuf mountinfo = { 0 }, own = { 0 };
	int r = cgroup_check_path(path ? path : "", err);

	*out = (struct cgroup){ .mode = CGROUP_NONE };
	r = r ?: read_proc("/proc/self/mountinfo", &mountinfo, err);
	r = r ?: read_proc("/proc/self/cgroup", &own, err);
	if (r < 0 || mountinfo.len == 0 || own.len == 0)
		return r;
	return cgroup_find_in(&(struct cgroup_texts){ mountinfo.data,
						      own.data },
			      path, id, out, err);
}
