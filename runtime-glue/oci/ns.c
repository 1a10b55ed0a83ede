/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/ns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/base/trace.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static int open_checked(const char *path, const struct spec_ns_kind *kind,
			int *out, struct err *err)
{
	auto_fd int at = open(path, O_PATH | O_CLOEXEC);
	char self[32];
	struct statfs fs;
	int fd;
	int type;

	if (at < 0)
		return err_sys(err, errno,
			       "linux.namespaces: open the %s namespace %s",
			       kind->name, path);
	if (fstatfs(at, &fs) < 0 || fs.f_type != NSFS_MAGIC)
		return err_set(err, CNI_E_CONFIG,
			       "linux.namespaces: %s is no namespace", path);
	text_format(self, sizeof(self), "/proc/self/fd/%d", at);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno,
			       "linux.namespaces: open the %s namespace %s",
			       kind->name, path);
	*out = fd;
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type != kind->flag)
		return err_set(err, CNI_E_CONFIG,
			       "linux.namespaces: %s is no %s namespace", path,
			       kind->name);
	return 0;
}

int ns_open(const struct spec *spec, struct ns_plan *out, struct err *err)
{
	*out = NS_NONE;
	for (int i = 0; i < SPEC_NS_COUNT; i++) {
		const struct spec_namespace *ns = &spec->linux_.ns[i];
		int r;

		if (!ns->used)
			continue;
		if (i == SPEC_NS_USER)
			out->user = true;
		if (!ns->path) {
			out->made |= spec_ns_kinds[i].flag;
			continue;
		}
		r = open_checked(ns->path, &spec_ns_kinds[i], &out->fd[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* -ENOENT: this kernel has no namespaces of that kind. */
static int same_as_ours(pid_t pid, const char *name, bool *same)
{
	char path[64];
	struct stat ours;
	struct stat theirs;

	text_format(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &ours) < 0)
		return -errno;
	text_format(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	if (stat(path, &theirs) < 0)
		return -errno;
	*same = ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
	return 0;
}

int ns_open_of(pid_t pid, struct ns_plan *out, struct err *err)
{
	*out = NS_NONE;
	for (int i = 0; i < SPEC_NS_COUNT; i++) {
		const struct spec_ns_kind *kind = &spec_ns_kinds[i];
		bool same = true;
		char path[64];
		int r = same_as_ours(pid, kind->proc, &same);

		if (r == -ENOENT && access("/proc/self/ns/mnt", F_OK) == 0 &&
		    i == SPEC_NS_TIME)
			continue;
		if (r < 0)
			return err_sys(err, -r, "stat /proc/%d/ns/%s", pid,
				       kind->proc);
		if (same)
			continue;
		text_format(path, sizeof(path), "/proc/%d/ns/%s", pid,
			    kind->proc);
		out->fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (out->fd[i] < 0)
			return err_sys(err, errno, "open %s", path);
		if (i == SPEC_NS_USER)
			out->user = true;
	}
	return 0;
}

static int join(struct ns_plan *plan, enum spec_ns kind)
{
	uint64_t start = trace_start();
	int r;

	if (plan->fd[kind] < 0)
		return 0;
	r = setns(plan->fd[kind], spec_ns_kinds[kind].flag) < 0 ? -errno : 0;
	trace_end(start, r, "clone", "join the %s namespace",
		  spec_ns_kinds[kind].name);
	if (r < 0)
		return r;
	(void)close(take_fd(&plan->fd[kind]));
	return 0;
}

int ns_join(struct ns_plan *plan, enum spec_ns kind, struct err *err)
{
	int r = join(plan, kind);

	return r < 0 ? err_sys(err, -r, "join the %s namespace",
			       spec_ns_kinds[kind].name)
		     : 0;
}

/*
 * The user namespace may own the others, or we may have rights only outside of
 * it; so what is refused is tried again inside. The mount namespace changes
 * what paths mean, and comes last.
 */
int ns_join_all(struct ns_plan *plan, struct err *err)
{
	int r = 0;

	for (enum spec_ns i = 0; plan->user && i < SPEC_NS_COUNT; i++)
		if (i != SPEC_NS_USER && i != SPEC_NS_MOUNT)
			(void)join(plan, i);
	if (plan->user)
		r = ns_join(plan, SPEC_NS_USER, err);
	for (enum spec_ns i = 0; r == 0 && i < SPEC_NS_COUNT; i++)
		if (i != SPEC_NS_USER && i != SPEC_NS_MOUNT)
			r = ns_join(plan, i, err);
	return r ?: ns_join(plan, SPEC_NS_MOUNT, err);
}

int ns_return(enum spec_ns kind, struct err *err)
{
	auto_fd int fd = -1;
	char path[64];

	text_format(path, sizeof(path), "/proc/self/ns/%s",
		    spec_ns_kinds[kind].proc);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, spec_ns_kinds[kind].flag) < 0)
		return err_sys(err, errno, "return to our own namespace %s",
			       path);
	return 0;
}

int ns_time_offsets(const struct spec_linux *spec, int proc, struct err *err)
{
	auto_fd int fd = -1;
	char text[128];
	int len = 0;

	if (spec->monotonic.set)
		len = snprintf(text, sizeof(text), "monotonic %lld %u\n",
			       (long long)spec->monotonic.secs,
			       spec->monotonic.nanosecs);
	if (spec->boottime.set)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"boottime %lld %u\n",
				(long long)spec->boottime.secs,
				spec->boottime.nanosecs);
	if (len == 0)
		return 0;
	fd = openat(proc,
		    proc == AT_FDCWD ? "/proc/self/timens_offsets"
				     : "self/timens_offsets",
		    O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno,
			       "linux.timeOffsets: open "
			       "/proc/self/timens_offsets");
	if (write(fd, text, (size_t)len) != len)
		return err_sys(err, errno,
			       "linux.timeOffsets: write "
			       "/proc/self/timens_offsets");
	return 0;
}

void ns_close(struct ns_plan *plan)
{
	for (enum spec_ns i = 0; i < SPEC_NS_COUNT; i++)
		if (plan->fd[i] >= 0)
			(void)close(take_fd(&plan->fd[i]));
}
