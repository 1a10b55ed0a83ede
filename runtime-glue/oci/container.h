/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs of a container's life, after their options have been read. Each
 * returns 0 or a negative errno with @err filled, and leaves nothing of a
 * container that it could not complete.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "runtime-glue/oci/state.h"
#include "runtime-glue/spec/spec.h"

/* The global options. */
struct runtime {
	const char *root; /* of states */
	bool systemd_cgroup;
	bool rootless; /* --rootless, or found so */
};

struct create_options {
	const char *id, *bundle,
		*config; /* config: NULL for bundle/config.json */
	const char *console_socket, *pid_file;
	int preserve_fds;
	bool no_pivot, no_new_keyring;
};

/* create: the container is set up and waits; see docs/runtime.md. */
int container_create(const struct runtime *runtime,
		     const struct create_options *options,
		     struct err *err) MUST_CHECK;

/* start: let it go. Fails with execve()'s error if that failed. */
int container_start(const struct runtime *runtime, const char *id,
		    struct err *err) MUST_CHECK;

struct run_how {
	bool detach;    /* do not wait for its end */
	bool keep;      /* for a later delete */
	bool subreaper; /* be the parent of orphans */
};

/*
 * run: create and start; in the foreground forwards signals, copies the
 * terminal, and *@code is the exit status (128 + signal). Deletes the container
 * at the end unless it is to be kept.
 */
int container_run(const struct runtime *runtime,
		  const struct create_options *options, struct run_how how,
		  int *code, struct err *err) MUST_CHECK;

struct exec_options {
	const char *id, *process_file; /* --process */
	const char *console_socket, *pid_file, *cgroup;
	int preserve_fds;
	bool detach, tty, ignore_paused;
	/* Without process_file, changes to the container's own process: */
	char *const *args;
	const char *cwd, *user, *apparmor, *selinux;
	struct spec_strings env, caps;
	size_t gid_count;
	const gid_t *gids;
	bool no_new_privs;
};

int container_exec(const struct runtime *runtime,
		   const struct exec_options *options, int *code,
		   struct err *err) MUST_CHECK;

/*
 * kill: one signal to the container's init; with @all, and for SIGKILL where
 * init is no PID namespace's first process, to every process of the cgroup. A
 * container that has stopped is an error but with @all.
 */
int container_kill(const struct runtime *runtime, const char *id, int sig,
		   bool all, struct err *err) MUST_CHECK;

/*
 * delete: refused for a running container unless @force, which kills it. Runs
 * poststop hooks. With @force a container that does not exist is no error, and
 * whatever is left of a half-made one goes.
 */
int container_delete(const struct runtime *runtime, const char *id, bool force,
		     struct err *err) MUST_CHECK;

/* @paused false: resume. */
int container_pause(const struct runtime *runtime, const char *id, bool paused,
		    struct err *err) MUST_CHECK;

/*
 * Undo of create, shared with delete: thaw and kill what runs and wait for its
 * end, remove the resctrl group, cgroups and state; no hooks. All steps are
 * tried and the first error is reported, but the state stays where processes or
 * cgroups do, so that a later delete finds them.
 */
int container_destroy(struct state *state, struct err *err) MUST_CHECK;
