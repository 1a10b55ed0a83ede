/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bringing up a container: what its makers, the runtime (launch.c) and the
 * container's first process (init.c), share. A picture of who says what when
 * is in docs/runtime.md.
 */
#pragma once

#include "common/base/err.h"
#include "runtime-glue/cgroup/cgroup.h"
#include "runtime-glue/oci/container.h"
#include "runtime-glue/oci/ns.h"
#include "runtime-glue/oci/state.h"
#include "runtime-glue/process/process.h"
#include "runtime-glue/rootfs/rootfs.h"
#include "runtime-glue/spec/spec.h"

struct launch {
	const struct runtime *runtime;
	const struct create_options *options;
	struct spec_doc doc;
	struct state state;
	struct cgroup cgroup;
	struct rootfs rootfs;
	struct process process;
	struct ns_plan ns;
	char *cache;  /* of seccomp filters */
	int sync;     /* our end of the socket pair */
	int start;    /* the start socket, listening */
	int console;  /* --console-socket, or our own for `run` */
	int terminal; /* our end of it; -1 */
	int pidfd;    /* of the container's init */
	int keep;     /* first descriptor that exec'd programs do not get */
	bool root;    /* we are, of the host or of where we run */
	bool claimed; /* the state is ours, and what goes wrong ours to undo */
	bool hooked;  /* hooks have run: poststop's are due on failure */
};

#define auto_launch AUTO(launch_close)
#define LAUNCH_NONE                                                          \
	(struct launch)                                                      \
	{                                                                    \
		.state = STATE_NONE, .process = PROCESS_NONE, .ns = NS_NONE, \
		.sync = -1, .start = -1, .console = -1, .terminal = -1,      \
		.pidfd = -1                                                  \
	}

/* create and run. @foreground: of a `run` that stays, see `terminal`. */
int launch_create(struct launch *launch, bool foreground,
		  struct err *err) MUST_CHECK;
void launch_close(struct launch *launch);

/* Have the first process born, and answer it until it is set up. */
int launch_birth(struct launch *launch, struct err *err) MUST_CHECK;

/*
 * Tell a created container to go; execve()'s error is ours. Runs poststart
 * hooks. @state is locked, and known to be of a created one. *@notify: the
 * caller's, see notify.h; -1 if there is none.
 */
int launch_start(struct state *state, int *notify, struct err *err) MUST_CHECK;

/* The descriptors of --preserve-fds and LISTEN_FDS: are they there? */
int launch_count_fds(int preserve, int *keep, int *listening,
		     struct err *err) MUST_CHECK;

/* PID as decimal text, whole by rename(2). */
int launch_write_pid(const char *path, pid_t pid, struct err *err) MUST_CHECK;

/*
 * clone3(2). Returns the pid, 0 in the child. @cgroup: the v2 group to be born
 * into, or -1; @pidfd: may be NULL.
 */
int launch_clone(uint64_t flags, int cgroup, int *pidfd,
		 struct err *err) MUST_CHECK;

/* The child's side, up to execve(): never returns. @sync: its end. */
_Noreturn void init_main(struct launch *launch, int sync);

/* Signals as a new program expects them: defaults, none blocked. */
void init_reset_signals(void);
