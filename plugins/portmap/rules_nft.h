/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nf_tables backend:
 *
 *	table inet ferrule_portmap {
 *		map ports4  { protocol . port : container's address . port }
 *		map hosts4  { address . protocol . port : the same }
 *		set near4   { container's subnet . address }
 *		set local4, all4 { container's address }
 *		(ports6, hosts6, near6, all6)
 *		chain guard       raw: to 127.0.0.0/8 or ::1 from outside: drop
 *		chain prerouting  nat: to an address of this host: hostports
 *		chain output      the same
 *		chain hostports   mark; look up hosts4, ports4, hosts6, ports6
 *		chain postrouting nat: of what is marked, masquerade what comes
 *		                  from the container's own subnet (chain near:
 *		                  itself and its neighbours), from loopback, or
 *		                  everything
 *		chain pod-HASH    of one attachment: what it has
 *	}
 *
 * However many ports are published, a packet meets the same few rules. The nat
 * chains come after those of others at the usual priority: what kube-proxy has
 * translated by then is not looked at again.
 *
 * A key of a map is a claim. It is made by an exclusive create in the
 * transaction, so of two that want one port the kernel lets one win.
 *
 * Nothing jumps to the chain of an attachment. Its rules list its claims, so
 * that DEL finds them by the attachment alone, and without looking at anybody
 * else's. No map holds verdicts: the kernel would check every jump of the table
 * for each new element.
 */
#pragma once

#include "plugins/portmap/rules.h"

/*
 * As the functions of rules.h. ADD and DEL also remove, in the same
 * transaction, what leftovers.h is about.
 */
int portmap_nft_add(struct nft *nft, const struct portmap_rules *rules,
		    struct err *err) MUST_CHECK;
int portmap_nft_del(struct nft *nft, const struct portmap_rules *rules,
		    struct err *err) MUST_CHECK;
/* The same for an owner's text. */
int portmap_nft_forget(struct nft *nft, const char *owner,
		       struct err *err) MUST_CHECK;
int portmap_nft_check(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err) MUST_CHECK;
int portmap_nft_gc(struct nft *nft, const char *network,
		   const struct cni_attachments *valid,
		   struct err *err) MUST_CHECK;
/* Errors: CNI_E_PORT_TAKEN for a port that another holds in this backend. */
int portmap_nft_taken(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err) MUST_CHECK;
int portmap_nft_status(struct nft *nft, struct err *err) MUST_CHECK;
