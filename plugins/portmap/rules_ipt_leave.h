/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One chain that somebody leaves; for rules_ipt_del.c. */
#pragma once

#include "plugins/portmap/rules_ipt.h"

/* Who goes. */
struct portmap_ipt_leaving {
	const char *own; /* DEL: this owner's; or GC: */
	const char *network;
	const struct cni_attachments *valid;
};

/* A chain, by what leads there. */
struct portmap_ipt_place {
	const char *parent, *chain;
	bool all; /* of the chain goes */
};

/* Where it is: in nf_tables, or in the older tables. */
struct portmap_ipt_target {
	const struct ipt_table *table;
	/* nf_tables: */
	struct nft_tx *tx;
	int *lock;
	struct ipt_list *gone; /* what goes; may be NULL */
	/* The older tables: */
	struct ipt_restore restore;
	struct strbuf lines;
};

/*
 * What other interfaces have in the chain of a container stays, with the
 * entries that lead to it; otherwise the chain goes, and of @entries, those of
 * its parent, all that lead there.
 */
int portmap_ipt_leave(struct portmap_ipt_target *target,
		      const struct portmap_ipt_place *place,
		      const struct ipt_list *entries,
		      const struct portmap_ipt_leaving *leaving,
		      struct err *err) MUST_CHECK;
