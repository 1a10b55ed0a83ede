/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What iptables' extensions have in their bytes, which are the same in the
 * older tables and in nf_tables' "match" and "target".
 */
#include <netinet/in.h>
/* The kernel's, after the C library's. */
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <string.h>

#include "common/base/text.h"
#include "common/nft/ipt.h"

/* The first @size bytes, or nothing. */
static bool take(struct attrs info, void *out, size_t size)
{
	if (!info.data || info.len < size)
		return false;
	memcpy(out, info.data, size);
	return true;
}

/*
 * Of several, the first: conditions of users come later. (What nf_tables itself
 * has for a comment may be the same.)
 */
static void read_comment(struct ipt_rule *rule, struct attrs info)
{
	const char *text = (const char *)info.data;
	size_t len = info.len < IPT_COMMENT - 1 ? info.len : IPT_COMMENT - 1;

	if (!text)
		return;
	len = strnlen(text, len);
	if (!*rule->comment)
		(void)text_putn(rule->comment, text, len);
	else if (strncmp(rule->comment, text, len) != 0 || rule->comment[len])
		rule->more = true;
}

static bool read_multiport(struct ipt_rule *rule, struct attrs info)
{
	struct xt_multiport_v1 ports;

	if (!take(info, &ports, sizeof(ports)) || ports.invert ||
	    ports.flags != XT_MULTIPORT_DESTINATION || ports.count > IPT_PORTS)
		return false;
	for (size_t i = 0; i < ports.count; i++) {
		if (ports.pflags[i]) /* the beginning of a range */
			return false;
		rule->ports[i] = ports.ports[i];
	}
	rule->port_count = ports.count;
	return true;
}

/* One destination port, from any. */
static bool read_ports(struct ipt_rule *rule, const uint16_t source[2],
		       const uint16_t destination[2])
{
	if (source[0] != 0 || source[1] != UINT16_MAX ||
	    destination[0] != destination[1])
		return false;
	rule->port = destination[0];
	return true;
}

static bool read_tcp(struct ipt_rule *rule, struct attrs info)
{
	struct xt_tcp tcp;

	return take(info, &tcp, sizeof(tcp)) && !tcp.invflags && !tcp.option &&
	       !tcp.flg_mask && read_ports(rule, tcp.spts, tcp.dpts);
}

static bool read_udp(struct ipt_rule *rule, struct attrs info)
{
	struct xt_udp udp;

	return take(info, &udp, sizeof(udp)) && !udp.invflags &&
	       read_ports(rule, udp.spts, udp.dpts);
}

/* What is not matched has no flag. */
static bool read_sctp(struct ipt_rule *rule, struct attrs info)
{
	struct xt_sctp_info sctp;

	if (!take(info, &sctp, sizeof(sctp)) || sctp.invflags ||
	    sctp.flags != XT_SCTP_DEST_PORTS || sctp.dpts[0] != sctp.dpts[1])
		return false;
	rule->port = sctp.dpts[0];
	return true;
}

static bool read_mark(struct ipt_rule *rule, struct attrs info)
{
	struct xt_mark_mtinfo1 mark;

	if (!take(info, &mark, sizeof(mark)) || mark.invert)
		return false;
	rule->mark = mark.mark;
	return true;
}

static bool read_known(struct ipt_rule *rule, const char *name,
		       struct attrs info)
{
	if (strcmp(name, "multiport") == 0)
		return read_multiport(rule, info);
	if (strcmp(name, "tcp") == 0)
		return read_tcp(rule, info);
	if (strcmp(name, "udp") == 0)
		return read_udp(rule, info);
	if (strcmp(name, "sctp") == 0)
		return read_sctp(rule, info);
	if (strcmp(name, "mark") == 0)
		return read_mark(rule, info);
	return false;
}

void ipt_read_match(struct ipt_rule *rule, const char *name, struct attrs info)
{
	if (name && strcmp(name, "comment") == 0)
		read_comment(rule, info);
	else if (!name || !read_known(rule, name, info))
		rule->more = true;
}

/*
 * Three versions. The first, of IPv4 alone, has a count of ranges before the
 * flags and addresses of four bytes; the others are longer.
 */
static void read_dnat(struct ipt_rule *rule, enum ip_family family,
		      struct attrs info)
{
	struct nf_nat_ipv4_multi_range_compat old;
	struct nf_nat_range range;

	if (take(info, &range, sizeof(range))) {
		rule->to.family = family;
		memcpy(rule->to.bytes, &range.min_addr, ip_bits(family) / 8);
		rule->to_port = ntohs(range.min_proto.all);
	} else if (take(info, &old, sizeof(old)) && family == IP_V4) {
		rule->to.family = family;
		memcpy(rule->to.bytes, &old.range[0].min_ip, 4);
		rule->to_port = ntohs(old.range[0].min.all);
	}
}

void ipt_read_target(struct ipt_rule *rule, enum ip_family family,
		     const char *name, struct attrs info)
{
	struct xt_mark_tginfo2 mark;

	if (!name)
		return;
	(void)text_putn(rule->target, name,
			strnlen(name, sizeof(rule->target) - 1));
	if (strcmp(rule->target, "DNAT") == 0)
		read_dnat(rule, family, info);
	else if (strcmp(rule->target, "MARK") == 0 &&
		 take(info, &mark, sizeof(mark)))
		rule->mark = mark.mark;
}
