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
 * Errors: CNI_E_ENV. -ENOENT: nothing at that path; -EINVAL: something else
 * is there (`unknown FS magic on "PATH": HEX`, or a namespace of another
 * kind); another -errno if it cannot be looked at.
 */
int netns_open(const char *path, int *fd, struct err *err) MUST_CHECK;
