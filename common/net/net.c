/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/net.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/trace.h"
#include "common/net/netns.h"
#include "common/net/wire.h"

#define DUMP_RETRIES 8

/* Missing in older headers of the C library, not in any kernel we run on. */
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* One conversation: a request, who listens to the answer, how it went. */
struct exchange {
	struct nl_msg *msg;
	net_each_fn *each; /* NULL: only the verdict matters */
	void *ctx;
	uint64_t start;   /* for the trace */
	bool interrupted; /* the dump is not a consistent snapshot */
	int failed;       /* what @each returned, once it was not 0 */
};

/*
 * The options are refinements, so a kernel without one is no failure. CAP_ACK
 * keeps our own request out of error answers; STRICT_CHK makes dumps honour
 * the filters in their header.
 */
static int open_here(struct net *net)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK,
				       NETLINK_GET_STRICT_CHK };
	int on = 1;

	net->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (net->fd < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		(void)setsockopt(net->fd, SOL_NETLINK, options[i], &on,
				 sizeof(on));
	return 0;
}

static int open_socket(void *net, struct err *err)
{
	int r = open_here(net);

	return r < 0 ? err_sys(err, -r, "open netlink socket") : 0;
}

int net_open(struct net *net, int netns_fd, struct err *err)
{
	int r;

	*net = NET_CLOSED;
	net->answer = malloc(NET_ANSWER_MAX);
	if (!net->answer)
		return err_nomem(err);
	if (netns_fd >= 0)
		r = netns_call(netns_fd, open_socket, net, err);
	else
		r = open_socket(net, err);
	return r;
}

void net_close(struct net *net)
{
	auto_fd_release(&net->fd);
	free(net->answer);
	*net = NET_CLOSED;
}

struct nl_msg *net_msg(int type, int flags, const void *head, size_t len)
{
	auto_msg struct nl_msg *msg = nlmsg_alloc_simple(type, flags);
	void *copy = msg ? nlmsg_reserve(msg, len, NLMSG_ALIGNTO) : NULL;

	if (!copy)
		return NULL;
	memcpy(copy, head, len);
	return take_ptr(msg);
}

int net_verdict(struct nlmsghdr *hdr, char *extack, size_t size)
{
	bool done = hdr->nlmsg_type == NLMSG_DONE;
	size_t head = done ? sizeof(int) : sizeof(struct nlmsgerr);
	size_t have = (size_t)nlmsg_datalen(hdr);
	const struct nlmsgerr *answer = nlmsg_data(hdr);
	struct nlattr *text;
	int error;

	*extack = '\0';
	if (done && have < head) /* kernels before 2.6.27 sent none */
		return 0;
	if (have < head)
		return -EBADMSG;
	memcpy(&error, &answer->error, sizeof(error));
	if (error > 0)
		return done ? 0 : -EBADMSG;
	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return error;
	/* A refused request is echoed whole unless the flags say "capped". */
	if (!done && error && !(hdr->nlmsg_flags & NLM_F_CAPPED))
		head += (size_t)answer->msg.nlmsg_len - NLMSG_HDRLEN;
	if (head < sizeof(int) || head > have)
		return error;
	text = nlmsg_find_attr(hdr, (int)head, NLMSGERR_ATTR_MSG);
	if (text)
		(void)nla_strlcpy(extack, text, size);
	return error;
}

/* Datagrams of other senders than the kernel are not for us: *@len is 0. */
int net_receive(struct net *net, size_t *len)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	struct iovec io = { .iov_base = net->answer,
			    .iov_len = NET_ANSWER_MAX };
	struct msghdr head = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &io,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do
		n = recvmsg(net->fd, &head, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (head.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (n == 0)
		return -EPIPE;
	*len = from.nl_pid == 0 ? (size_t)n : 0;
	return 0;
}

/* What @ex makes of one message. Returns true when it was the last one. */
static bool take(struct net *net, struct exchange *ex, struct nlmsghdr *hdr,
		 int *verdict)
{
	if (hdr->nlmsg_flags & NLM_F_DUMP_INTR)
		ex->interrupted = true;
	if (hdr->nlmsg_type == NLMSG_ERROR || hdr->nlmsg_type == NLMSG_DONE) {
		*verdict = net_verdict(hdr, net->extack, sizeof(net->extack));
		return true;
	}
	/* The rest is read all the same: the socket must be left clean. */
	if (hdr->nlmsg_type >= NLMSG_MIN_TYPE && ex->each && !ex->failed)
		ex->failed = ex->each(hdr, ex->ctx);
	return false;
}

static int collect(struct net *net, struct exchange *ex)
{
	struct nlmsghdr *hdr;
	int verdict = 0;
	size_t len = 0;
	int left, r;

	for (;;) {
		r = net_receive(net, &len);
		if (r < 0)
			return r;
		hdr = (void *)net->answer;
		for (left = (int)len; nlmsg_ok(hdr, left);
		     hdr = nlmsg_next(hdr, &left)) {
			/* An older request's answer may still arrive. */
			if (hdr->nlmsg_seq != net->seq)
				continue;
			if (take(net, ex, hdr, &verdict))
				return verdict ?: ex->failed;
		}
	}
}

static int exchange(struct net *net, struct exchange *ex)
{
	struct nlmsghdr *hdr = nlmsg_hdr(ex->msg);
	ssize_t n;

	ex->interrupted = false;
	ex->failed = 0;
	net->extack[0] = '\0';
	hdr->nlmsg_pid = 0;
	hdr->nlmsg_seq = ++net->seq;
	do
		n = send(net->fd, hdr, hdr->nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : collect(net, ex);
}

/* "RTM_NEWLINK": message types come in groups of NEW, DEL, GET and SET. */
void net_type_text(int type, char *buf, size_t size)
{
	static const char ops[][4] = { "NEW", "DEL", "GET", "SET" };
	static const char nouns[][12] = { "LINK",   "ADDR",    "ROUTE",
					  "NEIGH",  "RULE",    "QDISC",
					  "TCLASS", "TFILTER", "ACTION" };
	unsigned int noun = ((unsigned int)type - RTM_BASE) / 4;
	const char *text = "";

	if (type >= RTM_BASE && noun < sizeof(nouns) / sizeof(*nouns))
		text = nouns[noun];
	else if (type >= RTM_NEWNSID && type <= RTM_GETNSID)
		text = "NSID";
	else if (type >= RTM_NEWVLAN && type <= RTM_GETVLAN)
		text = "VLAN";
	if (*text)
		(void)snprintf(buf, size, "RTM_%s%s", ops[type & 3], text);
	else
		(void)snprintf(buf, size, "type %d", type);
}

/* Trace the exchange that returned @r, and turn a failure into an error. */
PRINTF(4, 0)
static int report(struct net *net, const struct exchange *ex, int r,
		  const char *what, va_list ap, struct err *err)
{
	struct err why;
	char text[300], type[24];

	if ((r == 0 || r == -net->expected) && ex->start == 0)
		return r;
	(void)vsnprintf(text, sizeof(text), what, ap);
	if (ex->start) {
		net_type_text(nlmsg_hdr(ex->msg)->nlmsg_type, type,
			      sizeof(type));
		trace_end(ex->start, r, "rtnl", "%s %s", type, text);
	}
	if (r == 0 || r == -net->expected)
		return r;
	err_clear(&why);
	(void)err_sys(&why, -r, "%s", text);
	if (r == -EAGAIN)
		(void)err_code(&why, CNI_E_AGAIN);
	if (*net->extack)
		(void)err_hint(&why, "kernel: %s", net->extack);
	return err_take(err, &why);
}

int net_request(struct net *net, struct nl_msg *msg, struct err *err,
		const char *what, ...)
{
	struct exchange ex = { .msg = msg, .start = trace_start() };
	va_list ap;
	int r;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	r = exchange(net, &ex);
	va_start(ap, what);
	r = report(net, &ex, r, what, ap, err);
	va_end(ap);
	return r;
}

int net_get(struct net *net, struct nl_msg *msg, net_each_fn *each, void *ctx,
	    struct err *err, const char *what, ...)
{
	struct exchange ex = {
		.msg = msg, .start = trace_start(), .each = each, .ctx = ctx
	};
	va_list ap;
	int r;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	r = exchange(net, &ex);
	va_start(ap, what);
	r = report(net, &ex, r, what, ap, err);
	va_end(ap);
	return r;
}

/* A lost part (ENOBUFS) is cured like an interrupted dump: by another one. */
static int dump(struct net *net, struct exchange *ex)
{
	for (int i = 0; i <= DUMP_RETRIES; i++) {
		int r = i ? ex->each(NULL, ex->ctx) : 0;

		r = r ?: exchange(net, ex);
		if (r < 0 && r != -ENOBUFS)
			return r;
		if (r == 0 && !ex->interrupted)
			return 0;
	}
	return -EAGAIN;
}

int net_dump(struct net *net, struct nl_msg *msg, net_each_fn *each, void *ctx,
	     struct err *err, const char *what, ...)
{
	struct exchange ex = {
		.msg = msg, .start = trace_start(), .each = each, .ctx = ctx
	};
	va_list ap;
	int r;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	r = dump(net, &ex);
	va_start(ap, what);
	r = report(net, &ex, r, what, ap, err);
	va_end(ap);
	return r;
}
