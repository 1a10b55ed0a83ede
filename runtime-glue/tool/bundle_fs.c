/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts: docker's defaults, then the box's files and what the user asked for,
 * parents before what is in them. A mount of the user's stands in for a default
 * at the same place; over /dev, for all that is there.
 */
#include <string.h>
#include <unistd.h>

#include "runtime-glue/tool/bundle_parts.h"

#define SAFE     "\"nosuid\",\"noexec\",\"nodev\""
#define SHM_SIZE (INT64_C(64) << 20)

#define MOUNT(dest, type, source, options)               \
	"{\"destination\":\"" dest "\",\"type\":\"" type \
	"\",\"source\":\"" source "\",\"options\":[" options "]}"

static const char *const first_mounts[] = {
	MOUNT("/proc", "proc", "proc", SAFE),
	MOUNT("/dev", "tmpfs", "tmpfs",
	      "\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\""),
	MOUNT("/dev/pts", "devpts", "devpts",
	      "\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\","
	      "\"mode=0620\",\"gid=5\""),
	NULL,
};

static const char *const sys_mounts[] = {
	MOUNT("/sys", "sysfs", "sysfs", SAFE ",\"ro\""),
	MOUNT("/sys/fs/cgroup", "cgroup", "cgroup",
	      SAFE ",\"relatime\",\"ro\""),
	NULL,
};

static const char *const open_sys_mounts[] = {
	MOUNT("/sys", "sysfs", "sysfs", SAFE ",\"rw\""),
	MOUNT("/sys/fs/cgroup", "cgroup", "cgroup",
	      SAFE ",\"relatime\",\"rw\""),
	NULL,
};

/* The host's, which may lack them. */
static const struct {
	const char *path, *mount;
} host_ipc[] = {
	{ "/dev/mqueue",
	  MOUNT("/dev/mqueue", "bind", "/dev/mqueue", "\"rbind\"," SAFE) },
	{ "/dev/shm",
	  MOUNT("/dev/shm", "bind", "/dev/shm", "\"rbind\"," SAFE) },
};

static int add(struct json_object *mounts, const char *text, struct err *err)
{
	struct json_object *mount = NULL;
	int r = bundle_json(text, &mount, err);

	return r ?: bundle_push(mounts, mount, err);
}

static int add_all(struct json_object *mounts, const char *const *texts,
		   struct err *err)
{
	int r = 0;

	for (; r == 0 && *texts; texts++)
		r = add(mounts, *texts, err);
	return r;
}

static int add_host_ipc(struct bundle *b, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(host_ipc) / sizeof(*host_ipc); i++)
		if (r == 0 && access(host_ipc[i].path, F_OK) == 0)
			r = add(b->mounts, host_ipc[i].mount, err);
	return r;
}

static int add_shm(struct bundle *b, int64_t size, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_printf(&text,
		      MOUNT("/dev/shm", "tmpfs", "shm",
			    SAFE ",\"mode=1777\",\"size=%jd\""),
		      (intmax_t)size);
	return text.failed ? err_nomem(err) : add(b->mounts, text.data, err);
}

/* Made by box_shm_mount(), where another container can find it. */
static int add_shareable(struct bundle *b, int64_t size, struct err *err)
{
	static const char *const options[] = { "bind", "nosuid", "noexec",
					       "nodev", NULL };
	auto_strbuf struct strbuf path = { .len = 0 };
	struct json_object *mount = json_object_new_object();
	int r = bundle_push(b->mounts, mount, err);

	strbuf_printf(&path, "%s/shm", b->box->path);
	if (path.failed)
		return first_of(err_nomem(err), r);
	r = r ?: bundle_put_text(mount, "destination", "/dev/shm", err);
	r = r ?: bundle_put_text(mount, "type", "bind", err);
	r = r ?: bundle_put_text(mount, "source", path.data, err);
	r = r ?: bundle_put_texts(mount, "options", options, err);
	r = r ?: bundle_put_text(b->box->record, "shm", path.data, err);
	return r ?: bundle_put_number(b->box->record, "shmSize", size, err);
}

static int add_ipc(struct bundle *b, struct err *err)
{
	const char *ipc = b->options->ipc ?: "";
	const char *size_text = b->options->shm_size;
	int64_t size = SHM_SIZE;
	int r = 0;

	if (size_text)
		r = cli_size("--shm-size", size_text, &size, err);
	if (r == 0 && size == 0)
		r = err_set(err, CNI_E_FIELD,
			    "--shm-size: \"%s\" is not more than 0", size_text);
	if (r < 0)
		return r;
	if (strcmp(ipc, "host") == 0)
		return add_host_ipc(b, err);
	r = add(b->mounts, MOUNT("/dev/mqueue", "mqueue", "mqueue", SAFE), err);
	/* Another's /dev/shm came with its namespace. */
	if (bundle_starts(ipc, "container:"))
		return r;
	if (r == 0 && b->box && strcmp(ipc, "shareable") == 0)
		return add_shareable(b, size, err);
	return r ?: add_shm(b, size, err);
}

static int add_file(struct json_object *mounts, const char *dir,
		    const char *name, const char *to, struct err *err)
{
	static const char *const options[] = { "rbind", "rprivate", NULL };
	auto_strbuf struct strbuf source = { .len = 0 };
	struct json_object *mount = json_object_new_object();
	int r = bundle_push(mounts, mount, err);

	strbuf_printf(&source, "%s/%s", dir, name);
	if (source.failed)
		return first_of(err_nomem(err), r);
	r = r ?: bundle_put_text(mount, "destination", to, err);
	r = r ?: bundle_put_text(mount, "type", "bind", err);
	r = r ?: bundle_put_text(mount, "source", source.data, err);
	return r ?: bundle_put_texts(mount, "options", options, err);
}

static int add_init(struct bundle *b, struct err *err)
{
	struct json_object *mount, *options;
	size_t count = json_object_array_length(b->mounts);
	int r = add_file(b->mounts, b->box->path, "init", BUNDLE_INIT, err);

	mount = json_object_array_get_idx(b->mounts, count);
	r = r ?: bundle_array(mount, "options", &options, err);
	r = r ?: bundle_push_text(options, "ro", err);
	r = r ?: bundle_push_text(options, "nosuid", err);
	return r ?: bundle_push_text(options, "nodev", err);
}

static const char *destination(const struct json_object *mount)
{
	return bundle_text(mount, "destination") ?: "";
}

/* Whether one of @mounts is at @at, or over all of /dev. */
static bool stands_in(const struct json_object *mounts, const char *at)
{
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		const char *to =
			destination(json_object_array_get_idx(mounts, i));

		if (strcmp(to, at) == 0 ||
		    (strcmp(to, "/dev") == 0 && bundle_starts(at, "/dev/")))
			return true;
	}
	return false;
}

static void drop_overridden(struct json_object *mounts,
			    const struct json_object *asked)
{
	for (size_t i = json_object_array_length(mounts); i-- > 0;)
		if (stands_in(asked, destination(json_object_array_get_idx(
					     mounts, i))))
			(void)json_object_array_del_idx(mounts, i, 1);
}

static size_t depth(const struct json_object *mount)
{
	size_t count = 0;

	for (const char *at = destination(mount); *at; at++)
		count += at[0] == '/' && at[1] && at[1] != '/';
	return count;
}

/* Stable: a few dozen, by insertion. */
static int push_by_depth(struct json_object *mounts, struct json_object *asked,
			 struct err *err)
{
	size_t most = 0;
	int r = 0;

	for (size_t i = 0; i < json_object_array_length(asked); i++) {
		size_t d = depth(json_object_array_get_idx(asked, i));

		most = d > most ? d : most;
	}
	for (size_t d = 0; d <= most; d++)
		for (size_t i = 0;
		     r == 0 && i < json_object_array_length(asked); i++) {
			struct json_object *mount =
				json_object_array_get_idx(asked, i);

			if (depth(mount) == d)
				r = bundle_push(mounts, json_object_get(mount),
						err);
		}
	return r;
}

/* Mounts that propagate need a root that does. */
static int put_propagation(struct bundle *b, const struct json_object *asked,
			   struct err *err)
{
	const char *found = NULL;

	for (size_t i = 0; i < json_object_array_length(asked); i++) {
		struct json_object *options = NULL;
		const struct json_object *mount =
			json_object_array_get_idx(asked, i);

		if (!json_object_object_get_ex(mount, "options", &options))
			continue;
		for (size_t j = 0; j < json_object_array_length(options); j++) {
			const char *word =
				json_object_get_string(
					json_object_array_get_idx(options, j))
					?: "";

			if (strcmp(word, "shared") == 0 ||
			    strcmp(word, "rshared") == 0)
				found = "shared";
			else if (!found && (strcmp(word, "slave") == 0 ||
					    strcmp(word, "rslave") == 0))
				found = "slave";
		}
	}
	return found ? bundle_put_text(b->linux_, "rootfsPropagation", found,
				       err)
		     : 0;
}

static int add_files(struct bundle *b, struct json_object *asked,
		     struct err *err)
{
	static const char *const files[][2] = {
		{ "resolv.conf", "/etc/resolv.conf" },
		{ "hostname", "/etc/hostname" },
		{ "hosts", "/etc/hosts" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < 3; i++)
		if (!stands_in(asked, files[i][1]))
			r = add_file(asked, b->box->path, files[i][0],
				     files[i][1], err);
	return r;
}

int bundle_fs(struct bundle *b, struct err *err)
{
	auto_json struct json_object *asked = json_object_new_array();
	int r = asked ? 0 : err_nomem(err);

	r = r ?: add_all(b->mounts, first_mounts, err);
	r = r ?: add_ipc(b, err);
	r = r
		    ?: add_all(b->mounts,
			       b->options->privileged ? open_sys_mounts
						      : sys_mounts,
			       err);
	r = r ?: bundle_namespaces(b, err);
	if (!b->box)
		return r;
	r = r
		    ?: bundle_mounts(b->tool, b->options, b->image, b->box,
				     asked, err);
	if (r < 0)
		return r;
	drop_overridden(b->mounts, asked);
	r = put_propagation(b, asked, err);
	r = r ?: add_files(b, asked, err);
	r = r ?: push_by_depth(b->mounts, asked, err);
	if (r == 0 && b->options->init)
		r = add_init(b, err);
	return r;
}
