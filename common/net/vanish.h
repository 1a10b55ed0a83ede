/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deleting a link without waiting for the kernel to free it. */
#pragma once

#include "common/base/detach.h"
#include "common/net/net.h"

/*
 * Delete the link with @index, called @name, and return as soon as it is gone
 * for everybody: its name is free, no packet passes, its other end is gone. The
 * kernel answers four times as late, when nobody can hold a reference any more;
 * a detached child waits for that.
 *
 * Success if there is no such link. Errors: as of link_del().
 */
int link_vanish(struct net *net, int index, const char *name,
		struct err *err) MUST_CHECK;
