/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/process/hooks.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

/* Pointers to strings that are the document's; nobody writes to them. */
static char **vector(const void *strings, size_t count)
{
	char **out = calloc(count + 1, sizeof(*out));

	if (out && count > 0)
		memcpy(out, strings, count * sizeof(*out));
	return out;
}

/*
 * Without one of its own, a hook gets our environment, or in the container that
 * of its process: so do runc and crun, and hooks rely on PATH.
 */
static char **envp_make(const struct spec *spec, enum spec_hook_kind kind,
			const struct spec_hook *hook)
{
	const struct spec_strings *env = &hook->env;
	size_t count = 0;

	if (env->count == 0 && kind == SPEC_HOOK_START_CONTAINER)
		env = &spec->process.env;
	else if (env->count == 0) {
		while (environ && environ[count])
			count++;
		return vector(environ, count);
	}
	return vector(env->at, env->count);
}

static char **argv_make(const struct spec_hook *hook)
{
	if (hook->args.count == 0)
		return vector(&hook->path, 1);
	return vector(hook->args.at, hook->args.count);
}

/* The output as a part of one line: ": OUTPUT", or nothing. */
static const char *output(struct hook_run *run, const char **colon)
{
	char *at = run->tail;

	run->tail[run->tail_len] = '\0';
	while (run->tail_len > 0 &&
	       (at[run->tail_len - 1] == '\n' || at[run->tail_len - 1] == ' '))
		at[--run->tail_len] = '\0';
	for (size_t i = 0; i < run->tail_len; i++)
		if (at[i] == '\n' || at[i] == '\0')
			at[i] = ' ';
	/* What err has room for: the end again. */
	if (run->tail_len > sizeof(((struct err *)0)->msg) / 2)
		at += run->tail_len - sizeof(((struct err *)0)->msg) / 2;
	log_printable(at, strlen(at));
	*colon = *at ? ": " : "";
	return at;
}

static int judge(struct hook_run *run, const char *what, int r, int status,
		 struct err *err)
{
	const char *path = run->path, *colon;
	const char *text = output(run, &colon);

	if (r == -ETIMEDOUT)
		return process_fail(err, ETIMEDOUT,
				    "%s: %s: killed after %lld s%s%s", what,
				    path, (long long)run->timeout_s, colon,
				    text);
	if (r < 0)
		return err_sys(err, -r, "%s: run %s", what, path);
	if (WIFSIGNALED(status))
		return process_fail(err, EIO, "%s: %s: killed by signal %d%s%s",
				    what, path, WTERMSIG(status), colon, text);
	if (WEXITSTATUS(status) != 0)
		return process_fail(err, EIO, "%s: %s: exit status %d%s%s",
				    what, path, WEXITSTATUS(status), colon,
				    text);
	return 0;
}

static int run_one(const struct spec_hook *hook, struct hook_run *run,
		   const char *what, const char *cwd, struct err *err)
{
	auto_free char **argv = argv_make(hook);
	const uint64_t started = trace_start();
	int status = 0, r = -ENOMEM;

	run->path = hook->path;
	run->argv = argv;
	run->timeout_s = hook->timeout.set ? hook->timeout.value : 0;
	if (argv && run->envp)
		r = hook_run(run, cwd, &status);
	trace_end(started, r, "exec", "%s %s, status %#x", what, hook->path,
		  (unsigned int)status);
	return judge(run, what, r, status, err);
}

static int run_all(const struct spec *spec, enum spec_hook_kind kind,
		   const char *state, const char *cwd, bool go_on,
		   struct err *err)
{
	const struct spec_hooks *hooks = &spec->hooks[kind];
	int r = 0;

	for (size_t i = 0; r == 0 && i < hooks->count; i++) {
		const struct spec_hook *hook = &hooks->at[i];
		auto_free char **envp = envp_make(spec, kind, hook);
		struct hook_run run = { .state = state, .envp = envp };
		char what[64];

		(void)snprintf(what, sizeof(what), "hooks.%s[%zu]",
			       spec_hook_names[kind], i);
		r = run_one(hook, &run, what, cwd, err);
		if (r < 0 && go_on) {
			log_warn("%s", err->msg);
			err_clear(err);
			r = 0;
		}
	}
	return r;
}

/*
 * SIGPIPE would kill us when a hook does not read its input (as it does crun
 * at times), and with SIGCHLD ignored, as a careless parent may have left it,
 * the kernel throws the exit status away.
 */
int hooks_run(const struct spec *spec, enum spec_hook_kind kind,
	      const char *state, const char *cwd, bool go_on, struct err *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	struct sigaction saved_pipe, saved_chld;
	int r;

	if (spec->hooks[kind].count == 0)
		return 0;
	if (kind == SPEC_HOOK_START_CONTAINER || !cwd)
		cwd = "/";
	(void)sigaction(SIGPIPE, &ignore, &saved_pipe);
	(void)sigaction(SIGCHLD, &normal, &saved_chld);
	r = run_all(spec, kind, state, cwd, go_on, err);
	(void)sigaction(SIGPIPE, &saved_pipe, NULL);
	(void)sigaction(SIGCHLD, &saved_chld, NULL);
	return r;
}
