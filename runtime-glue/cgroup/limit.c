/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits: who is responsible, and the controllers that need few words. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

const char *const limit_names[LIMIT_COUNT] = {
	[LIMIT_CPU] = "cpu",       [LIMIT_CPUSET] = "cpuset",
	[LIMIT_MEMORY] = "memory", [LIMIT_PIDS] = "pids",
	[LIMIT_IO] = "io",         [LIMIT_HUGETLB] = "hugetlb",
	[LIMIT_RDMA] = "rdma",     [LIMIT_MISC] = "misc",
};

/* Values from here on are no limit: what the kernel shows for "none". */
#define HUGE_UNLIMITED ((uint64_t)INT64_MAX - 65536)

static bool asks(struct spec_int value)
{
	return value.set && value.value != 0 && value.value != -1;
}

static bool asks_uint(struct spec_uint value)
{
	return value.set && value.value != 0;
}

/* The first member that asks for something that only @controller can do. */
static const char *memory_member(const struct spec_resources *r)
{
	if (asks(r->memory.limit))
		return "memory.limit";
	if (asks(r->memory.swap))
		return "memory.swap";
	if (asks(r->memory.reservation))
		return "memory.reservation";
	if (asks(r->memory.kernel_tcp))
		return "memory.kernelTCP";
	if (r->memory.swappiness.set)
		return "memory.swappiness";
	return r->memory.disable_oom_killer ? "memory.disableOOMKiller" : NULL;
}

static const char *cpu_member(const struct spec_resources *r)
{
	if (asks_uint(r->cpu.shares))
		return "cpu.shares";
	if (asks(r->cpu.quota))
		return "cpu.quota";
	if (asks_uint(r->cpu.period))
		return "cpu.period";
	if (asks_uint(r->cpu.burst))
		return "cpu.burst";
	if (asks_uint(r->cpu.rt_period))
		return "cpu.realtimePeriod";
	if (asks(r->cpu.rt_runtime))
		return "cpu.realtimeRuntime";
	return asks(r->cpu.idle) ? "cpu.idle" : NULL;
}

static const char *cpuset_member(const struct spec_resources *r)
{
	if (r->cpu.cpus && *r->cpu.cpus)
		return "cpu.cpus";
	return r->cpu.mems && *r->cpu.mems ? "cpu.mems" : NULL;
}

static const char *io_member(const struct spec_resources *r)
{
	const struct spec_block_io *io = &r->block_io;

	if (asks(io->weight))
		return "blockIO.weight";
	if (asks(io->leaf_weight))
		return "blockIO.leafWeight";
	if (io->weight_count > 0)
		return "blockIO.weightDevice";
	if (io->read_bps.count > 0)
		return "blockIO.throttleReadBpsDevice";
	if (io->write_bps.count > 0)
		return "blockIO.throttleWriteBpsDevice";
	if (io->read_iops.count > 0)
		return "blockIO.throttleReadIOPSDevice";
	return io->write_iops.count > 0 ? "blockIO.throttleWriteIOPSDevice"
					: NULL;
}

static const char *pids_member(const struct spec_resources *r)
{
	return r->pids.set && r->pids.value != -1 ? "pids.limit" : NULL;
}

static const char *hugetlb_member(const struct spec_resources *r)
{
	for (size_t i = 0; i < r->hugepage_count; i++) {
		if (r->hugepages[i].limit < HUGE_UNLIMITED)
			return "hugepageLimits";
	}
	return NULL;
}

static const char *rdma_member(const struct spec_resources *r)
{
	return r->rdma_count > 0 ? "rdma" : NULL;
}

static const char *class_member(const struct spec_resources *r)
{
	return asks_uint(r->net_class) ? "network.classID" : NULL;
}

static const char *prio_member(const struct spec_resources *r)
{
	return r->net_prio_count > 0 ? "network.priorities" : NULL;
}

/* ---- the short ones ---- */

typedef int limit_fn(const struct cgroup_tree *tree,
		     const struct spec_resources *resources, struct err *err);

static int cpuset_limit(const struct cgroup_tree *tree,
			const struct spec_resources *r, struct err *err)
{
	int done = 0;

	if (r->cpu.cpus && *r->cpu.cpus)
		done = group_set(tree, "cpu.cpus", "cpuset.cpus", r->cpu.cpus,
				 err);
	if (done == 0 && r->cpu.mems && *r->cpu.mems)
		done = group_set(tree, "cpu.mems", "cpuset.mems", r->cpu.mems,
				 err);
	return done;
}

/*
 * 0 is a limit (runtime-spec 1.3), and so is 1: no process but the first. That
 * is what we write, as with 0 the kernel would not let the first be born there.
 */
static int pids_limit(const struct cgroup_tree *tree,
		      const struct spec_resources *r, struct err *err)
{
	int64_t limit = r->pids.value == 0 ? 1 : r->pids.value;

	if (!r->pids.set)
		return 0;
	return group_set_max(tree, "pids.limit", "pids.max", limit, err);
}

static int hugetlb_set(const struct cgroup_tree *tree,
		       const struct spec_hugepage *page, size_t index,
		       struct err *err)
{
	const char *end = tree->v2 ? "max" : "limit_in_bytes";
	char member[48], file[64], value[24];
	int r;

	(void)snprintf(member, sizeof(member), "hugepageLimits[%zu]", index);
	for (const char *at = page->size; *at; at++) {
		if (!isalnum((unsigned char)*at))
			return err_set(err, CNI_E_CONFIG,
				       "linux.resources.%s.pageSize: \"%s\" is "
				       "no page size",
				       member, page->size);
	}
	(void)snprintf(value, sizeof(value), "%" PRIu64, page->limit);
	(void)snprintf(file, sizeof(file), "hugetlb.%.16s.%s", page->size, end);
	r = group_set(tree, member, file, value, err);
	if (r < 0)
		return r;
	/* Reservations are counted apart since Linux 5.7. */
	(void)snprintf(file, sizeof(file), "hugetlb.%.16s.rsvd.%s", page->size,
		       end);
	if (!group_has(tree, file))
		return 0;
	return group_set(tree, member, file, value, err);
}

static int hugetlb_limit(const struct cgroup_tree *tree,
			 const struct spec_resources *r, struct err *err)
{
	int done = 0;

	for (size_t i = 0; done == 0 && i < r->hugepage_count; i++)
		done = hugetlb_set(tree, &r->hugepages[i], i, err);
	return done;
}

static int rdma_limit(const struct cgroup_tree *tree,
		      const struct spec_resources *r, struct err *err)
{
	int done = 0;

	for (size_t i = 0; done == 0 && i < r->rdma_count; i++) {
		const struct spec_rdma *rdma = &r->rdma[i];
		auto_strbuf struct strbuf line = { 0 };

		strbuf_puts(&line, rdma->device);
		if (rdma->handles.set)
			strbuf_printf(&line, " hca_handle=%" PRId64,
				      rdma->handles.value);
		if (rdma->objects.set)
			strbuf_printf(&line, " hca_object=%" PRId64,
				      rdma->objects.value);
		if (line.failed)
			return err_nomem(err);
		done = group_set(tree, "rdma", "rdma.max", strbuf_str(&line),
				 err);
	}
	return done;
}

static int class_limit(const struct cgroup_tree *tree,
		       const struct spec_resources *r, struct err *err)
{
	if (!asks_uint(r->net_class))
		return 0;
	return group_set_int(tree, "network.classID", "net_cls.classid",
			     (int64_t)r->net_class.value, err);
}

static int prio_limit(const struct cgroup_tree *tree,
		      const struct spec_resources *r, struct err *err)
{
	int done = 0;

	for (size_t i = 0; done == 0 && i < r->net_prio_count; i++) {
		auto_strbuf struct strbuf line = { 0 };

		strbuf_printf(&line, "%s %" PRIu32, r->net_prios[i].name,
			      r->net_prios[i].priority);
		if (line.failed)
			return err_nomem(err);
		done = group_set(tree, "network.priorities",
				 "net_prio.ifpriomap", strbuf_str(&line), err);
	}
	return done;
}

/* ---- all of them ---- */

struct limit_kind {
	const char *controller;
	const char *(*member)(const struct spec_resources *resources);
	limit_fn *v1, *v2;
};

/* cpuset before cpu, memory last of the big ones: what can fail, early. */
static const struct limit_kind kinds[] = {
	{ "cpuset", cpuset_member, cpuset_limit, cpuset_limit },
	{ "cpu", cpu_member, cpu_limit_v1, cpu_limit_v2 },
	{ "pids", pids_member, pids_limit, pids_limit },
	{ "blkio", io_member, io_limit_v1, io_limit_v2 },
	{ "hugetlb", hugetlb_member, hugetlb_limit, hugetlb_limit },
	{ "rdma", rdma_member, rdma_limit, rdma_limit },
	{ "net_cls", class_member, class_limit, NULL },
	{ "net_prio", prio_member, prio_limit, NULL },
	{ "memory", memory_member, memory_limit_v1, memory_limit_v2 },
};

static int limit_one(const struct limit_kind *kind, const struct cgroup *cgroup,
		     const struct spec_resources *resources, struct err *err)
{
	const char *member = kind->member(resources);
	const struct cgroup_tree *tree =
		cgroup_tree_of(cgroup, kind->controller);

	if (tree && tree->v2)
		return kind->v2 ? kind->v2(tree, resources, err) : 0;
	if (tree)
		return kind->v1(tree, resources, err);
	if (!member)
		return 0;
	return err_sys(err, EOPNOTSUPP,
		       "linux.resources.%s: there is no cgroup with controller "
		       "\"%s\" that we may use",
		       member, kind->controller);
}

static int limit_devices(const struct cgroup *cgroup,
			 const struct spec_resources *resources, bool defaults,
			 struct err *err)
{
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "devices");
	struct device_rules rules = { 0 };
	int r;

	if (!resources->devices_set && !defaults)
		return 0;
	if (!tree && (!resources->devices_set || device_unprivileged()))
		return 0;
	if (!tree)
		return err_sys(err, EOPNOTSUPP,
			       "linux.resources.devices: there is no cgroup "
			       "with controller \"devices\" that we may use");
	r = device_rules(resources, defaults, &rules, err);
	if (r == 0 && tree->v2)
		r = devices_limit_v2(tree, &rules, err);
	else if (r == 0)
		r = devices_limit_v1(tree, &rules, err);
	free(rules.at);
	return r;
}

int cgroup_limit(struct cgroup *cgroup, const struct spec_resources *resources,
		 bool defaults, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(kinds) / sizeof(*kinds); i++)
		r = limit_one(&kinds[i], cgroup, resources, err);
	r = r ?: unified_limit(cgroup, resources, err);
	return r ?: limit_devices(cgroup, resources, defaults, err);
}

unsigned int limit_needs(const struct spec_resources *resources)
{
	unsigned int needs = 0;

	needs |= cpu_member(resources) ? 1U << LIMIT_CPU : 0;
	needs |= cpuset_member(resources) ? 1U << LIMIT_CPUSET : 0;
	needs |= memory_member(resources) ? 1U << LIMIT_MEMORY : 0;
	needs |= pids_member(resources) ? 1U << LIMIT_PIDS : 0;
	needs |= io_member(resources) ? 1U << LIMIT_IO : 0;
	needs |= hugetlb_member(resources) ? 1U << LIMIT_HUGETLB : 0;
	needs |= rdma_member(resources) ? 1U << LIMIT_RDMA : 0;
	for (size_t i = 0; i < resources->unified.count; i++) {
		const char *key = resources->unified.at[i].key;
		size_t len = strcspn(key, ".");

		for (unsigned int at = 0; at < LIMIT_COUNT; at++) {
			if (strlen(limit_names[at]) == len &&
			    strncmp(key, limit_names[at], len) == 0)
				needs |= 1U << at;
		}
	}
	return needs;
}
