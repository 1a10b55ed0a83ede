/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container as inspect shows it: its record, and what the engine and the
 * bundle know beside it.
 */
#include <errno.h>
#include <fcntl.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/json.h"
#include "common/base/strbuf.h"
#include "runtime-glue/tool/box.h"
#include "runtime-glue/tool/image_show.h"

static int put(struct json_object *at, const char *key,
	       struct json_object *value, struct err *err)
{
	if (value && json_object_object_add(at, key, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

static int put_path(struct json_object *at, const char *key,
		    const struct box *box, const char *name, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };

	strbuf_printf(&path, "%s%s", box->path, name);
	if (path.failed)
		return err_nomem(err);
	return put(at, key, json_object_new_string(path.data), err);
}

/* Where its files are: those of the image are in the folders of "lower". */
static int put_paths(struct json_object *at, const struct box *box,
		     struct err *err)
{
	int r = put_path(at, "bundle", box, "", err);

	if (r < 0 || !*box_get(box, "imageId"))
		return r;
	r = put_path(at, "upper", box, "/diff", err);
	return r ?: put_path(at, "merged", box, "/merged", err);
}

static int put_pid(const struct tool *tool, struct json_object *at,
		   const struct box *box, struct err *err)
{
	pid_t pid = 0;
	int r = box_pid(tool, box, &pid, err);

	return r ?: put(at, "pid", json_object_new_int(pid), err);
}

/* Of the configuration what a user chose; it is there to be read as a whole. */
static int put_chosen(struct json_object *at, struct json_object *config,
		      struct err *err)
{
	static const struct {
		const char *part, *key, *name;
	} shown[] = {
		{ "process", "user", "user" },
		{ "process", "cwd", "workdir" },
		{ "process", "env", "env" },
		{ "process", "terminal", "tty" },
		{ "root", "readonly", "readOnly" },
		{ "linux", "resources", "resources" },
		{ "linux", "namespaces", "namespaces" },
	};
	struct json_object *part, *value;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(shown) / sizeof(*shown); i++)
		if (json_object_object_get_ex(config, shown[i].part, &part) &&
		    json_object_object_get_ex(part, shown[i].key, &value))
			r = put(at, shown[i].name, json_object_get(value), err);
	if (r == 0 && json_object_object_get_ex(config, "mounts", &value))
		r = put(at, "mounts", json_object_get(value), err);
	return r;
}

/* One that is being made has no configuration yet. */
static int put_config(struct json_object *at, const struct box *box,
		      struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 }, text = { .len = 0 };
	auto_json struct json_object *config = NULL;
	auto_fd int fd = -1;
	int r;

	strbuf_printf(&path, "%s/config.json", box->path);
	if (path.failed)
		return err_nomem(err);
	fd = open(path.data, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "open \"%s\"", path.data);
	r = io_read_all(fd, JSON_MAX_BYTES, &text);
	if (r < 0)
		return err_sys(err, -r, "read \"%s\"", path.data);
	r = json_parse(strbuf_str(&text), text.len, path.data, &config, err);
	return r ?: put_chosen(at, config, err);
}

int inspect_box(const struct tool *tool, const char *name,
		struct json_object **out, struct err *err)
{
	auto_box struct box box = BOX_NONE;
	auto_json struct json_object *found = NULL;
	int r = box_open(tool, name, false, &box, err);

	if (r < 0)
		return r;
	if (json_object_deep_copy(box.record, &found, NULL) < 0)
		return err_nomem(err);
	r = put_paths(found, &box, err);
	r = r ?: put_pid(tool, found, &box, err);
	r = r ?: put_config(found, &box, err);
	if (r == 0)
		*out = take_ptr(found);
	return r;
}
