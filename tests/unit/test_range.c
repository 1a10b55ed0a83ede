/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges: defaults, every refusal of the reference, overlaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/json.h"
#include "plugins/host-local-ipam/range.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define MOST         16

static const struct {
	const char *json;
	const char *want; /* "first-last gateway" */
} good_cases[] = {
	{ "{'subnet':'10.0.0.0/24'}", "10.0.0.1-10.0.0.254 10.0.0.1" },
	{ "{'SUBNET':'10.0.0.0/24'}", "10.0.0.1-10.0.0.254 10.0.0.1" },
	{ "{'subnet':'10.0.0.0/30'}", "10.0.0.1-10.0.0.2 10.0.0.1" },
	{ "{'subnet':'0.0.0.0/0'}", "0.0.0.1-255.255.255.254 0.0.0.1" },
	{ "{'subnet':'fd00::/126'}", "fd00::1-fd00::3 fd00::1" },
	{ "{'subnet':'fd00::/64'}",
	  "fd00::1-fd00::ffff:ffff:ffff:ffff fd00::1" },
	{ "{'subnet':'::/0'}",
	  "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ::1" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'','rangeEnd':null,"
	  "'gateway':''}",
	  "10.0.0.1-10.0.0.254 10.0.0.1" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.0','rangeEnd':"
	  "'10.0.0.255'}",
	  "10.0.0.0-10.0.0.255 10.0.0.1" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.255','rangeEnd':"
	  "'10.0.0.255'}",
	  "10.0.0.255-10.0.0.255 10.0.0.1" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'::ffff:10.0.0.9'}",
	  "10.0.0.9-10.0.0.254 10.0.0.1" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.254'}",
	  "10.0.0.254-10.0.0.254 10.0.0.1" },
	{ "{'subnet':'10.0.0.0/24','rangeEnd':'10.0.0.1'}",
	  "10.0.0.1-10.0.0.1 10.0.0.1" },
	{ "{'subnet':'10.0.0.0/24','gateway':'192.168.0.1'}",
	  "10.0.0.1-10.0.0.254 192.168.0.1" },
	{ "{'subnet':'10.0.0.0/24','gateway':'0.0.0.0'}",
	  "10.0.0.1-10.0.0.254 0.0.0.0" },
};

static const struct {
	const char *json;
	const char *want; /* after "r." */
} bad_cases[] = {
	{ "{}", "subnet: invalid range set 3: IP <nil> not v4 nor v6" },
	{ "{'subnet':null}",
	  "subnet: invalid range set 3: IP <nil> not v4 nor v6" },
	{ "{'subnet':7}", "subnet: must be a string, not an integer" },
	{ "{'subnet':''}", "subnet: invalid CIDR address: " },
	{ "{'subnet':'foo'}", "subnet: invalid CIDR address: foo" },
	{ "{'subnet':'10.0.0.0'}", "subnet: invalid CIDR address: 10.0.0.0" },
	{ "{'subnet':'10.0.0.0/99'}",
	  "subnet: invalid CIDR address: 10.0.0.0/99" },
	{ "{'subnet':'10.0.0.0/31'}",
	  "subnet: invalid range set 3: Network 10.0.0.0/31 too small to "
	  "allocate from" },
	{ "{'subnet':'10.0.0.5/32'}",
	  "subnet: invalid range set 3: Network 10.0.0.5/32 too small to "
	  "allocate from" },
	{ "{'subnet':'fd00::/127'}",
	  "subnet: invalid range set 3: Network fd00::/127 too small to "
	  "allocate from" },
	{ "{'subnet':'::ffff:10.0.0.0/127'}",
	  "subnet: invalid range set 3: Network 10.0.0.0/31 too small to "
	  "allocate from" },
	{ "{'subnet':'::ffff:10.0.0.0/120'}",
	  "subnet: invalid range set 3: IPNet IP and Mask version mismatch" },
	{ "{'subnet':'10.0.0.5/24'}",
	  "subnet: invalid range set 3: Network has host bits set. For a "
	  "subnet mask of length 24 the network address is 10.0.0.0" },
	{ "{'subnet':'fd00::5/64'}",
	  "subnet: invalid range set 3: Network has host bits set. For a "
	  "subnet mask of length 64 the network address is fd00::" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'foo'}",
	  "rangeStart: invalid IP address: foo" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.5/24'}",
	  "rangeStart: invalid IP address: 10.0.0.5/24" },
	{ "{'subnet':'10.0.0.0/24','rangeEnd':[]}",
	  "rangeEnd: must be a string, not an array" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'10.0.1.5'}",
	  "rangeStart: invalid range set 3: RangeStart 10.0.1.5 not in "
	  "network 10.0.0.0/24" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'fd00::5'}",
	  "rangeStart: invalid range set 3: RangeStart fd00::5 not in "
	  "network 10.0.0.0/24" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.9','rangeEnd':"
	  "'10.0.0.5'}",
	  "rangeStart: invalid range set 3: RangeStart 10.0.0.9 not in "
	  "network 10.0.0.0/24" },
	{ "{'subnet':'10.0.0.0/24','rangeEnd':'10.0.0.0'}",
	  "rangeEnd: invalid range set 3: RangeEnd 10.0.0.0 not in network "
	  "10.0.0.0/24" },
	{ "{'subnet':'10.0.0.0/24','rangeEnd':'10.0.1.255'}",
	  "rangeEnd: invalid range set 3: RangeEnd 10.0.1.255 not in network "
	  "10.0.0.0/24" },
	{ "{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.9','rangeEnd':"
	  "'fd00::5'}",
	  "rangeEnd: invalid range set 3: RangeEnd fd00::5 not in network "
	  "10.0.0.0/24" },
	/* The reference counts on from here, into the next network. */
	{ "{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.255'}",
	  "rangeStart: invalid range set 3: RangeStart 10.0.0.255 not in "
	  "network 10.0.0.0/24" },
	{ "{'subnet':'10.0.0.0/24','gateway':'foo'}",
	  "gateway: invalid IP address: foo" },
	/* The reference makes fd00::1/24 of this one. */
	{ "{'subnet':'10.0.0.0/24','gateway':'fd00::1'}",
	  "gateway: invalid range set 3: gateway fd00::1 is not of the "
	  "address family of 10.0.0.0/24" },
	{ "{'subnet':'fd00::/64','gateway':'10.0.0.1'}",
	  "gateway: invalid range set 3: gateway 10.0.0.1 is not of the "
	  "address family of fd00::/64" },
};

/* JSON with ' for ", which C would need a backslash for. */
static struct json_object *quoted(const char *text)
{
	struct err err = { .code = CNI_OK };
	struct json_object *doc = NULL;
	char *json = strdup(text);

	assert_non_null(json);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	assert_int_equal(json_parse(json, strlen(json), "test", &doc, &err), 0);
	free(json);
	return doc;
}

static void good_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_cases); i++) {
		auto_json struct json_object *doc = quoted(good_cases[i].json);
		auto_strbuf struct strbuf got = { .data = NULL };
		struct err err = { .code = CNI_OK };
		struct cfg at = cfg_root_named(doc, "r");
		struct range range;
		struct range_set set = { .count = 1, .at = &range };
		char gateway[IP_TEXT];

		assert_int_equal(range_read(&at, 3, &range, &err), 0);
		range_set_format(&set, &got);
		strbuf_printf(&got, " %s", ip_format(&range.gateway, gateway));
		assert_string_equal(strbuf_str(&got), good_cases[i].want);
	}
}

static void bad_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_cases); i++) {
		auto_json struct json_object *doc = quoted(bad_cases[i].json);
		struct err err = { .code = CNI_OK };
		struct cfg at = cfg_root_named(doc, "r");
		struct range range;

		assert_int_equal(range_read(&at, 3, &range, &err), -EINVAL);
		assert_int_equal(err.code, CNI_E_CONFIG);
		assert_memory_equal(err.msg, "r.", 2);
		assert_string_equal(err.msg + 2, bad_cases[i].want);
	}
}

static void hint_for_an_empty_range(void **state)
{
	auto_json struct json_object *doc =
		quoted("{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.255'}");
	struct err err = { .code = CNI_OK };
	struct cfg at = cfg_root_named(doc, "r");
	struct range range;

	(void)state;
	assert_int_equal(range_read(&at, 0, &range, &err), -EINVAL);
	assert_string_equal(err.details,
			    "the range would be 10.0.0.255-10.0.0.254");
}

static struct range make_range(const char *first, const char *last)
{
	struct range range = { .gateway = { .family = IP_NONE } };
	struct ip ip;

	assert_int_equal(ip_parse(first, &range.subnet.ip), 0);
	assert_int_equal(ip_parse(last, &ip), 0);
	range.first = ip_to_num(&range.subnet.ip);
	range.last = ip_to_num(&ip);
	return range;
}

/* Split "a-b c-d | e-f" into sets of ranges. */
static size_t make_sets(const char *text, struct range_set sets[MOST],
			struct range ranges[MOST])
{
	char *copy = strdup(text), *save = NULL;
	size_t count = 1, used = 0;

	assert_non_null(copy);
	sets[0] = (struct range_set){ .at = ranges };
	for (char *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		char *last = strchr(word, '-');

		if (!last) {
			sets[count++] =
				(struct range_set){ .at = ranges + used };
			continue;
		}
		*last++ = '\0';
		ranges[used++] = make_range(word, last);
		sets[count - 1].count++;
	}
	free(copy);
	return count;
}

static const struct {
	const char *sets;
	const char *want; /* NULL: accepted */
} set_cases[] = {
	{ "", "ipam.ranges[0]: invalid range set 0: empty range set" },
	{ "10.0.0.1-10.0.0.9", NULL },
	{ "10.0.0.1-10.0.0.9 10.0.0.10-10.0.0.10 10.0.0.0-10.0.0.0", NULL },
	{ "10.0.0.1-10.0.0.9 fd00::1-fd00::9",
	  "ipam.ranges[0]: invalid range set 0: mixed address families" },
	{ "10.0.0.1-10.0.0.9 10.0.0.1-10.0.0.9 fd00::1-fd00::9",
	  "ipam.ranges[0]: invalid range set 0: mixed address families" },
	{ "10.0.0.1-10.0.0.9 10.0.0.9-10.0.0.12",
	  "ipam.ranges[0]: invalid range set 0: subnets 10.0.0.1-10.0.0.9 and "
	  "10.0.0.9-10.0.0.12 overlap" },
	/* The first overlap by position, wherever the ranges lie. */
	{ "10.0.9.0-10.0.9.9 10.0.5.0-10.0.5.9 10.0.0.0-10.0.0.1 "
	  "10.0.0.1-10.0.0.1 10.0.5.0-10.0.5.0 10.0.5.1-10.0.5.9",
	  "ipam.ranges[0]: invalid range set 0: subnets 10.0.5.0-10.0.5.9 and "
	  "10.0.5.0-10.0.5.0 overlap" },
	/* One that reaches over several that do not touch each other. */
	{ "10.0.0.7-10.0.0.7 10.0.0.1-10.0.0.1 10.0.0.3-10.0.0.3 "
	  "10.0.0.0-10.0.0.9",
	  "ipam.ranges[0]: invalid range set 0: subnets 10.0.0.7-10.0.0.7 and "
	  "10.0.0.0-10.0.0.9 overlap" },
	{ "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ::1-::1",
	  "ipam.ranges[0]: invalid range set 0: subnets "
	  "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff and ::1-::1 overlap" },
};

static void one_set(void **state)
{
	const struct cfg ipam = { .key = "ipam" };
	const struct cfg list = { .parent = &ipam, .key = "ranges" };
	const struct cfg at = { .parent = &list, .index = 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(set_cases); i++) {
		struct err err = { .code = CNI_OK };
		const char *want = set_cases[i].want;
		struct range_set sets[MOST];
		struct range ranges[MOST];
		int r;

		(void)make_sets(set_cases[i].sets, sets, ranges);
		r = range_set_check(&sets[0], 0, &at, &err);
		assert_int_equal(r, want ? -EINVAL : 0);
		assert_int_equal(err.code, want ? CNI_E_CONFIG : CNI_OK);
		assert_string_equal(err.msg, want ?: "");
	}
}

static const struct {
	const char *sets;
	const char *want; /* NULL: accepted */
} sets_cases[] = {
	{ "10.0.0.1-10.0.0.9", NULL },
	{ "10.0.0.1-10.0.0.9 | 10.0.0.10-10.0.0.19", NULL },
	/* As numbers these are the same. */
	{ "0.0.0.1-0.0.0.9 | ::1-::9", NULL },
	{ "10.0.0.1-10.0.0.9 | 10.0.0.9-10.0.0.9",
	  "range set 0 overlaps with 1" },
	{ "10.0.0.1-10.0.0.9 | fd00::1-fd00::9 | 10.0.0.0-10.0.0.1",
	  "range set 0 overlaps with 2" },
	{ "fd00::1-fd00::9 | 10.1.0.1-10.1.0.9 10.0.0.1-10.0.0.9 | "
	  "10.2.0.0-10.2.0.1 | 10.2.0.1-10.2.0.1 | 10.3.0.0-10.3.0.1 "
	  "10.0.0.2-10.0.0.3 | 10.1.0.1-10.1.0.1",
	  "range set 1 overlaps with 4" },
};

static void all_sets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sets_cases); i++) {
		struct err err = { .code = CNI_OK };
		const char *want = sets_cases[i].want;
		struct range_set sets[MOST];
		struct range ranges[MOST];
		size_t count = make_sets(sets_cases[i].sets, sets, ranges);

		assert_int_equal(range_sets_check(sets, count, &err),
				 want ? -EINVAL : 0);
		assert_string_equal(err.msg, want ?: "");
	}
}

static bool sets_overlap(const struct range_set *a, const struct range_set *b)
{
	if (a->at[0].subnet.ip.family != b->at[0].subnet.ip.family)
		return false;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (a->at[i].first <= b->at[j].last &&
			    b->at[j].first <= a->at[i].last)
				return true;
	return false;
}

/* The first overlap as the reference finds it: every pair in turn. */
static bool slow_overlap(const struct range_set *sets, size_t count, char *want,
			 size_t size)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++) {
			if (!sets_overlap(&sets[i], &sets[j]))
				continue;
			(void)snprintf(want, size,
				       "range set %zu overlaps with %zu", i, j);
			return true;
		}
	return false;
}

/* A fixed sequence of numbers that look random. */
static unsigned int next_number(unsigned int below)
{
	static uint32_t seed = 1;

	seed = seed * 1664525U + 1013904223U;
	return (seed >> 8) % below;
}

/* Up to 6 sets, each of up to 4 disjoint ranges in 40 addresses. */
static size_t random_sets(struct range_set sets[MOST],
			  struct range ranges[4 * MOST])
{
	size_t count = 1 + next_number(6);

	for (size_t i = 0; i < count; i++) {
		struct range *at = &ranges[4 * i];
		ip_num from = next_number(30);

		sets[i] = (struct range_set){ .count = 1 + next_number(4),
					      .at = at };
		for (size_t j = 0; j < sets[i].count; j++) {
			at[j].subnet.ip.family = i % 3 == 2 ? IP_V6 : IP_V4;
			at[j].first = from + next_number(2);
			at[j].last = at[j].first + next_number(2);
			from = at[j].last + 1 + next_number(5);
		}
		/* Ranges need not come in order. */
		if (sets[i].count > 1) {
			struct range swap = at[0];

			at[0] = at[sets[i].count - 1];
			at[sets[i].count - 1] = swap;
		}
	}
	return count;
}

static void same_overlap_as_the_reference(void **state)
{
	unsigned int overlaps = 0;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		struct err err = { .code = CNI_OK };
		struct range ranges[4 * MOST];
		struct range_set sets[MOST];
		size_t count = random_sets(sets, ranges);
		char want[64] = "";
		bool bad = slow_overlap(sets, count, want, sizeof(want));

		assert_int_equal(range_sets_check(sets, count, &err),
				 bad ? -EINVAL : 0);
		assert_string_equal(err.msg, want);
		overlaps += bad;
	}
	assert_in_range(overlaps, 2000, 18000);
}

/* 300 000 ranges, nested, so that a comparison of all pairs takes minutes. */
static void many_ranges_are_quick(void **state)
{
	const size_t count = 300000;
	struct range *ranges = calloc(count, sizeof(*ranges));
	struct range_set *sets = calloc(count, sizeof(*sets));
	struct range_set all = { .count = count, .at = ranges };
	const struct cfg at = { .key = "r" };
	clock_t start = clock();

	(void)state;
	assert_non_null(ranges);
	assert_non_null(sets);
	for (size_t i = 0; i < count; i++) {
		ranges[i].subnet.ip.family = IP_V4;
		ranges[i].first = (ip_num)2 * (count - i);
		ranges[i].last = ranges[i].first + 1;
		sets[i] = (struct range_set){ .count = 1, .at = &ranges[i] };
	}
	for (size_t round = 0; round < 2; round++) {
		struct err set_err = { .code = CNI_OK };
		struct err sets_err = { .code = CNI_OK };
		int want = round == 0 ? 0 : -EINVAL;

		assert_int_equal(range_set_check(&all, 0, &at, &set_err), want);
		assert_int_equal(range_sets_check(sets, count, &sets_err),
				 want);
		ranges[count - 1] = ranges[count - 2];
	}
	assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
	free(sets);
	free(ranges);
}

static void find_in_a_set(void **state)
{
	struct range_set sets[MOST];
	struct range ranges[MOST];
	struct ip ip;

	(void)state;
	(void)make_sets("10.0.0.5-10.0.0.9 10.2.0.0-10.2.0.0", sets, ranges);
	assert_int_equal(ip_parse("10.0.0.9", &ip), 0);
	assert_ptr_equal(range_set_find(&sets[0], &ip), &ranges[0]);
	assert_int_equal(ip_parse("10.2.0.0", &ip), 0);
	assert_ptr_equal(range_set_find(&sets[0], &ip), &ranges[1]);
	assert_int_equal(ip_parse("10.0.0.4", &ip), 0);
	assert_null(range_set_find(&sets[0], &ip));
	assert_int_equal(ip_parse("::a00:5", &ip), 0); /* 10.0.0.5's number */
	assert_null(range_set_find(&sets[0], &ip));
}

static void format_a_set(void **state)
{
	auto_strbuf struct strbuf text = { .data = NULL };
	struct range_set sets[MOST];
	struct range ranges[MOST];

	(void)state;
	(void)make_sets("10.2.0.1-10.2.0.2 10.3.0.1-10.3.0.9", sets, ranges);
	range_set_format(&sets[0], &text);
	assert_string_equal(strbuf_str(&text),
			    "10.2.0.1-10.2.0.2,10.3.0.1-10.3.0.9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ranges),
		cmocka_unit_test(bad_ranges),
		cmocka_unit_test(hint_for_an_empty_range),
		cmocka_unit_test(one_set),
		cmocka_unit_test(all_sets),
		cmocka_unit_test(same_overlap_as_the_reference),
		cmocka_unit_test(many_ranges_are_quick),
		cmocka_unit_test(find_in_a_set),
		cmocka_unit_test(format_a_set),
	};

	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
