/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container is doing, as the kernel tells it. */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/io.h"
#include "runtime-glue/oci/state.h"

const char *status_name(enum status status)
{
	static const char *const names[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created",
		[STATUS_RUNNING] = "running",   [STATUS_PAUSED] = "paused",
		[STATUS_STOPPED] = "stopped",
	};

	return names[status];
}

int state_start_time(pid_t pid, uint64_t *out)
{
	char path[64], stat[1024];
	const char *at;
	char *end;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = io_read_small(AT_FDCWD, path, stat, sizeof(stat));
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* "PID (NAME) STATE ...": a name may have parentheses and spaces. */
	at = strrchr(stat, ')');
	if (!at || strlen(at) < 4)
		return -EPROTO;
	if (strchr("ZXx", at[2]))
		return -ESRCH;
	/* STATE is field 3. */
	for (int field = 2; field < 22; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return -EPROTO;
	}
	*out = strtoull(at + 1, &end, 10);
	return end == at + 1 ? -EPROTO : 0;
}

static bool is_alive(const struct state *state)
{
	uint64_t start;

	return state->pid > 0 && state_start_time(state->pid, &start) == 0 &&
	       start == state->start_time;
}

int state_pidfd(const struct state *state)
{
	auto_fd int fd = -1;

	if (!is_alive(state))
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, state->pid, 0);
	if (fd < 0)
		return -errno;
	/* Again: it is named by a descriptor now, not by a pid. */
	return is_alive(state) ? take_fd(&fd) : -ESRCH;
}

/*
 * Somebody else has the lock: of a container that was not started, most likely
 * its creator.
 */
static bool is_locked(const struct state *state)
{
	auto_fd int fd = -1;

	if (state->lock >= 0 || state->dir < 0)
		return false;
	fd = openat(state->dir, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 &&
	       errno == EWOULDBLOCK;
}

int state_cgroup(const struct state *state, struct cgroup *out, struct err *err)
{
	memset(out, 0, sizeof(*out));
	return state->cgroups ? cgroup_from_json(state->cgroups, out, err) : 0;
}

static bool is_paused(const struct state *state)
{
	struct err err = { .code = CNI_OK };
	auto_cgroup struct cgroup cgroup;

	return state_cgroup(state, &cgroup, &err) == 0 && cgroup.count > 0 &&
	       cgroup_is_frozen(&cgroup);
}

static bool is_waiting(const struct state *state)
{
	struct stat st;

	return fstatat(state->dir, "start", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

enum status state_status(const struct state *state)
{
	if (state->dir < 0)
		return STATUS_STOPPED;
	if (state->pid == 0)
		return is_locked(state) ? STATUS_CREATING : STATUS_STOPPED;
	if (!is_alive(state))
		return STATUS_STOPPED;
	if (is_paused(state))
		return STATUS_PAUSED;
	if (!is_waiting(state))
		return STATUS_RUNNING;
	return is_locked(state) ? STATUS_CREATING : STATUS_CREATED;
}

void state_user(uid_t uid, char *out, size_t size)
{
	/* The file itself: no modules of the C library's are loaded for it. */
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *user;

	(void)snprintf(out, size, "%u", uid);
	while (file && (user = fgetpwent(file))) {
		if (user->pw_uid == uid) {
			(void)snprintf(out, size, "%s", user->pw_name);
			break;
		}
	}
	if (file)
		(void)fclose(file);
}
