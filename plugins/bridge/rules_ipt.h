/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Masquerade in iptables: the rules of one container in the "nat" table of one
 * family, as the reference plugin makes them (cni-behaviour.md 2.2):
 *
 *	-A POSTROUTING -s ADDRESS -m comment --comment C -j CHAIN
 *	-A CHAIN -d SUBNET -m comment --comment C -j ACCEPT
 *	-A CHAIN ! -d MULTICAST -m comment --comment C -j MASQUERADE
 *
 * C is `name: "NET" id: "ID"`; CHAIN is "CNI-" and a hash of both. All
 * attachments of a container to a network share the chain.
 *
 * The rules are where the iptables on this machine puts them: in nf_tables
 * (iptables-nft), or in the kernel's older tables (iptables-legacy). Both are
 * read without running it.
 */
#pragma once

#include "plugins/bridge/rules_parts.h"

#define IPT_CHAIN   29 /* with its NUL */
#define IPT_COMMENT 256

/* A rule, as far as it concerns us. */
struct ipt_rule {
	struct cidr source, destination; /* IP_NONE: any */
	bool unless;                     /* the destination is negated */
	bool accept;                     /* -j ACCEPT */
	char target[32];                 /* -j another; "" */
	char comment[IPT_COMMENT];
	uint64_t handle; /* in nf_tables */
};

/* Called for the rules of a chain; with NULL: begin anew. */
typedef int ipt_rule_fn(const struct ipt_rule *rule, void *ctx);

/* Where rules are read from: one table of one family. */
struct ipt_table {
	enum ip_family family;
	struct nft *nft;             /* the table in nf_tables, or */
	struct ipt_legacy *snapshot; /* all of the older table */
};

/* Returns 1 if the chain is there. */
int ipt_chain(const struct ipt_table *table, const char *chain,
	      struct err *err) MUST_CHECK;
int ipt_rules(const struct ipt_table *table, const char *chain, ipt_rule_fn *fn,
	      void *ctx, struct err *err) MUST_CHECK;

/* In nf_tables; rules_ipt_nft.c. */
const struct nft_table *ipt_nft_table(enum ip_family family);
int ipt_nft_rules(struct nft *nft, enum ip_family family, const char *chain,
		  ipt_rule_fn *fn, void *ctx, struct err *err) MUST_CHECK;

/*
 * The older tables; rules_ipt_legacy.c. Returns 1 with a snapshot that the
 * caller frees, or 0 when this kernel has no "nat" table of that kind in use.
 */
int ipt_legacy_read(enum ip_family family, struct ipt_legacy **out,
		    struct err *err) MUST_CHECK;
void ipt_legacy_free(struct ipt_legacy *snapshot);
bool ipt_legacy_chain(const struct ipt_legacy *snapshot, const char *chain);
int ipt_legacy_rules(const struct ipt_legacy *snapshot, const char *chain,
		     ipt_rule_fn *fn, void *ctx);

DEFINE_AUTO(ipt_legacy, struct ipt_legacy *, ipt_legacy_free)
#define auto_ipt_legacy AUTO(auto_ipt_legacy_release)

/* The name of a container's chain. */
void ipt_chain_name(const char *network, const char *container,
		    char out[static IPT_CHAIN]);

/*
 * The program: found in $PATH, or where it usually is. Its rules are in the
 * older tables if @legacy. Errors: CNI_E_IO, naming ipMasqBackend.
 */
struct ipt_restore {
	char path[512];
	bool legacy;
};

int ipt_restore_find(enum ip_family family, struct ipt_restore *out,
		     struct err *err) MUST_CHECK;
/* The one for the older tables, whatever the usual one is. */
int ipt_restore_find_legacy(enum ip_family family, struct ipt_restore *out,
			    struct err *err) MUST_CHECK;
/* Run it with @lines for the table "nat". */
int ipt_restore_run(const struct ipt_restore *restore,
		    const struct strbuf *lines, struct err *err) MUST_CHECK;

/* Put a container's rules in place; take them away; look if they are there. */
int rules_ipt_add(struct nft *nft, const struct bridge_rules *rules,
		  struct err *err) MUST_CHECK;
int rules_ipt_check(struct nft *nft, const struct bridge_rules *rules,
		    struct err *err) MUST_CHECK;

/* In nf_tables: plans. */
int rules_ipt_del(struct nft *nft, const struct bridge_rules *rules, bool tidy,
		  struct nft_tx *tx, struct err *err) MUST_CHECK;
int rules_ipt_gc(struct nft *nft, const char *network,
		 const struct cni_attachments *valid, bool tidy,
		 struct nft_tx *tx, struct err *err) MUST_CHECK;

/* In the older tables: done at once. */
int rules_ipt_del_legacy(const struct bridge_rules *rules,
			 struct err *err) MUST_CHECK;
int rules_ipt_gc_legacy(const char *network,
			const struct cni_attachments *valid,
			struct err *err) MUST_CHECK;
