/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/vanish.h"

#include <linux/rtnetlink.h>
#include <poll.h>

#include "common/base/trace.h"
#include "common/net/event.h"
#include "common/net/link.h"

struct victim {
	struct net *net;
	int index;
	const char *name;
};

static int delete_it(void *ctx, struct err *err)
{
	const struct victim *victim = ctx;

	return link_del(victim->net, victim->index, victim->name, err);
}

/* A port's leaving its bridge is told by the same type in another family. */
static int is_gone(struct nlmsghdr *hdr, void *ctx)
{
	const struct victim *victim = ctx;
	const struct ifinfomsg *info = nlmsg_data(hdr);

	return hdr->nlmsg_type == RTM_DELLINK &&
	       nlmsg_valid_hdr(hdr, sizeof(*info)) &&
	       info->ifi_family == AF_UNSPEC &&
	       info->ifi_index == victim->index;
}

/* Whatever goes wrong here, the child's answer says what there is to know. */
static int wait_until_gone(struct net *events, struct detached *child,
			   struct victim *victim, struct err *err)
{
	struct pollfd at[] = { { .fd = events->fd, .events = POLLIN },
			       { .fd = child->answer, .events = POLLIN } };

	for (;;) {
		if (poll(at, 2, -1) < 0 && errno != EINTR)
			break;
		if (at[1].revents)
			break;
		if (at[0].revents && net_take(events, is_gone, victim) > 0)
			return 0;
	}
	return detach_result(child, err);
}

int link_vanish(struct net *net, int index, const char *name, struct err *err)
{
	auto_net struct net events = NET_CLOSED;
	auto_detached struct detached child = DETACHED_NONE;
	struct victim victim = { net, index, name };
	struct err ignored = { .code = CNI_OK };
	const uint64_t start = trace_start();
	int r;

	r = net_open(&events, -1, &ignored);
	r = r ?: net_listen(&events, RTNLGRP_LINK, &ignored);
	r = r ?: detach_start(delete_it, &victim, &child);
	if (r < 0)
		return link_del(net, index, name, err);
	r = wait_until_gone(&events, &child, &victim, err);
	trace_end(start, r, "rtnl", "link \"%s\" is gone", name);
	return r;
}
