/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table whose sets and base chains are always the same, whatever the sets
 * hold: made when it is missing, repaired when somebody flushed it.
 */
#pragma once

#include "common/nft/query.h"

/* A chain, and what puts its rules into a transaction. */
struct nft_layout_chain {
	const struct nft_chain *chain;
	void (*rules)(struct nft_tx *tx);
};

struct nft_layout {
	const struct nft_table *table;
	size_t set_count, chain_count;
	const struct nft_set *const *sets;
	const struct nft_layout_chain *chains; /* those jumped to first */
};

/* Append all of it to @tx: what is there already becomes what it should be. */
void nft_layout_put(const struct nft_layout *layout, struct nft_tx *tx);

/*
 * Append to @tx what is missing or different. Costs a question for each chain;
 * where all is well, nothing is appended. Two processes that repair at once do
 * no harm, because what is appended has the same effect twice.
 */
int nft_layout_repair(struct nft *nft, const struct nft_layout *layout,
		      struct nft_tx *tx, struct err *err) MUST_CHECK;

/* Errors: CNI_E_CHECK, saying which chain is missing or different. */
int nft_layout_check(struct nft *nft, const struct nft_layout *layout,
		     struct err *err) MUST_CHECK;

/*
 * A chain of the table with these rules, which is not part of the layout: the
 * same, @rules being a transaction with its rules alone.
 */
int nft_layout_repair_chain(struct nft *nft, const struct nft_chain *chain,
			    const struct nft_tx *rules, struct nft_tx *tx,
			    struct err *err) MUST_CHECK;
