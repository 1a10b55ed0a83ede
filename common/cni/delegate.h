/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calling another plugin, above all IPAM (CNI SPEC 1.1.0 section 4,
 * cni-behaviour.md 1.6).
 *
 * The delegate gets this process's environment with CNI_COMMAND replaced and
 * the very bytes that came on stdin. What it writes to stderr goes to ours.
 * Its error object becomes our error with its code, message and details
 * unchanged.
 */
#pragma once

#include "common/cni/call.h"
#include "common/cni/request.h"
#include "common/cni/result.h"

/*
 * IPAM ADD by the plugin @type. On success @out holds its result, read in the
 * configuration's version. When the delegate fails, or answers nonsense, its
 * DEL has been called before this returns (SPEC section 4: the delegate
 * must be given the chance to clean up).
 *
 * Errors: the delegate's own; CNI_E_DELEGATE for one that cannot be found or
 * run, dies, or does not speak the protocol.
 */
int cni_delegate_add(const struct cni_request *req, const char *type,
		     struct cni_result *out, struct err *err) MUST_CHECK;

/* DEL, CHECK, GC or STATUS by the plugin @type. Errors as above. */
int cni_delegate(const struct cni_request *req, enum cni_verb verb,
		 const char *type, struct err *err) MUST_CHECK;

/* A delegate that runs while its caller does something else. */
struct cni_delegate {
	const struct cni_request *req;
	enum cni_verb verb;
	struct cni_call call;
	bool running;
};

/* Nothing runs yet; where every `auto_cni_delegate` starts. */
#define CNI_DELEGATE_NONE             \
	(struct cni_delegate)         \
	{                             \
		.call = CNI_CALL_NONE \
	}
#define auto_cni_delegate AUTO(cni_delegate_free)

/*
 * Start the plugin @type. Errors as above; after one of ADD, nothing has run
 * and there is nothing to clean up.
 */
int cni_delegate_start(const struct cni_request *req, enum cni_verb verb,
		       const char *type, struct cni_delegate *out,
		       struct err *err) MUST_CHECK;

/*
 * Wait for it, and take its answer; @out is for ADD, otherwise NULL. Success if
 * nothing was started. Errors and clean-up as above.
 */
int cni_delegate_finish(struct cni_delegate *delegate, struct cni_result *out,
			struct err *err) MUST_CHECK;

/* Kills a delegate that is still running. */
void cni_delegate_free(struct cni_delegate *delegate);
