/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How: a dump. The kernel walks its whole hash table for one, which is
 * milliseconds, however few entries there are. So there is none if it counts no
 * entries, and one for all filters if there are not many: of one family, it
 * leaves out what the filters have in common not to want, as far as it knows
 * how (5.8 and later), but of both it lists all. Everything is looked at here.
 *
 * Every match becomes a request that names the entry by its tuple, zone and ID,
 * as the kernel spelled them. Requests are sent when the dump is over: the
 * answers would be mixed up with it. A request to delete that has no tuple
 * would flush the table. The tuple is there, because the match was found by it.
 *
 * Or: the kernel deletes what matches (6.12 and later), which takes a quarter
 * of a millisecond for each filter, since it does not stop at empty buckets.
 * That is for the flows of one container, by IPv4 (see conntrack_match.c). Such
 * a request has an incomplete tuple. A kernel that does not know of filters
 * here takes it for the tuple of one entry, and refuses it (EINVAL).
 */
#include "common/nft/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "common/nft/attr.h"
#include "common/nft/conntrack_parts.h"

/* So many are listed for less than another walk through the table costs. */
#define FEW_ENTRIES 4000

/* So many filters, times entries, are worth less than a dump. */
#define FEW_FILTERS 24
#define FEW_VISITS  100000

/* The largest request: two tuples of IPv6 and the rest. */
#define REQUEST_MAX 512

/* A dump, and what was found by it. */
struct search {
	const struct conntrack_filter *filters;
	size_t count;
	struct local local;
	struct strbuf requests; /* messages, one after the other */
	int failed;             /* why the rest is not looked at */
	struct err *err;
};

static struct nlmsghdr *start(char *buf, uint16_t type, uint16_t flags,
			      unsigned char family)
{
	struct nlmsghdr *hdr = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *head;

	hdr->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	hdr->nlmsg_flags = NLM_F_REQUEST | flags;
	head = mnl_nlmsg_put_extra_header(hdr, sizeof(*head));
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	return hdr;
}

/* The request to delete the entry that @hdr describes. */
static int add_request(struct search *search, const struct nlmsghdr *hdr,
		       unsigned char family)
{
	static const uint16_t wanted[] = { CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID };
	char buf[REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *ask =
		start(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family);
	struct attr attr;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (!attr_find(conntrack_attrs(hdr), wanted[i], &attr))
			continue;
		if (!mnl_attr_put_check(ask, sizeof(buf),
					attr.type | (attr.nested ? NLA_F_NESTED
								 : 0),
					attr.in.len, attr.in.data))
			return -EMSGSIZE;
	}
	strbuf_add(&search->requests, buf, NLMSG_ALIGN(ask->nlmsg_len));
	return search->requests.failed ? -ENOMEM : 0;
}

static int look_at(const struct nlmsghdr *hdr, void *context)
{
	struct search *search = context;
	struct conntrack_entry entry;
	int r = 0;

	if (search->failed || !conntrack_read(hdr, &entry))
		return MNL_CB_OK;
	for (size_t i = 0; r == 0 && i < search->count; i++)
		r = conntrack_matches(&search->filters[i], &entry,
				      &search->local, search->err);
	if (r > 0)
		r = add_request(search, hdr, entry.family);
	search->failed = r;
	return MNL_CB_OK;
}

static int dump(struct mnl *mnl, struct search *search, enum ip_family family,
		bool filtered)
{
	char buf[REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *hdr;
	uint64_t began = trace_start();
	int r;

	hdr = start(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
	if (filtered)
		conntrack_narrow(hdr, search->filters, search->count, family);
	search->requests.len = 0;
	search->failed = 0;
	r = mnl_ask(mnl, hdr, look_at, search) ?: search->failed;
	trace_end(began, r, "ct", "list entries%s%s",
		  family == IP_V4   ? " of IPv4"
		  : family == IP_V6 ? " of IPv6"
				    : "",
		  filtered ? "" : ", not filtered");
	return r;
}

/* Send the requests, one after the other. The first failure is reported. */
static int remove_found(struct mnl *mnl, struct search *search)
{
	uint64_t began = trace_start();
	size_t found = 0, deleted = 0;
	int worst = 0;

	for (size_t at = 0; at < search->requests.len; found++) {
		struct nlmsghdr *hdr = (void *)(search->requests.data + at);
		int r;

		at += NLMSG_ALIGN(hdr->nlmsg_len);
		r = mnl_ask(mnl, hdr, NULL, NULL);
		deleted += r == 0;
		if (r < 0 && r != -ENOENT)
			worst = first_of(r, worst);
	}
	if (found > 0)
		trace_end(began, worst, "ct", "delete %zu of %zu", deleted,
			  found);
	return worst;
}

static int take_count(const struct nlmsghdr *hdr, void *count)
{
	*(uint32_t *)count = attr_u32(conntrack_attrs(hdr),
				      CTA_STATS_GLOBAL_ENTRIES, UINT32_MAX);
	return MNL_CB_OK;
}

/* How many entries this namespace has. */
static int count_entries(struct mnl *mnl, uint32_t *count)
{
	char buf[REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *hdr =
		start(buf, IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, AF_UNSPEC);
	uint64_t began = trace_start();
	int r = mnl_ask(mnl, hdr, take_count, count);

	trace_end(began, r, "ct", "count");
	return r;
}

/*
 * A kernel that is asked for a filter that it does not have says so. One from
 * before there were filters does not look at it.
 */
static int flush_family(struct mnl *mnl, struct search *search,
			enum ip_family family)
{
	int r = dump(mnl, search, family, true);

	if (r == -EOPNOTSUPP || r == -EINVAL)
		r = dump(mnl, search, family, false);
	if (r < 0)
		return err_sys(search->err, -r, "list connections (conntrack)");
	r = remove_found(mnl, search);
	if (r < 0)
		return err_sys(search->err, -r,
			       "delete connections (conntrack)");
	return 0;
}

/* May the kernel be asked to delete by @filters, and is it worth it? */
static bool is_selectable(const struct search *search, uint32_t entries)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->filters[i].family != IP_V4 ||
		    !conntrack_for_one_peer(&search->filters[i]))
			return false;
	return search->count <= FEW_FILTERS &&
	       entries <= FEW_VISITS / search->count;
}

/* By version 0 of the message, the family would not count. */
static int delete_selected(struct mnl *mnl,
			   const struct conntrack_filter *filter)
{
	char buf[REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *hdr =
		start(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, AF_INET);
	struct nfgenmsg *head = mnl_nlmsg_get_payload(hdr);
	uint64_t began = trace_start();
	char peer[IP_TEXT];
	int r;

	head->version = 1;
	conntrack_select(hdr, filter);
	r = mnl_ask(mnl, hdr, NULL, NULL);
	trace_end(began, r, "ct", "delete protocol %u, port %u of %s",
		  filter->protocol, filter->host_port,
		  ip_format(&filter->peer, peer));
	return r;
}

/* Returns 1 if that was all, and 0 where the kernel cannot. */
static int flush_selected(struct mnl *mnl, const struct search *search)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < search->count; i++)
		r = delete_selected(mnl, &search->filters[i]);
	if (r == -EINVAL || r == -EOPNOTSUPP || r == -ENOENT)
		return 0;
	if (r < 0)
		return err_sys(search->err, -r,
			       "delete connections (conntrack)");
	return 1;
}

static bool has_family(const struct search *search, enum ip_family family)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->filters[i].family == family)
			return true;
	return false;
}

static int flush(struct mnl *mnl, struct search *search)
{
	const bool v4 = has_family(search, IP_V4);
	const bool v6 = has_family(search, IP_V6);
	uint32_t count = UINT32_MAX;
	int r = count_entries(mnl, &count);

	if (r < 0)
		return err_sys(search->err, -r,
			       "count connections (conntrack)");
	if (count == 0)
		return 0;
	if (is_selectable(search, count)) {
		r = flush_selected(mnl, search);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (v4 && v6 && count <= FEW_ENTRIES)
		return flush_family(mnl, search, IP_NONE);
	if (v4)
		r = flush_family(mnl, search, IP_V4);
	if (v6)
		r = first_of(flush_family(mnl, search, IP_V6), r);
	return r;
}

int conntrack_flush(struct nft *nft, const struct conntrack_filter *filters,
		    size_t count, struct err *err)
{
	auto_mnl struct mnl mnl = { .socket = NULL };
	struct search search = {
		.filters = filters,
		.count = count,
		.err = err,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = conntrack_check(&filters[i], err);
	if (r < 0 || count == 0)
		return r;
	r = nft_open(nft, err);
	r = r ?: mnl_borrow(&mnl, nft->fd, nft->seq, err);
	r = r ?: flush(&mnl, &search);
	nft->seq = mnl.seq;
	local_close(&search.local);
	strbuf_free(&search.requests);
	return r;
}
