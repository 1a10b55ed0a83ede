/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --device: devices of the host, and the rules that let them be used. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime-glue/tool/bundle_parts.h"

#define DEPTH_MAX 8

/* One to copy: from, to, what may be done with it. */
struct device {
	const char *from, *to, *access;
};

static int put_device(struct json_object *list, const struct device *device,
		      const struct stat *st, struct err *err)
{
	struct json_object *item = json_object_new_object();
	int r = bundle_push(list, item, err);

	r = r ?: bundle_put_text(item, "path", device->to, err);
	r = r
		    ?: bundle_put_text(item, "type",
				       S_ISBLK(st->st_mode) ? "b" : "c", err);
	r = r ?: bundle_put_number(item, "major", major(st->st_rdev), err);
	r = r ?: bundle_put_number(item, "minor", minor(st->st_rdev), err);
	r = r ?: bundle_put_number(item, "fileMode", st->st_mode & 0777U, err);
	r = r ?: bundle_put_number(item, "uid", st->st_uid, err);
	return r ?: bundle_put_number(item, "gid", st->st_gid, err);
}

static int put_rule(struct json_object *rules, const struct device *device,
		    const struct stat *st, struct err *err)
{
	struct json_object *item = json_object_new_object();
	int r = bundle_push(rules, item, err);

	r = r ?: bundle_put_true(item, "allow", err);
	r = r
		    ?: bundle_put_text(item, "type",
				       S_ISBLK(st->st_mode) ? "b" : "c", err);
	r = r ?: bundle_put_number(item, "major", major(st->st_rdev), err);
	r = r ?: bundle_put_number(item, "minor", minor(st->st_rdev), err);
	return r ?: bundle_put_text(item, "access", device->access, err);
}

static int add_device(struct bundle *b, const struct device *device,
		      const struct stat *st, struct err *err)
{
	struct json_object *list, *rules;
	int r = bundle_array(b->linux_, "devices", &list, err);

	r = r ?: bundle_array(b->resources, "devices", &rules, err);
	r = r ?: put_device(list, device, st, err);
	/* With --privileged one rule allows all. */
	if (b->options->privileged)
		return r;
	return r ?: put_rule(rules, device, st, err);
}

/* What the container has its own of. */
static bool is_own(const char *name)
{
	static const char *const own[] = { "pts",    "shm",     "fd",
					   "mqueue", "ptmx",    "init",
					   "core",   "console", "stdin",
					   "stdout", "stderr" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strcmp(name, own[i]) == 0)
			return true;
	return name[0] == '.';
}

static int walk(struct bundle *b, const struct device *device, int depth,
		struct err *err);

/* What is no device, and what has gone in the meantime, is passed over. */
static int walk_entry(struct bundle *b, const struct device *dir,
		      const char *name, int depth, struct err *err)
{
	struct strbuf from = { .len = 0 }, to = { .len = 0 };
	struct device device = { .access = dir->access };
	struct stat st;
	int r = 0;

	strbuf_printf(&from, "%s/%s", dir->from, name);
	strbuf_printf(&to, "%s/%s", dir->to, name);
	device.from = strbuf_str(&from);
	device.to = strbuf_str(&to);
	if (from.failed || to.failed)
		r = err_nomem(err);
	else if (lstat(device.from, &st) < 0)
		r = 0;
	else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		r = walk(b, &device, depth + 1, err);
	else if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
		r = add_device(b, &device, &st, err);
	strbuf_free(&from);
	strbuf_free(&to);
	return r;
}

static int walk(struct bundle *b, const struct device *device, int depth,
		struct err *err)
{
	DIR *dir = opendir(device->from);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return depth > 0 ? 0
				 : err_sys(err, errno, "--device: open \"%s\"",
					   device->from);
	while (r == 0 && (entry = readdir(dir)))
		if (!is_own(entry->d_name))
			r = walk_entry(b, device, entry->d_name, depth, err);
	(void)closedir(dir);
	return r;
}

int bundle_device_tree(struct bundle *b, const char *dir, const char *to,
		       const char *access, struct err *err)
{
	const struct device device = { .from = dir,
				       .to = to,
				       .access = access };

	return walk(b, &device, 0, err);
}

/* Some of r, w and m, each once. */
static bool is_access(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 3 && strspn(text, "rwm") == len &&
	       (len < 2 || text[0] != text[1]) &&
	       (len < 3 || (text[0] != text[2] && text[1] != text[2]));
}

static int refuse(const char *text, const char *why, struct err *err)
{
	return err_set(err, CNI_E_FIELD,
		       "--device: \"%s\" %s: it is HOST[:PATH[:rwm]]", text,
		       why);
}

/* "HOST", "HOST:PATH", "HOST:rwm", "HOST:PATH:rwm" */
static int split(struct bundle *b, const char *text, struct device *out,
		 struct err *err)
{
	char *copy = bundle_copy(b, text, strlen(text));
	char *parts[3] = { copy };
	size_t count = 1;

	if (!copy)
		return err_nomem(err);
	for (char *at = copy; *at; at++) {
		if (*at != ':')
			continue;
		if (count == 3)
			return refuse(text, "has too many parts", err);
		*at = '\0';
		parts[count++] = at + 1;
	}
	*out = (struct device){ parts[0], parts[0], "rwm" };
	if (count == 2 && is_access(parts[1]))
		out->access = parts[1];
	else if (count > 1)
		out->to = parts[1];
	if (count == 3)
		out->access = parts[2];
	if (*out->from != '/' || *out->to != '/')
		return refuse(text, "has no absolute path", err);
	if (!is_access(out->access))
		return refuse(text, "ends in no access of r, w and m", err);
	return 0;
}

static int add_option(struct bundle *b, const char *text, struct err *err)
{
	struct device device;
	struct stat st;
	int r = split(b, text, &device, err);

	if (r < 0)
		return r;
	if (stat(device.from, &st) < 0)
		return err_sys(err, errno, "--device: \"%s\"", device.from);
	if (S_ISDIR(st.st_mode))
		return bundle_device_tree(b, device.from, device.to,
					  device.access, err);
	if (!S_ISBLK(st.st_mode) && !S_ISCHR(st.st_mode))
		return refuse(text, "is no device", err);
	return add_device(b, &device, &st, err);
}

int bundle_devices(struct bundle *b, struct err *err)
{
	struct json_object *rules, *all;
	int r = bundle_array(b->resources, "devices", &rules, err);

	r = r
		    ?: bundle_json(
			       b->options->privileged
				       ? "{\"allow\":true,\"access\":\"rwm\"}"
				       : "{\"allow\":false,\"access\":\"rwm\"}",
			       &all, err);
	r = r ?: bundle_push(rules, all, err);
	if (r == 0 && b->options->privileged)
		r = bundle_device_tree(b, "/dev", "/dev", "rwm", err);
	for (size_t i = 0; r == 0 && i < b->options->device.count; i++)
		r = add_option(b, b->options->device.at[i], err);
	return r;
}
