/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/netns/conntrack.bats: conntrack_flush() with filters from the
 * command line, five words each; "-" is what a filter does not say.
 *
 *	ctctl 4|6 tcp|udp|sctp PORT HOST_IP PEER|!PEER ...
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/nft/conntrack.h"

#define WORDS 5
#define MOST  64

static void usage(void)
{
	(void)fputs("usage: ctctl 4|6 PROTOCOL PORT HOST_IP [!]PEER ...\n",
		    stderr);
	exit(2);
}

static uint8_t protocol_of(const char *name)
{
	if (strcmp(name, "udp") == 0)
		return IPPROTO_UDP;
	if (strcmp(name, "tcp") == 0)
		return IPPROTO_TCP;
	return strcmp(name, "sctp") == 0 ? IPPROTO_SCTP : 0;
}

static struct ip ip_of(const char *text)
{
	struct ip ip = { .family = IP_NONE };

	if (strcmp(text, "-") != 0 && ip_parse(text, &ip) < 0)
		usage();
	return ip;
}

static struct conntrack_filter filter_of(char **words)
{
	const char *port = words[2], *peer = words[4];
	const bool others = *peer == '!';

	return (struct conntrack_filter){
		.family = *words[0] == '4'   ? IP_V4
			  : *words[0] == '6' ? IP_V6
					     : IP_NONE,
		.protocol = protocol_of(words[1]),
		.host_port = (uint16_t)strtoul(port, NULL, 10),
		.host_ip = ip_of(words[3]),
		.peer = ip_of(peer + others),
		.others = others,
	};
}

int main(int argc, char **argv)
{
	struct conntrack_filter filters[MOST];
	struct err err = { .code = CNI_OK };
	auto_nft struct nft nft = NFT_CLOSED;
	size_t count = 0;
	int r;

	argv++;
	argc--;
	if (argc % WORDS || argc / WORDS > MOST)
		usage();
	for (; (int)count < argc / WORDS; count++)
		filters[count] = filter_of(argv + count * WORDS);
	r = conntrack_flush(&nft, filters, count, &err);
	if (r < 0)
		(void)printf("%d %s\n", r, err.msg);
	return r < 0;
}
