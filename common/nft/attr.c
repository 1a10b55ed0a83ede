/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/attr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <string.h>

bool attr_next(struct attrs *rest, struct attr *out)
{
	const struct nlattr *attr = (const void *)rest->data;
	size_t step;

	/* libmnl counts in int. Attributes of messages are aligned to 4. */
	if (!attr || rest->len > INT32_MAX ||
	    !mnl_attr_ok(attr, (int)rest->len))
		return false;
	out->type = mnl_attr_get_type(attr);
	out->nested = attr->nla_type & NLA_F_NESTED;
	out->in.data = mnl_attr_get_payload(attr);
	out->in.len = mnl_attr_get_payload_len(attr);
	step = (mnl_attr_get_len(attr) + 3U) & ~3U;
	if (step > rest->len)
		step = rest->len;
	rest->data += step;
	rest->len -= step;
	return true;
}

bool attr_find(struct attrs in, uint16_t type, struct attr *out)
{
	while (attr_next(&in, out))
		if (out->type == type)
			return true;
	return false;
}

uint32_t attr_u32(struct attrs in, uint16_t type, uint32_t none)
{
	struct attr attr;
	uint32_t wire;

	if (!attr_find(in, type, &attr) || attr.in.len < sizeof(wire))
		return none;
	memcpy(&wire, attr.in.data, sizeof(wire));
	return ntohl(wire);
}

uint64_t attr_u64(struct attrs in, uint16_t type, uint64_t none)
{
	struct attr attr;
	uint64_t wire;

	if (!attr_find(in, type, &attr) || attr.in.len < sizeof(wire))
		return none;
	memcpy(&wire, attr.in.data, sizeof(wire));
	return be64toh(wire);
}

const char *attr_str(struct attrs in, uint16_t type)
{
	struct attr attr;

	if (!attr_find(in, type, &attr) || attr.in.len == 0 ||
	    !memchr(attr.in.data, '\0', attr.in.len))
		return NULL;
	return (const char *)attr.in.data;
}

struct attrs attr_in(struct attrs in, uint16_t type)
{
	struct attr attr;

	if (attr_find(in, type, &attr))
		return attr.in;
	return (struct attrs){ .data = NULL };
}

static bool same(struct attr have, struct attr want)
{
	if (want.nested)
		return attr_covers(have.in, want.in);
	return have.in.len == want.in.len &&
	       memcmp(have.in.data, want.in.data, want.in.len) == 0;
}

/* Elements of a list: one for one. */
static bool same_list(struct attrs have, struct attrs want)
{
	struct attr h, w;
	bool more;

	for (;;) {
		more = attr_next(&want, &w);
		if (attr_next(&have, &h) != more)
			return false;
		if (!more)
			return true;
		if (h.type != w.type || !same(h, w))
			return false;
	}
}

/* The only attributes of one type side by side are those of lists. */
static bool is_list(struct attrs in)
{
	struct attr first;

	return attr_next(&in, &first) && first.nested &&
	       first.type == 1 /* NFTA_LIST_ELEM */;
}

static bool is_zero(struct attrs in)
{
	for (size_t i = 0; i < in.len; i++)
		if (in.data[i])
			return false;
	return true;
}

bool attr_covers(struct attrs have, struct attrs want)
{
	struct attr h, w;

	if (is_list(want))
		return same_list(have, want);
	while (attr_next(&want, &w)) {
		bool there = attr_find(have, w.type, &h);

		if (there ? !same(h, w) : w.nested || !is_zero(w.in))
			return false;
	}
	return true;
}
