/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The published ports in the packet filter. Two backends have these functions:
 * rules_nft.c and rules_iptables.c; rules.c chooses, and removes what either
 * of them, or the reference plugin by either of its, has left.
 */
#pragma once

#include "common/cni/attachments.h"
#include "common/cni/owner.h"
#include "common/nft/nft.h"
#include "plugins/portmap/conf.h"

struct portmap_rules {
	struct cni_owner owner;
	const struct portmap_conf *conf;
};

/* Fill in the links; add.c. Errors: rtnetlink cannot be used. */
int portmap_find_links(struct portmap_rules *rules, struct err *err) MUST_CHECK;

/*
 * Publish all mappings, or none. What this owner had before is replaced.
 * Errors: CNI_E_PORT_TAKEN, naming the mapping and who holds it.
 */
int portmap_rules_add(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err) MUST_CHECK;

/*
 * Remove all that the owner has, whoever made it. The mappings of @rules->conf
 * are hints. With nothing to remove it costs probes.
 */
int portmap_rules_del(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err) MUST_CHECK;

/*
 * What the owner's rules say of mappings and addresses, for what @conf (that of
 * @rules) does not say. What cannot be found out stays as it is.
 */
void portmap_rules_recall(struct nft *nft, const struct portmap_rules *rules,
			  struct portmap_conf *conf);

/* Errors: CNI_E_CHECK: missing, different, or held by somebody else. */
int portmap_rules_check(struct nft *nft, const struct portmap_rules *rules,
			struct err *err) MUST_CHECK;

/* Continues after an error; the first is returned, and all are named. */
int portmap_rules_gc(struct nft *nft, const char *network,
		     const struct cni_attachments *valid,
		     struct err *err) MUST_CHECK;

/* Errors: CNI_E_UNAVAILABLE with the reason. */
int portmap_rules_status(struct nft *nft, const struct portmap_conf *conf,
			 struct err *err) MUST_CHECK;
