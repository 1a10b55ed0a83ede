/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The allocator against a naive model that walks address by address, as
 * cni-behaviour.md 2.3 describes the reference, over random range sets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "plugins/host-local-ipam/alloc.h"

#define ROUNDS     20000
#define RANGES_MAX 3
#define TAKEN_MAX  200

struct world {
	struct range ranges[RANGES_MAX];
	struct range_set set;
	struct index_rec taken[TAKEN_MAX];
	size_t taken_count;
	struct ip last;
};

static unsigned int pick(unsigned int *seed, unsigned int below)
{
	return below ? (unsigned int)rand_r(seed) % below : 0;
}

static bool is_taken(const struct world *w, const struct ip *ip)
{
	struct index_rec rec = index_rec_make(ip, 0);

	for (size_t i = 0; i < w->taken_count; i++)
		if (memcmp(w->taken[i].addr, rec.addr, sizeof(rec.addr)) == 0)
			return true;
	return false;
}

/* One step of round robin. */
static void next_address(const struct world *w, size_t *range, ip_num *num)
{
	if (*num != w->ranges[*range].last) {
		(*num)++;
		return;
	}
	if (++*range == w->set.count)
		*range = 0;
	*num = w->ranges[*range].first;
}

static int model_pick(const struct world *w, struct ip *out)
{
	enum ip_family family = w->ranges[0].subnet.ip.family;
	size_t range = 0, start_range;
	ip_num num = w->ranges[0].first, start;

	for (size_t i = 0; i < w->set.count; i++) {
		if (w->last.family != family ||
		    ip_to_num(&w->last) < w->ranges[i].first ||
		    ip_to_num(&w->last) > w->ranges[i].last)
			continue;
		range = i;
		num = ip_to_num(&w->last);
		next_address(w, &range, &num);
		break;
	}
	start_range = range;
	start = num;
	do {
		*out = ip_from_num(family, num);
		if (!ip_equal(out, &w->ranges[range].gateway) &&
		    !is_taken(w, out))
			return 0;
		next_address(w, &range, &num);
	} while (range != start_range || num != start);
	return -ENOSPC;
}

static void make_range(struct world *w, unsigned int *seed, size_t i,
		       enum ip_family family, ip_num *at)
{
	struct range *r = &w->ranges[i];
	ip_num size = 1 + pick(seed, 40);

	*at += pick(seed, 3);
	r->first = *at;
	r->last = *at + size - 1;
	*at += size;
	r->subnet.ip = ip_from_num(family, r->first);
	r->subnet.len = family == IP_V4 ? 24 : 64;
	r->gateway = ip_from_num(family, r->first + pick(seed, 45));
}

static void make_world(struct world *w, unsigned int *seed)
{
	enum ip_family family = pick(seed, 2) ? IP_V4 : IP_V6;
	/* Ranges up to the very end of the address space, too. */
	ip_num top = family == IP_V4 ? 0xffffffffU : ~(ip_num)0;
	ip_num base = pick(seed, 4) ? (ip_num)0x0a000001U : top - 200;
	ip_num at = base;
	unsigned int density = pick(seed, 101);

	memset(w, 0, sizeof(*w));
	w->set.count = 1 + pick(seed, RANGES_MAX);
	w->set.at = w->ranges;
	for (size_t i = 0; i < w->set.count; i++)
		make_range(w, seed, i, family, &at);
	for (ip_num n = base; n < at && w->taken_count < TAKEN_MAX; n++) {
		struct ip ip = ip_from_num(family, n);

		if (pick(seed, 100) < density)
			w->taken[w->taken_count++] = index_rec_make(&ip, 1);
	}
	if (pick(seed, 3))
		w->last = ip_from_num(
			family, base + pick(seed, (unsigned int)(at - base)));
}

static void test_same_choice_as_the_model(void **state)
{
	unsigned int seed = (unsigned int)time(NULL), round_seed;
	const char *given = getenv("ALLOC_SEED");
	const struct range *range;
	struct world w;
	struct ip ours, theirs;
	int r, want;

	(void)state;
	if (given)
		seed = (unsigned int)strtoul(given, NULL, 10);
	print_message("ALLOC_SEED=%u\n", seed);
	for (int i = 0; i < ROUNDS; i++) {
		round_seed = seed + (unsigned int)i;
		make_world(&w, &round_seed);
		want = model_pick(&w, &theirs);
		r = alloc_pick(&w.set, &w.last, w.taken, w.taken_count, &ours,
			       &range);
		if (r != want || (r == 0 && !ip_equal(&ours, &theirs)))
			fail_msg("round %d of seed %u differs", i, seed);
		if (r == 0)
			assert_ptr_equal(range, range_set_find(&w.set, &ours));
	}
}

/* The whole of IPv6 costs no more than a few leases do. */
static void test_huge_ranges(void **state)
{
	struct range range = { .first = 0, .last = ~(ip_num)0 };
	struct range_set set = { 1, &range };
	struct ip last = { .family = IP_NONE };
	const struct range *found;
	struct index_rec taken[3];
	struct ip ip;

	(void)state;
	range.subnet.ip.family = IP_V6;
	for (unsigned int i = 0; i < 3; i++) {
		ip = ip_from_num(IP_V6, i);
		taken[i] = index_rec_make(&ip, 1);
	}
	assert_int_equal(alloc_pick(&set, &last, taken, 3, &ip, &found), 0);
	assert_true(ip_to_num(&ip) == 3);
	last = ip_from_num(IP_V6, ~(ip_num)0); /* wraps around */
	assert_int_equal(alloc_pick(&set, &last, taken, 3, &ip, &found), 0);
	assert_true(ip_to_num(&ip) == 3);
	assert_true(alloc_capacity(&set) == ~(ip_num)0);
}

static void test_counts(void **state)
{
	struct range range = { .first = 0x0a000001, .last = 0x0a000006 };
	struct range_set set = { 1, &range };
	struct index_rec taken[3];
	struct ip ip;

	(void)state;
	assert_int_equal(ip_parse("10.0.0.1", &range.gateway), 0);
	range.subnet.ip = range.gateway;
	range.subnet.len = 29;
	assert_true(alloc_capacity(&set) == 5);
	assert_int_equal(ip_parse("10.0.0.2", &ip), 0);
	taken[0] = index_rec_make(&ip, 1);
	assert_int_equal(ip_parse("10.0.0.1", &ip), 0); /* gateway */
	taken[1] = index_rec_make(&ip, 1);
	assert_int_equal(ip_parse("10.0.0.7", &ip), 0); /* outside */
	taken[2] = index_rec_make(&ip, 1);
	assert_int_equal(alloc_used(&set, taken, 3), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_choice_as_the_model),
		cmocka_unit_test(test_huge_ranges),
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
