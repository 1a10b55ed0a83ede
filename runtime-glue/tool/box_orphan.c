/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plugins whose `run` was killed go on. One that is in the middle of ADD would
 * make things after DEL has looked for them; so they end first. They are known
 * by the container's id in their environment.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "runtime-glue/tool/box_parts.h"

#define ENVIRON_MAX (256U << 10)
#define END_MS      5000

static bool is_of(int proc, const char *pid, const char *id)
{
	static const char variable[] = "CNI_CONTAINERID=";
	auto_strbuf struct strbuf text = { .len = 0 };
	char path[64];
	auto_fd int fd = -1;

	(void)snprintf(path, sizeof(path), "%.20s/environ", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || io_read_all(fd, ENVIRON_MAX, &text) < 0)
		return false;
	for (size_t at = 0; at < text.len; at += strlen(text.data + at) + 1)
		if (strncmp(text.data + at, variable, strlen(variable)) == 0 &&
		    strcmp(text.data + at + strlen(variable), id) == 0)
			return true;
	return false;
}

static void end(int proc, const char *name, const char *id)
{
	pid_t pid = (pid_t)strtol(name, NULL, 10);
	auto_fd int fd = -1;
	struct pollfd at = { .events = POLLIN };

	if (pid == getpid() || !is_of(proc, name, id))
		return;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* Again: it is named by a descriptor now, not by a pid. */
	if (fd < 0 || !is_of(proc, name, id))
		return;
	(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	at.fd = fd;
	while (poll(&at, 1, END_MS) < 0 && errno == EINTR)
		;
}

void box_end_plugins(const char *id)
{
	DIR *list = opendir("/proc");
	const struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (isdigit((unsigned char)entry->d_name[0]))
			end(dirfd(list), entry->d_name, id);
	if (list)
		(void)closedir(list);
}
