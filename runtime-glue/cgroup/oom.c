/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The out-of-memory killer: notice, count, and blame (kernel:
 * admin-guide/cgroup-v1/memory.rst "OOM Control", admin-guide/cgroup-v2.rst
 * "memory.events").
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

static const char *count_file(const struct cgroup_tree *tree)
{
	return tree->v2 ? "memory.events" : "memory.oom_control";
}

static int watch_v1(const struct cgroup_tree *tree, short *events)
{
	auto_fd int event = eventfd(0, EFD_CLOEXEC);
	auto_fd int control = openat(tree->dir, "memory.oom_control",
				     O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[32];
	int r;

	if (event < 0 || control < 0)
		return -errno;
	(void)snprintf(text, sizeof(text), "%d %d", event, control);
	r = group_put(tree, "cgroup.event_control", text);
	*events = POLLIN;
	return r < 0 ? r : take_fd(&event);
}

static int watch_v2(const struct cgroup_tree *tree, short *events)
{
	auto_fd int fd = openat(tree->dir, "memory.events",
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[512];

	/* What has been read is what a change is told from. */
	if (fd < 0 || read(fd, text, sizeof(text)) < 0)
		return -errno;
	*events = POLLPRI;
	return take_fd(&fd);
}

int cgroup_oom_watch(const struct cgroup *cgroup, short *events,
		     struct err *err)
{
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "memory");
	int r;

	if (!tree)
		return err_sys(err, EOPNOTSUPP,
			       "watch for out of memory: there is no cgroup "
			       "with controller \"memory\" that we may use");
	r = tree->v2 ? watch_v2(tree, events) : watch_v1(tree, events);
	if (r < 0)
		return err_sys(err, -r, "watch %s%s/%s", tree->mount,
			       tree->path, count_file(tree));
	return r;
}

int cgroup_oom_kills(const struct cgroup *cgroup)
{
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "memory");
	uint64_t kills;

	if (!tree ||
	    group_field(tree, count_file(tree), "oom_kill", &kills) < 0)
		return -1;
	return kills > INT_MAX ? INT_MAX : (int)kills;
}

void cgroup_blame(const struct cgroup *cgroup,
		  const struct spec_resources *resources, struct err *err)
{
	const struct cgroup_tree *pids = cgroup_tree_of(cgroup, "pids");
	struct spec_int limit = resources->memory.limit;
	uint64_t hits;

	if (cgroup_oom_kills(cgroup) > 0) {
		if (limit.set && limit.value > 0)
			err_hint(err,
				 "the kernel killed it for memory: "
				 "linux.resources.memory.limit of %" PRId64
				 " bytes is less than its start needs",
				 limit.value);
		else
			err_hint(err, "the kernel killed it for memory");
	}
	if (resources->pids.set && pids &&
	    group_field(pids, "pids.events", "max", &hits) == 0 && hits > 0)
		err_hint(err,
			 "linux.resources.pids.limit of %" PRId64
			 " is less than its start needs",
			 resources->pids.value);
}
