/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runtime-glue cp: files between a container and the host, by docker's rules:
 *
 *	the source is a directory and ends in "/.": its contents
 *	the target is a directory: into it, under the source's name
 *	the target is not there: its parent must be, and it gets that name
 *
 * Paths of the container are resolved by the kernel within its root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/extract.h"
#include "runtime-glue/image/tarw.h"
#include "runtime-glue/layers/tree.h"
#include "runtime-glue/tool/box_root.h"

struct options {
	bool archive, follow;
};

static const struct cli_option cp_options[] = {
	{ "archive", 'a', CLI_FLAG, offsetof(struct options, archive), NULL,
	  "keep owners and groups" },
	{ "follow-link", 'L', CLI_FLAG, offsetof(struct options, follow), NULL,
	  "copy what a source that is a symlink points to" },
	{ .name = NULL },
};

/* One side. */
struct end {
	struct box_root root; /* root.fd -1: the host */
	const char *text;     /* as it was given */
	const char *path;
	bool in_box;
	char dir[PATH_MAX], name[NAME_MAX + 1]; /* the path, split */
};

static int open_at(const struct end *end, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.resolve = end->in_box ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
				       : 0,
	};
	long fd;

	/* One who moves directories about makes the kernel ask us again. */
	do
		fd = syscall(SYS_openat2, end->in_box ? end->root.fd : AT_FDCWD,
			     *path ? path : ".", &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	return fd < 0 ? -errno : (int)fd;
}

/* "CONTAINER:PATH", but "./a:b", "/a:b" and "-" are the host's. */
static const char *colon_of(const char *text)
{
	const char *colon = strchr(text, ':');

	if (text[0] == '/' || text[0] == '.' || !colon || colon == text)
		return NULL;
	return memchr(text, '/', (size_t)(colon - text)) ? NULL : colon;
}

static int open_end(const struct tool *tool, const char *text, struct end *end,
		    struct err *err)
{
	const char *colon = colon_of(text);
	auto_free char *reference = NULL;

	end->text = end->path = text;
	end->root = BOX_ROOT_NONE;
	if (!colon)
		return 0;
	end->in_box = true;
	end->path = colon + 1;
	reference = strndup(text, (size_t)(colon - text));
	if (!reference)
		return err_nomem(err);
	return box_root_open(tool, reference, true, &end->root, err);
}

/* Into directory and last name; "." for a path that has none. */
static int split(struct end *end, struct err *err)
{
	char path[PATH_MAX];
	size_t len = strlen(end->path);
	const char *name;
	char *slash;

	if (len >= sizeof(path))
		return err_sys(err, ENAMETOOLONG, "%s", end->text);
	memcpy(path, end->path, len + 1);
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	slash = strrchr(path, '/');
	name = slash ? slash + 1 : path;
	len = strlen(name);
	if (len > NAME_MAX)
		return err_sys(err, ENAMETOOLONG, "%s", end->text);
	memcpy(end->name, name, len + 1);
	if (slash)
		slash[slash == path] = '\0';
	(void)snprintf(end->dir, sizeof(end->dir), "%s", slash ? path : ".");
	if (!*end->name || strcmp(end->name, ".") == 0 ||
	    strcmp(end->name, "..") == 0) {
		(void)snprintf(end->dir, sizeof(end->dir), "%s", end->path);
		(void)snprintf(end->name, sizeof(end->name), ".");
	}
	return 0;
}

struct source {
	int dir; /* with @name in it */
	char name[NAME_MAX + 1];
	bool is_dir, contents;
};

/* With -L: the directory and the name that the symlink leads to. */
static int follow(const struct end *end, struct source *out, struct err *err)
{
	auto_fd int fd = open_at(end, end->path, O_PATH);
	char link[64], target[PATH_MAX];
	ssize_t len;
	char *slash;
	int parent;

	if (fd < 0)
		return err_sys(err, -fd, "open %s", end->text);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, target, sizeof(target) - 1);
	if (len <= 0 || target[0] != '/')
		return err_sys(err, EINVAL, "follow %s", end->text);
	target[len] = '\0';
	slash = strrchr(target, '/');
	if (strlen(slash + 1) > NAME_MAX || !slash[1])
		return err_sys(err, EINVAL, "follow %s", end->text);
	memcpy(out->name, slash + 1, strlen(slash + 1) + 1);
	slash[slash == target] = '\0';
	/* What the kernel calls it is relative to the root that was given:
	 * resolved in there again, it cannot lead out. */
	if (end->in_box) {
		char root[PATH_MAX];
		size_t n;

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d",
			       end->root.fd);
		len = readlink(link, root, sizeof(root) - 1);
		n = len > 1 ? (size_t)len : 0;
		if (n > 0 && strncmp(target, root, n) == 0)
			memmove(target, target + n, strlen(target + n) + 1);
	}
	parent = open_at(end, *target ? target : "/", O_RDONLY | O_DIRECTORY);
	if (parent < 0)
		return err_sys(err, -parent, "open %s", end->text);
	(void)close(out->dir);
	out->dir = parent;
	return 0;
}

static int open_source(struct end *end, bool follows, struct source *out,
		       struct err *err)
{
	size_t len = strlen(end->path);
	struct stat st;
	int r = split(end, err);

	if (r < 0)
		return r;
	out->contents = strcmp(end->name, ".") == 0 ||
			(len > 1 && strcmp(end->path + len - 2, "/.") == 0);
	out->dir = open_at(end, end->dir, O_RDONLY | O_DIRECTORY);
	if (out->dir < 0)
		return err_sys(err, -out->dir, "open %s", end->text);
	memcpy(out->name, end->name, sizeof(out->name));
	if (fstatat(out->dir, out->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "copy %s", end->text);
	/* "link/" is what it points to, as everywhere. */
	if (S_ISLNK(st.st_mode) && (follows || end->path[len - 1] == '/')) {
		r = follow(end, out, err);
		if (r == 0 &&
		    fstatat(out->dir, out->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = err_sys(err, errno, "copy %s", end->text);
	}
	out->is_dir = S_ISDIR(st.st_mode);
	return r;
}

static int copy_contents(const struct source *from, int to, enum tree_mode mode,
			 struct err *err)
{
	auto_fd int dir =
		openat(from->dir, from->name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return dir < 0 ? err_sys(err, errno, "open \"%s\"", from->name)
		       : tree_copy(dir, to, mode, err);
}

/* The target is no directory. */
static int copy_to_name(const struct source *from, struct end *to,
			enum tree_mode mode, struct err *err)
{
	struct tree_place source = { .name = from->name };
	struct tree_place target = { .name = to->name };
	auto_fd int dir = -1;
	int r = split(to, err);

	source.dir = from->dir;
	if (r < 0)
		return r;
	if (!from->is_dir && to->path[strlen(to->path) - 1] == '/')
		return err_sys(err, ENOTDIR, "copy to %s", to->text);
	dir = open_at(to, to->dir, O_RDONLY | O_DIRECTORY);
	if (dir < 0) {
		err_sys(err, -dir, "copy to %s", to->text);
		err_hint(err, "the directory it goes to must be there");
		return dir;
	}
	target.dir = dir;
	/* "DIR/." to a new name is a copy of DIR by that name. */
	return tree_copy_one(&source, &target, mode, err);
}

static int copy(const struct source *from, struct end *to, bool archive,
		struct err *err)
{
	enum tree_mode mode = archive ? TREE_PLAIN : TREE_OWN;
	auto_fd int dir =
		open_at(to, *to->path ? to->path : "/", O_RDONLY | O_DIRECTORY);
	const struct tree_place source = { from->dir, from->name };
	const struct tree_place target = { dir, from->name };

	if (dir == -ENOENT || dir == -ENOTDIR)
		return copy_to_name(from, to, mode, err);
	if (dir < 0)
		return err_sys(err, -dir, "open %s", to->text);
	return from->contents ? copy_contents(from, dir, mode, err)
			      : tree_copy_one(&source, &target, mode, err);
}

static int write_stdout(void *opaque, const void *bytes, size_t len,
			struct err *err)
{
	int r = io_write_all(STDOUT_FILENO, bytes, len);

	(void)opaque;
	return r < 0 ? err_sys(err, -r, "write the archive") : 0;
}

static int unpack(const struct end *to, bool archive, struct err *err)
{
	auto_fd int dir =
		open_at(to, *to->path ? to->path : "/", O_RDONLY | O_DIRECTORY);

	if (dir < 0) {
		(void)err_sys(err, -dir, "open %s", to->text);
		return err_hint(err, "an archive is unpacked into a directory "
				     "that is there");
	}
	return image_extract(STDIN_FILENO, dir, !archive, err);
}

static int run_ends(struct end *from, struct end *to,
		    const struct options *options, struct err *err)
{
	const struct tarw_sink out = { write_stdout, NULL };
	struct source source = { .dir = -1 };
	int r;

	if (from->in_box == to->in_box) {
		err_set(err, CNI_E_FIELD,
			"cp: one of SOURCE and TARGET is CONTAINER:PATH, the "
			"other a path of the host");
		return -EINVAL;
	}
	if (strcmp(from->text, "-") == 0)
		return unpack(to, options->archive, err);
	r = open_source(from, options->follow, &source, err);
	if (r == 0 && strcmp(to->text, "-") == 0)
		r = tarw_one(source.dir, source.name, source.name, &out, err);
	else
		r = r ?: copy(&source, to, options->archive, err);
	auto_fd_release(&source.dir);
	return r;
}

static int run(const struct tool *tool, const void *options, int argc,
	       char **argv, struct err *err)
{
	struct end *ends = calloc(2, sizeof(*ends));
	int r;

	(void)argc;
	if (!ends)
		return err_nomem(err);
	ends[0].root = ends[1].root = BOX_ROOT_NONE;
	r = *argv[0] && *argv[1]
		    ? 0
		    : err_set(err, CNI_E_FIELD, "cp: a path is empty");
	r = r ?: open_end(tool, argv[0], &ends[0], err);
	r = r ?: open_end(tool, argv[1], &ends[1], err);
	r = r ?: run_ends(&ends[0], &ends[1], options, err);
	box_root_close(&ends[1].root);
	box_root_close(&ends[0].root);
	free(ends);
	return r;
}

const struct tool_verb verb_cp = {
	.name = "cp",
	.arguments = "SOURCE TARGET",
	.help = "copy files; one of the two is CONTAINER:PATH, \"-\" is an "
		"archive on stdin or stdout",
	.section = "Storage",
	.options = cp_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
