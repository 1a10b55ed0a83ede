/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How elements, chains and the table go
 *
 * A chain may go when the elements that go are its only users, which its use
 * count tells (its rules count, too). The table may go when no chain is left
 * in it but the fixed ones: every element points to one of the others.
 *
 * Such plans are bound to the generation of the ruleset from before the first
 * look. An ADD in between makes them void; an ADD after them makes the chain
 * or the table anew, since it finds that what it relies on is not there.
 */
#include <string.h>

#include "common/base/text.h"
#include "plugins/bridge/rules_parts.h"

static size_t count(const struct rules_victims *victims)
{
	return victims->list.len / sizeof(struct rules_victim);
}

static const struct rules_victim *at(const struct rules_victims *victims,
				     size_t i)
{
	return (const void *)(victims->list.data +
			      i * sizeof(struct rules_victim));
}

void rules_victims_add(struct rules_victims *victims, const struct nft_set *set,
		       const struct nft_element_info *element)
{
	struct rules_victim victim = { .set = set };

	if (element->key.len > sizeof(victim.key.bytes))
		return;
	nft_value_add(&victim.key, element->key.data, element->key.len);
	if (element->chain && strlen(element->chain) < RULES_CHAIN)
		(void)text_put(victim.chain, element->chain);
	strbuf_add(&victims->list, &victim, sizeof(victim));
}

void rules_victims_free(struct rules_victims *victims)
{
	strbuf_free(&victims->list);
}

int rules_stale_collect(const struct nft_element_info *element, void *ctx)
{
	struct rules_stale *stale = ctx;

	if (!element)
		stale->victims->list.len = stale->before;
	else if (cni_owner_stale(element->comment, stale->network,
				 stale->valid))
		rules_victims_add(stale->victims, stale->set, element);
	return 0;
}

/* How many of them point to the chain of number @i; 0 if an earlier one did. */
static uint32_t pointers(const struct rules_victims *victims, size_t i)
{
	const char *chain = at(victims, i)->chain;
	uint32_t n = 0;

	if (!*chain)
		return 0;
	for (size_t j = 0; j < count(victims); j++) {
		if (strcmp(at(victims, j)->chain, chain) != 0)
			continue;
		if (j < i)
			return 0;
		n++;
	}
	return n;
}

/* Is @going, its rules and what will not point to it any more, all its use? */
static int chain_unused(struct nft *nft, const struct nft_table *table,
			const char *chain, uint32_t going, struct err *err)
{
	struct nft_chain_info info = { .use = 0 };
	int r = nft_chain_get(nft, table, chain, &info, err);

	if (r <= 0)
		return r;
	return !info.base && info.use <= going;
}

static int count_rule(const struct nft_rule_info *rule, void *ctx)
{
	uint32_t *n = ctx;

	*n = rule ? *n + 1 : 0;
	return 0;
}

/* Plan to remove the chains that lose their last user; counts them. */
static int plan_chains(struct nft *nft, const struct nft_table *table,
		       const struct rules_victims *victims, struct nft_tx *tx,
		       uint32_t *gone, struct err *err)
{
	for (size_t i = 0; i < count(victims); i++) {
		const char *chain = at(victims, i)->chain;
		uint32_t n = pointers(victims, i), rules = 0;
		int r;

		if (n == 0)
			continue;
		r = nft_rules(nft, table, chain, count_rule, &rules, err);
		r = r ?: chain_unused(nft, table, chain, n + rules, err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		nft_del_chain(tx, table, chain, 0);
		++*gone;
	}
	return 0;
}

/* What is in the table. */
struct census {
	const struct nft_layout *layout;
	uint32_t others; /* chains that are not the layout's */
};

static int count_other(const struct nft_chain_info *chain, void *ctx)
{
	struct census *census = ctx;

	if (!chain) {
		census->others = 0;
		return 0;
	}
	for (size_t i = 0; i < census->layout->chain_count; i++)
		if (strcmp(chain->name,
			   census->layout->chains[i].chain->name) == 0)
			return 0;
	census->others++;
	return 0;
}

/* Is nothing left when @gone chains are? */
static int table_unused(struct nft *nft, const struct nft_layout *layout,
			uint32_t gone, struct err *err)
{
	struct census census = { .layout = layout };
	uint32_t use = 0;
	int r = nft_table_get(nft, layout->table, &use, err);

	if (r <= 0)
		return r;
	/* Listing chains is not constant work, so only when it may be so. */
	if (use > layout->set_count + layout->chain_count + gone)
		return 0;
	r = nft_chains(nft, layout->table, count_other, &census, err);
	return r < 0 ? r : census.others == gone;
}

static void plan_elements(const struct rules_victims *victims,
			  struct nft_tx *tx)
{
	for (size_t i = 0; i < count(victims); i++)
		nft_del_element(tx, at(victims, i)->set, &at(victims, i)->key);
}

int rules_victims_plan(struct nft *nft, const struct nft_layout *layout,
		       const struct rules_victims *victims, bool tidy,
		       struct nft_tx *tx, struct err *err)
{
	auto_nft_tx struct nft_tx chains = { .message = 0 };
	uint32_t gone = 0;
	int r = 0;

	if (victims->list.failed)
		return err_nomem(err);
	if (count(victims) == 0)
		return 0;
	if (tidy) {
		r = plan_chains(nft, layout->table, victims, &chains, &gone,
				err);
		r = r ?: table_unused(nft, layout, gone, err);
	}
	if (r > 0)
		nft_del_table(tx, layout->table, 0);
	if (r != 0)
		return r;
	plan_elements(victims, tx);
	nft_tx_append(tx, &chains);
	return tidy;
}
