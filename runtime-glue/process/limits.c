/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resource limits, in two steps. Raising a hard limit takes CAP_SYS_RESOURCE,
 * so it is done early; but a small RLIMIT_NOFILE or RLIMIT_AS would also be
 * ours for the rest of the start, so that lowering is the last thing but for
 * seccomp. Lowering takes no privilege.
 */
#include <errno.h>
#include <sys/resource.h>

#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

int rlimits_check(const struct spec_process *spec, struct err *err)
{
	for (size_t i = 0; i < spec->rlimit_count; i++) {
		const struct spec_rlimit *at = &spec->rlimits[i];

		if (at->soft > at->hard)
			return err_set(err, CNI_E_CONFIG,
				       "process.rlimits[%zu]: soft limit %llu "
				       "of %s is above the hard limit %llu",
				       i, (unsigned long long)at->soft,
				       at->name, (unsigned long long)at->hard);
	}
	return 0;
}

static int set(const struct spec_rlimit *at, pid_t pid,
	       const struct rlimit *want, struct err *err)
{
	const uint64_t start = trace_start();
	int r = 0;

	/* glibc's enum in C++ only; the kernel checks the number */
	if (prlimit(pid, (__rlimit_resource_t)at->resource, want, NULL) < 0)
		r = -errno;
	trace_end(start, r, "limit", "%s %llu:%llu", at->name,
		  (unsigned long long)want->rlim_cur,
		  (unsigned long long)want->rlim_max);
	if (r < 0)
		return err_sys(err, -r, "process.rlimits: set %s to %llu:%llu",
			       at->name, (unsigned long long)want->rlim_cur,
			       (unsigned long long)want->rlim_max);
	return 0;
}

static int raise_one(const struct spec_rlimit *at, pid_t pid, struct err *err)
{
	struct rlimit now, want;
	int r;

	if (prlimit(pid, (__rlimit_resource_t)at->resource, NULL, &now) < 0)
		return err_sys(err, errno, "process.rlimits: read %s",
			       at->name);
	if (at->hard <= now.rlim_max)
		return 0;
	want = (struct rlimit){
		.rlim_cur = now.rlim_cur,
		.rlim_max = at->hard,
	};
	r = set(at, pid, &want, err);
	if (r == -EPERM)
		(void)err_hint(err,
			       "the hard limit is %llu, raising it takes "
			       "CAP_SYS_RESOURCE",
			       (unsigned long long)now.rlim_max);
	return r;
}

int rlimits_raise(const struct spec_process *spec, pid_t pid, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->rlimit_count; i++)
		r = raise_one(&spec->rlimits[i], pid, err);
	return r;
}

int rlimits_set(const struct spec_process *spec, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->rlimit_count; i++) {
		const struct spec_rlimit *at = &spec->rlimits[i];
		const struct rlimit want = {
			.rlim_cur = at->soft,
			.rlim_max = at->hard,
		};

		r = set(at, 0, &want, err);
	}
	return r;
}
