/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories of boxes: made, marked as live, locked, removed. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "runtime-glue/tool/box_parts.h"

#define DEEPEST 4096

int box_make_dirs(const char *path, unsigned int mode, struct err *err)
{
	auto_free char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return err_nomem(err);
	for (char *at = strchr(copy + 1, '/');; at = strchr(at + 1, '/')) {
		if (at)
			*at = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make directory \"%s\"",
				       copy);
		if (!at)
			break;
		*at = '/';
	}
	if (stat(path, &st) < 0)
		return err_sys(err, errno, "make directory \"%s\"", path);
	return S_ISDIR(st.st_mode)
		       ? 0
		       : err_sys(err, ENOTDIR, "make directory \"%s\"", path);
}

static void mark_path(const struct tool *tool, const char *id,
		      struct strbuf *out)
{
	strbuf_printf(out, "%s/live/%s", tool->run, id);
}

int box_mark(const struct tool *tool, const char *id, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	auto_fd int fd = -1;
	char *slash;
	int r;

	mark_path(tool, id, &path);
	if (path.failed)
		return err_nomem(err);
	fd = open(path.data, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		return 0;
	if (errno == ENOENT) {
		slash = strrchr(path.data, '/');
		*slash = '\0';
		r = box_make_dirs(path.data, 0711, err);
		if (r < 0)
			return r;
		*slash = '/';
		fd = open(path.data, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	}
	return fd < 0 ? err_sys(err, errno, "make \"%s\"", path.data) : 0;
}

void box_unmark(const struct tool *tool, const char *id)
{
	auto_strbuf struct strbuf path = { .len = 0 };

	mark_path(tool, id, &path);
	if (!path.failed)
		(void)unlink(path.data);
}

/*
 * A lock of the process, not of the descriptor: children have that, too, and
 * the engine's first process, which waits for its start, outlives a `run` that
 * was killed. The price: who has the lock must not ask for it again, as closing
 * any descriptor of the file gives it up.
 */
int box_try_lock(const char *path, int *out, struct err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	auto_strbuf struct strbuf file = { .len = 0 };
	auto_fd int fd = -1;
	struct stat st;

	*out = -1;
	strbuf_printf(&file, "%s/lock", path);
	if (file.failed)
		return err_nomem(err);
	fd = open(file.data, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "open \"%s\"", file.data);
	if (fcntl(fd, F_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES
			       ? 0
			       : err_sys(err, errno, "lock \"%s\"", file.data);
	/* It may have been removed while we waited. */
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return err_sys(err, ENOENT, "lock \"%s\"", file.data);
	*out = take_fd(&fd);
	return 0;
}

/* ---- Removal ---- */

static int remove_in(int dir, const char *name, unsigned int depth);

static int empty(int dir, unsigned int depth)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int r = list ? 0 : -errno;

	if (!list && copy >= 0)
		(void)close(copy);
	while (list && (entry = readdir(list)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			r = first_of(remove_in(dir, entry->d_name, depth), r);
	if (list)
		(void)closedir(list);
	return r;
}

/* What is mounted there is busy, and so stays. */
static int remove_in(int dir, const char *name, unsigned int depth)
{
	auto_fd int below = -1;
	struct stat st, above;
	int r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	if ((errno != ENOTEMPTY && errno != EEXIST) || depth > DEEPEST)
		return -errno;
	below = openat(dir, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return -errno;
	if (fstat(below, &st) < 0 || fstat(dir, &above) < 0)
		return -errno;
	if (st.st_dev != above.st_dev)
		return -EBUSY;
	r = empty(below, depth + 1);
	if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int box_remove_tree(int dir, const char *name, struct err *err)
{
	int r = remove_in(dir, name, 0);

	return r < 0 ? err_sys(err, -r, "remove \"%s\"", name) : 0;
}
