/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/comment.h"

#include <string.h>

#include "common/nft/tx.h"

uint32_t nft_comment_put(uint8_t *out, uint8_t type, const char *comment)
{
	size_t len = strnlen(comment, NFT_COMMENT_MAX - 1);

	out[0] = type;
	out[1] = (uint8_t)(len + 1);
	memcpy(out + 2, comment, len);
	out[2 + len] = '\0';
	return (uint32_t)len + 3;
}

uint32_t nft_number_put(uint8_t *out, uint8_t type, uint32_t value)
{
	out[0] = type;
	out[1] = sizeof(value);
	memcpy(out + 2, &value, sizeof(value)); /* nft: in host order */
	return NFT_NUMBER_DATA;
}

const char *nft_comment(struct attrs data, uint8_t type)
{
	for (size_t at = 0; at + 2 <= data.len;) {
		size_t len = data.data[at + 1];
		const uint8_t *text = data.data + at + 2;

		if (at + 2 + len > data.len)
			break;
		if (data.data[at] == type && memchr(text, '\0', len))
			return (const char *)text;
		at += 2 + len;
	}
	return "";
}
