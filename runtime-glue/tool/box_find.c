/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boxes that there are: all, and one by its name or id. */
#include <dirent.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "runtime-glue/tool/box_parts.h"

#define LOCK_MS 2000

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_ids(DIR *list, char ***out, size_t *count, struct err *err)
{
	const struct dirent *entry;
	char **more;

	while ((entry = readdir(list))) {
		if (!box_is_id(entry->d_name))
			continue;
		more = realloc(*out, (*count + 1) * sizeof(**out));
		if (!more)
			return err_nomem(err);
		*out = more;
		more[*count] = strdup(entry->d_name);
		if (!more[*count])
			return err_nomem(err);
		(*count)++;
	}
	if (*count > 0)
		qsort(*out, *count, sizeof(**out), compare);
	return 0;
}

void box_list_free(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

int box_list_dir(const char *above, const char *name, char ***out,
		 size_t *count, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	DIR *list;
	int r;

	*out = NULL;
	*count = 0;
	strbuf_printf(&path, "%s/%s", above, name);
	if (path.failed)
		return err_nomem(err);
	list = opendir(path.data);
	if (!list)
		return errno == ENOENT
			       ? -ENOENT
			       : err_sys(err, errno, "read \"%s\"", path.data);
	r = read_ids(list, out, count, err);
	(void)closedir(list);
	if (r < 0)
		box_list_free(take_ptr(*out), *count);
	return r;
}

int box_list(const struct tool *tool, char ***out, size_t *count,
	     struct err *err)
{
	int r = box_list_dir(tool->root, "containers", out, count, err);

	return r == -ENOENT && !err->code ? 0 : r;
}

static int not_found(const char *reference, struct err *err)
{
	(void)err_set(err, CNI_E_CONTAINER, "no container \"%.200s\"",
		      reference);
	err->errnum = ENOENT;
	return err_hint(err, "runtime-glue ps -a lists those that there are");
}

/* By the start of its id. */
static int find_start(const struct tool *tool, const char *reference,
		      char id[BOX_ID_LEN + 1], struct err *err)
{
	size_t len = strlen(reference), count = 0, found = 0;
	char **list = NULL;
	int r = box_list(tool, &list, &count, err);

	for (size_t i = 0; i < count; i++)
		if (len > 0 && strncmp(list[i], reference, len) == 0) {
			memcpy(id, list[i], BOX_ID_LEN + 1);
			found++;
		}
	box_list_free(list, count);
	if (r < 0 || found == 1)
		return r;
	if (found == 0)
		return not_found(reference, err);
	return err_set(err, CNI_E_FIELD,
		       "%zu containers have ids that begin with \"%s\": give "
		       "more of it",
		       found, reference);
}

static int find(const struct tool *tool, const char *reference,
		char id[BOX_ID_LEN + 1], struct err *err)
{
	struct err ignored = { .code = CNI_OK };
	auto_fd int names = -1;
	int r;

	*id = '\0';
	if (box_check_name(reference, &ignored) == 0) {
		r = box_open_names(tool, &names, err);
		r = r ?: box_find_name(names, reference, id, err);
		if (r < 0 || *id)
			return r;
	}
	return find_start(tool, reference, id, err);
}

/* Others hold it for a moment, to look; `run` as long as it lives. */
static int wait_for_lock(struct box *box, const char *reference,
			 struct err *err)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	int r = box_try_lock(box->path, &box->lock, err);

	for (int ms = 0; r == 0 && box->lock < 0 && ms < LOCK_MS; ms += 10) {
		(void)nanosleep(&pause, NULL);
		r = box_try_lock(box->path, &box->lock, err);
	}
	if (r == -ENOENT) {
		err_clear(err);
		return not_found(reference, err);
	}
	if (r < 0 || box->lock >= 0)
		return r;
	(void)err_set(err, CNI_E_IO, "container \"%s\" is in use", reference);
	return err_hint(err, "if it runs, stop it first: runtime-glue stop %s",
			reference);
}

int box_open(const struct tool *tool, const char *reference, bool locked,
	     struct box *out, struct err *err)
{
	char id[BOX_ID_LEN + 1];
	int r = find(tool, reference, id, err);

	*out = BOX_NONE;
	r = r ?: box_init(tool, id, out, err);
	if (r == 0 && locked)
		r = wait_for_lock(out, reference, err);
	r = r ?: box_read(out, err);
	if (r < 0)
		box_close(out);
	return r;
}
