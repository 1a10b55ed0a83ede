/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of the kernel, and forgeries of them. */
/* wrap: send recvmsg */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "common/net/addr.h"
#include "common/net/net.h"

/* A message under construction, and a datagram of several. */
struct packet {
	_Alignas(8) unsigned char bytes[2048];
	size_t len;
};

static struct nlmsghdr *put_msg(struct packet *p, int type, int flags,
				const void *payload, size_t len)
{
	struct nlmsghdr *hdr = (void *)(p->bytes + p->len);

	memset(hdr, 0, NLMSG_SPACE(len));
	hdr->nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	hdr->nlmsg_type = (uint16_t)type;
	hdr->nlmsg_flags = (uint16_t)flags;
	memcpy(NLMSG_DATA(hdr), payload, len);
	p->len += NLMSG_SPACE(len);
	return hdr;
}

static void put_attr(struct packet *p, struct nlmsghdr *hdr, int type,
		     const void *data, size_t len)
{
	struct nlattr *attr = (void *)(p->bytes + p->len);
	size_t padded = (len + 3) & ~(size_t)3;

	attr->nla_type = (uint16_t)type;
	attr->nla_len = (uint16_t)(sizeof(*attr) + len);
	memset(attr + 1, 0, padded);
	memcpy(attr + 1, data, len);
	p->len += sizeof(*attr) + padded;
	hdr->nlmsg_len =
		(uint32_t)(p->len - (size_t)((unsigned char *)hdr - p->bytes));
}

static struct nlmsghdr *put_error(struct packet *p, int flags, int error,
				  size_t echoed, const char *text)
{
	unsigned char payload[512] = { 0 };
	struct nlmsgerr head = { .error = error };
	struct nlmsghdr *hdr;

	head.msg.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + echoed);
	memcpy(payload, &head, sizeof(head));
	hdr = put_msg(p, NLMSG_ERROR, flags, payload,
		      sizeof(head) +
			      (flags & NLM_F_CAPPED || !error ? 0 : echoed));
	if (text)
		put_attr(p, hdr, NLMSGERR_ATTR_MSG, text, strlen(text) + 1);
	return hdr;
}

/* ---- The verdict ---- */

static void test_verdict(void **state)
{
	static const struct {
		int flags, error;
		size_t echoed;
		const char *text;
	} cases[] = {
		{ 0, 0, 0, NULL },
		{ 0, -EPERM, 24, NULL },
		{ NLM_F_CAPPED, -ENODEV, 24, NULL },
		{ NLM_F_CAPPED | NLM_F_ACK_TLVS, -EINVAL, 24, "bad MTU" },
		{ NLM_F_ACK_TLVS, -EINVAL, 24, "bad MTU" },
		{ NLM_F_ACK_TLVS, -EINVAL, 0, "x" },
		{ NLM_F_CAPPED | NLM_F_ACK_TLVS, 0, 24, "a warning" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct packet p = { .len = 0 };
		char text[64] = "stale";

		put_error(&p, cases[i].flags, cases[i].error, cases[i].echoed,
			  cases[i].text);
		assert_int_equal(net_verdict((void *)p.bytes, text,
					     sizeof(text)),
				 cases[i].error);
		assert_string_equal(text, cases[i].text ?: "");
	}
}

static void test_verdict_of_a_dump(void **state)
{
	struct packet p = { .len = 0 };
	int error = -EOPNOTSUPP;
	struct nlmsghdr *hdr;
	char text[64];

	(void)state;
	hdr = put_msg(&p, NLMSG_DONE, NLM_F_MULTI | NLM_F_ACK_TLVS, &error,
		      sizeof(error));
	put_attr(&p, hdr, NLMSGERR_ATTR_MSG, "no dump", 8);
	assert_int_equal(net_verdict(hdr, text, sizeof(text)), -EOPNOTSUPP);
	assert_string_equal(text, "no dump");

	p.len = 0;
	hdr = put_msg(&p, NLMSG_DONE, NLM_F_MULTI, "", 0);
	assert_int_equal(net_verdict(hdr, text, sizeof(text)), 0);
}

static void test_forged_verdicts(void **state)
{
	struct packet p = { .len = 0 };
	struct nlmsgerr *answer;
	struct nlmsghdr *hdr;
	struct nlattr *first;
	char text[8];

	(void)state;
	/* Cut short; an error that is a success with a number. */
	hdr = put_msg(&p, NLMSG_ERROR, 0, "abcd", 4);
	assert_int_equal(net_verdict(hdr, text, sizeof(text)), -EBADMSG);
	p.len = 0;
	hdr = put_error(&p, 0, 5, 0, NULL);
	assert_int_equal(net_verdict(hdr, text, sizeof(text)), -EBADMSG);

	/* The echoed request claims to be longer than the message, or huge. */
	for (uint32_t len = 0; len < 3; len++) {
		static const uint32_t lens[] = { 0, 4000, UINT32_MAX };

		p.len = 0;
		hdr = put_error(&p, NLM_F_ACK_TLVS, -EINVAL, 0, "why");
		answer = NLMSG_DATA(hdr);
		answer->msg.nlmsg_len = lens[len];
		assert_int_equal(net_verdict(hdr, text, sizeof(text)), -EINVAL);
	}

	/* Text that is too long, and text that does not end. */
	p.len = 0;
	hdr = put_error(&p, NLM_F_CAPPED | NLM_F_ACK_TLVS, -EINVAL, 0,
			"a very long explanation");
	assert_int_equal(net_verdict(hdr, text, sizeof(text)), -EINVAL);
	assert_string_equal(text, "a very ");
	p.len = 0;
	hdr = put_error(&p, NLM_F_CAPPED | NLM_F_ACK_TLVS, -EINVAL, 0, NULL);
	put_attr(&p, hdr, NLMSGERR_ATTR_MSG, "abcd", 4);
	assert_int_equal(net_verdict(hdr, text, sizeof(text)), -EINVAL);
	assert_string_equal(text, "abcd");

	/* An attribute that is longer than what is left. */
	p.len = 0;
	hdr = put_error(&p, NLM_F_CAPPED | NLM_F_ACK_TLVS, -EINVAL, 0, "why");
	first = (void *)((char *)NLMSG_DATA(hdr) + sizeof(*answer));
	first->nla_len = 4096;
	assert_int_equal(net_verdict(hdr, text, sizeof(text)), -EINVAL);
	assert_string_equal(text, "");
}

/* ---- A conversation with a scripted kernel ---- */

static struct script {
	struct packet answers[12];
	int errors[12]; /* recvmsg() fails with this first, once */
	size_t count, next;
	uint32_t from; /* sender of the first datagram */
	uint32_t seq;  /* of the request */
	unsigned int requests;
} script;

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
	(void)fd;
	(void)flags;
	script.seq = ((const struct nlmsghdr *)buf)->nlmsg_seq;
	script.requests++;
	return (ssize_t)len;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct packet *p = &script.answers[script.next];
	struct sockaddr_nl *from = msg->msg_name;
	struct nlmsghdr *hdr = (void *)p->bytes;
	int left = (int)p->len;

	(void)fd;
	(void)flags;
	if (script.errors[script.next]) {
		errno = script.errors[script.next];
		script.errors[script.next] = 0;
		return -1;
	}
	assert_true(script.next < script.count);
	/* 0: the current request; another number is meant as it is. */
	for (; nlmsg_ok(hdr, left); hdr = nlmsg_next(hdr, &left))
		hdr->nlmsg_seq = hdr->nlmsg_seq ?: script.seq;
	from->nl_pid = script.next == 0 ? script.from : 0;
	script.next++;
	memcpy(msg->msg_iov->iov_base, p->bytes, p->len);
	msg->msg_flags = 0;
	return (ssize_t)p->len;
}

static struct packet *next_answer(void)
{
	return &script.answers[script.count++];
}

static void put_addr(struct packet *p, int flags, int family, const char *text)
{
	struct ifaddrmsg head = { .ifa_family = (uint8_t)family,
				  .ifa_prefixlen = 8,
				  .ifa_index = 1 };
	struct nlmsghdr *hdr = put_msg(p, RTM_NEWADDR, flags | NLM_F_MULTI,
				       &head, sizeof(head));
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	put_attr(p, hdr, IFA_ADDRESS, ip.bytes, ip_bits(ip.family) / 8);
}

static void put_done(struct packet *p, int flags, int error)
{
	put_msg(p, NLMSG_DONE, flags | NLM_F_MULTI, &error, sizeof(error));
}

static int list(struct net *net, struct addr_list *addrs, struct err *err)
{
	assert_int_equal(net_open(net, -1, err), 0);
	return addr_list(net, 1, addrs, err);
}

static void test_dump(void **state)
{
	auto_net struct net net = NET_CLOSED;
	auto_addr_list struct addr_list addrs = { .count = 0 };
	struct err err = { .code = CNI_OK };
	struct nlmsghdr *hdr;
	struct packet *p;

	(void)state;
	script = (struct script){ .from = 4711 };
	put_addr(next_answer(), 0, AF_INET, "192.0.2.66"); /* a forgery */
	p = next_answer();
	put_addr(p, 0, AF_INET6, "::1");
	put_addr(p, 0, AF_INET, "127.0.0.1");
	hdr = (void *)p->bytes;
	hdr->nlmsg_seq = 99; /* of a request before */
	p = next_answer();
	put_addr(p, 0, AF_INET6, "::2");
	put_addr(p, 0, AF_INET, "127.0.0.2");
	script.errors[2] = EINTR;
	put_done(next_answer(), 0, 0);

	assert_int_equal(list(&net, &addrs, &err), 0);
	assert_int_equal(addrs.count, 3);
	assert_int_equal(addrs.at[0].ip.bytes[3], 1);
	assert_int_equal(addrs.at[1].ip.bytes[3], 2);
	assert_int_equal(addrs.at[2].ip.family, IP_V6);
	assert_int_equal(addrs.at[2].ip.bytes[15], 2);
}

static void test_interrupted_dump(void **state)
{
	auto_net struct net net = NET_CLOSED;
	auto_addr_list struct addr_list addrs = { .count = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	script = (struct script){ .count = 0 };
	put_addr(next_answer(), 0, AF_INET, "127.0.0.1");
	put_done(next_answer(), NLM_F_DUMP_INTR, 0);
	script.errors[2] = ENOBUFS;
	put_addr(next_answer(), 0, AF_INET, "127.0.0.2");
	put_done(next_answer(), 0, 0);

	assert_int_equal(list(&net, &addrs, &err), 0);
	assert_int_equal(addrs.count, 1);
	assert_int_equal(addrs.at[0].ip.bytes[3], 2);
	assert_int_equal(script.requests, 3);
}

static void test_dump_that_never_settles(void **state)
{
	auto_net struct net net = NET_CLOSED;
	auto_addr_list struct addr_list addrs = { .count = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	script = (struct script){ .count = 0 };
	for (int i = 0; i < 9; i++) {
		struct packet *p = next_answer();

		put_addr(p, NLM_F_DUMP_INTR, AF_INET, "127.0.0.1");
		put_done(p, 0, 0);
	}
	assert_int_equal(list(&net, &addrs, &err), -EAGAIN);
	assert_int_equal(err.code, CNI_E_AGAIN);
	assert_int_equal(script.requests, 9);
	assert_int_equal(addrs.count, 0);
	assert_null(addrs.at);
}

static void test_dump_that_fails(void **state)
{
	static const struct {
		bool done;
		int error;
		const char *want;
	} cases[] = {
		{ true, -EOPNOTSUPP,
		  "list addresses of link 1: Operation not supported" },
		{ false, -EPERM,
		  "list addresses of link 1: Operation not permitted" },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		auto_net struct net net = NET_CLOSED;
		auto_addr_list struct addr_list addrs = { .count = 0 };
		struct err err = { .code = CNI_OK };
		struct packet *p;

		script = (struct script){ .count = 0 };
		p = next_answer();
		put_addr(p, 0, AF_INET, "127.0.0.1");
		if (cases[i].done)
			put_done(p, 0, cases[i].error);
		else
			put_error(p, NLM_F_CAPPED | NLM_F_ACK_TLVS,
				  cases[i].error, 0, "not you");
		assert_int_equal(list(&net, &addrs, &err), cases[i].error);
		assert_int_equal(err.code, CNI_E_IO);
		assert_string_equal(err.msg, cases[i].want);
		assert_string_equal(err.details,
				    cases[i].done ? "" : "kernel: not you");
	}
}

/* A message that lies about itself ends the dump, and not the process. */
static void test_dump_of_nonsense(void **state)
{
	auto_net struct net net = NET_CLOSED;
	auto_addr_list struct addr_list addrs = { .count = 0 };
	struct err err = { .code = CNI_OK };
	struct packet *p;

	(void)state;
	script = (struct script){ .count = 0 };
	p = next_answer();
	put_msg(p, RTM_NEWADDR, NLM_F_MULTI, "abcd", 4);
	put_addr(p, 0, AF_INET, "127.0.0.1");
	put_done(p, 0, 0);
	assert_int_equal(list(&net, &addrs, &err), -EBADMSG);
	assert_int_equal(addrs.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_verdict_of_a_dump),
		cmocka_unit_test(test_forged_verdicts),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_interrupted_dump),
		cmocka_unit_test(test_dump_that_never_settles),
		cmocka_unit_test(test_dump_that_fails),
		cmocka_unit_test(test_dump_of_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
