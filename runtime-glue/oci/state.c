/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of a container: claimed, found, locked, removed.
 *
 * Who locks looks afterwards whether the directory still has its name: a
 * delete may have been first. Who removes takes the lock file away last, so
 * that what a killed delete leaves is still known as ours.
 */
#include "runtime-glue/oci/state.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/trace.h"

#define CLAIM_TRIES 16
#define DIR_FLAGS   (O_PATH | O_DIRECTORY | O_CLOEXEC)

static bool is_id(const char *id)
{
	size_t len = 0;

	for (; id[len]; len++)
		if (!isalnum((unsigned char)id[len]) &&
		    !strchr("_+.-", id[len]))
			return false;
	return len > 0 && len <= 1023 && strcmp(id, ".") != 0 &&
	       strcmp(id, "..") != 0;
}

int state_check_id(const char *id, struct err *err)
{
	if (is_id(id))
		return 0;
	return err_set(err, CNI_E_FIELD,
		       "container id \"%.80s\": must be 1 to 1023 of "
		       "A-Z a-z 0-9 _ + - .",
		       id);
}

/* ROOT, made if missing: itself for its owner only, parents for all. */
static int make_root(const char *root, struct err *err)
{
	char path[PATH_MAX];
	size_t len = strlen(root);

	if (len == 0 || len >= sizeof(path))
		return err_set(err, CNI_E_FIELD, "--root \"%.80s\": no path",
			       root);
	memcpy(path, root, len + 1);
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make directory \"%s\"",
				       path);
		*at = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make directory \"%s\"", path);
	return 0;
}

static int take_lock(int fd)
{
	uint64_t start = trace_start();
	int r;

	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	r = r < 0 ? -errno : 0;
	trace_end(start, r, "lock", "container");
	return r;
}

/* Whether ROOT/ID is still the directory that we have open. */
static bool is_current(const struct state *state)
{
	struct stat ours, named;

	return fstatat(state->dir, "", &ours, AT_EMPTY_PATH) == 0 &&
	       fstatat(state->root, state->id, &named, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/*
 * Open and lock the lock file; -ENOENT: the directory went away meanwhile.
 * @flags: O_EXCL for the creator, who must be the first in it.
 */
static int lock_dir(struct state *state, int flags, struct err *err)
{
	auto_fd int fd =
		openat(state->dir, "lock",
		       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
	int r = fd < 0 ? -errno : take_lock(fd);

	if (r == 0 && !is_current(state))
		r = -ENOENT;
	if (r == -ENOENT || r == -EEXIST)
		return r;
	if (r < 0)
		return err_sys(err, -r, "lock container \"%s\"", state->id);
	state->lock = take_fd(&fd);
	return 0;
}

static int open_dir(struct state *state)
{
	state->dir = openat(state->root, state->id, DIR_FLAGS | O_NOFOLLOW);
	return state->dir < 0 ? -errno : 0;
}

static int open_root(const char *root, const char *id, struct state *out,
		     struct err *err)
{
	*out = STATE_NONE;
	out->id = strdup(id);
	if (!out->id)
		return err_nomem(err);
	out->root = open(root, DIR_FLAGS);
	return out->root < 0 ? -errno : 0;
}

static void close_dir(struct state *state)
{
	if (state->lock >= 0) {
		(void)flock(state->lock, LOCK_UN);
		(void)close(take_fd(&state->lock));
	}
	if (state->dir >= 0)
		(void)close(take_fd(&state->dir));
}

/* One try: -EAGAIN if somebody's delete came between. */
static int try_claim(struct state *state, struct err *err)
{
	uint64_t start = trace_start();
	int r = mkdirat(state->root, state->id, 0711) < 0 ? -errno : 0;

	trace_end(start, r, "file", "make state directory %s", state->id);
	if (r == -EEXIST) {
		(void)err_set(err, CNI_E_FIELD,
			      "container \"%s\" already exists", state->id);
		err->errnum = EEXIST;
		return -EEXIST;
	}
	if (r < 0)
		return err_sys(err, -r, "make state directory \"%s\"",
			       state->id);
	/* Whatever the umask. The container's user goes through it. */
	r = open_dir(state);
	if (r == 0 && fchmodat(state->root, state->id, 0711, 0) < 0)
		r = -errno;
	r = r ?: lock_dir(state, O_EXCL, err);
	if (r == -ENOENT || r == -EEXIST) {
		close_dir(state);
		return -EAGAIN;
	}
	return r < 0 && !err->code
		       ? err_sys(err, -r, "open state directory \"%s\"",
				 state->id)
		       : r;
}

int state_claim(const char *root, const char *id, struct state *out,
		struct err *err)
{
	int r;

	*out = STATE_NONE;
	r = state_check_id(id, err);
	r = r ?: make_root(root, err);
	if (r < 0)
		return r;
	r = open_root(root, id, out, err);
	if (r < 0)
		return err->code ? r : err_sys(err, -r, "open \"%s\"", root);
	r = -EAGAIN;
	for (int i = 0; r == -EAGAIN && i < CLAIM_TRIES; i++)
		r = try_claim(out, err);
	out->owner = geteuid();
	return r == -EAGAIN ? err_sys(err, EAGAIN, "claim container \"%s\"", id)
			    : r;
}

static bool has_file(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

static DIR *list_dir(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list && fd >= 0)
		(void)close(fd);
	return list;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static bool is_empty(int dir)
{
	DIR *list = list_dir(dir);
	const struct dirent *entry;
	bool empty = list != NULL;

	while (list && empty && (entry = readdir(list)))
		empty = is_dots(entry->d_name);
	if (list)
		(void)closedir(list);
	return empty;
}

/* Empty: a create was killed between its first two system calls. */
static bool is_ours(int dir)
{
	return has_file(dir, "lock") || has_file(dir, "state.json") ||
	       is_empty(dir);
}

static int not_there(const char *id, struct err *err)
{
	(void)err_set(err, CNI_E_CONTAINER, "container \"%s\" does not exist",
		      id);
	err->errnum = ENOENT;
	return -ENOENT;
}

int state_open(const char *root, const char *id, bool lock, struct state *out,
	       struct err *err)
{
	int r;

	*out = STATE_NONE;
	r = state_check_id(id, err);
	if (r < 0)
		return r;
	r = open_root(root, id, out, err);
	r = r ?: open_dir(out);
	if (r == 0 && !is_ours(out->dir))
		r = -ENOENT;
	if (r == 0 && lock)
		r = lock_dir(out, 0, err);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return not_there(id, err);
	if (r < 0)
		return err->code ? r
				 : err_sys(err, -r, "open \"%s/%s\"", root, id);
	(void)state_read(out);
	return 0;
}

/* ---- removal and the list ---- */

static int remove_entry(int dir, const char *name);

static int remove_contents(int dir, bool spare_lock)
{
	DIR *list = list_dir(dir);
	const struct dirent *entry;
	int r = list ? 0 : -errno;

	while (list && (entry = readdir(list))) {
		if (is_dots(entry->d_name) ||
		    (spare_lock && strcmp(entry->d_name, "lock") == 0))
			continue;
		r = first_of(remove_entry(dir, entry->d_name), r);
	}
	if (list)
		(void)closedir(list);
	return r;
}

/* A file, or a directory with what is in it. Mount points are busy. */
static int remove_entry(int dir, const char *name)
{
	auto_fd int below = -1;
	int r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	below = openat(dir, name, DIR_FLAGS | O_NOFOLLOW);
	r = below < 0 ? -errno : remove_contents(below, false);
	if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int state_remove(struct state *state, struct err *err)
{
	uint64_t start = trace_start();
	int r;

	if (state->dir < 0)
		return 0;
	r = remove_contents(state->dir, true);
	if (r == 0 && unlinkat(state->dir, "lock", 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && is_current(state) &&
	    unlinkat(state->root, state->id, AT_REMOVEDIR) < 0 &&
	    errno != ENOENT)
		r = -errno;
	trace_end(start, r, "file", "remove state directory %s", state->id);
	if (r < 0)
		return err_sys(err, -r, "remove state directory of \"%s\"",
			       state->id);
	close_dir(state);
	return 0;
}

static bool is_container(int root, const char *name)
{
	auto_fd int dir =
		is_id(name) ? openat(root, name, DIR_FLAGS | O_NOFOLLOW) : -1;

	return dir >= 0 &&
	       (has_file(dir, "lock") || has_file(dir, "state.json"));
}

static int add_name(char ***names, size_t *count, const char *name)
{
	char **more = reallocarray(*names, *count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*names = more;
	more[*count] = strdup(name);
	if (!more[*count])
		return -ENOMEM;
	(*count)++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const char *root, char ***names, size_t *count, struct err *err)
{
	auto_fd int fd = open(root, DIR_FLAGS);
	DIR *list = fd < 0 ? NULL : list_dir(fd);
	const struct dirent *entry;
	int r = list ? 0 : -errno;

	*names = NULL;
	*count = 0;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_sys(err, -r, "list \"%s\"", root);
	while (r == 0 && (entry = readdir(list)))
		if (is_container(fd, entry->d_name))
			r = add_name(names, count, entry->d_name);
	(void)closedir(list);
	if (*count > 0)
		qsort(*names, *count, sizeof(**names), by_name);
	if (r == 0)
		return 0;
	while (*count > 0)
		free((*names)[--*count]);
	free(take_ptr(*names));
	return err_nomem(err);
}

void state_close(struct state *state)
{
	close_dir(state);
	if (state->root >= 0)
		(void)close(state->root);
	free(state->id);
	free(state->bundle);
	free(state->rootfs);
	free(state->oci_version);
	free(state->created);
	json_object_put(state->annotations);
	json_object_put(state->cgroups);
	*state = STATE_NONE;
}
