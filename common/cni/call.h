/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of a plugin as a program, from the caller's side: found in the
 * folders of CNI_PATH, started with an environment and a configuration, its
 * error object taken over (CNI SPEC 1.1.0 section 2). For plugins that delegate
 * and for runtimes.
 */
#pragma once

#include "common/base/spawn.h"

struct cni_call {
	const char *type; /* the plugin's name */
	const char *dirs; /* CNI_PATH: folders with ':' between */
	/*
	 * "NAME=VALUE", NULL at the end: in place of this process's entries of
	 * that name, whose others the plugin gets. Needed until it is started.
	 */
	char *const *env;
	const void *input; /* to its stdin */
	size_t input_len;

	struct strbuf path; /* its executable */
	struct spawn_child child;
};

#define CNI_CALL_NONE               \
	(struct cni_call)           \
	{                           \
		.child = SPAWN_NONE \
	}
#define auto_cni_call AUTO(cni_call_free)

/*
 * Look for the executable: @call->path. Errors: CNI_E_DELEGATE, with the
 * folders that were searched.
 */
int cni_call_find(struct cni_call *call, struct err *err) MUST_CHECK;

/* Start what was found. Errors: CNI_E_DELEGATE. */
int cni_call_start(struct cni_call *call, struct err *err) MUST_CHECK;

/*
 * Wait for its end. What it wrote to stderr goes to ours. A plugin that fails
 * makes an error with the code, message and details of its error object; one
 * that has none, or does not speak the protocol, CNI_E_DELEGATE.
 */
int cni_call_finish(struct cni_call *call, struct spawn_result *ran,
		    struct err *err) MUST_CHECK;

/* Kills a plugin that is still running. */
void cni_call_free(struct cni_call *call);
