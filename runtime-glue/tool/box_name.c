/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of boxes: which are good, who has them, new ones. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "runtime-glue/tool/box_parts.h"

#define NAME_LEN_MAX 128

bool box_is_id(const char *text)
{
	return strlen(text) == BOX_ID_LEN &&
	       strspn(text, "0123456789abcdef") == BOX_ID_LEN;
}

int box_check_name(const char *name, struct err *err)
{
	bool good = isalnum((unsigned char)name[0]) != 0;

	for (const char *at = name; good && *at; at++)
		good = isalnum((unsigned char)*at) || strchr("_.-", *at);
	if (good && strlen(name) <= NAME_LEN_MAX && !box_is_id(name))
		return 0;
	return err_set(err, CNI_E_FIELD,
		       "--name: \"%.200s\": a name has up to %d letters, "
		       "digits, '_', '.' and '-', and begins with a letter or "
		       "digit",
		       name, NAME_LEN_MAX);
}

int box_open_names(const struct tool *tool, int *out, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	int r;

	strbuf_printf(&path, "%s/containers/.names", tool->root);
	if (path.failed)
		return err_nomem(err);
	*out = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out < 0 && errno == ENOENT) {
		r = box_make_dirs(path.data, 0711, err);
		if (r < 0)
			return r;
		*out = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (*out < 0)
		return err_sys(err, errno, "open \"%s\"", path.data);
	do
		r = flock(*out, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return 0;
	(void)err_sys(err, errno, "lock \"%s\"", path.data);
	(void)close(take_fd(out));
	return -err->errnum;
}

int box_find_name(int names, const char *name, char id[BOX_ID_LEN + 1],
		  struct err *err)
{
	char path[BOX_ID_LEN + 8];
	struct stat st;
	ssize_t n = readlinkat(names, name, id, BOX_ID_LEN + 1);

	if (n < 0 && errno != ENOENT && errno != EINVAL)
		return err_sys(err, errno, "look up the name \"%s\"", name);
	id[n == BOX_ID_LEN ? n : 0] = '\0';
	if (!*id)
		return 0;
	(void)snprintf(path, sizeof(path), "../%s", id);
	if (!box_is_id(id) || fstatat(names, path, &st, 0) < 0)
		*id = '\0';
	return 0;
}

int box_claim_name(int names, const char *name, const char *id, struct err *err)
{
	char holder[BOX_ID_LEN + 1];
	int r = box_find_name(names, name, holder, err);

	if (r < 0)
		return r;
	if (*holder) {
		(void)err_set(err, CNI_E_FIELD,
			      "the name \"%s\" is taken by container %.12s",
			      name, holder);
		return err_hint(err,
				"remove that with runtime-glue rm %s, or "
				"choose another name",
				name);
	}
	(void)unlinkat(names, name, 0);
	return symlinkat(id, names, name) < 0
		       ? err_sys(err, errno, "take the name \"%s\"", name)
		       : 0;
}

void box_drop_name(int names, const char *name, const char *id)
{
	char holder[BOX_ID_LEN + 1];
	ssize_t n = readlinkat(names, name, holder, sizeof(holder));

	if (n == BOX_ID_LEN && memcmp(holder, id, BOX_ID_LEN) == 0)
		(void)unlinkat(names, name, 0);
}

void box_make_name(unsigned long long seed, char *out, size_t size)
{
	static const char *const how[] = {
		"amber",  "brisk",  "calm",   "dapper", "eager", "fluffy",
		"gentle", "hasty",  "idle",   "jolly",  "keen",  "lively",
		"mellow", "nimble", "orange", "plucky", "quiet", "rusty",
		"silent", "tidy",   "upbeat", "vivid",  "warm",  "zesty",
	};
	static const char *const who[] = {
		"badger", "curlew", "dolphin", "egret",   "ferret", "gecko",
		"heron",  "ibis",   "jackdaw", "kestrel", "lynx",   "marten",
		"newt",   "otter",  "plover",  "quail",   "raven",  "stoat",
		"toad",   "urchin", "vole",    "walrus",  "yak",    "zebu",
	};
	const size_t hows = sizeof(how) / sizeof(*how);
	const size_t whos = sizeof(who) / sizeof(*who);

	(void)snprintf(out, size, "%s_%s", how[seed % hows],
		       who[seed / hows % whos]);
}
