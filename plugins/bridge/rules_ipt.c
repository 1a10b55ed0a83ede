/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adding and checking. iptables-restore can neither add "if it is missing" nor
 * delete "if it is there", so what is there is read before it runs, and a lock
 * keeps two plugins apart that work on one container's chain. Containers have
 * nothing in common but POSTROUTING, to which each appends.
 */
#include "plugins/bridge/rules_ipt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/base/trace.h"

#define LOCK_DIR  "/run/ferrule"
#define LOCK_FILE LOCK_DIR "/iptables.lock"

void ipt_chain_name(const char *network, const char *container,
		    char out[static IPT_CHAIN])
{
	const char *parts[] = { network, container };

	hash_hex(parts, 2, text_put(out, "CNI-"), 24);
}

int ipt_chain(const struct ipt_table *table, const char *chain, struct err *err)
{
	struct nft_chain_info info;

	if (table->snapshot)
		return ipt_legacy_chain(table->snapshot, chain);
	return nft_chain_get(table->nft, ipt_nft_table(table->family), chain,
			     &info, err);
}

int ipt_rules(const struct ipt_table *table, const char *chain, ipt_rule_fn *fn,
	      void *ctx, struct err *err)
{
	if (table->snapshot)
		return ipt_legacy_rules(table->snapshot, chain, fn, ctx);
	return ipt_nft_rules(table->nft, table->family, chain, fn, ctx, err);
}

/* A byte of one file for each chain, which goes with its descriptor. */
static int lock(const char *chain, int *out, struct err *err)
{
	int flags = O_RDWR | O_CREAT | O_NOFOLLOW;
	uint64_t start = trace_start();
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };
	auto_fd int fd = open(LOCK_FILE, flags | O_CLOEXEC, 0600);
	int r;

	lock.l_start = (off_t)strtoul(chain + strlen(chain) - 8, NULL, 16);
	if (fd < 0 && errno == ENOENT && mkdir(LOCK_DIR, 0700) == 0)
		fd = open(LOCK_FILE, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "open \"%s\"", LOCK_FILE);
	do
		r = fcntl(fd, F_OFD_SETLKW, &lock);
	while (r < 0 && errno == EINTR);
	trace_end(start, r < 0 ? -errno : 0, "lock", "%s for %s", LOCK_FILE,
		  chain);
	if (r < 0)
		return err_sys(err, errno, "lock \"%s\"", LOCK_FILE);
	*out = take_fd(&fd);
	return 0;
}

/* Which of the wanted rules are there, in one family. */
struct presence {
	const struct bridge_rules *rules;
	enum ip_family family;
	char chain[IPT_CHAIN];
	bool there; /* the chain */
	bool masquerade;
	bool *accept, *jump; /* for each address */
};

static void presence_free(struct presence *presence)
{
	free(presence->accept);
	free(presence->jump);
}

#define auto_presence AUTO(presence_free)

static bool same_cidr(const struct cidr *a, const struct cidr *b)
{
	return a->ip.family == b->ip.family && a->len == b->len &&
	       cidr_first(a) == cidr_first(b);
}

static struct cidr multicast(enum ip_family family)
{
	struct cidr cidr = { .ip = { .family = family } };

	cidr.ip.bytes[0] = family == IP_V4 ? 224 : 0xff;
	cidr.len = family == IP_V4 ? 4 : 8;
	return cidr;
}

static int see_in_chain(const struct ipt_rule *rule, void *ctx)
{
	struct presence *presence = ctx;
	const struct bridge_rules *rules = presence->rules;
	const struct cidr all = multicast(presence->family);

	if (!rule) {
		presence->masquerade = false;
		memset(presence->accept, 0, rules->masq_count);
		return 0;
	}
	if (rule->source.ip.family != IP_NONE)
		return 0;
	if (rule->unless && strcmp(rule->target, "MASQUERADE") == 0 &&
	    same_cidr(&rule->destination, &all))
		presence->masquerade = true;
	for (size_t i = 0; i < rules->masq_count; i++)
		if (rule->accept && !rule->unless &&
		    same_cidr(&rule->destination, &rules->masq[i]))
			presence->accept[i] = true;
	return 0;
}

static int see_jump(const struct ipt_rule *rule, void *ctx)
{
	struct presence *presence = ctx;
	const struct bridge_rules *rules = presence->rules;

	if (!rule) {
		memset(presence->jump, 0, rules->masq_count);
		return 0;
	}
	if (strcmp(rule->target, presence->chain) != 0 ||
	    rule->destination.ip.family != IP_NONE)
		return 0;
	for (size_t i = 0; i < rules->masq_count; i++)
		if (rule->source.len == ip_bits(presence->family) &&
		    ip_equal(&rule->source.ip, &rules->masq[i].ip))
			presence->jump[i] = true;
	return 0;
}

static int presence_init(struct presence *presence,
			 const struct bridge_rules *rules,
			 enum ip_family family, struct err *err)
{
	*presence = (struct presence){
		.rules = rules,
		.family = family,
		.accept = calloc(rules->masq_count, sizeof(bool)),
		.jump = calloc(rules->masq_count, sizeof(bool)),
	};
	ipt_chain_name(rules->owner.network, rules->owner.container,
		       presence->chain);
	return presence->accept && presence->jump ? 0 : err_nomem(err);
}

static int look(const struct ipt_table *table, struct presence *presence,
		struct err *err)
{
	int r = ipt_chain(table, presence->chain, err);

	if (r <= 0)
		return r;
	presence->there = true;
	r = ipt_rules(table, presence->chain, see_in_chain, presence, err);
	return r ?: ipt_rules(table, "POSTROUTING", see_jump, presence, err);
}

static int look_legacy(struct presence *presence, struct err *err)
{
	auto_ipt_legacy struct ipt_legacy *snapshot = NULL;
	struct ipt_table table = { .family = presence->family };
	int r = ipt_legacy_read(presence->family, &snapshot, err);

	if (r <= 0)
		return r;
	table.snapshot = snapshot;
	return look(&table, presence, err);
}

static int look_nft(struct nft *nft, struct presence *presence, struct err *err)
{
	const struct ipt_table table = { .family = presence->family,
					 .nft = nft };

	return look(&table, presence, err);
}

static void put_words(struct strbuf *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		strbuf_puts(out, words[i]);
}

/* " -m comment --comment "..."", as iptables-save writes it. */
static void put_comment(struct strbuf *out, const struct cni_owner *owner)
{
	put_words(out,
		  (const char *const[]){ " -m comment --comment \"name: \\\"",
					 owner->network, "\\\" id: \\\"",
					 owner->container, "\\\"\"", NULL });
}

/* The subnets first: what goes there is not masqueraded. */
static void put_accept(struct strbuf *out, const struct presence *presence,
		       size_t i)
{
	const struct cidr *address = &presence->rules->masq[i];
	struct cidr subnet = *address;
	char text[CIDR_TEXT];

	for (size_t j = 0; j < i; j++)
		if (same_cidr(address, &presence->rules->masq[j]))
			return;
	subnet.ip = ip_from_num(address->ip.family, cidr_first(address));
	put_words(out, (const char *const[]){
			       presence->there ? "-I " : "-A ", presence->chain,
			       " -d ", cidr_format(&subnet, text), NULL });
	put_comment(out, &presence->rules->owner);
	strbuf_puts(out, " -j ACCEPT\n");
}

static void put_masquerade(struct strbuf *out, const struct presence *presence)
{
	const struct cidr all = multicast(presence->family);
	char text[CIDR_TEXT];

	put_words(out, (const char *const[]){ "-A ", presence->chain, " ! -d ",
					      cidr_format(&all, text), NULL });
	put_comment(out, &presence->rules->owner);
	strbuf_puts(out, " -j MASQUERADE");
	strbuf_puts(out,
		    presence->rules->random_fully ? " --random-fully\n" : "\n");
}

static void put_jump(struct strbuf *out, const struct presence *presence,
		     size_t i)
{
	const struct cidr host = { .ip = presence->rules->masq[i].ip,
				   .len = ip_bits(presence->family) };
	char text[CIDR_TEXT];

	put_words(out, (const char *const[]){ "-A POSTROUTING -s ",
					      cidr_format(&host, text), NULL });
	put_comment(out, &presence->rules->owner);
	put_words(out,
		  (const char *const[]){ " -j ", presence->chain, "\n", NULL });
}

/* In a file for iptables-restore, ":CHAIN" makes a chain, or empties it. */
static void put_missing(struct strbuf *out, const struct presence *presence)
{
	const struct bridge_rules *rules = presence->rules;

	if (!presence->there)
		put_words(out, (const char *const[]){ ":", presence->chain,
						      " - [0:0]\n", NULL });
	for (size_t i = 0; i < rules->masq_count; i++)
		if (rules->masq[i].ip.family == presence->family &&
		    !presence->accept[i])
			put_accept(out, presence, i);
	if (!presence->masquerade)
		put_masquerade(out, presence);
	for (size_t i = 0; i < rules->masq_count; i++)
		if (rules->masq[i].ip.family == presence->family &&
		    !presence->jump[i])
			put_jump(out, presence, i);
}

static bool has_family(const struct bridge_rules *rules, enum ip_family family)
{
	for (size_t i = 0; i < rules->masq_count; i++)
		if (rules->masq[i].ip.family == family)
			return true;
	return false;
}

static int add_family(struct nft *nft, const struct bridge_rules *rules,
		      enum ip_family family, struct err *err)
{
	auto_presence struct presence presence = { .there = false };
	auto_strbuf struct strbuf lines = { .data = NULL };
	struct ipt_restore restore = { .legacy = false };
	auto_fd int fd = -1;
	int r = presence_init(&presence, rules, family, err);

	if (r < 0)
		return r;
	r = ipt_restore_find(family, &restore, err);
	r = r ?: lock(presence.chain, &fd, err);
	if (r == 0)
		r = restore.legacy ? look_legacy(&presence, err)
				   : look_nft(nft, &presence, err);
	if (r < 0)
		return r;
	put_missing(&lines, &presence);
	return lines.len ? ipt_restore_run(&restore, &lines, err) : 0;
}

static const enum ip_family families[] = { IP_V4, IP_V6 };

int rules_ipt_add(struct nft *nft, const struct bridge_rules *rules,
		  struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++)
		if (has_family(rules, families[i]))
			r = add_family(nft, rules, families[i], err);
	return r;
}

static int check_address(const struct presence *presence, size_t i,
			 struct err *err)
{
	const struct cidr *address = &presence->rules->masq[i];
	char text[CIDR_TEXT];

	if (!presence->jump[i])
		return err_set(err, CNI_E_CHECK,
			       "masquerade: iptables table nat has no rule in "
			       "POSTROUTING that takes %s to chain %s",
			       ip_format(&address->ip, text), presence->chain);
	if (!presence->accept[i])
		return err_set(err, CNI_E_CHECK,
			       "masquerade: iptables chain %s in table nat "
			       "has no rule that accepts what goes to the "
			       "subnet of %s",
			       presence->chain, cidr_format(address, text));
	return 0;
}

static int check_family(struct nft *nft, const struct bridge_rules *rules,
			enum ip_family family, struct err *err)
{
	auto_presence struct presence presence = { .there = false };
	int r = presence_init(&presence, rules, family, err);

	r = r ?: look_nft(nft, &presence, err);
	if (r == 0 && !presence.there)
		r = look_legacy(&presence, err);
	if (r < 0)
		return r;
	if (!presence.there)
		return err_set(err, CNI_E_CHECK,
			       "masquerade: chain %s is missing from "
			       "ip%stables' table nat",
			       presence.chain, family == IP_V4 ? "" : "6");
	if (!presence.masquerade)
		return err_set(err, CNI_E_CHECK,
			       "masquerade: iptables chain %s in table nat "
			       "does not masquerade",
			       presence.chain);
	for (size_t i = 0; r == 0 && i < rules->masq_count; i++)
		if (rules->masq[i].ip.family == family)
			r = check_address(&presence, i, err);
	return r;
}

int rules_ipt_check(struct nft *nft, const struct bridge_rules *rules,
		    struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++)
		if (has_family(rules, families[i]))
			r = check_family(nft, rules, families[i], err);
	return r;
}
