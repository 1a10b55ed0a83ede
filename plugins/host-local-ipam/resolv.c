/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text is copied once, and its words are ended in place. */
#include "plugins/host-local-ipam/resolv.h"

#include <fcntl.h>
#include <string.h>

#include "common/base/io.h"

#define FILE_MAX_BYTES (8U << 20)
#define LINE_MAX_BYTES 65535U /* what the reference's reader can take */

/* What is left of a line: from @at up to @end, which may be written to. */
struct rest {
	char *at, *end;
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word of the line as a string of its own; NULL if there is none. */
static char *next_word(struct rest *line)
{
	char *word;

	while (line->at < line->end && is_space(*line->at))
		line->at++;
	word = line->at;
	while (line->at < line->end && !is_space(*line->at))
		line->at++;
	if (line->at == word)
		return NULL;
	*line->at = '\0';
	if (line->at < line->end)
		line->at++;
	return word;
}

/* The list has room for a power of two, so it is full when it holds one. */
static int strings_add(struct cni_strings *list, const char *text,
		       struct arena *arena, struct err *err)
{
	const char **grown;

	if ((list->count & (list->count - 1)) == 0) {
		grown = arena_array(arena, list->count * 2 ?: 1,
				    sizeof(*grown));
		if (!grown)
			return err_nomem(err);
		for (size_t i = 0; i < list->count; i++)
			grown[i] = list->at[i];
		list->at = grown;
	}
	list->at[list->count++] = text;
	list->present = true;
	return 0;
}

/* Of a line "key value...": every value counts, or only the first one. */
static int parse_line(struct rest line, struct arena *arena,
		      struct cni_dns *out, struct err *err)
{
	const char *key = next_word(&line);
	const char *value = next_word(&line);
	struct cni_strings *list = NULL;
	int r = 0;

	if (!key || !value) /* comments are keys that nobody knows */
		return 0;
	if (strcmp(key, "nameserver") == 0)
		return strings_add(&out->nameservers, value, arena, err);
	if (strcmp(key, "domain") == 0)
		out->domain = value;
	else if (strcmp(key, "search") == 0)
		list = &out->search;
	else if (strcmp(key, "options") == 0)
		list = &out->options;
	for (; r == 0 && list && value; value = next_word(&line))
		r = strings_add(list, value, arena, err);
	return r;
}

int resolv_parse(const char *text, size_t len, struct arena *arena,
		 struct cni_dns *out, struct err *err)
{
	char *copy = arena_alloc(arena, len + 1);
	struct rest line;
	size_t number = 0;
	char *end;
	int r = 0;

	*out = (struct cni_dns){ .domain = NULL };
	if (!copy)
		return err_nomem(err);
	end = copy + len;
	if (len > 0)
		memcpy(copy, text, len);
	if (memchr(copy, '\0', len))
		return err_set(err, CNI_E_CONFIG, "contains a NUL character");
	for (char *at = copy; r == 0 && at < end; at = line.end + 1) {
		number++;
		line.at = at;
		line.end = memchr(at, '\n', (size_t)(end - at)) ?: end;
		if ((size_t)(line.end - at) > LINE_MAX_BYTES)
			return err_set(err, CNI_E_CONFIG,
				       "line %zu is longer than %u bytes",
				       number, LINE_MAX_BYTES);
		r = parse_line(line, arena, out, err);
	}
	return r;
}

/* O_NONBLOCK: opening a FIFO that nobody writes to must not hang the pod. */
int resolv_read(const char *path, struct arena *arena, struct cni_dns *out,
		struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };
	auto_fd int fd = -1;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, errno, "ipam.resolvConf: open \"%s\"",
			       path);
	r = io_read_all(fd, FILE_MAX_BYTES, &text);
	if (r < 0)
		return err_sys(err, -r, "ipam.resolvConf: read \"%s\"", path);
	r = resolv_parse(strbuf_str(&text), text.len, arena, out, err);
	return r < 0 ? err_in(err, "ipam.resolvConf: \"%s\"", path) : 0;
}
