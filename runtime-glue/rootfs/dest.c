/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing may be mounted below /proc but the few files that lxcfs replaces: a
 * runtime and libraries trust what they read and write there. Where a
 * destination really is tells the kernel, of the descriptor.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "runtime-glue/rootfs/inroot.h"
#include "runtime-glue/rootfs/parts.h"

static const char *const proc_files[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/loadavg",
	"/proc/meminfo",
	"/proc/slabinfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/sys/crypto/fips_enabled",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/uptime",
};

static int fd_path(const struct rootfs *rootfs, int fd, char *buf, size_t size)
{
	char link[32];
	ssize_t len;

	(void)text_format(link, sizeof(link), "self/fd/%d", fd);
	len = readlinkat(rootfs->proc, link, buf, size - 1);
	if (len < 0)
		return -errno;
	if ((size_t)len == size - 1)
		return -ENAMETOOLONG;
	buf[len] = '\0';
	return 0;
}

int dest_path(const struct rootfs *rootfs, int fd, char *buf, size_t size)
{
	char root[PATH_MAX];
	size_t len;
	int r = fd_path(rootfs, rootfs->root, root, sizeof(root));

	r = r ?: fd_path(rootfs, fd, buf, size);
	if (r < 0)
		return r;
	len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(buf, root, len) != 0 || (buf[len] && buf[len] != '/'))
		return -EXDEV;
	memmove(buf, buf + len, strlen(buf + len) + 1);
	if (!buf[0])
		memcpy(buf, "/", 2);
	return 0;
}

static bool under_proc(const char *path)
{
	return strncmp(path, "/proc", 5) == 0 && (!path[5] || path[5] == '/');
}

static int check_proc(const struct spec_mount *mount,
		      const struct source *source, const char *path,
		      struct err *err)
{
	int from = source->tree >= 0 ? source->tree : source->file;

	if (!under_proc(path))
		return 0;
	if (!path[5] &&
	    (is_type(mount, "proc") || (from >= 0 && procfs_is(from, false))))
		return 0;
	if (!path[5])
		return err_sys(err, EPERM,
			       "destination \"%s\": only a proc file system "
			       "can be mounted there",
			       mount->destination);
	for (size_t i = 0; i < sizeof(proc_files) / sizeof(proc_files[0]); i++)
		if (strcmp(path, proc_files[i]) == 0)
			return 0;
	return err_sys(err, EPERM,
		       "destination \"%s\" is inside of /proc (\"%s\")",
		       mount->destination, path);
}

/* procfs and sysfs are where everybody looks for them, not where a symlink of
 * the image leads. */
static bool wants_plain(const struct spec_mount *mount)
{
	return is_type(mount, "proc") || is_type(mount, "sysfs");
}

static int open_or_make(const struct rootfs *rootfs, const char *path,
			bool nofollow, mode_t like, bool *made)
{
	int flags = O_PATH | (nofollow ? O_NOFOLLOW : 0);
	mode_t mode = S_ISDIR(like) ? S_IFDIR | 0755 : S_IFREG | 0644;
	int fd = inroot_open(rootfs->root, path, flags, 0);

	if (fd != -ENOENT)
		return fd;
	*made = true;
	fd = inroot_make(rootfs->root, path, mode);
	if (fd < 0 || !nofollow)
		return fd;
	(void)close(fd);
	return inroot_open(rootfs->root, path, flags, 0);
}

void dest_close(struct dest *dest)
{
	if (dest->fd >= 0)
		(void)close(dest->fd);
}

int dest_open(const struct rootfs *rootfs, const struct spec_mount *mount,
	      const struct source *source, mode_t like, struct dest *dest,
	      struct err *err)
{
	const char *name = mount->destination;
	bool plain = wants_plain(mount);
	struct stat st;
	int r;

	dest->fd = open_or_make(rootfs, name, plain || mount->dest_nofollow,
				like, &dest->made);
	if (dest->fd < 0)
		return err_sys(err, -dest->fd, "destination \"%s\"", name);
	if (io_fstat(dest->fd, &st) < 0)
		return err_sys(err, errno, "stat \"%s\"", name);
	if (plain && !S_ISDIR(st.st_mode))
		return err_sys(err, ENOTDIR,
			       "destination \"%s\" of type %s must be a plain "
			       "directory",
			       name, mount->type);
	if (S_ISDIR(st.st_mode) != S_ISDIR(like))
		return err_sys(err, S_ISDIR(like) ? ENOTDIR : EISDIR,
			       "mount \"%s\" on \"%s\"", source->name, name);
	r = dest_path(rootfs, dest->fd, dest->path, sizeof(dest->path));
	if (r < 0)
		return err_sys(err, -r, "destination \"%s\" in \"%s\"", name,
			       rootfs->path);
	return check_proc(mount, source, dest->path, err);
}
