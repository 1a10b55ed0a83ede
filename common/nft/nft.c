/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/nft.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/detach.h"
#include "common/base/text.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* What a socket takes at once without being asked for more. */
#define SEND_USUAL 65536U

/*
 * The options are refinements, so a kernel without one is no failure. CAP_ACK
 * keeps our own message out of the kernel's answer.
 */
int nft_open(struct nft *nft, struct err *err)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK };
	int on = 1;

	if (nft->fd >= 0)
		return 0;
	*nft = NFT_CLOSED;
	nft->answer = malloc(NFT_ANSWER_MAX);
	if (!nft->answer)
		return err_nomem(err);
	nft->fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (nft->fd < 0) {
		int r = err_sys(err, errno, "open netfilter socket");

		nft_close(nft);
		return r;
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		(void)setsockopt(nft->fd, SOL_NETLINK, options[i], &on,
				 sizeof(on));
	return 0;
}

void nft_close(struct nft *nft)
{
	auto_fd_release(&nft->fd);
	free(nft->answer);
	*nft = NFT_CLOSED;
}

/*
 * While a socket is being closed, and waits, nobody else can change anything in
 * this namespace's nf_tables. So it is closed when everything is freed already,
 * which takes some ticks of the kernel's clock.
 */
#define FREED_AFTER_MS 30

void nft_leave(struct nft *nft)
{
	/* Where there can be no child, we have waited ourselves. */
	if (nft->fd >= 0 && nft->deleted)
		(void)detach_close(take_fd(&nft->fd), FREED_AFTER_MS);
	nft_close(nft);
}

/*
 * The kernel refuses a message longer than the send buffer, and doubles what
 * it is asked for. Root of a user namespace may not go beyond the limit.
 */
static void grow_buffer(struct nft *nft, size_t len)
{
	int size = (int)len;

	if (setsockopt(nft->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size,
		       sizeof(size)) < 0)
		(void)setsockopt(nft->fd, SOL_SOCKET, SO_SNDBUF, &size,
				 sizeof(size));
}

int nft_send(struct nft *nft, const void *bytes, size_t len)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	if (len > SEND_USUAL)
		grow_buffer(nft, len);
	do
		n = sendto(nft->fd, bytes, len, 0, (const void *)&kernel,
			   sizeof(kernel));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int nft_receive(struct nft *nft, bool wait)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	struct iovec io = { .iov_base = nft->answer,
			    .iov_len = NFT_ANSWER_MAX };
	struct msghdr head = { .msg_name = &from,
			       .msg_namelen = sizeof(from),
			       .msg_iov = &io,
			       .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(nft->fd, &head, wait ? 0 : MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (head.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (n == 0)
		return -EPIPE;
	return from.nl_pid == 0 ? (int)n : 0;
}

const struct nlmsghdr *nft_answer(const struct nft *nft, size_t len, size_t *at)
{
	const struct nlmsghdr *hdr = (const void *)(nft->answer + *at);

	if (*at > len || len - *at < sizeof(*hdr) ||
	    hdr->nlmsg_len < sizeof(*hdr) || hdr->nlmsg_len > len - *at)
		return NULL;
	*at += (hdr->nlmsg_len + 3U) & ~3U;
	return hdr;
}

static void keep_extack(struct nft *nft, struct attrs in)
{
	const char *text = attr_str(in, NLMSGERR_ATTR_MSG);

	if (text)
		(void)text_putn(nft->extack, text,
				strnlen(text, sizeof(nft->extack) - 1));
}

int nft_verdict(struct nft *nft, const struct nlmsghdr *hdr)
{
	bool done = hdr->nlmsg_type == NLMSG_DONE;
	size_t head = done ? sizeof(int) : sizeof(struct nlmsgerr);
	size_t have = hdr->nlmsg_len - NLMSG_HDRLEN;
	const uint8_t *data = (const uint8_t *)hdr + NLMSG_HDRLEN;
	struct nlmsgerr answer = { .error = 0 };

	if (have < head)
		return -EBADMSG;
	memcpy(&answer, data, head);
	if (answer.error > 0)
		return done ? 0 : -EBADMSG;
	if (answer.error == 0 || !(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return answer.error;
	/* A refused message is echoed whole unless the flags say "capped". */
	if (!done && !(hdr->nlmsg_flags & NLM_F_CAPPED))
		head += NLMSG_ALIGN(answer.msg.nlmsg_len) - NLMSG_HDRLEN;
	if (head <= have)
		keep_extack(nft, (struct attrs){ data + head, have - head });
	return answer.error;
}
