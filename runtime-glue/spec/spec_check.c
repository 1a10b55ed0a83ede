/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of several members: what one asks for, another must allow. */
#include "runtime-glue/spec/spec_parts.h"

static int need_ns(const struct spec *spec, enum spec_ns ns,
		   const struct cfg *at, const char *key, struct err *err)
{
	if (spec->linux_.ns[ns].used)
		return 0;
	return cfg_fail(err, at, key, "needs \"%s\" in linux.namespaces",
			spec_ns_kinds[ns].name);
}

static int check_names(const struct spec *spec, const struct cfg *root,
		       struct err *err)
{
	int r = 0;

	if (spec->hostname)
		r = need_ns(spec, SPEC_NS_UTS, root, "hostname", err);
	if (r == 0 && spec->domainname)
		r = need_ns(spec, SPEC_NS_UTS, root, "domainname", err);
	return r;
}

/* A new user namespace has no ids until they are mapped. */
static int check_maps(const struct spec *spec, const struct cfg *at,
		      struct err *err)
{
	const struct spec_linux *conf = &spec->linux_;
	const struct spec_namespace *user = &conf->ns[SPEC_NS_USER];
	bool new = user->used && !user->path;

	if (conf->uids.count > 0 && !user->used)
		return need_ns(spec, SPEC_NS_USER, at, "uidMappings", err);
	if (conf->gids.count > 0 && !user->used)
		return need_ns(spec, SPEC_NS_USER, at, "gidMappings", err);
	if (new && conf->uids.count == 0)
		return cfg_fail(err, at, "uidMappings",
				"required by a new user namespace");
	if (new && conf->gids.count == 0)
		return cfg_fail(err, at, "gidMappings",
				"required by a new user namespace");
	return 0;
}

/* Offsets cannot change once there are processes in a namespace. */
static int check_offsets(const struct spec *spec, const struct cfg *at,
			 struct err *err)
{
	const struct spec_linux *conf = &spec->linux_;

	if (!conf->monotonic.set && !conf->boottime.set)
		return 0;
	if (conf->ns[SPEC_NS_TIME].path)
		return cfg_fail(err, at, "timeOffsets",
				"a time namespace that is joined has its own");
	return need_ns(spec, SPEC_NS_TIME, at, "timeOffsets", err);
}

static int check_paths(const struct spec *spec, const struct cfg *at,
		       struct err *err)
{
	int r = 0;

	if (spec->linux_.masked_paths.count > 0)
		r = need_ns(spec, SPEC_NS_MOUNT, at, "maskedPaths", err);
	if (r == 0 && spec->linux_.readonly_paths.count > 0)
		r = need_ns(spec, SPEC_NS_MOUNT, at, "readonlyPaths", err);
	return r;
}

static int check_net_devices(const struct spec *spec, const struct cfg *at,
			     struct err *err)
{
	if (spec->linux_.net_device_count == 0)
		return 0;
	return need_ns(spec, SPEC_NS_NETWORK, at, "netDevices", err);
}

/* An option "idmap" alone means the container's mappings. */
static int check_idmaps(const struct spec *spec, const struct cfg *root,
			struct err *err)
{
	const struct cfg list = { .parent = root, .key = "mounts" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->mount_count; i++) {
		const struct cfg item = { .parent = &list, .index = i };
		const struct spec_mount *mount = &spec->mounts[i];

		if (mount->idmap != SPEC_IDMAP_NONE && mount->uids.count == 0)
			r = need_ns(spec, SPEC_NS_USER, &item, "options", err);
	}
	return r;
}

/* `swap` is memory and swap together. */
static int check_swap(const struct spec *spec, const struct cfg *at,
		      struct err *err)
{
	const struct spec_int *limit = &spec->linux_.resources.memory.limit;
	const struct spec_int *swap = &spec->linux_.resources.memory.swap;
	const struct cfg resources = { .parent = at, .key = "resources" };
	const struct cfg memory = { .parent = &resources, .key = "memory" };

	if (swap->value <= 0)
		return 0;
	if (limit->value <= 0)
		return cfg_fail(err, &memory, "swap",
				"requires a memory limit");
	if (swap->value < limit->value)
		return cfg_fail(err, &memory, "swap",
				"%jd is less than the memory limit, %jd",
				(intmax_t)swap->value, (intmax_t)limit->value);
	return 0;
}

int spec_check(const struct spec *spec, struct err *err)
{
	const struct cfg root = { .parent = NULL };
	const struct cfg at = { .parent = &root, .key = "linux" };
	int r;

	r = check_names(spec, &root, err);
	r = r ?: check_maps(spec, &at, err);
	r = r ?: check_offsets(spec, &at, err);
	r = r ?: check_paths(spec, &at, err);
	r = r ?: check_net_devices(spec, &at, err);
	r = r ?: check_idmaps(spec, &root, err);
	r = r ?: check_swap(spec, &at, err);
	return r ?: spec_check_sysctls(spec, &at, err);
}
