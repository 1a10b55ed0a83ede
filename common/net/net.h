/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A route-netlink session in one network namespace.
 *
 * A socket stays in the namespace it was opened in, so plugins hold two
 * sessions, one for the host and one for the container, and never switch
 * namespaces to act on links.
 *
 * libnl builds and reads the messages; sending and receiving are done here,
 * because libnl folds the kernel's errno into codes of its own, drops the
 * extended-ack text and takes seven system calls to open a socket.
 */
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct net {
	int fd;
	uint32_t seq;     /* of the last request */
	char *answer;     /* what the kernel last sent */
	char extack[256]; /* why it refused, "" if it did not say */
	/* An errno that is as good as success: no words are made for it. */
	int expected;
};

/* Not open yet; where every `auto_net` starts. */
#define NET_CLOSED                 \
	(struct net)               \
	{                          \
		.fd = -1, .seq = 0 \
	}
#define auto_net AUTO(net_close)

DEFINE_AUTO(msg, struct nl_msg *, nlmsg_free)
#define auto_msg AUTO(auto_msg_release)

/* Open a session in the namespace behind @netns_fd, or here if negative. */
int net_open(struct net *net, int netns_fd, struct err *err) MUST_CHECK;
void net_close(struct net *net);

/*
 * A new message of @type (RTM_*) that begins with the family header @head of
 * @len bytes; NULL when memory ran out. The caller owns it.
 */
struct nl_msg *net_msg(int type, int flags, const void *head, size_t len);

/* Called for each message of an answer. Returns 0 or -errno. */
typedef int net_each_fn(struct nlmsghdr *hdr, void *ctx);

/*
 * Send @msg and wait for the kernel's answer. @what names the request for
 * the trace and, followed by the reason, is the error message; the kernel's
 * extended-ack text goes into the details. Returns -errno of the kernel.
 */
int net_request(struct net *net, struct nl_msg *msg, struct err *err,
		const char *what, ...) PRINTF(4, 5) MUST_CHECK;

/* The same for a request that returns an object, which @each is called with. */
int net_get(struct net *net, struct nl_msg *msg, net_each_fn *each, void *ctx,
	    struct err *err, const char *what, ...) PRINTF(6, 7) MUST_CHECK;

/*
 * Send the dump request @msg and call @each for every message of the answer.
 * A dump that the kernel interrupted (NLM_F_DUMP_INTR) starts again, at most
 * 8 times (then: CNI_E_AGAIN), after a call of @each with a NULL message to
 * forget what it had.
 */
int net_dump(struct net *net, struct nl_msg *msg, net_each_fn *each, void *ctx,
	     struct err *err, const char *what, ...) PRINTF(6, 7) MUST_CHECK;

/*
 * The verdict in an NLMSG_ERROR or NLMSG_DONE message: 0 or -errno, and in
 * @extack the kernel's explanation. A malformed one is -EBADMSG.
 */
int net_verdict(struct nlmsghdr *hdr, char *extack, size_t size) MUST_CHECK;
