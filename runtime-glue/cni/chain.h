/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a network's plugins, libcni's part (CNI SPEC 1.1.0 sections 2 and 3,
 * cni-behaviour.md 1.7), and the cache of results in libcni's form.
 */
#pragma once

#include "runtime-glue/cni/netlist.h"

struct chain_runtime {
	const char *bin_path;  /* CNI_PATH: folders with ':' between */
	const char *cache_dir; /* of libcni: /var/lib/cni */
};

/* One interface of one container in one network. Borrowed strings. */
struct chain_attachment {
	const char *container_id, *netns, *ifname;
	const char *args;               /* "K=V;K2=V2", NULL: none */
	const struct json_object *caps; /* capability arguments, or NULL */
};

/*
 * ADD, plugin after plugin. The cache entry (with the configuration and the
 * arguments, no result yet) is written before the first plugin runs, so that
 * whatever a crash leaves is found; the result is put in at the end. If a
 * plugin fails, the plugins that ran and the failed one get DEL, and the entry
 * goes unless one of those failed too. @result (may be NULL): the caller's.
 */
int chain_add(const struct chain_runtime *runtime, const struct netlist *list,
	      const struct chain_attachment *attachment,
	      struct json_object **result, struct err *err) MUST_CHECK;

int chain_check(const struct chain_runtime *runtime, const struct netlist *list,
		const struct chain_attachment *attachment,
		struct err *err) MUST_CHECK;

/*
 * DEL in reverse order. Goes on after a plugin's error, the first one is
 * returned and all are logged; the entry stays then. @list may be NULL: the
 * cached configuration is used (the network's file may be gone).
 */
int chain_del(const struct chain_runtime *runtime, const struct netlist *list,
	      const char *network, const struct chain_attachment *attachment,
	      struct err *err) MUST_CHECK;

/* @valid: an array of {"containerID","ifname"}; NULL: none is. */
int chain_gc(const struct chain_runtime *runtime, const struct netlist *list,
	     const struct json_object *valid, struct err *err) MUST_CHECK;

int chain_status(const struct chain_runtime *runtime,
		 const struct netlist *list, struct err *err) MUST_CHECK;

/*
 * The cache: every entry of @network (NULL: of all) and @container_id (NULL:
 * of all), as an array of the objects in the files. The caller's.
 */
int chain_cached(const struct chain_runtime *runtime, const char *network,
		 const char *container_id, struct json_object **out,
		 struct err *err) MUST_CHECK;

/*
 * After someone flushed the packet filter: have the rules of every live
 * attachment (of @network; NULL: of all) made again, without touching links.
 * Attachments whose namespace is gone are left to GC.
 */
int chain_repair(const struct chain_runtime *runtime, const char *network,
		 size_t *count, struct err *err) MUST_CHECK;
