/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing what is no longer wanted, by descriptors and without following
 * symlinks. A tree is flattened instead of descended into: a directory that is
 * too deep moves up to where the removal began, so that an archive's thousand
 * levels need neither a stack nor descriptors.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/store.h"

#define DEEP 32

struct scrap {
	int top;            /* directory that deep ones move to */
	unsigned int moved; /* how many did */
	uint64_t *freed;
};

DEFINE_AUTO(dirp, DIR *, (void)closedir)

static int scrap_one(struct scrap *scrap, int dir, const char *name,
		     unsigned int depth);

static void scrap_count(const struct scrap *scrap, const struct stat *st)
{
	if (scrap->freed && st->st_nlink == 1)
		*scrap->freed += (uint64_t)st->st_blocks * 512;
}

static int scrap_inside(struct scrap *scrap, int dir, unsigned int depth)
{
	AUTO(auto_dirp_release) DIR *list = fdopendir(dir);
	const struct dirent *entry;
	int r = 0;

	if (!list) {
		r = -errno;
		(void)close(dir);
		return r;
	}
	while ((entry = readdir(list)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			r = first_of(scrap_one(scrap, dirfd(list),
					       entry->d_name, depth),
				     r);
	return r;
}

/* Out of the deep; its turn comes when all above it is done. */
static int scrap_lift(struct scrap *scrap, int dir, const char *name)
{
	char to[32];

	(void)snprintf(to, sizeof(to), ".deep-%u", scrap->moved++);
	return renameat(dir, name, scrap->top, to) < 0 ? -errno : 0;
}

static int scrap_one(struct scrap *scrap, int dir, const char *name,
		     unsigned int depth)
{
	struct stat st;
	int r, fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(dir, name, 0) < 0)
			return -errno;
		scrap_count(scrap, &st);
		return 0;
	}
	if (depth >= DEEP)
		return scrap_lift(scrap, dir, name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (scrap->top < 0)
		scrap->top = fd;
	r = scrap_inside(scrap, fcntl(fd, F_DUPFD_CLOEXEC, 3), depth + 1);
	for (unsigned int i = 0; scrap->top == fd && i < scrap->moved; i++) {
		char deep[32];

		(void)snprintf(deep, sizeof(deep), ".deep-%u", i);
		r = first_of(scrap_one(scrap, fd, deep, 1), r);
	}
	(void)close(fd);
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = first_of(-errno, r);
	return r;
}

int image_scrap(int dir, const char *name, uint64_t *freed)
{
	struct scrap scrap = { .top = -1, .freed = freed };

	return scrap_one(&scrap, dir, name, 0);
}
