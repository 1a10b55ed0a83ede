/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of conf.c that have files of their own. */
#pragma once

#include "plugins/portmap/conf.h"

#define PORTMAP_MARK_BIT 13 /* the reference's; Kubernetes has 14 and 15 */

/*
 * runtimeConfig.portMappings. Refused: what is not a mapping, and two mappings
 * for the same host address, protocol and port. Errors: CNI_E_CONFIG.
 */
int portmap_conf_read_mappings(const struct cfg *conf, struct portmap_conf *out,
			       struct err *err) MUST_CHECK;

/* Those of them that can be read; of two that are the same, both. */
void portmap_conf_read_some_mappings(const struct cfg *conf,
				     struct portmap_conf *out);

/*
 * `backend`, and the options that belong to one: `externalSetMarkChain`,
 * `markMasqBit`, `conditionsV4`, `conditionsV6`. Errors: CNI_E_CONFIG,
 * CNI_E_FIELD.
 */
int portmap_conf_read_backend(const struct cfg *conf, struct portmap_conf *out,
			      struct err *err) MUST_CHECK;
