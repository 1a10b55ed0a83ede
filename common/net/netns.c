/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/trace.h"

#define BACK_TRIES 3

static int fail(struct err *err, const char *path, int errnum)
{
	(void)err_sys(err, errnum, "CNI_NETNS: failed to open netns \"%s\"",
		      path);
	return err_code(err, CNI_E_ENV);
}

static int not_netns(struct err *err, const char *path)
{
	return err_set(err, CNI_E_ENV,
		       "CNI_NETNS: failed to open netns \"%s\": \"%s\" is not "
		       "a network namespace",
		       path, path);
}

/*
 * @found is an O_PATH descriptor: looking at it has no effect on what it is.
 * Namespaces in /proc itself are of kernels before 3.19, which we do not
 * support; there the name of the filesystem would only mislead.
 */
static int look(const char *path, int found, struct err *err)
{
	struct statfs fs;

	if (fstatfs(found, &fs) < 0)
		return fail(err, path, errno);
	if (fs.f_type == PROC_SUPER_MAGIC)
		return not_netns(err, path);
	if (fs.f_type != NSFS_MAGIC)
		return err_set(err, CNI_E_ENV,
			       "CNI_NETNS: failed to open netns \"%s\": "
			       "unknown FS magic on \"%s\": %lx",
			       path, path, (unsigned long)fs.f_type);
	return 0;
}

static int open_checked(const char *path, int *fd, struct err *err)
{
	auto_fd int found = open(path, O_PATH | O_CLOEXEC);
	auto_fd int ns = -1;
	char self[16 + TEXT_NUM] = "/proc/self/fd/";
	int r;

	if (found < 0)
		return fail(err, path, errno);
	r = look(path, found, err);
	if (r < 0)
		return r;
	(void)text_uint(self + strlen(self), (unsigned int)found);
	ns = open(self, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return fail(err, path, errno);
	if (ioctl(ns, NS_GET_NSTYPE) != CLONE_NEWNET)
		return not_netns(err, path);
	*fd = take_fd(&ns);
	return 0;
}

int netns_open(const char *path, int *fd, struct err *err)
{
	uint64_t start = trace_start();
	int r = open_checked(path, fd, err);

	trace_end(start, r, "netns", "open \"%s\"", path);
	return r;
}

int netns_open_or_none(const char *path, int *fd, struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r;

	*fd = -1;
	if (!*path)
		return 0;
	r = netns_open(path, fd, &why);
	switch (-r) {
	case 0:
	case ENOENT:
	case ENOTDIR:
		return 0;
	case EINVAL:
		log_warn("%s: taken as gone", why.msg);
		return 0;
	default:
		return err_take(err, &why);
	}
}

static int enter(int ns, const char *which)
{
	uint64_t start = trace_start();
	int r = setns(ns, CLONE_NEWNET) < 0 ? -errno : 0;
	struct stat st = { .st_ino = 0 };

	if (start)
		(void)fstat(ns, &st);
	trace_end(start, r, "netns", "setns %s net:[%lu]", which,
		  (unsigned long)st.st_ino);
	return r;
}

int netns_call(int ns, netns_fn *run, void *ctx, struct err *err)
{
	auto_fd int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int back = -EAGAIN;
	int r;

	if (home < 0)
		return err_sys(err, errno, "open /proc/self/ns/net");
	r = enter(ns, "into");
	if (r < 0)
		return err_sys(err, -r, "enter network namespace");
	r = run(ctx, err);
	/* Memory may be short, but we cannot stay where we are. */
	for (int i = 0; back < 0 && i < BACK_TRIES; i++)
		back = enter(home, "back to");
	if (back < 0)
		r = first_of(err_sys(err, -back,
				     "return to own network namespace"),
			     r);
	return r;
}
