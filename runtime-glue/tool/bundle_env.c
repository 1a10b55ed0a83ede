/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The environment, later ones over earlier: defaults, the image's, --env-file,
 * --env. A variable keeps the place of its first mention. A name without a
 * value is taken from our environment; where that has none, it goes, which is
 * how docker lets one drop a variable of the image's.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/io.h"
#include "runtime-glue/tool/bundle_parts.h"

#define FILE_MAX_BYTES (1U << 20)

#define VARIABLES_MAX 16384 /* each is compared with all */

#define PATH_DEFAULT \
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct env {
	struct json_object *array;
};

/* Where NAME (of "NAME" or "NAME=...") is; the length if nowhere. */
static size_t place_of(const struct env *env, const char *name, size_t len)
{
	size_t count = json_object_array_length(env->array), i;

	for (i = 0; i < count; i++) {
		const char *at = json_object_get_string(
			json_object_array_get_idx(env->array, i));

		if (strncmp(at, name, len) == 0 && at[len] == '=')
			break;
	}
	return i;
}

/* @text: "NAME=VALUE". */
static int set(struct env *env, const char *text, struct err *err)
{
	size_t at = place_of(env, text, strcspn(text, "="));
	struct json_object *value;

	if (at >= VARIABLES_MAX)
		return err_set(err, CNI_E_FIELD,
			       "there are more than %d variables of the "
			       "environment",
			       VARIABLES_MAX);
	value = json_object_new_string(text);
	if (value && json_object_array_put_idx(env->array, at, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

static int set_format(struct env *env, const char *name, const char *value,
		      struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_printf(&text, "%s=%s", name, value);
	return text.failed ? err_nomem(err) : set(env, text.data, err);
}

static void drop(struct env *env, const char *name)
{
	size_t at = place_of(env, name, strlen(name));

	if (at < json_object_array_length(env->array))
		(void)json_object_array_del_idx(env->array, at, 1);
}

/* "NAME=VALUE" or "NAME". @what: where it was said. */
static int set_word(struct env *env, const char *what, const char *text,
		    struct err *err)
{
	const char *here;

	if (!*text || *text == '=')
		return err_set(err, CNI_E_FIELD, "%s: \"%s\" has no name", what,
			       text);
	if (strchr(text, '='))
		return set(env, text, err);
	here = getenv(text);
	if (here)
		return set_format(env, text, here, err);
	drop(env, text);
	return 0;
}

static int set_image(struct bundle *b, struct env *env, struct err *err)
{
	struct cfg root, config, list;
	const char *text = NULL;
	int r = bundle_image_config(b, &root, &config, err);

	r = r ?: cfg_child_or_none(&config, "Env", json_type_array, &list, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_string_at(&list, i, &text, err);
		/* An image does not look into our environment. */
		if (r == 0 && *text != '=' && strchr(text, '='))
			r = set(env, text, err);
	}
	return r;
}

/* One line, without its end; an option -e without the quoting of a shell. */
static int set_line(struct env *env, const char *file, size_t number,
		    char *line, struct err *err)
{
	auto_strbuf struct strbuf what = { .len = 0 };
	size_t name;

	line += strspn(line, " \t\v\f\r");
	if (!*line || *line == '#')
		return 0;
	strbuf_printf(&what, "--env-file: %s, line %zu", file, number);
	if (what.failed)
		return err_nomem(err);
	name = strcspn(line, "=");
	if (strcspn(line, " \t") < name)
		return err_set(err, CNI_E_FIELD,
			       "%s: \"%.*s\" has a space in its name",
			       what.data, (int)name, line);
	return set_word(env, what.data, line, err);
}

static int set_file(struct env *env, const char *file, struct err *err)
{
	auto_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
	auto_strbuf struct strbuf text = { .len = 0 };
	char *line, *end;
	size_t number = 0;
	int r = 0;

	if (fd < 0)
		return err_sys(err, errno, "--env-file: open \"%s\"", file);
	r = io_read_all(fd, FILE_MAX_BYTES, &text);
	if (r < 0)
		return err_sys(err, -r, "--env-file: read \"%s\"", file);
	if (memchr(strbuf_str(&text), '\0', text.len))
		return err_set(err, CNI_E_FIELD,
			       "--env-file: \"%s\" has a NUL byte: is it text?",
			       file);
	line = text.data;
	if (line && bundle_starts(line, "\xef\xbb\xbf"))
		line += 3;
	for (; r == 0 && line && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (*line && end > line && line[strlen(line) - 1] == '\r')
			line[strlen(line) - 1] = '\0';
		r = set_line(env, file, ++number, line, err);
	}
	return r;
}

int bundle_env(struct bundle *b, struct err *err)
{
	const struct run_options *options = b->options;
	const char *hostname = NULL;
	struct env env;
	int r = bundle_array(b->process, "env", &env.array, err);

	r = r ?: set(&env, PATH_DEFAULT, err);
	r = r ?: bundle_hostname(b, &hostname, err);
	r = r ?: set_format(&env, "HOSTNAME", hostname, err);
	if (r == 0 && options->tty)
		r = set(&env, "TERM=xterm", err);
	r = r ?: set_image(b, &env, err);
	for (size_t i = 0; r == 0 && i < options->env_file.count; i++)
		r = set_file(&env, options->env_file.at[i], err);
	for (size_t i = 0; r == 0 && i < options->env.count; i++)
		r = set_word(&env, "--env", options->env.at[i], err);
	if (r == 0 &&
	    place_of(&env, "HOME", 4) == json_object_array_length(env.array))
		r = set_format(&env, "HOME", b->home ?: "/", err);
	return r;
}
