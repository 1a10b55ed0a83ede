/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several requests in one send. The kernel carries them out in their order,
 * and goes on after one that it refused: whoever sends a batch undoes all of
 * it, when any fails.
 *
 * Building never fails visibly; net_batch_send() reports what went wrong.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/strbuf.h"
#include "common/net/net.h"

struct net_batch_item;

struct net_batch {
	struct strbuf bytes; /* the messages */
	struct arena texts;
	struct net_batch_item *items;
	size_t count, size;
	bool failed; /* memory ran out */
};

#define auto_net_batch AUTO(net_batch_free)

/*
 * Append @msg, which is consumed; NULL stands for one that found no memory.
 * @tolerate is the errno (ENOENT) that is as good as success, or 0. The rest
 * is a format of text.h for what is attempted, as in net_request().
 */
void net_batch_add(struct net_batch *batch, struct nl_msg *msg, int tolerate,
		   const char *what, ...) PRINTF(4, 5);

/*
 * Send them all, and wait for the kernel's answers. Returns 0, or the -errno of
 * the first that was refused and not tolerated. The batch is empty afterwards.
 */
int net_batch_send(struct net *net, struct net_batch *batch,
		   struct err *err) MUST_CHECK;

void net_batch_free(struct net_batch *batch);
