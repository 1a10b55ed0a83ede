/* SPDX-License-Identifier: GPL-2.0-or-later */
/* detach_close(): who waits for the last close. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/detach.h"

/* Far longer than a busy machine keeps us from looking. */
#define LATER_MS 1500

/* A pipe's reading end hangs up when the last writing end is closed. */
static bool hangs_up(int fd, int ms)
{
	struct pollfd at = { .fd = fd, .events = POLLIN };

	return poll(&at, 1, ms) == 1 && at.revents & POLLHUP;
}

static void test_somebody_else_waits(void **state)
{
	auto_fd int ours = -1;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	ours = ends[0];
	assert_int_equal(detach_close(ends[1], LATER_MS), 0);
	assert_false(hangs_up(ours, 0));
	assert_int_equal(close(ends[1]), -1);
	assert_true(hangs_up(ours, 10 * LATER_MS));
	assert_true(wait(NULL) > 0);
	assert_int_equal(wait(NULL), -1);
}

/* There is no pipe to be had: closed all the same. */
static void test_nobody_to_do_it(void **state)
{
	auto_fd int ours = -1;
	struct rlimit before, now;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	ours = ends[0];
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(detach_close(ends[1], LATER_MS), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(hangs_up(ours, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_somebody_else_waits),
		cmocka_unit_test(test_nobody_to_do_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
