/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of bridge, the plugin that connects containers by a bridge. */
#pragma once

#include "common/cni/plugin.h"

cni_verb_fn bridge_add;
cni_verb_fn bridge_del;
/* ADD and DEL are what a node does all day. */
cni_verb_fn bridge_check COLD;
cni_verb_fn bridge_gc COLD;
cni_verb_fn bridge_status COLD;
cni_verb_fn bridge_repair COLD;
