/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/trace.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"

/* The one piece of process-wide state: where trace lines go. */
static int trace_fd = -1;
static bool trace_opened;

static int open_sink(void)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
	/* As secure_getenv(), which is on a page of its own in the C library.
	 */
	const char *sink =
		getauxval(AT_SECURE) ? NULL : getenv("FERRULE_TRACE");
	int fd;

	if (!sink || !*sink)
		return -1;
	if (strcmp(sink, "stderr") == 0)
		return STDERR_FILENO;
	if (*sink != '/') {
		log_warn("FERRULE_TRACE: \"%s\" is neither stderr nor an "
			 "absolute path",
			 sink);
		return -1;
	}
	/* A FIFO that nobody reads must not hold up a container. */
	fd = open(sink, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		log_warn("FERRULE_TRACE: open \"%s\": %s", sink,
			 err_text(errno));
	return fd;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

uint64_t trace_start(void)
{
	int saved = errno;

	if (!trace_opened) {
		trace_opened = true;
		trace_fd = open_sink();
		errno = saved;
	}
	return trace_fd < 0 ? 0 : now_ns();
}

void trace_write(uint64_t start, int result, const char *kind, const char *fmt,
		 ...)
{
	char what[900], line[1024];
	int saved = errno;
	va_list ap;
	uint64_t us;
	int n;

	us = (now_ns() - start) / 1000;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	n = snprintf(line, sizeof(line),
		     "%" PRIu64 ".%06" PRIu64 " %s[%d] %s %s = %s (%" PRIu64
		     " us)\n",
		     start / 1000000000U, start / 1000 % 1000000,
		     program_invocation_short_name, (int)getpid(), kind, what,
		     result < 0 ? err_name(-result) : "ok", us);
	if (n > (int)sizeof(line) - 1)
		n = (int)sizeof(line) - 1;
	log_printable(line, (size_t)n - 1);
	line[n - 1] = '\n';
	(void)!write(trace_fd, line, (size_t)n);
	errno = saved;
}
