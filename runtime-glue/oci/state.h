/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of a container between commands: a directory ROOT/ID with
 *
 *	state.json   identity, pid, start time, cgroups; replaced by rename(2)
 *	config.json  the bundle's, as it was at create
 *	start        a socket where init waits for `start`; gone afterwards
 *	lock         flock(2)ed by whoever changes the container
 *
 * Any part may be missing after a crash; each command copes. What the container
 * is doing is never stored but asked of the kernel: pid and start time (so that
 * a reused pid is not mistaken for it), the socket, the freezer.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "runtime-glue/cgroup/cgroup.h"
#include "runtime-glue/spec/spec.h"

enum status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
};

const char *status_name(enum status status);

struct state {
	char *id;
	int dir;  /* ROOT/ID, O_PATH; -1: there is none */
	int root; /* ROOT */
	int lock; /* -1: not locked */
	char *bundle, *rootfs, *oci_version, *created;
	uid_t owner;
	pid_t pid;           /* 0: none yet */
	uint64_t start_time; /* of pid, clock ticks since boot */
	bool shared_pidns; /* no PID namespace of its own: kill walks the cgroup
			    */
	bool intel_rdt;    /* a resctrl group was made */
	bool own_keyring;  /* it has a session keyring, for exec to join */
	struct json_object *annotations; /* object or NULL */
	struct json_object *cgroups;     /* cgroup_to_json() */
	/* All of it is the state's own: malloc()ed, a reference each. */
};

#define auto_state AUTO(state_close)
#define STATE_NONE                                \
	(struct state)                            \
	{                                         \
		.dir = -1, .root = -1, .lock = -1 \
	}

/* [A-Za-z0-9_+.-]+, not "." or "..", at most 1023 characters. */
int state_check_id(const char *id, struct err *err) MUST_CHECK;

/*
 * Claim @id: make ROOT (0700, with parents) and ROOT/ID (0711), locked, or
 * -EEXIST: `container "x" already exists`.
 */
int state_claim(const char *root, const char *id, struct state *out,
		struct err *err) MUST_CHECK;

/*
 * Open an existing one and, with @lock, wait for its lock (commands that only
 * read do not lock). -ENOENT: `container "x" does not exist`. A directory whose
 * state.json is missing or broken (a create that was killed, a power loss)
 * opens with pid 0. A directory that is not ours does not exist.
 *
 * The lock is flock(2)'s, shared with forked children: those that outlive the
 * command close state->lock. state_close() unlocks, for them too.
 */
int state_open(const char *root, const char *id, bool lock, struct state *out,
	       struct err *err) MUST_CHECK;

/* Write state.json, whole or not at all. */
int state_save(const struct state *state, struct err *err) MUST_CHECK;

/* Keep @text as the container's config.json: at create, and after update. */
int state_keep_config(const struct state *state, const char *text, size_t len,
		      struct err *err) MUST_CHECK;

/*
 * Remove the directory and all in it (no mount is entered); what is missing is
 * no error. state->dir is -1 afterwards.
 */
int state_remove(struct state *state, struct err *err) MUST_CHECK;

/*
 * What the kernel says. STATUS_CREATING: not started, and locked by somebody
 * else, the creator (who has the lock himself knows better than to ask).
 */
enum status state_status(const struct state *state);

/* A pidfd of the container's init, verified by its start time; -ESRCH. */
int state_pidfd(const struct state *state) MUST_CHECK;

/*
 * The state as hooks get it (runtime.md "State"), compact; with @full as
 * `state` prints it: rootfs, created, owner too. Add to @out.
 */
void state_print(const struct state *state, enum status status, bool full,
		 struct strbuf *out);

/* The name of a user (passwd(5)), or the number. */
void state_user(uid_t uid, char *out, size_t size);

/* Its control groups, those that are left; none (count 0) for a half-made one.
 */
int state_cgroup(const struct state *state, struct cgroup *out,
		 struct err *err) MUST_CHECK;

/* The config.json kept at create; as text, or parsed (free @doc in any case).
 * -ENOENT: there is none. */
int state_read_config(const struct state *state, struct strbuf *out,
		      struct err *err) MUST_CHECK;
int state_load_spec(const struct state *state, struct spec_doc *doc,
		    struct err *err) MUST_CHECK;

/* Containers under ROOT, sorted; free each and the array. Missing ROOT: none.
 */
int state_list(const char *root, char ***names, size_t *count,
	       struct err *err) MUST_CHECK;

/* Start time of a process: /proc/PID/stat field 22; -ESRCH also for zombies. */
int state_start_time(pid_t pid, uint64_t *out) MUST_CHECK;

void state_close(struct state *state);
