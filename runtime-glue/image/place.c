/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an archive's entry goes. The kernel keeps it inside: every directory is
 * opened with RESOLVE_IN_ROOT, so that symlinks of the archive's, absolute or
 * with "..", lead nowhere but into the layer.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/unpack.h"

static int open_inside(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	long fd;

	/* One who moves directories about makes the kernel ask us again. */
	do
		fd = syscall(SYS_openat2, root, *path ? path : ".", &how,
			     sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	return fd < 0 ? -errno : (int)fd;
}

int place_clean(const char *path, char out[PATH_MAX], struct err *err)
{
	size_t len = 0, n;

	if (*path == '/')
		return err_set(err, CNI_E_DECODE,
			       "entry \"%.200s\": absolute paths are refused",
			       path);
	for (const char *at = path; *at; at += n) {
		n = strcspn(at, "/");
		if (n == 2 && at[0] == '.' && at[1] == '.')
			return err_set(err, CNI_E_DECODE,
				       "entry \"%.200s\": paths with \"..\" "
				       "are refused",
				       path);
		if (len + n + 2 > PATH_MAX || n > NAME_MAX)
			return err_set(err, CNI_E_DECODE,
				       "entry \"%.200s...\": its path is too "
				       "long",
				       path);
		if (n > 0 && !(n == 1 && *at == '.')) {
			if (len > 0)
				out[len++] = '/';
			memcpy(out + len, at, n);
			len += n;
		}
		n += at[n] == '/';
	}
	out[len] = '\0';
	return 0;
}

void place_forget(struct target *target)
{
	if (target->fd >= 0)
		(void)close(take_fd(&target->fd));
}

/* @path, each of its directories that is missing made. */
static int make_dirs(int root, const char *path)
{
	char copy[PATH_MAX];
	int above = open_inside(root, ""), fd = above;
	const char *name;
	size_t len;

	memcpy(copy, path, strlen(path) + 1);
	for (char *at = copy; fd >= 0 && *at; at += len) {
		char end;

		name = at;
		len = strcspn(at, "/");
		end = at[len];
		at[len] = '\0';
		fd = open_inside(root, copy);
		if (fd == -ENOENT) {
			if (mkdirat(above, name, 0755) < 0 && errno != EEXIST)
				fd = -errno;
			else
				fd = open_inside(root, copy);
		}
		at[len] = end;
		len += end == '/';
		(void)close(above);
		above = fd;
	}
	return fd;
}

int place_parent(struct target *target, const char *path, const char **name,
		 struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*name = slash ? slash + 1 : path;
	if (target->fd >= 0 && strncmp(target->parent, path, len) == 0 &&
	    target->parent[len] == '\0')
		return target->fd;
	place_forget(target);
	memcpy(target->parent, path, len);
	target->parent[len] = '\0';
	target->fd = open_inside(target->root, target->parent);
	if (target->fd == -ENOENT)
		target->fd = make_dirs(target->root, target->parent);
	if (target->fd >= 0)
		return target->fd;
	(void)err_sys(err, -target->fd, "entry \"%.200s\": open its directory",
		      path);
	if (target->shared && err->errnum == EXDEV)
		return err_hint(err, "something is mounted there: unpack into "
				     "that directory itself");
	return -err->errnum;
}

int target_finish(struct target *target, struct err *err)
{
	for (size_t i = target->dir_count; i-- > 0;) {
		const struct dir_time *dir = &target->dirs[i];
		const char *name = ".";
		int parent = target->root;

		if (*dir->path)
			parent = place_parent(target, dir->path, &name, err);
		if (parent < 0)
			return parent;
		/* One that a later entry replaced by a file has that's time. */
		if (utimensat(parent, name, dir->times, AT_SYMLINK_NOFOLLOW) <
			    0 &&
		    errno != ENOENT)
			return err_sys(err, errno,
				       "entry \"%.200s\": set its times",
				       dir->path);
	}
	return 0;
}

void target_free(struct target *target)
{
	place_forget(target);
	for (size_t i = 0; i < target->dir_count; i++)
		free(target->dirs[i].path);
	free(target->dirs);
}
