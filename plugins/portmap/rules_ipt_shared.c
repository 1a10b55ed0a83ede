/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all containers share in iptables, and what is there of it. */
#include <string.h>

#include "common/base/text.h"
#include "plugins/portmap/rules_ipt.h"

#define GUARD                                        \
	" -m comment --comment \"ferrule: loopback " \
	"addresses are for this host alone\""
#define TO_DNAT " -m addrtype --dst-type LOCAL -j " PORTMAP_DNAT "\n"

struct piece {
	const char *table, *chain;
	bool source;   /* the guard against who sends as loopback */
	bool user;     /* the chain is no built-in one */
	bool marks;    /* only with `snat` and a mark of our own */
	bool has_mark; /* the mark comes between @line and @rest */
	const char *line, *rest;
	const char *target; /* by which it is recognised; NULL: the guard */
};

#define PIECES 8U

/* Chains that others jump to come first. */
static const struct piece pieces[PIECES] = {
	{ .table = "raw",
	  .chain = "PREROUTING",
	  .line = "-I PREROUTING ! -i lo" GUARD " -d " },
	{ .table = "raw",
	  .chain = "PREROUTING",
	  .source = true,
	  .line = "-I PREROUTING ! -i lo" GUARD " -s " },
	{ .table = "nat",
	  .chain = PORTMAP_SETMARK,
	  .user = true,
	  .marks = true,
	  .has_mark = true,
	  .line = "-A " PORTMAP_SETMARK
		  " -m comment --comment \"CNI portfwd masquerade mark\" "
		  "-j MARK --set-xmark ",
	  .rest = "\n",
	  .target = "MARK" },
	{ .table = "nat",
	  .chain = PORTMAP_MASQ,
	  .user = true,
	  .marks = true,
	  .has_mark = true,
	  .line = "-A " PORTMAP_MASQ " -m mark --mark ",
	  .rest = " -j MASQUERADE\n",
	  .target = "MASQUERADE" },
	{ .table = "nat",
	  .chain = "POSTROUTING",
	  .marks = true,
	  .line = "-I POSTROUTING 1 -m comment --comment \"CNI portfwd "
		  "requiring masquerade\" -j " PORTMAP_MASQ "\n",
	  .target = PORTMAP_MASQ },
	{ .table = "nat", .chain = PORTMAP_DNAT, .user = true },
	{ .table = "nat",
	  .chain = "PREROUTING",
	  .line = "-A PREROUTING" TO_DNAT,
	  .target = PORTMAP_DNAT },
	{ .table = "nat",
	  .chain = "OUTPUT",
	  .line = "-A OUTPUT" TO_DNAT,
	  .target = PORTMAP_DNAT },
};

void portmap_ipt_close(struct portmap_ipt *ipt)
{
	if (ipt->nat_snapshot)
		ipt_legacy_free(ipt->nat_snapshot);
	if (ipt->raw_snapshot)
		ipt_legacy_free(ipt->raw_snapshot);
	ipt_list_free(&ipt->entries);
	ipt_list_free(&ipt->chain);
	*ipt = (struct portmap_ipt){ .family = IP_NONE };
}

int portmap_ipt_open(struct portmap_ipt *ipt, enum ip_family family,
		     struct nft *nft, struct err *err)
{
	int r = 0;

	portmap_ipt_close(ipt);
	ipt->family = family;
	if (!nft) {
		r = ipt_legacy_read(family, "nat", &ipt->nat_snapshot, err);
		if (r >= 0)
			r = ipt_legacy_read(family, "raw", &ipt->raw_snapshot,
					    err);
	}
	ipt->nat = (struct ipt_table){ family, "nat", nft, ipt->nat_snapshot };
	ipt->raw = (struct ipt_table){ family, "raw", nft, ipt->raw_snapshot };
	return r < 0 ? r : 0;
}

int portmap_ipt_look(struct portmap_ipt *ipt, const char *chain,
		     struct err *err)
{
	int r = ipt_chain(&ipt->nat, chain, err);

	if (r < 0)
		return r;
	ipt->has_chain = r > 0;
	return r > 0 ? ipt_list_read(&ipt->nat, chain, &ipt->chain, err) : 0;
}

int portmap_ipt_look_entries(struct portmap_ipt *ipt, struct err *err)
{
	return ipt_list_read(&ipt->nat, PORTMAP_DNAT, &ipt->entries, err);
}

static bool is_guard(const struct ipt_rule *rule, enum ip_family family,
		     bool source)
{
	const struct cidr *at = source ? &rule->source : &rule->destination;
	const struct cidr *other = source ? &rule->destination : &rule->source;

	return rule->drop && rule->not_lo && !rule->more && !rule->unless &&
	       !rule->protocol && other->ip.family == IP_NONE &&
	       at->ip.family == family && ip_loopback(&at->ip) &&
	       at->len == (family == IP_V4 ? 8 : 128);
}

struct search {
	const struct piece *piece;
	enum ip_family family;
	uint32_t mark;
	bool found;
};

/* Some versions of iptables have the target "MARK" as an expression. */
static int see(const struct ipt_rule *rule, void *ctx)
{
	struct search *search = ctx;
	const struct piece *piece = search->piece;
	bool is;

	if (!rule) {
		search->found = false;
		return 0;
	}
	if (!piece->target)
		is = is_guard(rule, search->family, piece->source);
	else if (piece->has_mark && rule->mark != search->mark)
		is = false;
	else
		is = strcmp(rule->target, piece->target) == 0 ||
		     (piece->has_mark && !*rule->target);
	search->found |= is;
	return 0;
}

/* A piece without a line is its chain alone. */
static int find(struct portmap_ipt *ipt, size_t i, struct search *search,
		struct err *err)
{
	const struct piece *piece = search->piece;
	const struct ipt_table *table =
		strcmp(piece->table, "raw") == 0 ? &ipt->raw : &ipt->nat;
	int r = ipt_chain(table, piece->chain, err);

	if (r <= 0)
		return r;
	ipt->chains |= 1U << i;
	search->found = true;
	if (!piece->line)
		return 0;
	search->found = false;
	return ipt_rules(table, piece->chain, see, search, err);
}

static bool is_needed(const struct piece *piece,
		      const struct portmap_conf *conf)
{
	return !piece->marks || (conf->snat && !conf->external_set_mark_chain);
}

int portmap_ipt_look_shared(struct portmap_ipt *ipt,
			    const struct portmap_conf *conf, struct err *err)
{
	for (size_t i = 0; i < PIECES; i++) {
		struct search search = { .piece = &pieces[i],
					 .family = ipt->family,
					 .mark = 1U << conf->mark_masq_bit };
		int r;

		if (!is_needed(&pieces[i], conf))
			continue;
		r = find(ipt, i, &search, err);
		if (r < 0)
			return r;
		if (!search.found)
			ipt->missing |= 1U << i;
	}
	return 0;
}

static bool is_guard_piece(const struct piece *piece)
{
	return piece->line && !piece->target;
}

int portmap_ipt_check_shared(const struct portmap_ipt *ipt, bool guard,
			     struct err *err)
{
	const char *six = ipt->family == IP_V4 ? "" : "6";

	for (size_t i = 0; i < PIECES; i++) {
		const struct piece *piece = &pieces[i];

		if (!(ipt->missing & 1U << i) ||
		    (is_guard_piece(piece) && !guard))
			continue;
		if (!piece->line)
			return err_set(err, CNI_E_CHECK,
				       "chain %s is missing from ip%stables' "
				       "table %s",
				       piece->chain, six, piece->table);
		return err_set(err, CNI_E_CHECK,
			       "ip%stables table %s has no rule in %s with "
			       "-j %s",
			       six, piece->table, piece->chain,
			       piece->target ?: "DROP for loopback addresses");
	}
	return 0;
}

/* "0x2000/0x2000" */
static void put_mark(struct strbuf *out, uint32_t mark)
{
	char text[TEXT_NUM];

	(void)text_hex(text, mark);
	ipt_put_words(out,
		      (const char *const[]){ "0x", text, "/0x", text, NULL });
}

static void put_piece(const struct portmap_ipt *ipt,
		      const struct portmap_conf *conf,
		      const struct piece *piece, struct strbuf *out)
{
	if (!piece->line)
		return;
	strbuf_puts(out, piece->line);
	if (piece->has_mark)
		put_mark(out, 1U << conf->mark_masq_bit);
	if (piece->rest)
		strbuf_puts(out, piece->rest);
	if (!piece->target)
		strbuf_puts(out, ipt->family == IP_V4 ? "127.0.0.0/8 -j DROP\n"
						      : "::1/128 -j DROP\n");
}

/* ":CHAIN" makes a chain, or empties it. */
void portmap_ipt_put_shared(const struct portmap_ipt *ipt,
			    const struct portmap_conf *conf, const char *table,
			    struct strbuf *out)
{
	for (size_t i = 0; i < PIECES; i++) {
		const struct piece *piece = &pieces[i];

		if (!(ipt->missing & 1U << i) ||
		    strcmp(piece->table, table) != 0)
			continue;
		if (piece->user && !(ipt->chains & 1U << i))
			ipt_put_words(out, (const char *const[]){
						   ":", piece->chain,
						   " - [0:0]\n", NULL });
		put_piece(ipt, conf, piece, out);
	}
}
