/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's file system: from a rootfs directory and a list of mounts to
 * a pivoted root (config.md "Root", "Mounts"; config-linux.md "Devices",
 * "Masked Paths", "Readonly Paths", "Rootfs Mount Propagation").
 *
 * Every path inside the rootfs is hostile. It is resolved one time, from a
 * descriptor of the rootfs, by openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
 * and from then on only the descriptor is used: mounts are made detached
 * (fsopen, open_tree) and attached with move_mount() to the descriptor, which
 * is looked at again (type, file system) where it matters.
 *
 * Two sides: the runtime prepares what only it can (sources that the
 * container's user cannot reach, idmapped mounts), then the child, alone in a
 * new mount namespace, does the rest in three steps, with hooks in between.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "runtime-glue/cgroup/cgroup.h"
#include "runtime-glue/spec/spec.h"

struct rootfs {
	const struct spec *spec;
	const struct cgroup *cgroup; /* for mounts of type cgroup */
	const char *bundle;          /* absolute path */
	bool userns;   /* the container is in a user namespace not ours */
	bool cgroupns; /* ... in a cgroup namespace of its own */
	bool mountns;  /* a new mount namespace: else nothing is mounted */
	bool no_pivot; /* MS_MOVE and chroot() instead (initramfs) */
	/* From here on filled by rootfs_prepare() and what comes after. */
	bool prepared;
	char *path; /* of the rootfs, absolute, no symlinks */
	/* A mount's detached source; once mounted, what is to become read-only
	 * at the end; or -1. */
	int *trees;
	int root; /* the rootfs, once mounted: O_PATH */
	/* A procfs of our own; where a user namespace denies that, the host's,
	 * opened before the pivot. Never the container's. */
	int proc;
	int dev;  /* the container's /dev: O_PATH */
	int null; /* the host's /dev/null, detached, to mask files with */
};

#define auto_rootfs AUTO(rootfs_close)

/*
 * In the runtime, before the child is born. Finds the rootfs and checks that
 * it is a directory; with @userns opens the bind mounts' sources that may be
 * out of the container's reach; makes idmapped trees (a child holds the user
 * namespace with the mount's mappings, or the container's as in the spec).
 * @userns_fd: the user namespace that is joined, or -1.
 * The fields spec .. no_pivot have been set by the caller. Whatever it
 * returns, rootfs_close() afterwards; before it, that does nothing.
 */
int rootfs_prepare(struct rootfs *rootfs, int userns_fd,
		   struct err *err) MUST_CHECK;

/*
 * The same for one bind mount, once, that has come to the end of the spec's
 * since then, as its source did.
 */
int rootfs_prepare_last(struct rootfs *rootfs, struct err *err) MUST_CHECK;

/*
 * In the child, 1: propagation, the rootfs itself, all mounts in order,
 * devices and the links of /dev (/dev/fd, stdin, stdout, stderr, ptmx, core).
 * Destinations that are missing are made. Errors name `mounts[3]`, destination
 * and the kernel call. The child is in all its namespaces by now, with the ids
 * of the container's root. A rootfs whose path it cannot reach is mounted on
 * top of /, where a hook does not find it at @path.
 */
int rootfs_mount(struct rootfs *rootfs, struct err *err) MUST_CHECK;

/* 2: after the createContainer hooks. / is the rootfs, nothing else is left. */
int rootfs_pivot(struct rootfs *rootfs, struct err *err) MUST_CHECK;

/* 3: sysctls are written by now. Propagation and read-only of /, masked and
 * read-only paths. */
int rootfs_seal(struct rootfs *rootfs, struct err *err) MUST_CHECK;

/*
 * Bind the terminal @pty (a descriptor of the slave, checked to be on the
 * container's devpts) on /dev/console, after rootfs_pivot().
 */
int rootfs_console(struct rootfs *rootfs, int pty, struct err *err) MUST_CHECK;

/*
 * Write @value to the sysctl @key ("net.ipv4.ip_forward" or with slashes) in
 * the procfs of our own, checked to be one: no path of the container's.
 */
int rootfs_sysctl(struct rootfs *rootfs, const char *key, const char *value,
		  struct err *err) MUST_CHECK;

void rootfs_close(struct rootfs *rootfs);
