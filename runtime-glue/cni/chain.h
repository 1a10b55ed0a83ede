/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a network's plugins, libcni's part (CNI SPEC 1.1.0 sections 2 and 3,
 * cni-behaviour.md 1.7), and the cache of results in libcni's form.
 */
#pragma once

#include "common/base/strbuf.h"
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
 *
 * An entry without a result is an ADD that was killed: its DEL is made up for
 * first. So is that of one whose namespace is gone. Errors: -EEXIST, the
 * attachment is there. Nobody may ADD or DEL one attachment twice at a time.
 */
int chain_add(const struct chain_runtime *runtime, const struct netlist *list,
	      const struct chain_attachment *attachment,
	      struct json_object **result, struct err *err) MUST_CHECK;

/*
 * CHECK, in the order of ADD. Errors: CNI_E_VERSION before 0.4.0; CNI_E_CHECK
 * if the cache knows of no such attachment; the plugin's.
 */
int chain_check(const struct chain_runtime *runtime, const struct netlist *list,
		const struct chain_attachment *attachment,
		struct err *err) MUST_CHECK;

/*
 * DEL in reverse order. Goes on after a plugin's error, the first one is
 * returned and all are logged; the entry stays then. @list may be NULL: the
 * cached configuration is used (the network's file may be gone), and without an
 * entry there is nothing to do. What @attachment has not (netns, args, caps) is
 * the entry's.
 */
int chain_del(const struct chain_runtime *runtime, const struct netlist *list,
	      const char *network, const struct chain_attachment *attachment,
	      struct err *err) MUST_CHECK;

/*
 * DEL of every attachment of the network in the cache that is not in @valid,
 * then GC by each plugin (from 1.1.0 on). Goes on after errors, as DEL does.
 * @valid: an array of {"containerID","ifname"}; NULL: none is.
 */
int chain_gc(const struct chain_runtime *runtime, const struct netlist *list,
	     const struct json_object *valid, struct err *err) MUST_CHECK;

/*
 * Are all plugins there, and (from 1.1.0 on) can they do an ADD? Errors: the
 * plugin's own code, 50 or 51.
 */
int chain_status(const struct chain_runtime *runtime,
		 const struct netlist *list, struct err *err) MUST_CHECK;

/*
 * A result (of chain_add(), or one in the cache) in the shape of @version, as
 * plugins print it, without a newline at the end.
 */
int chain_result_text(struct json_object *result, const char *version,
		      struct strbuf *out, struct err *err) MUST_CHECK;

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
 * Attachments whose namespace is gone are left to GC. Plugins are asked by
 * REPAIR (common/cni/plugin.h); others than ferrule's do not know that, which
 * is a warning. *@count: how many attachments were repaired. Goes on after
 * errors, as DEL does.
 */
int chain_repair(const struct chain_runtime *runtime, const char *network,
		 size_t *count, struct err *err) MUST_CHECK;
