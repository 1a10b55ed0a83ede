/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * create, the runtime's side. All that can be refused is, before anything is
 * made; what is made is written down first, so that `delete` finds it whenever
 * we are killed.
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
#include "runtime-glue/oci/notify.h"
#include "runtime-glue/oci/rdt.h"
#include "runtime-glue/process/console.h"
#include "runtime-glue/process/hooks.h"

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
	/* A user namespace gives all there is, whatever we had before. */
	l->process.bounding = l->ns.user ? UINT64_MAX : 0;
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
	l->state.own_keyring = !l->options->no_new_keyring;
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
	/* Whatever the umask: who may start it is who may see its state. */
	if (fchmodat(l->state.dir, "start", 0600, 0) < 0)
		return err_sys(err, errno, "protect %s/%s/start",
			       l->runtime->root, l->options->id);
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
	r = r ?: notify_prepare(l, err);
	r = r
		    ?: cgroup_make(&l->cgroup, limits, false,
				   l->runtime->rootless, err);
	r = r ?: cgroup_limit(&l->cgroup, limits, true, err);
	r = r ?: rdt_make(&l->doc.spec, &l->state, err);
	r = r ?: launch_birth(l, err);
	return r ?: launch_write_pid(l->options->pid_file, l->state.pid, err);
}

int launch_create(struct launch *l, bool foreground, struct err *err)
{
	int r = state_check_id(l->options->id, err);

	if (r == 0 && l->runtime->systemd_cgroup)
		r = err_set(err, CNI_E_ENV,
			    "--systemd-cgroup: this build manages cgroups by "
			    "cgroupfs alone; run without it");
	r = r
		    ?: launch_count_fds(l->options->preserve_fds, &l->keep,
					&l->process.listen_fds, err);
	/* Nobody in a namespace that init joins shall look into it. */
	l->root = geteuid() == 0;
	if (r == 0 && l->root)
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
