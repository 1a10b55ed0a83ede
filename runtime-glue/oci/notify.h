/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sd_notify(3) out of a container. With NOTIFY_SOCKET in our environment the
 * container gets a socket of its own (ROOT/ID/notify/notify.sock, seen as
 * /run/notify/notify.sock), and whoever starts it listens there. Of what it
 * says only READY=1 goes on to the service manager, with a MAINPID of our
 * own saying: all else could be lies about the host.
 */
#pragma once

#include <sys/types.h>

#include "common/base/err.h"
#include "runtime-glue/oci/launch.h"

/*
 * At create: the directory, its mount and the variable. Nothing without
 * NOTIFY_SOCKET, nor without a mount namespace to put it in.
 */
int notify_prepare(struct launch *launch, struct err *err) MUST_CHECK;

/*
 * At start, before the container runs: listen. *@fd is the caller's, -1: no
 * service manager, or none at create.
 */
int notify_open(const struct state *state, int *fd, struct err *err) MUST_CHECK;

/* What has come to @fd, without waiting: was it READY=1? */
bool notify_is_ready(int fd);

/*
 * Tell the service manager READY=1 and MAINPID=@pid, and wait until it has
 * taken note: it asks the kernel who we are, and we may end then. What
 * fails is only logged.
 */
void notify_tell(pid_t pid);

/*
 * For who does not stay: until the container is ready, or has ended. Nothing
 * is locked meanwhile: @state is closed.
 */
void notify_wait(struct state *state, int fd);
