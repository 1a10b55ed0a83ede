/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing: of one container, whose chain's name is known, or all that a list
 * of valid attachments lacks, which comments tell. The rules in POSTROUTING go
 * first; a chain goes when none of them is left.
 *
 * In nf_tables that is part of the one transaction of rules.c. Nothing runs,
 * so it works where iptables has been removed since. For the older tables
 * iptables-legacy-restore runs, if there is something to remove.
 */
#include <string.h>

#include "common/base/text.h"
#include "plugins/bridge/rules_ipt.h"

/* What goes, in one family. */
struct leaving {
	/* Of one container: */
	const struct bridge_rules *rules;
	char chain[IPT_CHAIN];
	/* or of all but these: */
	const char *network;
	const struct cni_attachments *valid;

	struct strbuf handles; /* of rules in POSTROUTING */
	struct strbuf lines;   /* the same for iptables-restore */
	struct strbuf chains;  /* names, each with its NUL */
	uint32_t kept;         /* other rules of POSTROUTING */
	uint32_t jumps;        /* of those, to @chain */
};

static void leaving_free(struct leaving *leaving)
{
	strbuf_free(&leaving->handles);
	strbuf_free(&leaving->lines);
	strbuf_free(&leaving->chains);
}

#define auto_leaving AUTO(leaving_free)

static bool leaving_failed(const struct leaving *leaving)
{
	return leaving->handles.failed || leaving->lines.failed ||
	       leaving->chains.failed;
}

/*
 * Another attachment of the container may use the chain for other addresses.
 * Old versions of the reference wrote the subnet in place of the address.
 */
static bool is_hinted(const struct leaving *leaving,
		      const struct ipt_rule *rule)
{
	const struct bridge_rules *rules = leaving->rules;

	for (size_t i = 0; i < rules->masq_count; i++)
		if (rule->source.ip.family == rules->masq[i].ip.family &&
		    cidr_contains(&rule->source, &rules->masq[i].ip))
			return true;
	return rules->masq_count == 0;
}

/* The ID in `name: "NETWORK" id: "ID"`; NULL: not of the network. */
static char *comment_id(const char *comment, const char *network,
			char buf[static IPT_COMMENT])
{
	static const char before[] = "name: \"", between[] = "\" id: \"";
	size_t len = strlen(network);
	char *end;

	if (strncmp(comment, before, sizeof(before) - 1) != 0)
		return NULL;
	comment += sizeof(before) - 1;
	if (strncmp(comment, network, len) != 0 ||
	    strncmp(comment + len, between, sizeof(between) - 1) != 0)
		return NULL;
	(void)text_put(buf, comment + len + sizeof(between) - 1);
	end = strrchr(buf, '"');
	if (!end || end[1])
		return NULL;
	*end = '\0';
	return buf;
}

static bool is_stale(const struct leaving *leaving, const struct ipt_rule *rule)
{
	char buf[IPT_COMMENT], chain[IPT_CHAIN];
	const char *id = comment_id(rule->comment, leaving->network, buf);

	if (!id)
		return false;
	ipt_chain_name(leaving->network, id, chain);
	return strcmp(rule->target, chain) == 0 &&
	       !cni_attachments_have(leaving->valid, id, NULL);
}

static bool leaves(const struct leaving *leaving, const struct ipt_rule *rule)
{
	if (!leaving->rules)
		return is_stale(leaving, rule);
	return strcmp(rule->target, leaving->chain) == 0 &&
	       is_hinted(leaving, rule);
}

static void add_chain(struct leaving *leaving, const char *chain)
{
	const struct strbuf *chains = &leaving->chains;

	for (size_t at = 0; at < chains->len;
	     at += strlen(chains->data + at) + 1)
		if (strcmp(chains->data + at, chain) == 0)
			return;
	strbuf_add(&leaving->chains, chain, strlen(chain) + 1);
}

/* The words of the rule as iptables would be told to make it. */
static void add_line(struct strbuf *out, const struct ipt_rule *rule)
{
	char text[CIDR_TEXT];

	strbuf_puts(out, "-D POSTROUTING");
	if (rule->source.ip.family != IP_NONE) {
		strbuf_puts(out, " -s ");
		strbuf_puts(out, cidr_format(&rule->source, text));
	}
	if (*rule->comment)
		strbuf_puts(out, " -m comment --comment \"");
	for (const char *c = rule->comment; *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_putc(out, '\\');
		strbuf_putc(out, *c);
	}
	strbuf_puts(out, *rule->comment ? "\" -j " : " -j ");
	strbuf_puts(out, rule->target);
	strbuf_putc(out, '\n');
}

static int take_rule(const struct ipt_rule *rule, void *ctx)
{
	struct leaving *leaving = ctx;

	if (!rule) {
		leaving->handles.len = 0;
		leaving->lines.len = 0;
		leaving->chains.len = 0;
		leaving->kept = 0;
		leaving->jumps = 0;
	} else if (leaves(leaving, rule)) {
		strbuf_add(&leaving->handles, &rule->handle,
			   sizeof(rule->handle));
		add_line(&leaving->lines, rule);
		if (!leaving->rules)
			add_chain(leaving, rule->target);
	} else {
		leaving->kept++;
		leaving->jumps += leaving->rules &&
				  strcmp(rule->target, leaving->chain) == 0;
	}
	return 0;
}

/* Returns 1 if there is something to remove. */
static int collect(const struct ipt_table *table, struct leaving *leaving,
		   struct err *err)
{
	int r = 1;

	if (leaving->rules)
		r = ipt_chain(table, leaving->chain, err);
	if (r <= 0)
		return r;
	r = ipt_rules(table, "POSTROUTING", take_rule, leaving, err);
	if (r < 0)
		return r;
	if (leaving->rules && leaving->jumps == 0)
		add_chain(leaving, leaving->chain);
	if (leaving_failed(leaving))
		return err_nomem(err);
	return leaving->handles.len > 0 || leaving->chains.len > 0;
}

/* Some versions of iptables make all four chains of the table at once. */
static const char *const builtin[] = { "PREROUTING", "INPUT", "OUTPUT",
				       "POSTROUTING" };

/* Returns 1 if more is left than iptables' own chains, once @going are gone. */
static int others_left(struct nft *nft, const struct nft_table *table,
		       uint32_t going, struct err *err)
{
	for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++) {
		bool postrouting = i == 3;
		struct nft_chain_info info;
		int r = nft_chain_get(nft, table, builtin[i], &info, err);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (info.policy != NF_ACCEPT || (!postrouting && info.use > 0))
			return 1;
		going++;
	}
	return rules_table_left(nft, table, going, err);
}

static int plan(struct nft *nft, enum ip_family family,
		const struct leaving *leaving, bool tidy, struct nft_tx *tx,
		struct err *err)
{
	const struct nft_table *table = ipt_nft_table(family);
	const struct strbuf *chains = &leaving->chains;
	auto_nft_tx struct nft_tx ends = { .message = 0 };
	const struct rules_place place = { table, "POSTROUTING" };
	const struct rules_scan scan = { .handles = leaving->handles };
	uint32_t going = 0;
	int r;

	for (size_t at = 0; at < chains->len;
	     at += strlen(chains->data + at) + 1) {
		nft_del_chain(&ends, table, chains->data + at, 0);
		going++;
	}
	if (tidy && leaving->kept == 0) {
		r = others_left(nft, table, going, err);
		if (r == 0)
			nft_del_table(tx, table, 0);
		if (r <= 0)
			return r < 0 ? r : 1;
	}
	rules_scan_plan(&scan, &place, tx);
	nft_tx_append(tx, &ends);
	return tidy;
}

static void leaving_del(struct leaving *leaving,
			const struct bridge_rules *rules)
{
	leaving->rules = rules;
	ipt_chain_name(rules->owner.network, rules->owner.container,
		       leaving->chain);
}

static const enum ip_family families[] = { IP_V4, IP_V6 };

int rules_ipt_del(struct nft *nft, const struct bridge_rules *rules, bool tidy,
		  struct nft_tx *tx, struct err *err)
{
	int bound = 0;

	for (size_t i = 0; i < 2; i++) {
		auto_leaving struct leaving leaving = { .kept = 0 };
		const struct ipt_table table = { .family = families[i],
						 .nft = nft };
		int r;

		leaving_del(&leaving, rules);
		r = collect(&table, &leaving, err);
		if (r > 0)
			r = plan(nft, families[i], &leaving, tidy, tx, err);
		if (r < 0)
			return r;
		bound |= r;
	}
	return bound;
}

int rules_ipt_gc(struct nft *nft, const char *network,
		 const struct cni_attachments *valid, bool tidy,
		 struct nft_tx *tx, struct err *err)
{
	int bound = 0;

	for (size_t i = 0; i < 2; i++) {
		auto_leaving struct leaving leaving = { .network = network,
							.valid = valid };
		const struct ipt_table table = { .family = families[i],
						 .nft = nft };
		int r = collect(&table, &leaving, err);

		if (r > 0)
			r = plan(nft, families[i], &leaving, tidy, tx, err);
		if (r < 0)
			return r;
		bound |= r;
	}
	return bound;
}

static int run_legacy(enum ip_family family, struct leaving *leaving,
		      struct err *err)
{
	struct strbuf *lines = &leaving->lines;
	const struct strbuf *chains = &leaving->chains;
	struct ipt_restore restore;
	int r = ipt_restore_find_legacy(family, &restore, err);

	if (r < 0)
		return r;
	for (size_t at = 0; at < chains->len;
	     at += strlen(chains->data + at) + 1) {
		strbuf_puts(lines, "-F ");
		strbuf_puts(lines, chains->data + at);
		strbuf_puts(lines, "\n-X ");
		strbuf_puts(lines, chains->data + at);
		strbuf_putc(lines, '\n');
	}
	return ipt_restore_run(&restore, lines, err);
}

static int try_legacy(enum ip_family family, const struct leaving *what,
		      struct err *err)
{
	auto_ipt_legacy struct ipt_legacy *snapshot = NULL;
	auto_leaving struct leaving leaving = *what;
	struct ipt_table table = { .family = family };
	int r = ipt_legacy_read(family, &snapshot, err);

	if (r <= 0)
		return r;
	table.snapshot = snapshot;
	r = collect(&table, &leaving, err);
	return r > 0 ? run_legacy(family, &leaving, err) : r;
}

/* In between, another may have removed the same: then there is nothing now. */
static int del_legacy(enum ip_family family, const struct leaving *what,
		      struct err *err)
{
	struct err last = { .code = CNI_OK };
	int r = try_legacy(family, what, &last);

	for (int i = 0; r == -EIO && i < 2; i++) {
		err_clear(&last);
		r = try_legacy(family, what, &last);
	}
	if (r < 0 && err->code)
		(void)err_hint(err, "%s", last.msg);
	else if (r < 0)
		*err = last;
	return r;
}

int rules_ipt_del_legacy(const struct bridge_rules *rules, struct err *err)
{
	struct leaving what = { .kept = 0 };
	int r = 0;

	leaving_del(&what, rules);
	for (size_t i = 0; i < 2; i++)
		r = first_of(del_legacy(families[i], &what, err), r);
	return r;
}

int rules_ipt_gc_legacy(const char *network,
			const struct cni_attachments *valid, struct err *err)
{
	const struct leaving what = { .network = network, .valid = valid };
	int r = 0;

	for (size_t i = 0; i < 2; i++)
		r = first_of(del_legacy(families[i], &what, err), r);
	return r;
}
