/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The birth of the container's first process, and the talk with it.
 *
 * Without a user namespace it is our child. With one there is a stage in
 * between: it enters or makes the user namespace, then the others, which are
 * to belong to it, and gives birth to init as our child.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime-glue/oci/device.h"
#include "runtime-glue/oci/launch.h"
#include "runtime-glue/oci/rdt.h"
#include "runtime-glue/oci/sync.h"
#include "runtime-glue/process/hooks.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* Those that the child itself makes, when the time has come. */
#define LATER (CLONE_NEWCGROUP | CLONE_NEWTIME)

/* ---- the conversation ---- */

static int set_limits(const struct launch *l, struct err *err)
{
	auto_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0)
		return err_sys(err, errno, "open /proc");
	return process_limits_of(&l->process, l->state.pid, proc, err);
}

static int run_hooks(struct launch *l, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	int r;

	l->hooked = true;
	state_print(&l->state, STATUS_CREATING, false, &text);
	r = hooks_run(&l->doc.spec, SPEC_HOOK_PRESTART, strbuf_str(&text),
		      l->state.bundle, false, err);
	return r
		       ?: hooks_run(&l->doc.spec, SPEC_HOOK_CREATE_RUNTIME,
				    strbuf_str(&text), l->state.bundle, false,
				    err);
}

static int died(const struct launch *l, struct err *err)
{
	siginfo_t info = { .si_pid = 0 };
	const char *how = "went away without a word";

	if (l->pidfd >= 0 &&
	    waitid(P_PIDFD, (id_t)l->pidfd, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid && info.si_code != CLD_EXITED)
		how = info.si_status == SIGKILL ? "was killed"
						: "was ended by a signal";
	(void)err_set(err, CNI_E_IO, "the container's first process %s", how);
	cgroup_blame(&l->cgroup, &l->doc.spec.linux_.resources, err);
	return -err->errnum;
}

/* The container's init is born: it is written down, and put into its cgroup. */
static int adopt(struct launch *l, pid_t pid, struct err *err)
{
	int r;

	l->state.pid = pid;
	r = state_start_time(pid, &l->state.start_time);
	/* A limit of memory may have ended it before its first step. */
	if (r == -ESRCH)
		return died(l, err);
	if (r < 0)
		return err_sys(err, -r, "look at process %d", pid);
	if (l->pidfd < 0) {
		l->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (l->pidfd < 0)
			return err_sys(err, errno, "pidfd_open %d", pid);
	}
	r = state_save(&l->state, err);
	r = r
		    ?: cgroup_join(&l->cgroup, pid,
				   cgroup_clone_fd(&l->cgroup) >= 0, err);
	r = r ?: rdt_join(&l->doc.spec, l->options->id, pid, err);
	return r ?: sync_send(l->sync, SYNC_GO, pid, err);
}

static int answer(struct launch *l, enum sync_what what, int value, pid_t stage,
		  struct err *err)
{
	bool setgroups = true;
	int r;

	switch (what) {
	case SYNC_MAP:
		r = ns_map(stage, &l->doc.spec.linux_, &setgroups, err);
		return r ?: sync_send(l->sync, SYNC_GO, setgroups, err);
	case SYNC_PID:
		return adopt(l, value, err);
	case SYNC_MOUNTED:
		r = device_move(&l->doc.spec, l->state.pid, err);
		r = r ?: run_hooks(l, err);
		return r ?: sync_send(l->sync, SYNC_GO, 0, err);
	case SYNC_LIMITS:
		r = set_limits(l, err);
		return r ?: sync_send(l->sync, SYNC_GO, 0, err);
	case SYNC_READY:
	case SYNC_GO:
	case SYNC_FAILED:
		break;
	}
	return err_set(err, CNI_E_IO, "packet %u is not the child's to send",
		       what);
}

static int converse(struct launch *l, pid_t stage, struct err *err)
{
	enum sync_what what = SYNC_GO;
	int value = 0;
	int r;

	do {
		r = sync_next(l->sync, &what, &value, err);
		if (r == -EPIPE && !err->code)
			return died(l, err);
		if (r == 0 && what != SYNC_READY)
			r = answer(l, what, value, stage, err);
	} while (r == 0 && what != SYNC_READY);
	return r;
}

/* ---- birth ---- */

/* What our children are to be in; undone for those that come after. */
static int for_children(struct launch *l, struct err *err)
{
	int r = 0;

	if (l->ns.user)
		return 0;
	if (l->ns.made & CLONE_NEWTIME) {
		if (unshare(CLONE_NEWTIME) < 0)
			return err_sys(err, errno,
				       "unshare the time namespace");
		r = ns_time_offsets(&l->doc.spec.linux_, AT_FDCWD, err);
	}
	return r ?: ns_join(&l->ns, SPEC_NS_PID, err);
}

/* What an ordinary user needs, and may not know. */
static int hint_at_user(const struct launch *l, int r, struct err *err)
{
	if (r == -EPERM && !l->ns.user)
		(void)err_hint(err, "without rights over the host, "
				    "linux.namespaces needs one of type "
				    "\"user\": a user namespace");
	return r;
}

int launch_birth(struct launch *l, struct err *err)
{
	int made = l->ns.user ? 0 : l->ns.made & ~LATER;
	bool joined_pid = !l->ns.user && l->ns.fd[SPEC_NS_PID] >= 0;
	int pair[2] = { -1, -1 };
	pid_t pid;
	int r;

	r = for_children(l, err);
	r = r ?: sync_pair(pair, err);
	if (r < 0)
		return r;
	l->sync = pair[0];
	pid = launch_clone((unsigned int)made, cgroup_clone_fd(&l->cgroup),
			   l->ns.user ? NULL : &l->pidfd, err);
	if (pid == 0)
		init_main(l, pair[1]);
	(void)close(pair[1]);
	if (pid < 0)
		return hint_at_user(l, pid, err);
	if (joined_pid)
		r = ns_return(SPEC_NS_PID, err);
	if (r == 0 && !l->ns.user && (l->ns.made & CLONE_NEWTIME))
		r = ns_return(SPEC_NS_TIME, err);
	if (!l->ns.user)
		r = r ?: adopt(l, pid, err);
	r = r ?: converse(l, pid, err);
	if (l->ns.user) {
		/* It may wait for an answer that will not come. */
		if (r < 0)
			(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return r;
}
