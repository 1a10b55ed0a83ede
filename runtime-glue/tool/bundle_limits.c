/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --ulimit and --sysctl. */
#include <ctype.h>
#include <string.h>

#include "runtime-glue/tool/bundle_parts.h"

#define NAME_MAX_BYTES 32

static int refuse_ulimit(const char *text, const char *why, struct err *err)
{
	return err_set(err, CNI_E_FIELD, "--ulimit: \"%s\" %s", text, why);
}

/* -1 is no limit. */
static int read_limit(const char *text, const char *value, size_t len,
		      uint64_t *out, struct err *err)
{
	char copy[24];
	int64_t number = 0;
	int r;

	if (len >= sizeof(copy))
		return refuse_ulimit(text, "is out of range", err);
	memcpy(copy, value, len);
	copy[len] = '\0';
	if (strcmp(copy, "unlimited") == 0) {
		*out = UINT64_MAX;
		return 0;
	}
	r = cli_number("--ulimit", copy, -1, INT64_MAX, &number, err);
	*out = number < 0 ? UINT64_MAX : (uint64_t)number;
	return r;
}

/* "RLIMIT_NOFILE" of "nofile=..." */
static bool find_limit(const char *text, size_t len, char name[NAME_MAX_BYTES])
{
	static const char prefix[] = "RLIMIT_";
	const size_t skip = sizeof(prefix) - 1;

	if (len + skip >= NAME_MAX_BYTES)
		return false;
	memcpy(name, prefix, skip);
	for (size_t i = 0; i < len; i++)
		name[skip + i] = (char)toupper((unsigned char)text[i]);
	name[skip + len] = '\0';
	return spec_rlimit_number(name) >= 0;
}

static int put_ulimit(struct json_object *list, const char *text,
		      struct err *err)
{
	const size_t len = strcspn(text, "=");
	const char *value = text[len] ? text + len + 1 : "";
	const size_t first = strcspn(value, ":");
	uint64_t soft = 0, hard = 0;
	char name[NAME_MAX_BYTES];
	struct json_object *item;
	int r;

	if (!*value)
		return refuse_ulimit(text,
				     "is not NAME=SOFT[:HARD], such as "
				     "nofile=1024:4096",
				     err);
	if (!find_limit(text, len, name))
		return refuse_ulimit(text,
				     "begins with no limit's name: core, cpu, "
				     "data, fsize, locks, memlock, msgqueue, "
				     "nice, nofile, nproc, rss, rtprio, "
				     "rttime, sigpending, stack, as",
				     err);
	r = read_limit(text, value, first, &soft, err);
	hard = soft;
	if (r == 0 && value[first])
		r = read_limit(text, value + first + 1,
			       strlen(value + first + 1), &hard, err);
	if (r == 0 && soft > hard)
		r = refuse_ulimit(text, "has a soft limit above the hard one",
				  err);
	if (r < 0)
		return r;
	item = json_object_new_object();
	r = bundle_push(list, item, err);
	r = r ?: bundle_put_text(item, "type", name, err);
	r = r ?: bundle_put(item, "soft", json_object_new_uint64(soft), err);
	return r ?: bundle_put(item, "hard", json_object_new_uint64(hard), err);
}

/* The last one of a name counts; the file may have each only once. */
static void drop_ulimit(struct json_object *list, const char *name)
{
	size_t count = json_object_array_length(list);

	for (size_t i = 0; i + 1 < count; i++)
		if (strcmp(bundle_text(json_object_array_get_idx(list, i),
				       "type"),
			   name) == 0) {
			(void)json_object_array_del_idx(list, i, 1);
			return;
		}
}

static int put_ulimits(struct bundle *b, struct err *err)
{
	const struct spec_strings *given = &b->options->ulimit;
	struct json_object *list, *last;
	int r;

	if (given->count == 0)
		return 0;
	r = bundle_array(b->process, "rlimits", &list, err);
	for (size_t i = 0; r == 0 && i < given->count; i++) {
		r = put_ulimit(list, given->at[i], err);
		if (r < 0)
			break;
		last = json_object_array_get_idx(
			list, json_object_array_length(list) - 1);
		drop_ulimit(list, bundle_text(last, "type"));
	}
	return r;
}

/* What belongs to a namespace that is the host's is the host's. */
static int check_sysctl(const struct bundle *b, const char *name,
			struct err *err)
{
	static const char *const ipc[] = { "kernel.msg", "kernel.sem",
					   "kernel.shm", "fs.mqueue." };
	const char *shared = NULL;
	bool known = bundle_starts(name, "net.");

	if (known && bundle_shares_net(b))
		shared = "--network host";
	for (size_t i = 0; i < sizeof(ipc) / sizeof(*ipc); i++) {
		if (!bundle_starts(name, ipc[i]))
			continue;
		known = true;
		if (b->options->ipc && strcmp(b->options->ipc, "host") == 0)
			shared = "--ipc host";
	}
	if (!known)
		return err_set(err, CNI_E_FIELD,
			       "--sysctl: \"%s\" is the whole host's; a "
			       "container has its own net.*, kernel.msg*, "
			       "kernel.sem, kernel.shm* and fs.mqueue.*",
			       name);
	if (shared)
		return err_set(err, CNI_E_FIELD,
			       "--sysctl: \"%s\" is the host's with %s", name,
			       shared);
	return 0;
}

static int put_sysctls(struct bundle *b, struct err *err)
{
	const struct spec_strings *given = &b->options->sysctl;
	struct json_object *map;
	int r;

	if (given->count == 0)
		return 0;
	r = bundle_object(b->linux_, "sysctl", &map, err);
	for (size_t i = 0; r == 0 && i < given->count; i++) {
		const char *equals = strchr(given->at[i], '=');
		char *name;

		if (!equals || equals == given->at[i])
			return err_set(err, CNI_E_FIELD,
				       "--sysctl: \"%s\" is not NAME=VALUE",
				       given->at[i]);
		name = bundle_copy(b, given->at[i],
				   (size_t)(equals - given->at[i]));
		if (!name)
			return err_nomem(err);
		r = check_sysctl(b, name, err);
		r = r ?: bundle_put_text(map, name, equals + 1, err);
	}
	return r;
}

int bundle_limits(struct bundle *b, struct err *err)
{
	int r = put_ulimits(b, err);

	return r ?: put_sysctls(b, err);
}
