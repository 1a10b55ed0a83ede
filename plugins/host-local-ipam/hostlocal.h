/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of host-local, the IPAM plugin that keeps its leases on disk. */
#pragma once

#include "common/cni/plugin.h"

cni_verb_fn hostlocal_add;
cni_verb_fn hostlocal_del;
cni_verb_fn hostlocal_check COLD;
cni_verb_fn hostlocal_gc COLD;
cni_verb_fn hostlocal_status COLD;

/*
 * `host-local --leases NETWORK [--data-dir DIR]`, `--help`, `--version`: for
 * people. Returns the exit status.
 */
int hostlocal_cli(int argc, char **argv);

/*
 * Print the leases of @network under @data_dir to stdout, a line each:
 * address, container, interface, boot.
 */
int hostlocal_print_leases(const char *data_dir, const char *network,
			   struct err *err) MUST_CHECK;
