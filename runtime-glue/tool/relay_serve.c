/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay's loop. A TCP connection or a UDP client is a slot with two
 * sockets; each way has a buffer, and what its reader cannot take makes the
 * other side wait. A full table makes new clients wait (TCP) or takes the
 * place of the one that was quiet for longest (UDP).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "runtime-glue/tool/netplan_relay.h"

#define SLOTS       256
#define BUFFER      16384
#define UDP_QUIET_S 60

struct way {
	size_t at, end; /* of the bytes that wait */
	bool eof, shut; /* its source has ended; so has its sink */
	char bytes[BUFFER];
};

struct slot {
	const struct relay_port *port; /* NULL: free */
	int fd[2];                     /* client (TCP only), container */
	bool connected;
	struct sockaddr_in6 client; /* UDP */
	time_t used;
	struct way way[2]; /* from fd[0] to fd[1], and back */
};

/* In the relay's own process, which has no other: not shared. */
struct server {
	const struct relay *relay;
	struct slot slots[SLOTS];
};

static time_t now_s(void)
{
	struct timespec t = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void drop(struct slot *slot)
{
	for (int i = 0; i < 2; i++)
		if (slot->fd[i] >= 0)
			(void)close(slot->fd[i]);
	slot->port = NULL;
}

/* To the container; -1 with errno if it fails at once. */
static int connect_to(const struct relay_port *port)
{
	const int type = port->udp ? SOCK_DGRAM : SOCK_STREAM;
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port->to_port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port->to_port) };
	const bool is_v4 = port->to.family == IP_V4;
	const int fd = socket(is_v4 ? AF_INET : AF_INET6,
			      type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	memcpy(&v4.sin_addr, port->to.bytes, 4);
	memcpy(&v6.sin6_addr, port->to.bytes, 16);
	if (fd < 0)
		return -1;
	r = is_v4 ? connect(fd, (const struct sockaddr *)&v4, sizeof(v4))
		  : connect(fd, (const struct sockaddr *)&v6, sizeof(v6));
	if (r == 0 || errno == EINPROGRESS)
		return fd;
	(void)close(fd);
	return -1;
}

static void start(struct slot *slot, const struct relay_port *port, int client)
{
	slot->port = port;
	slot->fd[0] = client;
	slot->fd[1] = connect_to(port);
	slot->connected = port->udp;
	slot->used = now_s();
	for (int i = 0; i < 2; i++) {
		slot->way[i].at = slot->way[i].end = 0;
		slot->way[i].eof = slot->way[i].shut = false;
	}
	if (slot->fd[1] < 0)
		drop(slot);
}

static struct slot *find_free(struct server *s)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (!s->slots[i].port)
			return &s->slots[i];
	return NULL;
}

static void take_tcp(struct server *s, const struct relay_port *port)
{
	struct slot *slot = find_free(s);
	int fd;

	if (!slot)
		return;
	fd = accept4(port->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		start(slot, port, fd);
}

static bool is_client(const struct slot *slot, const struct relay_port *port,
		      const struct sockaddr_in6 *from)
{
	return slot->port == port &&
	       slot->client.sin6_port == from->sin6_port &&
	       memcmp(&slot->client.sin6_addr, &from->sin6_addr, 16) == 0;
}

static struct slot *find_client(struct server *s, const struct relay_port *port,
				const struct sockaddr_in6 *from)
{
	struct slot *oldest = NULL;

	for (size_t i = 0; i < SLOTS; i++)
		if (is_client(&s->slots[i], port, from))
			return &s->slots[i];
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &s->slots[i];

		if (!slot->port)
			oldest = slot;
		else if (slot->port->udp &&
			 (!oldest ||
			  (oldest->port && slot->used < oldest->used)))
			oldest = slot;
		if (oldest && !oldest->port)
			break;
	}
	if (!oldest)
		return NULL;
	if (oldest->port)
		drop(oldest);
	start(oldest, port, -1);
	oldest->client = *from;
	return oldest->port ? oldest : NULL;
}

static void take_udp(struct server *s, const struct relay_port *port)
{
	static char bytes[65536];
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	struct slot *slot;
	ssize_t n = recvfrom(port->fd, bytes, sizeof(bytes), 0,
			     (struct sockaddr *)&from, &len);

	if (n < 0 || len != sizeof(from))
		return;
	slot = find_client(s, port, &from);
	if (!slot)
		return;
	slot->used = now_s();
	/* A datagram may be lost; that is UDP. */
	(void)send(slot->fd[1], bytes, (size_t)n, MSG_DONTWAIT);
}

static void answer_udp(struct slot *slot)
{
	static char bytes[65536];
	ssize_t n = recv(slot->fd[1], bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return;
	slot->used = now_s();
	(void)sendto(slot->port->fd, bytes, (size_t)n, MSG_DONTWAIT,
		     (const struct sockaddr *)&slot->client,
		     sizeof(slot->client));
}

static bool is_transient(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* One way as far as it goes now. False: the connection is broken. */
static bool move(struct way *way, int from, int to)
{
	ssize_t n;

	if (way->at == way->end && !way->eof) {
		n = recv(from, way->bytes, BUFFER, MSG_DONTWAIT);
		if (n < 0 && !is_transient())
			return false;
		way->at = 0;
		way->end = n > 0 ? (size_t)n : 0;
		way->eof = n == 0;
	}
	if (way->at < way->end) {
		n = send(to, way->bytes + way->at, way->end - way->at,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && !is_transient())
			return false;
		way->at += n > 0 ? (size_t)n : 0;
	}
	if (way->eof && way->at == way->end && !way->shut) {
		way->shut = true;
		(void)shutdown(to, SHUT_WR);
	}
	return true;
}

static void pump(struct slot *slot, short container)
{
	int why = 0;
	socklen_t len = sizeof(why);

	if (!slot->connected) {
		if (!container)
			return;
		if (getsockopt(slot->fd[1], SOL_SOCKET, SO_ERROR, &why, &len) <
			    0 ||
		    why != 0) {
			drop(slot);
			return;
		}
		slot->connected = true;
	}
	if (!move(&slot->way[0], slot->fd[0], slot->fd[1]) ||
	    !move(&slot->way[1], slot->fd[1], slot->fd[0]) ||
	    (slot->way[0].shut && slot->way[1].shut))
		drop(slot);
}

/* What side @i of the slot waits for. */
static short events_of(const struct slot *slot, int i)
{
	const struct way *out = &slot->way[i], *in = &slot->way[1 - i];
	short events = 0;

	if (slot->port->udp)
		return i == 1 ? POLLIN : 0;
	if (!slot->connected)
		return i == 1 ? POLLOUT : 0;
	if (out->at == out->end && !out->eof)
		events = POLLIN;
	if (in->at < in->end)
		events = (short)(events | POLLOUT);
	return events;
}

static size_t fill(struct server *s, struct pollfd *at)
{
	const bool full = !find_free(s);
	size_t n = 0;

	for (size_t i = 0; i < s->relay->count; i++) {
		const struct relay_port *port = &s->relay->at[i];

		at[n++] = (struct pollfd){
			.fd = full && !port->udp ? -1 : port->fd,
			.events = POLLIN,
		};
	}
	for (size_t i = 0; i < SLOTS; i++) {
		const struct slot *slot = &s->slots[i];

		for (int side = 0; side < 2; side++) {
			short events = slot->port ? events_of(slot, side) : 0;

			/* Without events not even POLLHUP, which would spin. */
			at[n++] = (struct pollfd){
				.fd = events ? slot->fd[side] : -1,
				.events = events,
			};
		}
	}
	return n;
}

static void expire(struct server *s)
{
	const time_t now = now_s();

	for (size_t i = 0; i < SLOTS; i++)
		if (s->slots[i].port && s->slots[i].port->udp &&
		    now - s->slots[i].used > UDP_QUIET_S)
			drop(&s->slots[i]);
}

static void serve_slot(struct slot *slot, short client, short container)
{
	if (!slot->port || !(client | container))
		return;
	if (slot->port->udp)
		answer_udp(slot);
	else
		pump(slot, container);
}

void relay_serve(const struct relay *relay)
{
	static struct server s;
	static struct pollfd at[RELAY_PORTS + 2 * SLOTS];

	s.relay = relay;
	for (;;) {
		const size_t n = fill(&s, at);
		const struct pollfd *slots = at + relay->count;

		if (poll(at, n, 10000) < 0 && errno != EINTR)
			_exit(1);
		for (size_t i = 0; i < SLOTS; i++)
			serve_slot(&s.slots[i], slots[2 * i].revents,
				   slots[2 * i + 1].revents);
		for (size_t i = 0; i < relay->count; i++) {
			if (!at[i].revents)
				continue;
			if (relay->at[i].udp)
				take_udp(&s, &relay->at[i]);
			else
				take_tcp(&s, &relay->at[i]);
		}
		expire(&s);
	}
}
