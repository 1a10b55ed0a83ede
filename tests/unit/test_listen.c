/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of rtnetlink: they arrive, and without one there is an end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/rtnetlink.h>

#include "common/net/event.h"
#include "common/net/link.h"

static int is_lo(struct nlmsghdr *hdr, void *ctx)
{
	struct link_info link;

	(void)ctx;
	return hdr->nlmsg_type == RTM_NEWLINK && link_read(hdr, &link) == 0 &&
	       strcmp(link.name, "lo") == 0;
}

/* Make an event: "lo" is another's, so it has its own session. */
static void toggle_lo(struct err *err)
{
	auto_net struct net net = NET_CLOSED;

	assert_int_equal(net_open(&net, -1, err), 0);
	assert_int_equal(link_set_up(&net, "lo", false, err), 0);
	assert_int_equal(link_set_up(&net, "lo", true, err), 0);
}

/* On a session that has asked nothing before. */
static void test_event_comes(void **state)
{
	auto_net struct net events = NET_CLOSED;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(net_open(&events, -1, &err), 0);
	assert_int_equal(net_listen(&events, RTNLGRP_LINK, &err), 0);
	toggle_lo(&err);
	assert_int_equal(net_wait(&events, is_lo, NULL, 2000), 0);
}

/* On one that has, and that joins a second group. */
static void test_event_comes_to_a_used_session(void **state)
{
	auto_net struct net events = NET_CLOSED;
	struct err err = { .code = CNI_OK };
	struct link_info lo;

	(void)state;
	assert_int_equal(net_open(&events, -1, &err), 0);
	assert_int_equal(link_get(&events, "lo", &lo, &err), 0);
	assert_int_equal(net_listen(&events, RTNLGRP_LINK, &err), 0);
	assert_int_equal(net_listen(&events, RTNLGRP_IPV6_IFADDR, &err), 0);
	toggle_lo(&err);
	assert_int_equal(net_wait(&events, is_lo, NULL, 2000), 0);
}

static void test_no_event(void **state)
{
	auto_net struct net events = NET_CLOSED;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(net_open(&events, -1, &err), 0);
	assert_int_equal(net_listen(&events, RTNLGRP_LINK, &err), 0);
	assert_int_equal(net_wait(&events, is_lo, NULL, 50), -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_comes),
		cmocka_unit_test(test_event_comes_to_a_used_session),
		cmocka_unit_test(test_no_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
