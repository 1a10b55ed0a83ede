/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contents and the attributes of one file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/layers/copy_parts.h"
#include "runtime-glue/layers/tree.h"

#define CHUNK ((size_t)64 << 10)

static int copy_by_hand(int from, int to, off_t at, off_t end)
{
	auto_free char *buf = malloc(CHUNK);

	if (!buf)
		return -ENOMEM;
	while (at < end) {
		size_t want =
			(size_t)(end - at) < CHUNK ? (size_t)(end - at) : CHUNK;
		ssize_t n = pread(from, buf, want, at);
		size_t done = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* 0: it became shorter */
			return n < 0 ? -errno : 0;
		while (done < (size_t)n) {
			ssize_t w = pwrite(to, buf + done, (size_t)n - done,
					   at + (off_t)done);

			if (w < 0 && errno != EINTR)
				return -errno;
			done += w > 0 ? (size_t)w : 0;
		}
		at += n;
	}
	return 0;
}

static int copy_range(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		off_t in = at, out = at;
		ssize_t n = copy_file_range(from, &in, to, &out,
					    (size_t)(end - at), 0);

		if (n < 0 && errno == EINTR)
			continue;
		/* Other file systems, old kernels, procfs: all by hand. */
		if (n <= 0)
			return copy_by_hand(from, to, at, end);
		at += n;
	}
	return 0;
}

int copy_bytes(int from, int to, off_t size)
{
	off_t at = 0;

	if (size == 0 || ioctl(to, FICLONE, from) == 0)
		return 0;
	while (at < size) {
		off_t data = lseek(from, at, SEEK_DATA);
		off_t hole;
		int r;

		if (data < 0 && errno == ENXIO)
			break; /* a hole up to the end */
		if (data < 0)
			return copy_range(from, to, at, size);
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0 || hole > size)
			hole = size;
		r = copy_range(from, to, data, hole);
		if (r < 0)
			return r;
		at = hole;
	}
	return ftruncate(to, size) < 0 ? -errno : 0;
}

static bool is_overlays(const char *name)
{
	return strncmp(name, "trusted.overlay.", 16) == 0 ||
	       strncmp(name, "user.overlay.", 13) == 0;
}

#define PATH_ROOM (64 + NAME_MAX)

static void entry_path(int dir, const char *name, char path[static PATH_ROOM])
{
	(void)snprintf(path, PATH_ROOM, "/proc/self/fd/%d/%s", dir, name);
}

static int copy_xattr(const char *from, const char *to, const char *name)
{
	auto_free char *value = malloc(XATTR_SIZE_MAX);
	ssize_t len;

	if (!value)
		return -ENOMEM;
	len = lgetxattr(from, name, value, XATTR_SIZE_MAX);
	if (len < 0)
		return errno == ENODATA ? 0 : -errno;
	if (lsetxattr(to, name, value, (size_t)len, 0) == 0)
		return 0;
	/* Labels are the policy's to give; and user.* not every fs has. */
	if (strncmp(name, "security.selinux", 16) == 0 || errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

static int copy_xattrs(const struct copy_entry *entry)
{
	auto_free char *names = NULL;
	char from[PATH_ROOM], to[PATH_ROOM];
	ssize_t len;

	entry_path(entry->from, entry->name, from);
	entry_path(entry->to, entry->as, to);
	len = llistxattr(from, NULL, 0);
	if (len <= 0)
		return len == 0 || errno == EOPNOTSUPP ? 0 : -errno;
	names = malloc((size_t)len);
	if (!names)
		return -ENOMEM;
	len = llistxattr(from, names, (size_t)len);
	if (len < 0)
		return -errno;
	for (char *at = names; at < names + len; at += strlen(at) + 1) {
		int r = entry->layer && is_overlays(at)
				? 0
				: copy_xattr(from, to, at);

		if (r < 0)
			return r;
	}
	return 0;
}

int copy_meta(const struct copy_entry *entry, const struct stat *st,
	      const char **step)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r;

	*step = "set the owner of";
	if (fchownat(entry->to, entry->as, entry->own ? geteuid() : st->st_uid,
		     entry->own ? getegid() : st->st_gid,
		     AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*step = "set the mode of";
	if (!S_ISLNK(st->st_mode) &&
	    fchmodat(entry->to, entry->as, st->st_mode & 07777, 0) < 0)
		return -errno;
	*step = "copy the extended attributes of";
	r = copy_xattrs(entry);
	if (r < 0)
		return r;
	*step = "set the times of";
	if (utimensat(entry->to, entry->as, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static bool attribute_is(int dir, const char *name, const char *attribute,
			 char value)
{
	char path[PATH_ROOM];
	char got[4];

	entry_path(dir, name, path);
	return lgetxattr(path, attribute, got, sizeof(got)) >= 1 &&
	       got[0] == value;
}

bool tree_is_whiteout(int dir, const char *name, const struct stat *st)
{
	char path[PATH_ROOM];

	if (S_ISCHR(st->st_mode))
		return st->st_rdev == 0;
	if (!S_ISREG(st->st_mode) || st->st_size != 0)
		return false;
	entry_path(dir, name, path);
	return lgetxattr(path, "trusted.overlay.whiteout", NULL, 0) >= 0 ||
	       lgetxattr(path, "user.overlay.whiteout", NULL, 0) >= 0;
}

bool tree_is_opaque(int dir, const char *name)
{
	return attribute_is(dir, name, "trusted.overlay.opaque", 'y') ||
	       attribute_is(dir, name, "user.overlay.opaque", 'y');
}
