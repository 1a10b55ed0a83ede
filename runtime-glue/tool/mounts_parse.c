/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * docker's two ways to say what is mounted: -v SOURCE:TARGET:WORDS, and
 * --mount KEY=VALUE,... as a line of comma-separated values, quotes and all.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/oci/cli.h"
#include "runtime-glue/tool/mounts.h"
#include "runtime-glue/tool/volume.h"

/* ---- -v ---- */

static int volume_word(const char *word, struct arena *arena,
		       struct mount_wish *out, struct err *err)
{
	static const char *const plain[] = { "exec",   "noexec", "suid",
					     "nosuid", "dev",    "nodev" };
	/* Labels are an SELinux host's, the others were a Mac's. */
	static const char *const ignored[] = {
		"rw",        "z",    "Z",     "cached", "consistent",
		"delegated", "copy", "rbind", ""
	};

	if (strcmp(word, "ro") == 0) {
		out->read_only = true;
		return 0;
	}
	if (strcmp(word, "nocopy") == 0) {
		out->no_copy = true;
		return 0;
	}
	if (strcmp(word, "bind") == 0) {
		out->not_recursive = true;
		return 0;
	}
	if (mount_is_propagation(word)) {
		out->propagation = word;
		return 0;
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(word, plain[i]) == 0)
			return mount_add_word(out, word, arena, err);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (strcmp(word, ignored[i]) == 0)
			return 0;
	err_set(err, CNI_E_FIELD, "unknown option \"%s\"", word);
	err_hint(err, "there are ro, rw, z, Z, nocopy, bind, rbind, [r]private,"
		      " [r]shared, [r]slave, [no]exec, [no]suid, [no]dev");
	return -EINVAL;
}

static int volume_words(char *words, struct arena *arena,
			struct mount_wish *out, struct err *err)
{
	int r = 0;

	for (char *word; r == 0 && (word = strsep(&words, ","));)
		r = volume_word(word, arena, out, err);
	return r;
}

static int volume_source(const char *source, struct arena *arena,
			 struct mount_wish *out, struct err *err)
{
	if (source[0] != '/' && source[0] != '.') {
		out->source = source;
		return volume_check_name(source, err);
	}
	out->kind = MOUNT_BIND;
	out->create_source = true;
	return mount_host_path(source, arena, &out->source, err);
}

static int parse_volume(char *text, struct arena *arena, struct mount_wish *out,
			struct err *err)
{
	char *parts[3];
	size_t count = 0;
	int r = 0;

	for (char *part; (part = strsep(&text, ":"));) {
		if (count == 3)
			return err_set(err, CNI_E_FIELD, "too many \":\"");
		parts[count++] = part;
	}
	/* "/data:ro" is taken as docker does: a source and no path. */
	if (count > 1)
		r = volume_source(parts[0], arena, out, err);
	r = r ?: mount_clean_target(parts[count > 1], arena, &out->target, err);
	return r ?: volume_words(count == 3 ? parts[2] : NULL, arena, out, err);
}

int mount_parse_volume(const char *text, struct arena *arena,
		       struct mount_wish *out, struct err *err)
{
	char *copy = mount_copy(arena, text, strlen(text));
	int r;

	*out = (struct mount_wish){ .kind = MOUNT_VOLUME,
				    .propagation = "rprivate" };
	if (!copy)
		return err_nomem(err);
	r = parse_volume(copy, arena, out, err);
	if (r == 0 && out->kind == MOUNT_VOLUME &&
	    strcmp(out->propagation, "rprivate") != 0)
		r = err_set(err, CNI_E_FIELD,
			    "\"%s\" is for folders of the host only",
			    out->propagation);
	return r < 0 ? err_in(err, "-v %s", text) : 0;
}

/* ---- --tmpfs ---- */

static int tmpfs_defaults(struct mount_wish *out, struct arena *arena,
			  struct err *err)
{
	int r = mount_add_word(out, "noexec", arena, err);

	r = r ?: mount_add_word(out, "nosuid", arena, err);
	return r ?: mount_add_word(out, "nodev", arena, err);
}

int mount_parse_tmpfs(const char *text, struct arena *arena,
		      struct mount_wish *out, struct err *err)
{
	char *copy = mount_copy(arena, text, strlen(text));
	char *words, *word;
	int r;

	*out = (struct mount_wish){ .kind = MOUNT_TMPFS };
	if (!copy)
		return err_nomem(err);
	words = strchr(copy, ':');
	if (words)
		*words++ = '\0';
	r = mount_clean_target(copy, arena, &out->target, err);
	r = r ?: tmpfs_defaults(out, arena, err);
	while (r == 0 && (word = strsep(&words, ",")))
		if (*word)
			r = mount_add_word(out, word, arena, err);
	return r < 0 ? err_in(err, "--tmpfs %s", text) : 0;
}

/* ---- --mount ---- */

static int mount_type(const char *value, struct mount_wish *out,
		      struct err *err)
{
	if (strcmp(value, "bind") == 0)
		out->kind = MOUNT_BIND;
	else if (strcmp(value, "tmpfs") == 0)
		out->kind = MOUNT_TMPFS;
	else if (strcmp(value, "volume") != 0)
		return err_set(err, CNI_E_FIELD,
			       "type=%s: there are bind, volume and tmpfs",
			       value);
	return 0;
}

static int tmpfs_value(const char *key, const char *value, struct arena *arena,
		       struct mount_wish *out, struct err *err)
{
	int64_t bytes = 0;
	char *word = arena_alloc(arena, 32);
	int r = 0;

	if (!word)
		return err_nomem(err);
	if (strcmp(key, "tmpfs-size") == 0) {
		r = cli_size("tmpfs-size", value, &bytes, err);
		(void)snprintf(word, 32, "size=%lld", (long long)bytes);
	} else {
		if (strlen(value) > 5 || strspn(value, "01234567") == 0 ||
		    value[strspn(value, "01234567")])
			return err_set(err, CNI_E_FIELD,
				       "tmpfs-mode=%s: not an octal mode",
				       value);
		(void)snprintf(word, 32, "mode=%s", value);
	}
	return r ?: mount_add_word(out, word, arena, err);
}

static int volume_label(const char *value, struct mount_wish *out,
			struct err *err)
{
	const char *equals = strchrnul(value, '=');
	char key[256];

	if (!out->labels)
		out->labels = json_object_new_object();
	if (!out->labels)
		return err_nomem(err);
	(void)snprintf(key, sizeof(key), "%.*s", (int)(equals - value), value);
	json_object_object_add(out->labels, key,
			       json_object_new_string(*equals ? equals + 1
							      : ""));
	return 0;
}

static bool is_one_of(const char *key, const char *a, const char *b,
		      const char *c)
{
	return strcmp(key, a) == 0 || strcmp(key, b) == 0 ||
	       strcmp(key, c) == 0;
}

static int mount_field(const char *key, const char *value, struct arena *arena,
		       struct mount_wish *out, struct err *err)
{
	if (strcmp(key, "type") == 0)
		return mount_type(value, out, err);
	if (is_one_of(key, "source", "src", "source")) {
		out->source = value;
		return 0;
	}
	if (is_one_of(key, "target", "destination", "dst"))
		return mount_clean_target(value, arena, &out->target, err);
	if (is_one_of(key, "readonly", "ro", "readonly"))
		return mount_bool(key, value, &out->read_only, err);
	if (strcmp(key, "volume-nocopy") == 0)
		return mount_bool(key, value, &out->no_copy, err);
	if (strcmp(key, "bind-nonrecursive") == 0)
		return mount_bool(key, value, &out->not_recursive, err);
	if (is_one_of(key, "tmpfs-size", "tmpfs-mode", "tmpfs-mode"))
		return tmpfs_value(key, value, arena, out, err);
	if (strcmp(key, "volume-label") == 0)
		return volume_label(value, out, err);
	if (strcmp(key, "consistency") == 0)
		return 0;
	if (strcmp(key, "bind-propagation") == 0) {
		out->propagation = value;
		return mount_is_propagation(value)
			       ? 0
			       : err_set(err, CNI_E_FIELD,
					 "bind-propagation=%s: there are "
					 "[r]private, [r]shared and [r]slave",
					 value);
	}
	err_set(err, CNI_E_FIELD, "unknown key \"%s\"", key);
	err_hint(err, "there are type, source, target, readonly, "
		      "bind-propagation, bind-nonrecursive, volume-nocopy, "
		      "volume-label, tmpfs-size and tmpfs-mode");
	return -EINVAL;
}

/* The next value of the line at *@at, in place, quotes taken out. */
static char *next_value(char **at)
{
	char *start = *at, *in = start, *out = start;
	bool quoted = false;

	for (; *in && (quoted || *in != ','); in++) {
		if (*in != '"')
			*out++ = *in;
		else if (quoted && in[1] == '"')
			*out++ = *in++;
		else
			quoted = !quoted;
	}
	*at = *in ? in + 1 : NULL;
	*out = '\0';
	return start;
}

static int check_mount(const struct mount_wish *wish, struct err *err)
{
	const char *source = wish->source;

	if (!wish->target)
		return err_set(err, CNI_E_FIELD,
			       "target= is missing: where in the container?");
	if (wish->kind == MOUNT_TMPFS && source)
		return err_set(err, CNI_E_FIELD, "a tmpfs has no source");
	if (wish->kind == MOUNT_BIND && (!source || source[0] != '/'))
		return err_set(err, CNI_E_FIELD,
			       "source=%s: a bind needs an absolute path of "
			       "the host",
			       source ? source : "");
	if (wish->kind == MOUNT_VOLUME && source && *source)
		return volume_check_name(source, err);
	return 0;
}

int mount_parse_mount(const char *text, struct arena *arena,
		      struct mount_wish *out, struct err *err)
{
	char *at = mount_copy(arena, text, strlen(text));
	int r = at ? 0 : err_nomem(err);

	*out = (struct mount_wish){ .kind = MOUNT_VOLUME,
				    .propagation = "rprivate" };
	while (r == 0 && at) {
		char *key = next_value(&at);
		char *value = strchr(key, '=');

		if (value)
			*value++ = '\0';
		/* "readonly" alone is true; nothing else is without a value. */
		r = mount_field(key, value ? value : "true", arena, out, err);
	}
	if (r == 0 && out->source && !*out->source)
		out->source = NULL;
	if (r == 0 && out->kind == MOUNT_TMPFS)
		r = tmpfs_defaults(out, arena, err);
	r = r ?: check_mount(out, err);
	return r < 0 ? err_in(err, "--mount %s", text) : 0;
}
