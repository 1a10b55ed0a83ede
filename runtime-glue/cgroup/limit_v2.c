/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and CPU limits on v2 (kernel: admin-guide/cgroup-v2.rst). The members
 * of linux.resources are v1's; what they become here is what runc makes of
 * them.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define SHARES_MIN 2U
#define SHARES_MAX 262144U
#define WEIGHT_MIN 1U
#define WEIGHT_MAX 10000U

int limit_lacking(const char *member, struct err *err)
{
	return err_sys(err, EOPNOTSUPP,
		       "linux.resources.%s: cgroup v2 has no such limit",
		       member);
}

/* Refuse a limit that would kill what is there, when asked to. */
static int check_usage(const struct cgroup_tree *tree,
		       const struct spec_resources *resources, struct err *err)
{
	int64_t limit = resources->memory.limit.value;
	uint64_t used;

	if (!resources->memory.check_before_update || limit <= 0 ||
	    group_number(tree, "memory.current", &used) < 0 ||
	    used <= (uint64_t)limit)
		return 0;
	return err_sys(err, EBUSY,
		       "linux.resources.memory.limit: %" PRId64
		       " is less than the %" PRIu64 " bytes used already",
		       limit, used);
}

/*
 * v1's limit is of memory and swap together, v2's of swap alone. -1: max; 0
 * with *@set false: leave it.
 */
static int convert_swap(const struct cgroup_tree *tree,
			const struct spec_resources *resources,
			struct spec_int *out, struct err *err)
{
	int64_t limit = resources->memory.limit.value;
	int64_t swap = resources->memory.swap.value;
	uint64_t now;

	*out = (struct spec_int){ .set = true, .value = swap };
	if (swap == 0) {
		out->set = limit == -1;
		out->value = -1;
		return 0;
	}
	if (swap == -1 || limit == -1)
		return 0;
	if (limit == 0 && group_number(tree, "memory.max", &now) == 0 &&
	    now <= INT64_MAX)
		limit = (int64_t)now; /* an update of swap alone */
	if (limit == 0)
		return err_set(err, CNI_E_CONFIG,
			       "linux.resources.memory.swap: needs a "
			       "memory.limit");
	if (swap < limit)
		return err_set(err, CNI_E_CONFIG,
			       "linux.resources.memory.swap: %" PRId64
			       " is less than the memory.limit of %" PRId64
			       ", which it includes",
			       swap, limit);
	out->value = swap - limit;
	return 0;
}

static int set_swap(const struct cgroup_tree *tree,
		    const struct spec_resources *resources, struct err *err)
{
	static const char file[] = "memory.swap.max";
	struct spec_int swap;
	int r = convert_swap(tree, resources, &swap, err);

	if (r < 0 || !swap.set)
		return r;
	/* Without swap there is none to forbid, nor to allow. */
	if (swap.value <= 0 && !group_has(tree, file))
		return 0;
	return group_set_max(tree, "memory.swap", file, swap.value, err);
}

int memory_limit_v2(const struct cgroup_tree *tree,
		    const struct spec_resources *resources, struct err *err)
{
	struct spec_int limit = resources->memory.limit;
	struct spec_int low = resources->memory.reservation;
	struct spec_int tcp = resources->memory.kernel_tcp;
	int r;

	/* memory.kernel is not missed: memory.max counts that, too. */
	if (resources->memory.swappiness.set)
		return limit_lacking("memory.swappiness", err);
	if (resources->memory.disable_oom_killer)
		return limit_lacking("memory.disableOOMKiller", err);
	if (tcp.set && tcp.value > 0)
		return limit_lacking("memory.kernelTCP", err);
	r = check_usage(tree, resources, err);
	r = r ?: set_swap(tree, resources, err);
	if (r == 0 && limit.set && limit.value != 0)
		r = group_set_max(tree, "memory.limit", "memory.max",
				  limit.value, err);
	if (r == 0 && low.set && low.value != 0)
		r = group_set_max(tree, "memory.reservation", "memory.low",
				  low.value, err);
	return r;
}

/* ---- cpu ---- */

/*
 * runc's formula since 2025: a parabola, both scales logarithmic, through the
 * least (2, 1), the defaults (1024, 100) and the most (262144, 10000).
 */
uint64_t cpu_weight(uint64_t shares)
{
	double l, exponent;

	if (shares <= SHARES_MIN)
		return WEIGHT_MIN;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	l = log2((double)shares);
	exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
	return (uint64_t)ceil(pow(10, exponent));
}

static int set_burst(const struct cgroup_tree *tree, struct spec_uint burst,
		     bool *again, struct err *err)
{
	static const char file[] = "cpu.max.burst";
	char value[24];
	int r;

	if (!burst.set)
		return 0;
	(void)snprintf(value, sizeof(value), "%" PRIu64, burst.value);
	r = group_put(tree, file, value);
	if (r == -EINVAL && again) {
		*again = true; /* more than the quota that is to be changed */
		return 0;
	}
	return r < 0 ? group_failed(tree, r, "cpu.burst", file, value, err) : 0;
}

/* cpu.max is both numbers; what is not asked for stays as it is. */
static int set_max(const struct cgroup_tree *tree,
		   const struct spec_resources *resources, struct err *err)
{
	int64_t quota = resources->cpu.quota.value;
	uint64_t period = resources->cpu.period.value;
	char now[64], first[24], second[24], value[64];

	if (quota == 0 && period == 0)
		return 0;
	if (group_line(tree, "cpu.max", now, sizeof(now)) < 0 ||
	    sscanf(now, "%23s %23s", first, second) != 2) {
		(void)snprintf(first, sizeof(first), "max");
		(void)snprintf(second, sizeof(second), "100000");
	}
	if (quota < 0)
		(void)snprintf(first, sizeof(first), "max");
	if (quota > 0)
		(void)snprintf(first, sizeof(first), "%" PRId64, quota);
	if (period > 0)
		(void)snprintf(second, sizeof(second), "%" PRIu64, period);
	(void)snprintf(value, sizeof(value), "%s %s", first, second);
	return group_set(tree, quota != 0 ? "cpu.quota" : "cpu.period",
			 "cpu.max", value, err);
}

static int set_weight(const struct cgroup_tree *tree,
		      const struct spec_resources *resources, struct err *err)
{
	struct spec_uint shares = resources->cpu.shares;
	struct spec_int idle = resources->cpu.idle;
	int r = 0;

	/* An idle group has no weight, and takes none. */
	if (idle.set && (idle.value != 0 || group_has(tree, "cpu.idle")))
		r = group_set_int(tree, "cpu.idle", "cpu.idle", idle.value,
				  err);
	if (r < 0 || !shares.set || shares.value == 0 ||
	    (idle.set && idle.value == 1))
		return r;
	return group_set_int(tree, "cpu.shares", "cpu.weight",
			     (int64_t)cpu_weight(shares.value), err);
}

int cpu_limit_v2(const struct cgroup_tree *tree,
		 const struct spec_resources *resources, struct err *err)
{
	bool again = false;
	int r;

	if (resources->cpu.rt_period.value != 0)
		return limit_lacking("cpu.realtimePeriod", err);
	if (resources->cpu.rt_runtime.value > 0)
		return limit_lacking("cpu.realtimeRuntime", err);
	r = set_weight(tree, resources, err);
	r = r ?: set_burst(tree, resources->cpu.burst, &again, err);
	r = r ?: set_max(tree, resources, err);
	if (r == 0 && again)
		r = set_burst(tree, resources->cpu.burst, NULL, err);
	return r;
}

/* ---- unified ---- */

static bool is_file_name(const char *key)
{
	const char *dot = strchr(key, '.');

	return dot && dot != key && dot[1] && !strchr(key, '/');
}

/* Some files take a line at a time: io.max, rdma.max. */
static int set_lines(const struct cgroup_tree *tree, const char *member,
		     const struct spec_pair *pair, struct err *err)
{
	const char *at = pair->value;
	int r = 0;

	do {
		const char *end = strchrnul(at, '\n');
		auto_free char *line = strndup(at, (size_t)(end - at));

		if (!line)
			return err_nomem(err);
		if (*line || !*pair->value)
			r = group_set(tree, member, pair->key, line, err);
		at = *end ? end + 1 : end;
	} while (r == 0 && *at);
	return r;
}

int unified_limit(const struct cgroup *cgroup,
		  const struct spec_resources *resources, struct err *err)
{
	const struct cgroup_tree *tree = cgroup_v2(cgroup);
	char member[300];
	int r = 0;

	for (size_t i = 0; r == 0 && i < resources->unified.count; i++) {
		const struct spec_pair *pair = &resources->unified.at[i];

		(void)snprintf(member, sizeof(member), "unified[\"%s\"]",
			       pair->key);
		if (!is_file_name(pair->key))
			return err_set(err, CNI_E_CONFIG,
				       "linux.resources.%s: must be a file of "
				       "a cgroup",
				       member);
		if (!tree)
			return err_sys(err, EOPNOTSUPP,
				       "linux.resources.%s: there is no cgroup "
				       "v2 that we may use",
				       member);
		if (!group_has(tree, pair->key))
			return err_sys(err, EOPNOTSUPP,
				       "linux.resources.%s: cgroup %s%s (v2) "
				       "has no such file",
				       member, tree->mount, tree->path);
		r = set_lines(tree, member, pair, err);
	}
	return r;
}
