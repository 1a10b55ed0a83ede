/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: send recvmsg reallocarray */
#include "tests/unit/forged.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/net/batch.h"

FORGE_SEND
FORGE_RECVMSG

static bool no_memory;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	if (!no_memory)
		return __real_reallocarray(old, count, size);
	errno = ENOMEM;
	return NULL;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */

struct fixture {
	struct net net;
	struct net_batch batch;
	struct err err;
};

static void start(struct fixture *f)
{
	memset(&script, 0, sizeof(script));
	*f = (struct fixture){ .net = NET_CLOSED };
	assert_int_equal(net_open(&f->net, -1, &f->err), 0);
}

static void end(struct fixture *f)
{
	net_batch_free(&f->batch);
	net_close(&f->net);
}

/* The @i-th request, "thing I". */
static void add(struct fixture *f, int i, int tolerate)
{
	const struct ifinfomsg head = { .ifi_index = i };

	net_batch_add(&f->batch, net_msg(RTM_NEWLINK, 0, &head, sizeof(head)),
		      tolerate, "thing %d", i);
}

static int sent_at(size_t at, struct nlmsghdr *out)
{
	struct nlmsghdr *hdr = (void *)script.sent.bytes;
	int left = (int)script.sent.len;

	for (size_t i = 0; i < at; i++)
		hdr = nlmsg_next(hdr, &left);
	if (!nlmsg_ok(hdr, left))
		return -1;
	memcpy(out, hdr, sizeof(*out));
	return ((const struct ifinfomsg *)nlmsg_data(hdr))->ifi_index;
}

static void test_one_send_one_answer(void **state)
{
	struct nlmsghdr hdr = { .nlmsg_len = 0 };
	struct fixture f;

	(void)state;
	start(&f);
	for (int i = 0; i < 3; i++)
		add(&f, i, 0);
	put_verdict(next_answer(), 3, 0, NULL);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), 0);
	assert_int_equal(script.sends, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sent_at((size_t)i, &hdr), i);
		assert_int_equal(hdr.nlmsg_seq, i + 1);
		assert_int_equal(hdr.nlmsg_flags,
				 NLM_F_REQUEST | (i == 2 ? NLM_F_ACK : 0));
	}
	assert_int_equal(sent_at(3, &hdr), -1);
	/* It is empty now, and sends nothing. */
	assert_int_equal(f.batch.count, 0);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), 0);
	assert_int_equal(script.sends, 1);
	end(&f);
}

/* The kernel's order is not relied upon: the first request's error counts. */
static void test_first_refused_wins(void **state)
{
	static const uint32_t orders[][3] = { { 2, 3, 4 }, { 3, 2, 4 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct packet *p;
		struct fixture f;

		start(&f);
		for (int n = 1; n <= 4; n++)
			add(&f, n, 0);
		p = next_answer();
		for (size_t k = 0; k < 3; k++) {
			const uint32_t seq = orders[i][k];

			put_verdict(p, seq, seq == 2 ? -ENODEV : -EPERM,
				    seq == 2 ? "not this" : "nor that");
		}
		assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err),
				 -ENODEV);
		assert_int_equal(f.err.code, CNI_E_IO);
		assert_int_equal(f.err.errnum, ENODEV);
		assert_string_equal(f.err.msg, "thing 2: No such device");
		assert_string_equal(f.err.details, "kernel: not this");
		assert_int_equal(f.batch.count, 0);
		end(&f);
	}
}

/* What follows an earlier failure does not change that failure. */
static void test_failure_after_a_failure(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	(void)err_set(&f.err, CNI_E_CONFIG, "the first");
	(void)err_hint(&f.err, "its hint");
	add(&f, 1, 0);
	put_verdict(next_answer(), 1, -ENODEV, "another thing");
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -ENODEV);
	assert_int_equal(f.err.code, CNI_E_CONFIG);
	assert_string_equal(f.err.msg, "the first");
	assert_string_equal(f.err.details, "its hint");
	end(&f);
}

static void test_tolerated(void **state)
{
	struct packet *p;
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 1, ENOENT);
	add(&f, 2, 0);
	add(&f, 3, ENOENT);
	p = next_answer();
	put_verdict(p, 1, -ENOENT, "none");
	put_verdict(p, 3, -ENOENT, NULL);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), 0);
	assert_int_equal(f.err.code, CNI_OK);

	/* Another errno than that is none. */
	add(&f, 4, ENOENT);
	put_verdict(next_answer(), 4, -EPERM, NULL);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -EPERM);
	assert_string_equal(f.err.msg, "thing 4: Operation not permitted");
	assert_string_equal(f.err.details, "");
	end(&f);
}

/* Of 150 requests: three sends; and none after one that was refused. */
static void test_many(void **state)
{
	struct nlmsghdr hdr = { .nlmsg_len = 0 };
	struct fixture f;

	(void)state;
	start(&f);
	for (int i = 0; i < 150; i++)
		add(&f, i, 0);
	put_verdict(next_answer(), 64, 0, NULL);
	put_verdict(next_answer(), 128, 0, NULL);
	put_verdict(next_answer(), 150, 0, NULL);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), 0);
	assert_int_equal(script.sends, 3);
	assert_int_equal(sent_at(149, &hdr), 149);
	assert_int_equal(hdr.nlmsg_seq, 150);
	assert_true(hdr.nlmsg_flags & NLM_F_ACK);
	end(&f);

	start(&f);
	for (int i = 0; i < 150; i++)
		add(&f, i, 0);
	put_verdict(next_answer(), 64, 0, NULL);
	put_verdict(next_answer(), 100, -EEXIST, "there");
	put_verdict(next_answer(), 128, 0, NULL);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -EEXIST);
	assert_string_equal(f.err.msg, "thing 99: File exists");
	assert_string_equal(f.err.details, "kernel: there");
	assert_int_equal(script.sends, 2);
	end(&f);
}

static void test_what_is_not_the_answer(void **state)
{
	struct ifinfomsg link = { .ifi_index = 7 };
	struct packet *p;
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 1, 0);
	add(&f, 2, 0);
	/* By somebody else; of requests before and after; an event. */
	script.from[0] = 4711;
	put_verdict(next_answer(), 2, -EPERM, "forged");
	p = next_answer();
	put_verdict(p, 0, -EIO, NULL);
	put_verdict(p, 3, -EIO, NULL);
	put_verdict(p, UINT32_MAX, -EIO, NULL);
	(void)put_msg(p, RTM_NEWLINK, &link, sizeof(link));
	script.errors[2] = EINTR;
	put_verdict(next_answer(), 2, 0, NULL);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), 0);
	assert_int_equal(script.next, 3);
	end(&f);
}

static void test_socket_errors(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 1, 0);
	script.send_error = EINTR;
	put_verdict(next_answer(), 1, 0, NULL);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), 0);

	add(&f, 2, 0);
	script.send_error = ENOMEM;
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -ENOMEM);
	assert_string_equal(f.err.msg, "thing 2: Cannot allocate memory");
	err_clear(&f.err);

	add(&f, 3, 0);
	script.errors[script.next] = ENOBUFS;
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -ENOBUFS);
	err_clear(&f.err);

	/* A verdict that is cut off is none. */
	add(&f, 4, 0);
	put_msg(next_answer(), NLMSG_ERROR, "abcd", 4)->nlmsg_seq = 4;
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -EBADMSG);
	end(&f);
}

static void test_memory(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, 1, 0);
	net_batch_add(&f.batch, NULL, 0, "no message");
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -ENOMEM);
	assert_int_equal(f.batch.count, 0);
	assert_false(f.batch.failed);
	err_clear(&f.err);

	no_memory = true;
	add(&f, 1, 0);
	no_memory = false;
	add(&f, 2, 0);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -ENOMEM);
	assert_string_equal(f.err.msg, "out of memory");
	assert_int_equal(script.sends, 0);
	end(&f);
}

/* A label of any length, and what looks like a format in it. */
static void test_labels(void **state)
{
	char name[600], *found;
	struct fixture f;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	start(&f);
	net_batch_add(&f.batch, net_msg(RTM_NEWADDR, 0, "abcd", 4), 0, "%s%s",
		      "%n%s ", name);
	put_verdict(next_answer(), 1, -EPERM, NULL);
	assert_int_equal(net_batch_send(&f.net, &f.batch, &f.err), -EPERM);
	assert_int_equal(strncmp(f.err.msg, "%n%s xxx", 8), 0);
	found = strstr(f.err.msg, ": Operation not permitted");
	assert_non_null(found);
	assert_true(found - f.err.msg < 300);
	end(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_send_one_answer),
		cmocka_unit_test(test_first_refused_wins),
		cmocka_unit_test(test_failure_after_a_failure),
		cmocka_unit_test(test_tolerated),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_what_is_not_the_answer),
		cmocka_unit_test(test_socket_errors),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
