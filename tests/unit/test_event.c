/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: recvmsg poll clock_gettime */
#include "tests/unit/forged.h"

#include <poll.h>
#include <time.h>

#include "common/net/event.h"

FORGE_RECVMSG

/* Time passes by poll() alone, in milliseconds. */
static int64_t now = 5000;
static int timeouts[8]; /* that poll() was called with */
static size_t polls;
static int poll_errno; /* once */
static int64_t takes;  /* a datagram to arrive; -1: none does */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	(void)clock;
	*out = (struct timespec){ .tv_sec = now / 1000,
				  .tv_nsec = now % 1000 * 1000000 };
	return 0;
}

int __wrap_poll(struct pollfd *at, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *at, nfds_t count, int timeout)
{
	assert_int_equal(count, 1);
	assert_int_equal(at->events, POLLIN);
	assert_true(polls < 8);
	timeouts[polls++] = timeout;
	if (poll_errno) {
		errno = poll_errno;
		poll_errno = 0;
		return -1;
	}
	if (takes < 0 || takes > timeout) {
		now += timeout;
		return 0;
	}
	now += takes;
	return 1;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */

static int want; /* index of the link whose event ends the wait */
static size_t seen;

static int take(struct nlmsghdr *hdr, void *ctx)
{
	const struct ifinfomsg *info = nlmsg_data(hdr);

	assert_ptr_equal(ctx, &want);
	seen++;
	if (info->ifi_index < 0)
		return info->ifi_index;
	return info->ifi_index == want;
}

static void start(struct net *net)
{
	struct err err = { .code = CNI_OK };

	memset(&script, 0, sizeof(script));
	polls = 0;
	seen = 0;
	want = 7;
	takes = 10;
	assert_int_equal(net_open(net, -1, &err), 0);
}

static struct packet *put_event(struct packet *p, int index)
{
	const struct ifinfomsg link = { .ifi_index = index };

	(void)put_msg(p, RTM_NEWLINK, &link, sizeof(link));
	return p;
}

static void test_awaited(void **state)
{
	auto_net struct net net = NET_CLOSED;
	struct packet *p;

	(void)state;
	start(&net);
	/* Not the kernel's; another link's; no event; then it. */
	script.from[0] = 4711;
	put_event(next_answer(), 7);
	put_event(next_answer(), 3);
	p = next_answer();
	put_verdict(p, 1, 0, NULL);
	put_event(put_event(put_event(p, 2), 7), 1);
	assert_int_equal(net_wait(&net, take, &want, 500), 0);
	assert_int_equal(seen, 3); /* none after the one that it was about */
	assert_int_equal(polls, 3);
}

/* Events of others do not prolong it. */
static void test_timeout(void **state)
{
	auto_net struct net net = NET_CLOSED;
	int64_t before;

	(void)state;
	start(&net);
	before = now;
	takes = 40;
	for (int i = 0; i < 3; i++)
		put_event(next_answer(), 3);
	assert_int_equal(net_wait(&net, take, &want, 100), -ETIMEDOUT);
	assert_int_equal(seen, 2);
	assert_in_range(now - before, 100, 102);

	takes = -1;
	before = now;
	assert_int_equal(net_wait(&net, take, &want, 0), -ETIMEDOUT);
	assert_in_range(now - before, 0, 2);
}

static void test_interrupted(void **state)
{
	auto_net struct net net = NET_CLOSED;

	(void)state;
	start(&net);
	poll_errno = EINTR;
	script.errors[0] = EINTR;
	put_event(next_answer(), 7);
	assert_int_equal(net_wait(&net, take, &want, 500), 0);
	assert_int_equal(polls, 2);
}

static void test_errors(void **state)
{
	auto_net struct net net = NET_CLOSED;

	(void)state;
	start(&net);
	script.errors[0] = ENOBUFS; /* some were lost */
	assert_int_equal(net_wait(&net, take, &want, 500), -ENOBUFS);
	put_event(next_answer(), -EPERM); /* take() fails */
	put_event(&script.answers[0], 7);
	assert_int_equal(net_wait(&net, take, &want, 500), -EPERM);
	assert_int_equal(seen, 1);
	poll_errno = ENOMEM;
	assert_int_equal(net_wait(&net, take, &want, 500), -ENOMEM);
}

static void test_listen(void **state)
{
	auto_net struct net net = NET_CLOSED;
	struct err err = { .code = CNI_OK };

	(void)state;
	start(&net);
	assert_int_equal(net_listen(&net, RTNLGRP_LINK, &err), 0);
	assert_int_equal(net_listen(&net, 100000, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "join rtnetlink group 100000: Invalid argument");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_awaited),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_listen),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
