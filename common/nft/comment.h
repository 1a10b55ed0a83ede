/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft's own data on objects, which the kernel only keeps: a run of (type,
 * length, bytes). The comments that `nft list` prints are there. For the files
 * of this folder.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/nft/attr.h"

/* The types: of all objects but sets, and of sets. */
#define NFT_COMMENT        0
#define NFT_SET_KEY_ORDER  0
#define NFT_SET_DATA_ORDER 1
#define NFT_SET_COMMENT    7

/* Room for the longest comment, and for a number. */
#define NFT_COMMENT_DATA 130
#define NFT_NUMBER_DATA  6

/*
 * Write to @out, which has room; return the length. A comment that is longer
 * than what nft allows (NFT_COMMENT_MAX with its NUL) is cut.
 */
uint32_t nft_comment_put(uint8_t *out, uint8_t type, const char *comment);
uint32_t nft_number_put(uint8_t *out, uint8_t type, uint32_t value);

/* The comment in @data as a string within it, or "". */
const char *nft_comment(struct attrs data, uint8_t type);
