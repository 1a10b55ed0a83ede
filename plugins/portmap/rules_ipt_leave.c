/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/rules_ipt_leave.h"

#include <string.h>

/* What of a chain goes, and what stays. */
struct parting {
	struct ipt_list going, left, entries;
};

static void parting_free(struct parting *parting)
{
	ipt_list_free(&parting->going);
	ipt_list_free(&parting->left);
	ipt_list_free(&parting->entries);
}

#define auto_parting AUTO(parting_free)

/* What stands before the first section goes with whichever DEL comes first. */
static bool goes(const struct portmap_ipt_leaving *leaving, const char *section)
{
	if (leaving->own)
		return !*section || strcmp(section, leaving->own) == 0;
	return cni_owner_stale(section, leaving->network, leaving->valid);
}

static int put(struct ipt_list *list, const struct ipt_rule *rule)
{
	struct ipt_rule *at = ipt_list_add(list);

	if (!at)
		return -ENOMEM;
	*at = *rule;
	return 0;
}

static int part_chain(const struct ipt_list *chain, bool all,
		      const struct portmap_ipt_leaving *leaving,
		      struct parting *out)
{
	const char *section = "";
	int r = 0;

	for (size_t i = 0; r == 0 && i < chain->count; i++) {
		section = portmap_ipt_section(&chain->at[i], section);
		r = put(all || goes(leaving, section) ? &out->going
						      : &out->left,
			&chain->at[i]);
	}
	return r;
}

static bool is_used(const struct ipt_list *rules, const struct ipt_rule *entry)
{
	for (size_t i = 0; i < rules->count; i++)
		if (portmap_ipt_leads(entry, &rules->at[i]))
			return true;
	return false;
}

/* Entries to a chain from which nothing goes stay, too. */
static int part_entries(const struct ipt_list *all, const char *chain,
			struct parting *out)
{
	int r = 0;

	if (out->going.count == 0 && out->left.count > 0)
		return 0;
	for (size_t i = 0; r == 0 && i < all->count; i++)
		if (strcmp(all->at[i].target, chain) == 0 &&
		    !is_used(&out->left, &all->at[i]))
			r = put(&out->entries, &all->at[i]);
	return r;
}

/* @entries: those of the place's parent. */
static int part(const struct ipt_table *table,
		const struct portmap_ipt_place *place,
		const struct ipt_list *entries,
		const struct portmap_ipt_leaving *leaving, struct parting *out,
		struct err *err)
{
	auto_ipt_list struct ipt_list chain = { .count = 0 };
	int r = ipt_list_read(table, place->chain, &chain, err);

	if (r < 0)
		return r;
	r = part_chain(&chain, place->all, leaving, out);
	r = r ?: part_entries(entries, place->chain, out);
	return r < 0 ? err_nomem(err) : 0;
}

static void plan_rules(struct nft_tx *tx, enum ip_family family,
		       const char *chain, const struct ipt_list *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		nft_del_rule(tx, ipt_nft_table(family, "nat"), chain,
			     rules->at[i].handle);
}

static void plan(const struct portmap_ipt_target *target,
		 const struct portmap_ipt_place *place,
		 const struct parting *parting)
{
	const enum ip_family family = target->table->family;
	const struct nft_table *nat = ipt_nft_table(family, "nat");

	plan_rules(target->tx, family, place->parent, &parting->entries);
	if (parting->left.count > 0) {
		plan_rules(target->tx, family, place->chain, &parting->going);
		return;
	}
	nft_flush_chain(target->tx, nat, place->chain);
	nft_del_chain(target->tx, nat, place->chain, 0);
}

/* One line of iptables-save: "-A PARENT ... -j CHAIN". */
static bool leads_to(const char *line, size_t len, const char *parent,
		     const char *chain)
{
	size_t parent_len = strlen(parent), chain_len = strlen(chain);

	return len > parent_len + chain_len + 8 &&
	       strncmp(line, "-A ", 3) == 0 &&
	       strncmp(line + 3, parent, parent_len) == 0 &&
	       line[3 + parent_len] == ' ' &&
	       strncmp(line + len - chain_len - 4, " -j ", 4) == 0 &&
	       strncmp(line + len - chain_len, chain, chain_len) == 0;
}

int portmap_ipt_put_deletes(const struct ipt_restore *restore,
			    const char *parent, const char *chain,
			    struct strbuf *out, struct err *err)
{
	auto_strbuf struct strbuf saved = { .data = NULL };
	int r = ipt_restore_save(restore, "nat", &saved, err);
	size_t len;

	if (r < 0)
		return r;
	for (const char *at = strbuf_str(&saved); *at; at += len) {
		len = strcspn(at, "\n");
		if (leads_to(at, len, parent, chain)) {
			strbuf_puts(out, "-D");
			strbuf_add(out, at + 2, len - 2);
			strbuf_putc(out, '\n');
		}
		len += at[len] == '\n';
	}
	return out->failed ? err_nomem(err) : 0;
}

/* Beside what stays, entries stay, too, until that goes: they lead nowhere. */
static int write_lines(struct portmap_ipt_target *target,
		       const struct portmap_ipt_place *place,
		       const struct parting *parting, struct err *err)
{
	struct strbuf *out = &target->lines;
	const char *const empty[] = { ":", place->chain, " - [0:0]\n", NULL };
	const char *const gone[] = { "-F ",        place->chain, "\n-X ",
				     place->chain, "\n",         NULL };
	int r = 0;

	if (!*target->restore.path)
		r = ipt_restore_find_legacy(target->table->family,
					    &target->restore, err);
	if (r < 0)
		return r;
	if (parting->left.count == 0) {
		r = portmap_ipt_put_deletes(&target->restore, place->parent,
					    place->chain, out, err);
		ipt_put_words(out, gone);
		return r;
	}
	ipt_put_words(out, empty);
	for (size_t i = 0; i < parting->left.count; i++) {
		ipt_put_rule(out, place->chain, &parting->left.at[i], NULL);
		strbuf_putc(out, '\n');
	}
	return 0;
}

/* Nothing goes from a chain of which all is left. */
int portmap_ipt_leave(struct portmap_ipt_target *target,
		      const struct portmap_ipt_place *place,
		      const struct ipt_list *entries,
		      const struct portmap_ipt_leaving *leaving,
		      struct err *err)
{
	auto_parting struct parting parting = { .going = { .count = 0 } };
	int r = part(target->table, place, entries, leaving, &parting, err);

	if (r < 0 || (parting.going.count == 0 && parting.left.count > 0))
		return r;
	for (size_t i = 0; target->gone && i < parting.going.count; i++)
		if (put(target->gone, &parting.going.at[i]) < 0)
			return err_nomem(err);
	if (target->tx) {
		plan(target, place, &parting);
		return 0;
	}
	return write_lines(target, place, &parting, err);
}
