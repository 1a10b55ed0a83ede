/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network namespace that stays without a process: a bind mount of it. The
 * calling thread goes into a new one, mounts it at its path, and comes back; no
 * child is needed.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "common/net/link.h"
#include "runtime-glue/tool/netplan_parts.h"

static int make_folder(const char *path, struct err *err)
{
	auto_free char *copy = strdup(path);

	if (!copy)
		return err_nomem(err);
	for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder \"%s\"", copy);
		*at = '/';
	}
	return 0;
}

/* In the new one. */
static int furnish(const char *path, struct err *err)
{
	auto_net struct net net = NET_CLOSED;
	int r;

	if (mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, errno, "keep a network namespace at \"%s\"",
			       path);
	r = net_open(&net, -1, err);
	return r ?: link_set_up(&net, "lo", true, err);
}

int netplan_ns_make(const char *path, struct err *err)
{
	auto_fd int home =
		open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	auto_fd int file = -1;
	int r = make_folder(path, err);

	if (r < 0)
		return r;
	if (home < 0)
		return err_sys(err, errno, "open /proc/thread-self/ns/net");
	file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (file < 0)
		return err_sys(err, errno, "make \"%s\"", path);
	if (unshare(CLONE_NEWNET) < 0) {
		r = err_sys(err, errno, "make a network namespace");
		(void)unlink(path);
		return r;
	}
	r = furnish(path, err);
	if (setns(home, CLONE_NEWNET) < 0)
		r = first_of(err_sys(err, errno,
				     "return to own network namespace"),
			     r);
	if (r < 0) {
		struct err why = { .code = CNI_OK };

		if (netplan_ns_drop(path, &why) < 0)
			log_warn("%s", why.msg);
	}
	return r;
}

int netplan_ns_drop(const char *path, struct err *err)
{
	/* EINVAL: a file without a mount, of who was killed in between. */
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 &&
	    errno != ENOENT && errno != EINVAL)
		return err_sys(err, errno, "unmount \"%s\"", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove \"%s\"", path);
	return 0;
}
