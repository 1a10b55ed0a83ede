/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting and ending the relay; what it does is in relay_serve.c. */
#include "runtime-glue/tool/netplan_relay.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/base/log.h"
#include "runtime-glue/oci/proc.h"
#include "runtime-glue/tool/netjson.h"
#include "runtime-glue/tool/netplan_parts.h"

/* The container's address: of IPv4 if it has one, as most programs do. */
static bool find_address(const struct json_object *record, struct ip *out)
{
	struct json_object *networks = netjson_array(record, "networks");
	bool found = false;

	for (size_t i = 0; i < netjson_len(networks); i++) {
		const struct json_object *entry = netjson_at(networks, i);
		struct json_object *ips =
			netjson_array(netjson_object(entry, "result"), "ips");
		struct cidr cidr;

		if (!netjson_array(netjson_object(entry, "caps"),
				   "portMappings"))
			continue;
		for (size_t j = 0; j < netjson_len(ips); j++) {
			if (cidr_parse(netjson_string(netjson_at(ips, j),
						      "address"),
				       &cidr) < 0 ||
			    (found && cidr.ip.family != IP_V4))
				continue;
			*out = cidr.ip;
			found = true;
		}
	}
	return found;
}

/* Is that port published at ::1, by itself or among all addresses? */
static bool is_for_us(const struct json_object *port)
{
	const char *text = netjson_string(port, "hostIP");
	const char *protocol = netjson_string(port, "protocol");
	struct ip ip;

	if (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0)
		return false;
	if (!*text)
		return true;
	return ip_parse(text, &ip) == 0 && ip.family == IP_V6 &&
	       (ip_unspecified(&ip) || ip_loopback(&ip));
}

/* -1 if it cannot be had: then [::1] is without that port, no more. */
static int listen_at(const struct relay_port *port)
{
	const int type = port->udp ? SOCK_DGRAM : SOCK_STREAM;
	const struct sockaddr_in6 at = { .sin6_family = AF_INET6,
					 .sin6_port = htons(port->port),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const int one = 1;
	auto_fd int fd =
		socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (!port->udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
				 sizeof(one));
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (!port->udp && listen(fd, 64) < 0)) {
		if (errno == EADDRINUSE)
			log_warn("[::1]:%u is in use: the container's port is "
				 "not published there",
				 port->port);
		return -1;
	}
	return take_fd(&fd);
}

static void collect(const struct json_object *record, const struct ip *to,
		    struct relay *relay)
{
	struct json_object *ports = netjson_array(record, "ports");

	for (size_t i = 0; i < netjson_len(ports) && relay->count < RELAY_PORTS;
	     i++) {
		const struct json_object *at = netjson_at(ports, i);
		struct relay_port *port = &relay->at[relay->count];

		if (!is_for_us(at))
			continue;
		*port = (struct relay_port){
			.udp = strcmp(netjson_string(at, "protocol"), "udp") ==
			       0,
			.port = (uint16_t)netjson_number(at, "hostPort"),
			.to = *to,
			.to_port =
				(uint16_t)netjson_number(at, "containerPort"),
		};
		port->fd = listen_at(port);
		if (port->fd >= 0)
			relay->count++;
	}
}

/* Only the relay's sockets stay open: whoever waits for a pipe of ours must
 * not wait for it. */
static void close_others(const struct relay *relay)
{
	int top = 2;

	for (size_t i = 0; i < relay->count; i++)
		top = relay->at[i].fd > top ? relay->at[i].fd : top;
	for (int fd = 0; fd <= top; fd++) {
		bool ours = false;

		for (size_t i = 0; i < relay->count; i++)
			ours = ours || relay->at[i].fd == fd;
		if (!ours)
			(void)close(fd);
	}
	(void)syscall(SYS_close_range, (unsigned int)top + 1, ~0U, 0);
}

static void __attribute__((noreturn))
run_child(const struct relay *relay, pid_t parent)
{
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	(void)prctl(PR_SET_NAME, "glue-relay");
	(void)sigemptyset(&none);
	for (int sig = 1; sig < 32; sig++)
		(void)signal(sig, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	/* Of the terminal's signals those for the container are not for it. */
	(void)setsid();
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	close_others(relay);
	if (chdir("/") < 0)
		_exit(1);
	relay_serve(relay);
}

static uint64_t start_of(pid_t pid)
{
	struct proc proc;

	return proc_read(pid, &proc) < 0 ? 0 : proc.start;
}

int netplan_relay_start(struct json_object *record, struct err *err)
{
	struct relay relay = { .count = 0 };
	const pid_t self = getpid();
	struct ip to;
	pid_t pid;
	int r = 0;

	if (!find_address(record, &to))
		return 0;
	collect(record, &to, &relay);
	if (relay.count == 0)
		return 0;
	pid = fork();
	if (pid == 0)
		run_child(&relay, self);
	if (pid < 0)
		r = err_sys(err, errno, "start the relay of [::1]");
	for (size_t i = 0; i < relay.count; i++)
		(void)close(relay.at[i].fd);
	r = r ?: netjson_int(record, "relay", pid, err);
	return r
		       ?: netjson_int(record, "relayStart",
				      (int64_t)start_of(pid), err);
}

/* The number may be another process's by now: its start tells. */
void netplan_relay_stop(struct json_object *record)
{
	const pid_t pid = (pid_t)netjson_number(record, "relay");
	const uint64_t start = (uint64_t)netjson_number(record, "relayStart");
	auto_fd int fd = -1;

	json_object_object_del(record, "relay");
	json_object_object_del(record, "relayStart");
	if (pid <= 0)
		return;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 || start == 0 || start_of(pid) != start)
		return;
	(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	(void)waitpid(pid, NULL, 0);
}
