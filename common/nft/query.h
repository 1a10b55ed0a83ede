/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions: one object by name or key, in constant time, or all of a kind.
 *
 * Those that return "there or not" return 1 or 0. Not there is also what is
 * in a table, chain or set that is not there. What they return points into
 * the session's buffer: it is valid until the session's next request.
 *
 * Errors: -errno of the kernel, named; CNI_E_AGAIN (-EAGAIN) for a list that
 * changes faster than it can be read.
 */
#pragma once

#include "common/nft/tx.h"

/* The number that each change of anything in this namespace increases. */
int nft_generation(struct nft *nft, uint32_t *out, struct err *err) MUST_CHECK;

/* @use (may be NULL): how many chains and sets are in it. */
int nft_table_get(struct nft *nft, const struct nft_table *table, uint32_t *use,
		  struct err *err) MUST_CHECK;

/* The names of all tables, of all families; NULL: the list starts again. */
typedef int nft_table_fn(const char *name, void *ctx);
int nft_tables(struct nft *nft, nft_table_fn *fn, void *ctx,
	       struct err *err) MUST_CHECK;

struct nft_chain_info {
	const char *name;
	uint32_t use; /* its rules, and what jumps to it */
	bool base;
	const char *type; /* of a base chain, as are those below */
	uint32_t hook, policy;
	int32_t priority;
};

int nft_chain_get(struct nft *nft, const struct nft_table *table,
		  const char *name, struct nft_chain_info *out,
		  struct err *err) MUST_CHECK;

struct nft_element_info {
	struct attrs key; /* its bytes */
	int verdict;      /* of a verdict map, as is @chain (may be NULL) */
	const char *chain;
	struct attrs data;   /* of another map */
	const char *comment; /* "" if it has none */
};

int nft_element_get(struct nft *nft, const struct nft_set *set,
		    const struct nft_value *key, struct nft_element_info *out,
		    struct err *err) MUST_CHECK;

struct nft_rule_info {
	uint64_t handle;
	struct attrs exprs;
	const char *comment;
};

/*
 * Called for each object of a list, and with NULL when the list starts again,
 * because it changed meanwhile: forget what you had. Returns 0 or -errno, which
 * ends the list.
 */
typedef int nft_element_fn(const struct nft_element_info *element, void *ctx);
typedef int nft_rule_fn(const struct nft_rule_info *rule, void *ctx);
typedef int nft_chain_fn(const struct nft_chain_info *chain, void *ctx);

int nft_elements(struct nft *nft, const struct nft_set *set, nft_element_fn *fn,
		 void *ctx, struct err *err) MUST_CHECK;
int nft_rules(struct nft *nft, const struct nft_table *table, const char *chain,
	      nft_rule_fn *fn, void *ctx, struct err *err) MUST_CHECK;
/* The chains of a table. */
int nft_chains(struct nft *nft, const struct nft_table *table, nft_chain_fn *fn,
	       void *ctx, struct err *err) MUST_CHECK;

/*
 * Are the rules of @chain exactly those of @want, a transaction with nothing
 * but rules for it? Comments do not count. Returns 1 or 0.
 */
int nft_rules_are(struct nft *nft, const struct nft_table *table,
		  const char *chain, const struct nft_tx *want,
		  struct err *err) MUST_CHECK;

/* Reading one expression after the other; false at the end. */
struct nft_expr_info {
	const char *name;
	struct attrs data;
};

bool nft_expr_next(struct attrs *rest, struct nft_expr_info *out);

/* The chain that the rule jumps or goes to, or NULL. */
const char *nft_rule_target(const struct nft_rule_info *rule);
