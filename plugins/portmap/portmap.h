/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of portmap, the plugin that publishes containers' ports. */
#pragma once

#include "common/cni/plugin.h"

cni_verb_fn portmap_add;
cni_verb_fn portmap_del;
cni_verb_fn portmap_check;
cni_verb_fn portmap_gc;
cni_verb_fn portmap_status;
cni_verb_fn portmap_repair;
