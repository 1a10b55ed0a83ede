/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of common/net share about datagrams. Not for others. */
#pragma once

#include <stddef.h>

#include "common/net/net.h"

/* The kernel never puts more into one message or one part of a dump. */
#define NET_ANSWER_MAX 32768

/*
 * Receive one datagram into net->answer. *@len is 0 if another sender than the
 * kernel made it. Returns 0 or the -errno of recvmsg(2).
 */
int net_receive(struct net *net, size_t *len) MUST_CHECK;

/* "RTM_NEWLINK" */
void net_type_text(int type, char *buf, size_t size);
