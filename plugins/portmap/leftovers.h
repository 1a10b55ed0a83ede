/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others than the nf_tables backend have in nf_tables for an attachment:
 *
 *	iptables, if it is iptables-nft: the rules of rules_ipt.h, ours and the
 *	reference plugin's
 *
 *	the reference's own backend (cni-behaviour.md 2.4): tables ip and ip6
 *	cni_hostport; rules with the container's ID for a comment, in chains
 *	hostports, hostip_hostports and masquerading
 *
 * With nothing to remove, this is one message: a list of the tables.
 */
#pragma once

#include "common/nft/tx.h"
#include "plugins/portmap/rules.h"

/*
 * Plan to remove it. The reference's nf_tables rules name neither network nor
 * interface: if an address of the container is known (@rules->conf), only
 * those that have it are taken. @lock: see portmap_ipt_del().
 */
int portmap_leftovers_del(struct nft *nft, const struct portmap_rules *rules,
			  int *lock, struct nft_tx *tx,
			  struct err *err) MUST_CHECK;
