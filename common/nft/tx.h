/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transaction: all of its changes happen, or none.
 *
 * Building never fails visibly. What goes wrong sticks to the transaction and
 * nft_commit() reports it, so callers read as a list of changes. A refusal by
 * the kernel names the change: the text is made from the refused message.
 *
 * Tables, chains and sets are described once, by constants that the changes
 * and the queries (query.h) refer to.
 */
#pragma once

#include <netinet/in.h> /* before the kernel's, which repeats parts of it */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "common/base/ip.h"
#include "common/base/strbuf.h"
#include "common/nft/nft.h"

struct nft_table {
	uint8_t family; /* NFPROTO_* */
	const char *name;
	const char *comment; /* here and below: may be NULL */
};

struct nft_chain {
	const struct nft_table *table;
	const char *name;
	const char *type; /* "nat", "filter"; NULL: not a base chain */
	uint32_t hook;    /* NF_INET_* or NF_BR_* */
	int32_t priority;
	const char *comment;
};

/* nft's numbers of types, which tell it how to print keys and data. */
enum nft_type {
	NFT_TYPE_NONE = 0,
	NFT_TYPE_VERDICT = 1,
	NFT_TYPE_IP4 = 7,
	NFT_TYPE_IP6 = 8,
	NFT_TYPE_ETHER = 9,
	NFT_TYPE_PROTO = 12, /* one byte */
	NFT_TYPE_PORT = 13,  /* two, in network order */
	NFT_TYPE_MARK = 19,
	NFT_TYPE_IFNAME = 41,
};

#define NFT_PARTS 3

struct nft_set {
	const struct nft_table *table;
	const char *name;
	/* More than one: a concatenation. NONE ends them. */
	uint8_t key[NFT_PARTS];
	/* A set has none. VERDICT: elements name chains. */
	uint8_t data[NFT_PARTS];
	const char *comment;
};

/* A key, or data that are no verdict: one value for each part. */
struct nft_value {
	uint8_t bytes[48];
	uint8_t len, parts;
};

/* Append one part. More than there is room for is an error of ours: abort. */
void nft_value_add(struct nft_value *value, const void *bytes, size_t len);
void nft_value_ip(struct nft_value *value, const struct ip *ip);
void nft_value_port(struct nft_value *value, uint16_t port);
void nft_value_name(struct nft_value *value, const char *ifname);

struct nft_element {
	const struct nft_set *set;
	struct nft_value key;
	/* Of a verdict map: NFT_JUMP or NFT_GOTO with a chain, or NF_DROP... */
	int verdict;
	const char *chain;
	struct nft_value data; /* of another map */
	const char *comment;
};

/* What nft prints of a comment; the kernel's objects hold no more. */
#define NFT_COMMENT_MAX 128

struct nftnl_rule;

struct nft_tx {
	struct strbuf batch;     /* messages */
	struct strbuf changes;   /* what each is about; tx.c */
	size_t message;          /* where the last one begins */
	struct nftnl_rule *rule; /* being built, NULL: none */
	unsigned int exprs;      /* in it */
	bool same_generation;
	uint32_t generation;
};

#define auto_nft_tx AUTO(nft_tx_free)

/* An empty transaction; also makes a used one empty, for another try. */
void nft_tx_begin(struct nft_tx *tx);
void nft_tx_free(struct nft_tx *tx);

/*
 * Refuse the transaction (-ERESTART) if anything in this namespace's nf_tables
 * has changed since @generation; nft_generation() of query.h says it.
 */
void nft_tx_since(struct nft_tx *tx, uint32_t generation);

/* Append all changes of @from. */
void nft_tx_append(struct nft_tx *tx, const struct nft_tx *from);

/*
 * Send it. Errors: -errno of the first change that the kernel refused, named,
 * with its explanation in the details; -ERESTART, see above. The transaction
 * stays as it is. One without changes is sent to nobody and succeeds.
 */
int nft_commit(struct nft *nft, const struct nft_tx *tx,
	       struct err *err) MUST_CHECK;

/*
 * The changes. @flags: 0, or NLM_F_EXCL: -EEXIST if it is there already.
 * Without, adding a table, chain or set that is there is no change; so is an
 * element that is there with the same data, whatever its comment.
 */
void nft_add_table(struct nft_tx *tx, const struct nft_table *table,
		   uint16_t flags);
void nft_add_chain(struct nft_tx *tx, const struct nft_chain *chain,
		   uint16_t flags);
void nft_add_set(struct nft_tx *tx, const struct nft_set *set, uint16_t flags);
void nft_add_element(struct nft_tx *tx, const struct nft_element *element,
		     uint16_t flags);

/*
 * Deletions; -ENOENT if it is not there, -EBUSY for a chain or set that
 * something still refers to. A table goes with all that is in it; with
 * NLM_F_NONREC it is -EBUSY unless it is empty, and a chain with NLM_F_NONREC
 * unless it has no rules.
 */
void nft_del_table(struct nft_tx *tx, const struct nft_table *table,
		   uint16_t flags);
void nft_del_chain(struct nft_tx *tx, const struct nft_table *table,
		   const char *name, uint16_t flags);
void nft_del_set(struct nft_tx *tx, const struct nft_set *set);
void nft_del_element(struct nft_tx *tx, const struct nft_set *set,
		     const struct nft_value *key);
void nft_del_rule(struct nft_tx *tx, const struct nft_table *table,
		  const char *chain, uint64_t handle);
void nft_flush_chain(struct nft_tx *tx, const struct nft_table *table,
		     const char *name);

/* A rule, at the end of its chain: what is in it (expr.h) comes between. */
void nft_rule_open(struct nft_tx *tx, const struct nft_table *table,
		   const char *chain);
void nft_rule_close(struct nft_tx *tx, const char *comment);

/* Below: for the files of this folder. */

/*
 * Begin a message of @type (NFT_MSG_*), which is about an element of @set. It
 * has room for anything we put into one. NULL when memory ran out, which then
 * sticks.
 */
struct nlmsghdr *nft_message(struct nft_tx *tx, int type, uint16_t flags,
			     uint8_t family, const struct nft_set *set);
void nft_message_end(struct nft_tx *tx, const struct nlmsghdr *hdr);

/* Memory ran out elsewhere. */
void nft_tx_failed(struct nft_tx *tx);

/* The length of a key or data as it is in messages, and nft's type number. */
uint32_t nft_types_len(const uint8_t types[NFT_PARTS]);
uint32_t nft_types_id(const uint8_t types[NFT_PARTS]);

/* Names of the set, and one element with that key, into a message. */
struct nftnl_set_elem;
void nft_put_element(struct nlmsghdr *hdr, const struct nft_set *set,
		     struct nftnl_set_elem *elem);
struct nftnl_set_elem *nft_key_elem(const struct nft_value *key);

/* "add element 10.1.0.2 to map inet t m": the text of the message @hdr. */
void nft_describe(struct strbuf *out, const struct nlmsghdr *hdr,
		  const struct nft_set *set);
