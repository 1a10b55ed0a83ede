/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and CPU limits on v1 (kernel: admin-guide/cgroup-v1/memory.rst,
 * scheduler/sched-bwc.rst). Values that depend on each other are written in the
 * order in which each intermediate state is one that the kernel takes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "runtime-glue/cgroup/cgroup_parts.h"

#define LIMIT_FILE "memory.limit_in_bytes"
#define SWAP_FILE  "memory.memsw.limit_in_bytes"

static int set_limit(const struct cgroup_tree *tree, int64_t limit,
		     struct err *err)
{
	uint64_t used;
	int r;

	if (limit == 0)
		return 0;
	r = group_set_int(tree, "memory.limit", LIMIT_FILE, limit, err);
	if (r == -EBUSY &&
	    group_number(tree, "memory.usage_in_bytes", &used) == 0)
		err_hint(err,
			 "%" PRIu64 " bytes are used already, and cannot be "
			 "reclaimed",
			 used);
	return r;
}

static int set_swap(const struct cgroup_tree *tree, int64_t swap,
		    struct err *err)
{
	if (swap == 0)
		return 0;
	return group_set_int(tree, "memory.swap", SWAP_FILE, swap, err);
}

/*
 * limit <= swap must hold all the time: growing begins with swap, shrinking
 * with limit.
 */
static int set_both(const struct cgroup_tree *tree,
		    const struct spec_resources *resources, struct err *err)
{
	int64_t limit = resources->memory.limit.value;
	int64_t swap = resources->memory.swap.value;
	uint64_t now;
	int r;

	/* No limit of memory means none of memory and swap. */
	if (limit == -1 && swap == 0 && group_has(tree, SWAP_FILE))
		swap = -1;
	if (limit == 0 || swap == 0) {
		r = set_limit(tree, limit, err);
		return r ?: set_swap(tree, swap, err);
	}
	r = group_number(tree, LIMIT_FILE, &now);
	if (r < 0)
		return err_sys(err, -r, "read %s%s/%s", tree->mount, tree->path,
			       LIMIT_FILE);
	if (swap == -1 || now < (uint64_t)swap) {
		r = set_swap(tree, swap, err);
		return r ?: set_limit(tree, limit, err);
	}
	r = set_limit(tree, limit, err);
	return r ?: set_swap(tree, swap, err);
}

/* Linux 5.16 and later take no kernel memory limit, some refuse to be asked. */
static int set_kernel(const struct cgroup_tree *tree, struct spec_int limit,
		      struct err *err)
{
	static const char file[] = "memory.kmem.limit_in_bytes";
	char value[24];
	int r;

	if (!limit.set || limit.value == 0 || !group_has(tree, file))
		return 0;
	(void)snprintf(value, sizeof(value), "%" PRId64, limit.value);
	r = group_put(tree, file, value);
	if (r == 0 || r == -EOPNOTSUPP || r == -524 /* ENOTSUPP */)
		return 0;
	return group_failed(tree, r, "memory.kernel", file, value, err);
}

/* Current kernels know one setting only, and refuse to be told another. */
static int set_hierarchy(const struct cgroup_tree *tree,
			 const struct spec_resources *resources,
			 struct err *err)
{
	static const char file[] = "memory.use_hierarchy";
	uint64_t now;

	if (!resources->memory.use_hierarchy_set ||
	    (group_number(tree, file, &now) == 0 &&
	     now == resources->memory.use_hierarchy))
		return 0;
	return group_set_int(tree, "memory.useHierarchy", file,
			     resources->memory.use_hierarchy, err);
}

int memory_limit_v1(const struct cgroup_tree *tree,
		    const struct spec_resources *resources, struct err *err)
{
	struct spec_int value;
	int r;

	r = set_hierarchy(tree, resources, err);
	r = r ?: set_both(tree, resources, err);
	r = r ?: set_kernel(tree, resources->memory.kernel, err);
	value = resources->memory.kernel_tcp;
	if (r == 0 && value.set && value.value != 0)
		r = group_set_int(tree, "memory.kernelTCP",
				  "memory.kmem.tcp.limit_in_bytes", value.value,
				  err);
	value = resources->memory.reservation;
	if (r == 0 && value.set && value.value != 0)
		r = group_set_int(tree, "memory.reservation",
				  "memory.soft_limit_in_bytes", value.value,
				  err);
	if (r == 0 && resources->memory.disable_oom_killer_set)
		r = group_set_int(tree, "memory.disableOOMKiller",
				  "memory.oom_control",
				  resources->memory.disable_oom_killer, err);
	value = resources->memory.swappiness;
	if (r == 0 && value.set)
		r = group_set_int(tree, "memory.swappiness",
				  "memory.swappiness", value.value, err);
	return r;
}

/* ---- cpu ---- */

/* The kernel moves what is out of its range into it, without a word. */
static int set_shares(const struct cgroup_tree *tree, struct spec_uint shares,
		      struct err *err)
{
	uint64_t now;
	int r;

	if (!shares.set || shares.value == 0)
		return 0;
	if (shares.value > INT64_MAX)
		return err_set(err, CNI_E_CONFIG,
			       "linux.resources.cpu.shares: too large");
	r = group_set_int(tree, "cpu.shares", "cpu.shares",
			  (int64_t)shares.value, err);
	if (r < 0 || group_number(tree, "cpu.shares", &now) < 0 ||
	    now == shares.value)
		return r;
	return err_set(err, CNI_E_CONFIG,
		       "linux.resources.cpu.shares: the %s allowed is %" PRIu64,
		       now < shares.value ? "most" : "least", now);
}

/*
 * A write that may depend on another one that follows: EINVAL is kept for a
 * second try.
 */
struct retry {
	const char *member, *file;
	int64_t value;
	bool wanted, again;
};

static int set_first(const struct cgroup_tree *tree, struct retry *retry,
		     struct err *err)
{
	char value[24];
	int r;

	if (!retry->wanted)
		return 0;
	(void)snprintf(value, sizeof(value), "%" PRId64, retry->value);
	r = group_put(tree, retry->file, value);
	retry->again = r == -EINVAL;
	if (r == 0 || retry->again)
		return 0;
	return group_failed(tree, r, retry->member, retry->file, value, err);
}

static int set_again(const struct cgroup_tree *tree, const struct retry *retry,
		     struct err *err)
{
	if (!retry->again)
		return 0;
	return group_set_int(tree, retry->member, retry->file, retry->value,
			     err);
}

static int set_bandwidth(const struct cgroup_tree *tree,
			 const struct spec_resources *resources,
			 struct err *err)
{
	struct retry period = { .member = "cpu.period",
				.file = "cpu.cfs_period_us",
				.value = (int64_t)resources->cpu.period.value,
				.wanted = resources->cpu.period.value != 0 };
	struct retry burst = { .member = "cpu.burst",
			       .file = "cpu.cfs_burst_us",
			       .value = (int64_t)resources->cpu.burst.value,
			       .wanted = resources->cpu.burst.set };
	int64_t quota = resources->cpu.quota.value;
	int r;

	r = set_first(tree, &period, err);
	r = r ?: set_first(tree, &burst, err);
	if (r == 0 && quota != 0)
		r = group_set_int(tree, "cpu.quota", "cpu.cfs_quota_us", quota,
				  err);
	r = r ?: set_again(tree, &period, err);
	return r ?: set_again(tree, &burst, err);
}

static int set_realtime(const struct cgroup_tree *tree,
			const struct spec_resources *resources, struct err *err)
{
	struct spec_uint period = resources->cpu.rt_period;
	struct retry runtime = { .member = "cpu.realtimeRuntime",
				 .file = "cpu.rt_runtime_us",
				 .value = resources->cpu.rt_runtime.value,
				 .wanted =
					 resources->cpu.rt_runtime.value != 0 };
	int r = 0;

	/* A period shorter than the runtime is refused: shrink that first. */
	if (period.value != 0)
		r = set_first(tree, &runtime, err);
	if (r == 0 && period.value != 0)
		r = group_set_int(tree, "cpu.realtimePeriod",
				  "cpu.rt_period_us", (int64_t)period.value,
				  err);
	if (r == 0 && runtime.wanted && period.value == 0)
		r = group_set_int(tree, runtime.member, runtime.file,
				  runtime.value, err);
	return r ?: set_again(tree, &runtime, err);
}

int cpu_limit_v1(const struct cgroup_tree *tree,
		 const struct spec_resources *resources, struct err *err)
{
	struct spec_int idle = resources->cpu.idle;
	bool was_idle = idle.set && idle.value == 0;
	int r = 0;

	/* An idle group has no shares, and takes none. */
	if (was_idle && group_has(tree, "cpu.idle"))
		r = group_set_int(tree, "cpu.idle", "cpu.idle", 0, err);
	if (r == 0 && !(idle.set && idle.value == 1))
		r = set_shares(tree, resources->cpu.shares, err);
	r = r ?: set_bandwidth(tree, resources, err);
	r = r ?: set_realtime(tree, resources, err);
	if (r == 0 && idle.set && idle.value != 0)
		r = group_set_int(tree, "cpu.idle", "cpu.idle", idle.value,
				  err);
	return r;
}
