/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --memory and its like. As docker reckons: --memory-swap is memory and swap
 * together, and twice the memory where only that is given. The engine makes of
 * it what v2 wants.
 */
#include <string.h>
#include <unistd.h>

#include "runtime-glue/tool/bundle_parts.h"

#define LIMIT_MIN (INT64_C(6) << 20)

static bool is_v2(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

/* Whether this kernel limits swap: a default must not fail for want of it. */
static bool limits_swap(void)
{
	return access(is_v2() ? "/proc/swaps"
			      : "/sys/fs/cgroup/memory/"
				"memory.memsw.limit_in_bytes",
		      F_OK) == 0;
}

static int put_swap(const char *text, int64_t limit, struct json_object *memory,
		    struct err *err)
{
	int64_t swap = 0;
	int r = 0;

	if (text && strcmp(text, "-1") == 0)
		return bundle_put_number(memory, "swap", -1, err);
	if (text)
		r = cli_size("--memory-swap", text, &swap, err);
	if (r < 0)
		return r;
	if (swap > 0 && limit == 0)
		return err_set(err, CNI_E_FIELD,
			       "--memory-swap: needs --memory, which it "
			       "includes");
	if (swap > 0 && swap < limit)
		return err_set(err, CNI_E_FIELD,
			       "--memory-swap: %s is less than --memory, which "
			       "it includes",
			       text);
	if (swap == 0 && (limit == 0 || !limits_swap() ||
			  __builtin_mul_overflow(limit, 2, &swap)))
		return 0;
	return bundle_put_number(memory, "swap", swap, err);
}

static int put_reservation(const char *text, int64_t limit,
			   struct json_object *memory, struct err *err)
{
	int64_t value = 0;
	int r = text ? cli_size("--memory-reservation", text, &value, err) : 0;

	if (r < 0 || value == 0)
		return r;
	if (limit > 0 && value > limit)
		return err_set(err, CNI_E_FIELD,
			       "--memory-reservation: %s is more than --memory",
			       text);
	return bundle_put_number(memory, "reservation", value, err);
}

static int put_limit(const char *text, int64_t *limit,
		     struct json_object *memory, struct err *err)
{
	int r = text ? cli_size("--memory", text, limit, err) : 0;

	if (r < 0 || *limit == 0)
		return r;
	if (*limit < LIMIT_MIN)
		return err_set(err, CNI_E_FIELD,
			       "--memory: %s is less than 6m, which a process "
			       "needs to start",
			       text);
	return bundle_put_number(memory, "limit", *limit, err);
}

static int put_oom(struct bundle *b, struct json_object *memory,
		   struct err *err)
{
	const char *text = b->options->oom_score_adj;
	int64_t score = 0;
	int r;

	if (b->options->oom_kill_disable && is_v2())
		return err_set(err, CNI_E_FIELD,
			       "--oom-kill-disable: this host has cgroup v2, "
			       "which cannot do that");
	if (b->options->oom_kill_disable) {
		r = bundle_put_true(memory, "disableOOMKiller", err);
		if (r < 0)
			return r;
	}
	if (!text)
		return 0;
	r = cli_number("--oom-score-adj", text, -1000, 1000, &score, err);
	return r ?: bundle_put_number(b->process, "oomScoreAdj", score, err);
}

int bundle_memory(struct bundle *b, struct err *err)
{
	const struct run_options *options = b->options;
	struct json_object *memory;
	int64_t limit = 0;
	int r = bundle_object(b->resources, "memory", &memory, err);

	r = r ?: put_limit(options->memory, &limit, memory, err);
	r = r ?: put_swap(options->memory_swap, limit, memory, err);
	r = r
		    ?: put_reservation(options->memory_reservation, limit,
				       memory, err);
	r = r ?: put_oom(b, memory, err);
	if (r == 0 && json_object_object_length(memory) == 0)
		json_object_object_del(b->resources, "memory");
	return r;
}
