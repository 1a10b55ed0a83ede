/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration may be hostile, and 8 MiB of it hold some 300 000 ranges,
 * so nothing here compares all of them with each other: find_overlap() sorts.
 *
 * The words of the errors are the reference's, which users look up and match.
 */
#include "plugins/host-local-ipam/range.h"

#include <stdlib.h>

#include "common/base/cleanup.h"

static void range_format(const struct range *range, struct strbuf *out)
{
	enum ip_family family = range->subnet.ip.family;
	struct ip first = ip_from_num(family, range->first);
	struct ip last = ip_from_num(family, range->last);
	char text[IP_TEXT];

	strbuf_puts(out, ip_format(&first, text));
	strbuf_putc(out, '-');
	strbuf_puts(out, ip_format(&last, text));
}

static int read_subnet(const struct cfg *at, size_t set, struct cidr *out,
		       struct err *err)
{
	const char *key = "subnet";
	char shown[CIDR_TEXT];
	const char *text;
	struct ip net;
	int r;

	if (!cfg_has(at, key)) {
		(void)cfg_fail(err, at, key,
			       "invalid range set %zu: IP <nil> not v4 nor v6",
			       set);
		return err_hint(err, "a range needs a subnet");
	}
	r = cfg_string(at, key, &text, err);
	if (r < 0)
		return r;
	if (cidr_parse(text, out) < 0)
		return cfg_fail(err, at, key, "invalid CIDR address: %s", text);
	if (out->len > ip_bits(out->ip.family) - 2)
		return cfg_fail(err, at, key,
				"invalid range set %zu: Network %s too small "
				"to allocate from",
				set, cidr_format(out, shown));
	if (out->mapped)
		return cfg_fail(err, at, key,
				"invalid range set %zu: IPNet IP and Mask "
				"version mismatch",
				set);
	net = ip_from_num(out->ip.family, cidr_first(out));
	if (!ip_equal(&net, &out->ip))
		return cfg_fail(err, at, key,
				"invalid range set %zu: Network has host bits "
				"set. For a subnet mask of length %u the "
				"network address is %s",
				set, out->len, ip_format(&net, shown));
	return 0;
}

/* The address at @key; IP_NONE if it is absent or "". */
static int read_ip(const struct cfg *at, const char *key, struct ip *out,
		   struct err *err)
{
	const char *text;
	int r;

	*out = (struct ip){ .family = IP_NONE };
	r = cfg_string_or(at, key, "", &text, err);
	if (r < 0 || !*text)
		return r;
	if (ip_parse(text, out) < 0)
		return cfg_fail(err, at, key, "invalid IP address: %s", text);
	return 0;
}

/*
 * A gateway outside the subnet is somebody's plan (a link-local router, proxy
 * ARP). One of the other family is a mistake that the reference hands on to
 * the bridge as an address with the wrong kind of netmask.
 */
static int read_gateway(const struct cfg *at, size_t set, struct range *range,
			struct err *err)
{
	const struct cidr *net = &range->subnet;
	char subnet[CIDR_TEXT], gateway[IP_TEXT];
	int r = read_ip(at, "gateway", &range->gateway, err);

	if (r < 0)
		return r;
	if (range->gateway.family == IP_NONE)
		range->gateway =
			ip_from_num(net->ip.family, cidr_first(net) + 1);
	if (range->gateway.family == net->ip.family)
		return 0;
	return cfg_fail(err, at, "gateway",
			"invalid range set %zu: gateway %s is not of the "
			"address family of %s",
			set, ip_format(&range->gateway, gateway),
			cidr_format(net, subnet));
}

/* The bound at @key was given as @ip, which does not do for @range. */
static int refuse_bound(const struct cfg *at, const char *key, size_t set,
			const struct range *range, const struct ip *ip,
			struct err *err)
{
	auto_strbuf struct strbuf bounds = { .data = NULL };
	char subnet[CIDR_TEXT], text[IP_TEXT];

	/* The reference spells the keys with a capital: RangeStart. */
	(void)cfg_fail(err, at, key,
		       "invalid range set %zu: R%s %s not in network %s", set,
		       key + 1, ip_format(ip, text),
		       cidr_format(&range->subnet, subnet));
	if (!cidr_contains(&range->subnet, ip))
		return -EINVAL;
	range_format(range, &bounds);
	return err_hint(err, "the range would be %s", strbuf_str(&bounds));
}

/*
 * By default a range ends before the IPv4 broadcast address. A rangeStart
 * after that needs a rangeEnd: the reference would count on from there, into
 * the addresses beyond the subnet.
 */
static int read_bounds(const struct cfg *at, size_t set, struct range *range,
		       struct err *err)
{
	const struct cidr *net = &range->subnet;
	struct ip start = { .family = IP_NONE };
	struct ip end = start;
	int r;

	range->first = cidr_first(net) + 1;
	range->last = cidr_last(net) - (net->ip.family == IP_V4 ? 1 : 0);
	r = read_ip(at, "rangeStart", &start, err);
	r = r ?: read_ip(at, "rangeEnd", &end, err);
	if (r < 0)
		return r;
	if (end.family == net->ip.family)
		range->last = ip_to_num(&end);
	if (start.family != IP_NONE)
		range->first = ip_to_num(&start);
	if (start.family != IP_NONE &&
	    (!cidr_contains(net, &start) || range->first > range->last))
		return refuse_bound(at, "rangeStart", set, range, &start, err);
	if (end.family != IP_NONE &&
	    (!cidr_contains(net, &end) || range->first > range->last))
		return refuse_bound(at, "rangeEnd", set, range, &end, err);
	return 0;
}

int range_read(const struct cfg *at, size_t set, struct range *out,
	       struct err *err)
{
	int r = read_subnet(at, set, &out->subnet, err);

	r = r ?: read_bounds(at, set, out, err);
	return r ?: read_gateway(at, set, out, err);
}

int range_read_stray(const struct cfg *at, struct err *err)
{
	struct ip ignored;
	int r;

	r = read_ip(at, "rangeStart", &ignored, err);
	r = r ?: read_ip(at, "rangeEnd", &ignored, err);
	return r ?: read_ip(at, "gateway", &ignored, err);
}

const struct range *range_set_find(const struct range_set *set,
				   const struct ip *ip)
{
	ip_num num = ip_to_num(ip);

	for (size_t i = 0; i < set->count; i++) {
		const struct range *range = &set->at[i];

		if (range->subnet.ip.family == ip->family &&
		    num >= range->first && num <= range->last)
			return range;
	}
	return NULL;
}

void range_set_format(const struct range_set *set, struct strbuf *out)
{
	for (size_t i = 0; i < set->count; i++) {
		if (i > 0)
			strbuf_putc(out, ',');
		range_format(&set->at[i], out);
	}
}

/* A range and its owner: the number of the range, or of its whole set. */
struct span {
	enum ip_family family;
	ip_num first, last;
	size_t owner;
};

static struct span span_of(const struct range *range, size_t owner)
{
	return (struct span){
		.family = range->subnet.ip.family,
		.first = range->first,
		.last = range->last,
		.owner = owner,
	};
}

static int by_first(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static bool spans_overlap(const struct span *a, const struct span *b)
{
	return a->family == b->family && a->first <= b->last &&
	       b->first <= a->last;
}

/*
 * The lowest owner that shares an address with another, of spans sorted by
 * first address; @none if there is no such. A span in any overlap overlaps its
 * successor, or the one before it that reaches furthest: what lies in between
 * starts no later, and reaches no further.
 */
static size_t lowest_overlapping(const struct span *spans, size_t count,
				 size_t none)
{
	const struct span *furthest = spans;
	size_t lowest = none;

	for (size_t i = 1; i < count; i++) {
		const struct span *span = &spans[i];

		if (span->owner < lowest && spans_overlap(furthest, span))
			lowest = span->owner;
		if (span[-1].owner < lowest && spans_overlap(span - 1, span))
			lowest = span[-1].owner;
		if (furthest->family != span->family ||
		    furthest->last < span->last)
			furthest = span;
	}
	return lowest;
}

/* Does @span overlap one of @count sorted spans that do not overlap? */
static bool overlaps_any(const struct span *span, const struct span *sorted,
			 size_t count)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (spans_overlap(span, &sorted[mid]))
			return true;
		if (by_first(&sorted[mid], span) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* The lowest owner after @owner that overlaps it, or @none. */
static size_t lowest_partner(struct span *spans, size_t count, size_t owner,
			     size_t none)
{
	size_t owned = 0, lowest = none;

	/* Its spans to the front, still sorted; the others in any order. */
	for (size_t i = 0; i < count; i++) {
		struct span span = spans[i];

		if (span.owner != owner)
			continue;
		spans[i] = spans[owned];
		spans[owned++] = span;
	}
	for (size_t i = owned; i < count; i++)
		if (spans[i].owner > owner && spans[i].owner < lowest &&
		    overlaps_any(&spans[i], spans, owned))
			lowest = spans[i].owner;
	return lowest;
}

/*
 * The first two owners, in the order of their numbers, that share an address.
 * The spans of one owner must not overlap each other. Reorders @spans.
 */
static bool find_overlap(struct span *spans, size_t count, size_t *a, size_t *b)
{
	const size_t none = SIZE_MAX;

	if (count < 2)
		return false;
	qsort(spans, count, sizeof(*spans), by_first);
	*a = lowest_overlapping(spans, count, none);
	if (*a == none)
		return false;
	*b = lowest_partner(spans, count, *a, none);
	return *b != none;
}

static int fail_overlap(const struct range_set *set, size_t index,
			const struct cfg *at, const size_t pair[2],
			struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };

	strbuf_puts(&text, "subnets ");
	range_format(&set->at[pair[0]], &text);
	strbuf_puts(&text, " and ");
	range_format(&set->at[pair[1]], &text);
	strbuf_puts(&text, " overlap");
	if (text.failed)
		return err_nomem(err);
	return cfg_fail(err, at, NULL, "invalid range set %zu: %s", index,
			strbuf_str(&text));
}

int range_set_check(const struct range_set *set, size_t index,
		    const struct cfg *at, struct err *err)
{
	auto_free struct span *spans = NULL;
	size_t pair[2];

	if (set->count == 0)
		return cfg_fail(err, at, NULL,
				"invalid range set %zu: empty range set",
				index);
	spans = calloc(set->count, sizeof(*spans));
	if (!spans)
		return err_nomem(err);
	for (size_t i = 0; i < set->count; i++) {
		spans[i] = span_of(&set->at[i], i);
		if (spans[i].family != spans[0].family)
			return cfg_fail(err, at, NULL,
					"invalid range set %zu: mixed address "
					"families",
					index);
	}
	if (find_overlap(spans, set->count, &pair[0], &pair[1]))
		return fail_overlap(set, index, at, pair, err);
	return 0;
}

int range_sets_check(const struct range_set *sets, size_t count,
		     struct err *err)
{
	auto_free struct span *spans = NULL;
	size_t total = 0, n = 0, a, b;

	for (size_t i = 0; i < count; i++)
		total += sets[i].count;
	spans = calloc(total ?: 1, sizeof(*spans));
	if (!spans)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < sets[i].count; j++)
			spans[n++] = span_of(&sets[i].at[j], i);
	if (find_overlap(spans, total, &a, &b))
		return err_set(err, CNI_E_CONFIG,
			       "range set %zu overlaps with %zu", a, b);
	return 0;
}
