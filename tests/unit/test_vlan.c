/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: send recvmsg */
#include "tests/unit/forged.h"

#include <stdio.h>

#include <linux/if_bridge.h>
#include <linux/if_link.h>

#include "common/net/br.h"

FORGE_SEND
FORGE_RECVMSG

static const struct link_info port = { .index = 7, .name = "veth0" };

static void open_net(struct net *net)
{
	struct err err = { .code = CNI_OK };

	memset(&script, 0, sizeof(script));
	assert_int_equal(net_open(net, -1, &err), 0);
}

/* ---- Building ---- */

/* "1-3 7 9p", what was sent: p is PVID and untagged. */
static void sent_text(char *out, size_t size)
{
	struct nlmsghdr *hdr = (void *)script.sent.bytes;
	struct nlattr *attr, *spec;
	size_t len = 0;
	int left;

	*out = '\0';
	spec = nlmsg_find_attr(hdr, sizeof(struct ifinfomsg), IFLA_AF_SPEC);
	assert_non_null(spec);
	nla_for_each_nested (attr, spec, left) {
		const struct bridge_vlan_info *info = nla_data(attr);
		const int flags = info->flags;

		assert_int_equal(nla_type(attr), IFLA_BRIDGE_VLAN_INFO);
		assert_int_equal(nla_len(attr), sizeof(*info));
		assert_int_equal(!(flags & BRIDGE_VLAN_INFO_PVID),
				 !(flags & BRIDGE_VLAN_INFO_UNTAGGED));
		len += (size_t)snprintf(out + len, size - len, "%u%s",
					info->vid,
					flags & BRIDGE_VLAN_INFO_PVID ? "p "
					: flags & BRIDGE_VLAN_INFO_RANGE_BEGIN
						? "-"
						: " ");
		assert_true(len < size);
	}
}

static int add(const uint16_t *at, size_t count, uint16_t pvid, char *text,
	       size_t size)
{
	const struct vlan_set set = { .pvid = pvid, .count = count, .at = at };
	auto_net struct net net = NET_CLOSED;
	struct err err = { .code = CNI_OK };
	int r;

	open_net(&net);
	put_verdict(next_answer(), 1, 0, NULL);
	r = port_vlan_add(&net, &port, &set, &err);
	if (r == 0)
		sent_text(text, size);
	return r;
}

static void test_ranges(void **state)
{
	static const uint16_t set[] = { 1, 2, 3, 5, 7, 8, 4093, 4094 };
	const struct ifinfomsg *info;
	const struct nlmsghdr *hdr = (void *)script.sent.bytes;
	char text[200];

	(void)state;
	assert_int_equal(add(set, 8, 0, text, sizeof(text)), 0);
	assert_string_equal(text, "1-3 5 7-8 4093-4094 ");
	info = nlmsg_data(hdr);
	assert_int_equal(hdr->nlmsg_type, RTM_SETLINK);
	assert_int_equal(info->ifi_family, AF_BRIDGE);
	assert_int_equal(info->ifi_index, 7);

	/* The PVID comes last: it is one even if the set has it, too. */
	assert_int_equal(add(set, 3, 2, text, sizeof(text)), 0);
	assert_string_equal(text, "1-3 2p ");
	assert_int_equal(add(NULL, 0, 4094, text, sizeof(text)), 0);
	assert_string_equal(text, "4094p ");
}

/* All of them are two attributes; every other one is the most. */
static void test_most(void **state)
{
	static uint16_t set[VLAN_MAX];
	auto_net struct net net = NET_CLOSED;
	struct err err = { .code = CNI_OK };
	struct vlan_set odd = { .pvid = 4094, .at = set };
	char text[200];

	(void)state;
	for (uint16_t i = 0; i < VLAN_MAX; i++)
		set[i] = (uint16_t)(i + 1);
	assert_int_equal(add(set, VLAN_MAX, 1, text, sizeof(text)), 0);
	assert_string_equal(text, "1-4094 1p ");

	for (uint16_t i = 0; 2 * i + 1 <= VLAN_MAX; i++)
		set[odd.count++] = (uint16_t)(2 * i + 1);
	assert_int_equal(odd.count, 2047);
	open_net(&net);
	script.send_error = EPERM; /* it is too long for the script */
	assert_int_equal(port_vlan_add(&net, &port, &odd, &err), -EPERM);
	assert_string_equal(err.msg, "add VLANs to port \"veth0\": PVID 4094, "
				     "tagged 2047: Operation not permitted");
}

static void test_delete(void **state)
{
	const struct nlmsghdr *hdr = (void *)script.sent.bytes;
	auto_net struct net net = NET_CLOSED;
	struct err err = { .code = CNI_OK };
	char text[200];

	(void)state;
	open_net(&net);
	put_verdict(next_answer(), 1, 0, NULL);
	assert_int_equal(port_vlan_del(&net, &port, 1, &err), 0);
	sent_text(text, sizeof(text));
	assert_string_equal(text, "1 ");
	assert_int_equal(hdr->nlmsg_type, RTM_DELLINK);
}

/* ---- Reading ---- */

static struct nlmsghdr *put_vlans(struct packet *p)
{
	const struct br_vlan_msg head = { .family = AF_BRIDGE, .ifindex = 7 };

	return put_msg(p, RTM_NEWVLAN, &head, sizeof(head));
}

static void put_entry(struct packet *p, struct nlmsghdr *hdr, uint16_t vid,
		      uint16_t flags, uint16_t last)
{
	const struct bridge_vlan_info info = { .flags = flags, .vid = vid };
	struct nlattr *entry = nest(p, hdr, BRIDGE_VLANDB_ENTRY | NLA_F_NESTED);

	(void)put_attr(p, hdr, BRIDGE_VLANDB_ENTRY_INFO, &info, sizeof(info));
	if (last)
		put_u16(p, hdr, BRIDGE_VLANDB_ENTRY_RANGE, last);
	nest_end(p, entry);
}

static size_t count(const struct vlan_map *map)
{
	size_t n = 0;

	for (size_t i = 0; i < 64; i++)
		n += (size_t)__builtin_popcountll(map->has[i]);
	return n;
}

static int get(struct vlan_map *map)
{
	auto_net struct net net = NET_CLOSED;
	struct err err = { .code = CNI_OK };
	int r;

	assert_int_equal(net_open(&net, -1, &err), 0);
	r = port_vlan_get(&net, &port, map, &err);
	assert_int_equal(err.errnum, -r);
	return r;
}

static void test_read(void **state)
{
	struct vlan_map map;
	struct nlmsghdr *hdr;
	struct packet *p;

	(void)state;
	memset(&script, 0, sizeof(script));
	p = next_answer();
	hdr = put_vlans(p);
	put_entry(p, hdr, 100,
		  BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED, 0);
	put_entry(p, hdr, 200, 0, 300);
	hdr = put_vlans(p);
	put_entry(p, hdr, 63, 0, 64);
	put_done(p);
	assert_int_equal(get(&map), 0);
	assert_int_equal(map.pvid, 100);
	assert_true(map.pvid_untagged);
	assert_int_equal(count(&map), 104);
	assert_true(map.has[0] >> 63 & 1);
	assert_true(map.has[1] & 1);
	assert_true(map.has[200 / 64] >> (200 % 64) & 1);
	assert_true(map.has[300 / 64] >> (300 % 64) & 1);
}

static void test_read_nonsense(void **state)
{
	struct vlan_map map;
	struct nlmsghdr *hdr;
	struct nlattr *entry;
	struct packet *p;

	(void)state;
	memset(&script, 0, sizeof(script));
	p = next_answer();
	hdr = put_vlans(p);
	put_entry(p, hdr, 4095, 0, 65535);
	put_entry(p, hdr, 65535, 0, 65535);
	put_entry(p, hdr, 10, 0, 5); /* ends before it begins */
	put_entry(p, hdr, 20, BRIDGE_VLAN_INFO_PVID, 0);
	entry = nest(p, hdr, BRIDGE_VLANDB_ENTRY); /* too short, none */
	(void)put_attr(p, hdr, BRIDGE_VLANDB_ENTRY_INFO, "ab", 2);
	(void)put_attr(p, hdr, BRIDGE_VLANDB_ENTRY_RANGE, "a", 1);
	nest_end(p, entry);
	(void)nest(p, hdr, BRIDGE_VLANDB_ENTRY);
	put_done(p);
	assert_int_equal(get(&map), 0);
	assert_int_equal(count(&map), 3); /* 4095, 10 and 20 */
	assert_int_equal(map.pvid, 20);
	assert_false(map.pvid_untagged);

	for (int i = 0; i < 2; i++) {
		memset(&script, 0, sizeof(script));
		p = next_answer();
		if (i)
			(void)put_msg(p, RTM_NEWVLAN, "abcd", 4);
		else
			put_vlans(p)->nlmsg_type = RTM_NEWLINK;
		put_done(p);
		assert_int_equal(get(&map), -EBADMSG);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_nonsense),
	};

	return cmocka_run_group_tests_name("vlan", tests, NULL, NULL);
}
