/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying what a new tmpfs is going to hide into it. What is copied belongs to
 * the image and may be changed by others meanwhile: every name is opened
 * without following it, and nothing but directories and files is opened.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/rootfs/parts.h"

#define DEPTH_MAX   128
#define CHUNK_BYTES (1U << 24)
#define XATTR_MAX   4096U

DEFINE_AUTO(dir, DIR *, closedir)
#define auto_dir AUTO(auto_dir_release)

static int copy_dir(int from, int to, dev_t dev, unsigned int depth);

/* Attributes that the new file system does not take are left behind. */
static int copy_xattrs(int from, int to)
{
	char names[XATTR_MAX], value[XATTR_MAX];
	ssize_t len = flistxattr(from, names, sizeof(names)), n;

	if (len < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *at = names; at < names + len; at += strlen(at) + 1) {
		n = fgetxattr(from, at, value, sizeof(value));
		if (n < 0)
			return errno == ENODATA ? 0 : -errno;
		if (fsetxattr(to, at, value, (size_t)n, 0) < 0 &&
		    errno != EOPNOTSUPP && errno != EPERM)
			return -errno;
	}
	return 0;
}

static int copy_attrs(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r;

	if (fchown(to, st->st_uid, st->st_gid) < 0)
		return -errno;
	r = copy_xattrs(from, to);
	if (r < 0)
		return r;
	/* After the owner, whose change takes set-id bits away. */
	if (fchmod(to, st->st_mode & 07777U) < 0 || futimens(to, times) < 0)
		return -errno;
	return 0;
}

static int copy_file(int from, int to, const char *name, const struct stat *st)
{
	auto_fd int in = openat(from, name,
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd int out =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		return -errno;
	do
		n = sendfile(out, in, NULL, CHUNK_BYTES);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : copy_attrs(in, out, st);
}

static int copy_link(int from, int to, const char *name, const struct stat *st)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(from, name, text, sizeof(text) - 1);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	if (symlinkat(text, to, name) < 0 ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_node(int to, const char *name, const struct stat *st)
{
	if (mknodat(to, name, st->st_mode, st->st_rdev) < 0 ||
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_subdir(int from, int to, const char *name, dev_t dev,
		       unsigned int depth)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	auto_fd int in = openat(from, name, flags | O_CLOEXEC), out = -1;

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return -errno;
	out = openat(to, name, flags | O_CLOEXEC);
	return out < 0 ? -errno : copy_dir(in, out, dev, depth + 1);
}

static int copy_entry(int from, int to, const char *name, dev_t dev,
		      unsigned int depth)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* Another mount is not part of what the tmpfs hides. */
	if (S_ISDIR(st.st_mode))
		return st.st_dev == dev
			       ? copy_subdir(from, to, name, dev, depth)
			       : 0;
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, name, &st);
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to, name, &st);
	return copy_node(to, name, &st);
}

static int copy_dir(int from, int to, dev_t dev, unsigned int depth)
{
	int flags = O_RDONLY | O_DIRECTORY;
	auto_fd int fd = openat(from, ".", flags | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;
	int r = 0;

	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	if (depth > DEPTH_MAX)
		return -ENAMETOOLONG;
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			r = copy_entry(dirfd(dir), to, entry->d_name, dev,
				       depth);
	if (r == 0 && errno)
		r = -errno;
	if (r < 0)
		return r;
	if (io_fstat(dirfd(dir), &st) < 0)
		return -errno;
	return copy_attrs(dirfd(dir), to, &st);
}

int copy_tree(int from, int to, struct err *err)
{
	int flags = O_RDONLY | O_DIRECTORY;
	auto_fd int out = openat(to, ".", flags | O_CLOEXEC);
	struct stat st;
	int r;

	if (out < 0 || io_fstat(from, &st) < 0)
		return err_sys(err, errno, "tmpcopyup");
	r = copy_dir(from, out, st.st_dev, 0);
	return r < 0 ? err_sys(err, -r, "tmpcopyup") : 0;
}
