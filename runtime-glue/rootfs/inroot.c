/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk by hand holds a descriptor of every directory between the root and
 * where it is. ".." goes back to the one before, it is never looked up: what is
 * moved in the meantime cannot lead out. A symlink's text is put in front of
 * what is left of the path; a magic link of procfs is only its text here.
 */
#include "runtime-glue/rootfs/inroot.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#define LINKS_MAX 40  /* as the kernel */
#define DEPTH_MAX 256 /* directories, a descriptor each */
#define TRIES     128 /* while others rename directories */

struct walk {
	int root;
	size_t depth;
	int dirs[DEPTH_MAX];
	unsigned int links;
	char todo[PATH_MAX];
};

/* What is wanted at the end of the path. */
struct goal {
	bool make;       /* directories that are missing */
	mode_t dir_mode; /* of these */
	int flags;       /* O_*, for the last component */
	mode_t mode;
};

static void walk_back(struct walk *walk, size_t depth)
{
	while (walk->depth > depth)
		(void)close(walk->dirs[--walk->depth]);
}

static void walk_close(struct walk *walk)
{
	walk_back(walk, 0);
}

static int walk_here(const struct walk *walk)
{
	return walk->depth > 0 ? walk->dirs[walk->depth - 1] : walk->root;
}

/* Cut the first component off what is left; "" when there is none. */
static int walk_next(struct walk *walk, char name[NAME_MAX + 1])
{
	const char *at = walk->todo + strspn(walk->todo, "/");
	size_t len = strcspn(at, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, at, len);
	name[len] = '\0';
	memmove(walk->todo, at + len, strlen(at + len) + 1);
	return 0;
}

static int walk_link(struct walk *walk, int link)
{
	char text[PATH_MAX];
	size_t left = strlen(walk->todo);
	ssize_t len = readlinkat(link, "", text, sizeof(text));

	if (len < 0)
		return -errno;
	if (len == 0)
		return -ENOENT;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if ((size_t)len + left + 2 > sizeof(walk->todo))
		return -ENAMETOOLONG;
	/* What is left is empty, or begins with a slash. */
	memmove(walk->todo + len, walk->todo, left + 1);
	memcpy(walk->todo, text, (size_t)len);
	if (text[0] == '/')
		walk_back(walk, 0);
	return 0;
}

static int open_part(int dir, const char *name, bool make, mode_t mode)
{
	int flags = O_PATH | O_NOFOLLOW;
	int fd = openat(dir, name, flags | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && make) {
		if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
			return -errno;
		fd = openat(dir, name, flags | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

/* The last component, which is no symlink to follow. */
static int open_last(int dir, const char *name, const struct goal *goal)
{
	auto_fd int fd = openat(dir, name, goal->flags | O_NOFOLLOW | O_CLOEXEC,
				goal->mode);
	struct stat st;

	if (fd < 0)
		return -errno;
	/* O_PATH opens a symlink that has just come, too. */
	if (goal->flags & O_PATH && !(goal->flags & O_NOFOLLOW) &&
	    (io_fstat(fd, &st) < 0 || S_ISLNK(st.st_mode)))
		return -ELOOP;
	return take_fd(&fd);
}

/*
 * One component. Returns 0 to go on, 1 when it is the last one and the caller
 * has to open it (by name: it may be missing).
 */
static int walk_step(struct walk *walk, const char *name,
		     const struct goal *goal)
{
	bool last = walk->todo[strspn(walk->todo, "/")] == '\0';
	/* "x/" is a directory, as with any other lookup. */
	bool file = last && walk->todo[0] == '\0' &&
		    !(goal->make && goal->flags & O_DIRECTORY);
	auto_fd int fd = -1;
	struct stat st;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		walk_back(walk, walk->depth > 0 ? walk->depth - 1 : 0);
		return 0;
	}
	fd = open_part(walk_here(walk), name, goal->make && !file,
		       goal->dir_mode);
	if (fd == -ENOENT && file)
		return 1;
	if (fd < 0)
		return fd;
	if (io_fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode) && !(file && goal->flags & O_NOFOLLOW))
		return walk_link(walk, fd);
	if (file)
		return 1;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (walk->depth == DEPTH_MAX)
		return -ENAMETOOLONG;
	walk->dirs[walk->depth++] = take_fd(&fd);
	return 0;
}

static int walk_to(int root, const char *path, const struct goal *goal)
{
	AUTO(walk_close) struct walk walk = { .root = root };
	char name[NAME_MAX + 1];
	int r;

	if (strlen(path) >= sizeof(walk.todo))
		return -ENAMETOOLONG;
	memcpy(walk.todo, path, strlen(path) + 1);
	do {
		r = walk_next(&walk, name);
		if (r < 0)
			return r;
		if (!name[0])
			return open_last(walk_here(&walk), ".", goal);
		r = walk_step(&walk, name, goal);
	} while (r == 0);
	return r < 0 ? r : open_last(walk_here(&walk), name, goal);
}

static int open_in_root(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)((unsigned int)flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	do
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN && ++tries < TRIES);
	return fd < 0 ? -errno : fd;
}

int inroot_open(int root, const char *path, int flags, mode_t mode)
{
	const struct goal goal = { .flags = flags, .mode = mode };
	int fd = open_in_root(root, *path ? path : ".", flags, mode);

	return fd == -ENOSYS ? walk_to(root, path, &goal) : fd;
}

int inroot_mkdirs(int root, const char *path, mode_t mode)
{
	const struct goal goal = {
		.make = true,
		.dir_mode = mode & 07777U,
		.flags = O_PATH | O_DIRECTORY,
	};
	int fd = inroot_open(root, path, goal.flags, 0);

	return fd == -ENOENT ? walk_to(root, path, &goal) : fd;
}

int inroot_make(int root, const char *path, mode_t mode)
{
	const struct goal goal = {
		.make = true,
		.dir_mode = 0755,
		.flags = O_CREAT | O_EXCL | O_WRONLY,
		.mode = mode & 07777U,
	};
	int fd;

	if (S_ISDIR(mode))
		return inroot_mkdirs(root, path, mode);
	fd = inroot_open(root, path, O_PATH, 0);
	if (fd != -ENOENT)
		return fd;
	fd = walk_to(root, path, &goal);
	if (fd < 0 && fd != -EEXIST)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return inroot_open(root, path, O_PATH, 0);
}

int inroot_parent(int root, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	size_t len;

	*name = slash ? slash + 1 : path;
	len = (size_t)(*name - path);
	if (!**name || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
		return -EINVAL;
	if (len >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, len);
	dir[len] = '\0';
	return inroot_mkdirs(root, dir, 0755);
}
