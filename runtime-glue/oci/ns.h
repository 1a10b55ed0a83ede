/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespaces of a container: which are new, which are joined. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "runtime-glue/spec/spec.h"

struct ns_plan {
	int fd[SPEC_NS_COUNT]; /* to be joined; -1: not */
	int made;              /* CLONE_NEW* of the new ones */
	bool user;             /* a user namespace that is not ours */
};

#define NS_NONE                                          \
	(struct ns_plan)                                 \
	{                                                \
		.fd = { -1, -1, -1, -1, -1, -1, -1, -1 } \
	}
#define auto_ns_plan AUTO(ns_close)

/*
 * Open those with a path. Each is looked at before it is opened (a FIFO or a
 * device has no effect) and must be of the kind that the config says. Errors
 * name linux.namespaces and the path.
 */
int ns_open(const struct spec *spec, struct ns_plan *out,
	    struct err *err) MUST_CHECK;

/* Those of @pid that are not ours already, for exec. */
int ns_open_of(pid_t pid, struct ns_plan *out, struct err *err) MUST_CHECK;

/*
 * Join one, or all that have a descriptor (the user namespace only with @user).
 * With a user namespace: first those that our rights suffice for, then it, then
 * the rest. What has been joined is closed.
 */
int ns_join(struct ns_plan *plan, enum spec_ns kind,
	    struct err *err) MUST_CHECK;
int ns_join_all(struct ns_plan *plan, struct err *err) MUST_CHECK;

/*
 * What our children are born in is that of our own again, after setns(2) or
 * unshare(2) of a PID or time namespace. In our own mount namespace only.
 */
int ns_return(enum spec_ns kind, struct err *err) MUST_CHECK;

/*
 * Write linux.timeOffsets for the time namespace that our children will be in.
 * @proc: as for ns_may_setgroups(); AT_FDCWD: /proc.
 */
int ns_time_offsets(const struct spec_linux *spec, int proc,
		    struct err *err) MUST_CHECK;

/*
 * Map ids of the user namespace that @pid is in. Without the right to write
 * any mapping: newuidmap(1) and newgidmap(1) if there are such, or a single
 * one to ourselves. *@setgroups: whether setgroups(2) may be called there.
 */
int ns_map(pid_t pid, const struct spec_linux *spec, bool *setgroups,
	   struct err *err) MUST_CHECK;

/*
 * setgroups(2) has not been given up in our user namespace. @proc: of a procfs
 * that shows us, as the one of a joined mount namespace need not.
 */
bool ns_may_setgroups(int proc);

void ns_close(struct ns_plan *plan);
