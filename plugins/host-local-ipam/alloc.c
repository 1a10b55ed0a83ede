/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/host-local-ipam/alloc.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base/cleanup.h"

/* Where round robin starts: an address of range @range. */
struct start {
	size_t range;
	ip_num num;
};

static ip_num add_saturating(ip_num a, ip_num b)
{
	return a + b < a ? ~(ip_num)0 : a + b;
}

/* The number of addresses from @first to @last; all 2^128 saturate. */
static ip_num span(ip_num first, ip_num last)
{
	return add_saturating(last - first, 1);
}

static struct start start_after(const struct range_set *set,
				const struct ip *last)
{
	const struct range *found = range_set_find(set, last);
	struct start start = { 0, set->at[0].first };

	if (!found)
		return start;
	start.range = (size_t)(found - set->at);
	start.num = ip_to_num(last) + 1;
	if (start.num > found->last || start.num == 0) {
		start.range = (start.range + 1) % set->count;
		start.num = set->at[start.range].first;
	}
	return start;
}

/* The number of @num, an address of range @range, counted from @start. */
static ip_num position(const struct range_set *set, struct start start,
		       size_t range, ip_num num)
{
	ip_num pos = 0;
	size_t i = start.range;

	if (range == i && num >= start.num)
		return num - start.num;
	pos = span(start.num, set->at[i].last);
	for (i = (i + 1) % set->count; i != range; i = (i + 1) % set->count)
		pos = add_saturating(pos,
				     span(set->at[i].first, set->at[i].last));
	return add_saturating(pos, num - set->at[range].first);
}

/* The address number @pos, the inverse of position(). */
static struct start address_at(const struct range_set *set, struct start start,
			       ip_num pos)
{
	ip_num left = span(start.num, set->at[start.range].last);

	while (pos >= left) {
		pos -= left;
		start.range = (start.range + 1) % set->count;
		start.num = set->at[start.range].first;
		left = span(start.num, set->at[start.range].last);
	}
	start.num += pos;
	return start;
}

static ip_num total(const struct range_set *set)
{
	ip_num sum = 0;

	for (size_t i = 0; i < set->count; i++)
		sum = add_saturating(sum,
				     span(set->at[i].first, set->at[i].last));
	return sum;
}

static bool gateway_inside(const struct range *range)
{
	ip_num gateway = ip_to_num(&range->gateway);

	return range->gateway.family == range->subnet.ip.family &&
	       gateway >= range->first && gateway <= range->last;
}

static void set_bit(uint64_t *bits, ip_num window, ip_num pos)
{
	if (pos < window)
		bits[(size_t)(pos / 64)] |= (uint64_t)1 << (unsigned)(pos % 64);
}

static void mark_taken(const struct range_set *set, struct start start,
		       const struct index_rec *taken, size_t count,
		       uint64_t *bits, ip_num window)
{
	const struct range *range;
	struct ip ip;

	for (size_t i = 0; i < count; i++) {
		ip = index_rec_ip(&taken[i]);
		range = range_set_find(set, &ip);
		if (range)
			set_bit(bits, window,
				position(set, start, (size_t)(range - set->at),
					 ip_to_num(&ip)));
	}
	for (size_t i = 0; i < set->count; i++)
		if (gateway_inside(&set->at[i]))
			set_bit(bits, window,
				position(set, start, i,
					 ip_to_num(&set->at[i].gateway)));
}

static ip_num first_clear(const uint64_t *bits, ip_num window)
{
	for (size_t i = 0; (ip_num)i * 64 < window; i++)
		if (~bits[i])
			return (ip_num)i * 64 +
			       (unsigned)__builtin_ctzll(~bits[i]);
	return window;
}

int alloc_pick(const struct range_set *set, const struct ip *last,
	       const struct index_rec *taken, size_t count, struct ip *out,
	       const struct range **range)
{
	struct start start = start_after(set, last);
	ip_num size = total(set);
	ip_num window = (ip_num)count + set->count + 1;
	auto_free uint64_t *bits = NULL;
	struct start found;
	ip_num pos;

	if (window > size)
		window = size;
	bits = calloc((size_t)(window / 64) + 1, sizeof(*bits));
	if (!bits)
		return -ENOMEM;
	mark_taken(set, start, taken, count, bits, window);
	pos = first_clear(bits, window);
	if (pos >= window)
		return -ENOSPC;
	found = address_at(set, start, pos);
	*range = &set->at[found.range];
	*out = ip_from_num((*range)->subnet.ip.family, found.num);
	return 0;
}

ip_num alloc_capacity(const struct range_set *set)
{
	ip_num sum = total(set);

	for (size_t i = 0; i < set->count; i++)
		if (gateway_inside(&set->at[i]))
			sum--;
	return sum;
}

size_t alloc_used(const struct range_set *set, const struct index_rec *taken,
		  size_t count)
{
	const struct range *range;
	size_t used = 0;
	struct ip ip;

	for (size_t i = 0; i < count; i++) {
		ip = index_rec_ip(&taken[i]);
		range = range_set_find(set, &ip);
		if (range && !ip_equal(&ip, &range->gateway))
			used++;
	}
	return used;
}
