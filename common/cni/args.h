/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CNI_ARGS: "KEY=VALUE;KEY=VALUE" (cni-behaviour.md 1.4).
 */
#pragma once

#include <stddef.h>

#include "common/base/err.h"

/* A key the plugin understands, and where its value goes. */
struct cni_arg {
	const char *key; /* case-sensitive */
	char value[256]; /* "" if absent */
};

/*
 * Read @args into the @count entries of @known.
 * Errors, all CNI_E_ENV: `CNI_ARGS: invalid pair "p"` unless each piece holds
 * exactly one '='; a bad IgnoreUnknown value; `CNI_ARGS: unknown args
 * ["A=B" "C=D"]` when IgnoreUnknown is not true; a value that does not fit.
 */
int cni_args_read(const char *args, struct cni_arg *known, size_t count,
		  struct err *err) MUST_CHECK;
