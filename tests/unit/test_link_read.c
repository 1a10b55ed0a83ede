/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/forged.h"

#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>

#include "common/net/link.h"

static const uint8_t mac[LINK_MAC] = { 2, 0xab, 3, 4, 5, 6 };

static struct nlmsghdr *put_link(struct packet *p, const char *name)
{
	const struct ifinfomsg head = { .ifi_index = 7, .ifi_flags = IFF_UP };
	struct nlmsghdr *hdr = put_msg(p, RTM_NEWLINK, &head, sizeof(head));

	if (name)
		put_text(p, hdr, IFLA_IFNAME, name);
	return hdr;
}

/* A port of a bridge; the kinds come behind the data, as they may. */
static struct nlmsghdr *put_port(struct packet *p)
{
	struct nlmsghdr *hdr = put_link(p, "veth0");
	struct nlattr *info, *data;

	put_u32(p, hdr, IFLA_MTU, 1400);
	put_u32(p, hdr, IFLA_MASTER, 3);
	put_u32(p, hdr, IFLA_LINK, 2);
	put_u32(p, hdr, IFLA_PROMISCUITY, 1);
	put_u8(p, hdr, IFLA_OPERSTATE, IF_OPER_UP);
	put_text(p, hdr, IFLA_IFALIAS, "cni:n/c/eth0");
	(void)put_attr(p, hdr, IFLA_ADDRESS, mac, sizeof(mac));
	info = nest(p, hdr, IFLA_LINKINFO);
	data = nest(p, hdr, IFLA_INFO_SLAVE_DATA | NLA_F_NESTED);
	put_u8(p, hdr, IFLA_BRPORT_MODE, 1);
	put_u8(p, hdr, IFLA_BRPORT_ISOLATED, 1);
	put_u32(p, hdr, IFLA_BRPORT_COST, 2);
	nest_end(p, data);
	put_text(p, hdr, IFLA_INFO_SLAVE_KIND, "bridge");
	put_text(p, hdr, IFLA_INFO_KIND, "veth");
	nest_end(p, info);
	return hdr;
}

static void test_port(void **state)
{
	struct packet p = { .len = 0 };
	struct link_info link;

	(void)state;
	assert_int_equal(link_read(put_port(&p), &link), 0);
	assert_int_equal(link.index, 7);
	assert_int_equal(link.flags, IFF_UP);
	assert_int_equal(link.mtu, 1400);
	assert_int_equal(link.master, 3);
	assert_int_equal(link.peer, 2);
	assert_int_equal(link.promiscuity, 1);
	assert_int_equal(link.operstate, IF_OPER_UP);
	assert_true(link.has_mac);
	assert_memory_equal(link.mac, mac, sizeof(mac));
	assert_string_equal(link.name, "veth0");
	assert_string_equal(link.kind, "veth");
	assert_string_equal(link.alias, "cni:n/c/eth0");
	assert_true(link.port.hairpin);
	assert_true(link.port.isolated);
	assert_false(link.bridge.vlan_filtering);
}

static void put_bridge_data(struct packet *p, struct nlmsghdr *hdr,
			    const char *kind)
{
	struct nlattr *info = nest(p, hdr, IFLA_LINKINFO);
	struct nlattr *data = nest(p, hdr, IFLA_INFO_DATA);

	put_u8(p, hdr, IFLA_BR_VLAN_FILTERING, 1);
	put_u16(p, hdr, IFLA_BR_VLAN_DEFAULT_PVID, 4094);
	nest_end(p, data);
	put_text(p, hdr, IFLA_INFO_KIND, kind);
	nest_end(p, info);
}

static void test_bridge(void **state)
{
	struct packet p = { .len = 0 };
	struct link_info link;
	struct nlmsghdr *hdr = put_link(&p, "cni0");

	(void)state;
	put_bridge_data(&p, hdr, "bridge");
	assert_int_equal(link_read(hdr, &link), 0);
	assert_string_equal(link.kind, "bridge");
	assert_true(link.bridge.vlan_filtering);
	assert_int_equal(link.bridge.default_pvid, 4094);
	assert_false(link.port.hairpin);
	assert_int_equal(link.master, 0);
	assert_false(link.has_mac);

	/* The numbers mean something else for another kind. */
	p.len = 0;
	hdr = put_link(&p, "vx");
	put_bridge_data(&p, hdr, "vxlan");
	assert_int_equal(link_read(hdr, &link), 0);
	assert_false(link.bridge.vlan_filtering);
	assert_int_equal(link.bridge.default_pvid, 0);
}

static void test_long_texts(void **state)
{
	struct packet p = { .len = 0 };
	struct nlmsghdr *hdr = put_link(&p, NULL);
	struct link_info link;
	char text[400];

	(void)state;
	memset(text, 'a', sizeof(text));
	/* None of them ends, all are longer than there is room. */
	(void)put_attr(&p, hdr, IFLA_IFNAME, text, 30);
	(void)put_attr(&p, hdr, IFLA_IFALIAS, text, sizeof(text));
	assert_int_equal(link_read(hdr, &link), 0);
	assert_int_equal(strlen(link.name), LINK_NAME - 1);
	assert_int_equal(strlen(link.alias), LINK_ALIAS - 1);
}

static void test_short_attributes(void **state)
{
	static const uint16_t types[] = { IFLA_MTU,         IFLA_MASTER,
					  IFLA_LINK,        IFLA_OPERSTATE,
					  IFLA_PROMISCUITY, IFLA_ADDRESS,
					  IFLA_IFALIAS,     IFLA_LINKINFO };
	struct link_info link;

	(void)state;
	for (size_t len = 0; len < 4; len++) {
		struct packet p = { .len = 0 };
		struct nlmsghdr *hdr = put_link(&p, "eth0");

		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
			(void)put_attr(&p, hdr, types[i], "\1\1\1", len);
		assert_int_equal(link_read(hdr, &link), 0);
		assert_int_equal(link.mtu, 0);
		assert_int_equal(link.master, 0);
		assert_int_equal(link.peer, 0);
		assert_int_equal(link.promiscuity, 0);
		assert_int_equal(link.operstate, len ? 1 : 0);
		assert_false(link.has_mac);
	}
}

/* A MAC address of another length is none of ours. */
static void test_other_macs(void **state)
{
	static const uint8_t wide[20] = { 1 };
	struct link_info link;

	(void)state;
	for (size_t len = 0; len <= sizeof(wide); len++) {
		struct packet p = { .len = 0 };
		struct nlmsghdr *hdr = put_link(&p, "ib0");

		(void)put_attr(&p, hdr, IFLA_ADDRESS, wide, len);
		assert_int_equal(link_read(hdr, &link), 0);
		assert_int_equal(link.has_mac, len == LINK_MAC);
	}
}

static void test_malformed(void **state)
{
	struct packet p = { .len = 0 };
	struct link_info link;
	struct nlmsghdr *hdr;

	(void)state;
	/* No name, an empty one, another message, too short a header. */
	assert_int_equal(link_read(put_link(&p, NULL), &link), -EBADMSG);
	p.len = 0;
	assert_int_equal(link_read(put_link(&p, ""), &link), -EBADMSG);
	p.len = 0;
	hdr = put_link(&p, "eth0");
	hdr->nlmsg_type = RTM_DELLINK;
	assert_int_equal(link_read(hdr, &link), -EBADMSG);
	p.len = 0;
	hdr = put_msg(&p, RTM_NEWLINK, "abcdefghijklmno", 15);
	assert_int_equal(link_read(hdr, &link), -EBADMSG);
	assert_int_equal(link.index, 0);
	assert_string_equal(link.name, "");
}

/* Cut at every byte, and with every length of every attribute a lie. */
static void test_truncated(void **state)
{
	struct packet whole = { .len = 0 };
	struct link_info link;
	size_t len = put_port(&whole)->nlmsg_len;

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		unsigned char *copy = test_malloc(cut < 16 ? 16 : cut);
		struct nlmsghdr *hdr = (void *)copy;

		memcpy(copy, whole.bytes, cut < 16 ? 16 : cut);
		hdr->nlmsg_len = (uint32_t)(cut < 16 ? 16 : cut);
		(void)!link_read(hdr, &link);
		test_free(copy);
	}
	for (size_t at = 32; at + 2 <= len; at += 4) {
		static const uint16_t lies[] = { 0, 3, 4, 5, 255, 65535 };

		for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
			unsigned char *copy = test_malloc(len);

			memcpy(copy, whole.bytes, len);
			memcpy(copy + at, &lies[i], sizeof(lies[i]));
			(void)!link_read((void *)copy, &link);
			test_free(copy);
		}
	}
}

static void test_texts(void **state)
{
	char text[LINK_MAC_TEXT];

	(void)state;
	assert_string_equal(link_mac_text(mac, text), "02:ab:03:04:05:06");
	assert_string_equal(link_operstate_text(IF_OPER_UP), "UP");
	assert_string_equal(link_operstate_text(IF_OPER_LOWERLAYERDOWN),
			    "LOWERLAYERDOWN");
	assert_string_equal(link_operstate_text(7), "UNKNOWN");
	assert_string_equal(link_operstate_text(255), "UNKNOWN");
}

static void test_random_macs(void **state)
{
	struct err err = { .code = CNI_OK };
	uint8_t one[LINK_MAC], other[LINK_MAC];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(link_random_mac(one, &err), 0);
		assert_int_equal(one[0] & 3, 2);
	}
	assert_int_equal(link_random_mac(other, &err), 0);
	assert_memory_not_equal(one, other, LINK_MAC);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port),
		cmocka_unit_test(test_bridge),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_short_attributes),
		cmocka_unit_test(test_other_macs),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_random_macs),
	};

	return cmocka_run_group_tests_name("link_read", tests, NULL, NULL);
}
