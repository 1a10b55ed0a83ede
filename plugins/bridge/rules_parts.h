/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rules.c puts together: each part plans its changes into a transaction
 * that rules.c commits, so that one commit does all. A plan is made anew when
 * the commit finds that something has changed since; see rules.c.
 */
#pragma once

#include "common/nft/layout.h"
#include "plugins/bridge/rules.h"

/* The longest name of a chain of ours, with its NUL. */
#define RULES_CHAIN 32

/* Elements of our maps that are to go. */
struct rules_victim {
	const struct nft_set *set;
	struct nft_value key;
	char chain[RULES_CHAIN]; /* where it points to, "" if not to ours */
};

struct rules_victims {
	struct strbuf list;
};

#define auto_victims AUTO(rules_victims_free)

void rules_victims_add(struct rules_victims *victims, const struct nft_set *set,
		       const struct nft_element_info *element);
void rules_victims_free(struct rules_victims *victims);

/*
 * Plan to remove them, all in the table of @layout; with @tidy also the chains
 * that nothing else points to then, and if no chain is left but the layout's,
 * the table. Returns 1 for a plan to tidy up: the commit must be refused if
 * anything changed since before the plan began (nft_tx_since()).
 */
int rules_victims_plan(struct nft *nft, const struct nft_layout *layout,
		       const struct rules_victims *victims, bool tidy,
		       struct nft_tx *tx, struct err *err) MUST_CHECK;

/* Returns 1 if this kernel has nf_tables, 0 if not. */
int rules_nft_there(struct nft *nft, struct err *err) MUST_CHECK;

/*
 * Masquerade in nf_tables. _del() and _gc() return what the plan does. Without
 * @look, the commit is refused (-EEXIST) where an address is another's still.
 */
int rules_masq_add(struct nft *nft, const struct bridge_rules *rules, bool look,
		   struct nft_tx *tx, struct err *err) MUST_CHECK;
int rules_masq_del(struct nft *nft, const struct bridge_rules *rules, bool tidy,
		   struct nft_tx *tx, struct err *err) MUST_CHECK;
int rules_masq_check(struct nft *nft, const struct bridge_rules *rules,
		     struct err *err) MUST_CHECK;
int rules_masq_gc(struct nft *nft, const char *network,
		  const struct cni_attachments *valid, bool tidy,
		  struct nft_tx *tx, struct err *err) MUST_CHECK;

/* The check of MAC addresses. */
int rules_spoof_add(struct nft *nft, const struct bridge_rules *rules,
		    bool look, struct nft_tx *tx, struct err *err) MUST_CHECK;
int rules_spoof_del(struct nft *nft, const struct bridge_rules *rules,
		    bool tidy, struct nft_tx *tx, struct err *err) MUST_CHECK;
int rules_spoof_check(struct nft *nft, const struct bridge_rules *rules,
		      struct err *err) MUST_CHECK;
int rules_spoof_gc(struct nft *nft, const char *network,
		   const struct cni_attachments *valid, bool tidy,
		   struct nft_tx *tx, struct err *err) MUST_CHECK;

/* A map's elements whose owner is gone; the context of nft_elements(). */
struct rules_stale {
	const struct nft_set *set;
	const char *network;
	const struct cni_attachments *valid;
	size_t before; /* length of the list when this map began */
	struct rules_victims *victims;
};

int rules_stale_collect(const struct nft_element_info *element, void *ctx);

/* A chain whose rules are looked through. */
struct rules_place {
	const struct nft_table *table;
	const char *chain;
};

/* Those that were found in it. */
struct rules_scan {
	struct strbuf handles;
	uint32_t kept; /* how many others there are */
};

#define auto_rules_scan AUTO(rules_scan_free)

/* With NULL: begin anew. */
typedef bool rules_match_fn(const struct nft_rule_info *rule, void *what);

int rules_scan(struct nft *nft, const struct rules_place *place,
	       rules_match_fn *match, void *what, struct rules_scan *out,
	       struct err *err) MUST_CHECK;
size_t rules_scan_count(const struct rules_scan *scan);
void rules_scan_plan(const struct rules_scan *scan,
		     const struct rules_place *place, struct nft_tx *tx);
void rules_scan_free(struct rules_scan *scan);

/* Returns 1 if there is more in the table than @going chains and sets. */
int rules_table_left(struct nft *nft, const struct nft_table *table,
		     uint32_t going, struct err *err) MUST_CHECK;

/* What the reference plugin made in nf_tables; they return what plans do. */
int rules_ref_del(struct nft *nft, const struct bridge_rules *rules, bool tidy,
		  struct nft_tx *tx, struct err *err) MUST_CHECK;
/* Is all there that the reference makes of it? Returns 1 or 0. */
int rules_ref_masq(struct nft *nft, const struct bridge_rules *rules,
		   struct err *err) MUST_CHECK;
int rules_ref_spoof(struct nft *nft, const struct bridge_rules *rules,
		    struct err *err) MUST_CHECK;
int rules_ref_gc(struct nft *nft, const char *network,
		 const struct cni_attachments *valid, bool tidy,
		 struct nft_tx *tx, struct err *err) MUST_CHECK;
