/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What attachments have in the packet filter: masquerade for their addresses,
 * and the check that they send with their own MAC address only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/ip.h"
#include "common/cni/attachments.h"
#include "common/cni/owner.h"
#include "common/nft/nft.h"
#include "plugins/bridge/conf.h"

/* What an attachment is to have, or for DEL what is known of it. */
struct bridge_rules {
	struct cni_owner owner;
	/* Masquerade; with the prefix length of the address's subnet. */
	size_t masq_count;
	const struct cidr *masq;
	enum masq_backend backend;
	bool random_fully;
	/* MAC check. */
	bool spoof_check;
	const char *port; /* the host's end of the veth pair */
	const uint8_t *mac;
};

/*
 * Put all of it in place: in nf_tables by one transaction. What this owner had
 * before is replaced, also by the reference plugin. All or nothing.
 */
int rules_add(struct nft *nft, const struct bridge_rules *rules,
	      struct err *err) MUST_CHECK;

/*
 * Remove all that @rules->owner has, whoever made it and by either backend:
 * ours in nf_tables and iptables, the reference's likewise. @masq is a hint
 * (addresses from prevResult or the link) and may be empty, as may the rest.
 * With nothing to remove, it costs probes and success. @nft may stay open: the
 * kernel's wait is in closing it.
 */
int rules_del(struct nft *nft, const struct bridge_rules *rules,
	      struct err *err) MUST_CHECK;

/* Errors: CNI_E_CHECK, saying what is missing and what was expected. */
int rules_check(struct nft *nft, const struct bridge_rules *rules,
		struct err *err) MUST_CHECK;

/*
 * Remove what attachments of @network have that are not in @valid. Continues
 * after an error; the first is returned, and all are named.
 */
int rules_gc(struct nft *nft, const char *network,
	     const struct cni_attachments *valid, struct err *err) MUST_CHECK;

/*
 * STATUS: can rules_add() work with these settings on this kernel?
 * Errors: CNI_E_UNAVAILABLE.
 */
int rules_status(struct nft *nft, const struct bridge_conf *conf,
		 struct err *err) MUST_CHECK;
