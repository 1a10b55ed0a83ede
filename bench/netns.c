/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/bench.h"

#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

/* A bind mount, as container runtimes make; /run is ours (bench/run.sh). */
#define NETNS_PATH "/run/bench-netns"

static int pod_socket = -1;

const char *netns_make(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int file = open(NETNS_PATH, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (home < 0 || file < 0 || unshare(CLONE_NEWNET) < 0)
		err(1, "make a network namespace");
	(void)close(file);
	pod_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (pod_socket < 0 ||
	    mount("/proc/self/ns/net", NETNS_PATH, NULL, MS_BIND, NULL) < 0)
		err(1, "keep a network namespace");
	if (setns(home, CLONE_NEWNET) < 0)
		err(1, "return from a network namespace");
	(void)close(home);
	return NETNS_PATH;
}

bool netns_lo_is_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };

	if (ioctl(pod_socket, SIOCGIFFLAGS, &request) < 0)
		err(1, "flags of lo");
	return request.ifr_flags & IFF_UP;
}
