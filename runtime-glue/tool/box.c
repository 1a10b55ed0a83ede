/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boxes: their records, and new ones. */
#include "runtime-glue/tool/box.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "runtime-glue/tool/box_parts.h"

#define RECORD_MAX (4U << 20)
#define NAME_TRIES 64

void box_close(struct box *box)
{
	if (box->lock >= 0)
		(void)close(box->lock);
	json_object_put(box->record);
	free(box->id);
	free(box->path);
	*box = BOX_NONE;
}

int box_init(const struct tool *tool, const char *id, struct box *out,
	     struct err *err)
{
	*out = BOX_NONE;
	out->id = strdup(id);
	if (!out->id ||
	    asprintf(&out->path, "%s/containers/%s", tool->root, id) < 0)
		return err_nomem(err);
	return 0;
}

/* ---- Records ---- */

static int set(struct json_object *object, const char *key,
	       struct json_object *value, struct err *err)
{
	if (value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

int box_set(struct box *box, const char *key, const char *value,
	    struct err *err)
{
	return set(box->record, key, json_object_new_string(value), err);
}

int box_set_int(struct box *box, const char *key, int64_t value,
		struct err *err)
{
	return set(box->record, key, json_object_new_int64(value), err);
}

const char *box_get(const struct box *box, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(box->record, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}

bool box_is(const struct box *box, const char *status)
{
	return strcmp(box_get(box, "status"), status) == 0;
}

static void time_now(char *out, size_t size)
{
	struct timespec now = { .tv_sec = 0 };
	struct tm tm = { .tm_mday = 1 };
	char day[32] = "";

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out, size, "%s.%09ldZ", day, now.tv_nsec);
}

static int new_record(struct box *box, const char *name, struct err *err)
{
	char now[64];
	int r;

	time_now(now, sizeof(now));
	box->record = json_object_new_object();
	if (!box->record)
		return err_nomem(err);
	r = box_set(box, "id", box->id, err);
	r = r ?: box_set(box, "name", name, err);
	r = r ?: box_set(box, "created", now, err);
	return r ?: box_set(box, "status", "creating", err);
}

/*
 * Whole by rename(2). Not synced: what a power loss may take from it, the
 * things that it names do not outlive either.
 */
int box_save(struct box *box, struct err *err)
{
	auto_strbuf struct strbuf fresh = { .len = 0 }, path = { .len = 0 };
	const char *text = json_object_to_json_string_ext(
		box->record,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	auto_fd int fd = -1;
	int r;

	strbuf_printf(&path, "%s/box.json", box->path);
	strbuf_printf(&fresh, "%s/.box.json", box->path);
	if (path.failed || fresh.failed || !text)
		return err_nomem(err);
	fd = open(fresh.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "write \"%s\"", fresh.data);
	r = io_write_all(fd, text, strlen(text));
	if (r == 0 && rename(fresh.data, path.data) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "write \"%s\"", path.data) : 0;
}

int box_read(struct box *box, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 }, text = { .len = 0 };
	auto_fd int fd = -1;
	int r;

	strbuf_printf(&path, "%s/box.json", box->path);
	if (path.failed)
		return err_nomem(err);
	fd = open(path.data, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open \"%s\"", path.data);
	r = io_read_all(fd, RECORD_MAX, &text);
	if (r < 0)
		return err_sys(err, -r, "read \"%s\"", path.data);
	r = json_parse(strbuf_str(&text), text.len, path.data, &box->record,
		       err);
	if (r == 0 && !json_object_is_type(box->record, json_type_object))
		return err_set(err, CNI_E_DECODE, "\"%s\" is no object",
			       path.data);
	return r;
}

int box_load(const struct tool *tool, const char *id, struct box *out,
	     struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r = box_init(tool, id, out, err);

	if (r < 0 || box_read(out, &why) == 0)
		return r;
	json_object_put(take_ptr(out->record));
	return new_record(out, "", err);
}

/* ---- A new one ---- */

static int random_bytes(void *out, size_t size, struct err *err)
{
	return getrandom(out, size, 0) == (ssize_t)size
		       ? 0
		       : err_sys(err, errno, "getrandom");
}

static int make_id(char id[BOX_ID_LEN + 1], struct err *err)
{
	unsigned char bytes[BOX_ID_LEN / 2];
	int r = random_bytes(bytes, sizeof(bytes), err);

	for (size_t i = 0; r == 0 && i < sizeof(bytes); i++)
		(void)snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return r;
}

/* One that nobody has; with a number where all seem to be taken. */
static int choose_name(int names, char *out, size_t size, struct err *err)
{
	char holder[BOX_ID_LEN + 1] = "x";
	unsigned long long seed;
	int r = 0;

	for (int i = 0; r == 0 && i < NAME_TRIES && *holder; i++) {
		r = random_bytes(&seed, sizeof(seed), err);
		box_make_name(seed, out, size);
		if (i > NAME_TRIES / 2)
			(void)snprintf(out + strlen(out), size - strlen(out),
				       "%llu", seed >> 44);
		r = r ?: box_find_name(names, out, holder, err);
	}
	return r;
}

/* Under the lock on names: who sweeps does not see the steps. */
static int establish(const struct tool *tool, int names, const char *name,
		     struct box *box, struct err *err)
{
	int r = box_mark(tool, box->id, err);

	if (r == 0 && mkdir(box->path, 0711) < 0)
		r = err_sys(err, errno, "make directory \"%s\"", box->path);
	r = r ?: box_try_lock(box->path, &box->lock, err);
	r = r ?: new_record(box, name, err);
	r = r ?: box_save(box, err);
	return r ?: box_claim_name(names, name, box->id, err);
}

static void abandon(const struct tool *tool, int names, const struct box *box)
{
	struct err ignored = { .code = CNI_OK };
	char path[BOX_ID_LEN + 8];

	(void)snprintf(path, sizeof(path), "../%s", box->id);
	if (box_remove_tree(names, path, &ignored) < 0)
		log_warn("%s", ignored.msg);
	box_unmark(tool, box->id);
}

int box_new(const struct tool *tool, const char *name, struct box *out,
	    struct err *err)
{
	char id[BOX_ID_LEN + 1], made_up[64];
	auto_fd int names = -1;
	int r = name ? box_check_name(name, err) : 0;

	*out = BOX_NONE;
	r = r ?: make_id(id, err);
	r = r ?: box_open_names(tool, &names, err);
	if (r == 0 && !name) {
		r = choose_name(names, made_up, sizeof(made_up), err);
		name = made_up;
	}
	r = r ?: box_init(tool, id, out, err);
	if (r < 0)
		return r;
	r = establish(tool, names, name, out, err);
	if (r < 0) {
		abandon(tool, names, out);
		box_close(out);
	}
	return r;
}
