/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/host-local-ipam/lease.h"

static const struct {
	const char *text;
	size_t len;
	enum lease_kind kind;
	const char *container, *ifname;
} cases[] = {
#define CASE(text, kind, container, ifname)                     \
	{                                                       \
		text, sizeof(text) - 1, kind, container, ifname \
	}
	CASE("c1\r\neth0", LEASE_FULL, "c1", "eth0"),
	CASE(" \tc1\r\neth0\r\n", LEASE_FULL, "c1", "eth0"),
	CASE("a.b_c-9\r\nnet 1", LEASE_FULL, "a.b_c-9", "net 1"),
	CASE("c1", LEASE_LEGACY, "c1", ""),
	CASE("c1\n", LEASE_LEGACY, "c1", ""),
	CASE("c1\r\n", LEASE_LEGACY, "c1", ""),
	CASE("", LEASE_TORN, "", ""),
	CASE(" \r\n", LEASE_TORN, "", ""),
	CASE("\0\0\0\0", LEASE_TORN, "", ""),
	CASE("c1\neth0", LEASE_FOREIGN, "", ""),
	CASE("hello world", LEASE_FOREIGN, "", ""),
	CASE("c1\0\r\neth0", LEASE_FOREIGN, "", ""),
	CASE("{\"a\":1}", LEASE_FOREIGN, "", ""),
#undef CASE
};

static void test_kinds(void **state)
{
	char text[LEASE_MAX];
	struct lease lease;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(text, cases[i].text, cases[i].len + 1);
		lease = lease_parse(text, cases[i].len);
		assert_int_equal(lease.kind, cases[i].kind);
		assert_string_equal(lease.container, cases[i].container);
		assert_string_equal(lease.ifname, cases[i].ifname);
	}
}

static void test_ownership(void **state)
{
	const struct lease full = { LEASE_FULL, "c1", "eth0" };
	const struct lease legacy = { LEASE_LEGACY, "c1", "" };
	const struct lease foreign = { LEASE_FOREIGN, "", "" };

	(void)state;
	assert_true(lease_owned_by(&full, "c1", "eth0"));
	assert_false(lease_owned_by(&full, "c1", "eth1"));
	assert_false(lease_owned_by(&full, "c2", "eth0"));
	assert_true(lease_owned_by(&legacy, "c1", "eth7"));
	assert_false(lease_owned_by(&legacy, "c", "eth7"));
	assert_false(lease_owned_by(&foreign, "c1", "eth0"));
}

static void test_hash_is_never_nobody(void **state)
{
	(void)state;
	assert_true(lease_owner_hash("") != 0);
	assert_true(lease_owner_hash("a") != lease_owner_hash("b"));
	assert_true(lease_owner_hash("c1") == lease_owner_hash("c1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_ownership),
		cmocka_unit_test(test_hash_is_never_nobody),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
