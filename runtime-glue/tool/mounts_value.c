/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values in mount options. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/tool/mounts.h"

void mount_wish_free(struct mount_wish *wish)
{
	json_object_put(wish->labels);
	wish->labels = NULL;
}

char *mount_copy(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

int mount_add_word(struct mount_wish *wish, const char *word,
		   struct arena *arena, struct err *err)
{
	const char **more =
		arena_array(arena, wish->word_count + 2, sizeof(*more));

	if (!more)
		return err_nomem(err);
	if (wish->word_count > 0)
		memcpy(more, wish->words, wish->word_count * sizeof(*more));
	more[wish->word_count++] = word;
	wish->words = more;
	return 0;
}

bool mount_is_propagation(const char *word)
{
	static const char *const words[] = { "private", "rprivate", "shared",
					     "rshared", "slave",    "rslave" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

int mount_bool(const char *key, const char *text, bool *out, struct err *err)
{
	*out = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
	if (*out || strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
		return 0;
	return err_set(err, CNI_E_FIELD, "%s=%s: neither true nor false", key,
		       text);
}

/* The parts of @path but "" and "."; ".." takes one back. */
static void clean(const char *path, char *out)
{
	size_t len = 0;

	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && out[--len] != '/')
				;
		} else if (part > 0 && !(part == 1 && path[0] == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, part);
			len += part;
		}
		path += part + (path[part] == '/');
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
}

int mount_clean_target(const char *path, struct arena *arena, const char **out,
		       struct err *err)
{
	char *cleaned;

	if (path[0] != '/')
		return err_set(err, CNI_E_FIELD,
			       "\"%s\": a path in the container is absolute",
			       path);
	cleaned = arena_alloc(arena, strlen(path) + 2);
	if (!cleaned)
		return err_nomem(err);
	clean(path, cleaned);
	if (strcmp(cleaned, "/") == 0)
		return err_set(err, CNI_E_FIELD,
			       "\"%s\": nothing can be mounted on the "
			       "container's root",
			       path);
	*out = cleaned;
	return 0;
}

int mount_host_path(const char *text, struct arena *arena, const char **out,
		    struct err *err)
{
	auto_free char *cwd = NULL;
	char *path;
	size_t size;

	if (text[0] == '/') {
		*out = text;
		return 0;
	}
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return err_sys(err, errno, "get the working directory");
	size = strlen(cwd) + strlen(text) + 2;
	path = arena_alloc(arena, size);
	if (!path)
		return err_nomem(err);
	(void)snprintf(path, size, "%s/%s", cwd, text);
	*out = path;
	return 0;
}
