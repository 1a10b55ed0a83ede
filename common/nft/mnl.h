/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question at a time to a netlink family, through libmnl. */
#pragma once

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

/* As much as the kernel puts into one part of a dump. */
#define MNL_ANSWER_MAX 32768

struct mnl {
	struct mnl_socket *socket; /* NULL: not open */
	uint32_t seq;              /* of the last message sent */
	char *answer;              /* MNL_ANSWER_MAX bytes */
};

#define auto_mnl AUTO(mnl_close)

/* @bus: NETLINK_NETFILTER, ... Does nothing when it is open. */
int mnl_open(struct mnl *mnl, int bus, struct err *err) MUST_CHECK;
/* Over @fd, which stays open; @seq: of the last message sent there. */
int mnl_borrow(struct mnl *mnl, int fd, uint32_t seq,
	       struct err *err) MUST_CHECK;
void mnl_close(struct mnl *mnl);

/*
 * Send @hdr, whose sequence number is set here, and call @each for every
 * message of the answer, until the kernel says that this is all; it does so
 * after a dump, and where NLM_F_ACK is set. @each (may be NULL) returns
 * MNL_CB_OK, so that all is read. Returns 0 or -errno of the kernel.
 */
int mnl_ask(struct mnl *mnl, struct nlmsghdr *hdr, mnl_cb_t each,
	    void *context) MUST_CHECK;
