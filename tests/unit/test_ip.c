/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/ip.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct ip ip_of(const char *text)
{
	struct ip ip;

	if (ip_parse(text, &ip) < 0)
		fail_msg("not an address: %s", text);
	return ip;
}

static struct cidr cidr_of(const char *text)
{
	struct cidr cidr;

	if (cidr_parse(text, &cidr) < 0)
		fail_msg("not a prefix: %s", text);
	return cidr;
}

static const struct {
	const char *text;
	enum ip_family family;
	const char *want;
} ip_cases[] = {
	{ "0.0.0.0", IP_V4, "0.0.0.0" },
	{ "255.255.255.255", IP_V4, "255.255.255.255" },
	{ "10.1.0.5", IP_V4, "10.1.0.5" },
	{ "::ffff:10.0.0.1", IP_V4, "10.0.0.1" },
	{ "::FFFF:0a00:1", IP_V4, "10.0.0.1" },
	{ "0:0:0:0:0:ffff:1.2.3.4", IP_V4, "1.2.3.4" },
	{ "::", IP_V6, "::" },
	{ "::1", IP_V6, "::1" },
	{ "1::", IP_V6, "1::" },
	{ "::1.2.3.4", IP_V6, "::102:304" },
	{ "64:ff9b::192.0.2.33", IP_V6, "64:ff9b::c000:221" },
	{ "2001:DB8::00A", IP_V6, "2001:db8::a" },
	{ "fe80:0:0:0:0:0:0:1", IP_V6, "fe80::1" },
	/* RFC 5952: a single zero stays, the longest run goes, then the first
	 */
	{ "1:2:3:4:5:6:7:0", IP_V6, "1:2:3:4:5:6:7:0" },
	{ "1:0:3:4:5:6:7:8", IP_V6, "1:0:3:4:5:6:7:8" },
	{ "::3:4:5:6:7:8", IP_V6, "::3:4:5:6:7:8" },
	{ "1:2:3:4:5:6::", IP_V6, "1:2:3:4:5:6::" },
	{ "1:0:0:4:0:0:0:8", IP_V6, "1:0:0:4::8" },
	{ "1:0:0:4:5:0:0:8", IP_V6, "1::4:5:0:0:8" },
	{ "0:0:3:4:5:6:0:0", IP_V6, "::3:4:5:6:0:0" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", IP_V6,
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

static void addresses_are_read_and_written(void **state)
{
	char buf[IP_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(ip_cases); i++) {
		struct ip ip = ip_of(ip_cases[i].text), again;

		assert_int_equal(ip.family, ip_cases[i].family);
		assert_ptr_equal(ip_format(&ip, buf), buf);
		assert_string_equal(buf, ip_cases[i].want);
		again = ip_of(buf);
		assert_true(ip_equal(&ip, &again));
	}
}

static void other_texts_are_no_addresses(void **state)
{
	static const char *const texts[] = {
		"",           " ",         "1",          "1.2.3",
		"1.2.3.",     "1.2.3.4.",  "1.2.3.4.5",  "1.2.3.256",
		"01.2.3.4",   "1.2.3.04",  "1.2.3.0x4",  "1.2.3.-4",
		" 1.2.3.4",   "1.2.3.4 ",  "1.2.3.4/8",  "1..3.4",
		":",          ":::",       "1::2::3",    "1:2:3:4:5:6:7",
		"fe80::1%lo", "[::1]",     "::1/64",     "1:2:3:4:5:6:7:8:9",
		"::g",        "12345::",   "::01.2.3.4", "1:2:3:4:5:6:7::8",
		"::1.2.3",    "1.2.3.4::", "localhost",  "::ffff:1.2.3.4%lo",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct ip ip;

		if (ip_parse(texts[i], &ip) != -EINVAL)
			fail_msg("accepted: %s", texts[i]);
	}
}

static void no_address_is_written_as_nothing(void **state)
{
	struct ip none = { .family = IP_NONE };
	char buf[IP_TEXT] = "x";

	(void)state;
	assert_string_equal(ip_format(&none, buf), "");
	assert_int_equal(ip_bits(IP_NONE), 0);
}

static const struct {
	const char *text, *want, *first, *last;
	bool mapped;
} cidr_cases[] = {
	{ "10.1.2.3/24", "10.1.2.3/24", "10.1.2.0", "10.1.2.255", false },
	{ "10.1.2.3/0", "10.1.2.3/0", "0.0.0.0", "255.255.255.255", false },
	{ "10.1.2.3/32", "10.1.2.3/32", "10.1.2.3", "10.1.2.3", false },
	{ "10.1.2.3/31", "10.1.2.3/31", "10.1.2.2", "10.1.2.3", false },
	{ "10.0.0.1/008", "10.0.0.1/8", "10.0.0.0", "10.255.255.255", false },
	{ "::/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	  false },
	{ "2001:DB8::5/64", "2001:db8::5/64",
	  "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", false },
	{ "fd00::1/127", "fd00::1/127", "fd00::", "fd00::1", false },
	{ "fd00::1/128", "fd00::1/128", "fd00::1", "fd00::1", false },
	{ "::ffff:10.0.0.1/120", "10.0.0.1/24", "10.0.0.0", "10.0.0.255",
	  true },
	{ "::ffff:10.0.0.1/96", "10.0.0.1/0", "0.0.0.0", "255.255.255.255",
	  true },
	{ "::ffff:10.0.0.1/128", "10.0.0.1/32", "10.0.0.1", "10.0.0.1", true },
};

static void prefixes_keep_their_host_bits(void **state)
{
	char buf[CIDR_TEXT], edge[IP_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(cidr_cases); i++) {
		struct cidr cidr = cidr_of(cidr_cases[i].text);
		enum ip_family family = cidr.ip.family;
		struct ip first = ip_from_num(family, cidr_first(&cidr));
		struct ip last = ip_from_num(family, cidr_last(&cidr));

		assert_ptr_equal(cidr_format(&cidr, buf), buf);
		assert_string_equal(buf, cidr_cases[i].want);
		assert_int_equal(cidr.mapped, cidr_cases[i].mapped);
		assert_string_equal(ip_format(&first, edge),
				    cidr_cases[i].first);
		assert_string_equal(ip_format(&last, edge), cidr_cases[i].last);
	}
}

static void other_texts_are_no_prefixes(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"/8",
		"10.0.0.1",
		"10.0.0.1/",
		"10.0.0.1/33",
		"10.0.0.1/-1",
		"10.0.0.1/+8",
		"10.0.0.1/ 8",
		"10.0.0.1/8 ",
		"10.0.0.1/8x",
		"10.0.0.1/8/8",
		"10.0.0.300/24",
		"::1/129",
		"::1/",
		"fe80::1%lo/64",
		"::ffff:10.0.0.1/95",
		"::ffff:10.0.0.1/129",
		"10.0.0.1/4294967304",
		"10.0.0.1/18446744073709551624",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/64",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct cidr cidr;

		if (cidr_parse(texts[i], &cidr) != -EINVAL)
			fail_msg("accepted: %s", texts[i]);
	}
}

static const struct {
	const char *cidr, *ip;
	bool want;
} contains_cases[] = {
	{ "10.1.2.3/24", "10.1.2.0", true },
	{ "10.1.2.3/24", "10.1.2.255", true },
	{ "10.1.2.3/24", "10.1.3.0", false },
	{ "10.1.2.3/24", "10.1.1.255", false },
	{ "10.1.2.3/32", "10.1.2.3", true },
	{ "10.1.2.3/32", "10.1.2.2", false },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "0.0.0.0/0", "::", false },
	{ "::/0", "0.0.0.0", false },
	{ "::/0", "ffff::", true },
	{ "fd00::/8", "fdff::1", true },
	{ "fd00::/8", "fe00::", false },
	{ "::ffff:10.0.0.0/104", "10.255.0.1", true },
};

static void a_prefix_contains_its_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(contains_cases); i++) {
		struct cidr cidr = cidr_of(contains_cases[i].cidr);
		struct ip ip = ip_of(contains_cases[i].ip);

		if (cidr_contains(&cidr, &ip) != contains_cases[i].want)
			fail_msg("%s in %s", contains_cases[i].ip,
				 contains_cases[i].cidr);
	}
}

static const struct {
	const char *ip;
	bool unspecified, loopback;
} kind_cases[] = {
	{ "0.0.0.0", true, false },     { "::", true, false },
	{ "0.0.0.1", false, false },    { "127.0.0.0", false, true },
	{ "127.255.0.1", false, true }, { "128.0.0.1", false, false },
	{ "::1", false, true },         { "::2", false, false },
	{ "1::1", false, false },       { "::ffff:127.0.0.1", false, true },
	{ "7f00::1", false, false },    { "::ffff:0.0.0.0", true, false },
};

static void special_addresses_are_known(void **state)
{
	struct ip none = { .family = IP_NONE };

	(void)state;
	for (size_t i = 0; i < COUNT(kind_cases); i++) {
		struct ip ip = ip_of(kind_cases[i].ip);

		assert_int_equal(ip_unspecified(&ip),
				 kind_cases[i].unspecified);
		assert_int_equal(ip_loopback(&ip), kind_cases[i].loopback);
	}
	assert_false(ip_unspecified(&none));
	assert_false(ip_loopback(&none));
}

static void equality_needs_the_family(void **state)
{
	struct ip a = ip_of("1.2.3.4"), b = ip_of("102:304::");
	struct ip same = ip_of("::ffff:1.2.3.4"), other = ip_of("1.2.3.5");
	struct ip long_a = ip_of("fd00::1"), long_b = ip_of("fd00::2");

	(void)state;
	assert_memory_equal(a.bytes, b.bytes, 16);
	assert_false(ip_equal(&a, &b));
	assert_true(ip_equal(&a, &same));
	assert_false(ip_equal(&a, &other));
	assert_false(ip_equal(&long_a, &long_b));
}

static void numbers_carry_across_bytes(void **state)
{
	struct ip v4 = ip_of("10.0.255.255"), v6 = ip_of("fd00::ffff:ffff");
	char buf[IP_TEXT];

	(void)state;
	assert_true(ip_to_num(&v4) == 0x0a00ffff);
	v4 = ip_from_num(IP_V4, ip_to_num(&v4) + 1);
	assert_string_equal(ip_format(&v4, buf), "10.1.0.0");
	v6 = ip_from_num(IP_V6, ip_to_num(&v6) + 1);
	assert_string_equal(ip_format(&v6, buf), "fd00::1:0:0");
	v6 = ip_from_num(IP_V6, (ip_num)-1);
	assert_true(ip_to_num(&v6) == ~(ip_num)0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(other_texts_are_no_addresses),
		cmocka_unit_test(no_address_is_written_as_nothing),
		cmocka_unit_test(prefixes_keep_their_host_bits),
		cmocka_unit_test(other_texts_are_no_prefixes),
		cmocka_unit_test(a_prefix_contains_its_addresses),
		cmocka_unit_test(special_addresses_are_known),
		cmocka_unit_test(equality_needs_the_family),
		cmocka_unit_test(numbers_carry_across_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
