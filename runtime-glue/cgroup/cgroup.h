/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups of a container, on hosts of v1, v2 and both (hybrid), behind
 * one interface (kernel: admin-guide/cgroup-v1, admin-guide/cgroup-v2).
 *
 * Where the hierarchies are is read once from /proc/self/mountinfo and
 * /proc/self/cgroup. A hybrid host is v1 for each controller that v1 has, and
 * v2 for the rest; the container joins all of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "runtime-glue/spec/spec.h"

enum cgroup_mode {
	CGROUP_NONE, /* no hierarchy is mounted, or none that we may write */
	CGROUP_V1,
	CGROUP_V2,
	CGROUP_HYBRID,
};

#define CGROUP_MAX 24

/* One mounted hierarchy, and this container's group in it. */
struct cgroup_tree {
	char *controllers; /* "cpu,cpuacct", "name=systemd", "" for v2 */
	char *mount;       /* "/sys/fs/cgroup/cpu" */
	char *path;        /* of the group, from the mount: "/a/b" */
	int dir;           /* the group, O_PATH; -1: not opened or not there */
	bool v2;
	bool made; /* by us, in this call */
};

struct cgroup {
	enum cgroup_mode mode;
	size_t count;
	struct cgroup_tree tree[CGROUP_MAX];
	struct arena arena; /* of the strings */
};

#define auto_cgroup AUTO(cgroup_close)

/*
 * Find the hierarchies and the paths of a group. @path is linux.cgroupsPath:
 * absolute from each hierarchy's mount. Relative: on v1 below our own group, on
 * v2 beside it, as runc has it (ours has a process, us, so that limits below it
 * would be refused). NULL or "" is /@id where we may write to the hierarchy's
 * top, else the relative path @id. (runc takes it for relative in either case,
 * which puts a container in the group, and under the limits, of its caller.)
 * "..", systemd's form slice:prefix:name, and what names no group of its own
 * ("/") are refused. Makes nothing.
 */
int cgroup_find(const char *path, const char *id, struct cgroup *out,
		struct err *err) MUST_CHECK;

/*
 * The paths as they are remembered in the state: a JSON object from
 * controllers ("" for v2) to the directory's full path, and back. Groups that
 * cgroup_make() has yet to make are in it, too, so that it can be written
 * before. A remembered directory that is not there stays in the list with dir
 * -1, and so does one that is not a cgroup (any more).
 */
struct json_object *cgroup_to_json(const struct cgroup *cgroup);
int cgroup_from_json(struct json_object *json, struct cgroup *out,
		     struct err *err) MUST_CHECK;

/*
 * Make the group in every hierarchy (v2: with the controllers that @resources
 * needs turned on in all ancestors, on a host of v2 alone with all others that
 * can be, for the statistics) and open it. A group that is there and has
 * processes, or is frozen, is refused with -EBUSY unless @shared; so is a
 * controller below a v2 group with processes. What was made is removed again on
 * failure. Rootless (@optional): a hierarchy that cannot be written is left
 * out; CGROUP_NONE if that is all of them.
 */
int cgroup_make(struct cgroup *cgroup, const struct spec_resources *resources,
		bool shared, bool optional, struct err *err) MUST_CHECK;

/*
 * Apply limits; only what @resources sets is written. In an order that the
 * kernel takes (memory.limit and swap; cpuset.mems before tasks join). 0 is
 * "unset" for memory and CPU. pids.limit 0 is a limit (runtime-spec 1.3), for
 * which 1 is written: no process but the first, which could not be born into
 * a group of 0.
 *
 * Device rules replace those in force without a gap (v2: an eBPF program of
 * type CGROUP_DEVICE, BPF_F_ALLOW_MULTI, replaced atomically). @defaults: all
 * is denied before the rules, and after them come those that every container
 * has (mknod of anything, the six standard devices, ptmx, /dev/pts; see
 * config-linux.md "Default Devices"). After, as runc has it: callers' lists
 * begin with "deny all" and count on them. With @defaults they are set though
 * devices_set is false; for update pass @defaults = devices_set. Not privileged
 * for that (a user namespace): left out, as no device can be made there either.
 *
 * A limit whose controller the host lacks is an error that names the member
 * ("linux.resources.pids.limit: ..."), and so is one that v2 has no equivalent
 * of (swappiness, disableOOMKiller, kernelTCP, realtime, leafWeight); network
 * members are ignored on v2 unless they ask for something. unified: only files
 * that the v2 group has. The kernel's refusal names file and value, and when
 * memory.limit is below what is used already, says that.
 */
int cgroup_limit(struct cgroup *cgroup, const struct spec_resources *resources,
		 bool defaults, struct err *err) MUST_CHECK;

/* The v2 directory for CLONE_INTO_CGROUP (owned by @cgroup), or -1. */
int cgroup_clone_fd(const struct cgroup *cgroup);

/*
 * A v2 group that passes controllers on takes no process: clone3() fails with
 * -EBUSY. From here on the group of @cgroup to be born into is the one that
 * the container's @init has moved itself to. 0 or -errno (-EBUSY: that is not
 * below).
 */
int cgroup_follow(struct cgroup *cgroup, pid_t init) MUST_CHECK;

/* Put a process into all groups; @skip_v2: clone3() has done that one. */
int cgroup_join(const struct cgroup *cgroup, pid_t pid, bool skip_v2,
		struct err *err) MUST_CHECK;

/*
 * In the place of cgroup_join(), for exec --cgroup "[CONTROLLER[,..]:]PATH": a
 * group below the container's, which must exist, in the hierarchies of those
 * controllers (none: in all); the others as usual.
 */
int cgroup_join_sub(const struct cgroup *cgroup, const char *where, pid_t pid,
		    struct err *err) MUST_CHECK;

/* Give a v2 group (rootless, or cgroupns with a user namespace) to @uid. */
int cgroup_chown(const struct cgroup *cgroup, uid_t uid,
		 struct err *err) MUST_CHECK;

/*
 * Freeze or thaw, and wait until it is so (by event on v2; v1's FREEZING is
 * retried), at most @deadline_ms. -EOPNOTSUPP: no freezer.
 */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen,
		  unsigned int deadline_ms, struct err *err) MUST_CHECK;
bool cgroup_is_frozen(const struct cgroup *cgroup);

/*
 * Send @sig to every process in the group and below. SIGKILL: cgroup.kill, or
 * freeze, kill and thaw until nothing is left.
 */
int cgroup_kill(const struct cgroup *cgroup, int sig,
		struct err *err) MUST_CHECK;

/* Every process in the group and below; the caller frees *@pids. */
int cgroup_pids(const struct cgroup *cgroup, pid_t **pids, size_t *count,
		struct err *err) MUST_CHECK;

/*
 * Remove the group and all below it, waiting (by event or with growing pauses,
 * at most two seconds) for processes that are dying. Missing ones are no error.
 */
int cgroup_remove(struct cgroup *cgroup, struct err *err) MUST_CHECK;

/* runc's `events --stats` "data" object. */
int cgroup_stats(const struct cgroup *cgroup, struct json_object **out,
		 struct err *err) MUST_CHECK;

/*
 * A descriptor that becomes readable (POLLIN or POLLPRI, in *@events) when the
 * out-of-memory killer has struck, and a count to compare.
 */
int cgroup_oom_watch(const struct cgroup *cgroup, short *events,
		     struct err *err) MUST_CHECK;
/* How often it has in this group; -1: not known. */
int cgroup_oom_kills(const struct cgroup *cgroup);

/*
 * A container did not come up, @err says so: add what of its limits did it, as
 * a hint, if that is so (the out-of-memory killer, pids.limit).
 */
void cgroup_blame(const struct cgroup *cgroup,
		  const struct spec_resources *resources, struct err *err);

void cgroup_close(struct cgroup *cgroup);
