/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs of virtual Ethernet links. */
#pragma once

#include <stdint.h>

#include "common/net/link.h"

struct veth_spec {
	const char *name;
	const uint8_t *mac;
	int master;   /* index of the bridge that it is to be a port of */
	uint32_t mtu; /* of both, bytes; 0: the kernel's choice */
	uint32_t txqlen;
	const char *peer;
	const uint8_t *peer_mac;
	int peer_ns; /* descriptor of the peer's network namespace; -1: here */
};

/*
 * Make the pair by one request: nobody ever sees the peer under another name
 * or in another namespace. Both ends are down. -EEXIST if one of the names is
 * taken.
 */
int veth_add(struct net *net, const struct veth_spec *spec,
	     struct err *err) MUST_CHECK;
