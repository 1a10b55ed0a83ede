/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No descriptor of ours gets into the container. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/process/parts.h"

static int mark(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 && errno != EBADF)
		return -errno;
	return 0;
}

static int mark_listed(int first, int proc)
{
	int fd = process_open_proc(proc, "self/fd", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = fd < 0 ? fd : -errno;
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir))) {
		char *end;
		const long n = strtol(entry->d_name, &end, 10);

		if (*end == '\0' && n >= first)
			r = mark((int)n);
	}
	(void)closedir(dir);
	return r;
}

static int mark_possible(int first)
{
	struct rlimit limit;
	int r = 0;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	for (int fd = first; r == 0 && (rlim_t)fd < limit.rlim_max; fd++)
		r = mark(fd);
	return r;
}

/* The flag is of Linux 5.11. Before it, a descriptor at a time. */
int fds_close_on_exec(int first, int proc, struct err *err)
{
	int r;

	if (syscall(SYS_close_range, (unsigned int)first, ~0U,
		    CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	r = mark_listed(first, proc);
	if (r < 0)
		r = mark_possible(first);
	if (r < 0)
		return err_sys(err, -r, "close descriptors from %d on at exec",
			       first);
	return 0;
}
