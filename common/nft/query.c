/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/query.h"

#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "common/base/trace.h"
#include "common/nft/comment.h"

#define DUMP_RETRIES 16

/* A question: the message that asks, who listens, how it went. */
struct query {
	struct nft *nft;
	struct nft_tx ask; /* one message, sent as it is, without a frame */
	struct nlmsghdr *hdr;
	const struct nft_set *set;
	const struct nft_table *table;
	int (*each)(struct attrs object, struct query *query);
	void *ctx;
	union {
		nft_table_fn *table;
		nft_element_fn *element;
		nft_rule_fn *rule;
		nft_chain_fn *chain;
	} fn;
	void *out;
	uint32_t seq;
	bool list; /* else one object, or a refusal, and nothing after it */
	bool found, interrupted;
	int failed; /* what @each returned, once it was not 0 */
};

static void query_release(struct query *query)
{
	nft_tx_free(&query->ask);
}

#define auto_query AUTO(query_release)

static void ask(struct query *query, int type, uint8_t family)
{
	query->hdr =
		nft_message(&query->ask, type, query->list ? NLM_F_DUMP : 0,
			    family, query->set);
}

static void ask_str(struct query *query, uint16_t type, const char *text)
{
	if (query->hdr)
		mnl_attr_put_strz(query->hdr, type, text);
}

/*
 * What @query makes of one message. Returns true when it was the last one. No
 * ACK follows an object that was asked for: it would take its place in the
 * session's buffer.
 */
static bool take(struct query *query, const struct nlmsghdr *hdr, int *verdict)
{
	size_t head = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	const uint8_t *data = (const uint8_t *)hdr;

	if (hdr->nlmsg_flags & NLM_F_DUMP_INTR)
		query->interrupted = true;
	if (hdr->nlmsg_type == NLMSG_ERROR || hdr->nlmsg_type == NLMSG_DONE) {
		*verdict = nft_verdict(query->nft, hdr);
		return true;
	}
	/* The rest is read all the same: the socket must be left clean. */
	if (hdr->nlmsg_len < head || query->failed)
		return false;
	query->found = true;
	query->failed = query->each(
		(struct attrs){ data + head, hdr->nlmsg_len - head }, query);
	return !query->list;
}

static int collect(struct query *query)
{
	const struct nlmsghdr *hdr;
	int verdict = 0, r;
	size_t at;

	for (;;) {
		r = nft_receive(query->nft, true);
		if (r < 0)
			return r;
		for (at = 0; (hdr = nft_answer(query->nft, (size_t)r, &at));)
			if (hdr->nlmsg_seq == query->seq &&
			    take(query, hdr, &verdict))
				return verdict ?: query->failed;
	}
}

static int exchange(struct query *query)
{
	int r;

	query->seq = ++query->nft->seq;
	query->nft->extack[0] = '\0';
	query->interrupted = false;
	query->found = false;
	query->failed = 0;
	query->hdr->nlmsg_seq = query->seq;
	r = nft_send(query->nft, query->hdr, query->hdr->nlmsg_len);
	return r ?: collect(query);
}

/* A lost part (ENOBUFS) is cured like an interrupted list: by another one. */
static int exchanges(struct query *query)
{
	int r;

	for (int i = 0; i <= DUMP_RETRIES; i++) {
		if (i > 0)
			(void)query->each((struct attrs){ .data = NULL },
					  query);
		r = exchange(query);
		if (r != -ENOBUFS && !(r == 0 && query->interrupted))
			return r;
	}
	return -EAGAIN;
}

static int report(struct query *query, uint64_t start, int r, struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };

	if (r >= 0 && start == 0)
		return r;
	nft_describe(&text, query->hdr, query->set);
	trace_end(start, r, "nft", "%s%s", strbuf_str(&text),
		  r == 0 ? " (not there)" : "");
	if (r >= 0)
		return r;
	r = err_sys(err, -r, "nf_tables: %s", strbuf_str(&text));
	if (*query->nft->extack)
		(void)err_hint(err, "kernel: %s", query->nft->extack);
	return r == -EAGAIN ? err_code(err, CNI_E_AGAIN) : r;
}

/* Returns 1, or 0 if the kernel said that there is no such thing. */
static int run(struct query *query, struct err *err)
{
	uint64_t start;
	int r;

	if (!query->hdr || query->ask.batch.failed)
		return err_nomem(err);
	r = nft_open(query->nft, err);
	if (r < 0)
		return r;
	start = trace_start();
	r = exchanges(query);
	if (r == -ENOENT)
		r = 0;
	else if (r == 0)
		r = query->found;
	return report(query, start, r, err);
}

static int take_generation(struct attrs object, struct query *query)
{
	uint32_t *out = query->out;

	if (object.data)
		*out = attr_u32(object, NFTA_GEN_ID, 0);
	return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by the query */
int nft_generation(struct nft *nft, uint32_t *out, struct err *err)
{
	auto_query struct query query = { .nft = nft,
					  .each = take_generation,
					  .out = out };
	int r;

	ask(&query, NFT_MSG_GETGEN, AF_UNSPEC);
	r = run(&query, err);
	return r < 0 ? r : 0;
}

static int take_table(struct attrs object, struct query *query)
{
	uint32_t *out = query->out;

	if (object.data && out)
		*out = attr_u32(object, NFTA_TABLE_USE, 0);
	return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written to by the query */
int nft_table_get(struct nft *nft, const struct nft_table *table, uint32_t *use,
		  struct err *err)
{
	auto_query struct query query = { .nft = nft,
					  .each = take_table,
					  .out = use };

	ask(&query, NFT_MSG_GETTABLE, table->family);
	ask_str(&query, NFTA_TABLE_NAME, table->name);
	return run(&query, err);
}

static void read_chain(struct attrs object, struct nft_chain_info *out)
{
	struct attrs hook = attr_in(object, NFTA_CHAIN_HOOK);

	out->name = attr_str(object, NFTA_CHAIN_NAME) ?: "";
	out->use = attr_u32(object, NFTA_CHAIN_USE, 0);
	out->base = hook.data != NULL;
	out->type = attr_str(object, NFTA_CHAIN_TYPE) ?: "";
	out->policy = attr_u32(object, NFTA_CHAIN_POLICY, NF_ACCEPT);
	out->hook = attr_u32(hook, NFTA_HOOK_HOOKNUM, 0);
	out->priority = (int32_t)attr_u32(hook, NFTA_HOOK_PRIORITY, 0);
}

static int take_chain(struct attrs object, struct query *query)
{
	if (object.data)
		read_chain(object, query->out);
	return 0;
}

int nft_chain_get(struct nft *nft, const struct nft_table *table,
		  const char *name, struct nft_chain_info *out, struct err *err)
{
	auto_query struct query query = { .nft = nft,
					  .each = take_chain,
					  .out = out };

	ask(&query, NFT_MSG_GETCHAIN, table->family);
	ask_str(&query, NFTA_CHAIN_TABLE, table->name);
	ask_str(&query, NFTA_CHAIN_NAME, name);
	return run(&query, err);
}

/* "Not there" ends the list of what is in it, too. */
static int run_list(struct query *query, struct err *err)
{
	int r = run(query, err);

	return r < 0 ? r : 0;
}

static int each_table(struct attrs object, struct query *query)
{
	const char *name =
		object.data ? attr_str(object, NFTA_TABLE_NAME) : NULL;

	if (object.data && !name)
		return -EBADMSG;
	return query->fn.table(name, query->ctx);
}

int nft_tables(struct nft *nft, nft_table_fn *fn, void *ctx, struct err *err)
{
	auto_query struct query query = { .nft = nft,
					  .list = true,
					  .each = each_table,
					  .fn.table = fn,
					  .ctx = ctx };

	ask(&query, NFT_MSG_GETTABLE, AF_UNSPEC);
	return run_list(&query, err);
}

static int each_chain(struct attrs object, struct query *query)
{
	struct nft_chain_info info;
	const char *in;

	if (!object.data)
		return query->fn.chain(NULL, query->ctx);
	in = attr_str(object, NFTA_CHAIN_TABLE);
	if (!in || strcmp(in, query->table->name) != 0)
		return 0;
	read_chain(object, &info);
	return query->fn.chain(&info, query->ctx);
}

/* The kernel lists the chains of all tables. */
int nft_chains(struct nft *nft, const struct nft_table *table, nft_chain_fn *fn,
	       void *ctx, struct err *err)
{
	auto_query struct query query = { .nft = nft,
					  .list = true,
					  .each = each_chain,
					  .table = table,
					  .fn.chain = fn,
					  .ctx = ctx };

	ask(&query, NFT_MSG_GETCHAIN, table->family);
	return run_list(&query, err);
}

static int each_rule(struct attrs object, struct query *query)
{
	struct nft_rule_info info;

	if (!object.data)
		return query->fn.rule(NULL, query->ctx);
	info.handle = attr_u64(object, NFTA_RULE_HANDLE, 0);
	info.exprs = attr_in(object, NFTA_RULE_EXPRESSIONS);
	info.comment =
		nft_comment(attr_in(object, NFTA_RULE_USERDATA), NFT_COMMENT);
	return query->fn.rule(&info, query->ctx);
}

int nft_rules(struct nft *nft, const struct nft_table *table, const char *chain,
	      nft_rule_fn *fn, void *ctx, struct err *err)
{
	auto_query struct query query = { .nft = nft,
					  .list = true,
					  .each = each_rule,
					  .fn.rule = fn,
					  .ctx = ctx };

	ask(&query, NFT_MSG_GETRULE, table->family);
	ask_str(&query, NFTA_RULE_TABLE, table->name);
	ask_str(&query, NFTA_RULE_CHAIN, chain);
	return run_list(&query, err);
}

static void read_element(struct attrs elem, struct nft_element_info *out)
{
	struct attrs data = attr_in(elem, NFTA_SET_ELEM_DATA);
	struct attrs verdict = attr_in(data, NFTA_DATA_VERDICT);

	out->key = attr_in(attr_in(elem, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
	out->data = attr_in(data, NFTA_DATA_VALUE);
	out->verdict = (int)attr_u32(verdict, NFTA_VERDICT_CODE, 0);
	out->chain = attr_str(verdict, NFTA_VERDICT_CHAIN);
	out->comment =
		nft_comment(attr_in(elem, NFTA_SET_ELEM_USERDATA), NFT_COMMENT);
}

static int take_element(struct attrs object, struct query *query)
{
	struct attrs list = attr_in(object, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct attr elem;

	if (!attr_find(list, NFTA_LIST_ELEM, &elem))
		return 0;
	read_element(elem.in, query->out);
	return 0;
}

int nft_element_get(struct nft *nft, const struct nft_set *set,
		    const struct nft_value *key, struct nft_element_info *out,
		    struct err *err)
{
	auto_query struct query query = {
		.nft = nft, .set = set, .each = take_element, .out = out
	};
	struct nftnl_set_elem *elem = nft_key_elem(key);
	int r;

	ask(&query, NFT_MSG_GETSETELEM, set->table->family);
	if (elem && query.hdr)
		nft_put_element(query.hdr, set, elem);
	else
		nft_tx_failed(&query.ask);
	r = run(&query, err);
	if (elem)
		nftnl_set_elem_free(elem);
	return r;
}

static int each_element(struct attrs object, struct query *query)
{
	struct attrs list = attr_in(object, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nft_element_info info;
	struct attr elem;
	int r = 0;

	if (!object.data)
		return query->fn.element(NULL, query->ctx);
	while (r == 0 && attr_next(&list, &elem)) {
		read_element(elem.in, &info);
		r = query->fn.element(&info, query->ctx);
	}
	return r;
}

int nft_elements(struct nft *nft, const struct nft_set *set, nft_element_fn *fn,
		 void *ctx, struct err *err)
{
	auto_query struct query query = { .nft = nft,
					  .list = true,
					  .set = set,
					  .each = each_element,
					  .fn.element = fn,
					  .ctx = ctx };

	ask(&query, NFT_MSG_GETSETELEM, set->table->family);
	ask_str(&query, NFTA_SET_ELEM_LIST_TABLE, set->table->name);
	ask_str(&query, NFTA_SET_ELEM_LIST_SET, set->name);
	return run_list(&query, err);
}
