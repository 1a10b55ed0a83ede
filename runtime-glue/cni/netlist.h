/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network configuration lists as a runtime reads them (CNI SPEC 1.1.0 section
 * 1, cni-behaviour.md 1.7): found by name in a folder, plugin folders merged,
 * the version chosen.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/json.h"

struct netlist {
	char *name, *version; /* the version that plugins will be asked in */
	char *path;           /* the file, NULL if it came otherwise */
	char *bytes;          /* as found, for the cache */
	size_t len;
	bool disable_check, disable_gc;
	struct json_object *plugins; /* array of objects with a `type` */
};

#define NETLIST_NONE          \
	(struct netlist)      \
	{                     \
		.name = NULL, \
	}
void netlist_free(struct netlist *list);
#define auto_netlist AUTO(netlist_free)

/*
 * Read a list (or a single plugin's object, which becomes a list of one).
 * @dir: where plugin folders are looked for, may be NULL. @what names the text
 * in errors.
 */
int netlist_parse(const char *text, size_t len, const char *what,
		  const char *dir, struct netlist *out,
		  struct err *err) MUST_CHECK;

/*
 * The network @name of folder @dir, by libcni's order of files. -ENOENT:
 * there is none, with the names that there are as the hint.
 */
int netlist_find(const char *dir, const char *name, struct netlist *out,
		 struct err *err) MUST_CHECK;

/*
 * Every network of @dir, in that order; a file that cannot be read is told by
 * a warning and left out. @out: an array of *@count; netlists_free().
 */
int netlist_all(const char *dir, struct netlist **out, size_t *count,
		struct err *err) MUST_CHECK;
void netlists_free(struct netlist *lists, size_t count);
