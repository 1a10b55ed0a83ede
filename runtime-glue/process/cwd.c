/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The working directory, a path of the image's maker: "/proc/self/fd/7" would
 * be a directory of the host if we had one open there (CVE-2024-21626), and
 * "/proc/self/fd/7/x" one that is made there. So magic links are not followed,
 * neither to enter nor to make it, and afterwards the kernel is asked where we
 * are: getcwd(2) says "(unreachable)" of what is not below our root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

#define CWD_MODE 0755

/*
 * Before openat2(2) a symlink on the way is followed by chdir() only, the
 * result of which is verified; below that nothing is made.
 */
static int open_dir(int dir, const char *path)
{
	int fd = process_openat2(dir, path, O_PATH | O_DIRECTORY,
				 RESOLVE_NO_MAGICLINKS);

	if (fd != -ENOSYS)
		return fd;
	fd = openat(dir, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int enter(const char *path)
{
	auto_fd int fd = process_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY,
					 RESOLVE_NO_MAGICLINKS);

	if (fd == -ENOSYS)
		return chdir(path) < 0 ? -errno : 0;
	if (fd < 0)
		return fd;
	return fchdir(fd) < 0 ? -errno : 0;
}

/* One component: the directory *@dir is replaced by the one in it. */
static int descend(int *dir, const char *name)
{
	int next = open_dir(*dir, name);

	if (next == -ENOENT) {
		if (mkdirat(*dir, name, CWD_MODE) < 0 && errno != EEXIST)
			return -errno;
		next = open_dir(*dir, name);
	}
	if (next < 0)
		return next;
	(void)close(*dir);
	*dir = next;
	return 0;
}

static int make(const char *path)
{
	auto_fd int dir = open_dir(AT_FDCWD, "/");
	char name[NAME_MAX + 1];
	int r = dir < 0 ? dir : 0;

	while (r == 0) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 0)
			break;
		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = '\0';
		r = descend(&dir, name);
		path += len;
	}
	return r;
}

int cwd_enter(const char *path, bool make_it, struct err *err)
{
	const uint64_t start = trace_start();
	int r = enter(path);

	if (r == -ENOENT && make_it) {
		r = make(path);
		r = r ?: enter(path);
	}
	trace_end(start, r, "file", "chdir %s", path);
	if (r < 0)
		return err_sys(err, -r, "process.cwd: enter \"%s\"", path);
	return 0;
}

int cwd_verify(const char *path, struct err *err)
{
	char now[PATH_MAX];
	struct stat here, there;

	/* glibc's getcwd() hides what the kernel says. */
	if (syscall(SYS_getcwd, now, sizeof(now)) < 0) {
		if (errno != ENOENT)
			return err_sys(err, errno, "process.cwd: verify \"%s\"",
				       path);
		now[0] = '\0';
	}
	if (now[0] == '/' && stat(".", &here) == 0 && stat(now, &there) == 0 &&
	    (here.st_dev != there.st_dev || here.st_ino != there.st_ino))
		now[0] = '\0';
	if (now[0] == '/')
		return 0;
	return process_fail(err, EPERM,
			    "process.cwd: \"%s\" is outside of the container's "
			    "root",
			    path);
}
