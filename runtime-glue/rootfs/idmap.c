/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel takes a mount's mappings from a user namespace. One is made by a
 * child that does nothing, and lives on by its descriptor.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "common/base/trace.h"
#include "runtime-glue/rootfs/parts.h"

static int write_map(pid_t pid, const char *which,
		     const struct spec_id_maps *maps, struct err *err)
{
	auto_strbuf struct strbuf text = { 0 };
	auto_fd int fd = -1;
	char path[64];

	for (size_t i = 0; i < maps->count; i++)
		strbuf_printf(&text, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
			      maps->at[i].container, maps->at[i].host,
			      maps->at[i].size);
	if (text.failed)
		return err_nomem(err);
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, which);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* The kernel wants the whole map in one write. */
	if (fd < 0 || write(fd, strbuf_str(&text), text.len) < 0)
		return err_sys(err, errno, "write %s of an idmapped mount",
			       which);
	return 0;
}

static int open_userns(pid_t pid, const struct spec_id_maps *uids,
		       const struct spec_id_maps *gids, struct err *err)
{
	char path[64];
	int r, fd;

	r = write_map(pid, "uid_map", uids, err);
	r = r ?: write_map(pid, "gid_map", gids, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open \"%s\"", path) : fd;
}

int idmap_userns(const struct spec_id_maps *uids,
		 const struct spec_id_maps *gids, struct err *err)
{
	uint64_t start = trace_start();
	pid_t parent = getpid(), pid;
	int fd;

	/* As fork(), which knows no namespaces. */
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL,
			     NULL, NULL);
	if (pid < 0)
		return err_sys(err, errno,
			       "make a user namespace for an idmapped mount");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			(void)pause();
		_exit(0);
	}
	fd = open_userns(pid, uids, gids, err);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	trace_end(start, fd, "clone", "user namespace for an idmapped mount");
	return fd;
}
