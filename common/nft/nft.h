/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session with the kernel's nf_tables, in this network namespace.
 *
 * One socket, opened by the first request. libnftnl builds the objects and
 * libmnl the messages. Sending and receiving are done here, as in common/net:
 * libmnl drops the text of extended acknowledgements, and does not go on after
 * a signal. What libnftnl does not read (use counts) is read as attributes.
 *
 * Closing a socket waits 10 to 15 ms for the kernel to free what was deleted in
 * this namespace. So the caller decides when; exiting is closing, too.
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"
#include "common/nft/attr.h"

struct nft {
	int fd;
	bool deleted;     /* something, by a commit */
	uint32_t seq;     /* of the last message sent */
	char *answer;     /* what the kernel last sent */
	char extack[256]; /* why it refused, "" if it did not say */
};

/* Not open yet; where every `auto_nft` starts. */
#define NFT_CLOSED                 \
	(struct nft)               \
	{                          \
		.fd = -1, .seq = 0 \
	}
#define auto_nft AUTO(nft_close)

/*
 * Does nothing when it is open. Every request opens, so this is for who wants
 * to know early. Errors: -EPROTONOSUPPORT where the kernel has no netfilter.
 */
int nft_open(struct nft *nft, struct err *err) MUST_CHECK;
void nft_close(struct nft *nft);

/*
 * Close it, when all is done, without waiting: a child without stdio does that,
 * which ends by itself.
 */
void nft_leave(struct nft *nft);

/* Below: for the files of this folder. */

/* The kernel never puts more into one message or one part of a dump. */
#define NFT_ANSWER_MAX 32768

/* Send @len bytes. Returns 0 or -errno. */
int nft_send(struct nft *nft, const void *bytes, size_t len) MUST_CHECK;

/*
 * Receive one datagram of the kernel into @answer. Returns its length, 0 for
 * one of somebody else, -EAGAIN when @wait is false and there is none.
 */
int nft_receive(struct nft *nft, bool wait) MUST_CHECK;

/* The message at @at of the @len bytes received; moves @at on. NULL: no more.
 */
const struct nlmsghdr *nft_answer(const struct nft *nft, size_t len,
				  size_t *at);

/*
 * The verdict in an NLMSG_ERROR or NLMSG_DONE message: 0 or -errno. Of a
 * refusal, the kernel's explanation goes to @extack.
 */
int nft_verdict(struct nft *nft, const struct nlmsghdr *hdr) MUST_CHECK;
