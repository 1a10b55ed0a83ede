/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A config.json (or exec's process, or update's resources): either an error
 * says why not, or everything that is promised of what was read holds.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime-glue/spec/spec.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
	if (!truth)
		abort();
}

static void check_strings(const struct spec_strings *strings)
{
	const char **at = strings->at;

	if (!at) {
		demand(strings->count == 0);
		return;
	}
	demand(strings->count > 0);
	for (size_t i = 0; i < strings->count; i++)
		demand(at[i] != NULL);
	demand(at[strings->count] == NULL);
}

static void check_env(const struct spec_strings *env)
{
	check_strings(env);
	for (size_t i = 0; i < env->count; i++)
		demand(strchr(env->at[i], '=') > env->at[i]);
}

static void check_paths(const struct spec_strings *paths)
{
	check_strings(paths);
	for (size_t i = 0; i < paths->count; i++)
		demand(*paths->at[i] == '/');
}

static void check_process(const struct spec_process *process)
{
	const struct spec_int *score = &process->oom_score_adj;

	demand(*process->cwd == '/' && process->args.count > 0);
	check_env(&process->env);
	check_strings(&process->args);
	demand(process->user.uid != (uid_t)-1);
	demand(process->user.gid != (gid_t)-1);
	for (size_t i = 0; i < process->user.gid_count; i++)
		demand(process->user.gids[i] != (gid_t)-1);
	for (size_t i = 0; i < process->rlimit_count; i++)
		demand(process->rlimits[i].soft <= process->rlimits[i].hard);
	demand(score->value >= -1000 && score->value <= 1000);
	demand(!process->apparmor || *process->apparmor);
}

static void check_maps(const struct spec_id_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct spec_id_map *map = &maps->at[i];

		demand(map->size > 0);
		demand((uint64_t)map->container + map->size <= UINT32_MAX);
		demand((uint64_t)map->host + map->size <= UINT32_MAX);
	}
}

static void check_mount(const struct spec *spec, const struct spec_mount *mount)
{
	demand(*mount->destination && mount->type);
	demand(!mount->bind || (mount->source && !*mount->type));
	demand((mount->flags & mount->cleared) == 0);
	demand(mount->idmap == SPEC_IDMAP_NONE || mount->bind);
	demand((mount->uids.count > 0) == (mount->gids.count > 0));
	demand(mount->idmap == SPEC_IDMAP_NONE || mount->uids.count > 0 ||
	       spec->linux_.ns[SPEC_NS_USER].used);
	check_maps(&mount->uids);
	check_maps(&mount->gids);
	check_strings(&mount->options);
}

static void check_resources(const struct spec_resources *resources)
{
	demand(resources->memory.limit.value >= -1);
	demand(resources->pids.value >= -1);
	demand(resources->devices_set || resources->device_count == 0);
	for (size_t i = 0; i < resources->device_count; i++) {
		const struct spec_device_rule *rule = &resources->devices[i];

		demand(rule->read || rule->write || rule->mknod);
		demand(rule->major.value >= 0 && rule->minor.value >= 0);
	}
	for (size_t i = 0; i < resources->unified.count; i++)
		demand(!strchr(resources->unified.at[i].key, '/'));
}

static void check_seccomp(const struct spec_seccomp *seccomp)
{
	demand(!seccomp->listener_path || *seccomp->listener_path == '/');
	for (size_t i = 0; i < seccomp->rule_count; i++) {
		demand(seccomp->rules[i].names.count > 0);
		check_strings(&seccomp->rules[i].names);
		for (size_t j = 0; j < seccomp->rules[i].arg_count; j++)
			demand(seccomp->rules[i].args[j].index < 6);
	}
}

static void check_linux(const struct spec_linux *conf)
{
	const struct spec_namespace *ns = conf->ns;

	demand(conf->uids.count == 0 || ns[SPEC_NS_USER].used);
	demand(!ns[SPEC_NS_USER].used || ns[SPEC_NS_USER].path ||
	       (conf->uids.count > 0 && conf->gids.count > 0));
	demand(conf->masked_paths.count == 0 || ns[SPEC_NS_MOUNT].used);
	demand(conf->net_device_count == 0 || ns[SPEC_NS_NETWORK].used);
	for (size_t i = 0; i < conf->sysctl.count; i++)
		demand(strncmp(conf->sysctl.at[i].key, "net", 3) != 0 ||
		       ns[SPEC_NS_NETWORK].used);
	check_maps(&conf->uids);
	check_maps(&conf->gids);
	check_paths(&conf->masked_paths);
	check_paths(&conf->readonly_paths);
	for (size_t i = 0; i < conf->device_count; i++)
		demand(*conf->devices[i].path == '/');
	check_resources(&conf->resources);
	check_seccomp(&conf->seccomp);
}

static void check_spec(const struct spec *spec)
{
	demand(strncmp(spec->oci_version, "1.", 2) == 0 && *spec->root_path);
	demand(!spec->hostname || spec->linux_.ns[SPEC_NS_UTS].used);
	if (spec->has_process)
		check_process(&spec->process);
	for (size_t i = 0; i < spec->mount_count; i++)
		check_mount(spec, &spec->mounts[i]);
	for (int kind = 0; kind < SPEC_HOOK_COUNT; kind++)
		for (size_t i = 0; i < spec->hooks[kind].count; i++) {
			demand(*spec->hooks[kind].at[i].path == '/');
			check_env(&spec->hooks[kind].at[i].env);
		}
	check_linux(&spec->linux_);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err = { .code = CNI_OK };
	struct spec_doc doc;

	if (spec_parse(text, size, &doc, &err) == 0)
		check_spec(&doc.spec);
	else
		demand(err.code && *err.msg);
	spec_doc_free(&doc);
	err_clear(&err);
	if (spec_parse_process(text, size, &doc, &err) == 0)
		check_process(&doc.spec.process);
	else
		demand(err.code && *err.msg);
	spec_doc_free(&doc);
	err_clear(&err);
	if (spec_parse_resources(text, size, &doc, &err) == 0)
		check_resources(&doc.spec.linux_.resources);
	else
		demand(err.code && *err.msg);
	spec_doc_free(&doc);
	return 0;
}
