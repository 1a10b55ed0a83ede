/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process of a container is allowed and limited to, from fork to
 * execve(): config.md "Process", config-linux.md "Seccomp", "Personality",
 * "Memory policy".
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "runtime-glue/spec/spec.h"

struct process {
	const struct spec_process *spec;
	const struct spec *container;
	bool userns;       /* not in the host's user namespace */
	bool setgroups;    /* may be called (false: denied in that namespace) */
	bool keep_groups;  /* annotation run.oci.keep_original_groups */
	bool new_keyring;  /* not --no-new-keyring */
	const char *id;    /* names the keyring "_ses.ID" */
	uint64_t bounding; /* of the runtime: what can be had at all */
	struct sock_fprog filter; /* compiled; len 0: none */
	unsigned int filter_flags; /* of seccomp(2) */
	bool notify;               /* SCMP_ACT_NOTIFY is in it */
	int listener; /* connected to listenerPath, or -1 */
	char *path;   /* of the executable, once looked up */
	char **envp;  /* once made; HOME added */
};

#define auto_process AUTO(process_free)

/*
 * In the runtime, before anything is created: compiles the seccomp filter
 * (libseccomp; unknown system calls are skipped, a filter for those newer than
 * libseccomp answers ENOSYS as runc's does), connects to the listener, checks
 * names. The fields spec .. id have been set by the caller.
 */
int process_prepare(struct process *process, struct err *err) MUST_CHECK;

/*
 * In the container, after the pivot, in this order, as root of it:
 *
 * process_limits: oom score, rlimits, scheduler, I/O priority, personality,
 * memory policy, CPU affinity. @proc: a procfs of our own (O_PATH).
 */
int process_limits(const struct process *process, int proc,
		   struct err *err) MUST_CHECK;

/*
 * process_find: the environment (HOME from the container's /etc/passwd if
 * there is none; last one of duplicates) and the executable, searched in the
 * container's PATH: `exec: "foo": executable file not found in $PATH`,
 * `exec: "/etc/passwd": permission denied`, as runc says it.
 */
int process_find(struct process *process, struct err *err) MUST_CHECK;

/*
 * process_become: keyring, LSM labels for exec, ids, groups, umask, the five
 * capability sets, no_new_privs, stdio's owner; the working directory is
 * entered (made if missing, as runc does) and verified to be inside the root.
 * After this the process is the container's user.
 */
int process_become(struct process *process, int proc,
		   struct err *err) MUST_CHECK;

/*
 * process_exec: seccomp, close_range(CLOEXEC) from @keep on, execve(). Only
 * comes back when it failed. @state_json: sent to the seccomp listener along
 * with the notify descriptor (config-linux.md "The Container Process State").
 * Where seccomp needs CAP_SYS_ADMIN (no no_new_privs), process_become() has
 * loaded it; then the calls in between are the filter's to allow.
 */
int process_exec(struct process *process, int keep, const char *state_json,
		 struct err *err) MUST_CHECK;

void process_free(struct process *process);
