/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/event.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/trace.h"
#include "common/net/wire.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/*
 * A socket has no port ID before it is bound or has sent something. Then it is
 * passed over: the kernel takes it for the sender of each event, as whom it
 * has 0 as well.
 */
static int ensure_bound(int fd)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(self);
	struct sockaddr *addr = (void *)&self;

	if (getsockname(fd, addr, &len) < 0)
		return -errno;
	return self.nl_pid || bind(fd, addr, len) == 0 ? 0 : -errno;
}

int net_listen(struct net *net, unsigned int group, struct err *err)
{
	int r = ensure_bound(net->fd);

	if (r < 0)
		return err_sys(err, -r, "bind a netlink socket");
	if (setsockopt(net->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group)) < 0)
		return err_sys(err, errno, "join rtnetlink group %u", group);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the socket can be read. */
static int wait_readable(const struct net *net, int64_t until_ms)
{
	struct pollfd at = { .fd = net->fd, .events = POLLIN };
	int64_t left = until_ms - now_ms();
	int n;

	if (left < 0)
		return -ETIMEDOUT;
	n = poll(&at, 1, (int)left + 1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 1;
}

int net_take(struct net *net, net_each_fn *each, void *ctx)
{
	struct nlmsghdr *hdr = (void *)net->answer;
	size_t len = 0;
	int left;
	int r = net_receive(net, &len);

	for (left = (int)len; r == 0 && nlmsg_ok(hdr, left);
	     hdr = nlmsg_next(hdr, &left))
		if (hdr->nlmsg_type >= NLMSG_MIN_TYPE)
			r = each(hdr, ctx);
	return r;
}

int net_wait(struct net *net, net_each_fn *each, void *ctx,
	     unsigned int timeout_ms)
{
	uint64_t start = trace_start();
	int64_t until = now_ms() + timeout_ms;
	int r = 0;

	while (r == 0) {
		r = wait_readable(net, until);
		if (r > 0)
			r = net_take(net, each, ctx);
	}
	if (r > 0)
		r = 0;
	trace_end(start, r, "rtnl", "wait for an event");
	return r;
}
