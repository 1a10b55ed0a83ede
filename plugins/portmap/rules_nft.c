/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/rules_nft.h"

#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "plugins/portmap/claims.h"
#include "plugins/portmap/leftovers.h"

/* How often others may change what a plan was made for. */
#define TRIES 96

/* So often the table is to go with its last attachment; then it may stay. */
#define TIDY_TRIES 64

/* One attachment, with the names of what it has. */
struct owner {
	char text[OWNER_TEXT], chain[POD_CHAIN];
};

static struct owner owner_of(const struct cni_owner *owner)
{
	struct owner out = { .text = "" };

	(void)cni_owner_text(owner, out.text);
	(void)pod_chain(out.text, out.chain);
	return out;
}

/* What makes a plan worthless, but not the next one. */
static bool is_outdated(int r)
{
	return r == -EEXIST || r == -ENOENT || r == -EBUSY || r == -ERESTART;
}

/* 1: the element is there, and of this owner; 0: not there, or another's. */
static int is_own(struct nft *nft, const struct claim *claim,
		  const struct owner *owner, struct err *err)
{
	struct nft_element_info info = { .comment = "" };
	int r = nft_element_get(nft, claim->set, &claim->key, &info, err);

	if (r <= 0)
		return r;
	return strcmp(info.comment, owner->text) == 0;
}

/* ---- DEL ---- */

static bool is_kept(const struct claims *keep, const struct claim *claim)
{
	for (size_t i = 0; i < keep->count; i++)
		if (keep->at[i].set == claim->set &&
		    keep->at[i].key.len == claim->key.len &&
		    memcmp(keep->at[i].key.bytes, claim->key.bytes,
			   claim->key.len) == 0)
			return true;
	return false;
}

/*
 * Plan to remove the owner's elements, but for those of @keep, and what is in
 * its chain. Returns 1 if it has a chain, 0 if it has nothing.
 */
static int plan_forget(struct nft *nft, const struct owner *owner,
		       const struct claims *keep, struct nft_tx *tx,
		       struct err *err)
{
	auto_claims struct claims listed = { .count = 0 };
	int r = claims_listed(nft, owner->chain, &listed, err);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < listed.count; i++) {
		if (is_kept(keep, &listed.at[i]))
			continue;
		r = is_own(nft, &listed.at[i], owner, err);
		if (r < 0)
			return r;
		if (r > 0)
			nft_del_element(tx, listed.at[i].set,
					&listed.at[i].key);
	}
	nft_flush_chain(tx, portmap_layout.table, owner->chain);
	return 1;
}

static int has_chain(struct nft *nft, const struct owner *owner,
		     struct err *err)
{
	struct nft_chain_info info;

	return nft_chain_get(nft, portmap_layout.table, owner->chain, &info,
			     err);
}

/*
 * With its last attachment the whole table goes. To know that it is the last,
 * nothing may change between the question and the commit: of two that go at
 * once, each would see the other.
 */
static int plan_del(struct nft *nft, const struct owner *owner, bool tidy,
		    struct nft_tx *tx, struct err *err)
{
	static const struct claims none = { .count = 0 };
	uint32_t generation = 0, use = 0;
	int r;

	if (tidy) {
		r = nft_generation(nft, &generation, err);
		r = r ?: nft_table_get(nft, portmap_layout.table, &use, err);
		if (r <= 0)
			return r;
		nft_tx_since(tx, generation);
	}
	if (tidy && use == PORTMAP_LAYOUT_USE + 1) {
		r = has_chain(nft, owner, err);
		if (r > 0)
			nft_del_table(tx, portmap_layout.table, 0);
		return r < 0 ? r : 0;
	}
	r = plan_forget(nft, owner, &none, tx, err);
	if (r <= 0)
		return r;
	nft_del_chain(tx, portmap_layout.table, owner->chain, 0);
	return 0;
}

/* @rules: whose leftovers go with it; NULL: nobody's. */
static int forget(struct nft *nft, const struct owner *owner,
		  const struct portmap_rules *rules, struct err *err)
{
	auto_fd int lock = -1;
	struct err why = { .code = CNI_OK };
	int r = -ERESTART;

	for (int i = 0; is_outdated(r) && i < TRIES; i++) {
		auto_nft_tx struct nft_tx tx = { .message = 0 };

		err_clear(&why);
		r = plan_del(nft, owner, i < TIDY_TRIES, &tx, &why);
		if (r == 0 && rules)
			r = portmap_leftovers_del(nft, rules, &lock, &tx, &why);
		r = r ?: nft_commit(nft, &tx, &why);
	}
	if (r < 0)
		*err = why;
	return is_outdated(r) ? err_code(err, CNI_E_AGAIN) : r;
}

int portmap_nft_forget(struct nft *nft, const char *owner, struct err *err)
{
	struct owner all;

	(void)text_putn(all.text, owner, strnlen(owner, OWNER_TEXT - 1));
	(void)pod_chain(all.text, all.chain);
	return forget(nft, &all, NULL, err);
}

int portmap_nft_del(struct nft *nft, const struct portmap_rules *rules,
		    struct err *err)
{
	const struct owner owner = owner_of(&rules->owner);

	return forget(nft, &owner, rules, err);
}

/* ---- ADD ---- */

static void put_claim(const struct owner *owner, const struct claim *claim,
		      struct nft_tx *tx)
{
	const struct nft_element element = {
		.set = claim->set,
		.key = claim->key,
		.data = claim->data,
		.comment = owner->text,
	};

	nft_add_element(tx, &element, NLM_F_EXCL);
}

/*
 * A port has one holder. IPAM says whose an address is: of whoever had it
 * before, it is not.
 */
static int plan_claim(struct nft *nft, const struct owner *owner,
		      const struct claim *claim, struct nft_tx *tx,
		      struct err *err)
{
	const bool port = claim->data.len > 0;
	struct nft_element_info now = { .comment = "" };
	int r = nft_element_get(nft, claim->set, &claim->key, &now, err);

	if (r < 0)
		return r;
	if (r > 0 && port && strcmp(now.comment, owner->text) != 0)
		return claims_taken(claim, now.comment, err);
	if (r > 0)
		nft_del_element(tx, claim->set, &claim->key);
	put_claim(owner, claim, tx);
	return 0;
}

/* Which of the two rules for subnets are missing. */
static int look_near(struct nft *nft, const struct cidr *const pods[2],
		     bool missing[2], struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < 2; i++) {
		missing[i] = false;
		if (pods[i]->ip.family == IP_NONE)
			continue;
		r = near_has(nft, pods[i]->ip.family, pods[i]->len, err);
		missing[i] = r == 0;
	}
	return r < 0 ? r : 0;
}

/*
 * Of two first ADDs at once, each would add the rule: so the second must see
 * that something has changed since it looked.
 */
static int plan_near(struct nft *nft, const struct cidr *const pods[2],
		     bool missing[2], struct nft_tx *tx, struct err *err)
{
	uint32_t generation;
	int r = look_near(nft, pods, missing, err);

	if (r < 0 || !(missing[0] || missing[1]))
		return r;
	r = nft_generation(nft, &generation, err);
	r = r ?: look_near(nft, pods, missing, err);
	if (r < 0)
		return r;
	nft_tx_since(tx, generation);
	nft_add_table(tx, portmap_layout.table, 0);
	nft_add_chain(tx, &portmap_near, 0);
	return 0;
}

static void put_near(const struct cidr *const pods[2], const bool missing[2],
		     struct nft_tx *tx)
{
	for (size_t i = 0; i < 2; i++)
		if (missing[i])
			near_rule(tx, pods[i]->ip.family, pods[i]->len);
}

/* What the table has for everybody, and the rules for these subnets. */
static int plan_layout(struct nft *nft, const struct portmap_conf *conf,
		       struct nft_tx *tx, struct err *err)
{
	const struct cidr *const pods[] = { &conf->pod4, &conf->pod6 };
	bool missing[2];
	int r;

	r = plan_near(nft, pods, missing, tx, err);
	r = r ?: nft_layout_repair(nft, &portmap_layout, tx, err);
	if (r == 0)
		put_near(pods, missing, tx);
	return r;
}

/* The same where there is no table. */
static void put_layout(const struct portmap_conf *conf, struct nft_tx *tx)
{
	const struct cidr *const pods[] = { &conf->pod4, &conf->pod6 };
	const bool missing[] = { conf->pod4.ip.family != IP_NONE,
				 conf->pod6.ip.family != IP_NONE };

	nft_add_table(tx, portmap_layout.table, 0);
	nft_add_chain(tx, &portmap_near, 0);
	nft_layout_put(&portmap_layout, tx);
	put_near(pods, missing, tx);
}

/*
 * Is there a table? If not, nobody has anything, and nothing is asked for. That
 * must still be so when it is made.
 */
static int look_table(struct nft *nft, struct nft_tx *tx, struct err *err)
{
	uint32_t generation;
	int r = nft_table_get(nft, portmap_layout.table, NULL, err);

	if (r != 0)
		return r;
	r = nft_generation(nft, &generation, err);
	r = r ?: nft_table_get(nft, portmap_layout.table, NULL, err);
	if (r == 0)
		nft_tx_since(tx, generation);
	return r;
}

/*
 * What the table has for everybody, without what the owner had. Returns 1, or 0
 * if the table is new.
 */
static int plan_shared(struct nft *nft, const struct portmap_rules *rules,
		       const struct owner *owner, const struct claims *all,
		       struct nft_tx *tx, struct err *err)
{
	int r = look_table(nft, tx, err);

	if (r == 0)
		put_layout(rules->conf, tx);
	if (r <= 0)
		return r;
	r = plan_layout(nft, rules->conf, tx, err);
	if (r == 0)
		r = plan_forget(nft, owner, all, tx, err);
	return r < 0 ? r : 1;
}

static int plan_add(struct nft *nft, const struct portmap_rules *rules,
		    struct nft_tx *tx, struct err *err)
{
	auto_claims struct claims all = { .count = 0 };
	const struct owner owner = owner_of(&rules->owner);
	const struct nft_chain chain = { .table = portmap_layout.table,
					 .name = owner.chain,
					 .comment = owner.text };
	size_t ports;
	int there, r;

	r = claims_of(rules->conf, &all, err);
	ports = all.count;
	r = r ?: claims_of_pods(rules->conf, &all, err);
	there = r ?: plan_shared(nft, rules, &owner, &all, tx, err);
	if (there < 0)
		return there;
	nft_add_chain(tx, &chain, 0);
	pod_rules(tx, rules, all.at, ports);
	for (size_t i = 0; r == 0 && i < all.count; i++) {
		if (there)
			r = plan_claim(nft, &owner, &all.at[i], tx, err);
		else
			put_claim(&owner, &all.at[i], tx);
	}
	return r;
}

int portmap_nft_add(struct nft *nft, const struct portmap_rules *rules,
		    struct err *err)
{
	auto_fd int lock = -1;
	struct err why = { .code = CNI_OK };
	int r = -ERESTART;

	for (int i = 0; is_outdated(r) && i < TRIES; i++) {
		auto_nft_tx struct nft_tx tx = { .message = 0 };

		err_clear(&why);
		r = plan_add(nft, rules, &tx, &why);
		r = r ?: portmap_leftovers_del(nft, rules, &lock, &tx, &why);
		r = r ?: nft_commit(nft, &tx, &why);
	}
	if (r < 0)
		*err = why;
	return is_outdated(r) ? err_code(err, CNI_E_AGAIN) : r;
}

/* Who holds one of the ports? An element of this owner's is no matter. */
int portmap_nft_taken(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err)
{
	auto_claims struct claims ports = { .count = 0 };
	const struct owner owner = owner_of(&rules->owner);
	int r = nft_table_get(nft, portmap_layout.table, NULL, err);

	if (r <= 0)
		return r;
	r = claims_of(rules->conf, &ports, err);
	for (size_t i = 0; r == 0 && i < ports.count; i++) {
		const struct claim *claim = &ports.at[i];
		struct nft_element_info now = { .comment = "" };

		r = nft_element_get(nft, claim->set, &claim->key, &now, err);
		if (r > 0)
			r = strcmp(now.comment, owner.text) == 0
				    ? 0
				    : claims_taken(claim, now.comment, err);
	}
	return r;
}
