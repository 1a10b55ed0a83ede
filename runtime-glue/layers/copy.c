/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying a tree by our own reader. Both sides are walked by descriptors, a
 * name at a time, so that no symlink of the tree is ever followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "runtime-glue/layers/copy_parts.h"
#include "runtime-glue/layers/tree.h"

#define DIR_CLOEXEC (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

DEFINE_AUTO(dir, DIR *, (void)closedir)
#define auto_dir AUTO(auto_dir_release)

struct copy {
	int root; /* of the destination */
	bool layer, own;
	unsigned int depth;
	struct strbuf path; /* of the directory that is at work, "a/b/" */
	void *links;        /* tsearch(3) of struct link */
	struct err *err;
};

/* A file with more names than one, and where its first copy is. */
struct link {
	dev_t dev;
	ino_t ino;
	char path[];
};

static int link_compare(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return 0;
}

static int fail(const struct copy *copy, int errnum, const char *step,
		const char *name)
{
	return err_sys(copy->err, errnum, "%s \"%s%s\"", step,
		       strbuf_str(&copy->path), name);
}

/* 1: it was made a link to an earlier copy. */
static int link_to_earlier(struct copy *copy, const struct copy_entry *entry,
			   const struct stat *st)
{
	size_t len = copy->path.len + strlen(entry->as) + 1;
	struct link *link = malloc(sizeof(*link) + len);
	struct link **found;

	if (!link)
		return err_nomem(copy->err);
	link->dev = st->st_dev;
	link->ino = st->st_ino;
	(void)snprintf(link->path, len, "%s%s", strbuf_str(&copy->path),
		       entry->as);
	found = tsearch(link, &copy->links, link_compare);
	if (!found || *found == link) {
		if (!found)
			free(link);
		return found ? 0 : err_nomem(copy->err);
	}
	free(link);
	if (linkat(copy->root, (*found)->path, entry->to, entry->as, 0) == 0)
		return 1;
	/* Too many links, or too long a path: a copy then. */
	return errno == EMLINK || errno == ENAMETOOLONG
		       ? 0
		       : fail(copy, errno, "link", entry->name);
}

static int copy_regular(struct copy *copy, const struct copy_entry *entry,
			const struct stat *st)
{
	auto_fd int from = -1;
	auto_fd int to = -1;
	int r = st->st_nlink > 1 ? link_to_earlier(copy, entry, st) : 0;

	if (r != 0)
		return r;
	from = openat(entry->from, entry->name,
		      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return fail(copy, errno, "open", entry->name);
	to = openat(entry->to, entry->as,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return fail(copy, errno, "create", entry->name);
	r = copy_bytes(from, to, st->st_size);
	return r < 0 ? fail(copy, -r, "copy", entry->name) : 0;
}

static int copy_symlink(struct copy *copy, const struct copy_entry *entry)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(entry->from, entry->name, target,
				 sizeof(target) - 1);

	if (len < 0)
		return fail(copy, errno, "read the symlink", entry->name);
	target[len] = '\0';
	if (symlinkat(target, entry->to, entry->as) < 0)
		return fail(copy, errno, "make the symlink", entry->name);
	return 0;
}

static int copy_dir(struct copy *copy, int from, int to);

/* Directories: what is there is merged with, unless it is opaque. */
static int copy_subdir(struct copy *copy, const struct copy_entry *entry)
{
	size_t len = copy->path.len;
	auto_fd int from = openat(entry->from, entry->name, DIR_CLOEXEC);
	auto_fd int to = -1;
	int r;

	if (from < 0)
		return fail(copy, errno, "open", entry->name);
	if (copy->depth >= TREE_DEPTH_MAX)
		return fail(copy, ENAMETOOLONG, "go down into", entry->name);
	if (mkdirat(entry->to, entry->as, 0700) < 0 && errno != EEXIST)
		return fail(copy, errno, "make the directory", entry->name);
	to = openat(entry->to, entry->as, DIR_CLOEXEC);
	if (to < 0)
		return fail(copy, errno, "open the copy of", entry->name);
	if (copy->layer && tree_is_opaque(entry->from, entry->name)) {
		r = tree_empty(to, entry->name, copy->err);
		if (r < 0)
			return r;
	}
	strbuf_puts(&copy->path, entry->as);
	strbuf_putc(&copy->path, '/');
	copy->depth++;
	r = copy->path.failed ? err_nomem(copy->err) : copy_dir(copy, from, to);
	copy->depth--;
	if (r == 0) {
		copy->path.len = len;
		copy->path.data[len] = '\0';
	}
	return r;
}

static int make_way(struct copy *copy, const struct copy_entry *entry,
		    const struct stat *st)
{
	struct stat there;

	if (fstatat(entry->to, entry->as, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
			       ? 0
			       : fail(copy, errno, "look at", entry->name);
	if (S_ISDIR(there.st_mode) && S_ISDIR(st->st_mode))
		return 0;
	/* Of a layer that is its meaning; anybody else's tree is not lost by a
	 * copy. */
	if (!copy->layer && S_ISDIR(there.st_mode))
		return fail(copy, EISDIR, "replace by a file", entry->as);
	if (!copy->layer && S_ISDIR(st->st_mode))
		return fail(copy, ENOTDIR, "replace by a directory", entry->as);
	return tree_remove(entry->to, entry->as, copy->err);
}

static int copy_entry(struct copy *copy, const struct copy_entry *entry)
{
	const char *step = NULL;
	struct stat st;
	int r;

	if (fstatat(entry->from, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(copy, errno, "look at", entry->name);
	if (copy->layer && tree_is_whiteout(entry->from, entry->name, &st))
		return tree_remove(entry->to, entry->as, copy->err);
	r = make_way(copy, entry, &st);
	if (r < 0)
		return r;
	if (S_ISREG(st.st_mode))
		r = copy_regular(copy, entry, &st);
	else if (S_ISLNK(st.st_mode))
		r = copy_symlink(copy, entry);
	else if (S_ISDIR(st.st_mode))
		r = copy_subdir(copy, entry);
	else if (mknodat(entry->to, entry->as, (st.st_mode & S_IFMT) | 0600,
			 st.st_rdev) < 0)
		r = fail(copy, errno, "make the node", entry->name);
	if (r != 0)
		return r < 0 ? r : 0;
	r = copy_meta(entry, &st, &step);
	return r < 0 ? fail(copy, -r, step, entry->name) : 0;
}

static int copy_dir(struct copy *copy, int from, int to)
{
	auto_dir DIR *dir = NULL;
	struct dirent *item;
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		r = fail(copy, errno, "read", "");
		auto_fd_release(&fd);
		return r;
	}
	while (r == 0 && (errno = 0, item = readdir(dir))) {
		struct copy_entry entry = { .from = from,
					    .to = to,
					    .name = item->d_name,
					    .as = item->d_name,
					    .layer = copy->layer,
					    .own = copy->own };

		if (strcmp(item->d_name, ".") != 0 &&
		    strcmp(item->d_name, "..") != 0)
			r = copy_entry(copy, &entry);
	}
	if (r == 0 && errno)
		r = fail(copy, errno, "read", "");
	return r;
}

static void copy_end(struct copy *copy)
{
	tdestroy(copy->links, free);
	strbuf_free(&copy->path);
}

static struct copy copy_begin(int to, enum tree_mode mode, struct err *err)
{
	tree_raise_limit();
	return (struct copy){ .root = to,
			      .layer = mode == TREE_LAYER,
			      .own = mode == TREE_OWN,
			      .err = err };
}

int tree_copy(int from, int to, enum tree_mode mode, struct err *err)
{
	struct copy copy = copy_begin(to, mode, err);
	struct copy_entry top = { .from = from,
				  .to = to,
				  .name = ".",
				  .as = ".",
				  .layer = copy.layer,
				  .own = copy.own };
	const char *step = NULL;
	struct stat st;
	int r = copy_dir(&copy, from, to);

	if (r == 0 && io_fstat(from, &st) < 0)
		r = fail(&copy, errno, "look at", "");
	if (r == 0) {
		r = copy_meta(&top, &st, &step);
		r = r < 0 ? fail(&copy, -r, step, ".") : 0;
	}
	copy_end(&copy);
	return r;
}

int tree_copy_one(const struct tree_place *from, const struct tree_place *to,
		  enum tree_mode mode, struct err *err)
{
	struct copy copy = copy_begin(to->dir, mode, err);
	const struct copy_entry entry = { .from = from->dir,
					  .to = to->dir,
					  .name = from->name,
					  .as = to->name,
					  .layer = copy.layer,
					  .own = copy.own };
	int r = copy_entry(&copy, &entry);

	copy_end(&copy);
	return r;
}
