/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: send recvmsg */
#include "tests/unit/forged.h"

#include "common/net/br.h"

FORGE_SEND
FORGE_RECVMSG

/* What the kernel's two refusals say of it. */
static void test_support(void **state)
{
	static const struct {
		int first, second, want;
		bool bridges, vlan_filtering;
	} cases[] = {
		{ -EINVAL, -EPROTONOSUPPORT, 0, true, true },
		{ -EINVAL, -EINVAL, 0, true, false },
		{ -EOPNOTSUPP, 0, 0, false, false },
		/* These say nothing of bridges. */
		{ -EPERM, 0, -EPERM, false, false },
		{ -ENOMEM, 0, -ENOMEM, false, false },
		{ -EINVAL, -ENOMEM, -ENOMEM, true, false },
		{ 0, 0, -EINVAL, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_net struct net net = NET_CLOSED;
		struct err err = { .code = CNI_OK };
		bool bridges = true, vlan_filtering = true;

		memset(&script, 0, sizeof(script));
		assert_int_equal(net_open(&net, -1, &err), 0);
		put_verdict(next_answer(), 1, cases[i].first, NULL);
		put_verdict(next_answer(), 2, cases[i].second, NULL);
		assert_int_equal(br_support(&net, &bridges, &vlan_filtering,
					    &err),
				 cases[i].want);
		assert_int_equal(err.errnum, -cases[i].want);
		assert_int_equal(bridges, cases[i].bridges);
		assert_int_equal(vlan_filtering, cases[i].vlan_filtering);
	}
}

static uint32_t sent_index(bool *has_name)
{
	struct nlmsghdr *hdr = (void *)script.sent.bytes;

	*has_name = nlmsg_find_attr(hdr, sizeof(struct ifinfomsg),
				    IFLA_IFNAME) != NULL;
	return (uint32_t)((struct ifinfomsg *)nlmsg_data(hdr))->ifi_index;
}

/* By its index if that is known, so that no other of that name is meant. */
static void test_delete(void **state)
{
	(void)state;
	for (int index = 0; index < 2; index++) {
		auto_net struct net net = NET_CLOSED;
		struct err err = { .code = CNI_OK };
		bool has_name;

		memset(&script, 0, sizeof(script));
		assert_int_equal(net_open(&net, -1, &err), 0);
		put_verdict(next_answer(), 1, index ? -ENODEV : 0, NULL);
		assert_int_equal(link_del(&net, index, "br0", &err), 0);
		assert_int_equal(sent_index(&has_name), index);
		assert_int_equal(has_name, index == 0);
		assert_int_equal(err.code, CNI_OK);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_support),
		cmocka_unit_test(test_delete),
	};

	return cmocka_run_group_tests_name("br", tests, NULL, NULL);
}
