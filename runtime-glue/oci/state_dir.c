/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directories of containers: which are ours, their list, their removal. The
 * lock file goes last, so that what a killed delete leaves is still known as
 * ours.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/trace.h"
#include "runtime-glue/oci/state_parts.h"

#define REMOVE_TRIES 64

bool state_is_id(const char *id)
{
	size_t len = 0;

	for (; id[len]; len++)
		if (!isalnum((unsigned char)id[len]) &&
		    !strchr("_+.-", id[len]))
			return false;
	return len > 0 && len <= 1023 && strcmp(id, ".") != 0 &&
	       strcmp(id, "..") != 0;
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
bool state_is_ours(int dir)
{
	return has_file(dir, "lock") || has_file(dir, "state.json") ||
	       is_empty(dir);
}

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
	below = openat(dir, name, DIR_FLAGS | O_NOFOLLOW | O_CLOEXEC);
	r = below < 0 ? -errno : remove_contents(below, false);
	if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

/* The lock file and the directory: another command may put a lock file back. */
static int remove_dir(const struct state *state)
{
	for (int i = 0; i < REMOVE_TRIES && state_is_current(state); i++) {
		if (unlinkat(state->dir, "lock", 0) < 0 && errno != ENOENT)
			return -errno;
		if (unlinkat(state->root, state->id, AT_REMOVEDIR) == 0)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return errno == ENOENT ? 0 : -errno;
	}
	return state_is_current(state) ? -ENOTEMPTY : 0;
}

int state_remove(struct state *state, struct err *err)
{
	uint64_t start = trace_start();
	int r;

	if (state->dir < 0)
		return 0;
	r = remove_contents(state->dir, true);
	r = r ?: remove_dir(state);
	trace_end(start, r, "file", "remove state directory %s", state->id);
	if (r < 0)
		return err_sys(err, -r, "remove state directory of \"%s\"",
			       state->id);
	state_close_dir(state);
	return 0;
}

static bool is_container(int root, const char *name)
{
	auto_fd int dir =
		state_is_id(name)
			? openat(root, name, DIR_FLAGS | O_NOFOLLOW | O_CLOEXEC)
			: -1;

	return dir >= 0 &&
	       (has_file(dir, "lock") || has_file(dir, "state.json"));
}

struct list {
	size_t count;
	char **names;
};

static int add_name(struct list *list, const char *name)
{
	char **more = reallocarray(list->names, list->count + 1, sizeof(*more));
	char *copy = strdup(name);

	if (more)
		list->names = more;
	if (!more || !copy) {
		free(copy);
		return -ENOMEM;
	}
	list->names[list->count++] = copy;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const char *root, char ***names, size_t *count, struct err *err)
{
	auto_fd int fd = open(root, DIR_FLAGS | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : list_dir(fd);
	struct list list = { .count = 0 };
	const struct dirent *entry;
	int r = dir ? 0 : -errno;

	*names = NULL;
	*count = 0;
	if (r == -ENOENT)
		return 0;
	if (!dir)
		return err_sys(err, -r, "list \"%s\"", root);
	while (r == 0 && (entry = readdir(dir)))
		if (is_container(fd, entry->d_name))
			r = add_name(&list, entry->d_name);
	(void)closedir(dir);
	if (r == 0) {
		if (list.count > 0)
			qsort(list.names, list.count, sizeof(*list.names),
			      by_name);
		*names = list.names;
		*count = list.count;
		return 0;
	}
	while (list.count > 0)
		free(list.names[--list.count]);
	free(list.names);
	return err_nomem(err);
}
