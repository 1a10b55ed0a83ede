/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/trace.h"
#include "runtime-glue/image/store_parts.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)

/* What a change may hold and where it goes, what is referred to first. */
static const struct {
	const char *from, *to;
} moves[] = {
	{ "blobs", "blobs/sha256" },
	{ "layers", "layers" },
	{ "images", "images" },
	{ "names", "names" },
};
#define MOVES (sizeof(moves) / sizeof(moves[0]))

static int make_dir(int dir, const char *path, mode_t mode,
		    const struct image_store *store, struct err *err)
{
	if (mkdirat(dir, path, mode) == 0 || errno == EEXIST)
		return 0;
	return err_sys(err, errno, "make %s/%s", store->root, path);
}

/* As mkdir -p; the store's parents are anybody's to read. */
static int make_root(const char *root, struct err *err)
{
	auto_free char *path = strdup(root);

	if (!path)
		return err_nomem(err);
	for (char *at = path + 1;; at++) {
		char end = *at;

		if (end != '/' && end != '\0')
			continue;
		*at = '\0';
		if (mkdir(path, end ? 0755 : 0711) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make %s", path);
		if (!end)
			return 0;
		*at = end;
	}
}

int image_store_open(const char *root, struct image_store *out, struct err *err)
{
	static const char *const dirs[] = { "blobs",  "blobs/sha256", "layers",
					    "images", "names",        "tmp" };
	auto_image_store struct image_store store = IMAGE_STORE_NONE;
	int r = make_root(root, err);

	if (r < 0)
		return r;
	store.root = strdup(root);
	if (!store.root)
		return err_nomem(err);
	store.dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.dir < 0)
		return err_sys(err, errno, "open %s", root);
	for (size_t i = 0; r == 0 && i < sizeof(dirs) / sizeof(*dirs); i++)
		r = make_dir(store.dir, dirs[i],
			     strcmp(dirs[i], "layers") == 0 ? 0711 : 0700,
			     &store, err);
	if (r == 0) {
		*out = store;
		store = IMAGE_STORE_NONE;
	}
	return r;
}

void image_store_close(struct image_store *store)
{
	free(take_ptr(store->root));
	if (store->dir >= 0)
		(void)close(take_fd(&store->dir));
}

int image_lock(const struct image_store *store, bool exclusive, struct err *err)
{
	uint64_t start = trace_start();
	int fd = openat(store->dir, "lock",
			O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return err_sys(err, errno, "open %s/lock", store->root);
	while (flock(fd, exclusive ? LOCK_EX : LOCK_SH) < 0)
		if (errno != EINTR) {
			r = err_sys(err, errno, "lock %s/lock", store->root);
			break;
		}
	trace_end(start, r, "lock", "%s/lock %s", store->root,
		  exclusive ? "exclusive" : "shared");
	if (r == 0)
		return fd;
	(void)close(fd);
	return r;
}

/* ---- What the dead left ---- */

static void sweep_one(const struct image_store *store, int tmp,
		      const char *name)
{
	auto_fd int dir = openat(tmp, name, OPEN_DIR | O_CLOEXEC);
	int r;

	/* A living one's, or one that is being born and not locked yet: its
	 * owner sees that it was removed, and makes another. */
	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0)
		return;
	r = image_scrap(tmp, name, NULL);
	if (r < 0)
		log_warn("remove %s/tmp/%s, which a crash left: %s",
			 store->root, name, err_text(-r));
}

void image_sweep(const struct image_store *store)
{
	int tmp = openat(store->dir, "tmp", OPEN_DIR | O_CLOEXEC);
	const struct dirent *entry;
	DIR *list;

	if (tmp < 0)
		return;
	list = fdopendir(tmp);
	if (!list) {
		(void)close(tmp);
		return;
	}
	while ((entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			sweep_one(store, dirfd(list), entry->d_name);
	(void)closedir(list);
}

/* ---- Changes ---- */

/* Returns 1 if somebody's sweep was faster than our lock. */
static int make_change(struct image_change *change, struct err *err)
{
	struct timespec now;
	struct stat st;
	char path[40];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(change->name, sizeof(change->name), "%x-%lx",
		       (unsigned int)getpid(), (unsigned long)now.tv_nsec);
	(void)snprintf(path, sizeof(path), "tmp/%s", change->name);
	if (mkdirat(change->store->dir, path, 0700) < 0) {
		if (errno == EEXIST)
			return 1;
		return err_sys(err, errno, "make %s/%s", change->store->root,
			       path);
	}
	change->dir = openat(change->store->dir, path, OPEN_DIR | O_CLOEXEC);
	if (change->dir < 0)
		return errno == ENOENT ? 1
				       : err_sys(err, errno, "open %s/%s",
						 change->store->root, path);
	if (flock(change->dir, LOCK_EX | LOCK_NB) == 0 &&
	    io_fstat(change->dir, &st) == 0 && st.st_nlink > 0)
		return 0;
	(void)close(take_fd(&change->dir));
	return 1;
}

int image_change_begin(const struct image_store *store,
		       struct image_change *out, struct err *err)
{
	int r;

	*out = IMAGE_CHANGE_NONE;
	out->store = store;
	out->lock = image_lock(store, false, err);
	if (out->lock < 0)
		return out->lock;
	image_sweep(store);
	do
		r = make_change(out, err);
	while (r > 0);
	for (size_t i = 0; r == 0 && i < MOVES; i++)
		if (mkdirat(out->dir, moves[i].from, 0700) < 0)
			r = err_sys(err, errno, "make %s/tmp/%s/%s",
				    store->root, out->name, moves[i].from);
	if (r < 0)
		image_change_abort(out);
	return r;
}

void image_change_abort(struct image_change *change)
{
	int tmp;

	if (change->dir >= 0) {
		tmp = openat(change->store->dir, "tmp", OPEN_DIR | O_CLOEXEC);
		if (tmp >= 0) {
			(void)image_scrap(tmp, change->name, NULL);
			(void)close(tmp);
		}
		(void)close(take_fd(&change->dir));
	}
	if (change->lock >= 0)
		(void)close(take_fd(&change->lock));
}

/* What another made meanwhile is as good: it has the same digest. */
static int move_one(int from, int to, const char *name)
{
	if (renameat(from, name, to, name) == 0)
		return 0;
	return errno == EEXIST || errno == ENOTEMPTY ? 0 : -errno;
}

static int move_all(const struct image_change *change, size_t which,
		    struct err *err)
{
	auto_fd int to = openat(change->store->dir, moves[which].to,
				OPEN_DIR | O_CLOEXEC);
	int from = openat(change->dir, moves[which].from, OPEN_DIR | O_CLOEXEC);
	DIR *list = from < 0 ? NULL : fdopendir(from);
	const struct dirent *entry;
	int r = 0;

	if (!list || to < 0) {
		r = err_sys(err, errno, "open %s/%s", change->store->root,
			    moves[which].to);
		if (list)
			(void)closedir(list);
		else if (from >= 0)
			(void)close(from);
		return r;
	}
	while (r == 0 && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			r = move_one(dirfd(list), to, entry->d_name);
	(void)closedir(list);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, -r, "move to %s/%s", change->store->root,
			       moves[which].to);
	return 0;
}

int image_change_commit(struct image_change *change, struct err *err)
{
	uint64_t start = trace_start();
	int r = 0;

	if (syncfs(change->store->dir) < 0)
		r = err_sys(err, errno, "write %s to the disk",
			    change->store->root);
	for (size_t i = 0; r == 0 && i < MOVES; i++)
		r = move_all(change, i, err);
	trace_end(start, r, "file", "commit a change of %s",
		  change->store->root);
	image_change_abort(change);
	return r;
}
