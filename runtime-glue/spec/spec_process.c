/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `process` (config.md, "Process"), of config.json and of exec's file. */
#include <string.h>

#include "runtime-glue/spec/spec_parts.h"

#define OOM_SCORE_ADJ ((struct cfg_bounds){ -1000, 1000 })
#define UMASK         ((struct cfg_bounds){ 0, 0777 })

/* struct winsize has no room for more. */
#define CONSOLE_MAX 65535

static int read_gids(const struct cfg *user, struct arena *arena,
		     struct spec_user *out, struct err *err)
{
	struct cfg array, item;
	int r = cfg_child_or_none(user, "additionalGids", json_type_array,
				  &array, err);

	if (r < 0 || cfg_len(&array) == 0)
		return r;
	out->gids = arena_array(arena, cfg_len(&array), sizeof(*out->gids));
	if (!out->gids)
		return err_nomem(err);
	for (size_t i = 0; i < cfg_len(&array); i++) {
		r = cfg_at(&array, i, json_type_int, &item, err);
		r = r ?: spec_self_u32(&item, SPEC_ID_MAX, &out->gids[i], err);
		if (r < 0)
			return r;
		out->gid_count++;
	}
	return 0;
}

static int read_user(const struct cfg *process, struct arena *arena,
		     struct spec_user *out, struct err *err)
{
	struct cfg user;
	int r = cfg_child_or_none(process, "user", json_type_object, &user,
				  err);

	r = r ?: spec_read_u32(&user, "uid", SPEC_ID_MAX, &out->uid, err);
	r = r ?: spec_read_u32(&user, "gid", SPEC_ID_MAX, &out->gid, err);
	r = r ?: spec_read_int(&user, "umask", UMASK, &out->umask, err);
	return r ?: read_gids(&user, arena, out, err);
}

static int read_cap_set(const struct cfg *caps, const char *key, uint64_t *out,
			struct err *err)
{
	struct cfg array, item;
	const char *name;
	int number, r;

	r = cfg_child_or_none(caps, key, json_type_array, &array, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&array); i++) {
		r = cfg_string_at(&array, i, &name, err);
		if (r < 0)
			break;
		number = spec_cap_number(name);
		item = (struct cfg){ .parent = &array, .index = i };
		if (number < 0)
			r = cfg_fail(err, &item, NULL,
				     "\"%s\" is no capability", name);
		else
			*out |= UINT64_C(1) << number;
	}
	return r;
}

static int read_caps(const struct cfg *process, struct spec_caps *out,
		     struct err *err)
{
	struct cfg caps;
	int r = cfg_child_or_none(process, "capabilities", json_type_object,
				  &caps, err);

	out->set = caps.json != NULL;
	r = r ?: read_cap_set(&caps, "bounding", &out->bounding, err);
	r = r ?: read_cap_set(&caps, "effective", &out->effective, err);
	r = r ?: read_cap_set(&caps, "inheritable", &out->inheritable, err);
	r = r ?: read_cap_set(&caps, "permitted", &out->permitted, err);
	return r ?: read_cap_set(&caps, "ambient", &out->ambient, err);
}

static int read_rlimit(const struct cfg *item, struct arena *arena, void *to,
		       struct err *err)
{
	struct spec_rlimit *out = to;
	int r;

	(void)arena;
	r = cfg_string(item, "type", &out->name, err);
	if (r < 0)
		return r;
	out->resource = spec_rlimit_number(out->name);
	if (out->resource < 0)
		return cfg_fail(err, item, "type", "\"%s\" is no limit",
				out->name);
	r = spec_need_u64(item, "soft", &out->soft, err);
	r = r ?: spec_need_u64(item, "hard", &out->hard, err);
	if (r == 0 && out->soft > out->hard)
		return cfg_fail(err, item, "soft",
				"%ju is more than the hard limit, %ju",
				(uintmax_t)out->soft, (uintmax_t)out->hard);
	return r;
}

static int read_rlimits(const struct cfg *process, struct arena *arena,
			struct spec_process *out, struct err *err)
{
	struct spec_items items = { .size = sizeof(*out->rlimits),
				    .read = read_rlimit };
	int r = spec_read_array(process, "rlimits", arena, &items, err);
	const struct cfg list = { .parent = process, .key = "rlimits" };
	uint64_t seen = 0;

	out->rlimits = items.at;
	out->rlimit_count = items.count;
	for (size_t i = 0; r == 0 && i < items.count; i++) {
		const struct cfg item = { .parent = &list, .index = i };
		uint64_t bit = UINT64_C(1) << out->rlimits[i].resource;

		if (seen & bit)
			r = cfg_fail(err, &item, "type",
				     "\"%s\" is listed twice",
				     out->rlimits[i].name);
		seen |= bit;
	}
	return r;
}

static int read_console(const struct cfg *process, struct spec_process *out,
			struct err *err)
{
	struct cfg size;
	int r = cfg_child_or_none(process, "consoleSize", json_type_object,
				  &size, err);

	r = r
		    ?: spec_read_uint(&size, "height", CONSOLE_MAX,
				      &out->console_height, err);
	return r
		       ?: spec_read_uint(&size, "width", CONSOLE_MAX,
					 &out->console_width, err);
}

static int read_affinity(const struct cfg *process, struct spec_process *out,
			 struct err *err)
{
	struct cfg cpus;
	int r = cfg_child_or_none(process, "execCPUAffinity", json_type_object,
				  &cpus, err);

	r = r ?: spec_read_ranges(&cpus, "initial", &out->cpu_initial, err);
	return r ?: spec_read_ranges(&cpus, "final", &out->cpu_final, err);
}

static int read_args(const struct cfg *process, struct arena *arena,
		     struct spec_strings *out, struct err *err)
{
	int r;

	if (!cfg_has(process, "args"))
		return cfg_fail(err, process, "args", "required but missing");
	r = spec_read_strings(process, "args", arena, out, err);
	if (r == 0 && out->count == 0)
		return cfg_fail(err, process, "args", "is empty");
	return r;
}

int spec_process_read(const struct cfg *at, struct arena *arena,
		      struct spec_process *out, struct err *err)
{
	int r;

	r = cfg_bool_or(at, "terminal", false, &out->terminal, err);
	r = r ?: read_console(at, out, err);
	r = r ?: spec_need_path(at, "cwd", &out->cwd, err);
	r = r ?: spec_read_env(at, "env", arena, &out->env, err);
	r = r ?: read_args(at, arena, &out->args, err);
	r = r ?: read_user(at, arena, &out->user, err);
	r = r ?: read_caps(at, &out->caps, err);
	r = r ?: read_rlimits(at, arena, out, err);
	r = r
		    ?: cfg_bool_or(at, "noNewPrivileges", false,
				   &out->no_new_privileges, err);
	r = r
		    ?: spec_read_int(at, "oomScoreAdj", OOM_SCORE_ADJ,
				     &out->oom_score_adj, err);
	r = r ?: spec_scheduler_read(at, out, err);
	r = r ?: read_affinity(at, out, err);
	r = r ?: spec_read_text(at, "apparmorProfile", &out->apparmor, err);
	return r ?: spec_read_text(at, "selinuxLabel", &out->selinux, err);
}
