/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as lines for iptables-restore. */
#include <netinet/in.h>
#include <string.h>

#include "common/base/text.h"
#include "common/nft/ipt.h"

void ipt_put_words(struct strbuf *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		strbuf_puts(out, words[i]);
}

/* Of letters and what addresses, names and options are made of. */
static bool is_plain(const char *word)
{
	for (const char *c = word; *c; c++)
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') &&
		    !(*c >= '0' && *c <= '9') && !strchr("-_./:,!+=@%", *c))
			return false;
	return *word;
}

void ipt_put_quoted(struct strbuf *out, const char *word)
{
	if (is_plain(word)) {
		strbuf_puts(out, word);
		return;
	}
	strbuf_putc(out, '"');
	for (const char *c = word; *c; c++) {
		if (*c == '"' || *c == '\\')
			strbuf_putc(out, '\\');
		strbuf_putc(out, *c);
	}
	strbuf_putc(out, '"');
}

static void put_num(struct strbuf *out, const char *before, uint64_t num)
{
	char text[TEXT_NUM];

	(void)text_uint(text, num);
	strbuf_puts(out, before);
	strbuf_puts(out, text);
}

static void put_protocol(struct strbuf *out, uint8_t protocol)
{
	if (protocol == IPPROTO_TCP)
		strbuf_puts(out, " -p tcp");
	else if (protocol == IPPROTO_UDP)
		strbuf_puts(out, " -p udp");
	else if (protocol == IPPROTO_SCTP)
		strbuf_puts(out, " -p sctp");
	else if (protocol)
		put_num(out, " -p ", protocol);
}

static void put_cidr(struct strbuf *out, const char *option,
		     const struct cidr *cidr)
{
	char text[CIDR_TEXT];

	if (cidr->ip.family == IP_NONE)
		return;
	strbuf_puts(out, option);
	strbuf_puts(out, cidr_format(cidr, text));
}

static void put_to(struct strbuf *out, const struct ipt_rule *rule)
{
	const bool v6 = rule->to.family == IP_V6;
	char text[IP_TEXT];

	if (rule->to.family == IP_NONE)
		return;
	strbuf_puts(out, v6 ? " --to-destination [" : " --to-destination ");
	strbuf_puts(out, ip_format(&rule->to, text));
	put_num(out, v6 ? "]:" : ":", rule->to_port);
}

void ipt_put_rule(struct strbuf *out, const char *chain,
		  const struct ipt_rule *rule, const char *const *words)
{
	strbuf_puts(out, "-A ");
	strbuf_puts(out, chain);
	if (*rule->comment) {
		strbuf_puts(out, " -m comment --comment ");
		ipt_put_quoted(out, rule->comment);
	}
	if (rule->port_count)
		strbuf_puts(out, " -m multiport");
	put_protocol(out, rule->protocol);
	for (size_t i = 0; i < rule->port_count; i++)
		put_num(out, i ? "," : " --destination-ports ", rule->ports[i]);
	if (rule->port)
		put_num(out, " --dport ", rule->port);
	put_cidr(out, " -d ", &rule->destination);
	put_cidr(out, " -s ", &rule->source);
	if (words)
		ipt_put_words(out, words);
	if (rule->back)
		strbuf_puts(out, " -j RETURN");
	if (*rule->target) {
		strbuf_puts(out, " -j ");
		strbuf_puts(out, rule->target);
	}
	put_to(out, rule);
}
