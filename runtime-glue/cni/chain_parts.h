/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the verbs of a chain: one plugin's run. */
#pragma once

#include "common/cni/request.h"
#include "runtime-glue/cni/cache.h"

struct chain_step {
	const struct chain_runtime *runtime;
	const struct netlist *list;
	enum cni_verb verb;
	const struct chain_attachment *at; /* NULL: GC, STATUS */
	struct json_object *prev;          /* prevResult, or NULL */
	struct json_object *valid;         /* of GC, or NULL */
};

/* The type of plugin @index of @list. */
const char *chain_type(const struct netlist *list, size_t index);

/* Every plugin is where CNI_PATH says. Errors: which, where, what to install.
 */
int chain_find(const struct chain_runtime *runtime, const struct netlist *list,
	       struct err *err) MUST_CHECK;

/*
 * Run plugin @index. @result is ADD's: what it printed, in the list's version;
 * the caller's. Otherwise NULL. Errors: the plugin's own code, the plugin in
 * front of the message.
 */
int chain_run(const struct chain_step *step, size_t index,
	      struct json_object **result, struct err *err) MUST_CHECK;

/* The container ID, the interface and the network may be in a path. */
int chain_check_names(const char *network, const struct chain_attachment *at,
		      struct err *err) MUST_CHECK;

/* DEL by plugins @count - 1 to 0; tries all, returns the first failure. */
int chain_del_steps(const struct chain_step *step, size_t count,
		    struct err *err) MUST_CHECK;

/*
 * DEL of a cached attachment by the configuration that it was made with, or by
 * @list if that cannot be read. @entry is one of chain_cached().
 */
int chain_del_entry(const struct chain_runtime *runtime,
		    const struct netlist *list, const struct json_object *entry,
		    struct err *err) MUST_CHECK;

/* A network namespace is at that path. */
bool chain_is_live(const char *netns);

/* Its namespace has a link of that name. False if that cannot be seen. */
bool chain_has_link(const struct chain_attachment *at);
