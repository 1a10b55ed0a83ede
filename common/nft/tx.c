/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a commit proceeds
 *
 * The kernel works a batch off within sendto(2), and its answers are in the
 * socket's queue when that returns. An answer for each message would overflow
 * the queue, so it is asked for one for the last message alone. If that one
 * comes and no refusal does, everything has happened: a batch of which one
 * message is refused is undone as a whole. Refusals come in any case, for each
 * refused message, in their order. The first is the cause; later ones may be
 * its consequences.
 */
#include "common/nft/tx.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <string.h>

#include "common/base/trace.h"

struct change {
	size_t at; /* the message, in the batch */
	const struct nft_set *set;
};

static size_t change_count(const struct nft_tx *tx)
{
	return tx->changes.len / sizeof(struct change);
}

static struct change change_at(const struct nft_tx *tx, size_t i)
{
	struct change change;

	memcpy(&change, tx->changes.data + i * sizeof(change), sizeof(change));
	return change;
}

static void drop_rule(struct nft_tx *tx)
{
	if (tx->rule)
		nftnl_rule_free(tx->rule);
	tx->rule = NULL;
	tx->exprs = 0;
}

void nft_tx_begin(struct nft_tx *tx)
{
	drop_rule(tx);
	tx->batch.len = 0;
	tx->changes.len = 0;
	tx->message = 0;
	tx->same_generation = false;
	tx->generation = 0;
}

void nft_tx_free(struct nft_tx *tx)
{
	drop_rule(tx);
	strbuf_free(&tx->batch);
	strbuf_free(&tx->changes);
}

void nft_tx_failed(struct nft_tx *tx)
{
	tx->batch.failed = true;
}

void nft_tx_since(struct nft_tx *tx, uint32_t generation)
{
	tx->same_generation = true;
	tx->generation = generation;
}

/*
 * libnftnl and libmnl write behind the end of a message without asking how much
 * room there is. The longest of ours is a rule; see RULE_EXPRS in rule.c.
 */
#define MESSAGE_MAX 8192U

static char *room(struct strbuf *buf)
{
	return strbuf_reserve(buf, MESSAGE_MAX) ? buf->data + buf->len : NULL;
}

struct nlmsghdr *nft_message(struct nft_tx *tx, int type, uint16_t flags,
			     uint8_t family, const struct nft_set *set)
{
	const struct change change = { tx->batch.len, set };
	char *at = room(&tx->batch);

	if (!at)
		return NULL;
	strbuf_add(&tx->changes, &change, sizeof(change));
	tx->message = tx->batch.len;
	return nftnl_nlmsg_build_hdr(at, (uint16_t)type, family, flags, 0);
}

void nft_message_end(struct nft_tx *tx, const struct nlmsghdr *hdr)
{
	tx->batch.len += hdr->nlmsg_len;
}

void nft_tx_append(struct nft_tx *tx, const struct nft_tx *from)
{
	struct change change;

	if (from->batch.failed || from->changes.failed)
		nft_tx_failed(tx);
	for (size_t i = 0; i < change_count(from); i++) {
		change = change_at(from, i);
		change.at += tx->batch.len;
		strbuf_add(&tx->changes, &change, sizeof(change));
	}
	strbuf_add(&tx->batch, from->batch.data, from->batch.len);
}

/* A transaction on its way. */
struct delivery {
	struct nft *nft;
	const struct nft_tx *tx;
	size_t count;
	uint32_t first; /* sequence number of the message that opens it */
	bool confirmed;
	int refusal;
	uint32_t refused; /* its sequence number */
};

static void open_batch(struct strbuf *out, const struct delivery *d)
{
	char *at = room(out);
	struct nlmsghdr *hdr;

	if (!at)
		return;
	hdr = nftnl_batch_begin(at, d->first);
	if (d->tx->same_generation)
		mnl_attr_put_u32(hdr, NFNL_BATCH_GENID,
				 htonl(d->tx->generation));
	out->len += hdr->nlmsg_len;
}

static void close_batch(struct strbuf *out, uint32_t seq)
{
	char *at = room(out);

	if (at)
		out->len += nftnl_batch_end(at, seq)->nlmsg_len;
}

/* All of @d, between the messages that open and close it. */
static void fill(struct strbuf *out, const struct delivery *d)
{
	struct nlmsghdr *hdr = NULL;
	size_t body;

	open_batch(out, d);
	body = out->len;
	strbuf_add(out, d->tx->batch.data, d->tx->batch.len);
	if (out->failed)
		return;
	for (size_t i = 0; i < d->count; i++) {
		hdr = (void *)(out->data + body + change_at(d->tx, i).at);
		hdr->nlmsg_seq = d->first + 1 + (uint32_t)i;
	}
	if (hdr)
		hdr->nlmsg_flags |= NLM_F_ACK;
	close_batch(out, d->first + 1 + (uint32_t)d->count);
}

static void take(struct delivery *d, const struct nlmsghdr *hdr)
{
	uint32_t index = hdr->nlmsg_seq - d->first;
	int verdict;

	/* An answer to something older: not ours any more. */
	if (hdr->nlmsg_type != NLMSG_ERROR || index > d->count + 1)
		return;
	if (d->refusal)
		return;
	verdict = nft_verdict(d->nft, hdr);
	if (verdict == 0 && index == d->count)
		d->confirmed = true;
	if (verdict < 0) {
		d->refusal = verdict;
		d->refused = index;
	}
}

/* Too many refusals for the queue: those that fitted are still read. */
static int read_answers(struct delivery *d)
{
	const struct nlmsghdr *hdr;
	bool lost = false;
	size_t at;
	int r;

	for (;;) {
		r = nft_receive(d->nft, false);
		if (r == -ENOBUFS && !lost) {
			lost = true;
			continue;
		}
		if (r < 0)
			break;
		for (at = 0; (hdr = nft_answer(d->nft, (size_t)r, &at));)
			take(d, hdr);
	}
	if (d->refusal)
		return d->refusal;
	if (r != -EAGAIN)
		return r;
	return d->confirmed ? 0 : (lost ? -ENOBUFS : -EIO);
}

static int deliver(struct delivery *d)
{
	auto_strbuf struct strbuf out = { .data = NULL };
	int r;

	fill(&out, d);
	if (out.failed)
		return -ENOMEM;
	d->nft->seq += (uint32_t)d->count + 2;
	d->nft->extack[0] = '\0';
	r = nft_send(d->nft, out.data, out.len);
	return r ?: read_answers(d);
}

static bool deletes(const struct delivery *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const char *at = d->tx->batch.data + change_at(d->tx, i).at;
		const struct nlmsghdr *hdr = (const void *)at;

		switch (NFNL_MSG_TYPE(hdr->nlmsg_type)) {
		case NFT_MSG_DELTABLE:
		case NFT_MSG_DELCHAIN:
		case NFT_MSG_DELRULE:
		case NFT_MSG_DELSET:
		case NFT_MSG_DELSETELEM:
			return true;
		default:
			break;
		}
	}
	return false;
}

/* The change that was refused, or all of them. */
static void describe(const struct delivery *d, struct strbuf *out)
{
	size_t first = 0, last = d->count;

	if (d->refusal && d->refused >= 1 && d->refused <= d->count) {
		first = d->refused - 1;
		last = first + 1;
	}
	/* A line is cut long before this many. */
	for (size_t i = first; i < last && i < first + 32; i++) {
		struct change change = change_at(d->tx, i);

		if (i > first)
			strbuf_puts(out, "; ");
		nft_describe(out, (const void *)(d->tx->batch.data + change.at),
			     change.set);
	}
}

static int report(const struct delivery *d, uint64_t start, int r,
		  struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };

	if (r == 0 && start == 0)
		return 0;
	describe(d, &text);
	trace_end(start, r, "nft", "commit %zu changes: %s", d->count,
		  strbuf_str(&text));
	if (r == 0)
		return 0;
	r = err_sys(err, -r, "nf_tables: %s", strbuf_str(&text));
	if (*d->nft->extack)
		(void)err_hint(err, "kernel: %s", d->nft->extack);
	return r;
}

int nft_commit(struct nft *nft, const struct nft_tx *tx, struct err *err)
{
	struct delivery d = { .nft = nft, .tx = tx, .count = change_count(tx) };
	uint64_t start;
	int r;

	if (tx->batch.failed || tx->changes.failed)
		return err_nomem(err);
	if (d.count == 0)
		return 0;
	r = nft_open(nft, err);
	if (r < 0)
		return r;
	start = trace_start();
	d.first = nft->seq + 1;
	r = deliver(&d);
	if (r == 0 && deletes(&d))
		nft->deleted = true;
	return report(&d, start, r, err);
}
