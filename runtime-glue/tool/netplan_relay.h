/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay of [::1]: what comes to a published port there goes to the
 * container. Rules cannot do it: the kernel has no route_localnet for IPv6
 * (docs/design.md).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/ip.h"

#define RELAY_PORTS 256

struct relay_port {
	bool udp;
	uint16_t port; /* at [::1] */
	int fd;        /* listens there */
	struct ip to;
	uint16_t to_port;
};

struct relay {
	size_t count;
	struct relay_port at[RELAY_PORTS];
};

/* Pass on until killed. Never returns. */
void relay_serve(const struct relay *relay) __attribute__((noreturn));
