/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that any plugin must ask of the kernel to attach a container to a
 * bridge, and to detach it: the messages of rtnetlink, in as few sends as will
 * do, by a process that a runtime starts as it starts a plugin. It reads the
 * same configuration, gets the same environment, and answers with a result.
 * There is nothing else: it looks at nothing first, leases nothing, checks
 * hardly anything, undoes nothing. bench/README.md says what for.
 *
 * ADD: the bridge's index; RTM_NEWLINK for a veth pair, one end up and a port
 * of the bridge, the other born in the container's namespace; there, in one
 * send, that end's RTM_NEWLINK to bring it up, RTM_NEWADDR and RTM_NEWROUTE.
 * DEL: RTM_DELLINK. The bridge, its address and forwarding are to be there
 * already.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The kernel would choose the indices, and then they would have to be asked
 * for. It takes that of the peer only along with one of the link.
 */
#define PORT_INDEX 1000000U
#define POD_INDEX  1000001U

/* Messages to be sent together. */
struct batch {
	size_t len, last; /* bytes; where the last message begins */
	unsigned int count;
	union {
		struct nlmsghdr head;
		char bytes[1024];
	} buffer;
};

static void *room(struct batch *batch, size_t len)
{
	void *at = batch->buffer.bytes + batch->len;

	if (batch->len + NLMSG_ALIGN(len) > sizeof(batch->buffer))
		errx(1, "the buffer is too small");
	batch->len += NLMSG_ALIGN(len);
	return at;
}

static void message(struct batch *batch, int type, int flags, const void *head,
		    size_t len)
{
	struct nlmsghdr *msg;

	batch->last = batch->len;
	batch->count++;
	msg = room(batch, sizeof(*msg));
	msg->nlmsg_type = (uint16_t)type;
	msg->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	memcpy(room(batch, len), head, len);
}

static struct rtattr *attr(struct batch *batch, int type, const void *value,
			   size_t len)
{
	struct rtattr *new = room(batch, RTA_LENGTH(len));

	new->rta_type = (uint16_t)type;
	new->rta_len = (uint16_t)RTA_LENGTH(len);
	if (len > 0)
		memcpy(RTA_DATA(new), value, len);
	return new;
}

static void attr_text(struct batch *batch, int type, const char *text)
{
	(void)attr(batch, type, text, strlen(text) + 1);
}

static void attr_u32(struct batch *batch, int type, uint32_t value)
{
	(void)attr(batch, type, &value, sizeof(value));
}

/* @nest has all that came after it. */
static void nest_end(const struct batch *batch, struct rtattr *nest)
{
	nest->rta_len =
		(uint16_t)(batch->buffer.bytes + batch->len - (char *)nest);
}

static void message_end(struct batch *batch)
{
	struct nlmsghdr *msg = (void *)(batch->buffer.bytes + batch->last);

	msg->nlmsg_len = (uint32_t)(batch->len - batch->last);
	msg->nlmsg_seq = batch->count;
}

static int netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		err(1, "netlink");
	return fd;
}

/* Send them; every one must be acknowledged. */
static void commit(int fd, const struct batch *batch, const char *what)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	union {
		struct nlmsghdr head;
		char bytes[4096];
	} answer;
	const struct nlmsgerr *ack = NLMSG_DATA(&answer.head);

	if (sendto(fd, batch->buffer.bytes, batch->len, 0,
		   (const void *)&kernel, sizeof(kernel)) < 0)
		err(1, "%s: send", what);
	for (unsigned int i = 0; i < batch->count; i++) {
		if (recv(fd, &answer, sizeof(answer), 0) < 0)
			err(1, "%s: receive", what);
		if (answer.head.nlmsg_type != NLMSG_ERROR || ack->error) {
			errno = -ack->error;
			err(1, "%s: message %u", what, i + 1);
		}
	}
}

/* What of the configuration is needed: the bridge, and 10.N.0.0/16. */
struct conf {
	char bridge[IFNAMSIZ];
	unsigned int net;
	char port[IFNAMSIZ]; /* the host's end */
};

static void conf_read(struct conf *conf)
{
	static char text[8192];
	static const char net[] = "\"subnet\":\"10.";
	const char *bridge, *subnet;
	size_t len = 0;
	ssize_t n;

	do {
		n = read(STDIN_FILENO, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	bridge = strstr(text, "\"bridge\":\"");
	subnet = strstr(text, "\"subnet\":\"");
	if (!bridge ||
	    sscanf(bridge, "\"bridge\":\"%15[^\"]", conf->bridge) != 1)
		errx(1, "no bridge");
	if (!subnet || strncmp(subnet, net, strlen(net)) != 0)
		errx(1, "no subnet 10.N.0.0/16");
	conf->net = (uint8_t)strtoul(subnet + strlen(net), NULL, 10);
	(void)snprintf(conf->port, sizeof(conf->port), "floor%u", conf->net);
}

static int bridge_index(const struct conf *conf)
{
	struct ifreq request = { .ifr_ifindex = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(request.ifr_name, conf->bridge, sizeof(conf->bridge));
	if (fd < 0 || ioctl(fd, SIOCGIFINDEX, &request) < 0)
		err(1, "%s", conf->bridge);
	(void)close(fd);
	return request.ifr_ifindex;
}

static void make_pair(int host, int netns, const struct conf *conf,
		      const char *ifname)
{
	const struct ifinfomsg link = { .ifi_index = PORT_INDEX,
					.ifi_flags = IFF_UP,
					.ifi_change = IFF_UP };
	const struct ifinfomsg peer = { .ifi_index = POD_INDEX };
	struct rtattr *info, *data, *end;
	struct batch batch = { .len = 0 };

	message(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link,
		sizeof(link));
	attr_text(&batch, IFLA_IFNAME, conf->port);
	attr_u32(&batch, IFLA_MASTER, (uint32_t)bridge_index(conf));
	info = attr(&batch, IFLA_LINKINFO, NULL, 0);
	attr_text(&batch, IFLA_INFO_KIND, "veth");
	data = attr(&batch, IFLA_INFO_DATA, NULL, 0);
	end = attr(&batch, VETH_INFO_PEER, NULL, 0);
	memcpy(room(&batch, sizeof(peer)), &peer, sizeof(peer));
	attr_text(&batch, IFLA_IFNAME, ifname);
	attr_u32(&batch, IFLA_NET_NS_FD, (uint32_t)netns);
	nest_end(&batch, end);
	nest_end(&batch, data);
	nest_end(&batch, info);
	message_end(&batch);
	commit(host, &batch, "make a veth pair");
}

static void configure(int pod, const struct conf *conf)
{
	const struct ifinfomsg link = { .ifi_index = POD_INDEX,
					.ifi_flags = IFF_UP,
					.ifi_change = IFF_UP };
	const struct ifaddrmsg addr = { .ifa_family = AF_INET,
					.ifa_prefixlen = 16,
					.ifa_index = POD_INDEX };
	const struct rtmsg route = { .rtm_family = AF_INET,
				     .rtm_table = RT_TABLE_MAIN,
				     .rtm_protocol = RTPROT_BOOT,
				     .rtm_scope = RT_SCOPE_UNIVERSE,
				     .rtm_type = RTN_UNICAST };
	const uint32_t ip = htonl((10U << 24) + (conf->net << 16) + 2);
	const uint32_t gateway = htonl((10U << 24) + (conf->net << 16) + 1);
	struct batch batch = { .len = 0 };

	message(&batch, RTM_NEWLINK, 0, &link, sizeof(link));
	message_end(&batch);
	message(&batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &addr,
		sizeof(addr));
	attr_u32(&batch, IFA_LOCAL, ip);
	attr_u32(&batch, IFA_ADDRESS, ip);
	message_end(&batch);
	message(&batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route,
		sizeof(route));
	attr_u32(&batch, RTA_GATEWAY, gateway);
	attr_u32(&batch, RTA_OIF, POD_INDEX);
	message_end(&batch);
	commit(pod, &batch, "configure the container's end");
}

static void add(const struct conf *conf, const char *netns, const char *ifname)
{
	int host = netlink();
	int ns = open(netns, O_RDONLY | O_CLOEXEC);

	if (ns < 0)
		err(1, "%s", netns);
	make_pair(host, ns, conf, ifname);
	if (setns(ns, CLONE_NEWNET) < 0)
		err(1, "enter %s", netns);
	configure(netlink(), conf);
	(void)printf("{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\": "
		     "\"10.%u.0.2/16\",\"gateway\":\"10.%u.0.1\"}]}",
		     conf->net, conf->net);
}

static void del(const struct conf *conf)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct batch batch = { .len = 0 };

	message(&batch, RTM_DELLINK, 0, &link, sizeof(link));
	attr_text(&batch, IFLA_IFNAME, conf->port);
	message_end(&batch);
	commit(netlink(), &batch, "delete the veth pair");
}

int main(void)
{
	const char *verb = getenv("CNI_COMMAND"), *netns = getenv("CNI_NETNS");
	const char *ifname = getenv("CNI_IFNAME");
	struct conf conf = { .net = 0 };

	if (!verb || !netns || !ifname)
		errx(1, "CNI_COMMAND, CNI_NETNS, CNI_IFNAME: missing");
	conf_read(&conf);
	if (strcmp(verb, "ADD") == 0)
		add(&conf, netns, ifname);
	else
		del(&conf);
	return fflush(stdout) == 0 ? 0 : 1;
}
