/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this folder have in common, for them (and unit tests). */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "runtime-glue/process/process.h"

/* ---- parts.c ---- */

/* Record @errnum with a message that does not end in the errno's text. */
int process_fail(struct err *err, int errnum, const char *fmt, ...)
	PRINTF(3, 4) COLD;

/* openat2(2) with @resolve; -ENOSYS on kernels before 5.6. */
int process_openat2(int dir, const char *path, int flags, uint64_t resolve);

/*
 * Open @name below @proc, which is checked to be a procfs, crossing neither
 * mounts nor magic links. Returns the descriptor or -errno.
 */
int process_open_proc(int proc, const char *name, int flags);

/* Write all of @text with one write(2) to such a file. 0 or -errno. */
int process_write_proc(int proc, const char *name, const char *text);

/* Connect a stream socket to @path, of any length. Descriptor or -errno. */
int process_connect(const char *path);

/* Send @fd along with @len bytes, at least one. 0 or -errno. */
int process_send_fd(int socket, int fd, const char *bytes, size_t len);

/*
 * A list "0-3,7" as bits of @bits, which has @count of them. -EINVAL: no list,
 * or an empty one; -ERANGE: a number that is too big.
 */
int process_list(const char *text, unsigned long *bits, size_t count);

/* ---- limits.c, sched.c: @pid 0 is the caller ---- */
int rlimits_check(const struct spec_process *spec, struct err *err);
int rlimits_raise(const struct spec_process *spec, pid_t pid, struct err *err);
int rlimits_set(const struct spec_process *spec, struct err *err);
int scheduler_set(const struct spec_process *spec, pid_t pid, struct err *err);
int ioprio_set_of(const struct spec_process *spec, pid_t pid, struct err *err);
int personality_set(const struct spec *spec, struct err *err);
int mempolicy_set(const struct spec *spec, struct err *err);

/* ---- caps.c ---- */

/* Warn of what cannot be had; effective beyond permitted is an error. */
int caps_check(const struct process *process, struct err *err);
int caps_drop_bounding(uint64_t keep, struct err *err);

/*
 * The other four sets, each without what we do not have. @extra: permitted and
 * effective as well, until execve().
 */
int caps_apply(const struct process *process, uint64_t extra, struct err *err);

/* ---- user.c ---- */
int stdio_chown(uid_t uid, struct err *err);
int user_switch(const struct process *process, struct err *err);

/* ---- cwd.c ---- */

/* As root: enter or make it. -EACCES, -EPERM: the user may be able to. */
int cwd_enter(const char *path, bool make, struct err *err);
int cwd_verify(const char *path, struct err *err);

/* ---- env.c ---- */
int env_check(const struct spec_process *spec, struct err *err);
int env_make(const struct spec_process *spec, char ***envp, struct err *err);
/* Put LISTEN_FDS and LISTEN_PID into what env_make() has made. */
int env_listen(char **envp, int count, struct err *err);
const char *env_get(char *const *envp, const char *name);

/* Home directory of @uid in the text of a passwd file; false: not there. */
bool passwd_home(const char *text, size_t len, uid_t uid, struct strbuf *home);

/* ---- lookup.c ---- */

/* Find @name as Go's exec.LookPath() does. The caller owns *@path. */
int lookup(const char *name, const char *path_list, char **path,
	   struct err *err);

/* ---- label.c, keyring.c ---- */
int label_check(const struct spec_process *spec, struct err *err);
int label_set(const struct spec_process *spec, int proc, struct err *err);
int keyring_join(const struct process *process, int proc, struct err *err);

/* ---- seccomp.c and its kin ---- */
int filter_prepare(struct process *process, struct err *err);

/* Compile without a look at the cache; @out: struct sock_filter, in a row. */
int filter_compile(const struct spec_seccomp *spec, struct strbuf *out,
		   struct err *err);

/* Put the code that answers ENOSYS to unknown numbers into empty @out. */
void filter_add_enosys(const struct spec_seccomp *spec, struct strbuf *out);

/* All that a compiled filter depends on, as text. */
void filter_describe(const struct spec_seccomp *spec, struct strbuf *out);

/* -ENOENT: not there, or not whole. What cannot be stored is not. */
int filter_cache_load(const char *dir, const char *key, struct strbuf *out);
void filter_cache_store(const char *dir, const char *key,
			const struct strbuf *filter);

/*
 * Load the filter, send the listener its descriptor, in two parts: @sender is
 * made (NULL if there is none to be told) while we may still make threads, and
 * is filter_load()'s from then on.
 */
struct sender;
int filter_load_ready(struct process *process, const char *state_json,
		      struct sender **sender, struct err *err);
int filter_load(const struct process *process, struct sender *sender,
		struct err *err);

/* ---- seccomp_notify.c ---- */
int listener_connect(const char *path, int *fd, struct err *err);

/* The message for the listener, a ContainerProcessState. */
int listener_message(const struct process *process, const char *state_json,
		     struct strbuf *out, struct err *err);

/*
 * A helper thread that sends the notify descriptor. We cannot: after seccomp(2)
 * sendmsg(2) itself may be one of the calls that wait for the listener, who
 * has no descriptor yet. The thread was there before and has no filter.
 */
int sender_start(int socket, struct strbuf *message, struct sender **out,
		 struct err *err);
/* Give it the descriptor and wait, without a system call. 0 or -errno. */
int sender_send(struct sender *sender, int fd);
/* Of one that was given nothing. */
void sender_free(struct sender *sender);

/* ---- hook_run.c ---- */

/* Of a hook's output the end is kept, which is where the reason is. */
#define HOOK_TAIL_MAX 4096U

enum { HOOK_STDIN, HOOK_OUTPUT, HOOK_ENDED, HOOK_WATCHED };

struct hook_run {
	const char *path, *state; /* state: what is left of it to write */
	char *const *argv, *const *envp;
	int64_t timeout_s; /* 0: none */
	/* hook_run.c's: */
	pid_t pid;
	struct pollfd at[HOOK_WATCHED];
	int64_t deadline_ms; /* of the monotonic clock; 0: none */
	size_t tail_len;
	char tail[HOOK_TAIL_MAX + 1];
};

/*
 * Run it in @cwd to its end. SIGPIPE is ignored, SIGCHLD is not. -ETIMEDOUT:
 * it was killed, with its group. Nothing is recorded in an err.
 */
int hook_run(struct hook_run *run, const char *cwd, int *status);

/* ---- fds.c ---- */

/* CLOEXEC for all from @first on. @proc: as process_become() was given it. */
int fds_close_on_exec(int first, int proc, struct err *err);
