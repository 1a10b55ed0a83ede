/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reference plugin published before the plugins were exchanged, by
 * either of its backends (cni-behaviour.md 2.4), as far as it is in nf_tables:
 *
 *	tables ip and ip6 cni_hostport: rules with the container's ID for
 *	a comment, in chains hostports, hostip_hostports and masquerading
 *
 *	tables ip and ip6 nat of iptables-nft: chain CNI-DN-HASH(NET, ID), and
 *	the rules of CNI-HOSTPORT-DNAT that jump there; CNI-SN-, of old versions
 *
 * With nothing to remove, this is one message: a list of the tables.
 */
#pragma once

#include "plugins/portmap/rules.h"

/*
 * Remove it. The reference's nf_tables rules name neither network nor
 * interface: if an address of the container is known (@rules->conf), only
 * those that have it are taken.
 */
int portmap_leftovers_del(struct nft *nft, const struct portmap_rules *rules,
			  struct err *err) MUST_CHECK;

/* GC: of iptables alone, whose comments name network and container. */
int portmap_leftovers_gc(struct nft *nft, const char *network,
			 const struct cni_attachments *valid,
			 struct err *err) MUST_CHECK;
