/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process of a container is allowed and limited to, from fork to
 * execve(): config.md "Process", config-linux.md "Seccomp", "Personality",
 * "Memory policy".
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "runtime-glue/spec/spec.h"

struct process {
	const struct spec_process *spec;
	const struct spec *container;
	bool userns;      /* not in the host's user namespace */
	bool setgroups;   /* may be called (false: denied in that namespace) */
	bool keep_groups; /* annotation run.oci.keep_original_groups */
	bool new_keyring; /* not --no-new-keyring */
	bool exec;        /* not the container's first process */
	int listen_fds; /* sockets passed from 3 on (sd_listen_fds(3)), or 0 */
	const char *id; /* names the keyring "_ses.ID" */
	uint64_t bounding; /* of the runtime: what can be had; 0: ask */
	/*
	 * Where compiled seccomp filters are kept: an absolute path, made 0700
	 * if missing, its parent exists. NULL: nowhere. Not a name that could
	 * be a container's id: ROOT/@seccomp.
	 */
	const char *cache;
	struct sock_fprog filter;  /* compiled; len 0: none */
	unsigned int filter_flags; /* of seccomp(2) */
	bool notify;               /* SCMP_ACT_NOTIFY is in it */
	int listener;              /* connected to listenerPath, or -1 */
	int proc;                  /* as process_become() was given it, or -1 */
	pid_t pid;   /* as the runtime sees it, for the listener; 0: state's */
	char *path;  /* of the executable, once looked up */
	char **envp; /* once made; HOME added */
};

#define auto_process AUTO(process_free)
#define PROCESS_NONE                       \
	(struct process)                   \
	{                                  \
		.listener = -1, .proc = -1 \
	}

/*
 * In the runtime, before anything is created: compiles the seccomp filter
 * (libseccomp; unknown system calls are skipped, a filter for those newer than
 * libseccomp answers ENOSYS as runc's does), connects to the listener, checks
 * names. The fields spec .. cache have been set by the caller. What will be
 * less than asked for, but is no error, is warned of here, as later on stderr
 * is the container's.
 */
int process_prepare(struct process *process, struct err *err) MUST_CHECK;

/*
 * For a container in a user namespace, by the runtime (root of the host), while
 * child @pid waits: oom score, the hard limits, scheduler, I/O priority, CPU
 * affinity, which root of a user namespace could not set. The child then calls
 * process_limits_rest() rather than process_limits(). @proc: the host's /proc.
 */
int process_limits_of(const struct process *process, pid_t pid, int proc,
		      struct err *err) MUST_CHECK;
int process_limits_rest(const struct process *process,
			struct err *err) MUST_CHECK;

/*
 * In the container, after the pivot, in this order, as root of it:
 *
 * process_limits: oom score, rlimits, scheduler, I/O priority, personality,
 * memory policy, CPU affinity. @proc: a procfs of our own (O_PATH). Of the
 * rlimits only what takes privilege is done, raising the hard limits: the rest,
 * that could hinder ourselves, is process_exec()'s.
 */
int process_limits(const struct process *process, int proc,
		   struct err *err) MUST_CHECK;

/*
 * process_find: the environment (HOME from the container's /etc/passwd if
 * there is none; last one of duplicates) and the executable, searched in the
 * container's PATH: `exec: "foo": executable file not found in $PATH`,
 * `exec: "/etc/passwd": permission denied`, as runc says it. Where the answer
 * hangs on the working directory or the user, process_become() gives it.
 */
int process_find(struct process *process, struct err *err) MUST_CHECK;

/*
 * process_become: keyring, LSM labels for exec, stdio's owner, ids, groups,
 * umask, the five capability sets, no_new_privs; the working directory is
 * entered (made if missing, as runc does) and verified to be inside the root.
 * After this the process is the container's user. If there is a filter and
 * no no_new_privs it still has CAP_SYS_ADMIN, which seccomp(2) wants; execve()
 * takes that away, as it is not in the bounding set.
 */
int process_become(struct process *process, int proc,
		   struct err *err) MUST_CHECK;

/*
 * process_exec: rlimits, close_range(CLOEXEC) from @keep on, seccomp, execve().
 * Only comes back when it failed; the caller's report then is subject to the
 * filter. @state_json: sent to the seccomp listener along with the notify
 * descriptor (config-linux.md "The Container Process State", `state`); may be
 * NULL when !process->notify.
 */
int process_exec(struct process *process, int keep, const char *state_json,
		 struct err *err) MUST_CHECK;

/*
 * sched_setaffinity() of @pid (0: us) to a list like "0-3,7"; @field names it
 * in errors: execCPUAffinity.initial is the runtime's to set before the cgroup
 * is joined, .final is done by process_limits().
 */
int process_affinity(pid_t pid, const char *list, const char *field,
		     struct err *err) MUST_CHECK;

void process_free(struct process *process);
