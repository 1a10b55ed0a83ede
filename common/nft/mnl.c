/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/mnl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int mnl_open(struct mnl *mnl, int bus, struct err *err)
{
	int r;

	if (mnl->socket)
		return 0;
	mnl->answer = malloc(MNL_ANSWER_MAX);
	if (!mnl->answer)
		return err_nomem(err);
	mnl->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (mnl->socket &&
	    mnl_socket_bind(mnl->socket, 0, MNL_SOCKET_AUTOPID) == 0)
		return 0;
	r = err_sys(err, errno, "open netlink socket of family %d", bus);
	mnl_close(mnl);
	return r;
}

int mnl_borrow(struct mnl *mnl, int fd, uint32_t seq, struct err *err)
{
	auto_fd int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	int r;

	mnl->seq = seq;
	mnl->answer = malloc(MNL_ANSWER_MAX);
	if (!mnl->answer)
		return err_nomem(err);
	if (copy >= 0)
		mnl->socket = mnl_socket_fdopen(copy);
	if (mnl->socket) {
		(void)take_fd(&copy);
		return 0;
	}
	r = err_sys(err, errno, "borrow netlink socket");
	mnl_close(mnl);
	return r;
}

void mnl_close(struct mnl *mnl)
{
	if (mnl->socket)
		(void)mnl_socket_close(mnl->socket);
	free(mnl->answer);
	*mnl = (struct mnl){ .socket = NULL, .seq = mnl->seq };
}

static int send_all(const struct mnl *mnl, const struct nlmsghdr *hdr)
{
	ssize_t n;

	do
		n = mnl_socket_sendto(mnl->socket, hdr, hdr->nlmsg_len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static ssize_t receive(const struct mnl *mnl)
{
	ssize_t n;

	do
		n = mnl_socket_recvfrom(mnl->socket, mnl->answer,
					MNL_ANSWER_MAX);
	while (n < 0 && errno == EINTR);
	return n;
}

int mnl_ask(struct mnl *mnl, struct nlmsghdr *hdr, mnl_cb_t each, void *context)
{
	const unsigned int port = mnl_socket_get_portid(mnl->socket);
	int r;

	hdr->nlmsg_seq = ++mnl->seq;
	r = send_all(mnl, hdr);
	if (r < 0)
		return r;
	do {
		ssize_t n = receive(mnl);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPIPE;
		r = mnl_cb_run(mnl->answer, (size_t)n, mnl->seq, port, each,
			       context);
	} while (r == MNL_CB_OK);
	return r < 0 ? -errno : 0;
}
