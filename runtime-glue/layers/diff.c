/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container changed. BOX/diff has it already; what is asked of the
 * layers is whether a name was there before. Of a directory there may be a part
 * in each layer, down to the first that is opaque: those are its `below`.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "runtime-glue/layers/parts.h"
#include "runtime-glue/layers/tree.h"

struct diff {
	const struct layers_listener *listener;
	struct strbuf path; /* of the entry at work: "/a/b" */
	unsigned int depth;
	struct err *err;
};

/* Paths of directories, uppermost layer first. */
struct below {
	char **at;
	size_t count;
};

static void below_free(struct below *below)
{
	for (size_t i = 0; i < below->count; i++)
		free(below->at[i]);
	free(below->at);
}

#define auto_below AUTO(below_free)

struct names {
	char **at;
	size_t count;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->at[i]);
	free(names->at);
}

#define auto_names AUTO(names_free)

static int names_add(struct names *names, const char *name, struct err *err)
{
	char **more = realloc(names->at, (names->count + 1) * sizeof(*more));

	if (!more)
		return err_nomem(err);
	names->at = more;
	more[names->count] = strdup(name);
	if (!more[names->count])
		return err_nomem(err);
	names->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(int fd, struct names *out, struct err *err)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = err_sys(err, errno, "read a directory");
		auto_fd_release(&copy);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			r = names_add(out, entry->d_name, err);
	(void)closedir(dir);
	if (out->count > 0)
		qsort(out->at, out->count, sizeof(*out->at), compare);
	return r;
}

static int tell(const struct diff *diff, char kind)
{
	return diff->listener->tell(diff->listener->opaque, kind,
				    strbuf_str(&diff->path), diff->err);
}

static int below_add(struct below *below, char **path, struct err *err)
{
	char **more = realloc(below->at, (below->count + 1) * sizeof(*more));

	if (!more)
		return err_nomem(err);
	below->at = more;
	more[below->count++] = take_ptr(*path);
	return 0;
}

/* 1: one layer less to ask; 0: nobody further down counts. */
static int look_in_layer(const char *dir, const char *name, bool *found,
			 struct below *out, struct err *err)
{
	auto_fd int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_free char *path = NULL;
	struct stat st;
	bool opaque;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open layer %s", dir);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 1
				       : err_sys(err, errno, "look at %s in %s",
						 name, dir);
	if (tree_is_whiteout(fd, name, &st))
		return 0;
	/* A file below a directory of a higher layer is hidden by it. */
	if (!S_ISDIR(st.st_mode)) {
		*found = true;
		return 0;
	}
	*found = true;
	opaque = tree_is_opaque(fd, name);
	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	r = below_add(out, &path, err);
	return r < 0 ? r : !opaque;
}

/* Was @name there, and if it was a directory, of which parts? */
static int find_below(const struct below *below, const char *name, bool *found,
		      struct below *out, struct err *err)
{
	int r = 1;

	*found = false;
	for (size_t i = 0; r == 1 && i < below->count; i++)
		r = look_in_layer(below->at[i], name, found, out, err);
	return r < 0 ? r : 0;
}

static void set_path(struct diff *diff, size_t len, const char *name)
{
	diff->path.len = len;
	strbuf_putc(&diff->path, '/');
	strbuf_puts(&diff->path, name);
}

/* In an opaque directory, whatever was there and is not any more. */
static int tell_hidden(struct diff *diff, int dir, const struct below *below)
{
	size_t len = diff->path.len;
	int r = 0;

	for (size_t i = 0; r == 0 && i < below->count; i++) {
		auto_fd int fd =
			open(below->at[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		auto_names struct names names = { .count = 0 };

		if (fd < 0)
			return err_sys(diff->err, errno, "open layer %s",
				       below->at[i]);
		r = names_read(fd, &names, diff->err);
		for (size_t n = 0; r == 0 && n < names.count; n++) {
			auto_below struct below ignored = { .count = 0 };
			const struct below higher = { below->at, i };
			bool told = false, there = false;

			r = find_below(&higher, names.at[n], &told, &ignored,
				       diff->err);
			r = r
				    ?: find_below(below, names.at[n], &there,
						  &ignored, diff->err);
			if (r < 0 || told || !there ||
			    faccessat(dir, names.at[n], F_OK,
				      AT_SYMLINK_NOFOLLOW) == 0)
				continue;
			set_path(diff, len, names.at[n]);
			r = tell(diff, 'D');
		}
	}
	diff->path.len = len;
	return r;
}

static int walk(struct diff *diff, int dir, const struct below *below);

static int walk_into(struct diff *diff, int dir, const char *name,
		     const struct below *below)
{
	auto_fd int fd = openat(
		dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	size_t len = diff->path.len;
	int r = 0;

	if (fd < 0)
		return err_sys(diff->err, errno, "open %s",
			       strbuf_str(&diff->path));
	if (diff->depth >= TREE_DEPTH_MAX)
		return err_sys(diff->err, ENAMETOOLONG, "go down into %s",
			       strbuf_str(&diff->path));
	if (tree_is_opaque(dir, name))
		r = tell_hidden(diff, fd, below);
	diff->depth++;
	r = r ?: walk(diff, fd, below);
	diff->depth--;
	diff->path.len = len;
	return r;
}

static int walk_entry(struct diff *diff, int dir, const char *name,
		      const struct below *below)
{
	auto_below struct below mine = { .count = 0 };
	struct stat st;
	bool found;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 /* a running container removed it */
				       : err_sys(diff->err, errno, "look at %s",
						 strbuf_str(&diff->path));
	r = find_below(below, name, &found, &mine, diff->err);
	if (r < 0)
		return r;
	if (tree_is_whiteout(dir, name, &st))
		return found ? tell(diff, 'D') : 0;
	r = tell(diff, found ? 'C' : 'A');
	if (r == 0 && S_ISDIR(st.st_mode))
		r = walk_into(diff, dir, name, &mine);
	return r;
}

static int walk(struct diff *diff, int dir, const struct below *below)
{
	auto_names struct names names = { .count = 0 };
	size_t len = diff->path.len;
	int r = names_read(dir, &names, diff->err);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		set_path(diff, len, names.at[i]);
		r = diff->path.failed
			    ? err_nomem(diff->err)
			    : walk_entry(diff, dir, names.at[i], below);
	}
	diff->path.len = len;
	return r;
}

int layers_diff(const char *box, const struct layers_listener *listener,
		struct err *err)
{
	auto_layers_list struct layers_list lower = { .count = 0 };
	auto_below struct below below = { .count = 0 };
	struct diff diff = { .listener = listener, .err = err };
	auto_free char *vfs = NULL, *upper = NULL;
	auto_fd int dir = -1;
	int r = layers_read(box, &lower, err);

	for (size_t i = lower.count; r == 0 && i > 0; i--) {
		auto_free char *path = strdup(lower.at[i - 1]);

		r = path ? below_add(&below, &path, err) : err_nomem(err);
	}
	if (r == 0 && (asprintf(&vfs, "%s/vfs", box) < 0 ||
		       asprintf(&upper, "%s/diff", box) < 0))
		r = err_nomem(err);
	if (r < 0)
		return r;
	if (access(vfs, F_OK) == 0) {
		err_sys(err, EOPNOTSUPP, "find the changes of %s", box);
		err_hint(err, "its layers were copied, because overlayfs was "
			      "refused or --vfs asked for: use export");
		return -EOPNOTSUPP;
	}
	dir = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open %s", upper);
	tree_raise_limit();
	r = walk(&diff, dir, &below);
	strbuf_free(&diff.path);
	return r;
}
