/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/layout.h"

static int chain_is(struct nft *nft, const struct nft_layout_chain *entry,
		    struct err *err)
{
	auto_nft_tx struct nft_tx want = { .message = 0 };

	entry->rules(&want);
	return nft_rules_are(nft, entry->chain->table, entry->chain->name,
			     &want, err);
}

/* What is there already stays, and the rules are replaced as a whole. */
static void put_chain(struct nft_tx *tx, const struct nft_layout_chain *entry)
{
	nft_add_chain(tx, entry->chain, 0);
	nft_flush_chain(tx, entry->chain->table, entry->chain->name);
	entry->rules(tx);
}

static void put_sets(struct nft_tx *tx, const struct nft_layout *layout)
{
	nft_add_table(tx, layout->table, 0);
	for (size_t i = 0; i < layout->set_count; i++)
		nft_add_set(tx, layout->sets[i], 0);
}

void nft_layout_put(const struct nft_layout *layout, struct nft_tx *tx)
{
	put_sets(tx, layout);
	for (size_t i = 0; i < layout->chain_count; i++)
		put_chain(tx, &layout->chains[i]);
}

int nft_layout_repair(struct nft *nft, const struct nft_layout *layout,
		      struct nft_tx *tx, struct err *err)
{
	bool sets = false;
	int r;

	for (size_t i = 0; i < layout->chain_count; i++) {
		r = chain_is(nft, &layout->chains[i], err);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (!sets)
			put_sets(tx, layout);
		sets = true;
		put_chain(tx, &layout->chains[i]);
	}
	return 0;
}

int nft_layout_repair_chain(struct nft *nft, const struct nft_chain *chain,
			    const struct nft_tx *rules, struct nft_tx *tx,
			    struct err *err)
{
	int r = nft_rules_are(nft, chain->table, chain->name, rules, err);

	if (r != 0)
		return r < 0 ? r : 0;
	nft_add_chain(tx, chain, 0);
	nft_flush_chain(tx, chain->table, chain->name);
	nft_tx_append(tx, rules);
	return 0;
}

static const char *family_text(const struct nft_table *table)
{
	return table->family == NFPROTO_BRIDGE ? "bridge" : "inet";
}

static int check_chain(struct nft *nft, const struct nft_layout_chain *entry,
		       struct err *err)
{
	const struct nft_chain *want = entry->chain;
	struct nft_chain_info info = { .name = "" };
	int r = nft_chain_get(nft, want->table, want->name, &info, err);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "nf_tables: chain %s of table %s %s is missing",
			       want->name, family_text(want->table),
			       want->table->name);
	if (want->type &&
	    (!info.base || info.hook != want->hook ||
	     info.priority != want->priority || info.policy != NF_ACCEPT))
		return err_set(
			err, CNI_E_CHECK,
			"nf_tables: chain %s of table %s %s is at hook %u "
			"with priority %d, expected hook %u, priority %d, "
			"policy accept",
			want->name, family_text(want->table), want->table->name,
			info.hook, info.priority, want->hook, want->priority);
	r = chain_is(nft, entry, err);
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "nf_tables: chain %s of table %s %s has other "
			       "rules than expected",
			       want->name, family_text(want->table),
			       want->table->name);
	return r < 0 ? r : 0;
}

int nft_layout_check(struct nft *nft, const struct nft_layout *layout,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < layout->chain_count; i++)
		r = check_chain(nft, &layout->chains[i], err);
	return r;
}
