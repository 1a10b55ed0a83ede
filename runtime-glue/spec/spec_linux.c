/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `linux` (config-linux.md), but for what has a file of its own. */
#include <string.h>
#include <sys/personality.h>

#include "runtime-glue/spec/options.h"
#include "runtime-glue/spec/spec_parts.h"

#define ANY_INT ((struct cfg_bounds){ INT64_MIN, INT64_MAX })

#define NANOSECS_MAX 999999999U

static int read_namespace(const struct cfg *item, struct spec_namespace *all,
			  struct err *err)
{
	struct spec_namespace *ns = NULL;
	const char *type;
	int r = cfg_string(item, "type", &type, err);

	if (r < 0)
		return r;
	for (int i = 0; i < SPEC_NS_COUNT; i++)
		if (strcmp(spec_ns_kinds[i].name, type) == 0)
			ns = &all[i];
	if (!ns)
		return cfg_fail(err, item, "type", "\"%s\" is no namespace",
				type);
	if (ns->used)
		return cfg_fail(err, item, "type", "\"%s\" is listed twice",
				type);
	ns->used = true;
	r = spec_read_text(item, "path", &ns->path, err);
	if (r == 0 && ns->path && *ns->path != '/')
		return cfg_fail(err, item, "path", "\"%s\" is no absolute path",
				ns->path);
	return r;
}

static int read_namespaces(const struct cfg *at, struct spec_namespace *out,
			   struct err *err)
{
	struct cfg list, item;
	int r = cfg_child_or_none(at, "namespaces", json_type_array, &list,
				  err);

	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_at(&list, i, json_type_object, &item, err);
		r = r ?: read_namespace(&item, out, err);
	}
	return r;
}

static int read_offset(const struct cfg *at, struct spec_time_offset *out,
		       struct err *err)
{
	int r = cfg_expect(at, json_type_object, err);

	r = r ?: cfg_int_or(at, "secs", 0, ANY_INT, &out->secs, err);
	r = r
		    ?: spec_read_u32(at, "nanosecs", NANOSECS_MAX,
				     &out->nanosecs, err);
	out->set = true;
	return r;
}

static int read_offsets(const struct cfg *at, struct spec_linux *out,
			struct err *err)
{
	struct lh_entry *place = NULL;
	struct cfg map, clock;
	int r = cfg_child_or_none(at, "timeOffsets", json_type_object, &map,
				  err);

	while (r == 0 && cfg_next(&map, &place, &clock)) {
		if (strcmp(clock.key, "monotonic") == 0)
			r = read_offset(&clock, &out->monotonic, err);
		else if (strcmp(clock.key, "boottime") == 0)
			r = read_offset(&clock, &out->boottime, err);
		else
			r = cfg_fail(err, &clock, NULL,
				     "is no clock of a time namespace");
	}
	return r;
}

static int read_propagation(const struct cfg *at, unsigned long *out,
			    struct err *err)
{
	const struct option_word *word;
	const char *text;
	int r = spec_read_text(at, "rootfsPropagation", &text, err);

	if (r < 0 || !text)
		return r;
	word = option_find(text, strlen(text));
	if (!word || word->kind != OPTION_PROPAGATE)
		return cfg_fail(err, at, "rootfsPropagation",
				"\"%s\" is no propagation", text);
	*out = word->value;
	return 0;
}

static int read_personality(const struct cfg *at, struct spec_int *out,
			    struct err *err)
{
	static const struct spec_word domains[] = {
		{ "LINUX", PER_LINUX },
		{ "LINUX32", PER_LINUX32 },
		{ NULL, 0 },
	};
	static const struct spec_word none[] = { { NULL, 0 } };
	uint64_t domain = 0, flags = 0;
	struct cfg child;
	int r = cfg_child_or_none(at, "personality", json_type_object, &child,
				  err);

	if (r < 0 || !child.json)
		return r;
	r = spec_need_word(&child, "domain", domains, "execution domain",
			   &domain, err);
	r = r
		    ?: spec_read_flags(&child, "flags", none,
				       "flag that is supported", &flags, err);
	out->set = true;
	out->value = (int64_t)domain;
	return r;
}

static int read_net_device(const struct cfg *item, struct arena *arena,
			   void *to, struct err *err)
{
	struct spec_net_device *out = to;
	const char *pattern;
	int r;

	(void)arena;
	out->host_name = item->key;
	if (!spec_is_ifname(out->host_name))
		return cfg_fail(err, item, NULL,
				"is no name of a network device");
	r = spec_read_text(item, "name", &out->name, err);
	if (r < 0)
		return r;
	if (!out->name)
		out->name = out->host_name;
	/* "%d" lets the kernel choose a number. */
	pattern = strchr(out->name, '%');
	if (!spec_is_ifname(out->name) ||
	    (pattern && (pattern[1] != 'd' || strchr(pattern + 1, '%'))))
		return cfg_fail(err, item, "name",
				"\"%s\" is no name of a network device",
				out->name);
	return 0;
}

static int read_net_devices(const struct cfg *at, struct arena *arena,
			    struct spec_linux *out, struct err *err)
{
	struct spec_items items = { .size = sizeof(*out->net_devices),
				    .read = read_net_device };
	const struct cfg map = { .parent = at, .key = "netDevices" };
	int r = spec_read_map(at, "netDevices", arena, &items, err);
	struct spec_net_device *all = items.at;

	for (size_t i = 0; r == 0 && i < items.count; i++) {
		const struct cfg item = { .parent = &map,
					  .key = all[i].host_name };

		for (size_t j = 0; r == 0 && j < i; j++)
			if (!strchr(all[i].name, '%') &&
			    strcmp(all[i].name, all[j].name) == 0)
				r = cfg_fail(err, &item, "name",
					     "\"%s\" is \"%s\" already",
					     all[i].name, all[j].host_name);
	}
	out->net_devices = all;
	out->net_device_count = items.count;
	return r;
}

static int read_resources(const struct cfg *at, struct arena *arena,
			  struct spec_resources *out, struct err *err)
{
	struct cfg child;
	int r = cfg_child_or_none(at, "resources", json_type_object, &child,
				  err);

	return r ?: spec_resources_read(&child, arena, out, err);
}

int spec_linux_read(const struct cfg *at, struct arena *arena,
		    struct spec_linux *out, struct err *err)
{
	int r;

	r = read_namespaces(at, out->ns, err);
	r = r ?: spec_id_maps_read(at, "uidMappings", arena, &out->uids, err);
	r = r ?: spec_id_maps_read(at, "gidMappings", arena, &out->gids, err);
	r = r ?: read_offsets(at, out, err);
	r = r ?: spec_devices_read(at, arena, out, err);
	r = r ?: read_net_devices(at, arena, out, err);
	r = r ?: spec_read_text(at, "cgroupsPath", &out->cgroups_path, err);
	r = r ?: read_resources(at, arena, &out->resources, err);
	r = r ?: read_propagation(at, &out->rootfs_propagation, err);
	r = r
		    ?: spec_read_paths(at, "maskedPaths", arena,
				       &out->masked_paths, err);
	r = r
		    ?: spec_read_paths(at, "readonlyPaths", arena,
				       &out->readonly_paths, err);
	r = r ?: spec_read_text(at, "mountLabel", &out->mount_label, err);
	r = r ?: spec_seccomp_read(at, arena, &out->seccomp, err);
	r = r ?: spec_read_pairs(at, "sysctl", arena, &out->sysctl, err);
	r = r ?: read_personality(at, &out->personality, err);
	return r ?: spec_policy_read(at, arena, out, err);
}
