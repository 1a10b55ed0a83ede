/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces by path. */
#pragma once

#include "common/base/err.h"

/*
 * Open the network namespace at @path; the caller owns *@fd.
 *
 * Nothing but a namespace is ever opened: the path is resolved once, looked
 * at, and only then opened, so that a FIFO or device there has no effect.
 *
 * Errors: CNI_E_ENV. -ENOENT: nothing at that path, or the path is empty;
 * -EINVAL: something else is there (`unknown FS magic on "PATH": HEX`, or
 * a namespace of another kind); another -errno if it cannot be looked at.
 */
int netns_open(const char *path, int *fd, struct err *err) MUST_CHECK;

/*
 * The same for DEL, which must succeed when there is nothing left to undo:
 * *@fd is -1 when no network namespace is at @path (any more). Something else
 * in its place, such as the file under a vanished mount, is worth a warning.
 */
int netns_open_or_none(const char *path, int *fd, struct err *err) MUST_CHECK;

/* What to do in another namespace. Returns 0 or a negative errno. */
typedef int netns_fn(void *ctx, struct err *err);

/*
 * Call @run in the network namespace behind @ns, and come back. Sockets that
 * it opens stay there; so do files of /proc/sys/net. Returns what @run did, or
 * the -errno of setns(2).
 */
int netns_call(int ns, netns_fn *run, void *ctx, struct err *err) MUST_CHECK;
