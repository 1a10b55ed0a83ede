/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/nft/comment.h"
#include "common/nft/expr.h"
#include "common/nft/query.h"

static const struct nft_table table = { NFPROTO_INET, "t", NULL };
static const struct nft_set map = {
	.table = &table,
	.name = "m",
	.key = { NFT_TYPE_IP4, NFT_TYPE_PROTO, NFT_TYPE_PORT },
	.data = { NFT_TYPE_IP4, NFT_TYPE_PORT },
};
static const struct nft_set names = { .table = &table,
				      .name = "n",
				      .key = { NFT_TYPE_IFNAME } };

/* A message under construction, and the attributes in it. */
struct message {
	_Alignas(4) char room[512];
	struct nlmsghdr *hdr;
};

static void message_init(struct message *message)
{
	message->hdr = mnl_nlmsg_put_header(message->room);
}

static struct attrs all(const struct message *message)
{
	return (struct attrs){ (const uint8_t *)message->room + NLMSG_HDRLEN,
			       message->hdr->nlmsg_len - NLMSG_HDRLEN };
}

static void test_attributes(void **state)
{
	struct message message;
	struct nlattr *nest;
	struct attr attr;
	struct attrs in;

	(void)state;
	message_init(&message);
	mnl_attr_put_u32(message.hdr, 1, htonl(0x01020304));
	mnl_attr_put_strz(message.hdr, 2, "four");
	nest = mnl_attr_nest_start(message.hdr, 3);
	mnl_attr_put_u64(message.hdr, 4, 5ULL << 56);
	mnl_attr_nest_end(message.hdr, nest);
	in = all(&message);
	assert_int_equal(attr_u32(in, 1, 0), 0x01020304);
	assert_string_equal(attr_str(in, 2), "four");
	assert_int_equal(attr_u64(attr_in(in, 3), 4, 0), 5);
	assert_true(attr_find(in, 3, &attr) && attr.nested);
	assert_int_equal(attr_u32(in, 9, 7), 7);
	assert_int_equal(attr_u64(in, 1, 7), 7); /* too short */
	assert_null(attr_str(in, 9));
	assert_null(attr_in(in, 9).data);
}

/* Whatever lengths say, reading stays within the bytes. */
static void test_malformed(void **state)
{
	static _Alignas(4) const uint8_t bytes[][8] = {
		{ 3, 0, 1, 0 },          /* shorter than its head */
		{ 9, 0, 1, 0, 1, 2, 3 }, /* longer than what there is */
		{ 5, 0, 1, 0, 'x' },     /* no NUL, no padding */
	};
	const size_t len[] = { 4, 8, 5 };
	struct attr attr;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct attrs in = { bytes[i], len[i] };

		assert_null(attr_str(in, 1));
		assert_int_equal(attr_find(in, 1, &attr), i == 2);
	}
}

static void rule_a(struct nft_tx *tx)
{
	const struct cidr net = { .ip = { IP_V4, { 10, 1 } }, .len = 24 };

	nft_rule_open(tx, &table, "c");
	match_cidr(tx, &net, IP_DESTINATION, true);
	expr_masquerade(tx, false);
	nft_rule_close(tx, "comment");
}

static struct attrs body_of(const struct nft_tx *tx)
{
	const size_t head = NLMSG_HDRLEN + sizeof(struct nfgenmsg);

	return (struct attrs){ (const uint8_t *)tx->batch.data + head,
			       tx->batch.len - head };
}

static struct attrs exprs_of(const struct nft_tx *tx)
{
	return attr_in(body_of(tx), NFTA_RULE_EXPRESSIONS);
}

static void test_covers(void **state)
{
	auto_nft_tx struct nft_tx a = { .message = 0 }, b = { .message = 0 },
				  c = { .message = 0 };

	(void)state;
	rule_a(&a);
	nft_rule_open(&b, &table, "c");
	expr_masquerade(&b, true);
	nft_rule_close(&b, NULL);
	nft_rule_open(&c, &table, "c");
	expr_masquerade(&c, false);
	nft_rule_close(&c, NULL);
	assert_true(attr_covers(exprs_of(&a), exprs_of(&a)));
	assert_false(attr_covers(exprs_of(&a), exprs_of(&c)));
	assert_false(attr_covers(exprs_of(&c), exprs_of(&a)));
	assert_false(attr_covers(exprs_of(&b), exprs_of(&c)));
	assert_false(attr_covers(exprs_of(&c), exprs_of(&b)));
}

/* What the kernel leaves out because it is 0 is the same as 0. */
static void test_covers_zero(void **state)
{
	struct message have, want;

	(void)state;
	message_init(&have);
	message_init(&want);
	mnl_attr_put_u32(have.hdr, 1, htonl(5));
	mnl_attr_put_u32(want.hdr, 2, 0);
	assert_true(attr_covers(all(&have), all(&want)));
	mnl_attr_put_u32(want.hdr, 3, htonl(1));
	assert_false(attr_covers(all(&have), all(&want)));
}

static void test_comment(void **state)
{
	uint8_t data[NFT_NUMBER_DATA + NFT_COMMENT_DATA];
	char text[200];
	size_t len;

	(void)state;
	len = nft_number_put(data, NFT_SET_KEY_ORDER, 2);
	assert_memory_equal(data, "\0\4\2\0\0\0", 6);
	len += nft_comment_put(data + len, NFT_SET_COMMENT, "cc");
	assert_memory_equal(data + 6, "\7\3cc", 5);
	assert_string_equal(nft_comment((struct attrs){ data, len },
					NFT_SET_COMMENT),
			    "cc");
	/* Cut off by the end: no comment. */
	assert_string_equal(nft_comment((struct attrs){ data, len - 1 },
					NFT_SET_COMMENT),
			    "");
	assert_string_equal(
		nft_comment((struct attrs){ data, 7 }, NFT_SET_COMMENT), "");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(nft_comment_put(data, NFT_COMMENT, text),
			 2 + NFT_COMMENT_MAX);
}

static void test_types(void **state)
{
	const uint8_t verdict[NFT_PARTS] = { NFT_TYPE_VERDICT };

	(void)state;
	/* As `nft --debug=mnl` shows them. */
	assert_int_equal(nft_types_id(map.key), 0x730d);
	assert_int_equal(nft_types_len(map.key), 12);
	assert_int_equal(nft_types_id(map.data), 0x1cd);
	assert_int_equal(nft_types_len(map.data), 8);
	assert_int_equal(nft_types_id(verdict), NFT_DATA_VERDICT);
	assert_int_equal(nft_types_len(verdict), 0);
	assert_int_equal(nft_types_len(names.key), 16);
}

static struct nft_element element_of(void)
{
	const struct ip ip = { IP_V4, { 10, 1, 0, 2 } };
	struct nft_element element = { .set = &map, .comment = "owner" };
	const uint8_t udp = 17;

	nft_value_ip(&element.key, &ip);
	nft_value_add(&element.key, &udp, 1);
	nft_value_port(&element.key, 53);
	nft_value_ip(&element.data, &ip);
	nft_value_port(&element.data, 5353);
	return element;
}

/* Each part is padded to whole registers, the last one, too. */
static void test_value(void **state)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	const struct nft_element element = element_of();
	struct attrs in;

	(void)state;
	nft_add_element(&tx, &element, 0);
	in = attr_in(body_of(&tx), NFTA_SET_ELEM_LIST_ELEMENTS);
	in = attr_in(attr_in(in, NFTA_LIST_ELEM), NFTA_SET_ELEM_KEY);
	in = attr_in(in, NFTA_DATA_VALUE);
	assert_int_equal(in.len, 12);
	assert_memory_equal(in.data, "\12\1\0\2\21\0\0\0\0\65\0\0", 12);
}

static void describe(const struct nft_tx *tx, const struct nft_set *set,
		     const char *want)
{
	auto_strbuf struct strbuf text = { .data = NULL };

	nft_describe(&text, (const void *)(tx->batch.data + tx->message), set);
	assert_string_equal(strbuf_str(&text), want);
}

static void test_describe(void **state)
{
	const struct nft_element element = element_of();
	struct nft_value name = { .len = 0 };
	auto_nft_tx struct nft_tx tx = { .message = 0 };

	(void)state;
	nft_add_table(&tx, &table, 0);
	describe(&tx, NULL, "add table inet t");
	nft_add_element(&tx, &element, 0);
	describe(&tx, &map, "add element 10.1.0.2 . udp . 53 to map inet t m");
	nft_value_name(&name, "veth0");
	nft_del_element(&tx, &names, &name);
	describe(&tx, &names, "delete element veth0 of set inet t n");
	nft_del_chain(&tx, &table, "c", 0);
	describe(&tx, NULL, "delete chain inet t c");
	nft_flush_chain(&tx, &table, "c");
	describe(&tx, NULL, "delete rules of chain inet t c");
	rule_a(&tx);
	describe(&tx, NULL, "add rule to chain inet t c");
}

static void test_rule_target(void **state)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	struct nft_rule_info rule = { .handle = 0 };

	(void)state;
	nft_rule_open(&tx, &table, "c");
	match_family(&tx, IP_V6);
	expr_verdict(&tx, NFT_JUMP, "there");
	nft_rule_close(&tx, NULL);
	rule.exprs = exprs_of(&tx);
	assert_string_equal(nft_rule_target(&rule), "there");
	nft_tx_begin(&tx);
	rule_a(&tx);
	rule.exprs = exprs_of(&tx);
	assert_null(nft_rule_target(&rule));
}

/* Nothing is sent: there may be no nf_tables at all. */
static void test_empty(void **state)
{
	auto_nft struct nft nft = NFT_CLOSED;
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(nft_commit(&nft, &tx, &err), 0);
	assert_int_equal(nft.fd, -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_covers_zero),
		cmocka_unit_test(test_comment),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_rule_target),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
