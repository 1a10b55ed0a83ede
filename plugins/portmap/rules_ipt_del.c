/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing: of one attachment, or what a list of valid ones lacks.
 *
 * In nf_tables that is part of one transaction, and nothing is run. For the
 * older tables iptables-legacy-save and -restore run, if there is something to
 * remove.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "plugins/portmap/rules_ipt_leave.h"

/* ---- DEL ---- */

static const char *const prefixes[] = { "CNI-DN-", "CNI-SN-" };
static const char *const parents[] = { PORTMAP_DNAT, PORTMAP_SNAT };

/* What a sibling's ADD has looked at must not go before it is done. */
static int take_lock(struct portmap_ipt_target *target, struct err *err)
{
	if (!target->lock || *target->lock >= 0)
		return 0;
	return ipt_lock(PORTMAP_IPT_LOCK, target->lock, err);
}

static int leave_chain(struct portmap_ipt_target *target, size_t kind,
		       const char *hash,
		       const struct portmap_ipt_leaving *leaving, bool all,
		       struct err *err)
{
	auto_ipt_list struct ipt_list entries = { .count = 0 };
	char chain[IPT_CHAIN];
	struct portmap_ipt_place place = { parents[kind], chain, all };
	int r;

	(void)text_put(text_put(chain, prefixes[kind]), hash);
	r = ipt_chain(target->table, chain, err);
	if (r <= 0)
		return r;
	r = take_lock(target, err);
	r = r ?: ipt_list_read(target->table, place.parent, &entries, err);
	return r ?: portmap_ipt_leave(target, &place, &entries, leaving, err);
}

static int del_from(struct portmap_ipt_target *target,
		    const struct portmap_rules *rules, struct err *err)
{
	char own[OWNER_TEXT], chain[IPT_CHAIN];
	const struct portmap_ipt_leaving leaving = {
		.own = cni_owner_text(&rules->owner, own)
	};
	int r;

	portmap_ipt_chain("CNI-DN-", rules->owner.network,
			  rules->owner.container, chain);
	r = leave_chain(target, 0, chain + 7, &leaving, false, err);
	return r ?: leave_chain(target, 1, chain + 7, &leaving, true, err);
}

/* ---- GC ---- */

/* The chains of a network's containers, each once; or of those of the list. */
static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

typedef char chain_name[IPT_CHAIN]; /* NOLINT: for qsort() and bsearch() */

struct names {
	size_t count;
	chain_name *at;
};

static void names_free(struct names *names)
{
	free(names->at);
}

#define auto_names AUTO(names_free)

static void names_sort(struct names *names)
{
	size_t kept = 0;

	if (names->count == 0)
		return;
	qsort(names->at, names->count, sizeof(*names->at), by_name);
	for (size_t i = 1; i < names->count; i++)
		if (strcmp(names->at[i], names->at[kept]) != 0)
			memmove(names->at[++kept], names->at[i], IPT_CHAIN);
	names->count = kept + 1;
}

static int names_valid(const struct portmap_ipt_leaving *leaving,
		       struct names *out)
{
	out->at = calloc(leaving->valid->count + 1, sizeof(*out->at));
	if (!out->at)
		return -ENOMEM;
	for (size_t i = 0; i < leaving->valid->count; i++)
		portmap_ipt_chain("CNI-DN-", leaving->network,
				  leaving->valid->at[i].container,
				  out->at[out->count++]);
	names_sort(out);
	return 0;
}

/* By the comment; of one that was cut, the network's name is whole or not. */
static bool is_of(const struct ipt_rule *entry, const char *network)
{
	const size_t len = strlen(network);

	return strncmp(entry->comment, "dnat name: \"", 12) == 0 &&
	       strncmp(entry->comment + 12, network, len) == 0 &&
	       strncmp(entry->comment + 12 + len, "\" id: \"", 7) == 0 &&
	       strncmp(entry->target, "CNI-DN-", 7) == 0 &&
	       strlen(entry->target) == IPT_CHAIN - 1;
}

static int names_there(const struct ipt_list *entries, const char *network,
		       struct names *out)
{
	out->at = calloc(entries->count + 1, sizeof(*out->at));
	if (!out->at)
		return -ENOMEM;
	for (size_t i = 0; i < entries->count; i++)
		if (is_of(&entries->at[i], network))
			(void)text_put(out->at[out->count++],
				       entries->at[i].target);
	names_sort(out);
	return 0;
}

static int gc_from(struct portmap_ipt_target *target,
		   const struct portmap_ipt_leaving *leaving, struct err *err)
{
	auto_names struct names valid = { .count = 0 }, there = { .count = 0 };
	auto_ipt_list struct ipt_list entries = { .count = 0 };
	int r = ipt_chain(target->table, PORTMAP_DNAT, err);

	if (r <= 0)
		return r;
	r = take_lock(target, err);
	r = r ?: ipt_list_read(target->table, PORTMAP_DNAT, &entries, err);
	if (r < 0)
		return r;
	if (names_valid(leaving, &valid) < 0 ||
	    names_there(&entries, leaving->network, &there) < 0)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < there.count; i++) {
		const struct portmap_ipt_place place = {
			PORTMAP_DNAT, there.at[i],
			!bsearch(there.at[i], valid.at, valid.count,
				 sizeof(*valid.at), by_name)
		};

		r = portmap_ipt_leave(target, &place, &entries, leaving, err);
		if (r == 0 && place.all)
			r = leave_chain(target, 1, there.at[i] + 7, leaving,
					true, err);
	}
	return r;
}

/* ---- Both, in nf_tables ---- */

static const enum ip_family families[] = { IP_V4, IP_V6 };

int portmap_ipt_del(struct nft *nft, const struct portmap_rules *rules,
		    int *lock, /* NOLINT: written to by take_lock() */
		    struct nft_tx *tx, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		const struct ipt_table table = { families[i], "nat", nft,
						 NULL };
		struct portmap_ipt_target target = { &table, .tx = tx,
						     .lock = lock };

		r = del_from(&target, rules, err);
	}
	return r;
}

int portmap_ipt_gc(struct nft *nft, const struct portmap_ipt_gc *gc,
		   struct nft_tx *tx, struct err *err)
{
	const struct portmap_ipt_leaving leaving = { NULL, gc->network,
						     gc->valid };
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		const struct ipt_table table = { families[i], "nat", nft,
						 NULL };
		struct portmap_ipt_target target = { &table, .tx = tx,
						     .lock = gc->lock,
						     .gone = gc->gone };

		r = gc_from(&target, &leaving, err);
	}
	return r;
}

/* ---- Both, in the older tables ---- */

/* DEL of @rules, or with NULL a GC. */
struct removal {
	const struct portmap_rules *rules;
	struct portmap_ipt_leaving leaving;
	struct ipt_list *gone;
};

static int run_legacy(const struct portmap_ipt_target *target, struct err *err)
{
	auto_strbuf struct strbuf input = { .data = NULL };

	if (target->lines.failed)
		return err_nomem(err);
	if (target->lines.len == 0)
		return 0;
	strbuf_puts(&input, "*nat\n");
	strbuf_add(&input, target->lines.data, target->lines.len);
	strbuf_puts(&input, "COMMIT\n");
	return ipt_restore_run(&target->restore, &input, err);
}

static int try_legacy(enum ip_family family, const struct removal *removal,
		      int *lock, /* NOLINT: written to by take_lock() */
		      struct err *err)
{
	auto_ipt_legacy struct ipt_legacy *snapshot = NULL;
	struct portmap_ipt_target target = {
		.lock = lock, .restore = { .key = PORTMAP_IPT_KEY }
	};
	struct ipt_table table = { family, "nat", NULL, NULL };
	int r = ipt_legacy_read(family, "nat", &snapshot, err);

	if (r <= 0)
		return r;
	table.snapshot = snapshot;
	target.table = &table;
	r = removal->rules ? del_from(&target, removal->rules, err)
			   : gc_from(&target, &removal->leaving, err);
	r = r ?: run_legacy(&target, err);
	strbuf_free(&target.lines);
	return r;
}

/* In between, another may have removed the same: then there is nothing now. */
static int del_legacy(const struct removal *removal, struct err *err)
{
	auto_fd int lock = -1;
	int r = 0;

	for (size_t i = 0; i < 2; i++) {
		struct err last = { .code = CNI_OK };
		int s = try_legacy(families[i], removal, &lock, &last);

		for (int j = 0; s == -EIO && j < 2; j++) {
			err_clear(&last);
			s = try_legacy(families[i], removal, &lock, &last);
		}
		if (s < 0 && !err->code)
			*err = last;
		r = first_of(s, r);
	}
	return r;
}

int portmap_ipt_del_legacy(const struct portmap_rules *rules, struct err *err)
{
	const struct removal removal = { .rules = rules };

	return del_legacy(&removal, err);
}

int portmap_ipt_del_family(struct nft *nft, const struct portmap_rules *rules,
			   enum ip_family family, struct err *err)
{
	const struct ipt_table table = { family, "nat", nft, NULL };
	const struct removal removal = { .rules = rules };
	auto_fd int lock = -1;
	struct err why = { .code = CNI_OK };
	int r = -ENOENT;

	for (int i = 0; i < 3 && (r == -ENOENT || r == -EBUSY); i++) {
		auto_nft_tx struct nft_tx tx = { .message = 0 };
		struct portmap_ipt_target target = { &table, .tx = &tx,
						     .lock = &lock };

		err_clear(&why);
		r = del_from(&target, rules, &why);
		r = r ?: nft_commit(nft, &tx, &why);
	}
	if (r < 0) {
		*err = why;
		return r;
	}
	return try_legacy(family, &removal, &lock, err);
}

int portmap_ipt_gc_legacy(const struct portmap_ipt_gc *gc, struct err *err)
{
	const struct removal removal = {
		.leaving = { NULL, gc->network, gc->valid },
		.gone = gc->gone,
	};

	return del_legacy(&removal, err);
}
