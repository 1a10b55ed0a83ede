/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state.json and config.json, read and written. Files are written beside and
 * renamed: a reader, who does not lock, sees the old or the new one. They are
 * not fsync()ed: ROOT is a tmpfs, and after a power loss there is no container
 * to remember; a broken file reads as a half-made container.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cfg.h"
#include "common/base/io.h"
#include "common/base/json.h"
#include "common/base/jsonw.h"
#include "common/base/trace.h"
#include "runtime-glue/oci/state_parts.h"

static int read_file(int dir, const char *name, struct strbuf *out)
{
	auto_fd int fd = openat(dir, name,
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : io_read_all(fd, JSON_MAX_BYTES, out);
}

static int write_new(int dir, const char *name, const char *text, size_t len)
{
	/* What a killed writer left is in the way of O_EXCL, and not ours. */
	(void)unlinkat(dir, name, 0);

	auto_fd int fd =
		openat(dir, name,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);

	return fd < 0 ? -errno : io_write_all(fd, text, len);
}

static int replace_file(int dir, const char *name, const char *text, size_t len)
{
	char fresh[32] = ".";
	uint64_t start = trace_start();
	int r;

	(void)strncat(fresh, name, 16);
	(void)strncat(fresh, ".new", 8);
	r = write_new(dir, fresh, text, len);
	if (r == 0 && renameat(dir, fresh, dir, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, fresh, 0);
	trace_end(start, r, "file", "write state %s", name);
	return r;
}

/* ---- state.json ---- */

static void add_text(struct json_object *json, const char *key,
		     const char *text, bool *failed)
{
	struct json_object *value = text ? json_object_new_string(text) : NULL;

	if (text && (!value || json_object_object_add(json, key, value) < 0))
		*failed = true;
}

static void add(struct json_object *json, const char *key,
		struct json_object *value, bool *failed)
{
	if (!value || json_object_object_add(json, key, value) < 0)
		*failed = true;
}

static struct json_object *to_json(const struct state *state)
{
	auto_json struct json_object *json = json_object_new_object();
	bool failed = !json;

	if (failed)
		return NULL;
	add_text(json, "id", state->id, &failed);
	add_text(json, "bundle", state->bundle, &failed);
	add_text(json, "rootfs", state->rootfs, &failed);
	add_text(json, "ociVersion", state->oci_version, &failed);
	add_text(json, "created", state->created, &failed);
	add(json, "owner", json_object_new_int64(state->owner), &failed);
	add(json, "pid", json_object_new_int64(state->pid), &failed);
	add(json, "startTime", json_object_new_uint64(state->start_time),
	    &failed);
	add(json, "sharedPidns", json_object_new_boolean(state->shared_pidns),
	    &failed);
	add(json, "intelRdt", json_object_new_boolean(state->intel_rdt),
	    &failed);
	add(json, "ownKeyring", json_object_new_boolean(state->own_keyring),
	    &failed);
	if (state->annotations)
		add(json, "annotations", json_object_get(state->annotations),
		    &failed);
	if (state->cgroups)
		add(json, "cgroups", json_object_get(state->cgroups), &failed);
	return failed ? NULL : take_ptr(json);
}

int state_save(const struct state *state, struct err *err)
{
	auto_json struct json_object *json = to_json(state);
	const char *text = NULL;
	size_t len = 0;
	int r;

	if (json)
		text = json_object_to_json_string_length(
			json,
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
			&len);
	if (!text)
		return err_nomem(err);
	r = replace_file(state->dir, "state.json", text, len);
	return r < 0 ? err_sys(err, -r, "write state.json of container \"%s\"",
			       state->id)
		     : 0;
}

static int get_text(const struct cfg *at, const char *key, char **out,
		    struct err *err)
{
	const char *text = NULL;
	int r = cfg_string_or(at, key, NULL, &text, err);

	if (r < 0 || !text)
		return r;
	*out = strdup(text);
	return *out ? 0 : err_nomem(err);
}

static int get_object(const struct cfg *at, const char *key,
		      struct json_object **out, struct err *err)
{
	struct cfg child;
	int r = cfg_child_or_none(at, key, json_type_object, &child, err);

	*out = r == 0 ? json_object_get(child.json) : NULL;
	return r;
}

static int get_numbers(const struct cfg *at, struct state *out, struct err *err)
{
	static const struct cfg_bounds pids = { 0, INT32_MAX };
	static const struct cfg_bounds uids = { 0, UINT32_MAX };
	static const struct cfg_bounds times = { 0, INT64_MAX - 1 };
	int64_t pid = 0, owner = 0, start = 0;
	int r;

	r = cfg_int_or(at, "pid", 0, pids, &pid, err);
	r = r ?: cfg_int_or(at, "owner", 0, uids, &owner, err);
	r = r ?: cfg_int_or(at, "startTime", 0, times, &start, err);
	r = r ?: cfg_bool_or(at, "sharedPidns", false, &out->shared_pidns, err);
	r = r ?: cfg_bool_or(at, "intelRdt", false, &out->intel_rdt, err);
	r = r ?: cfg_bool_or(at, "ownKeyring", false, &out->own_keyring, err);
	if (r < 0)
		return r;
	out->pid = (pid_t)pid;
	out->owner = (uid_t)owner;
	out->start_time = (uint64_t)start;
	return 0;
}

bool state_read(struct state *out)
{
	auto_strbuf struct strbuf text = { 0 };
	auto_json struct json_object *json = NULL;
	struct err err = { .code = CNI_OK };
	struct cfg root;
	int r;

	if (read_file(out->dir, "state.json", &text) < 0 || text.len == 0 ||
	    json_parse(text.data, text.len, "state.json", &json, &err) < 0)
		return false;
	root = cfg_root(json);
	r = get_text(&root, "bundle", &out->bundle, &err);
	r = r ?: get_text(&root, "rootfs", &out->rootfs, &err);
	r = r ?: get_text(&root, "ociVersion", &out->oci_version, &err);
	r = r ?: get_text(&root, "created", &out->created, &err);
	r = r ?: get_object(&root, "annotations", &out->annotations, &err);
	r = r ?: get_object(&root, "cgroups", &out->cgroups, &err);
	r = r ?: get_numbers(&root, out, &err);
	return r == 0;
}

/* ---- config.json ---- */

int state_keep_config(const struct state *state, const char *text, size_t len,
		      struct err *err)
{
	int r = replace_file(state->dir, "config.json", text, len);

	return r < 0 ? err_sys(err, -r, "keep config.json of container \"%s\"",
			       state->id)
		     : 0;
}

int state_read_config(const struct state *state, struct strbuf *out,
		      struct err *err)
{
	int r = state->dir < 0 ? -ENOENT
			       : read_file(state->dir, "config.json", out);

	return r < 0 ? err_sys(err, -r, "read config.json of container \"%s\"",
			       state->id)
		     : 0;
}

int state_load_spec(const struct state *state, struct spec_doc *doc,
		    struct err *err)
{
	auto_strbuf struct strbuf text = { 0 };
	int r;

	memset(doc, 0, sizeof(*doc));
	r = state_read_config(state, &text, err);
	if (r < 0)
		return r;
	r = spec_parse(strbuf_str(&text), text.len, doc, err);
	return r < 0 ? err_in(err, "config.json of container \"%s\"", state->id)
		     : 0;
}

/* ---- for hooks and callers ---- */

static void print_annotations(const struct state *state, struct jsonw *w)
{
	const struct lh_entry *entry;

	if (!state->annotations)
		return;
	jsonw_open(w, "annotations", '{');
	for (entry = json_object_get_object(state->annotations)->head; entry;
	     entry = entry->next)
		jsonw_string(w, lh_entry_k(entry),
			     json_object_get_string(lh_entry_v(entry)) ?: "");
	jsonw_close(w, '}');
}

void state_print(const struct state *state, enum status status, bool full,
		 struct strbuf *out)
{
	struct jsonw w = { .out = out, .compact = !full };
	bool alive = status != STATUS_STOPPED;
	char owner[256];

	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "ociVersion", state->oci_version ?: "1.0.0");
	jsonw_string(&w, "id", state->id);
	if (alive || full)
		jsonw_int(&w, "pid", alive ? state->pid : 0);
	jsonw_string(&w, "status", status_name(status));
	jsonw_string(&w, "bundle", state->bundle ?: "");
	if (full) {
		jsonw_string(&w, "rootfs", state->rootfs ?: "");
		jsonw_string(&w, "created", state->created ?: "");
	}
	print_annotations(state, &w);
	if (full) {
		state_user(state->owner, owner, sizeof(owner));
		jsonw_string(&w, "owner", owner);
	}
	jsonw_close(&w, '}');
}
