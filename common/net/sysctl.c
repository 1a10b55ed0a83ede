/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/sysctl.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"
#include "common/base/trace.h"

#define ROOT "/proc/sys/net/"
#define PATH 256

PRINTF(2, 0)
static void spell_path(char path[PATH], const char *key, va_list ap)
{
	size_t len = sizeof(ROOT) - 1;

	memcpy(path, ROOT, sizeof(ROOT));
	(void)text_vformat(path + len, PATH - len, key, ap);
}

static int read_value(const char *path, char *buf, size_t size)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == ' '))
		n--;
	buf[n] = '\0';
	return (int)n;
}

static int write_value(const char *path, const char *value)
{
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -errno;
	return 0;
}

int sysctl_get(char *buf, size_t size, const char *key, ...)
{
	char path[PATH];
	va_list ap;

	va_start(ap, key);
	spell_path(path, key, ap);
	va_end(ap);
	return read_value(path, buf, size);
}

int sysctl_set(const char *value, struct err *err, const char *key, ...)
{
	uint64_t start = trace_start();
	char path[PATH], now[32];
	va_list ap;
	int r;

	va_start(ap, key);
	spell_path(path, key, ap);
	va_end(ap);
	r = read_value(path, now, sizeof(now));
	if (r >= 0 && strcmp(now, value) == 0)
		return 0;
	if (r >= 0 || r == -EACCES)
		r = write_value(path, value);
	trace_end(start, r, "sysctl", "%s = %s", path, value);
	if (r < 0)
		return err_sys(err, -r, "set %s to %s", path, value);
	return 0;
}
