/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec: one more process in a running container. It joins what the container's
 * init is in, takes on what the config (or --process) says, and is told of
 * failures up to execve() over the same socket pair as create's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "runtime-glue/oci/exec.h"
#include "runtime-glue/oci/front.h"
#include "runtime-glue/oci/launch.h"
#include "runtime-glue/oci/sync.h"
#include "runtime-glue/process/console.h"

struct exec {
	const struct exec_options *options;
	struct state state;
	struct spec_doc container; /* the config that it was created from */
	struct spec_doc own;       /* --process */
	struct spec_process spec;
	struct cgroup cgroup;
	struct process process;
	struct ns_plan ns;
	char *cache; /* of seccomp filters */
	int sync, console, terminal, pidfd, keep;
	bool sibling; /* it is born by a stage in between */
};

#define auto_exec AUTO(exec_close)

static void exec_close(struct exec *x)
{
	int *const fds[] = { &x->sync, &x->console, &x->terminal, &x->pidfd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (*fds[i] >= 0)
			(void)close(take_fd(fds[i]));
	ns_close(&x->ns);
	process_free(&x->process);
	cgroup_close(&x->cgroup);
	state_close(&x->state);
	spec_doc_free(&x->container);
	spec_doc_free(&x->own);
	free(take_ptr(x->cache));
}

static int check_status(const struct exec *x, struct err *err)
{
	enum status status = state_status(&x->state);

	if (status == STATUS_PAUSED && !x->options->ignore_paused)
		return err_set(err, CNI_E_IO,
			       "cannot exec in a paused container (use "
			       "--ignore-paused to override)");
	if (status == STATUS_CREATING || status == STATUS_STOPPED)
		return err_set(err, CNI_E_IO,
			       "cannot exec in a container that is %s: "
			       "container \"%s\" is not running",
			       status_name(status), x->options->id);
	return 0;
}

static int check_terminal(const struct exec *x, struct err *err)
{
	bool socket = x->options->console_socket != NULL;

	if (x->spec.terminal && x->options->detach && !socket)
		return err_set(err, CNI_E_ENV,
			       "cannot allocate a tty for a detached process "
			       "without --console-socket");
	if (socket && !(x->spec.terminal && x->options->detach))
		return err_set(err, CNI_E_ENV,
			       "cannot use --console-socket without a tty and "
			       "--detach");
	return 0;
}

/* By a pid, which must have been the container's all the while. */
static int open_namespaces(struct exec *x, struct err *err)
{
	auto_fd int pidfd = state_pidfd(&x->state);
	struct err why = { .code = CNI_OK };
	int r = pidfd < 0 ? pidfd : ns_open_of(x->state.pid, &x->ns, &why);
	auto_fd int again = state_pidfd(&x->state);

	if (pidfd == -ESRCH || again == -ESRCH)
		return err_set(err, CNI_E_IO,
			       "cannot exec in a container that is stopped: "
			       "container \"%s\" is not running",
			       x->options->id);
	if (pidfd < 0)
		return err_sys(err, -pidfd, "pidfd_open %d", x->state.pid);
	return r < 0 ? err_take(err, &why) : 0;
}

static int prepare(struct exec *x, const struct runtime *runtime,
		   struct err *err)
{
	const struct exec_options *options = x->options;
	int r = state_open(runtime->root, options->id, false, &x->state, err);

	r = r ?: check_status(x, err);
	r = r
		    ?: launch_count_fds(options->preserve_fds, &x->keep,
					&x->process.listen_fds, err);
	r = r ?: state_load_spec(&x->state, &x->container, err);
	r = r
		    ?: exec_process(options, &x->container.spec, &x->own,
				    &x->spec, err);
	r = r ?: check_terminal(x, err);
	r = r ?: open_namespaces(x, err);
	r = r ?: cgroup_from_json(x->state.cgroups, &x->cgroup, err);
	/* As at create. */
	if (r == 0 && asprintf(&x->cache, "%s/@seccomp", runtime->root) < 0) {
		x->cache = NULL;
		r = err_nomem(err);
	}
	if (r < 0)
		return r;
	x->process.spec = &x->spec;
	x->process.container = &x->container.spec;
	x->process.userns = x->ns.user;
	x->process.setgroups = true;
	x->process.id = options->id;
	x->process.exec = true;
	x->process.new_keyring = x->state.own_keyring;
	x->process.cache = x->cache;
	/* A user namespace gives all there is, whatever we had before. */
	x->process.bounding = x->ns.user ? UINT64_MAX : 0;
	return process_prepare(&x->process, err);
}

static int open_console(struct exec *x, struct err *err)
{
	int pair[2];

	if (!x->spec.terminal)
		return 0;
	if (x->options->console_socket)
		return console_connect(x->options->console_socket, &x->console,
				       err);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "socketpair for the terminal");
	x->console = pair[0];
	x->terminal = pair[1];
	return 0;
}

/* ---- the child ---- */

static int take_terminal(struct exec *x, struct err *err)
{
	auto_fd int master = -1;
	auto_fd int slave = -1;
	int r;

	if (x->console < 0)
		return 0;
	r = console_open(&x->spec, &master, &slave, err);
	r = r ?: console_send(x->console, master, err);
	return r ?: console_take(slave, err);
}

/* With rights over the host, which root of a user namespace has not. */
static int set_limits(struct exec *x, int proc, struct err *err)
{
	if (!x->ns.user)
		return process_limits(&x->process, proc, err);
	return process_limits_of(&x->process, getpid(), proc, err)
		       ?: process_limits_rest(&x->process, err);
}

/*
 * A procfs for what is written about ourselves, opened where it can be
 * trusted: on the host. /proc/self there means the one who opens it, so the
 * descriptor is good after the namespaces have been joined.
 *
 * Who is in the container must not look into us, who have descriptors of the
 * host: root has seen to it; others whose /proc/self would not be theirs to
 * write to any more do once that is done.
 */
static int join(struct exec *x, int sync, int *proc, struct err *err)
{
	pid_t pid;
	int r;

	*proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*proc < 0)
		return err_sys(err, errno, "open /proc");
	r = set_limits(x, *proc, err);
	(void)prctl(PR_SET_DUMPABLE, 0);
	r = r ?: ns_join_all(&x->ns, err);
	if (r == 0 && x->ns.user) {
		x->process.setgroups = ns_may_setgroups(*proc);
		if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
			r = err_sys(err, errno,
				    "become root of the container's user "
				    "namespace");
	}
	if (r < 0 || !x->sibling)
		return r;
	pid = launch_clone(CLONE_PARENT, -1, NULL, err);
	if (pid <= 0)
		return pid;
	r = sync_send(sync, SYNC_PID, pid, err);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int run(struct exec *x, int sync, struct err *err)
{
	auto_fd int proc = -1;
	auto_strbuf struct strbuf text = { .len = 0 };
	int r = sync_wait(sync, SYNC_GO, NULL, err);

	if (r == -EPIPE && !err->code)
		_exit(EXIT_FAILURE);
	r = r ?: join(x, sync, &proc, err);
	(void)setsid();
	r = r ?: take_terminal(x, err);
	r = r ?: process_find(&x->process, err);
	r = r ?: process_become(&x->process, proc, err);
	if (r < 0)
		return r;
	state_print(&x->state, STATUS_RUNNING, false, &text);
	return process_exec(&x->process, x->keep, strbuf_str(&text), err);
}

static _Noreturn void child(struct exec *x, int sync)
{
	struct err err = { .code = CNI_OK };

	(void)close(take_fd(&x->sync));
	if (x->terminal >= 0)
		(void)close(take_fd(&x->terminal));
	init_reset_signals();
	(void)run(x, sync, &err);
	sync_fail(sync, &err);
	_exit(EXIT_FAILURE);
}

/* ---- the runtime ---- */

static int into_cgroup(struct exec *x, pid_t pid, struct err *err)
{
	int r = 0;

	if (x->spec.cpu_initial)
		r = process_affinity(pid, x->spec.cpu_initial,
				     "execCPUAffinity.initial", err);
	r = r
		    ?: cgroup_join(&x->cgroup, pid,
				   cgroup_clone_fd(&x->cgroup) >= 0, err);

	if (r == 0 && x->options->cgroup)
		r = cgroup_join_sub(&x->cgroup, x->options->cgroup, pid, err);
	return r;
}

/* Until execve() closes the child's end, or an error comes. */
static int converse(struct exec *x, pid_t *pid, struct err *err)
{
	enum sync_what what = SYNC_GO;
	int value = 0;
	int r;

	for (;;) {
		r = sync_next(x->sync, &what, &value, err);
		if (r == -EPIPE && !err->code)
			return 0;
		if (r < 0)
			return r;
		if (what != SYNC_PID)
			return err_set(err, CNI_E_IO, "packet %u is not exec's",
				       what);
		(void)waitpid(*pid, NULL, 0);
		*pid = value;
	}
}

/* Into the container's group or, if that takes none, where its init is. */
static pid_t clone_into(struct exec *x, struct err *err)
{
	pid_t pid = launch_clone(0, cgroup_clone_fd(&x->cgroup), NULL, err);

	if (pid != -EBUSY || cgroup_follow(&x->cgroup, x->state.pid) < 0)
		return pid;
	err_clear(err);
	return launch_clone(0, cgroup_clone_fd(&x->cgroup), NULL, err);
}

static int give_birth(struct exec *x, pid_t *out, struct err *err)
{
	bool joins_pid = x->ns.fd[SPEC_NS_PID] >= 0 && !x->ns.user;
	int pair[2] = { -1, -1 };
	pid_t pid;
	int r = 0;

	/* With rights over it from out here, one child is enough. */
	if (joins_pid)
		r = ns_join(&x->ns, SPEC_NS_PID, err);
	x->sibling = x->ns.fd[SPEC_NS_PID] >= 0;
	r = r ?: sync_pair(pair, err);
	if (r < 0)
		return r;
	x->sync = pair[0];
	pid = clone_into(x, err);
	if (pid == 0)
		child(x, pair[1]);
	(void)close(pair[1]);
	if (pid < 0)
		return pid;
	*out = pid;
	if (joins_pid)
		r = ns_return(SPEC_NS_PID, err);
	r = r ?: into_cgroup(x, pid, err);
	r = r ?: sync_send(x->sync, SYNC_GO, 0, err);
	return r ?: converse(x, out, err);
}

static int start(struct exec *x, pid_t *pid, struct err *err)
{
	int r = open_console(x, err);

	r = r ?: give_birth(x, pid, err);
	if (r == 0) {
		x->pidfd = (int)syscall(SYS_pidfd_open, *pid, 0);
		if (x->pidfd < 0)
			r = err_sys(err, errno, "pidfd_open %d", *pid);
	}
	r = r ?: launch_write_pid(x->options->pid_file, *pid, err);
	if (r < 0 && *pid > 0) {
		(void)kill(*pid, SIGKILL);
		(void)waitpid(*pid, NULL, 0);
	}
	return r;
}

int container_exec(const struct runtime *runtime,
		   const struct exec_options *options, int *code,
		   struct err *err)
{
	auto_front struct front front = FRONT_NONE;
	auto_exec struct exec x = { .options = options,
				    .state = STATE_NONE,
				    .ns = NS_NONE,
				    .process = PROCESS_NONE,
				    .sync = -1,
				    .console = -1,
				    .terminal = -1,
				    .pidfd = -1 };
	pid_t pid = -1;
	int r;

	*code = 0;
	if (geteuid() == 0)
		(void)prctl(PR_SET_DUMPABLE, 0);
	r = prepare(&x, runtime, err);
	if (r == 0 && !options->detach)
		r = front_open(&front, err);
	r = r ?: start(&x, &pid, err);
	if (r < 0 || options->detach)
		return r;
	if (x.console >= 0)
		(void)close(take_fd(&x.console));
	if (x.terminal >= 0)
		r = front_terminal(&front, x.terminal, err);
	return r ?: front_serve(&front, pid, x.pidfd, code, err);
}
