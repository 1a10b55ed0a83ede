/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/bench.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bind mounts, as container runtimes make; /run is ours (bench/run.sh). */
void netns_make(struct netns *ns)
{
	static unsigned int made;
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int file;

	(void)snprintf(ns->path, sizeof(ns->path), "/run/bench-netns-%u",
		       made++);
	file = open(ns->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (here < 0 || file < 0 || unshare(CLONE_NEWNET) < 0)
		err(1, "make a network namespace");
	(void)close(file);
	ns->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ns->socket < 0 ||
	    mount("/proc/self/ns/net", ns->path, NULL, MS_BIND, NULL) < 0)
		err(1, "keep a network namespace");
	if (setns(here, CLONE_NEWNET) < 0)
		err(1, "return from a network namespace");
	(void)close(here);
}

void netns_delete(struct netns *ns)
{
	(void)close(ns->socket);
	if (umount2(ns->path, MNT_DETACH) < 0 || unlink(ns->path) < 0)
		err(1, "%s", ns->path);
}

static int home = -1;

void netns_enter(const struct netns *ns)
{
	int there = open(ns->path, O_RDONLY | O_CLOEXEC);

	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
		err(1, "enter %s", ns->path);
	(void)close(there);
}

void netns_leave(void)
{
	if (setns(home, CLONE_NEWNET) < 0)
		err(1, "return from a network namespace");
	(void)close(home);
}

bool netns_lo_is_up(const struct netns *ns)
{
	struct ifreq request = { .ifr_name = "lo" };

	if (ioctl(ns->socket, SIOCGIFFLAGS, &request) < 0)
		err(1, "flags of lo");
	return request.ifr_flags & IFF_UP;
}

bool netns_address(const struct netns *ns, char ip[static INET_ADDRSTRLEN])
{
	struct ifreq request = { .ifr_name = "eth0" };
	struct sockaddr_in addr;

	*ip = '\0';
	if (ioctl(ns->socket, SIOCGIFADDR, &request) < 0) {
		if (errno == EADDRNOTAVAIL)
			return true;
		if (errno == ENODEV)
			return false;
		err(1, "address of eth0");
	}
	memcpy(&addr, &request.ifr_addr, sizeof(addr));
	(void)inet_ntop(AF_INET, &addr.sin_addr, ip, INET_ADDRSTRLEN);
	return true;
}

size_t netns_count_links(void)
{
	struct if_nameindex *links = if_nameindex();
	size_t count = 0;

	if (!links)
		err(1, "links");
	while (links[count].if_index)
		count++;
	if_freenameindex(links);
	return count;
}

/* ---- What a developer would type; nothing of this is measured ---- */

static FILE *shell(const char *command)
{
	FILE *output = popen(command, "re"); /* NOLINT(cert-env33-c) */

	if (!output)
		err(1, "%s", command);
	return output;
}

void netns_shell(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (pclose(shell(command)) != 0)
		errx(1, "%s: failed", command);
}

void netns_bridge_make(unsigned int n)
{
	netns_shell("ip link add bench%u up type bridge && "
		    "ip addr add 10.%u.0.1/16 brd + dev bench%u",
		    n, n, n);
}

void netns_bridge_delete(unsigned int n)
{
	netns_shell("ip link delete bench%u", n);
}

#define NFT      "nft list ruleset 2>/dev/null;"
#define IPTABLES "iptables-save 2>/dev/null;"

/* Is there a line with both in it? */
static bool has_line(const char *command, const char *text, const char *other)
{
	FILE *rules = shell(command);
	bool found = false;
	char line[4096];

	while (fgets(line, sizeof(line), rules))
		found |= strstr(line, text) && strstr(line, other);
	(void)pclose(rules);
	return found;
}

bool netns_has_rule(const char *text)
{
	return has_line(NFT IPTABLES, text, "");
}

bool netns_has_iptables_rule(const char *text)
{
	return has_line(IPTABLES, text, "");
}

bool netns_has_mapping(unsigned int port, const char *ip)
{
	char text[16];

	(void)snprintf(text, sizeof(text), " %u ", port);
	return has_line(NFT IPTABLES, text, ip);
}
