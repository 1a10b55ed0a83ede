/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-glue/oci/exec.h"

/* Digits alone, up to @end; no sign, no space, nothing left over. */
static int read_id(const char *text, size_t len, uint32_t *out)
{
	uint64_t value = 0;

	if (len == 0 || len > 10)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	/* The last number means "no id" to the kernel. */
	if (value >= UINT32_MAX)
		return -ERANGE;
	*out = (uint32_t)value;
	return 0;
}

static int set_user(const char *text, struct spec_user *user, struct err *err)
{
	const char *colon = strchrnul(text, ':');
	int r = read_id(text, (size_t)(colon - text), &user->uid);

	if (r == 0 && *colon)
		r = read_id(colon + 1, strlen(colon + 1), &user->gid);
	if (r < 0)
		return err_set(err, CNI_E_ENV,
			       "--user: \"%s\" is not of the form UID[:GID]",
			       text);
	return 0;
}

static int add_caps(const struct spec_strings *names, struct spec_caps *caps,
		    struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		int number = spec_cap_number(names->at[i]);
		uint64_t bit;

		if (number < 0)
			return err_set(err, CNI_E_ENV,
				       "--cap: \"%s\" is no capability",
				       names->at[i]);
		bit = UINT64_C(1) << number;
		caps->set = true;
		caps->bounding |= bit;
		caps->effective |= bit;
		caps->permitted |= bit;
		if (caps->inheritable & bit)
			caps->ambient |= bit;
	}
	return 0;
}

static int add_env(const struct spec_strings *more, struct spec_doc *own,
		   struct spec_strings *env, struct err *err)
{
	const char **all = arena_array(
		&own->arena, env->count + more->count + 1, sizeof(*all));

	if (!all)
		return err_nomem(err);
	for (size_t i = 0; i < more->count; i++)
		if (!strchr(more->at[i], '=') || *more->at[i] == '=')
			return err_set(err, CNI_E_ENV,
				       "--env: \"%s\" is not of the form "
				       "NAME=VALUE",
				       more->at[i]);
	for (size_t i = 0; i < env->count; i++)
		all[i] = env->at[i];
	for (size_t i = 0; i < more->count; i++)
		all[env->count + i] = more->at[i];
	env->at = all;
	env->count += more->count;
	return 0;
}

static int set_args(const struct exec_options *options, struct spec_doc *own,
		    struct spec_process *out, struct err *err)
{
	size_t count = 0;

	while (options->args && options->args[count])
		count++;
	if (count == 0)
		return err_set(err, CNI_E_ENV,
			       "exec: a command or --process is needed");
	out->args.at = arena_array(&own->arena, count, sizeof(*out->args.at));
	if (!out->args.at)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		out->args.at[i] = options->args[i];
	out->args.count = count;
	return 0;
}

static int set_groups(const struct exec_options *options, struct spec_doc *own,
		      struct spec_user *user, struct err *err)
{
	size_t count = user->gid_count + options->gid_count;
	gid_t *all = arena_array(&own->arena, count + 1, sizeof(*all));

	if (!all)
		return err_nomem(err);
	for (size_t i = 0; i < user->gid_count; i++)
		all[i] = user->gids[i];
	for (size_t i = 0; i < options->gid_count; i++)
		all[user->gid_count + i] = options->gids[i];
	user->gids = all;
	user->gid_count = count;
	return 0;
}

static int change(const struct exec_options *options, struct spec_doc *own,
		  struct spec_process *out, struct err *err)
{
	int r = set_args(options, own, out, err);

	out->terminal = options->tty;
	if (r == 0 && options->user)
		r = set_user(options->user, &out->user, err);
	r = r ?: add_caps(&options->caps, &out->caps, err);
	r = r ?: add_env(&options->env, own, &out->env, err);
	r = r ?: set_groups(options, own, &out->user, err);
	if (r < 0)
		return r;
	if (options->cwd && *options->cwd != '/')
		return err_set(err, CNI_E_ENV,
			       "--cwd: \"%s\" is not an absolute path",
			       options->cwd);
	out->cwd = options->cwd ?: out->cwd;
	out->apparmor = options->apparmor ?: out->apparmor;
	out->selinux = options->selinux ?: out->selinux;
	out->no_new_privileges |= options->no_new_privs;
	return 0;
}

/*
 * What --process leaves out is the container's, as with runc: a process without
 * its profile, its label or its limits would be less confined than that.
 */
static void inherit(const struct spec_process *container,
		    struct spec_process *out)
{
	if (!out->caps.set)
		out->caps = container->caps;
	if (out->rlimit_count == 0) {
		out->rlimit_count = container->rlimit_count;
		out->rlimits = container->rlimits;
	}
	if (!out->oom_score_adj.set)
		out->oom_score_adj = container->oom_score_adj;
	out->apparmor = out->apparmor ?: container->apparmor;
	out->selinux = out->selinux ?: container->selinux;
}

int exec_process(const struct exec_options *options,
		 const struct spec *container, struct spec_doc *own,
		 struct spec_process *out, struct err *err)
{
	int r;

	if (options->process_file) {
		r = spec_load_process(options->process_file, own, err);
		if (r < 0)
			return r;
		*out = own->spec.process;
		inherit(&container->process, out);
		/* runc and crun take a tty from either. */
		out->terminal |= options->tty;
		return 0;
	}
	*out = container->process;
	return change(options, own, out, err);
}
