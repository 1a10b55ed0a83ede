/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule is made of, between nft_rule_open() and nft_rule_close().
 *
 * The expr_*() are the kernel's expressions. They leave values in registers
 * and take them from there: @reg is NFT_REG_1, or for the parts of a
 * concatenation NFT_REG_1, NFT_REG32_01, ... (NFT_REG_1 begins at
 * NFT_REG32_00, and a part of n bytes fills (n + 3) / 4 of them). The match_*()
 * are combinations in the form in which nft recognises and prints them.
 */
#pragma once

#include "common/nft/tx.h"

void expr_meta(struct nft_tx *tx, uint32_t key, uint32_t reg);
void expr_payload(struct nft_tx *tx, uint32_t base, uint32_t offset,
		  uint32_t len, uint32_t reg);
void expr_ct(struct nft_tx *tx, uint32_t key, uint32_t reg);
void expr_cmp(struct nft_tx *tx, uint32_t op, const void *data, size_t len);
void expr_mask(struct nft_tx *tx, const void *mask, size_t len);
void expr_immediate(struct nft_tx *tx, uint32_t reg, const void *data,
		    size_t len);

/* Is the destination an address of this machine? Ends the rule if not. */
void expr_fib_local(struct nft_tx *tx);

/* Look up register 1 and what follows it. Of a map, @dreg gets the data. */
void expr_lookup(struct nft_tx *tx, const struct nft_set *set, bool inverse);
void expr_map(struct nft_tx *tx, const struct nft_set *set, uint32_t dreg);
void expr_vmap(struct nft_tx *tx, const struct nft_set *set);

/* @chain: of NFT_JUMP and NFT_GOTO; NULL for the others. */
void expr_verdict(struct nft_tx *tx, int verdict, const char *chain);

/* @type: NFT_NAT_SNAT, NFT_NAT_DNAT; @proto_reg: the port's, or 0. */
void expr_nat(struct nft_tx *tx, uint32_t type, uint8_t family,
	      uint32_t addr_reg, uint32_t proto_reg);
void expr_masquerade(struct nft_tx *tx, bool fully_random);

/* Set bits of the packet's mark: meta mark set meta mark or BITS. */
void expr_mark_or(struct nft_tx *tx, uint32_t bits);

/* "meta nfproto": what nft leaves out where an address follows. */
void match_family(struct nft_tx *tx, enum ip_family family);

enum ip_end { IP_SOURCE, IP_DESTINATION };

/* Load the address; in an inet table match_family() must come before. */
void load_ip(struct nft_tx *tx, enum ip_family family, enum ip_end end,
	     uint32_t reg);

/* The address is in @cidr (or with @unless: is not). Matches the family, too.
 */
void match_cidr(struct nft_tx *tx, const struct cidr *cidr, enum ip_end end,
		bool unless);

/* Below: for the files of this folder. */

/* A new expression at the end of the open rule; NULL when memory ran out. */
struct nftnl_expr *nft_rule_expr(struct nft_tx *tx, const char *name);
