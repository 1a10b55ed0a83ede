/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks (config.md "POSIX-platform Hooks"): run one after the other. */
#pragma once

#include "common/base/err.h"
#include "runtime-glue/spec/spec.h"

/*
 * Run the hooks of @kind, with @state (JSON) on stdin; a hook that does not
 * read it is no error (EPIPE, SIGPIPE). Its stdout and stderr are kept for the
 * error. cwd: "/" for startContainer, else @cwd (NULL: "/"). Signals default,
 * mask empty, no descriptor but 0..2. A hook without an env of its own gets our
 * environment, startContainer's that of the container's process. Beyond its
 * timeout it is killed, with its process group. Error:
 * `hooks.prestart[0]: /bin/x: exit status 3: OUTPUT`.
 * With @go_on failures are only logged (log_warn) and the next ones run.
 */
int hooks_run(const struct spec *spec, enum spec_hook_kind kind,
	      const char *state, const char *cwd, bool go_on,
	      struct err *err) MUST_CHECK;
