/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes: tables, chains, sets and their elements. */
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <stdlib.h>
#include <string.h>

#include "common/nft/comment.h"
#include "common/nft/tx.h"

/* The kernel wants a number for each new set, and we name sets by name. */
#define ANY_SET_ID 1U

/* nft's byte orders, for the numbers in keys and data that it prints. */
enum { ORDER_NONE, ORDER_HOST, ORDER_NETWORK };

static size_t type_len(uint8_t type)
{
	switch ((enum nft_type)type) {
	case NFT_TYPE_IP4:
	case NFT_TYPE_MARK:
		return 4;
	case NFT_TYPE_IP6:
	case NFT_TYPE_IFNAME:
		return 16;
	case NFT_TYPE_ETHER:
		return 6;
	case NFT_TYPE_PROTO:
		return 1;
	case NFT_TYPE_PORT:
		return 2;
	case NFT_TYPE_NONE:
	case NFT_TYPE_VERDICT:
		break;
	}
	return 0;
}

/* Every part of a concatenation fills whole registers. */
uint32_t nft_types_len(const uint8_t types[NFT_PARTS])
{
	size_t len = 0;

	if (!types[1])
		return (uint32_t)type_len(types[0]);
	for (size_t i = 0; i < NFT_PARTS; i++)
		len += (type_len(types[i]) + 3) & ~(size_t)3;
	return (uint32_t)len;
}

uint32_t nft_types_id(const uint8_t types[NFT_PARTS])
{
	uint32_t id = 0;

	if (types[0] == NFT_TYPE_VERDICT)
		return NFT_DATA_VERDICT;
	for (size_t i = 0; i < NFT_PARTS && types[i]; i++)
		id = id << 6 | types[i];
	return id;
}

static uint32_t types_order(const uint8_t types[NFT_PARTS])
{
	if (types[1] || types[0] == NFT_TYPE_NONE ||
	    types[0] == NFT_TYPE_VERDICT)
		return ORDER_NONE;
	if (types[0] == NFT_TYPE_MARK || types[0] == NFT_TYPE_IFNAME)
		return ORDER_HOST;
	return ORDER_NETWORK;
}

void nft_value_add(struct nft_value *value, const void *bytes, size_t len)
{
	size_t at = ((size_t)value->len + 3) & ~(size_t)3;

	if (at + len > sizeof(value->bytes))
		abort();
	memset(value->bytes + value->len, 0, at - value->len);
	memcpy(value->bytes + at, bytes, len);
	value->len = (uint8_t)(at + len);
	value->parts++;
}

void nft_value_ip(struct nft_value *value, const struct ip *ip)
{
	nft_value_add(value, ip->bytes, ip_bits(ip->family) / 8);
}

void nft_value_port(struct nft_value *value, uint16_t port)
{
	const uint8_t wire[] = { (uint8_t)(port >> 8), (uint8_t)port };

	nft_value_add(value, wire, sizeof(wire));
}

void nft_value_name(struct nft_value *value, const char *ifname)
{
	char name[16] = "";

	memcpy(name, ifname, strnlen(ifname, sizeof(name) - 1));
	nft_value_add(value, name, sizeof(name));
}

/* The bytes in messages: the last part of several is padded, too. */
static uint32_t whole(const struct nft_value *value, uint8_t out[48])
{
	const uint32_t len = value->len;

	memcpy(out, value->bytes, sizeof(value->bytes)); /* zeros behind it */
	return value->parts > 1 ? (len + 3) & ~3U : len;
}

DEFINE_AUTO(nftnl_table, struct nftnl_table *, nftnl_table_free)
#define auto_nftnl_table AUTO(auto_nftnl_table_release)
DEFINE_AUTO(nftnl_chain, struct nftnl_chain *, nftnl_chain_free)
#define auto_nftnl_chain AUTO(auto_nftnl_chain_release)
DEFINE_AUTO(nftnl_set, struct nftnl_set *, nftnl_set_free)
#define auto_nftnl_set AUTO(auto_nftnl_set_release)
DEFINE_AUTO(nftnl_elem, struct nftnl_set_elem *, nftnl_set_elem_free)
#define auto_nftnl_elem AUTO(auto_nftnl_elem_release)

static void change_table(struct nft_tx *tx, int type,
			 const struct nft_table *table, uint16_t flags)
{
	auto_nftnl_table struct nftnl_table *object = nftnl_table_alloc();
	uint8_t data[NFT_COMMENT_DATA];
	struct nlmsghdr *hdr;

	hdr = nft_message(tx, type, flags, table->family, NULL);
	if (!object || !hdr ||
	    nftnl_table_set_str(object, NFTNL_TABLE_NAME, table->name) < 0) {
		nft_tx_failed(tx);
		return;
	}
	if (table->comment && type == NFT_MSG_NEWTABLE &&
	    nftnl_table_set_data(object, NFTNL_TABLE_USERDATA, data,
				 nft_comment_put(data, NFT_COMMENT,
						 table->comment)) < 0)
		nft_tx_failed(tx);
	nftnl_table_nlmsg_build_payload(hdr, object);
	nft_message_end(tx, hdr);
}

void nft_add_table(struct nft_tx *tx, const struct nft_table *table,
		   uint16_t flags)
{
	change_table(tx, NFT_MSG_NEWTABLE, table, NLM_F_CREATE | flags);
}

void nft_del_table(struct nft_tx *tx, const struct nft_table *table,
		   uint16_t flags)
{
	change_table(tx, NFT_MSG_DELTABLE, table, flags);
}

static int fill_chain(struct nftnl_chain *object, const struct nft_chain *chain)
{
	uint8_t data[NFT_COMMENT_DATA];
	int r = 0;

	if (chain->type) {
		nftnl_chain_set_u32(object, NFTNL_CHAIN_HOOKNUM, chain->hook);
		nftnl_chain_set_s32(object, NFTNL_CHAIN_PRIO, chain->priority);
		nftnl_chain_set_u32(object, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		r = nftnl_chain_set_str(object, NFTNL_CHAIN_TYPE, chain->type);
	}
	if (r == 0 && chain->comment)
		r = nftnl_chain_set_data(object, NFTNL_CHAIN_USERDATA, data,
					 nft_comment_put(data, NFT_COMMENT,
							 chain->comment));
	return r;
}

static void change_chain(struct nft_tx *tx, int type,
			 const struct nft_chain *chain, uint16_t flags)
{
	auto_nftnl_chain struct nftnl_chain *object = nftnl_chain_alloc();
	struct nlmsghdr *hdr;

	hdr = nft_message(tx, type, flags, chain->table->family, NULL);
	if (!object || !hdr ||
	    nftnl_chain_set_str(object, NFTNL_CHAIN_TABLE, chain->table->name) <
		    0 ||
	    nftnl_chain_set_str(object, NFTNL_CHAIN_NAME, chain->name) < 0 ||
	    fill_chain(object, chain) < 0) {
		nft_tx_failed(tx);
		return;
	}
	nftnl_chain_nlmsg_build_payload(hdr, object);
	nft_message_end(tx, hdr);
}

void nft_add_chain(struct nft_tx *tx, const struct nft_chain *chain,
		   uint16_t flags)
{
	change_chain(tx, NFT_MSG_NEWCHAIN, chain, NLM_F_CREATE | flags);
}

void nft_del_chain(struct nft_tx *tx, const struct nft_table *table,
		   const char *name, uint16_t flags)
{
	const struct nft_chain chain = { .table = table, .name = name };

	change_chain(tx, NFT_MSG_DELCHAIN, &chain, flags);
}

/* What nft itself writes there, so that it prints the set as it would its. */
static int set_userdata(struct nftnl_set *object, const struct nft_set *set)
{
	uint8_t data[2 * NFT_NUMBER_DATA + NFT_COMMENT_DATA];
	uint32_t len = 0;

	len += nft_number_put(data + len, NFT_SET_KEY_ORDER,
			      types_order(set->key));
	len += nft_number_put(data + len, NFT_SET_DATA_ORDER,
			      types_order(set->data));
	if (set->comment)
		len += nft_comment_put(data + len, NFT_SET_COMMENT,
				       set->comment);
	return nftnl_set_set_data(object, NFTNL_SET_USERDATA, data, len);
}

static int fill_set(struct nftnl_set *object, const struct nft_set *set)
{
	nftnl_set_set_u32(object, NFTNL_SET_FLAGS,
			  set->data[0] ? NFT_SET_MAP : 0);
	nftnl_set_set_u32(object, NFTNL_SET_KEY_TYPE, nft_types_id(set->key));
	nftnl_set_set_u32(object, NFTNL_SET_KEY_LEN, nft_types_len(set->key));
	nftnl_set_set_u32(object, NFTNL_SET_ID, ANY_SET_ID);
	if (set->data[0]) {
		nftnl_set_set_u32(object, NFTNL_SET_DATA_TYPE,
				  nft_types_id(set->data));
		nftnl_set_set_u32(object, NFTNL_SET_DATA_LEN,
				  nft_types_len(set->data));
	}
	return set_userdata(object, set);
}

static void change_set(struct nft_tx *tx, int type, const struct nft_set *set,
		       uint16_t flags)
{
	auto_nftnl_set struct nftnl_set *object = nftnl_set_alloc();
	struct nlmsghdr *hdr;

	hdr = nft_message(tx, type, flags, set->table->family, NULL);
	if (!object || !hdr ||
	    nftnl_set_set_str(object, NFTNL_SET_TABLE, set->table->name) < 0 ||
	    nftnl_set_set_str(object, NFTNL_SET_NAME, set->name) < 0 ||
	    (type == NFT_MSG_NEWSET && fill_set(object, set) < 0)) {
		nft_tx_failed(tx);
		return;
	}
	nftnl_set_nlmsg_build_payload(hdr, object);
	nft_message_end(tx, hdr);
}

void nft_add_set(struct nft_tx *tx, const struct nft_set *set, uint16_t flags)
{
	change_set(tx, NFT_MSG_NEWSET, set, NLM_F_CREATE | flags);
}

void nft_del_set(struct nft_tx *tx, const struct nft_set *set)
{
	change_set(tx, NFT_MSG_DELSET, set, 0);
}

struct nftnl_set_elem *nft_key_elem(const struct nft_value *key)
{
	auto_nftnl_elem struct nftnl_set_elem *elem = nftnl_set_elem_alloc();
	uint8_t bytes[sizeof(key->bytes)];
	uint32_t len = whole(key, bytes);

	if (!elem ||
	    nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, bytes, len) < 0)
		return NULL;
	return take_ptr(elem);
}

void nft_put_element(struct nlmsghdr *hdr, const struct nft_set *set,
		     struct nftnl_set_elem *elem)
{
	struct nlattr *list;

	mnl_attr_put_strz(hdr, NFTA_SET_ELEM_LIST_TABLE, set->table->name);
	mnl_attr_put_strz(hdr, NFTA_SET_ELEM_LIST_SET, set->name);
	list = mnl_attr_nest_start(hdr, NFTA_SET_ELEM_LIST_ELEMENTS);
	(void)nftnl_set_elem_nlmsg_build(hdr, elem, NFTA_LIST_ELEM);
	mnl_attr_nest_end(hdr, list);
}

static int fill_element(struct nftnl_set_elem *object,
			const struct nft_element *element)
{
	uint8_t bytes[NFT_COMMENT_DATA];
	uint32_t len;
	int r = 0;

	if (element->set->data[0] == NFT_TYPE_VERDICT) {
		nftnl_set_elem_set_u32(object, NFTNL_SET_ELEM_VERDICT,
				       (uint32_t)element->verdict);
		if (element->chain)
			r = nftnl_set_elem_set_str(object, NFTNL_SET_ELEM_CHAIN,
						   element->chain);
	} else if (element->set->data[0]) {
		len = whole(&element->data, bytes);
		r = nftnl_set_elem_set(object, NFTNL_SET_ELEM_DATA, bytes, len);
	}
	if (r == 0 && element->comment) {
		len = nft_comment_put(bytes, NFT_COMMENT, element->comment);
		r = nftnl_set_elem_set(object, NFTNL_SET_ELEM_USERDATA, bytes,
				       len);
	}
	return r;
}

void nft_add_element(struct nft_tx *tx, const struct nft_element *element,
		     uint16_t flags)
{
	auto_nftnl_elem struct nftnl_set_elem *object =
		nft_key_elem(&element->key);
	const struct nft_set *set = element->set;
	struct nlmsghdr *hdr;

	hdr = nft_message(tx, NFT_MSG_NEWSETELEM, NLM_F_CREATE | flags,
			  set->table->family, set);
	if (!object || !hdr || fill_element(object, element) < 0) {
		nft_tx_failed(tx);
		return;
	}
	nft_put_element(hdr, set, object);
	nft_message_end(tx, hdr);
}

void nft_del_element(struct nft_tx *tx, const struct nft_set *set,
		     const struct nft_value *key)
{
	auto_nftnl_elem struct nftnl_set_elem *object = nft_key_elem(key);
	struct nlmsghdr *hdr;

	hdr = nft_message(tx, NFT_MSG_DELSETELEM, 0, set->table->family, set);
	if (!object || !hdr) {
		nft_tx_failed(tx);
		return;
	}
	nft_put_element(hdr, set, object);
	nft_message_end(tx, hdr);
}
