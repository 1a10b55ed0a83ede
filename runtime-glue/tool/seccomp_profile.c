/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles in files. Docker's format has more than the specification's: rules
 * with conditions (includes, excludes), a map of architectures, and the old
 * `name`; podman's names errno values. What is for this container is written
 * the specification's way, and read by the engine's own reader here already, so
 * that an error names the key in the file that the user wrote.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/arena.h"
#include "runtime-glue/spec/spec_parts.h"
#include "runtime-glue/tool/seccomp.h"

#define ERRNO_LAST 133 /* EHWPOISON */

static const char *const top_keys[] = {
	"defaultAction", "defaultErrnoRet",
	"defaultErrno",  "architectures",
	"archMap",       "flags",
	"listenerPath",  "listenerMetadata",
	"syscalls",      NULL,
};
static const char *const rule_keys[] = {
	"names", "name",    "action",   "args",     "errnoRet",
	"errno", "comment", "includes", "excludes", NULL,
};
static const char *const arg_keys[] = { "index", "value", "valueTwo", "op",
					NULL };
static const char *const when_keys[] = { "caps", "arches", "minKernel", NULL };
static const char *const map_keys[] = { "architecture", "subArchitectures",
					NULL };

/* cfg.h matches keys whatever their case. */
static int only(const struct cfg *at, const char *const *keys, struct err *err)
{
	struct lh_entry *place = NULL;
	struct cfg member;

	while (cfg_next(at, &place, &member)) {
		const char *const *key = keys;

		while (*key && strcasecmp(*key, member.key) != 0)
			key++;
		if (!*key)
			return cfg_fail(err, &member, NULL,
					"is no key of a seccomp profile");
	}
	return 0;
}

/* Give @value, a reference of the caller's, to @to. */
static int put(struct json_object *to, const char *key,
	       struct json_object *value, struct err *err)
{
	int r = -1;

	if (value)
		r = key ? json_object_object_add(to, key, value)
			: json_object_array_add(to, value);
	if (r < 0) {
		json_object_put(value);
		return err_nomem(err);
	}
	return 0;
}

/* What @from has by @key, if it has. Its type is the engine's reader's. */
static int copy(const struct cfg *from, const char *key, struct json_object *to,
		struct err *err)
{
	struct lh_entry *place = NULL;
	struct cfg member;
	struct json_object *last = NULL;

	while (cfg_next(from, &place, &member))
		if (strcasecmp(key, member.key) == 0)
			last = member.json;
	return last ? put(to, key, json_object_get(last), err) : 0;
}

/* The number that @number_key has, or the one behind @name_key's name. */
static int copy_errno(const struct cfg *from, const char *number_key,
		      const char *name_key, struct json_object *to,
		      struct err *err)
{
	const char *name;
	int r = cfg_string_or(from, name_key, NULL, &name, err);
	int number;

	if (r < 0)
		return r;
	if (!name || cfg_has(from, number_key))
		return copy(from, number_key, to, err);
	for (number = 1; number <= ERRNO_LAST; number++)
		if (strcmp(err_name(number), name) == 0)
			break;
	if (number > ERRNO_LAST)
		return cfg_fail(err, from, name_key,
				"\"%s\" is no name of an error", name);
	return put(to, number_key, json_object_new_int(number), err);
}

/* ---- conditions ---- */

/* How many of @key's strings are @box's. */
struct found {
	size_t all, ours;
};

static int count_caps(const struct profile_for *box, const struct cfg *when,
		      struct found *out, struct err *err)
{
	struct cfg list;
	const char *name;
	int number;
	int r = cfg_child_or_none(when, "caps", json_type_array, &list, err);

	if (r < 0)
		return r;
	out->all = cfg_len(&list);
	for (size_t i = 0; i < out->all; i++) {
		const struct cfg item = { .parent = &list, .index = i };

		r = cfg_string_at(&list, i, &name, err);
		if (r < 0)
			return r;
		number = spec_cap_number(name); /* with or without CAP_ */
		if (number < 0)
			return cfg_fail(err, &item, NULL,
					"\"%s\" is no capability", name);
		if (profile_has_cap(box, spec_cap_name(number)))
			out->ours++;
	}
	return 0;
}

static int count_arches(const struct cfg *when, struct found *out,
			struct err *err)
{
	const struct profile_arch *native = profile_native();
	struct cfg list;
	const char *name;
	int r = cfg_child_or_none(when, "arches", json_type_array, &list, err);

	if (r < 0)
		return r;
	out->all = cfg_len(&list);
	for (size_t i = 0; i < out->all; i++) {
		r = cfg_string_at(&list, i, &name, err);
		if (r < 0)
			return r;
		if (native && strcmp(native->go, name) == 0)
			out->ours++;
	}
	return 0;
}

/* @out: there is a condition, and it is true. */
static int count_kernel(const struct profile_for *box, const struct cfg *when,
			struct found *out, struct err *err)
{
	unsigned int major, minor;
	const char *text;
	int end = 0;
	int r = cfg_string_or(when, "minKernel", NULL, &text, err);

	if (r < 0 || !text || !*text)
		return r;
	if (!isdigit((unsigned char)*text) ||
	    sscanf(text, "%4u.%4u%n", &major, &minor, &end) != 2 || text[end])
		return cfg_fail(err, when, "minKernel",
				"\"%s\" is no version like \"4.8\"", text);
	out->all = 1;
	out->ours = profile_kernel_from(box, major, minor);
	return 0;
}

struct conditions {
	struct found caps, arches, kernel;
};

static int read_conditions(const struct profile_for *box,
			   const struct cfg *rule, const char *key,
			   struct conditions *out, struct err *err)
{
	struct cfg when;
	int r = cfg_child_or_none(rule, key, json_type_object, &when, err);

	if (r < 0 || !when.json)
		return r;
	r = only(&when, when_keys, err);
	r = r ?: count_caps(box, &when, &out->caps, err);
	r = r ?: count_arches(&when, &out->arches, err);
	return r ?: count_kernel(box, &when, &out->kernel, err);
}

/*
 * As docker has it: includes wants every capability, one of the architectures
 * and the kernel; one capability, architecture, or the kernel excludes.
 */
static int rule_applies(const struct profile_for *box, const struct cfg *rule,
			bool *out, struct err *err)
{
	struct conditions in = { 0 }, ex = { 0 };
	int r = read_conditions(box, rule, "includes", &in, err);

	r = r ?: read_conditions(box, rule, "excludes", &ex, err);
	*out = in.caps.ours == in.caps.all &&
	       (in.arches.all == 0 || in.arches.ours > 0) &&
	       in.kernel.ours == in.kernel.all && ex.caps.ours == 0 &&
	       ex.arches.ours == 0 && ex.kernel.ours == 0;
	return r;
}

/* ---- rules ---- */

static int copy_names(const struct cfg *rule, struct json_object *to,
		      struct err *err)
{
	struct json_object *names;
	const char *name;
	int r = cfg_string_or(rule, "name", NULL, &name, err);

	if (r < 0)
		return r;
	if (!name || !*name)
		return copy(rule, "names", to, err);
	if (cfg_has(rule, "names"))
		return cfg_fail(err, rule, "name",
				"cannot be with `names`: use one of them");
	names = json_object_new_array();
	r = put(to, "names", names, err);
	return r ?: put(names, NULL, json_object_new_string(name), err);
}

static int copy_args(const struct cfg *rule, struct json_object *to,
		     struct err *err)
{
	struct cfg list, item;
	int r = cfg_child_or_none(rule, "args", json_type_array, &list, err);

	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_at(&list, i, json_type_object, &item, err);
		r = r ?: only(&item, arg_keys, err);
	}
	return r ?: copy(rule, "args", to, err);
}

/* Append to @all, and to @kept if it is for @box. */
static int read_rule(const struct profile_for *box, const struct cfg *rule,
		     struct json_object *all, struct json_object *kept,
		     struct err *err)
{
	struct json_object *to = json_object_new_object();
	bool applies = false;
	int r = put(all, NULL, to, err);

	r = r ?: only(rule, rule_keys, err);
	r = r ?: copy_names(rule, to, err);
	r = r ?: copy(rule, "action", to, err);
	r = r ?: copy_errno(rule, "errnoRet", "errno", to, err);
	r = r ?: copy_args(rule, to, err);
	r = r ?: rule_applies(box, rule, &applies, err);
	if (r == 0 && applies)
		r = put(kept, NULL, json_object_get(to), err);
	return r;
}

static int read_rules(const struct profile_for *box, const struct cfg *profile,
		      struct json_object *all, struct json_object *kept,
		      struct err *err)
{
	struct cfg list, rule;
	int r = cfg_child_or_none(profile, "syscalls", json_type_array, &list,
				  err);

	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_at(&list, i, json_type_object, &rule, err);
		r = r ?: read_rule(box, &rule, all, kept, err);
	}
	return r;
}

/* ---- the whole ---- */

/* One entry of the map; the native one is taken. */
static int read_map_entry(const struct cfg *entry, struct json_object *to,
			  struct err *err)
{
	const struct profile_arch *native = profile_native();
	const char *name;
	struct cfg others;
	int r = only(entry, map_keys, err);

	r = r ?: cfg_string(entry, "architecture", &name, err);
	r = r
		    ?: cfg_child_or_none(entry, "subArchitectures",
					 json_type_array, &others, err);
	if (r < 0 || !native || strcmp(native->name, name) != 0)
		return r;
	r = put(to, NULL, json_object_new_string(name), err);
	for (size_t i = 0; r == 0 && i < cfg_len(&others); i++) {
		r = cfg_string_at(&others, i, &name, err);
		r = r ?: put(to, NULL, json_object_new_string(name), err);
	}
	return r;
}

/* Maps that do not have this machine give its own architecture alone. */
static int read_arches(const struct cfg *profile, struct json_object *to,
		       struct err *err)
{
	struct json_object *list;
	struct cfg map, entry;
	int r = cfg_child_or_none(profile, "archMap", json_type_array, &map,
				  err);

	if (r < 0)
		return r;
	if (cfg_len(&map) == 0)
		return copy(profile, "architectures", to, err);
	r = cfg_child_or_none(profile, "architectures", json_type_array, &entry,
			      err);
	if (r < 0)
		return r;
	if (cfg_len(&entry) > 0)
		return cfg_fail(err, profile, "archMap",
				"cannot be with `architectures`: use one of "
				"them");
	list = json_object_new_array();
	r = put(to, "architectures", list, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&map); i++) {
		r = cfg_at(&map, i, json_type_object, &entry, err);
		r = r ?: read_map_entry(&entry, list, err);
	}
	return r;
}

/* By the reader that reads it again when the container starts. */
static int check(struct json_object *seccomp, struct err *err)
{
	auto_arena struct arena arena = { 0 };
	auto_json struct json_object *linux_ = json_object_new_object();
	struct spec_seccomp result = { 0 };
	struct cfg root;
	int r;

	if (!linux_)
		return err_nomem(err);
	root = cfg_root(linux_);
	r = put(linux_, "seccomp", json_object_get(seccomp), err);
	return r ?: spec_seccomp_read(&root, &arena, &result, err);
}

static int fill(const struct profile_for *box, const struct cfg *profile,
		struct json_object *to, struct err *err)
{
	auto_json struct json_object *kept = json_object_new_array();
	struct json_object *all = json_object_new_array();
	int r = put(to, "syscalls", all, err);

	if (r < 0 || !kept)
		return err_nomem(err);
	r = only(profile, top_keys, err);
	r = r ?: copy(profile, "defaultAction", to, err);
	r = r
		    ?: copy_errno(profile, "defaultErrnoRet", "defaultErrno",
				  to, err);
	r = r ?: read_arches(profile, to, err);
	r = r ?: copy(profile, "flags", to, err);
	r = r ?: copy(profile, "listenerPath", to, err);
	r = r ?: copy(profile, "listenerMetadata", to, err);
	r = r ?: read_rules(box, profile, all, kept, err);
	r = r ?: check(to, err);
	return r ?: put(to, "syscalls", take_ptr(kept), err);
}

int profile_read(const struct profile_for *box, struct json_object *document,
		 struct json_object **out, struct err *err)
{
	auto_json struct json_object *to = json_object_new_object();
	const struct cfg profile = cfg_root_named(document, "seccomp");
	int r;

	if (!to)
		return err_nomem(err);
	r = cfg_expect(&profile, json_type_object, err);
	r = r ?: fill(box, &profile, to, err);
	if (r == 0)
		*out = take_ptr(to);
	return r;
}
