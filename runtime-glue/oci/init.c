/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's first process, from clone to execve(). It trusts nothing but
 * what it was born with: the parsed config, open descriptors, the sync socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/trace.h"
#include "runtime-glue/oci/launch.h"
#include "runtime-glue/oci/sync.h"
#include "runtime-glue/process/console.h"
#include "runtime-glue/process/hooks.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static int go(int sync, int *value, struct err *err)
{
	int r = sync_wait(sync, SYNC_GO, value, err);

	/* The runtime is gone: nobody would know of this container. */
	if (r == -EPIPE && !err->code)
		_exit(EXIT_FAILURE);
	return r;
}

static int ask(int sync, enum sync_what what, int *value, struct err *err)
{
	int r = sync_send(sync, what, 0, err);

	return r ?: go(sync, value, err);
}

/* Root of the user namespace; its setgroups(2) may be denied. */
static int become_root(const struct launch *l, struct err *err)
{
	if (l->process.setgroups && setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(err, errno, "setgroups in the user namespace");
	if (setresgid(0, 0, 0) < 0)
		return err_sys(err, errno, "setresgid 0 in the user namespace");
	if (setresuid(0, 0, 0) < 0)
		return err_sys(err, errno, "setresuid 0 in the user namespace");
	return 0;
}

/*
 * In a user namespace that others are in already, they have rights over us: a
 * process that they could trace would lend them the descriptors of the host's
 * that it has. One that cannot be traced is not its user's in /proc any more,
 * so limits are set before. (Root has forbidden it all along.)
 */
static bool joins_as_user(const struct launch *l)
{
	return l->ns.user && !(l->ns.made & CLONE_NEWUSER) && !l->root;
}

static int hide(const struct launch *l, int proc, struct err *err)
{
	int r;

	if (!joins_as_user(l))
		return 0;
	r = process_limits_of(&l->process, getpid(), proc, err);
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0) < 0)
		r = err_sys(err, errno, "forbid to be traced");
	return r;
}

static int enter_user(struct launch *l, int proc, int sync, struct err *err)
{
	int may = 1;
	int r = hide(l, proc, err);

	r = r ?: ns_join_all(&l->ns, err);
	if (r < 0)
		return r;
	if (!(l->ns.made & CLONE_NEWUSER)) {
		l->process.setgroups = ns_may_setgroups(proc);
		return 0;
	}
	if (unshare(CLONE_NEWUSER) < 0)
		return err_sys(err, errno, "unshare the user namespace");
	/* Mapped by one without rights over root, who must be let look. */
	if (geteuid() != 0)
		(void)prctl(PR_SET_DUMPABLE, 1);
	r = ask(sync, SYNC_MAP, &may, err);
	l->process.setgroups = may != 0;
	return r;
}

/*
 * The stage in between, with a user namespace. What needs rights over the host
 * (scheduling, a lower oom score) comes first.
 */
static int stage(struct launch *l, int sync, struct err *err)
{
	int made =
		l->ns.made & ~(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWCGROUP);
	auto_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid;
	int r;

	if (proc < 0)
		return err_sys(err, errno, "open /proc");
	r = enter_user(l, proc, sync, err);
	if (r == 0 && (made & CLONE_NEWTIME)) {
		if (unshare(CLONE_NEWTIME) < 0)
			return err_sys(err, errno,
				       "unshare the time namespace");
		r = ns_time_offsets(&l->doc.spec.linux_, proc, err);
	}
	r = r ?: become_root(l, err);
	if (r == 0 && unshare(made & ~CLONE_NEWTIME) < 0)
		r = err_sys(err, errno, "unshare namespaces 0x%x",
			    (unsigned int)made);
	if (r < 0)
		return r;
	pid = launch_clone(CLONE_PARENT |
				   (unsigned int)(l->ns.made & CLONE_NEWPID),
			   -1, NULL, err);
	if (pid <= 0)
		return pid;
	r = sync_send(sync, SYNC_PID, pid, err);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* As ip-link(8) would: every new network namespace has its lo up. */
static int lo_up(struct err *err)
{
	struct ifreq request = { .ifr_name = "lo" };
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "socket to set lo up");
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return err_sys(err, errno, "look at lo");
	request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(err, errno, "set lo up");
	return 0;
}

static int name_host(const struct spec *spec, struct err *err)
{
	if (spec->hostname &&
	    sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return err_sys(err, errno, "hostname: sethostname %s",
			       spec->hostname);
	if (spec->domainname &&
	    setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return err_sys(err, errno, "domainname: setdomainname %s",
			       spec->domainname);
	return 0;
}

static int enter(struct launch *l, struct err *err)
{
	int r = l->ns.user ? 0 : ns_join_all(&l->ns, err);

	if (r == 0 && (l->ns.made & CLONE_NEWCGROUP) &&
	    unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, errno, "unshare the cgroup namespace");
	/* Fails only for a group leader, who has a session of his own. */
	(void)setsid();
	if (r == 0 && (l->ns.made & CLONE_NEWNET))
		r = lo_up(err);
	return r ?: name_host(&l->doc.spec, err);
}

static int run_hooks(const struct launch *l, enum spec_hook_kind kind,
		     enum status status, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	if (l->doc.spec.hooks[kind].count == 0)
		return 0;
	state_print(&l->state, status, false, &text);
	return hooks_run(&l->doc.spec, kind, strbuf_str(&text), "/", false,
			 err);
}

static int set_sysctls(struct launch *l, struct err *err)
{
	const struct spec_pairs *sysctl = &l->doc.spec.linux_.sysctl;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sysctl->count; i++)
		r = rootfs_sysctl(&l->rootfs, sysctl->at[i].key,
				  sysctl->at[i].value, err);
	return r;
}

static int set_terminal(struct launch *l, struct err *err)
{
	auto_fd int master = -1;
	auto_fd int slave = -1;
	int r;

	if (l->console < 0)
		return 0;
	r = console_open(&l->doc.spec.process, &master, &slave, err);
	r = r ?: rootfs_console(&l->rootfs, slave, err);
	r = r ?: console_send(l->console, master, err);
	return r ?: console_take(slave, err);
}

/* In a user namespace the runtime does those that take rights over the host. */
static int set_limits(struct launch *l, int sync, struct err *err)
{
	if (!l->ns.user)
		return process_limits(&l->process, l->rootfs.proc, err);
	if (joins_as_user(l))
		return process_limits_rest(&l->process, err);
	return ask(sync, SYNC_LIMITS, NULL, err)
		       ?: process_limits_rest(&l->process, err);
}

static int set_up(struct launch *l, int sync, struct err *err)
{
	int r = enter(l, err);

	r = r ?: rootfs_mount(&l->rootfs, err);
	r = r ?: ask(sync, SYNC_MOUNTED, NULL, err);
	r = r ?: run_hooks(l, SPEC_HOOK_CREATE_CONTAINER, STATUS_CREATING, err);
	r = r ?: rootfs_pivot(&l->rootfs, err);
	r = r ?: set_terminal(l, err);
	r = r ?: set_sysctls(l, err);
	r = r ?: rootfs_seal(&l->rootfs, err);
	r = r ?: set_limits(l, sync, err);
	r = r ?: process_find(&l->process, err);
	return r ?: process_become(&l->process, l->rootfs.proc, err);
}

/* Until `start` comes. Its connection is where execve()'s failure goes. */
static int wait_for_start(const struct launch *l, struct err *err)
{
	int fd;
	int r;

	do {
		fd = accept4(l->start, NULL, NULL, SOCK_CLOEXEC);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return err_sys(err, errno, "accept at the start socket");
	r = go(fd, NULL, err);
	return r < 0 ? r : fd;
}

static int run(struct launch *l, int *sync, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	int r = set_up(l, *sync, err);

	if (r < 0)
		return r;
	/* From here on we live without the runtime. */
	(void)prctl(PR_SET_PDEATHSIG, 0);
	r = sync_send(*sync, SYNC_READY, 0, err);
	if (r < 0)
		return r;
	(void)close(take_fd(sync));
	*sync = wait_for_start(l, err);
	if (*sync < 0)
		_exit(EXIT_FAILURE);
	r = run_hooks(l, SPEC_HOOK_START_CONTAINER, STATUS_CREATED, err);
	if (r < 0)
		return r;
	state_print(&l->state, STATUS_CREATING, false, &text);
	return process_exec(&l->process, l->keep, strbuf_str(&text), err);
}

_Noreturn void init_main(struct launch *l, int sync)
{
	struct err err = { .code = CNI_OK };
	int r = 0;

	/* A runtime that is killed half-way takes us with it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(take_fd(&l->sync));
	if (l->terminal >= 0)
		(void)close(take_fd(&l->terminal));
	/* The runtime's lock, which goes when its own descriptor does. */
	(void)close(take_fd(&l->state.lock));
	init_reset_signals();
	if (l->ns.user) {
		r = stage(l, sync, &err);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	/* Our own number differs in a namespace; hooks get the host's. */
	r = r ?: go(sync, &l->state.pid, &err);
	l->process.pid = l->state.pid;
	if (r == 0)
		(void)run(l, &sync, &err);
	sync_fail(sync, &err);
	_exit(EXIT_FAILURE);
}
