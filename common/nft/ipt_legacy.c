/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iptables' rules in the kernel's older tables, which are read as a whole: a
 * run of entries, where a chain begins with an "ERROR" target that has its
 * name, and ends where the next begins. The built-in chains begin where the
 * hooks' offsets say. A jump's verdict is the offset of the entry to go to.
 *
 * Asking for a table makes it: so the kernel's list of those that are in use
 * is read first.
 */
#include <netinet/in.h>
/* The kernel's, after the C library's. */
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/io.h"
#include "common/base/text.h"
#include "common/base/trace.h"
#include "common/nft/ipt.h"

/* A table changes between the two questions; the second is refused then. */
#define READ_TRIES 8

struct ipt_legacy {
	enum ip_family family;
	char name[XT_TABLE_MAXNAMELEN];
	uint32_t hooks; /* bits of those that it has */
	uint32_t first[NF_INET_NUMHOOKS], last[NF_INET_NUMHOOKS];
	uint32_t size;
	uint8_t *entries;
};

/* The table's names are one to a line. */
static bool in_use(enum ip_family family, const char *table)
{
	const size_t len = strlen(table);
	char names[512];
	int n = io_read_small(AT_FDCWD,
			      family == IP_V4 ? "/proc/net/ip_tables_names"
					      : "/proc/net/ip6_tables_names",
			      names, sizeof(names));

	if (n < 0)
		return false;
	for (const char *at = names; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, table, len) == 0 && at[len] == '\n')
			return true;
	}
	return false;
}

/* The two families' structs for the questions have the same layout. */
static int ask_info(int fd, struct ipt_legacy *out)
{
	struct ipt_getinfo got = { .size = 0 }, *info = &got;
	socklen_t len = sizeof(*info);
	int r;

	(void)text_put(info->name, out->name);
	r = out->family == IP_V4
		    ? getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, info, &len)
		    : getsockopt(fd, IPPROTO_IPV6, IP6T_SO_GET_INFO, info,
				 &len);
	if (r < 0)
		return -errno;
	out->hooks = info->valid_hooks;
	out->size = info->size;
	memcpy(out->first, info->hook_entry, sizeof(out->first));
	memcpy(out->last, info->underflow, sizeof(out->last));
	return 0;
}

static int ask_entries(int fd, struct ipt_legacy *out)
{
	const uint32_t size = out->size;
	socklen_t len = (socklen_t)(sizeof(struct ipt_get_entries) + size);
	auto_free struct ipt_get_entries *got = calloc(1, len);
	int r;

	if (!got)
		return -ENOMEM;
	(void)text_put(got->name, out->name);
	got->size = size;
	r = out->family == IP_V4
		    ? getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, got, &len)
		    : getsockopt(fd, IPPROTO_IPV6, IP6T_SO_GET_ENTRIES, got,
				 &len);
	if (r < 0)
		return -errno;
	free(out->entries);
	out->entries = malloc(size);
	if (!out->entries)
		return -ENOMEM;
	memcpy(out->entries, got->entrytable, size);
	return 0;
}

static int read_table(struct ipt_legacy *out)
{
	auto_fd int fd = socket(out->family == IP_V4 ? AF_INET : AF_INET6,
				SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int r = -EAGAIN;

	if (fd < 0)
		return -errno;
	for (int i = 0; r == -EAGAIN && i < READ_TRIES; i++) {
		r = ask_info(fd, out);
		r = r ?: ask_entries(fd, out);
	}
	return r;
}

int ipt_legacy_read(enum ip_family family, const char *name,
		    struct ipt_legacy **out, struct err *err)
{
	const char *program = family == IP_V4 ? "iptables" : "ip6tables";
	auto_ipt_legacy struct ipt_legacy *got = NULL;
	uint64_t start;
	int r;

	if (!in_use(family, name))
		return 0;
	got = calloc(1, sizeof(*got));
	if (!got)
		return err_nomem(err);
	start = trace_start();
	got->family = family;
	(void)text_put(got->name, name);
	r = read_table(got);
	trace_end(start, r, "nft", "read %s table %s (legacy)", program, name);
	if (r < 0)
		return err_sys(err, -r, "read %s table %s", program, name);
	*out = take_ptr(got);
	return 1;
}

void ipt_legacy_free(struct ipt_legacy *snapshot)
{
	free(snapshot->entries);
	free(snapshot);
}

/* An entry of either family, by what both have. */
struct entry {
	uint32_t at, next;      /* offsets in the table */
	uint32_t elems, target; /* of matches, of the target */
};

static bool entry_at(const struct ipt_legacy *table, uint32_t at,
		     struct entry *out)
{
	const uint8_t *bytes = table->entries + at;
	bool v4 = table->family == IP_V4;
	uint32_t head =
		v4 ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
	uint16_t target, next;

	if (at > table->size || table->size - at < head)
		return false;
	memcpy(&target,
	       bytes + (v4 ? offsetof(struct ipt_entry, target_offset)
			   : offsetof(struct ip6t_entry, target_offset)),
	       sizeof(target));
	memcpy(&next,
	       bytes + (v4 ? offsetof(struct ipt_entry, next_offset)
			   : offsetof(struct ip6t_entry, next_offset)),
	       sizeof(next));
	if (target < head || next > table->size - at ||
	    next < target + sizeof(struct xt_entry_target))
		return false;
	*out = (struct entry){ at, at + next, at + head, at + target };
	return true;
}

static const char *target_name(const struct ipt_legacy *table,
			       const struct entry *entry)
{
	return (const char *)table->entries + entry->target +
	       offsetof(struct xt_entry_target, u.user.name);
}

static const char *target_data(const struct ipt_legacy *table,
			       const struct entry *entry, uint32_t want)
{
	uint32_t at = entry->target + sizeof(struct xt_entry_target);

	return entry->next - at < want ? NULL
				       : (const char *)table->entries + at;
}

/* The name of the user's chain that begins here, or NULL. */
static const char *chain_head(const struct ipt_legacy *table,
			      const struct entry *entry)
{
	const char *name;

	if (strncmp(target_name(table, entry), XT_ERROR_TARGET,
		    XT_EXTENSION_MAXNAMELEN) != 0)
		return NULL;
	name = target_data(table, entry, XT_FUNCTION_MAXNAMELEN);
	return name && memchr(name, '\0', XT_FUNCTION_MAXNAMELEN) ? name : NULL;
}

static bool at_chain_head(const struct ipt_legacy *table, uint32_t at)
{
	struct entry entry;

	return entry_at(table, at, &entry) && chain_head(table, &entry);
}

/* The offset of a chain's first rule; 0 (never one of those) if none. */
static uint32_t chain_start(const struct ipt_legacy *table, const char *chain)
{
	struct entry entry;
	const char *name;

	for (uint32_t at = 0; entry_at(table, at, &entry); at = entry.next) {
		name = chain_head(table, &entry);
		if (name && strcmp(name, chain) == 0)
			return entry.next;
	}
	return 0;
}

static const char *const builtin[NF_INET_NUMHOOKS] = {
	[NF_INET_PRE_ROUTING] = "PREROUTING",   [NF_INET_LOCAL_IN] = "INPUT",
	[NF_INET_FORWARD] = "FORWARD",          [NF_INET_LOCAL_OUT] = "OUTPUT",
	[NF_INET_POST_ROUTING] = "POSTROUTING",
};

/* The hook of a built-in chain, or -1. */
static int hook_of(const struct ipt_legacy *table, const char *chain)
{
	for (int i = 0; i < NF_INET_NUMHOOKS; i++)
		if (table->hooks & 1U << i && builtin[i] &&
		    strcmp(builtin[i], chain) == 0)
			return i;
	return -1;
}

bool ipt_legacy_chain(const struct ipt_legacy *snapshot, const char *chain)
{
	return hook_of(snapshot, chain) >= 0 ||
	       chain_start(snapshot, chain) != 0;
}

/* The name of the chain whose first rule is at @offset. */
static const char *chain_of(const struct ipt_legacy *table, uint32_t offset)
{
	struct entry entry;

	for (uint32_t at = 0; entry_at(table, at, &entry); at = entry.next)
		if (entry.next == offset)
			return chain_head(table, &entry);
	return NULL;
}

/*
 * The RETURN at the end of a user's chain: it stands before the next chain's
 * head, or before the ERROR that ends the table.
 */
static bool is_end(const struct ipt_legacy *table, const struct entry *entry)
{
	const char *data = target_data(table, entry, sizeof(int));
	int verdict = 0;

	if (*target_name(table, entry) || !data ||
	    entry->elems != entry->target)
		return false;
	memcpy(&verdict, data, sizeof(verdict));
	if (verdict != XT_RETURN)
		return false;
	return at_chain_head(table, entry->next);
}

static void read_cidr(struct cidr *out, enum ip_family family,
		      const void *address, const void *mask)
{
	uint32_t bits = ip_bits(family);
	const uint8_t *bytes = mask;

	while (out->len < bits && bytes[out->len / 8] & (0x80 >> out->len % 8))
		out->len++;
	if (out->len == 0)
		return;
	out->ip.family = family;
	memcpy(out->ip.bytes, address, bits / 8);
}

static void read_addresses(const struct ipt_legacy *table,
			   const struct entry *entry, struct ipt_rule *out)
{
	const void *at = table->entries + entry->at;
	const char *link;
	struct ip6t_ip6 v6;
	struct ipt_ip v4;
	uint8_t inverse;

	if (table->family == IP_V4) {
		memcpy(&v4, at, sizeof(v4));
		inverse = v4.invflags;
		link = v4.iniface;
		out->protocol = (uint8_t)v4.proto;
		read_cidr(&out->source, IP_V4, &v4.src, &v4.smsk);
		read_cidr(&out->destination, IP_V4, &v4.dst, &v4.dmsk);
	} else {
		memcpy(&v6, at, sizeof(v6));
		inverse = v6.invflags;
		link = v6.iniface;
		out->protocol = (uint8_t)v6.proto;
		read_cidr(&out->source, IP_V6, &v6.src, &v6.smsk);
		read_cidr(&out->destination, IP_V6, &v6.dst, &v6.dmsk);
	}
	if (inverse & IPT_INV_SRCIP) /* not one of ours */
		out->source.ip.family = IP_NONE;
	out->unless = inverse & IPT_INV_DSTIP;
	out->not_lo = inverse & IPT_INV_VIA_IN && strcmp(link, "lo") == 0;
	out->more = inverse & ~(IPT_INV_DSTIP | IPT_INV_VIA_IN) ||
		    (*link && !out->not_lo);
}

static void read_matches(const struct ipt_legacy *table,
			 const struct entry *entry, struct ipt_rule *out)
{
	struct xt_entry_match match;
	uint32_t at = entry->elems;

	while (entry->target - at >= sizeof(match)) {
		const uint8_t *data = table->entries + at;

		memcpy(&match, data, sizeof(match));
		if (match.u.match_size < sizeof(match) ||
		    match.u.match_size > entry->target - at)
			return;
		match.u.user.name[sizeof(match.u.user.name) - 1] = '\0';
		ipt_read_match(
			out, match.u.user.name,
			(struct attrs){ data + sizeof(match),
					match.u.match_size - sizeof(match) });
		at += match.u.match_size;
	}
}

static void read_target(const struct ipt_legacy *table,
			const struct entry *entry, struct ipt_rule *out)
{
	const char *name = target_name(table, entry), *text;
	const char *data = target_data(table, entry, sizeof(int));
	struct attrs info = { table->entries + entry->target, 0 };
	int verdict;

	if (!*name && data) { /* the standard target: a verdict or a jump */
		memcpy(&verdict, data, sizeof(verdict));
		out->accept = verdict == -NF_ACCEPT - 1;
		out->drop = verdict == -NF_DROP - 1;
		out->back = verdict == XT_RETURN;
		text = verdict < 0 ? "" : chain_of(table, (uint32_t)verdict);
		if (text)
			(void)text_putn(out->target, text,
					strnlen(text, sizeof(out->target) - 1));
		return;
	}
	info.data += sizeof(struct xt_entry_target);
	info.len = entry->next - entry->target - sizeof(struct xt_entry_target);
	ipt_read_target(out, table->family, name, info);
}

int ipt_legacy_rules(const struct ipt_legacy *snapshot, const char *chain,
		     ipt_rule_fn *fn, void *ctx)
{
	int hook = hook_of(snapshot, chain), r = 0;
	uint32_t at =
		hook < 0 ? chain_start(snapshot, chain) : snapshot->first[hook];
	/* The last of a built-in chain is its policy. */
	uint32_t end = hook < 0 ? snapshot->size : snapshot->last[hook];
	struct entry entry;

	if (hook < 0 && at == 0)
		return 0;
	for (; r == 0 && at < end && entry_at(snapshot, at, &entry);
	     at = entry.next) {
		struct ipt_rule rule = { .handle = 0 };

		if (chain_head(snapshot, &entry) || is_end(snapshot, &entry))
			break;
		read_addresses(snapshot, &entry, &rule);
		read_matches(snapshot, &entry, &rule);
		read_target(snapshot, &entry, &rule);
		r = fn(&rule, ctx);
	}
	return r;
}
