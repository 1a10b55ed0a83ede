/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of one group. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/trace.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define FILE_MAX (1U << 20)

/* The kernel takes a value by one write(2), or not at all. */
static int write_once(int fd, const char *value)
{
	size_t len = strlen(value);
	ssize_t n;

	do
		n = write(fd, value, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int group_put(const struct cgroup_tree *tree, const char *file,
	      const char *value)
{
	uint64_t start = trace_start();
	auto_fd int fd = openat(tree->dir, file,
				O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : write_once(fd, value);

	trace_end(start, r, "cgroup", "write \"%s\" to %s%s/%s", value,
		  tree->mount, tree->path, file);
	return r;
}

int group_failed(const struct cgroup_tree *tree, int r, const char *member,
		 const char *file, const char *value, struct err *err)
{
	return err_sys(err, -r, "linux.resources.%s: write \"%s\" to %s%s/%s",
		       member, value, tree->mount, tree->path, file);
}

int group_set(const struct cgroup_tree *tree, const char *member,
	      const char *file, const char *value, struct err *err)
{
	int r = group_put(tree, file, value);

	return r < 0 ? group_failed(tree, r, member, file, value, err) : 0;
}

int group_set_int(const struct cgroup_tree *tree, const char *member,
		  const char *file, int64_t value, struct err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return group_set(tree, member, file, text, err);
}

int group_set_max(const struct cgroup_tree *tree, const char *member,
		  const char *file, int64_t value, struct err *err)
{
	if (value < 0)
		return group_set(tree, member, file, "max", err);
	return group_set_int(tree, member, file, value, err);
}

int group_line(const struct cgroup_tree *tree, const char *file, char *buf,
	       size_t size)
{
	int r = io_read_small(tree->dir, file, buf, size);

	if (r < 0)
		return r;
	buf[strcspn(buf, "\n")] = '\0';
	return (int)strlen(buf);
}

int group_text(const struct cgroup_tree *tree, const char *file,
	       struct strbuf *out)
{
	auto_fd int fd =
		openat(tree->dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : io_read_all(fd, FILE_MAX, out);
}

static int parse_number(const char *text, uint64_t *out)
{
	char *end;

	if (strcmp(text, "max") == 0) {
		*out = UINT64_MAX;
		return 0;
	}
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno != 0 || end == text ? -EINVAL : 0;
}

int group_number(const struct cgroup_tree *tree, const char *file,
		 uint64_t *out)
{
	char text[64];
	int r = group_line(tree, file, text, sizeof(text));

	return r < 0 ? r : parse_number(text, out);
}

struct field {
	const char *key;
	uint64_t value;
};

static int match_field(char *line, void *ctx)
{
	struct field *field = ctx;
	size_t len = strlen(field->key);

	if (strncmp(line, field->key, len) != 0 || line[len] != ' ')
		return 0;
	return parse_number(line + len + 1, &field->value) ?: 1;
}

int group_field(const struct cgroup_tree *tree, const char *file,
		const char *key, uint64_t *out)
{
	auto_strbuf struct strbuf text = { 0 };
	struct field field = { .key = key };
	int r = group_text(tree, file, &text);

	if (r < 0)
		return r;
	r = text.len > 0 ? each_line(text.data, match_field, &field) : 0;
	if (r == 0)
		return -ENODATA;
	*out = field.value;
	return r < 0 ? r : 0;
}

bool group_has(const struct cgroup_tree *tree, const char *file)
{
	return faccessat(tree->dir, file, F_OK, AT_EACCESS) == 0;
}

bool word_in(const char *list, const char *word, size_t len, char separator)
{
	while (*list) {
		const char *end = strchrnul(list, separator);

		if ((size_t)(end - list) == len && !memcmp(list, word, len))
			return true;
		list = *end ? end + 1 : end;
	}
	return false;
}

int each_line(char *text, line_fn *each, void *ctx)
{
	int r = 0;

	while (r == 0 && *text) {
		char *end = strchrnul(text, '\n');
		bool last = !*end;

		*end = '\0';
		if (*text)
			r = each(text, ctx);
		text = last ? end : end + 1;
	}
	return r;
}

int64_t cgroup_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool cgroup_pause(unsigned int *pause_ns, int64_t until)
{
	struct timespec pause = { .tv_nsec = *pause_ns };

	if (cgroup_now_ns() >= until)
		return false;
	(void)nanosleep(&pause, NULL);
	*pause_ns *= 2;
	if (*pause_ns > RETRY_MAX_NS)
		*pause_ns = RETRY_MAX_NS;
	return true;
}
