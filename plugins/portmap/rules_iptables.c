/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adding. iptables-restore can neither add "if it is missing" nor delete "if it
 * is there": what there is, is read before it runs, under a lock. The input of
 * one run empties the container's chain and fills it anew, so the kernel never
 * has half of it. What sections of other interfaces are in it is kept.
 *
 * Entries of earlier ports are removed after it: they lead to a chain that has
 * no rule for them any more.
 */
#include <string.h>

#include "plugins/portmap/rules_ipt.h"

/* One family of an ADD. */
struct addition {
	const struct portmap_rules *rules;
	char name[IPT_CHAIN];
	struct portmap_ipt ipt;
	struct ipt_restore restore;
	struct ipt_list want, entries; /* of the chain; in CNI-HOSTPORT-DNAT */
	struct ipt_list keep;          /* other interfaces' rules */
	struct strbuf stale;           /* handles of entries */
	bool has_stale;
	bool had; /* it had something before */
	struct strbuf input;
};

static void addition_free(struct addition *add)
{
	portmap_ipt_close(&add->ipt);
	ipt_list_free(&add->want);
	ipt_list_free(&add->entries);
	ipt_list_free(&add->keep);
	strbuf_free(&add->stale);
	strbuf_free(&add->input);
}

/* What is in the chain before the first section goes, as what is our own. */
static int keep_others(struct addition *add, struct err *err)
{
	const struct ipt_list *chain = &add->ipt.chain;
	const char *own = add->want.at->comment, *section = own;

	for (size_t i = 0; i < chain->count; i++) {
		struct ipt_rule *kept;

		section = portmap_ipt_section(&chain->at[i], section);
		if (strcmp(section, own) == 0) {
			add->had = true;
			continue;
		}
		kept = ipt_list_add(&add->keep);
		if (!kept)
			return err_nomem(err);
		*kept = chain->at[i];
	}
	return 0;
}

static bool is_used(const struct ipt_list *rules, const struct ipt_rule *entry)
{
	for (size_t i = 0; i < rules->count; i++)
		if (portmap_ipt_leads(entry, &rules->at[i]))
			return true;
	return false;
}

/*
 * Of the container's entries, those that are as they are to be stay, and are
 * taken off the list. With conditions nobody knows what they are.
 */
static bool take_off(struct ipt_list *wanted, const struct ipt_rule *entry)
{
	for (size_t i = 0; i < wanted->count; i++) {
		if (portmap_ipt_conditional(entry) ||
		    !portmap_ipt_same_entry(entry, &wanted->at[i]))
			continue;
		wanted->count--;
		memmove(&wanted->at[i], &wanted->at[i + 1],
			(wanted->count - i) * sizeof(*wanted->at));
		return true;
	}
	return false;
}

static void sort_entries(struct addition *add)
{
	const struct ipt_list *there = &add->ipt.entries;

	for (size_t i = 0; i < there->count; i++) {
		const struct ipt_rule *entry = &there->at[i];

		if (strcmp(entry->target, add->name) != 0 ||
		    take_off(&add->entries, entry) ||
		    is_used(&add->keep, entry))
			continue;
		strbuf_add(&add->stale, &entry->handle, sizeof(entry->handle));
		add->has_stale = true;
	}
}

static int look(struct addition *add, struct nft *nft, enum ip_family family,
		struct err *err)
{
	const struct portmap_rules *rules = add->rules;
	int r;

	add->restore.key = PORTMAP_IPT_KEY;
	portmap_ipt_chain("CNI-DN-", rules->owner.network,
			  rules->owner.container, add->name);
	r = ipt_restore_find(family, &add->restore, err);
	r = r
		    ?: portmap_ipt_open(&add->ipt, family,
					add->restore.legacy ? NULL : nft, err);
	r = r ?: portmap_ipt_look(&add->ipt, add->name, err);
	r = r ?: portmap_ipt_look_entries(&add->ipt, err);
	r = r ?: portmap_ipt_look_shared(&add->ipt, rules->conf, err);
	r = r ?: portmap_ipt_want(rules, family, &add->want, err);
	r = r ?: portmap_ipt_want_entries(rules, family, &add->entries, err);
	r = r ?: keep_others(add, err);
	return r ?: portmap_ipt_taken(&add->ipt, rules, &add->want, false, err);
}

/* ---- The input ---- */

static bool is_as_wanted(const struct addition *add)
{
	const struct ipt_list *chain = &add->ipt.chain;
	const struct ipt_list *parts[] = { &add->keep, &add->want };
	size_t at = 0;

	if (chain->count != add->keep.count + add->want.count)
		return false;
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < parts[i]->count; j++)
			if (!portmap_ipt_same(&chain->at[at++],
					      &parts[i]->at[j]))
				return false;
	return true;
}

static void put_chain(struct addition *add)
{
	const struct ipt_list *parts[] = { &add->keep, &add->want };

	ipt_put_words(&add->input, (const char *const[]){ ":", add->name,
							  " - [0:0]\n", NULL });
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < parts[i]->count; j++) {
			ipt_put_rule(&add->input, add->name, &parts[i]->at[j],
				     NULL);
			strbuf_putc(&add->input, '\n');
		}
}

/* Each element of the configuration's list is one word of iptables. */
static void put_entries(struct addition *add)
{
	const struct cni_strings *conditions =
		portmap_ipt_conditions(add->rules->conf, add->ipt.family);
	auto_strbuf struct strbuf text = { .data = NULL };

	for (size_t i = 0; i < conditions->count; i++) {
		strbuf_putc(&text, ' ');
		ipt_put_quoted(&text, conditions->at[i]);
	}
	add->input.failed |= text.failed;
	for (size_t i = 0; i < add->entries.count; i++) {
		const char *words[] = { strbuf_str(&text), NULL };

		ipt_put_rule(&add->input, PORTMAP_DNAT, &add->entries.at[i],
			     words);
		strbuf_putc(&add->input, '\n');
	}
}

static void put_table(struct addition *add, const char *table,
		      const struct strbuf *lines)
{
	ipt_put_words(&add->input,
		      (const char *const[]){ "*", table, "\n", NULL });
	strbuf_add(&add->input, lines->data, lines->len);
	add->input.failed |= lines->failed;
}

/*
 * In the older tables entries have no handles: of what iptables-save says, all
 * of the container's are deleted, and made anew. Beside another interface's,
 * they stay until that goes.
 */
static int replace_legacy(struct addition *add, struct strbuf *lines,
			  struct err *err)
{
	const struct portmap_rules *rules = add->rules;
	int r;

	if (!add->restore.legacy || !add->has_stale)
		return 0;
	add->has_stale = false;
	if (add->keep.count > 0)
		return 0;
	ipt_list_free(&add->entries);
	r = portmap_ipt_want_entries(rules, add->ipt.family, &add->entries,
				     err);
	return r
		       ?: portmap_ipt_put_deletes(&add->restore, PORTMAP_DNAT,
						  add->name, lines, err);
}

static int compose(struct addition *add, struct err *err)
{
	auto_strbuf struct strbuf raw = { .data = NULL },
				  nat = { .data = NULL };
	const struct portmap_conf *conf = add->rules->conf;
	int r;

	sort_entries(add);
	r = replace_legacy(add, &nat, err);
	portmap_ipt_put_shared(&add->ipt, conf, "raw", &raw);
	portmap_ipt_put_shared(&add->ipt, conf, "nat", &nat);
	if (r < 0)
		return r;
	if (raw.len > 0) {
		put_table(add, "raw", &raw);
		strbuf_puts(&add->input, "COMMIT\n");
	}
	if (nat.len > 0 || add->entries.count > 0 || !is_as_wanted(add)) {
		put_table(add, "nat", &nat);
		put_chain(add);
		put_entries(add);
		strbuf_puts(&add->input, "COMMIT\n");
	}
	return add->input.failed || add->stale.failed ? err_nomem(err) : 0;
}

/* ---- */

/* Each alone: somebody else may have removed one. */
static int remove_stale(struct addition *add, struct nft *nft, struct err *err)
{
	const struct nft_table *table = ipt_nft_table(add->ipt.family, "nat");
	uint64_t handle;
	int r = 0;

	if (!add->has_stale)
		return 0;
	for (size_t at = 0; r == 0 && at < add->stale.len;
	     at += sizeof(handle)) {
		auto_nft_tx struct nft_tx tx = { .message = 0 };

		memcpy(&handle, add->stale.data + at, sizeof(handle));
		nft_del_rule(&tx, table, PORTMAP_DNAT, handle);
		r = nft_commit(nft, &tx, err);
		if (r == -ENOENT) {
			err_clear(err);
			r = 0;
		}
	}
	return r;
}

static int commit(struct addition *add, struct nft *nft, struct err *err)
{
	int r = 0;

	if (add->input.len > 0)
		r = ipt_restore_run(&add->restore, &add->input, err);
	return r ?: remove_stale(add, nft, err);
}

static const enum ip_family families[] = { IP_V4, IP_V6 };

/* Both families are looked at before either is changed. */
static int add_both(struct nft *nft, struct addition add[2], bool *changed,
		    struct err *err)
{
	const struct portmap_conf *conf = add->rules->conf;
	bool there[2];
	auto_fd int lock = -1;
	int r = ipt_lock(PORTMAP_IPT_LOCK, &lock, err);

	for (size_t i = 0; r == 0 && i < 2; i++) {
		there[i] = portmap_ipt_pod(conf, families[i])->ip.family !=
			   IP_NONE;
		if (!there[i])
			continue;
		r = look(&add[i], nft, families[i], err);
		r = r ?: compose(&add[i], err);
	}
	*changed = r == 0 && !add[0].had && !add[1].had;
	for (size_t i = 0; r == 0 && i < 2; i++)
		if (there[i])
			r = commit(&add[i], nft, err);
	return r;
}

int portmap_ipt_add(struct nft *nft, const struct portmap_rules *rules,
		    bool *changed, struct err *err)
{
	struct addition add[2] = { { .rules = rules }, { .rules = rules } };
	int r = add_both(nft, add, changed, err);

	addition_free(&add[0]);
	addition_free(&add[1]);
	/* What it had before, of a family that it no longer has. */
	for (size_t i = 0; r == 0 && i < 2; i++)
		if (portmap_ipt_pod(rules->conf, families[i])->ip.family ==
		    IP_NONE)
			r = portmap_ipt_del_family(nft, rules, families[i],
						   err);
	return r;
}

int portmap_ipt_status(struct err *err)
{
	struct ipt_restore restore = { .key = PORTMAP_IPT_KEY };

	if (ipt_restore_find(IP_V4, &restore, err) < 0)
		return err_code(err, CNI_E_UNAVAILABLE);
	return 0;
}
