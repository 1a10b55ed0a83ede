/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as text, for errors and the trace: made only when one is needed. */
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "common/base/text.h"
#include "common/nft/tx.h"

#define HEAD (NLMSG_HDRLEN + sizeof(struct nfgenmsg))

static const struct verb {
	uint8_t type;
	const char *text;
	uint8_t table, name; /* the attributes with the names */
} verbs[] = {
	{ NFT_MSG_NEWTABLE, "add table", NFTA_TABLE_NAME, 0 },
	{ NFT_MSG_DELTABLE, "delete table", NFTA_TABLE_NAME, 0 },
	{ NFT_MSG_GETTABLE, "get table", NFTA_TABLE_NAME, 0 },
	{ NFT_MSG_NEWCHAIN, "add chain", NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME },
	{ NFT_MSG_DELCHAIN, "delete chain", NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME },
	{ NFT_MSG_GETCHAIN, "get chain", NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME },
	{ NFT_MSG_NEWRULE, "add rule to chain", NFTA_RULE_TABLE,
	  NFTA_RULE_CHAIN },
	{ NFT_MSG_DELRULE, "delete rules of chain", NFTA_RULE_TABLE,
	  NFTA_RULE_CHAIN },
	{ NFT_MSG_GETRULE, "get rules of chain", NFTA_RULE_TABLE,
	  NFTA_RULE_CHAIN },
	{ NFT_MSG_NEWSET, "add set", NFTA_SET_TABLE, NFTA_SET_NAME },
	{ NFT_MSG_DELSET, "delete set", NFTA_SET_TABLE, NFTA_SET_NAME },
	{ NFT_MSG_GETSET, "get set", NFTA_SET_TABLE, NFTA_SET_NAME },
	{ NFT_MSG_NEWSETELEM, "add element to", NFTA_SET_ELEM_LIST_TABLE,
	  NFTA_SET_ELEM_LIST_SET },
	{ NFT_MSG_DELSETELEM, "delete element of", NFTA_SET_ELEM_LIST_TABLE,
	  NFTA_SET_ELEM_LIST_SET },
	{ NFT_MSG_GETSETELEM, "get element of", NFTA_SET_ELEM_LIST_TABLE,
	  NFTA_SET_ELEM_LIST_SET },
	{ NFT_MSG_GETGEN, "get generation", 0, 0 },
};

static const char *family_text(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return " inet";
	case NFPROTO_IPV4:
		return " ip";
	case NFPROTO_IPV6:
		return " ip6";
	case NFPROTO_BRIDGE:
		return " bridge";
	default:
		return "";
	}
}

static void put_number(struct strbuf *out, uint64_t value)
{
	char digits[TEXT_NUM];

	(void)text_uint(digits, value);
	strbuf_puts(out, digits);
}

static void put_hex(struct strbuf *out, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		strbuf_putc(out, "0123456789abcdef"[at[i] >> 4]);
		strbuf_putc(out, "0123456789abcdef"[at[i] & 15]);
	}
}

static void put_ip(struct strbuf *out, enum ip_family family, const uint8_t *at)
{
	struct ip ip = { .family = family };
	char text[IP_TEXT];

	memcpy(ip.bytes, at, ip_bits(family) / 8);
	strbuf_puts(out, ip_format(&ip, text));
}

static void put_protocol(struct strbuf *out, uint8_t protocol)
{
	if (protocol == IPPROTO_TCP)
		strbuf_puts(out, "tcp");
	else if (protocol == IPPROTO_UDP)
		strbuf_puts(out, "udp");
	else if (protocol == IPPROTO_SCTP)
		strbuf_puts(out, "sctp");
	else
		put_number(out, protocol);
}

static void put_part(struct strbuf *out, uint8_t type, const uint8_t *at,
		     size_t len)
{
	switch ((enum nft_type)type) {
	case NFT_TYPE_IP4:
		put_ip(out, IP_V4, at);
		break;
	case NFT_TYPE_IP6:
		put_ip(out, IP_V6, at);
		break;
	case NFT_TYPE_PROTO:
		put_protocol(out, *at);
		break;
	case NFT_TYPE_PORT:
		put_number(out, (uint64_t)at[0] << 8 | at[1]);
		break;
	case NFT_TYPE_IFNAME:
		strbuf_add(out, at, strnlen((const char *)at, len));
		break;
	case NFT_TYPE_NONE:
	case NFT_TYPE_VERDICT:
	case NFT_TYPE_ETHER:
	case NFT_TYPE_MARK:
		put_hex(out, at, len);
		break;
	}
}

/* "10.1.0.2 . tcp . 80" */
static void put_key(struct strbuf *out, const struct nft_set *set,
		    struct attrs key)
{
	size_t at = 0;

	for (size_t i = 0; i < NFT_PARTS && set->key[i]; i++) {
		const uint8_t one[NFT_PARTS] = { set->key[i] };
		size_t len = nft_types_len(one);

		if (at + len > key.len)
			return;
		if (i > 0)
			strbuf_puts(out, " . ");
		put_part(out, set->key[i], key.data + at, len);
		at += (len + 3) & ~(size_t)3;
	}
}

/* "add element KEY to map": the words around the key. */
static void put_element(struct strbuf *out, const struct verb *verb,
			struct attrs in, const struct nft_set *set)
{
	const char *link = strrchr(verb->text, ' ');
	struct attrs key = attr_in(in, NFTA_SET_ELEM_LIST_ELEMENTS);

	key = attr_in(key, NFTA_LIST_ELEM);
	key = attr_in(attr_in(key, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
	if (!key.data && strncmp(verb->text, "get ", 4) == 0)
		strbuf_puts(out, "list elements");
	else
		strbuf_add(out, verb->text, (size_t)(link - verb->text));
	if (set && key.data) {
		strbuf_putc(out, ' ');
		put_key(out, set, key);
	}
	strbuf_puts(out, link);
	strbuf_puts(out, set && set->data[0] ? " map" : " set");
}

/* "get" of all there are, in words: "list". */
static void put_verb(struct strbuf *out, const struct verb *verb,
		     uint16_t flags)
{
	bool list = strncmp(verb->text, "get ", 4) == 0 &&
		    (flags & NLM_F_DUMP) == NLM_F_DUMP;

	strbuf_puts(out, list ? "list" : "");
	strbuf_puts(out, verb->text + (list ? strlen("get") : 0));
}

static const struct verb *verb_of(int type)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (verbs[i].type == type)
			return &verbs[i];
	return NULL;
}

static void put_name(struct strbuf *out, struct attrs in, uint8_t type)
{
	const char *name = type ? attr_str(in, type) : NULL;

	if (!name)
		return;
	strbuf_putc(out, ' ');
	strbuf_puts(out, name);
}

void nft_describe(struct strbuf *out, const struct nlmsghdr *hdr,
		  const struct nft_set *set)
{
	const struct verb *verb = verb_of(NFNL_MSG_TYPE(hdr->nlmsg_type));
	const uint8_t *data = (const uint8_t *)hdr;
	struct attrs in = { data + HEAD, hdr->nlmsg_len - HEAD };
	struct nfgenmsg nf;

	if (!verb)
		return;
	memcpy(&nf, data + NLMSG_HDRLEN, sizeof(nf));
	if (strstr(verb->text, " element "))
		put_element(out, verb, in, set);
	else
		put_verb(out, verb, hdr->nlmsg_flags);
	if (!verb->table)
		return;
	strbuf_puts(out, family_text(nf.nfgen_family));
	put_name(out, in, verb->table);
	put_name(out, in, verb->name);
}
