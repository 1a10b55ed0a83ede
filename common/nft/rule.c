/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as a whole: adding, deleting, comparing them. */
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "common/nft/comment.h"
#include "common/nft/expr.h"
#include "common/nft/query.h"

/* More in one rule would not be ours, and MESSAGE_MAX is for this many. */
#define RULE_EXPRS 24U

DEFINE_AUTO(nftnl_rule, struct nftnl_rule *, nftnl_rule_free)
#define auto_nftnl_rule AUTO(auto_nftnl_rule_release)

static struct nftnl_rule *rule_in(const struct nft_table *table,
				  const char *chain)
{
	auto_nftnl_rule struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule ||
	    nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table->name) < 0 ||
	    nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain) < 0)
		return NULL;
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, table->family);
	return take_ptr(rule);
}

void nft_rule_open(struct nft_tx *tx, const struct nft_table *table,
		   const char *chain)
{
	tx->rule = rule_in(table, chain);
	tx->exprs = 0;
}

struct nftnl_expr *nft_rule_expr(struct nft_tx *tx, const char *name)
{
	struct nftnl_expr *expr;

	if (!tx->rule)
		return NULL;
	if (tx->exprs++ == RULE_EXPRS)
		abort();
	expr = nftnl_expr_alloc(name);
	if (expr)
		nftnl_rule_add_expr(tx->rule, expr);
	else
		nft_tx_failed(tx);
	return expr;
}

static void put_rule(struct nft_tx *tx, int type, uint16_t flags,
		     struct nftnl_rule *rule)
{
	struct nlmsghdr *hdr = NULL;

	if (rule)
		hdr = nft_message(
			tx, type, flags,
			(uint8_t)nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY),
			NULL);
	if (!hdr) {
		nft_tx_failed(tx);
		return;
	}
	nftnl_rule_nlmsg_build_payload(hdr, rule);
	nft_message_end(tx, hdr);
}

void nft_rule_close(struct nft_tx *tx, const char *comment)
{
	auto_nftnl_rule struct nftnl_rule *rule = take_ptr(tx->rule);
	uint8_t data[NFT_COMMENT_DATA];

	if (rule && comment &&
	    nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, data,
				nft_comment_put(data, NFT_COMMENT, comment)) <
		    0)
		nft_tx_failed(tx);
	put_rule(tx, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, rule);
}

void nft_del_rule(struct nft_tx *tx, const struct nft_table *table,
		  const char *chain, uint64_t handle)
{
	auto_nftnl_rule struct nftnl_rule *rule = rule_in(table, chain);

	if (rule)
		nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, handle);
	put_rule(tx, NFT_MSG_DELRULE, 0, rule);
}

void nft_flush_chain(struct nft_tx *tx, const struct nft_table *table,
		     const char *name)
{
	auto_nftnl_rule struct nftnl_rule *rule = rule_in(table, name);

	put_rule(tx, NFT_MSG_DELRULE, 0, rule);
}

bool nft_expr_next(struct attrs *rest, struct nft_expr_info *out)
{
	struct attr elem;

	if (!attr_next(rest, &elem))
		return false;
	out->name = attr_str(elem.in, NFTA_EXPR_NAME) ?: "";
	out->data = attr_in(elem.in, NFTA_EXPR_DATA);
	return true;
}

const char *nft_rule_target(const struct nft_rule_info *rule)
{
	struct attrs rest = rule->exprs, verdict;
	struct nft_expr_info expr;

	while (nft_expr_next(&rest, &expr)) {
		if (strcmp(expr.name, "immediate") != 0)
			continue;
		verdict = attr_in(expr.data, NFTA_IMMEDIATE_DATA);
		verdict = attr_in(verdict, NFTA_DATA_VERDICT);
		if (verdict.data)
			return attr_str(verdict, NFTA_VERDICT_CHAIN);
	}
	return NULL;
}

/* A chain's rules beside those that are wanted. */
struct comparison {
	const struct nft_tx *want;
	size_t at; /* the wanted message that comes next */
	bool differs;
};

static int compare(const struct nft_rule_info *rule, void *ctx)
{
	const size_t head = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	struct comparison *comparison = ctx;
	const struct strbuf *batch = &comparison->want->batch;
	const char *at = batch->data + comparison->at;
	struct nlmsghdr hdr;
	struct attrs want;

	if (!rule) {
		comparison->at = 0;
		comparison->differs = false;
		return 0;
	}
	if (comparison->at == batch->len) {
		comparison->differs = true;
		return 0;
	}
	memcpy(&hdr, at, sizeof(hdr));
	want.data = (const uint8_t *)at + head;
	want.len = hdr.nlmsg_len - head;
	if (!attr_covers(rule->exprs, attr_in(want, NFTA_RULE_EXPRESSIONS)))
		comparison->differs = true;
	comparison->at += hdr.nlmsg_len;
	return 0;
}

int nft_rules_are(struct nft *nft, const struct nft_table *table,
		  const char *chain, const struct nft_tx *want, struct err *err)
{
	struct comparison comparison = { .want = want };
	int r;

	if (want->batch.failed)
		return err_nomem(err);
	r = nft_rules(nft, table, chain, compare, &comparison, err);
	if (r < 0)
		return r;
	return !comparison.differs && comparison.at == want->batch.len;
}
