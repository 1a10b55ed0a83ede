/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree of files as an archive. No symlink of it is ever followed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "runtime-glue/image/tarw_parts.h"

#define DEPTH_MAX 400
#define PATH_ROOM (64 + NAME_MAX)

struct tarw {
	const struct tarw_sink *sink;
	bool layer;
	unsigned int depth;
	struct strbuf path; /* of the entry at work */
	void *links;        /* tsearch(3) of struct link */
	struct err *err;
};

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

/* *@first: the path under which the file is in the archive already, or NULL */
static int find_link(struct tarw *tar, const struct stat *st,
		     const char **first)
{
	struct link *link = malloc(sizeof(*link) + tar->path.len + 1);
	struct link **found;

	if (!link)
		return err_nomem(tar->err);
	link->dev = st->st_dev;
	link->ino = st->st_ino;
	memcpy(link->path, strbuf_str(&tar->path), tar->path.len + 1);
	found = tsearch(link, &tar->links, link_compare);
	*first = found && *found != link ? (*found)->path : NULL;
	if (!found || *found != link)
		free(link);
	return found ? 0 : err_nomem(tar->err);
}

static bool is_kept(const struct tarw *tar, const char *name)
{
	/* Labels are of the host's policy. */
	if (strcmp(name, "security.selinux") == 0)
		return false;
	return !tar->layer || (strncmp(name, "trusted.overlay.", 16) != 0 &&
			       strncmp(name, "user.overlay.", 13) != 0);
}

static int add_xattr(const struct tarw *tar, const char *file, const char *name,
		     struct strbuf *pax)
{
	auto_free char *value = malloc(XATTR_SIZE_MAX);
	char key[XATTR_NAME_MAX + 16];
	ssize_t len;

	if (!value)
		return err_nomem(tar->err);
	len = lgetxattr(file, name, value, XATTR_SIZE_MAX);
	if (len < 0)
		return 0; /* gone meanwhile */
	(void)snprintf(key, sizeof(key), "SCHILY.xattr.%s", name);
	/* A "=" would end the key; such a name cannot be said in pax. */
	if (!strchr(name, '='))
		tarw_pax(pax, key, value, (size_t)len);
	return 0;
}

static int add_xattrs(const struct tarw *tar, const char *file,
		      struct strbuf *pax)
{
	auto_free char *names = NULL;
	ssize_t len = llistxattr(file, NULL, 0);
	int r = 0;

	if (len <= 0)
		return 0;
	names = malloc((size_t)len);
	if (!names)
		return err_nomem(tar->err);
	len = llistxattr(file, names, (size_t)len);
	for (char *at = names; r == 0 && at < names + len; at += strlen(at) + 1)
		if (is_kept(tar, at))
			r = add_xattr(tar, file, at, pax);
	return r;
}

static int put(struct tarw *tar, char type, const char *link,
	       const struct stat *st, struct strbuf *pax)
{
	const struct tarw_entry entry = { .path = strbuf_str(&tar->path),
					  .link = link,
					  .type = type,
					  .st = st,
					  .pax = pax };

	return tarw_header(&entry, 0, tar->sink, tar->err);
}

static int put_regular(struct tarw *tar, int dir, const char *name,
		       const struct stat *st, struct strbuf *pax)
{
	const struct tarw_entry entry = { .path = strbuf_str(&tar->path),
					  .type = '0',
					  .st = st,
					  .pax = pax };
	auto_fd int fd = -1;
	const char *first = NULL;
	int r = st->st_nlink > 1 ? find_link(tar, st, &first) : 0;

	if (r < 0)
		return r;
	if (first)
		return put(tar, '1', first, st, pax);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : err_sys(tar->err, errno, "open %s",
						 strbuf_str(&tar->path));
	r = tarw_header(&entry, (uint64_t)st->st_size, tar->sink, tar->err);
	return r ?: tarw_bytes(fd, (uint64_t)st->st_size, tar->sink, tar->err);
}

static int put_symlink(struct tarw *tar, int dir, const char *name,
		       const struct stat *st, struct strbuf *pax)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir, name, target, sizeof(target) - 1);

	if (len < 0)
		return errno == ENOENT ? 0
				       : err_sys(tar->err, errno, "read %s",
						 strbuf_str(&tar->path));
	target[len] = '\0';
	return put(tar, '2', target, st, pax);
}

/* ".wh.NAME", an empty file, beside NAME's place. */
static int put_whiteout(struct tarw *tar, size_t dir_len, const char *name)
{
	auto_strbuf struct strbuf path = { .len = 0 };

	strbuf_add(&path, strbuf_str(&tar->path), dir_len);
	strbuf_printf(&path, ".wh.%s", name);
	if (path.failed)
		return err_nomem(tar->err);
	return tarw_file(strbuf_str(&path), "", 0, tar->sink, tar->err);
}

static bool is_whiteout(const char *file, const struct stat *st)
{
	if (S_ISCHR(st->st_mode))
		return st->st_rdev == 0;
	return S_ISREG(st->st_mode) && st->st_size == 0 &&
	       (lgetxattr(file, "trusted.overlay.whiteout", NULL, 0) >= 0 ||
		lgetxattr(file, "user.overlay.whiteout", NULL, 0) >= 0);
}

static bool is_opaque(const char *file)
{
	char value[4];

	return (lgetxattr(file, "trusted.overlay.opaque", value, 4) >= 1 ||
		lgetxattr(file, "user.overlay.opaque", value, 4) >= 1) &&
	       value[0] == 'y';
}

static int walk(struct tarw *tar, int dir);

static int put_dir(struct tarw *tar, int dir, const char *name,
		   const struct stat *st, struct strbuf *pax)
{
	auto_fd int fd = openat(
		dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char file[PATH_ROOM];
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0
				       : err_sys(tar->err, errno, "open %s",
						 strbuf_str(&tar->path));
	if (tar->depth >= DEPTH_MAX)
		return err_sys(tar->err, ENAMETOOLONG, "go down into %s",
			       strbuf_str(&tar->path));
	strbuf_putc(&tar->path, '/');
	r = tar->path.failed ? err_nomem(tar->err)
			     : put(tar, '5', NULL, st, pax);
	(void)snprintf(file, sizeof(file), "/proc/self/fd/%d/%s", dir, name);
	if (r == 0 && tar->layer && is_opaque(file))
		r = put_whiteout(tar, tar->path.len, ".wh..opq");
	tar->depth++;
	r = r ?: walk(tar, fd);
	tar->depth--;
	return r;
}

/* The entry @name of @dir; tar->path is what it is called. */
static int put_entry(struct tarw *tar, int dir, const char *name,
		     size_t dir_len)
{
	auto_strbuf struct strbuf pax = { .len = 0 };
	char file[PATH_ROOM];
	struct stat st;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_sys(tar->err, errno, "look at %s",
						 strbuf_str(&tar->path));
	(void)snprintf(file, sizeof(file), "/proc/self/fd/%d/%s", dir, name);
	if (tar->layer && is_whiteout(file, &st))
		return put_whiteout(tar, dir_len, name);
	if (tar->layer && strncmp(name, ".wh.", 4) == 0) {
		log_warn("%s: in a layer that name would remove another file: "
			 "it is left out",
			 strbuf_str(&tar->path));
		return 0;
	}
	r = add_xattrs(tar, file, &pax);
	if (r < 0)
		return r;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return put_regular(tar, dir, name, &st, &pax);
	case S_IFLNK:
		return put_symlink(tar, dir, name, &st, &pax);
	case S_IFDIR:
		return put_dir(tar, dir, name, &st, &pax);
	case S_IFCHR:
		return put(tar, '3', NULL, &st, &pax);
	case S_IFBLK:
		return put(tar, '4', NULL, &st, &pax);
	case S_IFIFO:
		return put(tar, '6', NULL, &st, &pax);
	default: /* a socket: nothing without who listens */
		return 0;
	}
}

static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 &&
	       strcmp(entry->d_name, "..") != 0;
}

static int walk(struct tarw *tar, int dir)
{
	struct dirent **entries = NULL;
	size_t len = tar->path.len;
	int count = scandirat(dir, ".", &entries, no_dots, compare);
	int r = 0;

	if (count < 0)
		return err_sys(tar->err, errno, "read %s",
			       strbuf_str(&tar->path));
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		tar->path.len = len;
		strbuf_puts(&tar->path, name);
		if (r == 0)
			r = tar->path.failed ? err_nomem(tar->err)
					     : put_entry(tar, dir, name, len);
		free(entries[i]);
	}
	free(entries);
	tar->path.len = len;
	return r;
}

int tarw_tree(int dir, enum tarw_mode mode, const struct tarw_sink *sink,
	      struct err *err)
{
	struct tarw tar = { .sink = sink,
			    .layer = mode == TARW_LAYER,
			    .err = err };
	int r = walk(&tar, dir);

	tdestroy(tar.links, free);
	strbuf_free(&tar.path);
	return r ?: tarw_end(sink, err);
}

int tarw_one(int dir, const char *name, const char *as,
	     const struct tarw_sink *sink, struct err *err)
{
	struct tarw tar = { .sink = sink, .err = err };
	int r;

	strbuf_puts(&tar.path, as);
	r = tar.path.failed ? err_nomem(err) : put_entry(&tar, dir, name, 0);
	tdestroy(tar.links, free);
	strbuf_free(&tar.path);
	return r ?: tarw_end(sink, err);
}
