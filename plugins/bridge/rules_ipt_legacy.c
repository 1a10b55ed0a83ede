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
#include "plugins/bridge/rules_ipt.h"

/* A table changes between the two questions; the second is refused then. */
#define READ_TRIES 8

struct ipt_legacy {
	enum ip_family family;
	uint32_t postrouting, size;
	uint8_t *entries;
};

/* The table's names are one to a line. */
static bool in_use(enum ip_family family)
{
	char names[512];
	int n = io_read_small(AT_FDCWD,
			      family == IP_V4 ? "/proc/net/ip_tables_names"
					      : "/proc/net/ip6_tables_names",
			      names, sizeof(names));

	if (n < 0)
		return false;
	for (const char *at = names; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, "nat\n", 4) == 0)
			return true;
	}
	return false;
}

/* The two families' structs for the questions have the same layout. */
static int ask_info(int fd, enum ip_family family, struct ipt_getinfo *info)
{
	socklen_t len = sizeof(*info);
	int r;

	memset(info, 0, sizeof(*info));
	(void)text_put(info->name, "nat");
	r = family == IP_V4
		    ? getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, info, &len)
		    : getsockopt(fd, IPPROTO_IPV6, IP6T_SO_GET_INFO, info,
				 &len);
	return r < 0 ? -errno : 0;
}

static int ask_entries(int fd, enum ip_family family, uint32_t size,
		       struct ipt_legacy *out)
{
	socklen_t len = (socklen_t)(sizeof(struct ipt_get_entries) + size);
	auto_free struct ipt_get_entries *got = calloc(1, len);
	int r;

	if (!got)
		return -ENOMEM;
	(void)text_put(got->name, "nat");
	got->size = size;
	r = family == IP_V4
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
	out->size = size;
	return 0;
}

static int read_table(enum ip_family family, struct ipt_legacy *out)
{
	auto_fd int fd = socket(family == IP_V4 ? AF_INET : AF_INET6,
				SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct ipt_getinfo info;
	int r = -EAGAIN;

	if (fd < 0)
		return -errno;
	for (int i = 0; r == -EAGAIN && i < READ_TRIES; i++) {
		r = ask_info(fd, family, &info);
		out->postrouting = info.hook_entry[NF_INET_POST_ROUTING];
		r = r ?: ask_entries(fd, family, info.size, out);
	}
	return r;
}

int ipt_legacy_read(enum ip_family family, struct ipt_legacy **out,
		    struct err *err)
{
	const char *name = family == IP_V4 ? "iptables" : "ip6tables";
	auto_ipt_legacy struct ipt_legacy *got = NULL;
	uint64_t start;
	int r;

	if (!in_use(family))
		return 0;
	got = calloc(1, sizeof(*got));
	if (!got)
		return err_nomem(err);
	start = trace_start();
	got->family = family;
	r = read_table(family, got);
	trace_end(start, r, "nft", "read %s table nat (legacy)", name);
	if (r < 0)
		return err_sys(err, -r, "read %s table nat", name);
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

bool ipt_legacy_chain(const struct ipt_legacy *snapshot, const char *chain)
{
	return chain_start(snapshot, chain) != 0;
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
	struct ip6t_ip6 v6;
	struct ipt_ip v4;
	uint8_t inverse;

	if (table->family == IP_V4) {
		memcpy(&v4, at, sizeof(v4));
		inverse = v4.invflags;
		read_cidr(&out->source, IP_V4, &v4.src, &v4.smsk);
		read_cidr(&out->destination, IP_V4, &v4.dst, &v4.dmsk);
	} else {
		memcpy(&v6, at, sizeof(v6));
		inverse = v6.invflags;
		read_cidr(&out->source, IP_V6, &v6.src, &v6.smsk);
		read_cidr(&out->destination, IP_V6, &v6.dst, &v6.dmsk);
	}
	if (inverse & IPT_INV_SRCIP) /* not one of ours */
		out->source.ip.family = IP_NONE;
	out->unless = inverse & IPT_INV_DSTIP;
}

static void put_comment(struct ipt_rule *out, const char *text, size_t len)
{
	if (len > IPT_COMMENT - 1)
		len = IPT_COMMENT - 1;
	(void)text_putn(out->comment, text, strnlen(text, len));
}

static void read_comment(const struct ipt_legacy *table,
			 const struct entry *entry, struct ipt_rule *out)
{
	struct xt_entry_match match;
	uint32_t at = entry->elems;

	while (entry->target - at >= sizeof(match)) {
		const char *data = (const char *)table->entries + at;

		memcpy(&match, data, sizeof(match));
		if (match.u.match_size < sizeof(match) ||
		    match.u.match_size > entry->target - at)
			return;
		if (strncmp(match.u.user.name, "comment",
			    sizeof(match.u.user.name)) == 0)
			put_comment(out, data + sizeof(match),
				    match.u.match_size - sizeof(match));
		at += match.u.match_size;
	}
}

static void read_target(const struct ipt_legacy *table,
			const struct entry *entry, struct ipt_rule *out)
{
	const char *name = target_name(table, entry), *text = name;
	const char *data = target_data(table, entry, sizeof(int));
	int verdict;

	if (!*name && data) { /* the standard target: a verdict or a jump */
		memcpy(&verdict, data, sizeof(verdict));
		out->accept = verdict == -NF_ACCEPT - 1;
		text = verdict < 0 ? "" : chain_of(table, (uint32_t)verdict);
	}
	if (text)
		(void)text_putn(out->target, text,
				strnlen(text, sizeof(out->target) - 1));
}

int ipt_legacy_rules(const struct ipt_legacy *snapshot, const char *chain,
		     ipt_rule_fn *fn, void *ctx)
{
	bool builtin = strcmp(chain, "POSTROUTING") == 0;
	uint32_t at =
		builtin ? snapshot->postrouting : chain_start(snapshot, chain);
	struct entry entry;
	int r = 0;

	if (!builtin && at == 0)
		return 0;
	/* A chain's last rule is its policy, which has no target of ours. */
	for (; r == 0 && entry_at(snapshot, at, &entry); at = entry.next) {
		struct ipt_rule rule = { .handle = 0 };

		if (chain_head(snapshot, &entry))
			break;
		read_addresses(snapshot, &entry, &rule);
		read_comment(snapshot, &entry, &rule);
		read_target(snapshot, &entry, &rule);
		r = fn(&rule, ctx);
	}
	return r;
}
