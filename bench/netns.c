/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/bench.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
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
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int file;

	(void)snprintf(ns->path, sizeof(ns->path), "/run/bench-netns-%u",
		       made++);
	file = open(ns->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (home < 0 || file < 0 || unshare(CLONE_NEWNET) < 0)
		err(1, "make a network namespace");
	(void)close(file);
	ns->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ns->socket < 0 ||
	    mount("/proc/self/ns/net", ns->path, NULL, MS_BIND, NULL) < 0)
		err(1, "keep a network namespace");
	if (setns(home, CLONE_NEWNET) < 0)
		err(1, "return from a network namespace");
	(void)close(home);
}

void netns_delete(struct netns *ns)
{
	(void)close(ns->socket);
	if (umount2(ns->path, MNT_DETACH) < 0 || unlink(ns->path) < 0)
		err(1, "%s", ns->path);
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

/* What a developer would type; nothing of this is measured. */
static FILE *shell(const char *command)
{
	FILE *output = popen(command, "re"); /* NOLINT(cert-env33-c) */

	if (!output)
		err(1, "%s", command);
	return output;
}

void netns_bridge_make(unsigned int n)
{
	char command[256];

	(void)snprintf(command, sizeof(command),
		       "ip link add bench%u up type bridge && "
		       "ip addr add 10.%u.0.1/16 brd + dev bench%u",
		       n, n, n);
	if (pclose(shell(command)) != 0)
		errx(1, "%s: failed", command);
}

void netns_bridge_delete(unsigned int n)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "ip link delete bench%u", n);
	if (pclose(shell(command)) != 0)
		errx(1, "%s: failed", command);
}

bool netns_has_rule(const char *text)
{
	static const char command[] =
		"nft list ruleset 2>/dev/null; iptables-save 2>/dev/null";
	FILE *rules = shell(command);
	bool found = false;
	char line[4096];

	while (fgets(line, sizeof(line), rules))
		found |= strstr(line, text) != NULL;
	(void)pclose(rules);
	return found;
}
