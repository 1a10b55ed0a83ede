/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/trace.h"

#define INSIDE     "/run/notify"
#define BARRIER_MS 30000

/* A path or, with "@", an abstract name; none if it is neither. */
static const char *manager(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	return name && (*name == '/' || *name == '@') && name[1] ? name : NULL;
}

/* ---- create ---- */

static int make_dir(const struct state *state, struct err *err)
{
	/* Whatever the umask: the container's users go through it. */
	if (mkdirat(state->dir, "notify", 0755) < 0 ||
	    fchmodat(state->dir, "notify", 0755, 0) < 0)
		return err_sys(err, errno,
			       "NOTIFY_SOCKET: make the directory of \"%s\"",
			       state->id);
	return 0;
}

static int add_variable(struct launch *l, struct err *err)
{
	struct spec_strings *env = &l->doc.spec.process.env;
	const char **all =
		arena_array(&l->doc.arena, env->count + 1, sizeof(*all));

	if (!all)
		return err_nomem(err);
	for (size_t i = 0; i < env->count; i++)
		all[i] = env->at[i];
	/* Of two the last one counts. */
	all[env->count++] = "NOTIFY_SOCKET=" INSIDE "/notify.sock";
	env->at = all;
	return 0;
}

static int add_mount(struct launch *l, struct err *err)
{
	struct spec *spec = &l->doc.spec;
	struct spec_mount *all =
		arena_array(&l->doc.arena, spec->mount_count + 1, sizeof(*all));
	size_t size = strlen(l->runtime->root) + strlen(l->options->id) + 16;
	char *source = arena_array(&l->doc.arena, size, 1);

	if (!all || !source)
		return err_nomem(err);
	text_format(source, size, "%s/%s/notify", l->runtime->root,
		    l->options->id);
	if (spec->mount_count > 0)
		memcpy(all, spec->mounts, spec->mount_count * sizeof(*all));
	all[spec->mount_count++] = (struct spec_mount){
		.destination = INSIDE,
		.type = "",
		.source = source,
		.bind = true,
		.flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
	};
	spec->mounts = all;
	return rootfs_prepare_last(&l->rootfs, err);
}

int notify_prepare(struct launch *l, struct err *err)
{
	int r;

	if (!manager())
		return 0;
	if (!l->rootfs.mountns) {
		log_warn("NOTIFY_SOCKET: not for a container without a mount "
			 "namespace");
		return 0;
	}
	r = make_dir(&l->state, err);
	r = r ?: add_variable(l, err);
	return r ?: add_mount(l, err);
}

/* ---- start ---- */

int notify_open(const struct state *state, int *fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_fd int dir = -1;
	auto_fd int made = -1;

	*fd = -1;
	dir = openat(state->dir, "notify",
		     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || !manager())
		return 0;
	text_format(address.sun_path, sizeof(address.sun_path),
		    "/proc/self/fd/%d/notify.sock", dir);
	made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (made < 0 ||
	    bind(made, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(dir, "notify.sock", 0666, 0) < 0)
		return err_sys(err, errno,
			       "NOTIFY_SOCKET: make the socket of \"%s\"",
			       state->id);
	*fd = take_fd(&made);
	return 0;
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (; text; text = strchr(text, '\n'), text = text ? text + 1 : NULL)
		if (strncmp(text, line, len) == 0 &&
		    (text[len] == '\n' || text[len] == '\0'))
			return true;
	return false;
}

/* Descriptors that come along are closed at once: nobody asked for them. */
bool notify_is_ready(int fd)
{
	char text[4096];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return has_line(text, "READY=1");
}

static int dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *name = manager();
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len;

	if (!name || fd < 0)
		return name ? -errno : -ENOENT;
	len = strlen(name);
	if (len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, name, len);
	/* An abstract name is as long as it is said to be. */
	if (*name == '@')
		address.sun_path[0] = '\0';
	len += offsetof(struct sockaddr_un, sun_path) + (*name != '@');
	if (connect(fd, (struct sockaddr *)&address, (socklen_t)len) < 0)
		return -errno;
	return take_fd(&fd);
}

/* sd_notify_barrier(3): a descriptor that is closed once all has been read. */
static int barrier(int fd)
{
	char text[] = "BARRIER=1";
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	struct pollfd at = { .events = 0 };
	ssize_t sent;
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &ends[1], sizeof(int));
	sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	r = sent < 0 ? -errno : 0;
	(void)close(ends[1]);
	at.fd = ends[0];
	while (r == 0 && poll(&at, 1, BARRIER_MS) < 0)
		r = errno == EINTR ? 0 : -errno;
	(void)close(ends[0]);
	return r;
}

void notify_tell(pid_t pid)
{
	uint64_t start = trace_start();
	auto_fd int fd = dial();
	char text[64];
	int r = fd < 0 ? fd : 0;

	text_format(text, sizeof(text), "READY=1\nMAINPID=%d", pid);
	if (r == 0 && send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		r = -errno;
	r = r ?: barrier(fd);
	trace_end(start, r, "notify", "READY=1, MAINPID=%d", pid);
	if (r < 0)
		log_warn("NOTIFY_SOCKET: tell \"%s\": %s", manager() ?: "",
			 err_text(-r));
}

void notify_wait(struct state *state, int fd)
{
	const pid_t pid = state->pid;
	auto_fd int pidfd = fd < 0 ? -1 : state_pidfd(state);
	struct pollfd at[] = { { .fd = fd, .events = POLLIN },
			       { .fd = pidfd, .events = POLLIN } };

	if (pidfd < 0)
		return;
	state_close(state);
	for (;;) {
		if (poll(at, 2, -1) < 0 && errno != EINTR)
			return;
		/* What it said before its end counts no more: no MAINPID. */
		if (at[1].revents)
			return;
		if (at[0].revents && notify_is_ready(fd)) {
			notify_tell(pid);
			return;
		}
	}
}
