/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "runtime-glue/tool/network.h"

extern const struct tool_verb verb_network_create, verb_network_ls,
	verb_network_inspect, verb_network_rm, verb_network_prune;

/*
 * Who uses network @name: containers of the tool (their names) and attachments
 * in the cache of any other runtime (their ids). An array of strings, the
 * caller's.
 */
int network_users(const struct tool *tool, const char *name,
		  struct json_object **out, struct err *err) MUST_CHECK;

/* Down with the network: its file, its bridge if it has no ports, its leases */
int network_remove(const struct tool *tool, const char *name,
		   struct err *err) MUST_CHECK;
