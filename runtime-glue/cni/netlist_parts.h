/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between netlist.c, which reads a list, and netlist_dir.c, which finds it. */
#pragma once

#include "runtime-glue/cni/netlist.h"

/* A list as far as its own text says; netlist_complete() does the rest. */
struct netlist_draft {
	struct netlist list;
	bool only_inlined; /* no folder */
	bool as_found;     /* what the text says is all there is */
};

void netlist_draft_free(struct netlist_draft *draft);
#define auto_draft AUTO(netlist_draft_free)

/* @what: for errors, as with netlist_parse(). */
int netlist_draft_read(const char *text, size_t len, const char *what,
		       struct netlist_draft *out, struct err *err) MUST_CHECK;

/* Append one plugin's object; takes its own reference. */
int netlist_draft_append(struct netlist_draft *draft,
			 struct json_object *plugin,
			 struct err *err) MUST_CHECK;

/*
 * With the plugins of folder @dir/NAME (@dir NULL: without) it is a list, which
 * moves to @out.
 */
int netlist_complete(struct netlist_draft *draft, const char *dir,
		     struct netlist *out, struct err *err) MUST_CHECK;

/* Append the plugins of @dir/NAME, in the order of their files. */
int netlist_read_folder(const char *dir, struct netlist_draft *draft,
			struct err *err) MUST_CHECK;
