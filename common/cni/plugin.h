/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame every plugin runs in: environment and stdin in, one JSON document
 * and an exit status out. A plugin supplies one function per CNI verb.
 */
#pragma once

#include "common/cni/request.h"
#include "common/cni/result.h"

/*
 * One verb. @out is the (empty) result; only ADD's is printed.
 * Returns 0 or a negative errno with @err filled.
 */
typedef int cni_verb_fn(const struct cni_request *req, struct cni_result *out,
			struct err *err);

struct cni_plugin {
	const char *name;
	enum cni_version oldest; /* it supports this version and all later */
	/* NULL: the verb succeeds and does nothing. */
	cni_verb_fn *add, *del, *check, *gc, *status;
	/*
	 * REPAIR, a command of ours for `runtime-glue cni repair`: somebody has
	 * flushed the packet filter; put this attachment's rules back, touch
	 * nothing else. Environment and configuration are CHECK's, with the
	 * result of the whole list as prevResult.
	 */
	cni_verb_fn *repair;
};

/*
 * For an ADD that has undos of its own: write @result to stdout now, so that
 * they run if that fails. To be called last of all. Errors: CNI_E_CONFIG if it
 * cannot be converted to the configuration's version, CNI_E_IO.
 */
int cni_plugin_print(const struct cni_request *req, struct cni_result *result,
		     struct err *err) MUST_CHECK;

/*
 * Run one CNI call and return the process's exit status: 0, or 1 with an
 * error object on stdout. An ADD whose result cannot be converted to the
 * configuration's version or written out is undone by the plugin's own DEL.
 */
int cni_plugin_main(const struct cni_plugin *plugin) MUST_CHECK;
