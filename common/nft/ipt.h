/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iptables' rules, which are where the iptables on this machine puts them: in
 * nf_tables (iptables-nft), or in the kernel's older tables (iptables-legacy).
 * Both are read without running it. They are written by iptables-restore; in
 * nf_tables they can also be deleted by their handles.
 */
#pragma once

#include "common/base/ip.h"
#include "common/nft/query.h"

#define IPT_CHAIN   29 /* the longest name, with its NUL */
#define IPT_COMMENT 256
#define IPT_PORTS   15 /* of one "multiport" */

/* A rule, as far as it concerns us. */
struct ipt_rule {
	struct cidr source, destination; /* IP_NONE: any */
	bool unless;                     /* the destination is negated */
	bool not_lo;                     /* ! -i lo */
	bool accept, drop, back;         /* -j ACCEPT, DROP, RETURN */
	bool more;                       /* it matches more than is here */
	uint8_t protocol;                /* 0: any */
	uint8_t port_count;              /* -m multiport --dports: */
	uint16_t ports[IPT_PORTS];
	uint16_t port;             /* --dport; 0: any */
	uint16_t to_port;          /* -j DNAT, with @to */
	uint32_t mark;             /* -m mark, -j MARK: the bits; or 0 */
	struct ip to;              /* -j DNAT */
	char target[32];           /* -j another; "" */
	char comment[IPT_COMMENT]; /* "" */
	uint64_t handle;           /* in nf_tables */
};

/* Called for the rules of a chain; with NULL: begin anew. */
typedef int ipt_rule_fn(const struct ipt_rule *rule, void *ctx);

/* Where rules are read from: one table of one family; without both, nothing. */
struct ipt_table {
	enum ip_family family;
	const char *name;            /* "nat", "raw" */
	struct nft *nft;             /* the table in nf_tables, or */
	struct ipt_legacy *snapshot; /* all of the older table */
};

/* Returns 1 if the chain is there. */
int ipt_chain(const struct ipt_table *table, const char *chain,
	      struct err *err) MUST_CHECK;
int ipt_rules(const struct ipt_table *table, const char *chain, ipt_rule_fn *fn,
	      void *ctx, struct err *err) MUST_CHECK;

/* Rules in their order. */
struct ipt_list {
	size_t count, size;
	struct ipt_rule *at;
};

#define auto_ipt_list AUTO(ipt_list_free)
void ipt_list_free(struct ipt_list *list);

/* One more at the end, empty; NULL when memory ran out. */
struct ipt_rule *ipt_list_add(struct ipt_list *list);

/* All rules of a chain; none if it is not there. */
int ipt_list_read(const struct ipt_table *table, const char *chain,
		  struct ipt_list *out, struct err *err) MUST_CHECK;

/* In nf_tables; ipt_nft.c. Tables "nat" and "raw". */
const struct nft_table *ipt_nft_table(enum ip_family family, const char *name);
int ipt_nft_rules(const struct ipt_table *table, const char *chain,
		  ipt_rule_fn *fn, void *ctx, struct err *err) MUST_CHECK;

/*
 * The older tables; ipt_legacy.c. Returns 1 with a snapshot that the caller
 * frees, or 0 when this kernel has no table @name of that kind in use.
 */
int ipt_legacy_read(enum ip_family family, const char *name,
		    struct ipt_legacy **out, struct err *err) MUST_CHECK;
void ipt_legacy_free(struct ipt_legacy *snapshot);
bool ipt_legacy_chain(const struct ipt_legacy *snapshot, const char *chain);
int ipt_legacy_rules(const struct ipt_legacy *snapshot, const char *chain,
		     ipt_rule_fn *fn, void *ctx);

DEFINE_AUTO(ipt_legacy, struct ipt_legacy *, ipt_legacy_free)
#define auto_ipt_legacy AUTO(auto_ipt_legacy_release)

/*
 * Writing waits for others who do, and who say that it is about @what: what one
 * has read holds until @out is closed, as far as all take the lock. It is of
 * this network namespace.
 */
int ipt_lock(const char *what, int *out, struct err *err) MUST_CHECK;

/*
 * The program: found in $PATH, or where it usually is. Its rules are in the
 * older tables if @legacy. @key: of the configuration, for messages. Errors:
 * CNI_E_IO, naming it.
 */
struct ipt_restore {
	const char *key;
	char path[512];
	bool legacy;
};

int ipt_restore_find(enum ip_family family, struct ipt_restore *out,
		     struct err *err) MUST_CHECK;
/* The one for the older tables, whatever the usual one is. */
int ipt_restore_find_legacy(enum ip_family family, struct ipt_restore *out,
			    struct err *err) MUST_CHECK;
/* Run it with @input: "*nat", ..., "COMMIT", and more such. */
int ipt_restore_run(const struct ipt_restore *restore,
		    const struct strbuf *input, struct err *err) MUST_CHECK;
/* What the program's sister prints of a table: rules as they can be written. */
int ipt_restore_save(const struct ipt_restore *restore, const char *table,
		     struct strbuf *out, struct err *err) MUST_CHECK;

/*
 * Words of such input. A word is put in quotes where it needs them; one with a
 * line's end in it would be another line, so the caller has refused that.
 */
void ipt_put_words(struct strbuf *out, const char *const *words);
void ipt_put_quoted(struct strbuf *out, const char *word);

/*
 * A rule without the line's end: "-A", chain, what it matches and @words (may
 * be NULL), target. What of @rule is not said here (@accept, @drop, @unless,
 * @not_lo, @mark, @handle) is not written.
 */
void ipt_put_rule(struct strbuf *out, const char *chain,
		  const struct ipt_rule *rule, const char *const *words);

/* Below: for the files of this folder; ipt_match.c. */

/* The bytes that an extension of iptables has for a match or a target. */
void ipt_read_match(struct ipt_rule *rule, const char *name, struct attrs info);
void ipt_read_target(struct ipt_rule *rule, enum ip_family family,
		     const char *name, struct attrs info);
