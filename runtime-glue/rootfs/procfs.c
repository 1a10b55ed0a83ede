/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written to /proc goes through a procfs that is mounted nowhere, so
 * no mount and no symlink of the container's can be in the way. Where a user
 * namespace does not let us have one, the host's is kept open from before the
 * pivot: sysctls are those of the writer's namespaces in any procfs.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/base/trace.h"
#include "runtime-glue/rootfs/parts.h"

#define PROC_ROOT_INO 1
#define KEY_MAX       256

bool procfs_is(int fd, bool root)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	return !root || (io_fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INO);
}

int procfs_open(struct rootfs *rootfs, struct err *err)
{
	const struct fs fs = {
		.type = "proc",
		.source = "proc",
		.attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			MOUNT_ATTR_NOEXEC,
	};
	struct err why = { .code = CNI_OK };

	rootfs->proc = fs_new(&fs, &why);
	if (rootfs->proc >= 0)
		return 0;
	rootfs->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rootfs->proc >= 0 && procfs_is(rootfs->proc, true))
		return 0;
	if (rootfs->proc >= 0)
		(void)close(take_fd(&rootfs->proc));
	return err_take(err, &why);
}

/* As sysctl(8): the separator is what comes first, "." or "/". */
static int spell_key(const char *key, char path[KEY_MAX])
{
	bool dots = key[strcspn(key, "./")] == '.';
	char *out;

	if (!*key || *key == '/' || strlen(key) + sizeof("sys/") > KEY_MAX)
		return -EINVAL;
	for (out = text_put(path, "sys/"); *key; key++) {
		if (dots && (*key == '.' || *key == '/'))
			*out++ = *key == '.' ? '/' : '.';
		else
			*out++ = *key;
	}
	*out = '\0';
	return 0;
}

/* Each component by itself, none of them a symlink or "..". */
static int open_by_hand(int proc, const char *path)
{
	auto_fd int at = -1;
	char name[KEY_MAX];
	size_t len;
	int fd;

	for (;;) {
		len = strcspn(path, "/");
		memcpy(name, path, len);
		name[len] = '\0';
		if (len == 0 || strcmp(name, "..") == 0)
			return -ENOENT;
		fd = openat(at < 0 ? proc : at, name,
			    (path[len] ? O_PATH : O_WRONLY) | O_NOFOLLOW |
				    O_CLOEXEC);
		if (fd < 0 || !path[len])
			return fd < 0 ? -errno : fd;
		auto_fd_release(&at);
		at = fd;
		path += len + 1;
	}
}

static int open_key(int proc, const char *path)
{
	struct open_how how = {
		.flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV |
			   RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	auto_fd int fd =
		(int)syscall(SYS_openat2, proc, path, &how, sizeof(how));

	if (fd < 0 && errno == ENOSYS)
		fd = open_by_hand(proc, path);
	else if (fd < 0)
		return -errno;
	if (fd >= 0 && !procfs_is(fd, false))
		return -EXDEV;
	return take_fd(&fd);
}

int rootfs_sysctl(struct rootfs *rootfs, const char *key, const char *value,
		  struct err *err)
{
	uint64_t start = trace_start();
	char path[KEY_MAX];
	auto_fd int fd = -1;
	int r;

	r = spell_key(key, path);
	if (r < 0)
		return err_sys(err, -r, "sysctl \"%s\"", key);
	fd = open_key(rootfs->proc, path);
	if (fd >= 0)
		r = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	else
		r = fd;
	trace_end(start, r, "sysctl", "%s = \"%s\"", path, value);
	if (r < 0)
		return err_sys(err, -r, "set sysctl \"%s\" to \"%s\"", key,
			       value);
	return 0;
}
