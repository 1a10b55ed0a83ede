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
 * absolute from each hierarchy's mount, relative below our own group, NULL or
 * "" for /@id ("below our own group" when there is no right to /). A path with
 * "..", or of systemd's form slice:prefix:name, is refused. Makes nothing.
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
 * needs turned on in all ancestors) and open it. A group that is there with
 * processes in it is refused with -EBUSY unless @shared. What was made is
 * removed again on failure. Rootless (@optional): a hierarchy that cannot be
 * written is left out.
 */
int cgroup_make(struct cgroup *cgroup, const struct spec_resources *resources,
		bool shared, bool optional, struct err *err) MUST_CHECK;

/*
 * Apply limits; only what @resources sets is written. In an order that the
 * kernel takes (memory.limit and swap; cpuset.mems before tasks join). With
 * devices_set the device rules replace those in force without a gap (v2: an
 * eBPF program of type CGROUP_DEVICE, BPF_F_ALLOW_MULTI, replaced atomically).
 * @defaults: before the rules come those that every container has (deny all,
 * mknod of anything, the six standard devices, /dev/pts, tun denied), see
 * config-linux.md "Default Devices". A limit whose controller the host lacks
 * is an error that names the member ("linux.resources.pids.limit: ...");
 * unified on v1 likewise; the kernel's refusal names file and value, and when
 * memory.limit is below what is used already, says that.
 */
int cgroup_limit(struct cgroup *cgroup, const struct spec_resources *resources,
		 bool defaults, struct err *err) MUST_CHECK;

/* The v2 directory for CLONE_INTO_CGROUP (owned by @cgroup), or -1. */
int cgroup_clone_fd(const struct cgroup *cgroup);

/* Put a process into all groups; @skip_v2: clone3() has done that one. */
int cgroup_join(const struct cgroup *cgroup, pid_t pid, bool skip_v2,
		struct err *err) MUST_CHECK;

/*
 * Below the container's group, for exec --cgroup: "[CONTROLLER:]PATH"; the
 * subgroup must exist.
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
