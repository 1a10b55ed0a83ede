/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `process.scheduler` and `process.ioPriority` (sched_setattr(2),
 * ioprio_set(2)). What the kernel would refuse with a bare EINVAL is refused
 * here, by name.
 */
#include <linux/ioprio.h>
#include <linux/sched.h>

#include "runtime-glue/spec/spec_parts.h"

#define ISO_POLICY 4 /* reserved: the header has no name for it */

#define NICE        ((struct cfg_bounds){ -20, 19 })
#define NO_PRIORITY ((struct cfg_bounds){ 0, 0 })
#define RT_PRIORITY ((struct cfg_bounds){ 1, 99 })
#define IO_PRIORITY ((struct cfg_bounds){ 0, 7 })

static const struct spec_word policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", ISO_POLICY },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ NULL, 0 },
};

static const struct spec_word flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

static const struct spec_word io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

static int read_priority(const struct cfg *at, struct spec_scheduler *out,
			 struct err *err)
{
	bool realtime = out->policy == SCHED_FIFO || out->policy == SCHED_RR;
	int64_t priority;
	int r;

	if (realtime && !cfg_has(at, "priority"))
		return cfg_fail(err, at, "priority",
				"required by SCHED_FIFO and SCHED_RR");
	r = cfg_int_or(at, "priority", 0, realtime ? RT_PRIORITY : NO_PRIORITY,
		       &priority, err);
	out->priority = (int32_t)priority;
	return r;
}

static int check_deadline(const struct cfg *at,
			  const struct spec_scheduler *sched, struct err *err)
{
	static const char *const keys[] = { "runtime", "deadline", "period" };
	const uint64_t values[] = { sched->runtime, sched->deadline,
				    sched->period };

	for (int i = 0; i < 3 && sched->policy != SCHED_DEADLINE; i++)
		if (values[i] > 0)
			return cfg_fail(err, at, keys[i],
					"is for SCHED_DEADLINE only");
	if (sched->policy != SCHED_DEADLINE)
		return 0;
	if (sched->runtime == 0)
		return cfg_fail(err, at, "runtime",
				"required by SCHED_DEADLINE");
	if (sched->deadline < sched->runtime)
		return cfg_fail(err, at, "deadline",
				"%ju is less than the runtime, %ju",
				(uintmax_t)sched->deadline,
				(uintmax_t)sched->runtime);
	if (sched->period > 0 && sched->period < sched->deadline)
		return cfg_fail(err, at, "period",
				"%ju is less than the deadline, %ju",
				(uintmax_t)sched->period,
				(uintmax_t)sched->deadline);
	return 0;
}

static int read_scheduler(const struct cfg *at, struct spec_scheduler *out,
			  struct err *err)
{
	uint64_t policy = 0;
	int64_t nice = 0;
	int r;

	out->set = true;
	r = spec_need_word(at, "policy", policies, "scheduling policy", &policy,
			   err);
	out->policy = (uint32_t)policy;
	r = r ?: cfg_int_or(at, "nice", 0, NICE, &nice, err);
	out->nice = (int32_t)nice;
	r = r ?: read_priority(at, out, err);
	r = r
		    ?: spec_read_flags(at, "flags", flags, "scheduling flag",
				       &out->flags, err);
	r = r ?: cfg_uint_or(at, "runtime", 0, UINT64_MAX, &out->runtime, err);
	r = r
		    ?: cfg_uint_or(at, "deadline", 0, UINT64_MAX,
				   &out->deadline, err);
	r = r ?: cfg_uint_or(at, "period", 0, UINT64_MAX, &out->period, err);
	return r ?: check_deadline(at, out, err);
}

static int read_io_priority(const struct cfg *at, struct spec_int *out,
			    struct err *err)
{
	uint64_t class = 0;
	int64_t priority = 0;
	int r;

	r = spec_need_word(at, "class", io_classes, "I/O scheduling class",
			   &class, err);
	r = r ?: cfg_int_or(at, "priority", 0, IO_PRIORITY, &priority, err);
	out->set = true;
	out->value = (int64_t)(class << IOPRIO_CLASS_SHIFT) | priority;
	return r;
}

int spec_scheduler_read(const struct cfg *process, struct spec_process *out,
			struct err *err)
{
	struct cfg at;
	int r = cfg_child_or_none(process, "scheduler", json_type_object, &at,
				  err);

	if (r == 0 && at.json)
		r = read_scheduler(&at, &out->scheduler, err);
	r = r
		    ?: cfg_child_or_none(process, "ioPriority",
					 json_type_object, &at, err);
	if (r == 0 && at.json)
		r = read_io_priority(&at, &out->io_priority, err);
	return r;
}
