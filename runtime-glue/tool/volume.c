/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes as they are on disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cfg.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "runtime-glue/layers/tree.h"
#include "runtime-glue/tool/volume.h"

#define RECORD      "volume.json"
#define RECORD_MAX  ((size_t)1 << 20)
#define FILLING     "filling" /* there while _data is not whole */
#define DIR_CLOEXEC (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int volumes_open(const struct tool *tool, struct volumes *out, struct err *err)
{
	auto_fd int root = -1;
	int r = 0;

	if (mkdir(tool->root, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make %s", tool->root);
	root = open(tool->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "open %s", tool->root);
	if (mkdirat(root, "volumes", 0711) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make %s/volumes", tool->root);
	out->dir = openat(root, "volumes", DIR_CLOEXEC);
	if (out->dir < 0)
		return err_sys(err, errno, "open %s/volumes", tool->root);
	if (asprintf(&out->path, "%s/volumes", tool->root) < 0) {
		out->path = NULL;
		return err_nomem(err);
	}
	while (flock(out->dir, LOCK_EX) < 0 && r == 0)
		r = errno == EINTR ? 0 : -errno;
	return r < 0 ? err_sys(err, -r, "lock %s", out->path) : 0;
}

void volumes_close(struct volumes *volumes)
{
	auto_fd_release(&volumes->dir);
	volumes->dir = -1;
	free(take_ptr(volumes->path));
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

int volume_check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);
	bool good = len > 1 && len <= 200 && is_alnum(name[0]);

	for (size_t i = 0; good && i < len; i++)
		good = is_alnum(name[i]) || strchr("_.-", name[i]);
	return good ? 0
		    : err_set(err, CNI_E_FIELD,
			      "\"%s\" is no name of a volume: two to 200 "
			      "letters, digits and \"_.-\", a letter or digit "
			      "first; a folder of the host begins with /",
			      name);
}

int volume_random_name(char out[static VOLUME_NAME_BYTES], struct err *err)
{
	unsigned char bytes[32];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(err, EIO, "get random bytes");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int write_record(int dir, const char *name,
			const struct json_object *labels, bool anonymous,
			struct err *err)
{
	auto_json struct json_object *record = json_object_new_object();
	auto_fd int fd = -1;
	time_t now = time(NULL);
	char created[32] = "";
	const char *text;
	struct tm tm;
	int r;

	(void)strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ",
		       gmtime_r(&now, &tm));
	json_object_object_add(record, "name", json_object_new_string(name));
	json_object_object_add(record, "created",
			       json_object_new_string(created));
	json_object_object_add(record, "anonymous",
			       json_object_new_boolean(anonymous));
	json_object_object_add(
		record, "labels",
		labels ? json_object_get(
				 (struct json_object *)(uintptr_t)labels)
		       : json_object_new_object());
	text = record ? json_object_to_json_string_ext(record,
						       JSON_C_TO_STRING_PLAIN)
		      : NULL;
	if (!text)
		return err_nomem(err);
	fd = openat(dir, RECORD, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
	return r < 0 ? err_sys(err, -r, "write the record of volume \"%s\"",
			       name)
		     : 0;
}

/* Made aside and renamed: what has a name is whole. No volume's name can
 * begin with a dot, and the lock is held. */
static int make(const struct volumes *volumes, const char *name,
		const struct json_object *labels, bool anonymous,
		struct err *err)
{
	auto_fd int dir = -1;
	int r = tree_remove(volumes->dir, ".new", err);

	if (r < 0)
		return r;
	if (mkdirat(volumes->dir, ".new", 0711) < 0)
		return err_sys(err, errno, "make %s/.new", volumes->path);
	dir = openat(volumes->dir, ".new", DIR_CLOEXEC);
	if (dir < 0 || mkdirat(dir, "_data", 0755) < 0 ||
	    fchmodat(dir, "_data", 0755, 0) < 0)
		return err_sys(err, errno, "make volume \"%s\"", name);
	r = write_record(dir, name, labels, anonymous, err);
	if (r == 0 && renameat(volumes->dir, ".new", volumes->dir, name) < 0)
		r = err_sys(err, errno, "make volume \"%s\"", name);
	return r;
}

static int open_data(const struct volumes *volumes, const char *name)
{
	auto_fd int dir = openat(volumes->dir, name, DIR_CLOEXEC);
	int data;

	if (dir < 0)
		return -errno;
	data = openat(dir, "_data", DIR_CLOEXEC);
	return data < 0 ? -errno : data;
}

int volume_ensure(const struct volumes *volumes, const char *name,
		  const struct json_object *labels, bool anonymous,
		  struct err *err)
{
	uint64_t start = trace_start();
	int data = open_data(volumes, name);
	int r;

	if (data == -ENOENT) {
		r = make(volumes, name, labels, anonymous, err);
		trace_end(start, r, "file", "make volume %s/%s", volumes->path,
			  name);
		if (r < 0)
			return r;
		data = open_data(volumes, name);
	}
	return data < 0 ? err_sys(err, -data, "open volume \"%s\"", name)
			: data;
}

/* ---- filling ---- */

static int open_in_root(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int is_empty(int dir, bool *empty)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		int r = -errno;

		auto_fd_release(&fd);
		return r;
	}
	*empty = true;
	while ((entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			*empty = false;
	(void)closedir(stream);
	return 0;
}

static int fill(int dir, int data, int from, const char *name, struct err *err)
{
	auto_fd int mark =
		openat(dir, FILLING, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int r;

	if (mark < 0)
		return err_sys(err, errno, "mark volume \"%s\"", name);
	r = tree_copy(from, data, TREE_PLAIN, err);
	if (r < 0)
		return err_in(err, "fill volume \"%s\" from the image", name);
	if (unlinkat(dir, FILLING, 0) < 0)
		return err_sys(err, errno, "unmark volume \"%s\"", name);
	return 0;
}

int volume_fill(const struct volumes *volumes, const char *name, int data,
		int root, const char *path, struct err *err)
{
	auto_fd int dir = openat(volumes->dir, name, DIR_CLOEXEC);
	auto_fd int from = -1;
	bool empty = false;
	int r;

	if (dir < 0)
		return err_sys(err, errno, "open volume \"%s\"", name);
	if (faccessat(dir, FILLING, F_OK, 0) == 0) {
		r = tree_empty(data, name, err);
		if (r < 0)
			return r;
	}
	r = is_empty(data, &empty);
	if (r < 0)
		return err_sys(err, -r, "read volume \"%s\"", name);
	if (!empty)
		return 0;
	from = open_in_root(root, path);
	if (from == -ENOENT || from == -ENOTDIR || from == -ELOOP)
		return 0;
	if (from < 0)
		return err_sys(err, -from, "open %s of the image", path);
	return fill(dir, data, from, name, err);
}

/* ---- reading ---- */

int volume_read(const struct volumes *volumes, const char *name,
		struct json_object **out, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_fd int dir = openat(volumes->dir, name, DIR_CLOEXEC);
	auto_fd int fd = -1;
	int r;

	if (dir < 0 && errno == ENOENT) {
		err_set(err, CNI_E_FIELD, "no volume \"%s\"", name);
		err_hint(err, "runtime-glue volume ls lists those there are");
		return -ENOENT;
	}
	fd = dir < 0 ? -1
		     : openat(dir, RECORD, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : io_read_all(fd, RECORD_MAX, &text);
	if (r < 0)
		return err_sys(err, -r, "read the record of volume \"%s\"",
			       name);
	r = json_parse(strbuf_str(&text), text.len, "volume.json", out, err);
	return r < 0 ? err_in(err, "volume \"%s\"", name) : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void volume_list_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

int volume_list(const struct volumes *volumes, char ***out, size_t *count,
		struct err *err)
{
	int fd = openat(volumes->dir, ".", DIR_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char **names = NULL;
	size_t n = 0;
	bool failed = false;

	if (!dir) {
		auto_fd_release(&fd);
		return err_sys(err, EIO, "read %s", volumes->path);
	}
	while (!failed && (entry = readdir(dir))) {
		char **more;

		if (entry->d_name[0] == '.')
			continue;
		more = realloc(names, (n + 1) * sizeof(*names));
		names = more ? more : names;
		failed = !more || !(names[n] = strdup(entry->d_name));
		n += !failed;
	}
	(void)closedir(dir);
	if (failed) {
		volume_list_free(names, n);
		return err_nomem(err);
	}
	if (n > 0)
		qsort(names, n, sizeof(*names), compare);
	*out = names;
	*count = n;
	return 0;
}
