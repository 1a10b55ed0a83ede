/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a container. Every step can be repeated, and finds its own way
 * when an earlier delete, or the create, was killed in between: the state's
 * directory goes last.
 */
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "runtime-glue/oci/container.h"
#include "runtime-glue/process/hooks.h"

#define RESCTRL "/sys/fs/resctrl"

#define THAW_MS    2000
#define DEATH_MS   10000
#define EMPTIES_MS 1000

static int wait_for_death(int pidfd, const char *id, struct err *err)
{
	struct pollfd at = { .fd = pidfd, .events = POLLIN };
	uint64_t start = trace_start();
	int r;

	do
		r = poll(&at, 1, DEATH_MS);
	while (r < 0 && errno == EINTR);
	r = r > 0 ? 0 : (r < 0 ? -errno : -ETIMEDOUT);
	trace_end(start, r, "wait", "for the end of container %s", id);
	return r < 0 ? err_sys(err, -r,
			       "container \"%s\": wait for its first process "
			       "to end after SIGKILL",
			       id)
		     : 0;
}

/* *@out: its pidfd, to wait for; -1: it has ended. */
static int kill_init(const struct state *state, int *out, struct err *err)
{
	uint64_t start = trace_start();
	auto_fd int fd = state_pidfd(state);
	int r = fd < 0 ? fd : 0;

	if (r == 0 && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0)
		r = -errno;
	if (r == -ESRCH)
		return 0;
	trace_end(start, r, "signal", "SIGKILL to pid %d", (int)state->pid);
	if (r < 0)
		return err_sys(err, -r, "kill container \"%s\", pid %d",
			       state->id, (int)state->pid);
	*out = take_fd(&fd);
	return 0;
}

/*
 * With a PID namespace of its own, everything in it ends with its init. Other
 * containers' processes may be in the same cgroup: only those that have no such
 * namespace to end are looked for there. What is frozen is killed first, so
 * that it does nothing more when it is thawed, and dies.
 */
static int kill_all(const struct state *state, const struct cgroup *cgroup,
		    struct err *err)
{
	struct err why = { .code = CNI_OK };
	bool known = cgroup->count > 0 && state->pid > 0;
	auto_fd int pidfd = -1;
	int r = kill_init(state, &pidfd, err);

	if (known && state->shared_pidns)
		r = first_of(cgroup_kill(cgroup, SIGKILL, err), r);
	if (known && cgroup_is_frozen(cgroup) &&
	    cgroup_freeze(cgroup, false, THAW_MS, &why) < 0)
		log_warn("container \"%s\": %s", state->id, why.msg);
	if (pidfd < 0)
		return r;
	return first_of(wait_for_death(pidfd, state->id, err), r);
}

/*
 * Of a container that never had a pid, the groups were noted before they were
 * made: what stays in them beyond the moment that an orphaned child needs to
 * end is somebody else's, and so are they.
 */
static bool empties(const struct cgroup *cgroup)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	struct err ignored = { .code = CNI_OK };
	size_t count = 1;

	for (int ms = 0; count > 0 && ms < EMPTIES_MS; ms += 10) {
		pid_t *pids = NULL;

		if (cgroup_pids(cgroup, &pids, &count, &ignored) < 0)
			return true; /* cgroup_remove() says why */
		free(pids);
		if (count > 0)
			(void)nanosleep(&pause, NULL);
	}
	return count == 0;
}

static int remove_cgroup(const struct state *state, struct cgroup *cgroup,
			 struct err *err)
{
	if (cgroup->count == 0)
		return 0;
	if (state->pid == 0 && !empties(cgroup)) {
		log_warn("container \"%s\": its cgroup has processes of "
			 "somebody else and stays",
			 state->id);
		return 0;
	}
	return cgroup_remove(cgroup, err);
}

static int remove_resctrl(const struct state *state, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };

	if (!state->intel_rdt)
		return 0;
	strbuf_printf(&path, RESCTRL "/%s", state->id);
	if (path.failed)
		return err_nomem(err);
	if (rmdir(path.data) < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_sys(err, errno, "remove %s", path.data);
	return 0;
}

/* A list of cgroups that nobody can read is no reason to keep it. */
static int find_cgroup(const struct state *state, struct cgroup *cgroup,
		       struct err *err)
{
	int r = state_cgroup(state, cgroup, err);

	if (r < 0) {
		cgroup_close(cgroup);
		*cgroup = (struct cgroup){ .count = 0 };
	}
	return r;
}

int container_destroy(struct state *state, struct err *err)
{
	auto_cgroup struct cgroup cgroup = { .count = 0 };
	int found = find_cgroup(state, &cgroup, err);
	int r = kill_all(state, &cgroup, err);

	r = first_of(remove_resctrl(state, err), r);
	r = first_of(remove_cgroup(state, &cgroup, err), r);
	/* What is left is to be found again. */
	if (r == 0)
		r = state_remove(state, err);
	return first_of(r, found);
}

/* A failure of theirs does not stop the delete (runtime.md, "Lifecycle"). */
static void run_poststop(const struct state *state)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	auto_strbuf struct strbuf text = { .len = 0 };
	struct err err = { .code = CNI_OK };
	int r = state_load_spec(state, &doc, &err);

	if (r == -ENOENT)
		return;
	if (r == 0 && doc.spec.hooks[SPEC_HOOK_POSTSTOP].count > 0) {
		state_print(state, STATUS_STOPPED, false, &text);
		r = hooks_run(&doc.spec, SPEC_HOOK_POSTSTOP, strbuf_str(&text),
			      state->bundle ?: "/", true, &err);
	}
	if (r < 0)
		log_warn("container \"%s\": poststop hooks: %s", state->id,
			 err.msg);
}

/* Hooks are told of a container that has stopped, so it must have. */
static int stop(const struct state *state, struct err *err)
{
	auto_cgroup struct cgroup cgroup = { .count = 0 };
	struct err ignored = { .code = CNI_OK };

	(void)find_cgroup(state, &cgroup, &ignored);
	return kill_all(state, &cgroup, err);
}

int container_delete(const struct runtime *runtime, const char *id, bool force,
		     struct err *err)
{
	auto_state struct state state = STATE_NONE;
	enum status status;
	int r;

	r = state_open(runtime->root, id, true, &state, err);
	if (r == -ENOENT && force) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	status = state_status(&state);
	if (!force && status != STATUS_STOPPED && status != STATUS_CREATED)
		return err_set(err, CNI_E_IO,
			       "cannot delete container \"%s\" that is not "
			       "stopped: %s",
			       id, status_name(status));
	r = stop(&state, err);
	if (r == 0)
		run_poststop(&state);
	return first_of(container_destroy(&state, err), r);
}
