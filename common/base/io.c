/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/io.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* The least that is asked of read(2) at once. */
#define READ_MIN 1024U

static ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int io_read_all(int fd, size_t max, struct strbuf *out)
{
	ssize_t n;

	do {
		if (!strbuf_reserve(out, READ_MIN))
			return -ENOMEM;
		n = read_some(fd, out->data + out->len,
			      out->size - out->len - 1);
		if (n < 0)
			return (int)n;
		if ((size_t)n > max - out->len)
			return -EFBIG;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
	} while (n > 0);
	return 0;
}

int io_wait(int fd, short events)
{
	struct pollfd at = { .fd = fd, .events = events };
	int r;

	do
		r = poll(&at, 1, -1);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int io_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	ssize_t n;

	while (len > 0) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && io_wait(fd, POLLOUT) == 0)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

void io_fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

int io_read_small(int dirfd, const char *name, char *buf, size_t size)
{
	auto_fd int fd = openat(dirfd, name,
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && len < size) {
		n = read_some(fd, buf + len, size - len);
		if (n > 0)
			len += (size_t)n;
	}
	if (n < 0)
		return (int)n;
	if (len == size)
		return -EFBIG;
	buf[len] = '\0';
	return (int)len;
}
