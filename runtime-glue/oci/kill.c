/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals to a container. */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"
#include "runtime-glue/oci/container.h"

#define THAW_MS 2000

static int not_running(const char *id, struct err *err)
{
	/* containerd looks for these three words. */
	(void)err_set(err, CNI_E_CONTAINER,
		      "kill container \"%s\": container not running", id);
	err->errnum = ESRCH;
	return -ESRCH;
}

static int kill_init(const struct state *state, int sig, struct err *err)
{
	uint64_t start = trace_start();
	auto_fd int fd = state_pidfd(state);
	int r = fd < 0 ? fd : 0;

	if (r == 0 && syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0)
		r = -errno;
	trace_end(start, r, "signal", "%d to pid %d", sig, (int)state->pid);
	if (r == -ESRCH)
		return not_running(state->id, err);
	return r < 0 ? err_sys(err, -r, "send signal %d to container \"%s\"",
			       sig, state->id)
		     : 0;
}

int container_kill(const struct runtime *runtime, const char *id, int sig,
		   bool all, struct err *err)
{
	auto_state struct state state = STATE_NONE;
	auto_cgroup struct cgroup cgroup = { .count = 0 };
	bool stopped;
	int r;

	/* No lock: a create that hangs in a hook can be killed, too. */
	r = state_open(runtime->root, id, false, &state, err);
	r = r ?: state_cgroup(&state, &cgroup, err);
	if (r < 0)
		return r;
	stopped = state_status(&state) == STATUS_STOPPED;
	if (stopped && !all)
		return not_running(id, err);
	if (cgroup.count > 0 && (all || (sig == SIGKILL && state.shared_pidns)))
		r = cgroup_kill(&cgroup, sig, err);
	else if (!stopped)
		r = kill_init(&state, sig, err);
	/* What is frozen by v1's freezer dies when it is thawed. */
	if (r == 0 && sig == SIGKILL && cgroup.count > 0 &&
	    cgroup_is_frozen(&cgroup))
		r = cgroup_freeze(&cgroup, false, THAW_MS, err);
	return r;
}
