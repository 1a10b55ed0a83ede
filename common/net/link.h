/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links: find and change. Every call is safe to repeat. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/net/net.h"

struct link_info {
	int index;
	unsigned int flags; /* IFF_* */
	uint32_t mtu;
	char name[16];
};

/* What link @name is now. -ENODEV if there is none. */
int link_get(struct net *net, const char *name, struct link_info *out,
	     struct err *err) MUST_CHECK;

/* Bring @name up or down. -ENODEV if there is none. */
int link_set_up(struct net *net, const char *name, bool up,
		struct err *err) MUST_CHECK;
