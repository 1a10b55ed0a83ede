/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink messages under construction, and a kernel that answers by a script.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <setjmp.h>

#include <cmocka.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "common/net/net.h"

#define MAYBE_UNUSED __attribute__((unused))

/* A message under construction, and a datagram of several. */
struct packet {
	_Alignas(8) unsigned char bytes[8192];
	size_t len;
};

/* Its sequence number is 1: that of a session's first request. */
MAYBE_UNUSED static struct nlmsghdr *put_msg(struct packet *p, int type,
					     const void *head, size_t len)
{
	struct nlmsghdr *hdr = (void *)(p->bytes + p->len);

	assert_true(p->len + NLMSG_SPACE(len) <= sizeof(p->bytes));
	memset(hdr, 0, NLMSG_SPACE(len));
	hdr->nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	hdr->nlmsg_type = (uint16_t)type;
	hdr->nlmsg_seq = 1;
	memcpy(NLMSG_DATA(hdr), head, len);
	p->len += NLMSG_SPACE(len);
	return hdr;
}

/* Append to the last message @hdr of @p. */
MAYBE_UNUSED static struct nlattr *put_attr(struct packet *p,
					    struct nlmsghdr *hdr, int type,
					    const void *data, size_t len)
{
	struct nlattr *attr = (void *)(p->bytes + p->len);
	size_t padded = (len + 3) & ~(size_t)3;

	assert_true(p->len + sizeof(*attr) + padded <= sizeof(p->bytes));
	attr->nla_type = (uint16_t)type;
	attr->nla_len = (uint16_t)(sizeof(*attr) + len);
	memset(attr + 1, 0, padded);
	if (len > 0)
		memcpy(attr + 1, data, len);
	p->len += sizeof(*attr) + padded;
	hdr->nlmsg_len =
		(uint32_t)(p->len - (size_t)((unsigned char *)hdr - p->bytes));
	return attr;
}

MAYBE_UNUSED static void put_u32(struct packet *p, struct nlmsghdr *hdr,
				 int type, uint32_t value)
{
	(void)put_attr(p, hdr, type, &value, sizeof(value));
}

MAYBE_UNUSED static void put_u16(struct packet *p, struct nlmsghdr *hdr,
				 int type, uint16_t value)
{
	(void)put_attr(p, hdr, type, &value, sizeof(value));
}

MAYBE_UNUSED static void put_u8(struct packet *p, struct nlmsghdr *hdr,
				int type, uint8_t value)
{
	(void)put_attr(p, hdr, type, &value, sizeof(value));
}

MAYBE_UNUSED static void put_text(struct packet *p, struct nlmsghdr *hdr,
				  int type, const char *text)
{
	(void)put_attr(p, hdr, type, text, strlen(text) + 1);
}

/* What is put until nest_end() is inside of it. */
MAYBE_UNUSED static struct nlattr *nest(struct packet *p, struct nlmsghdr *hdr,
					int type)
{
	return put_attr(p, hdr, type, NULL, 0);
}

MAYBE_UNUSED static void nest_end(struct packet *p, struct nlattr *nested)
{
	nested->nla_len =
		(uint16_t)(p->bytes + p->len - (unsigned char *)nested);
}

/* The verdict on request @seq; @text is the kernel's explanation or NULL. */
MAYBE_UNUSED static void put_verdict(struct packet *p, uint32_t seq, int error,
				     const char *text)
{
	const struct nlmsgerr head = { .error = error };
	struct nlmsghdr *hdr = put_msg(p, NLMSG_ERROR, &head, sizeof(head));

	hdr->nlmsg_seq = seq;
	hdr->nlmsg_flags = NLM_F_CAPPED | (text ? NLM_F_ACK_TLVS : 0);
	if (text)
		put_text(p, hdr, NLMSGERR_ATTR_MSG, text);
}

MAYBE_UNUSED static void put_done(struct packet *p)
{
	const int ok = 0;

	(void)put_msg(p, NLMSG_DONE, &ok, sizeof(ok));
}

/* ---- A conversation: needs "wrap: send recvmsg" ---- */

#define ANSWERS 12

MAYBE_UNUSED static struct script {
	struct packet answers[ANSWERS];
	uint32_t from[ANSWERS]; /* the sender of each; 0: the kernel */
	int errors[ANSWERS];    /* recvmsg() fails with this first, once */
	size_t count, next;
	int send_error; /* send() fails with this, once */
	unsigned int sends;
	struct packet sent; /* all of it, one after the other */
} script;

MAYBE_UNUSED static struct packet *next_answer(void)
{
	assert_true(script.count < ANSWERS);
	return &script.answers[script.count++];
}

MAYBE_UNUSED static ssize_t forged_send(const void *buf, size_t len)
{
	if (script.send_error) {
		errno = script.send_error;
		script.send_error = 0;
		return -1;
	}
	script.sends++;
	assert_true(script.sent.len + len <= sizeof(script.sent.bytes));
	memcpy(script.sent.bytes + script.sent.len, buf, len);
	script.sent.len += len;
	return (ssize_t)len;
}

MAYBE_UNUSED static ssize_t forged_recvmsg(struct msghdr *msg)
{
	const struct packet *p = &script.answers[script.next];
	struct sockaddr_nl *from = msg->msg_name;

	assert_true(script.next < ANSWERS);
	if (script.errors[script.next]) {
		errno = script.errors[script.next];
		script.errors[script.next] = 0;
		return -1;
	}
	assert_true(script.next < script.count);
	from->nl_pid = script.from[script.next++];
	assert_true(p->len <= msg->msg_iov->iov_len);
	memcpy(msg->msg_iov->iov_base, p->bytes, p->len);
	msg->msg_flags = 0;
	return (ssize_t)p->len;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
#define FORGE_SEND                                                           \
	ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags); \
	ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)  \
	{                                                                    \
		(void)fd;                                                    \
		(void)flags;                                                 \
		return forged_send(buf, len);                                \
	}
#define FORGE_RECVMSG                                                  \
	ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags); \
	ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)  \
	{                                                              \
		(void)fd;                                              \
		(void)flags;                                           \
		return forged_recvmsg(msg);                            \
	}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
