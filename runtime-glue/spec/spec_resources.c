/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `linux.resources` (config-linux.md, "Control groups"), and update's file. */
#include <ctype.h>
#include <string.h>

#include "runtime-glue/spec/spec_parts.h"

/* -1: no limit */
#define LIMIT      ((struct cfg_bounds){ -1, INT64_MAX })
#define SWAPPINESS ((struct cfg_bounds){ 0, 100 })
#define IDLE       ((struct cfg_bounds){ 0, 1 })
#define RDMA       ((struct cfg_bounds){ 0, UINT32_MAX })

static int read_memory(const struct cfg *resources, struct spec_resources *out,
		       struct err *err)
{
	__typeof__(out->memory) *memory = &out->memory;
	struct cfg at;
	int r = cfg_child_or_none(resources, "memory", json_type_object, &at,
				  err);

	r = r ?: spec_read_int(&at, "limit", LIMIT, &memory->limit, err);
	r = r
		    ?: spec_read_int(&at, "reservation", LIMIT,
				     &memory->reservation, err);
	r = r ?: spec_read_int(&at, "swap", LIMIT, &memory->swap, err);
	r = r ?: spec_read_int(&at, "kernel", LIMIT, &memory->kernel, err);
	r = r
		    ?: spec_read_int(&at, "kernelTCP", LIMIT,
				     &memory->kernel_tcp, err);
	r = r
		    ?: spec_read_int(&at, "swappiness", SWAPPINESS,
				     &memory->swappiness, err);
	memory->disable_oom_killer_set = cfg_has(&at, "disableOOMKiller");
	r = r
		    ?: cfg_bool_or(&at, "disableOOMKiller", false,
				   &memory->disable_oom_killer, err);
	memory->use_hierarchy_set = cfg_has(&at, "useHierarchy");
	r = r
		    ?: cfg_bool_or(&at, "useHierarchy", false,
				   &memory->use_hierarchy, err);
	return r
		       ?: cfg_bool_or(&at, "checkBeforeUpdate", false,
				      &memory->check_before_update, err);
}

/* What cpuset.cpus and cpuset.mems take; the kernel knows how many there are.
 */
static int read_set(const struct cfg *at, const char *key, const char **out,
		    struct err *err)
{
	int r = spec_read_text(at, key, out, err);

	if (r == 0 && *out && (*out)[strspn(*out, "0123456789,-:/N")])
		return cfg_fail(err, at, key, "\"%s\" is no list such as 0-3,7",
				*out);
	return r;
}

static int read_cpu(const struct cfg *resources, struct spec_resources *out,
		    struct err *err)
{
	__typeof__(out->cpu) *cpu = &out->cpu;
	struct cfg at;
	int r = cfg_child_or_none(resources, "cpu", json_type_object, &at, err);

	r = r ?: spec_read_uint(&at, "shares", UINT64_MAX, &cpu->shares, err);
	r = r ?: spec_read_int(&at, "quota", LIMIT, &cpu->quota, err);
	r = r ?: spec_read_uint(&at, "burst", UINT64_MAX, &cpu->burst, err);
	r = r ?: spec_read_uint(&at, "period", UINT64_MAX, &cpu->period, err);
	r = r
		    ?: spec_read_int(&at, "realtimeRuntime", LIMIT,
				     &cpu->rt_runtime, err);
	r = r
		    ?: spec_read_uint(&at, "realtimePeriod", UINT64_MAX,
				      &cpu->rt_period, err);
	r = r ?: spec_read_int(&at, "idle", IDLE, &cpu->idle, err);
	r = r ?: read_set(&at, "cpus", &cpu->cpus, err);
	return r ?: read_set(&at, "mems", &cpu->mems, err);
}

/* "64KB", "2MB": it becomes part of a file's name. */
static bool is_page_size(const char *size)
{
	const char *digits = size;

	while (isdigit((unsigned char)*size))
		size++;
	return size > digits && *digits != '0' && *size &&
	       strchr("KMG", *size) && strcmp(size + 1, "B") == 0;
}

static int read_hugepage(const struct cfg *item, struct arena *arena, void *to,
			 struct err *err)
{
	struct spec_hugepage *out = to;
	int r = cfg_string(item, "pageSize", &out->size, err);

	(void)arena;
	if (r == 0 && !is_page_size(out->size))
		return cfg_fail(err, item, "pageSize",
				"\"%s\" is no size such as 2MB", out->size);
	return r ?: spec_need_u64(item, "limit", &out->limit, err);
}

static int read_priority(const struct cfg *item, struct arena *arena, void *to,
			 struct err *err)
{
	struct spec_net_prio *out = to;
	int r = cfg_string(item, "name", &out->name, err);

	(void)arena;
	if (r == 0 && !spec_is_ifname(out->name))
		return cfg_fail(err, item, "name",
				"\"%s\" is no name of a network device",
				out->name);
	return r
		       ?: spec_need_u32(item, "priority", UINT32_MAX,
					&out->priority, err);
}

static int read_network(const struct cfg *resources, struct arena *arena,
			struct spec_resources *out, struct err *err)
{
	struct spec_items items = { .size = sizeof(*out->net_prios),
				    .read = read_priority };
	struct cfg at;
	int r = cfg_child_or_none(resources, "network", json_type_object, &at,
				  err);

	r = r
		    ?: spec_read_uint(&at, "classID", UINT32_MAX,
				      &out->net_class, err);
	r = r ?: spec_read_array(&at, "priorities", arena, &items, err);
	out->net_prios = items.at;
	out->net_prio_count = items.count;
	return r;
}

static int read_rdma(const struct cfg *item, struct arena *arena, void *to,
		     struct err *err)
{
	struct spec_rdma *out = to;
	int r;

	(void)arena;
	out->device = item->key;
	/* It is a word of a line that the kernel reads. */
	if (!*out->device || out->device[strcspn(out->device, " \t\n")])
		return cfg_fail(err, item, NULL, "is no name of a device");
	r = spec_read_int(item, "hcaHandles", RDMA, &out->handles, err);
	r = r ?: spec_read_int(item, "hcaObjects", RDMA, &out->objects, err);
	if (r == 0 && !out->handles.set && !out->objects.set)
		return cfg_fail(err, item, NULL,
				"has neither hcaHandles nor hcaObjects");
	return r;
}

/* Keys are names of files in the group's directory. */
static int read_unified(const struct cfg *resources, struct arena *arena,
			struct spec_pairs *out, struct err *err)
{
	const struct cfg map = { .parent = resources, .key = "unified" };
	int r = spec_read_pairs(resources, "unified", arena, out, err);

	for (size_t i = 0; r == 0 && i < out->count; i++) {
		const char *key = out->at[i].key;

		if (strchr(key, '/') || strcmp(key, ".") == 0 ||
		    strcmp(key, "..") == 0)
			r = cfg_fail(err, &map, key, "is no name of a file");
	}
	return r;
}

static int read_lists(const struct cfg *at, struct arena *arena,
		      struct spec_resources *out, struct err *err)
{
	struct spec_items pages = { .size = sizeof(*out->hugepages),
				    .read = read_hugepage };
	struct spec_items rdma = { .size = sizeof(*out->rdma),
				   .read = read_rdma };
	int r = spec_read_array(at, "hugepageLimits", arena, &pages, err);

	out->hugepages = pages.at;
	out->hugepage_count = pages.count;
	r = r ?: spec_read_map(at, "rdma", arena, &rdma, err);
	out->rdma = rdma.at;
	out->rdma_count = rdma.count;
	return r;
}

int spec_resources_read(const struct cfg *at, struct arena *arena,
			struct spec_resources *out, struct err *err)
{
	struct cfg child;
	int r;

	r = spec_device_rules_read(at, arena, out, err);
	r = r ?: read_memory(at, out, err);
	r = r ?: read_cpu(at, out, err);
	r = r ?: cfg_child_or_none(at, "pids", json_type_object, &child, err);
	r = r ?: spec_read_int(&child, "limit", LIMIT, &out->pids, err);
	r = r
		    ?: cfg_child_or_none(at, "blockIO", json_type_object,
					 &child, err);
	r = r ?: spec_block_io_read(&child, arena, &out->block_io, err);
	r = r ?: read_lists(at, arena, out, err);
	r = r ?: read_network(at, arena, out, err);
	return r ?: read_unified(at, arena, &out->unified, err);
}
