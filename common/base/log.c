/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void log_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
}

void log_warn(const char *fmt, ...)
{
	char line[2048];
	int saved = errno;
	size_t len;
	va_list ap;

	/* One write, so that lines of parallel plugins do not mix. */
	(void)snprintf(line, sizeof(line) - 1,
		       "%s: ", program_invocation_short_name);
	len = strlen(line);
	va_start(ap, fmt);
	(void)vsnprintf(line + len, sizeof(line) - 1 - len, fmt, ap);
	va_end(ap);
	len = strlen(line);
	log_printable(line, len);
	line[len++] = '\n';
	(void)!write(STDERR_FILENO, line, len);
	errno = saved;
}
