/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcni's cache: CACHE/results/NETWORK-CONTAINER-IFNAME, an object for each
 * attachment with what it was made from and what came of it. libcni reads ours
 * and we read libcni's. What is different here: a file comes into being whole
 * (rename(2)), it is there before the first plugin runs (then without a
 * `result`), and what it says of whose it is, is checked: the name alone can
 * mean two attachments ("a-b" and "c", "a" and "b-c").
 */
#pragma once

#include <stdbool.h>

#include "runtime-glue/cni/chain.h"

/* Which entry. Borrowed; checked by whoever makes one: they are in a path. */
struct cache_key {
	const char *network, *container_id, *ifname;
};

/* The three, checked: network, container ID, interface name. */
int cache_key_check(const struct cache_key *key, struct err *err) MUST_CHECK;

/*
 * *@out: the entry, the caller's; NULL if there is none. An old libcni's, which
 * is the bare result, gets the form of today's. Errors: it cannot be read, or
 * is another attachment's (-EEXIST).
 */
int cache_read(const struct chain_runtime *runtime, const struct cache_key *key,
	       struct json_object **out, struct err *err) MUST_CHECK;

/* Put the entry there, or in place of what is there. @result may be NULL. */
int cache_write(const struct chain_runtime *runtime, const struct netlist *list,
		const struct chain_attachment *attachment,
		struct json_object *result, struct err *err) MUST_CHECK;

/* Success if there is none. */
int cache_remove(const struct chain_runtime *runtime,
		 const struct cache_key *key, struct err *err) MUST_CHECK;

/* ---- what an entry says ---- */

/* A string of it, "" if absent; borrowed from it. */
const char *cache_text(const struct json_object *entry, const char *key);

/*
 * The path of its namespace, "" if that is not known; borrowed. Where the entry
 * does not say, as that of libcni before 1.2, the result does.
 */
const char *cache_netns(const struct json_object *entry);

/* An object of it, borrowed, or NULL: "result", "capabilityArgs". */
struct json_object *cache_object(const struct json_object *entry,
				 const char *key);

/* The list that it was made by. */
int cache_config(const struct json_object *entry, struct netlist *out,
		 struct err *err) MUST_CHECK;

/*
 * Its arguments, "K=V;K2=V2", the caller's; NULL if it has none. Pieces that
 * could not be told from two are left out.
 */
int cache_args(const struct json_object *entry, char **out,
	       struct err *err) MUST_CHECK;
