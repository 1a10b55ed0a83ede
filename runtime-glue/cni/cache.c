/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/cni/cache.h"

#include <string.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "common/cni/request.h"
#include "runtime-glue/cni/cache_parts.h"

int cache_key_check(const struct cache_key *key, struct err *err)
{
	int r = cni_check_network_name(key->network, err);

	r = r ?: cni_check_container_id(key->container_id, err);
	return r ?: cni_check_ifname(key->ifname, err);
}

static int entry_name(const struct cache_key *key, char **out, struct err *err)
{
	*out = NULL;
	return asprintf(out, "%s-%s-%s", key->network, key->container_id,
			key->ifname) < 0
		       ? err_nomem(err)
		       : 0;
}

static int make_folders(const char *dir, struct err *err)
{
	auto_free char *path = strdup(dir);

	if (!path)
		return err_nomem(err);
	for (char *at = path + 1;; at++) {
		const char was = *at;

		if (was != '/' && was)
			continue;
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder \"%s\"", path);
		*at = was;
		if (!was)
			return 0;
	}
}

int cache_open(const struct chain_runtime *runtime, bool make, int *out,
	       struct err *err)
{
	auto_free char *path = NULL;
	int r = 0;

	*out = -1;
	if (asprintf(&path, "%s/results", runtime->cache_dir) < 0)
		return err_nomem(err);
	if (make)
		r = make_folders(path, err);
	if (r < 0)
		return r;
	*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out < 0 && (make || errno != ENOENT))
		return err_sys(err, errno, "open folder \"%s\"", path);
	return 0;
}

int cache_load(int dir, const char *name, struct json_object **out,
	       struct err *err)
{
	auto_fd int fd = openat(dir, name,
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
					O_NOCTTY);
	auto_strbuf struct strbuf text = { .len = 0 };
	struct stat st;
	int r;

	*out = NULL;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || io_fstat(fd, &st) < 0)
		return err_sys(err, errno, "open cache entry \"%s\"", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, CNI_E_IO,
			       "cache entry \"%s\" is no regular file", name);
	r = io_read_all(fd, JSON_MAX_BYTES, &text);
	if (r < 0)
		return err_sys(err, -r, "read cache entry \"%s\"", name);
	r = json_parse(strbuf_str(&text), text.len, "cache entry", out, err);
	if (r < 0)
		return err_in(err, "\"%s\"", name);
	if (json_object_is_type(*out, json_type_object))
		return 0;
	json_object_put(*out);
	*out = NULL;
	return err_set(err, CNI_E_DECODE, "cache entry \"%s\" is no object",
		       name);
}

static int put_text(struct json_object *object, const char *key,
		    const char *value)
{
	return cache_put(object, key, json_object_new_string(value));
}

/* Of libcni before 0.7: only the result. */
static int adopt(const struct cache_key *key, struct json_object **entry,
		 struct err *err)
{
	auto_json struct json_object *adopted = json_object_new_object();
	int r;

	if (!adopted)
		return err_nomem(err);
	r = put_text(adopted, "containerId", key->container_id);
	r = r ?: put_text(adopted, "ifName", key->ifname);
	r = r ?: put_text(adopted, "networkName", key->network);
	r = r ?: cache_put(adopted, "result", json_object_get(*entry));
	if (r < 0)
		return err_nomem(err);
	json_object_put(*entry);
	*entry = take_ptr(adopted);
	return 0;
}

static bool is_of(const struct json_object *entry, const struct cache_key *key)
{
	return strcmp(cache_text(entry, "networkName"), key->network) == 0 &&
	       strcmp(cache_text(entry, "containerId"), key->container_id) ==
		       0 &&
	       strcmp(cache_text(entry, "ifName"), key->ifname) == 0;
}

int cache_read(const struct chain_runtime *runtime, const struct cache_key *key,
	       struct json_object **out, struct err *err)
{
	auto_json struct json_object *entry = NULL;
	auto_free char *name = NULL;
	auto_fd int dir = -1;
	int r;

	*out = NULL;
	r = cache_key_check(key, err);
	r = r ?: entry_name(key, &name, err);
	r = r ?: cache_open(runtime, false, &dir, err);
	if (r < 0 || dir < 0)
		return r;
	r = cache_load(dir, name, &entry, err);
	if (r == 0 && entry && !json_object_object_get(entry, "kind"))
		r = adopt(key, &entry, err);
	if (r < 0 || !entry)
		return r;
	if (!is_of(entry, key)) {
		(void)err_set(err, CNI_E_IO,
			      "cache entry \"%s\" is that of network \"%s\", "
			      "container \"%s\", interface \"%s\"",
			      name, cache_text(entry, "networkName"),
			      cache_text(entry, "containerId"),
			      cache_text(entry, "ifName"));
		(void)err_hint(err, "use another container ID");
		err->errnum = EEXIST;
		return -EEXIST;
	}
	*out = take_ptr(entry);
	return 0;
}

/* By a file beside it, which has no network's name. */
static int replace(int dir, const char *name, const char *text, size_t len,
		   struct err *err)
{
	char temp[64];
	int fd;
	int r;

	(void)snprintf(temp, sizeof(temp), ".new-%d-%d", getpid(), gettid());
	(void)unlinkat(dir, temp, 0);
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "write cache entry \"%s\"", name);
	r = io_write_all(fd, text, len);
	if (close(fd) < 0)
		r = r ?: -errno;
	if (r == 0 && renameat(dir, temp, dir, name) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlinkat(dir, temp, 0);
	return err_sys(err, -r, "write cache entry \"%s\"", name);
}

int cache_write(const struct chain_runtime *runtime, const struct netlist *list,
		const struct chain_attachment *attachment,
		struct json_object *result, struct err *err)
{
	const struct cache_key key = { list->name, attachment->container_id,
				       attachment->ifname };
	auto_json struct json_object *entry = NULL;
	auto_free char *name = NULL;
	auto_fd int dir = -1;
	const char *text;
	size_t len = 0;
	int r;

	r = cache_key_check(&key, err);
	r = r ?: entry_name(&key, &name, err);
	r = r ?: cache_build(list, attachment, result, &entry, err);
	r = r ?: cache_open(runtime, true, &dir, err);
	if (r < 0)
		return r;
	text = json_object_to_json_string_length(
		entry, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
		&len);
	return text ? replace(dir, name, text, len, err) : err_nomem(err);
}

int cache_remove(const struct chain_runtime *runtime,
		 const struct cache_key *key, struct err *err)
{
	auto_free char *name = NULL;
	auto_fd int dir = -1;
	int r;

	r = cache_key_check(key, err);
	r = r ?: entry_name(key, &name, err);
	r = r ?: cache_open(runtime, false, &dir, err);
	if (r < 0 || dir < 0)
		return r;
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove cache entry \"%s\"", name);
	return 0;
}
