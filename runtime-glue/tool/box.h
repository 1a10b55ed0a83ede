/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container of the tool and its record. ROOT/containers/ID/ has:
 *   box.json     the record (below), replaced whole by rename(2)
 *   lock         fcntl(2)ed by who changes it; by `run` as long as it lives
 *                (not flock(2)ed: that lock would be its children's, too)
 *   config.json  the OCI bundle is this directory: `runc run` could start it
 *   lower diff work merged   see layers.h
 *   hosts hostname resolv.conf   bound into the container
 * The engine's state is RUN/oci/ID, the network namespace RUN/netns/ID.
 *
 * What is written into the record before anything is made by it suffices to
 * remove it: a box whose lock is free and whose status is "creating" or
 * "running" while the engine has no such process was left by a crash, and the
 * next command that looks finishes its work (box_sweep).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/json.h"
#include "runtime-glue/tool/tool.h"

struct box {
	char *id;   /* 64 hex digits */
	char *path; /* ROOT/containers/ID */
	int lock;   /* held, or -1 */
	/*
	 * "id", "name", "image" (name), "imageId", "created" (RFC 3339),
	 * "command" (array), "status" creating|created|running|exited,
	 * "exitCode", "remove" (of --rm), "labels" {}, "netns" (path),
	 * "mode" (of --network),
	 * "networks" [{"network","ifname","args","caps"{},"result"{}}],
	 * "ports" [{"hostIP","hostPort","containerPort","protocol"}],
	 * "volumes" [names], "cgroup", "ipc" (mode), "shm" (what another that
	 * shares its ipc finds as /dev/shm), "shmSize" (if that is its own)
	 */
	struct json_object *record;
};
#define BOX_NONE           \
	(struct box)       \
	{                  \
		.lock = -1 \
	}
void box_close(struct box *box);
#define auto_box AUTO(box_close)

/* A new one, locked, recorded as "creating". @name NULL: one is made up. */
int box_new(const struct tool *tool, const char *name, struct box *out,
	    struct err *err) MUST_CHECK;
/* By name, id or unambiguous start of it. @locked: take the lock, too. */
int box_open(const struct tool *tool, const char *reference, bool locked,
	     struct box *out, struct err *err) MUST_CHECK;
int box_save(struct box *box, struct err *err) MUST_CHECK;

/* Members of the record; "" for what is not there. */
int box_set(struct box *box, const char *key, const char *value,
	    struct err *err) MUST_CHECK;
int box_set_int(struct box *box, const char *key, int64_t value,
		struct err *err) MUST_CHECK;
const char *box_get(const struct box *box, const char *key);
bool box_is(const struct box *box, const char *status);

/* Its first process, by the host's number; 0: it does not run. */
int box_pid(const struct tool *tool, const struct box *box, pid_t *out,
	    struct err *err) MUST_CHECK;

/* Every box's id, sorted. The caller's; box_list_free(). */
int box_list(const struct tool *tool, char ***out, size_t *count,
	     struct err *err) MUST_CHECK;
void box_list_free(char **list, size_t count);

/*
 * It is about to come up (again): from now on, until box_down() has succeeded,
 * a crash is noticed. Of a new one that is known. It must be locked.
 */
int box_begin(const struct tool *tool, struct box *box,
	      struct err *err) MUST_CHECK;

/* A new one is complete and waits for its start; nothing of it is up. */
int box_created(const struct tool *tool, struct box *box,
		struct err *err) MUST_CHECK;

/*
 * Down with what it has: network, engine state, mounts; every step is tried. It
 * must be locked. The status, if it was "running", becomes "exited".
 */
int box_down(const struct tool *tool, struct box *box,
	     struct err *err) MUST_CHECK;
/* And all of it. */
int box_remove(const struct tool *tool, struct box *box,
	       struct err *err) MUST_CHECK;
/* Was it made with --rm? */
bool box_goes_away(const struct box *box);
/* Finish what dead callers left. Warnings only. */
void box_sweep(const struct tool *tool);
