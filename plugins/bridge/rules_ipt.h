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
 */
#pragma once

#include "common/nft/ipt.h"
#include "plugins/bridge/rules_parts.h"

/* The name of a container's chain. */
void ipt_chain_name(const char *network, const char *container,
		    char out[static IPT_CHAIN]);

/* What of the configuration errors name. */
#define IPT_KEY "ipMasqBackend"

/* Run iptables-restore with @lines for the table "nat". */
int rules_ipt_restore(const struct ipt_restore *restore,
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
