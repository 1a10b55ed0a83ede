/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: send recvmsg */
#include "tests/unit/forged.h"

#include <linux/if_addr.h>

#include "common/net/addr.h"

FORGE_SEND
FORGE_RECVMSG

#define INDEX 7

static void open_net(struct net *net)
{
	struct err err = { .code = CNI_OK };

	memset(&script, 0, sizeof(script));
	assert_int_equal(net_open(net, -1, &err), 0);
}

static struct nlattr *sent_attr(int type)
{
	struct nlmsghdr *hdr = (void *)script.sent.bytes;

	return nlmsg_find_attr(hdr, sizeof(struct ifaddrmsg), type);
}

/* The attribute is the address @want, or with NULL absent. */
static void assert_sent_ip(int type, const char *want)
{
	struct nlattr *attr = sent_attr(type);
	char text[IP_TEXT];
	struct ip ip;

	if (!want) {
		assert_null(attr);
		return;
	}
	assert_non_null(attr);
	ip.family = nla_len(attr) == 4 ? IP_V4 : IP_V6;
	memcpy(ip.bytes, nla_data(attr), (size_t)nla_len(attr));
	assert_string_equal(ip_format(&ip, text), want);
}

static void test_build(void **state)
{
	static const struct {
		const char *cidr;
		bool nodad;
		const char *broadcast;
		uint8_t flags;
	} cases[] = {
		{ "10.1.2.3/24", true, "10.1.2.255", 0 },
		{ "10.1.2.1/30", false, "10.1.2.3", 0 },
		{ "10.1.2.0/31", false, NULL, 0 },
		{ "10.1.2.3/32", false, NULL, 0 },
		{ "10.1.2.3/0", false, "255.255.255.255", 0 },
		{ "fd00::1/64", true, NULL, IFA_F_NODAD },
		{ "fd00::1/64", false, NULL, 0 },
		{ "fd00::1/128", true, NULL, IFA_F_NODAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_net struct net net = NET_CLOSED;
		struct err err = { .code = CNI_OK };
		const struct ifaddrmsg *info;
		char text[IP_TEXT];
		struct cidr addr;

		open_net(&net);
		put_verdict(next_answer(), 1, 0, NULL);
		assert_int_equal(cidr_parse(cases[i].cidr, &addr), 0);
		assert_int_equal(addr_add(&net, INDEX, "eth0", &addr,
					  cases[i].nodad, &err),
				 0);
		info = nlmsg_data((void *)script.sent.bytes);
		assert_int_equal(info->ifa_family,
				 addr.ip.family == IP_V4 ? AF_INET : AF_INET6);
		assert_int_equal(info->ifa_index, INDEX);
		assert_int_equal(info->ifa_prefixlen, addr.len);
		assert_int_equal(info->ifa_scope, RT_SCOPE_UNIVERSE);
		assert_int_equal(info->ifa_flags, cases[i].flags);
		assert_sent_ip(IFA_LOCAL, ip_format(&addr.ip, text));
		assert_sent_ip(IFA_ADDRESS, text);
		assert_sent_ip(IFA_BROADCAST, cases[i].broadcast);
	}
}

static void test_put(void **state)
{
	auto_net struct net net = NET_CLOSED;
	auto_net_batch struct net_batch batch = { .count = 0 };
	struct err err = { .code = CNI_OK };
	struct cidr addr;

	(void)state;
	open_net(&net);
	put_verdict(next_answer(), 1, -EEXIST, NULL);
	assert_int_equal(cidr_parse("10.1.2.3/24", &addr), 0);
	addr_put(&batch, INDEX, "eth0", &addr, false);
	assert_int_equal(net_batch_send(&net, &batch, &err), -EEXIST);
	assert_string_equal(err.msg, "add address 10.1.2.3/24 to \"eth0\": "
				     "File exists");
	assert_sent_ip(IFA_BROADCAST, "10.1.2.255");
}

static void test_delete(void **state)
{
	static const struct {
		int error, want;
	} cases[] = {
		{ 0, 0 },           { -EADDRNOTAVAIL, 0 },
		{ -ENODEV, 0 },     { -EAFNOSUPPORT, 0 },
		{ -EOPNOTSUPP, 0 }, { -EPERM, -EPERM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_net struct net net = NET_CLOSED;
		struct err err = { .code = CNI_OK };
		struct cidr addr;

		open_net(&net);
		put_verdict(next_answer(), 1, cases[i].error, "why");
		assert_int_equal(cidr_parse("10.1.2.3/24", &addr), 0);
		assert_int_equal(addr_del(&net, INDEX, "br", &addr, &err),
				 cases[i].want);
		assert_int_equal(err.code, cases[i].want ? CNI_E_IO : CNI_OK);
		/* The broadcast address would have to match as well. */
		assert_sent_ip(IFA_BROADCAST, NULL);

		/* The failure before is the one that is reported. */
		if (!cases[i].want)
			continue;
		(void)put_verdict(next_answer(), 2, -EIO, NULL);
		assert_int_equal(addr_del(&net, INDEX, "br", &addr, &err),
				 -EIO);
		assert_int_equal(err.errnum, EPERM);
		assert_string_equal(err.details, "kernel: why");
	}
}

/* ---- Duplicate address detection ---- */

static struct nlmsghdr *put_dad(struct packet *p, uint8_t narrow,
				const uint32_t *wide, size_t addr_len)
{
	static const uint8_t addr[16] = { 0xfd, [15] = 9 };
	const struct ifaddrmsg head = { .ifa_family = AF_INET6,
					.ifa_flags = narrow,
					.ifa_index = INDEX };
	struct nlmsghdr *hdr = put_msg(p, RTM_NEWADDR, &head, sizeof(head));

	if (addr_len)
		(void)put_attr(p, hdr, IFA_ADDRESS, addr, addr_len);
	if (wide)
		put_u32(p, hdr, IFA_FLAGS, *wide);
	return hdr;
}

static void test_dad(void **state)
{
	static const uint32_t none, tentative = IFA_F_TENTATIVE | IFA_F_NODAD,
				    failed = IFA_F_DADFAILED | IFA_F_TENTATIVE,
				    high = IFA_F_NOPREFIXROUTE;
	static const struct {
		uint8_t narrow;
		const uint32_t *wide;
		enum addr_dad want;
	} cases[] = {
		{ 0, NULL, ADDR_READY },
		{ IFA_F_TENTATIVE, NULL, ADDR_TENTATIVE },
		{ IFA_F_DADFAILED, NULL, ADDR_FAILED },
		{ IFA_F_TENTATIVE, &none, ADDR_READY },
		{ 0, &tentative, ADDR_TENTATIVE },
		{ 0, &failed, ADDR_FAILED },
		{ 0, &high, ADDR_READY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct packet p = { .len = 0 };
		struct nlmsghdr *hdr =
			put_dad(&p, cases[i].narrow, cases[i].wide, 16);
		char text[IP_TEXT];
		struct ip ip;

		assert_int_equal(addr_dad_read(hdr, INDEX, &ip), cases[i].want);
		assert_string_equal(ip_format(&ip, text), "fd00::9");
	}
}

static void test_dad_of_others(void **state)
{
	struct packet p = { .len = 0 };
	struct ifaddrmsg *info;
	struct nlmsghdr *hdr;
	struct ip ip;

	(void)state;
	hdr = put_dad(&p, 0, NULL, 16);
	assert_int_equal(addr_dad_read(hdr, INDEX + 1, &ip), ADDR_OTHER);
	hdr->nlmsg_type = RTM_DELADDR;
	assert_int_equal(addr_dad_read(hdr, INDEX, &ip), ADDR_OTHER);
	hdr->nlmsg_type = RTM_NEWADDR;
	info = nlmsg_data(hdr);
	info->ifa_family = AF_INET;
	assert_int_equal(addr_dad_read(hdr, INDEX, &ip), ADDR_OTHER);
	for (size_t len = 0; len < 16; len++) {
		p.len = 0;
		hdr = put_dad(&p, 0, NULL, len);
		assert_int_equal(addr_dad_read(hdr, INDEX, &ip), ADDR_OTHER);
		assert_int_equal(ip.family, IP_NONE);
	}
	p.len = 0;
	hdr = put_msg(&p, RTM_NEWADDR, "abcdefg", 7);
	assert_int_equal(addr_dad_read(hdr, INDEX, &ip), ADDR_OTHER);
}

static void test_dad_count(void **state)
{
	static const uint32_t tentative = IFA_F_TENTATIVE,
			      failed = IFA_F_DADFAILED;
	auto_net struct net net = NET_CLOSED;
	struct err err = { .code = CNI_OK };
	struct packet *p;
	size_t count = 99;
	struct ip ip;

	(void)state;
	open_net(&net);
	p = next_answer();
	(void)put_dad(p, 0, &tentative, 16);
	(void)put_dad(p, 0, &tentative, 16);
	(void)put_dad(p, 0, NULL, 16);
	put_done(p);
	assert_int_equal(addr_dad_get(&net, INDEX, &count, &ip, &err), 0);
	assert_int_equal(count, 2);
	assert_int_equal(ip.family, IP_NONE);

	p = next_answer();
	put_dad(p, 0, &failed, 16)->nlmsg_seq = 2;
	put_done(p);
	((struct nlmsghdr *)(void *)(p->bytes + p->len -
				     NLMSG_SPACE(sizeof(int))))
		->nlmsg_seq = 2;
	assert_int_equal(addr_dad_get(&net, INDEX, &count, &ip, &err), 0);
	assert_int_equal(count, 0);
	assert_int_equal(ip.family, IP_V6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_dad),
		cmocka_unit_test(test_dad_of_others),
		cmocka_unit_test(test_dad_count),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
