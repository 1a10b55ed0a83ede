/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the kernel of any bytes: they are read without a crash, and what
 * is read keeps its promises.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* For the readers that are no other file's business. */
/* NOLINTBEGIN(bugprone-suspicious-include,readability-identifier-naming) */
#include "common/net/route.c"
#define append addr_append
#include "common/net/addr.c"
#include "common/net/vlan.c"
/* NOLINTEND(bugprone-suspicious-include,readability-identifier-naming) */

#include "common/net/link.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void try_link(struct nlmsghdr *hdr)
{
	struct link_info link;

	if (link_read(hdr, &link) == 0)
		check(*link.name && strlen(link.name) < LINK_NAME);
	check(strlen(link.kind) < LINK_NAME);
	check(strlen(link.alias) < LINK_ALIAS);
	check(*link_operstate_text(link.operstate));
}

static void try_addr(struct nlmsghdr *hdr)
{
	auto_addr_list struct addr_list list = { .count = 0 };
	struct collector to = { .list = &list, .ifindex = 1 };
	enum addr_dad dad;
	struct ip ip;

	dad = addr_dad_read(hdr, 1, &ip);
	check((dad == ADDR_OTHER) == (ip.family == IP_NONE));
	if (collect_addr(hdr, &to) == 0)
		check(list.count <= 1);
}

static void try_route(struct nlmsghdr *hdr)
{
	struct reader to = { .list = { .count = 0 }, .oif = 1 };
	char text[ROUTE_TEXT];

	(void)!take_route(hdr, &to);
	for (size_t i = 0; i < to.list.count; i++) {
		const struct route *route = &to.list.at[i];

		check(route->oif == 1);
		check(route->table != RT_TABLE_LOCAL);
		check(strlen(route_text(route, text)) < ROUTE_TEXT);
	}
	route_list_free(&to.list);
}

static void try_vlans(struct nlmsghdr *hdr)
{
	struct vlan_map map = { .pvid = 0 };

	(void)!take_vlans(hdr, &map);
}

static void try_verdict(struct nlmsghdr *hdr)
{
	char text[64];

	check(net_verdict(hdr, text, sizeof(text)) <= 0);
	check(strlen(text) < sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Each message is what nlmsg_ok() lets pass, in memory of its size. */
	struct nlmsghdr *hdr = malloc(size);

	if (hdr && size > 0)
		memcpy(hdr, data, size);
	if (hdr && size >= sizeof(*hdr)) {
		hdr->nlmsg_len = (uint32_t)size;
		try_link(hdr);
		try_addr(hdr);
		try_route(hdr);
		try_vlans(hdr);
		try_verdict(hdr);
	}
	free(hdr);
	return 0;
}
