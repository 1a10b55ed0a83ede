/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that began under other rules. What goes wrong is a warning: the
 * ports are published, or not, all the same.
 */
#pragma once

#include "common/nft/nft.h"
#include "plugins/portmap/conf.h"

/* ADD: UDP flows to these ports that go to another than this container. */
void flows_forget_others(struct nft *nft, const struct portmap_conf *conf);

/* DEL: flows of all protocols to these ports that go to this container. */
void flows_forget(struct nft *nft, const struct portmap_conf *conf);
