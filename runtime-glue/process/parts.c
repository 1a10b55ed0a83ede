/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/process/parts.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"

#define BITS_PER_LONG (sizeof(unsigned long) * CHAR_BIT)

int process_fail(struct err *err, int errnum, const char *fmt, ...)
{
	char msg[sizeof(err->msg)];
	bool first = !err->code;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	(void)err_set(err, CNI_E_IO, "%s", msg);
	if (first)
		err->errnum = errnum;
	return -errnum;
}

int process_openat2(int dir, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (unsigned int)flags | O_CLOEXEC,
		.resolve = resolve,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? -errno : (int)fd;
}

/* "self" is a plain symlink; nothing is mounted over a procfs of our own. */
int process_open_proc(int proc, const char *name, int flags)
{
	struct statfs fs;
	int fd;

	if (fstatfs(proc, &fs) < 0)
		return -errno;
	if (fs.f_type != PROC_SUPER_MAGIC)
		return -EXDEV;
	fd = process_openat2(proc, name, flags,
			     RESOLVE_BENEATH | RESOLVE_NO_XDEV |
				     RESOLVE_NO_MAGICLINKS);
	if (fd != -ENOSYS)
		return fd;
	fd = openat(proc, name, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
		(void)close(fd);
		return -EXDEV;
	}
	return fd;
}

int process_write_proc(int proc, const char *name, const char *text)
{
	auto_fd int fd = process_open_proc(proc, name, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = write(fd, text, strlen(text));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* A socket's address has room for 107 bytes; a directory's number is short. */
static int connect_in(int socket, int dir, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int n;

	if (dir < 0)
		n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", name);
	else
		n = snprintf(addr.sun_path, sizeof(addr.sun_path),
			     "/proc/self/fd/%d/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	while (connect(socket, (const struct sockaddr *)&addr, sizeof(addr)) <
	       0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int process_connect(const char *path)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *slash = strrchr(path, '/');
	auto_free char *parent = NULL;
	auto_fd int dir = -1;
	int r;

	if (fd < 0)
		return -errno;
	r = connect_in(fd, -1, path);
	if (r == -ENAMETOOLONG && slash) {
		parent = strndup(path, (size_t)(slash - path) + 1);
		if (!parent)
			return -ENOMEM;
		dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return -errno;
		r = connect_in(fd, dir, slash + 1);
	}
	return r < 0 ? r : take_fd(&fd);
}

/* A stream: the descriptor goes with the first byte, the rest may follow. */
int process_send_fd(int socket, int fd, const char *bytes, size_t len)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *at = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	/* It is not written to, but has no const. */
	memcpy(&iov.iov_base, &bytes, sizeof(bytes));
	at->cmsg_level = SOL_SOCKET;
	at->cmsg_type = SCM_RIGHTS;
	at->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(at), &fd, sizeof(fd));
	while (iov.iov_len > 0) {
		n = sendmsg(socket, &msg, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	return 0;
}

static int number(const char **text, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	*out = strtoul(*text, &end, 10);
	*text = end;
	return errno ? -ERANGE : 0;
}

static int range(const char **at, unsigned long *bits, size_t count)
{
	unsigned long first = 0, last;
	int r;

	r = number(at, &first);
	last = first;
	if (r == 0 && **at == '-') {
		(*at)++;
		r = number(at, &last);
	}
	if (r < 0)
		return r;
	if (last < first)
		return -EINVAL;
	if (last >= count)
		return -ERANGE;
	for (unsigned long i = first; i <= last; i++)
		bits[i / BITS_PER_LONG] |= 1UL << i % BITS_PER_LONG;
	return 0;
}

int process_list(const char *text, unsigned long *bits, size_t count)
{
	const char *at = text;
	int r;

	memset(bits, 0, count / CHAR_BIT);
	for (;;) {
		r = range(&at, bits, count);
		if (r < 0)
			return r;
		if (*at == '\0')
			return 0;
		if (*at++ != ',')
			return -EINVAL;
	}
}
