/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When, where and how the process runs: scheduler, CPUs, memory nodes. */
#include <errno.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

/* CPUs and nodes that we have room for: kernels are built for 8192 at most. */
#define MAX_CPUS  8192U
#define MAX_NODES 1024U

#define WORDS(bits) ((bits) / (8 * sizeof(unsigned long)))

#define IOPRIO_WHO_PROCESS 1

/* struct sched_attr of sched_setattr(2), its first version: glibc lacks it. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

int scheduler_set(const struct spec_process *spec, pid_t pid, struct err *err)
{
	const struct spec_scheduler *at = &spec->scheduler;
	const uint64_t start = trace_start();
	struct attr attr = {
		.size = sizeof(attr),
		.policy = at->policy,
		.flags = at->flags,
		.nice = at->nice,
		.priority = (uint32_t)at->priority,
		.runtime = at->runtime,
		.deadline = at->deadline,
		.period = at->period,
	};
	int r = 0;

	if (!at->set)
		return 0;
	if (syscall(SYS_sched_setattr, pid, &attr, 0) < 0)
		r = -errno;
	trace_end(start, r, "limit",
		  "scheduler policy %u, nice %d, "
		  "priority %d",
		  at->policy, at->nice, at->priority);
	if (r == 0)
		return 0;
	return err_sys(err, -r,
		       "process.scheduler: set policy %u, nice %d, "
		       "priority %d",
		       at->policy, at->nice, at->priority);
}

int ioprio_set_of(const struct spec_process *spec, pid_t pid, struct err *err)
{
	const uint64_t start = trace_start();
	const int value = (int)spec->io_priority.value;
	int r = 0;

	if (!spec->io_priority.set)
		return 0;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value) < 0)
		r = -errno;
	trace_end(start, r, "limit", "I/O priority %#x", (unsigned int)value);
	if (r == 0)
		return 0;
	return err_sys(err, -r, "process.ioPriority: set class %d, priority %d",
		       value >> 13, value & 0x1fff);
}

int process_affinity(pid_t pid, const char *list, const char *field,
		     struct err *err)
{
	unsigned long cpus[WORDS(MAX_CPUS)];
	const uint64_t start = trace_start();
	int r;

	r = process_list(list, cpus, MAX_CPUS);
	if (r < 0)
		return err_set(err, CNI_E_CONFIG,
			       "%s: \"%s\" is no list of CPUs", field, list);
	if (syscall(SYS_sched_setaffinity, pid, sizeof(cpus), cpus) < 0)
		r = -errno;
	trace_end(start, r, "limit", "CPUs %s", list);
	if (r == 0)
		return 0;
	return err_sys(err, -r, "%s: run on CPUs %s only", field, list);
}

int personality_set(const struct spec *spec, struct err *err)
{
	const struct spec_int *want = &spec->linux_.personality;
	const uint64_t start = trace_start();
	int r = 0;

	if (!want->set)
		return 0;
	if (personality((unsigned long)want->value) < 0)
		r = -errno;
	trace_end(start, r, "limit", "personality %#llx",
		  (unsigned long long)want->value);
	if (r == 0)
		return 0;
	return err_sys(err, -r, "linux.personality: set %#llx",
		       (unsigned long long)want->value);
}

int mempolicy_set(const struct spec *spec, struct err *err)
{
	const struct spec_memory_policy *want = &spec->linux_.memory_policy;
	unsigned long nodes[WORDS(MAX_NODES)] = { 0 };
	const char *list = want->nodes ? want->nodes : "";
	const uint64_t start = trace_start();
	int r = 0;

	if (!want->set)
		return 0;
	if (*list)
		r = process_list(list, nodes, MAX_NODES);
	if (r < 0)
		return err_set(err, CNI_E_CONFIG,
			       "linux.memoryPolicy.nodes: \"%s\" is no list "
			       "of nodes",
			       list);
	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, want->mode, *list ? nodes : NULL,
		    *list ? MAX_NODES + 1UL : 0UL) < 0)
		r = -errno;
	trace_end(start, r, "limit", "memory policy %#x of nodes \"%s\"",
		  (unsigned int)want->mode, list);
	if (r == 0)
		return 0;
	return err_sys(err, -r,
		       "linux.memoryPolicy: set mode %#x for nodes "
		       "\"%s\"",
		       (unsigned int)want->mode, list);
}
