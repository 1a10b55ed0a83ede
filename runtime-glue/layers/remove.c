/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing a tree that a container wrote. It may be deeper than a path or the
 * descriptors of a process reach. So it is never descended into: of each
 * directory in the uppermost one, the files are unlinked and the directories
 * moved up beside it, until nothing is left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "runtime-glue/layers/tree.h"

DEFINE_AUTO(dir, DIR *, (void)closedir)
#define auto_dir AUTO(auto_dir_release)

/* The directory itself: no symlink, nothing mounted over it. */
static int open_below(int parent, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve =
			RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, parent, name, &how, sizeof(how));

	/* Without CAP_DAC_OVERRIDE a mode of 0 is in the owner's way, too. */
	if (fd < 0 && errno == EACCES &&
	    fchmodat(parent, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = syscall(SYS_openat2, parent, name, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

/* What "chattr +i" or "+a" made unremovable. Said to be done only if it was. */
static bool make_mutable(int parent, const char *name)
{
	auto_fd int fd = openat(parent, name,
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int flags = 0;

	if (fd < 0 || io_fstat(fd, &st) < 0 ||
	    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) ||
	    ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ||
	    !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
		return false;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

/* A file or an empty directory. -ENOTEMPTY: a directory that is not empty. */
static int remove_one(int parent, const char *name)
{
	for (int tries = 0; tries < 3; tries++) {
		struct stat st;
		int flags;

		if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -errno;
		flags = S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0;
		if (unlinkat(parent, name, flags) == 0)
			return 0;
		if (errno == ENOENT)
			return 0;
		if (errno == EEXIST)
			return -ENOTEMPTY;
		if (errno != EPERM && errno != EACCES)
			return -errno;
		/* The flag may be the file's or the directory's it is in. */
		if (!make_mutable(parent, name) && !make_mutable(parent, "."))
			return -EPERM;
	}
	return -EPERM;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* @name of @dir becomes a directory of @top, by a name that is free there. */
static int move_up(int dir, const char *name, int top, uint64_t *serial)
{
	char free_name[8 + TEXT_NUM];
	bool tried = false;

	for (;;) {
		text_uint(text_put(free_name, ".gone-"), (*serial)++);
		if (renameat(dir, name, top, free_name) == 0)
			return 0;
		if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
			continue;
		if ((errno != EPERM && errno != EACCES) || tried)
			return -errno;
		tried = true;
		if (!make_mutable(dir, name) && !make_mutable(dir, "."))
			return -EPERM;
	}
}

/* Empty directory @name of @top, what is in its directories moves to @top. */
static int flatten(int top, const char *name, uint64_t *serial)
{
	auto_dir DIR *dir = NULL;
	struct dirent *entry;
	int fd = open_below(top, name);
	int r = 0;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		if (is_dots(entry->d_name))
			continue;
		r = remove_one(fd, entry->d_name);
		if (r == -ENOTEMPTY)
			r = move_up(fd, entry->d_name, top, serial);
	}
	return r;
}

/* One round over @top. @left: how many directories have to be seen again. */
static int sweep(int top, DIR *dir, size_t *left, uint64_t *serial,
		 const char *what, struct err *err)
{
	struct dirent *entry;

	*left = 0;
	rewinddir(dir);
	while ((errno = 0, entry = readdir(dir))) {
		int r;

		if (is_dots(entry->d_name))
			continue;
		r = remove_one(top, entry->d_name);
		if (r == -ENOTEMPTY) {
			r = flatten(top, entry->d_name, serial);
			*left += r == 0;
		}
		if (r < 0) {
			err_sys(err, -r, "remove \"%s\" in %s", entry->d_name,
				what);
			if (r == -EBUSY || r == -EXDEV)
				err_hint(err, "something is mounted there: "
					      "unmount it first");
			return r;
		}
	}
	return errno ? err_sys(err, errno, "read %s", what) : 0;
}

int tree_empty(int dir, const char *what, struct err *err)
{
	auto_dir DIR *stream = NULL;
	uint64_t serial = 0;
	size_t left = 1;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return err_sys(err, errno, "open %s", what);
	stream = fdopendir(fd);
	if (!stream) {
		r = err_sys(err, errno, "open %s", what);
		(void)close(fd);
		return r;
	}
	while (r == 0 && left > 0)
		r = sweep(fd, stream, &left, &serial, what, err);
	return r;
}

int tree_remove(int parent, const char *name, struct err *err)
{
	auto_fd int fd = -1;
	int r = remove_one(parent, name);

	if (r == -ENOTEMPTY) {
		fd = open_below(parent, name);
		r = fd < 0 ? fd : 0;
		if (r == 0) {
			r = tree_empty(fd, name, err);
			if (r < 0)
				return r;
			r = remove_one(parent, name);
		}
	}
	return r < 0 ? err_sys(err, -r, "remove \"%s\"", name) : 0;
}

void tree_raise_limit(void)
{
	struct rlimit limit;

	/* Of no account where it fails: then few layers and levels do. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}
