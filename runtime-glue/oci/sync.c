/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/sync.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

struct packet {
	enum sync_what what;
	int value;
	struct err err; /* of SYNC_FAILED alone */
};

#define SHORT offsetof(struct packet, err)

int sync_pair(int pair[static 2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "socketpair");
	return 0;
}

static int put(int fd, const struct packet *packet, size_t len)
{
	ssize_t n;

	do {
		n = send(fd, packet, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int sync_send(int fd, enum sync_what what, int value, struct err *err)
{
	const struct packet packet = { .what = what, .value = value };
	int r = put(fd, &packet, SHORT);

	return r < 0 ? err_sys(err, -r, "tell the other side") : 0;
}

void sync_fail(int fd, const struct err *why)
{
	const struct packet packet = { .what = SYNC_FAILED, .err = *why };

	(void)put(fd, &packet, sizeof(packet));
}

static int take_error(const struct packet *packet, size_t len, struct err *err)
{
	struct err why = packet->err;

	if (len != sizeof(*packet) || why.errnum <= 0)
		return err_set(err, CNI_E_IO,
			       "the other side failed without a reason");
	why.msg[sizeof(why.msg) - 1] = '\0';
	why.details[sizeof(why.details) - 1] = '\0';
	return err_take(err, &why);
}

int sync_next(int fd, enum sync_what *what, int *value, struct err *err)
{
	struct packet packet = { .value = 0 };
	ssize_t n;

	do {
		n = recv(fd, &packet, sizeof(packet), 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return -EPIPE;
	if (n < 0)
		return err_sys(err, errno, "hear from the other side");
	if ((size_t)n < SHORT)
		return err_set(err, CNI_E_IO, "a packet was cut short");
	if (packet.what == SYNC_FAILED)
		return take_error(&packet, (size_t)n, err);
	*what = packet.what;
	*value = packet.value;
	return 0;
}

int sync_wait(int fd, enum sync_what what, int *value, struct err *err)
{
	enum sync_what got = SYNC_FAILED;
	int number = 0;
	int r = sync_next(fd, &got, &number, err);

	if (r < 0)
		return r;
	if (got != what)
		return err_set(err, CNI_E_IO,
			       "expected packet %u of the start-up protocol, "
			       "got %u",
			       what, got);
	if (value)
		*value = number;
	return 0;
}
