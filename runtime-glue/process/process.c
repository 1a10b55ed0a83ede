/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/process/process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

int process_prepare(struct process *process, struct err *err)
{
	const struct spec_process *spec = process->spec;
	int r;

	process->listener = -1;
	process->proc = -1;
	if (spec->args.count == 0)
		return err_set(err, CNI_E_CONFIG, "process.args: is empty");
	r = env_check(spec, err);
	r = r ?: rlimits_check(spec, err);
	r = r ?: caps_check(process, err);
	r = r ?: label_check(spec, err);
	return r ?: filter_prepare(process, err);
}

/* ---- Limits ---- */

static bool oom_score_is(int proc, const char *name, int64_t want)
{
	auto_fd int fd = process_open_proc(proc, name, O_RDONLY);
	char text[16] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 &&
	       strtol(text, NULL, 10) == want;
}

/*
 * A value that is in force already may be refused (to lower it below the lowest
 * that was ever set takes CAP_SYS_RESOURCE on the host), which is no loss in
 * a user namespace.
 */
static int oom_score_set(const struct process *process, pid_t pid, int proc,
			 struct err *err)
{
	const struct spec_int *want = &process->spec->oom_score_adj;
	const uint64_t start = trace_start();
	char name[48] = "self/oom_score_adj";
	char text[16];
	int r;

	if (!want->set)
		return 0;
	if (pid)
		(void)snprintf(name, sizeof(name), "%d/oom_score_adj", pid);
	(void)snprintf(text, sizeof(text), "%d", (int)want->value);
	r = process_write_proc(proc, name, text);
	if ((r == -EACCES || r == -EPERM) && process->userns &&
	    oom_score_is(proc, name, want->value))
		r = 0;
	trace_end(start, r, "limit", "%s %s", name, text);
	if (r == 0)
		return 0;
	(void)err_sys(err, -r, "process.oomScoreAdj: write %s to %s", text,
		      name);
	if (r == -EACCES)
		(void)err_hint(err, "lowering it takes CAP_SYS_RESOURCE");
	return r;
}

/*
 * config.md: of no meaning for the container's first process. An exec's process
 * is never that of the container's configuration itself.
 */
static int cpus_set(const struct process *process, pid_t pid, struct err *err)
{
	const struct spec_process *spec = process->spec;

	if (!spec->cpu_final ||
	    (!process->exec && spec == &process->container->process))
		return 0;
	return process_affinity(pid, spec->cpu_final,
				"process.execCPUAffinity.final", err);
}

int process_limits_of(const struct process *process, pid_t pid, int proc,
		      struct err *err)
{
	const struct spec_process *spec = process->spec;
	int r;

	r = oom_score_set(process, pid, proc, err);
	r = r ?: rlimits_raise(spec, pid, err);
	r = r ?: scheduler_set(spec, pid, err);
	r = r ?: ioprio_set_of(spec, pid, err);
	return r ?: cpus_set(process, pid, err);
}

int process_limits_rest(const struct process *process, struct err *err)
{
	int r;

	r = personality_set(process->container, err);
	return r ?: mempolicy_set(process->container, err);
}

int process_limits(const struct process *process, int proc, struct err *err)
{
	int r;

	r = process_limits_of(process, 0, proc, err);
	return r ?: process_limits_rest(process, err);
}

/* ---- The executable ---- */

static int find(struct process *process, struct err *err)
{
	const char *name = process->spec->args.at[0];

	free(take_ptr(process->path));
	return lookup(name, env_get(process->envp, "PATH"), &process->path,
		      err);
}

static bool relative(const char *name)
{
	return *name != '/' && strchr(name, '/');
}

int process_find(struct process *process, struct err *err)
{
	int r;

	r = env_make(process->spec, &process->envp, err);
	if (r == 0 && process->listen_fds > 0)
		r = env_listen(process->envp, process->listen_fds, err);
	if (r < 0 || relative(process->spec->args.at[0]))
		return r;
	r = find(process, err);
	/* Root of a network file system may see less than its users. */
	if (r == -EACCES && process->spec->user.uid != 0) {
		err_clear(err);
		return 0;
	}
	return r;
}

/* Root finds what the user cannot execute. */
static int find_again(struct process *process, struct err *err)
{
	if (process->path &&
	    faccessat(AT_FDCWD, process->path, X_OK, AT_EACCESS) == 0)
		return 0;
	return find(process, err);
}

/* ---- The user ---- */

static int keep_caps(bool keep, struct err *err)
{
	if (prctl(PR_SET_KEEPCAPS, keep ? 1UL : 0UL, 0UL, 0UL, 0UL) < 0)
		return err_sys(err, errno, "keep capabilities");
	return 0;
}

static int no_new_privs(const struct process *process, struct err *err)
{
	if (process->spec->no_new_privileges &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0)
		return err_sys(err, errno, "process.noNewPrivileges: set it");
	return 0;
}

/* seccomp(2) wants it, if not no_new_privs. */
static uint64_t caps_extra(const struct process *process)
{
	if (process->filter.len == 0 || process->spec->no_new_privileges)
		return 0;
	return 1ULL << CAP_SYS_ADMIN;
}

/* The bounding set first: to drop of it takes a capability. */
static int drop(const struct process *process, struct err *err)
{
	int r;

	r = caps_drop_bounding(process->spec->caps.bounding, err);
	r = r ?: keep_caps(true, err);
	r = r ?: user_switch(process, err);
	r = r ?: keep_caps(false, err);
	r = r ?: caps_apply(process, caps_extra(process), err);
	return r ?: no_new_privs(process, err);
}

/*
 * Root of the container may reach a directory that the user cannot, and on
 * some file systems the other way around.
 */
static int cwd_enter_first(const struct process *process, bool *again,
			   struct err *err)
{
	int r = cwd_enter(process->spec->cwd, true, err);

	*again = r == -EACCES || r == -EPERM;
	if (!*again)
		return r;
	err_clear(err);
	return 0;
}

int process_become(struct process *process, int proc, struct err *err)
{
	const struct spec_process *spec = process->spec;
	bool again = false;
	int r;

	process->proc = proc;
	r = keyring_join(process, proc, err);
	r = r ?: label_set(spec, proc, err);
	r = r ?: stdio_chown(spec->user.uid, err);
	r = r ?: cwd_enter_first(process, &again, err);
	r = r ?: drop(process, err);
	if (r == 0 && again)
		r = cwd_enter(spec->cwd, false, err);
	r = r ?: cwd_verify(spec->cwd, err);
	return r ?: find_again(process, err);
}

/* ---- The end ---- */

/* In Go's words, as runc's: "exec /bin/x: exec format error". */
static int exec_failed(const char *path, int errnum, struct err *err)
{
	const char *why = err_text(errnum);

	(void)process_fail(err, errnum, "exec %s: %c%s", path,
			   tolower((unsigned char)*why), why + 1);
	if (errnum == ENOENT)
		(void)err_hint(err, "its interpreter or loader is missing");
	return -errnum;
}

static char **argv_make(const struct spec_strings *args)
{
	char **argv = calloc(args->count + 1, sizeof(*argv));

	/* execve() does not write to the strings. */
	if (argv)
		memcpy(argv, args->at, args->count * sizeof(*argv));
	return argv;
}

int process_exec(struct process *process, int keep, const char *state_json,
		 struct err *err)
{
	const uint64_t start = trace_start();
	auto_free char **argv = argv_make(&process->spec->args);
	struct sender *sender = NULL;
	int r;

	if (!argv)
		return err_nomem(err);
	r = filter_load_ready(process, state_json, &sender, err);
	r = r ?: fds_close_on_exec(keep, process->proc, err);
	r = r ?: rlimits_set(process->spec, err);
	/* Before it happens: afterwards the filter may not let us write. */
	trace_end(start, r, "exec", "seccomp filter of %u, then %s",
		  process->filter.len, process->path);
	if (r < 0) {
		sender_free(sender);
		return r;
	}
	r = filter_load(process, sender, err);
	if (r < 0)
		return r;
	(void)execve(process->path, argv, process->envp);
	return exec_failed(process->path, errno, err);
}

void process_free(struct process *process)
{
	for (char **at = process->envp; at && *at; at++)
		free(*at);
	free(take_ptr(process->envp));
	free(take_ptr(process->path));
	free(take_ptr(process->filter.filter));
	process->filter.len = 0;
	if (process->listener > 0)
		(void)close(process->listener);
	process->listener = -1;
}
