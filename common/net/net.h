/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A route-netlink session in one network namespace.
 *
 * A socket stays in the namespace it was opened in, so plugins hold two
 * sessions, one for the host and one for the container, and never switch
 * namespaces to act on links.
 */
#pragma once

#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct net {
	struct nl_sock *sock;
	int errnum;       /* the kernel's answer to the last request */
	char extack[160]; /* and its explanation, "" if it gave none */
};

#define auto_net AUTO(net_close)

DEFINE_AUTO(msg, struct nl_msg *, nlmsg_free)
#define auto_msg AUTO(auto_msg_release)

/* Open a session in the namespace behind @netns_fd, or here if negative. */
int net_open(struct net *net, int netns_fd, struct err *err) MUST_CHECK;
void net_close(struct net *net);

/*
 * Send @msg and wait for the kernel's answer. @what names the request for
 * the trace and, followed by the reason, is the error message; the kernel's
 * extended-ack text goes into the details. Returns -errno of the kernel.
 */
int net_request(struct net *net, struct nl_msg *msg, struct err *err,
		const char *what, ...) PRINTF(4, 5) MUST_CHECK;

/*
 * Send the dump request @msg and call @each for every message of the answer.
 * A dump that the kernel interrupted (NLM_F_DUMP_INTR) starts again, at most
 * 8 times, after a call of @each with a NULL message to forget what it had.
 */
typedef int net_each_fn(struct nlmsghdr *hdr, void *ctx);
int net_dump(struct net *net, struct nl_msg *msg, net_each_fn *each, void *ctx,
	     struct err *err) MUST_CHECK;
