/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of conf.c that have files of their own. */
#pragma once

#include "plugins/bridge/conf.h"

/*
 * `vlan`, into @out->vlan, and `vlanTrunk`, into the three about the trunk.
 * Errors: CNI_E_CONFIG.
 */
int bridge_conf_read_vlan(const struct cfg *conf, struct bridge_conf *out,
			  struct err *err) MUST_CHECK;
int bridge_conf_read_trunk(const struct cfg *conf, struct bridge_conf *out,
			   struct err *err) MUST_CHECK;

/*
 * The MAC address of the container's end, from the first source that has one:
 * runtimeConfig.mac, args.cni.mac, MAC in CNI_ARGS. Only that one is judged.
 * CNI_ARGS is looked at for ADD and CHECK, and then all of it.
 * Errors: CNI_E_CONFIG, CNI_E_ENV for CNI_ARGS.
 */
int bridge_conf_read_mac(const struct cni_request *req, struct bridge_conf *out,
			 struct err *err) MUST_CHECK;
