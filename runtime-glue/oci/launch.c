/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * create, the runtime's side. All that can be refused is, before anything is
 * made; what is made is written down first, so that `delete` finds it whenever
 * we are killed.
 *
 * Without a user namespace the container's init is our child. With one there
 * is a stage in between: it enters or makes the user namespace, then the
 * others, which are to belong to it, and gives birth to init as our child.
 */
#include "runtime-glue/oci/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "runtime-glue/oci/device.h"
#include "runtime-glue/oci/rdt.h"
#include "runtime-glue/oci/sync.h"
#include "runtime-glue/process/console.h"
#include "runtime-glue/process/hooks.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* Those that the child itself makes, when the time has come. */
#define LATER (CLONE_NEWCGROUP | CLONE_NEWTIME)

static int load(struct launch *l, struct err *err)
{
	const struct create_options *options = l->options;
	auto_strbuf struct strbuf path = { .len = 0 };
	char real[PATH_MAX];
	int r;

	if (!realpath(options->bundle, real))
		return err_sys(err, errno, "bundle %s", options->bundle);
	if (options->config)
		strbuf_puts(&path, options->config);
	else
		strbuf_printf(&path, "%s/config.json", real);
	if (path.failed)
		return err_nomem(err);
	r = spec_load(path.data, &l->doc, err);
	if (r < 0)
		return r;
	if (!l->doc.spec.has_process)
		return err_set(err, CNI_E_CONFIG,
			       "process: missing, there is nothing to run");
	l->state.bundle = strdup(real);
	/* Beside the states, under a name that is no container's. */
	if (asprintf(&l->cache, "%s/@seccomp", l->runtime->root) < 0)
		l->cache = NULL;
	return l->state.bundle && l->cache ? 0 : err_nomem(err);
}

static int check_terminal(const struct launch *l, bool foreground,
			  struct err *err)
{
	bool terminal = l->doc.spec.process.terminal;
	bool socket = l->options->console_socket != NULL;

	if (terminal && !socket && !foreground)
		return err_set(
			err, CNI_E_CONFIG,
			"process.terminal: cannot allocate a tty without "
			"--console-socket when nobody stays to read it");
	if (socket && (!terminal || foreground))
		return err_set(err, CNI_E_ENV,
			       "cannot use --console-socket: %s",
			       terminal ? "we stay in the foreground"
					: "process.terminal is not true");
	return 0;
}

/* What can be found out and opened without changing anything. */
static int prepare(struct launch *l, bool foreground, struct err *err)
{
	const struct spec *spec = &l->doc.spec;
	int r = load(l, err);

	r = r ?: check_terminal(l, foreground, err);
	r = r ?: ns_open(spec, &l->ns, err);
	if (r < 0)
		return r;
	l->process.spec = &spec->process;
	l->process.container = spec;
	l->process.userns = l->ns.user;
	l->process.setgroups = true;
	l->process.keep_groups =
		spec_pair(&spec->annotations, "run.oci.keep_original_groups") !=
		NULL;
	l->process.new_keyring = !l->options->no_new_keyring;
	l->process.id = l->options->id;
	l->process.cache = l->cache;
	r = process_prepare(&l->process, err);
	r = r
		    ?: cgroup_find(spec->linux_.cgroups_path, l->options->id,
				   &l->cgroup, err);
	r = r ?: rdt_check(spec, err);
	if (r < 0)
		return r;
	l->rootfs.spec = spec;
	l->rootfs.cgroup = &l->cgroup;
	l->rootfs.bundle = l->state.bundle;
	l->rootfs.userns = l->ns.user;
	l->rootfs.cgroupns = (l->ns.made & CLONE_NEWCGROUP) != 0;
	l->rootfs.mountns = spec->linux_.ns[SPEC_NS_MOUNT].used;
	l->rootfs.no_pivot = l->options->no_pivot;
	return rootfs_prepare(&l->rootfs, l->ns.fd[SPEC_NS_USER], err);
}

static char *time_text(void)
{
	struct timespec now = { .tv_sec = 0 };
	struct tm tm;
	char day[64];
	char *text;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &tm) ||
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return NULL;
	return asprintf(&text, "%s.%09ldZ", day, now.tv_nsec) < 0 ? NULL : text;
}

static struct json_object *annotations_json(const struct spec *spec)
{
	struct json_object *all = json_object_new_object();

	for (size_t i = 0; all && i < spec->annotations.count; i++)
		(void)json_object_object_add(
			all, spec->annotations.at[i].key,
			json_object_new_string(spec->annotations.at[i].value));
	return all;
}

static int keep_config(const struct launch *l, struct err *err)
{
	const char *text = json_object_to_json_string_ext(
		l->doc.json,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	return text ? state_keep_config(&l->state, text, strlen(text), err)
		    : err_nomem(err);
}

static int claim(struct launch *l, struct err *err)
{
	const struct spec *spec = &l->doc.spec;
	char *bundle = take_ptr(l->state.bundle);
	int r = state_claim(l->runtime->root, l->options->id, &l->state, err);

	l->state.bundle = bundle;
	if (r < 0)
		return r;
	l->claimed = true;
	l->rootfs.bundle = bundle;
	l->state.rootfs = strdup(l->rootfs.path);
	l->state.oci_version = strdup(spec->oci_version);
	l->state.created = time_text();
	l->state.owner = geteuid();
	l->state.shared_pidns = !(l->ns.made & CLONE_NEWPID);
	l->state.annotations = annotations_json(spec);
	l->state.cgroups = cgroup_to_json(&l->cgroup);
	if (!l->state.rootfs || !l->state.oci_version || !l->state.created ||
	    !l->state.annotations || !l->state.cgroups)
		return err_nomem(err);
	return keep_config(l, err) ?: state_save(&l->state, err);
}

/* A path of any length: by the descriptor of the state's directory. */
static void start_address(const struct state *state, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	text_format(out->sun_path, sizeof(out->sun_path),
		    "/proc/self/fd/%d/start", state->dir);
}

static int make_start_socket(struct launch *l, struct err *err)
{
	struct sockaddr_un address;

	start_address(&l->state, &address);
	l->start = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (l->start < 0)
		return err_sys(err, errno, "socket for start");
	if (bind(l->start, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, errno, "bind %s/%s/start", l->runtime->root,
			       l->options->id);
	if (listen(l->start, 1) < 0)
		return err_sys(err, errno, "listen at the start socket");
	return 0;
}

static int open_console(struct launch *l, bool foreground, struct err *err)
{
	int pair[2];

	if (!l->doc.spec.process.terminal)
		return 0;
	if (!foreground)
		return console_connect(l->options->console_socket, &l->console,
				       err);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "socketpair for the terminal");
	l->console = pair[0];
	l->terminal = pair[1];
	return 0;
}

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

/* The container's init is born: it is written down, and put into its cgroup. */
static int adopt(struct launch *l, pid_t pid, struct err *err)
{
	int r;

	l->state.pid = pid;
	r = state_start_time(pid, &l->state.start_time);
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
		r = ns_time_offsets(&l->doc.spec.linux_, err);
	}
	return r ?: ns_join(&l->ns, SPEC_NS_PID, err);
}

static int ours_again(const char *name, int flag, struct err *err)
{
	auto_fd int fd = -1;
	char path[64];

	text_format(path, sizeof(path), "/proc/self/ns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, flag) < 0)
		return err_sys(err, errno, "return to our own namespace %s",
			       path);
	return 0;
}

static int give_birth(struct launch *l, struct err *err)
{
	int made = l->ns.user ? 0 : l->ns.made & ~LATER;
	bool joined_pid = !l->ns.user && l->ns.fd[SPEC_NS_PID] >= 0;
	int pair[2];
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
		return pid;
	if (joined_pid)
		r = ours_again("pid", CLONE_NEWPID, err);
	if (r == 0 && !l->ns.user && (l->ns.made & CLONE_NEWTIME))
		r = ours_again("time", CLONE_NEWTIME, err);
	if (!l->ns.user)
		r = r ?: adopt(l, pid, err);
	r = r ?: converse(l, pid, err);
	if (l->ns.user)
		(void)waitpid(pid, NULL, 0);
	return r;
}

static void end_init(struct launch *l)
{
	if (l->pidfd < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, l->pidfd, SIGKILL, NULL, 0);
	(void)waitid(P_PIDFD, (id_t)l->pidfd, &(siginfo_t){ .si_pid = 0 },
		     WEXITED);
}

static void give_up(struct launch *l)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	struct err why = { .code = CNI_OK };

	/* Its reader is to end before we wait for it. */
	if (l->sync >= 0)
		(void)close(take_fd(&l->sync));
	end_init(l);
	if (l->hooked) {
		state_print(&l->state, STATUS_STOPPED, false, &text);
		if (hooks_run(&l->doc.spec, SPEC_HOOK_POSTSTOP,
			      strbuf_str(&text), l->state.bundle, true,
			      &why) < 0)
			log_warn("%s", why.msg);
		err_clear(&why);
	}
	if (container_destroy(&l->state, &why) < 0)
		log_warn("%s", why.msg);
}

static int make(struct launch *l, bool foreground, struct err *err)
{
	const struct spec_resources *limits = &l->doc.spec.linux_.resources;
	int r;

	r = open_console(l, foreground, err);
	r = r ?: make_start_socket(l, err);
	r = r
		    ?: cgroup_make(&l->cgroup, limits, l->state.shared_pidns,
				   l->runtime->rootless, err);
	r = r ?: cgroup_limit(&l->cgroup, limits, true, err);
	r = r ?: rdt_make(&l->doc.spec, &l->state, err);
	r = r ?: give_birth(l, err);
	return r ?: launch_write_pid(l->options->pid_file, l->state.pid, err);
}

int launch_create(struct launch *l, bool foreground, struct err *err)
{
	int r = state_check_id(l->options->id, err);

	if (r == 0 && l->runtime->systemd_cgroup)
		r = err_set(err, CNI_E_ENV,
			    "--systemd-cgroup: this build manages cgroups by "
			    "cgroupfs alone; run without it");
	r = r ?: launch_count_fds(l->options->preserve_fds, &l->keep, err);
	/* Nobody in a namespace that init joins shall look into it. */
	if (r == 0 && geteuid() == 0)
		(void)prctl(PR_SET_DUMPABLE, 0);
	r = r ?: prepare(l, foreground, err);
	r = r ?: claim(l, err);
	if (r < 0) {
		if (l->claimed)
			give_up(l);
		return r;
	}
	r = make(l, foreground, err);
	if (r < 0)
		give_up(l);
	return r;
}

int container_create(const struct runtime *runtime,
		     const struct create_options *options, struct err *err)
{
	auto_launch struct launch launch = LAUNCH_NONE;

	launch.runtime = runtime;
	launch.options = options;
	return launch_create(&launch, false, err);
}

void launch_close(struct launch *l)
{
	int *const fds[] = { &l->sync, &l->start, &l->console, &l->terminal,
			     &l->pidfd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (*fds[i] >= 0)
			(void)close(take_fd(fds[i]));
	ns_close(&l->ns);
	rootfs_close(&l->rootfs);
	process_free(&l->process);
	cgroup_close(&l->cgroup);
	state_close(&l->state);
	spec_doc_free(&l->doc);
	free(take_ptr(l->cache));
}
