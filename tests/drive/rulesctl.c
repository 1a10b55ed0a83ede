/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/netns/rules.bats: the bridge plugin's rules without the plugin.
 *
 *	rulesctl VERB [KEY=VALUE...]
 *
 * VERB: add, del, check, gc, status; loop: N times add and del. Keys: net, id,
 * if, ip (any number of ADDRESS/LENGTH), backend (nftables, iptables, auto),
 * random, port, mac, valid (any number of ID/IF), n, masq, spoof.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/bridge/rules.h"

#define MANY 4096

struct args {
	struct bridge_rules rules;
	struct bridge_conf conf;
	struct cidr ip[MANY];
	struct cni_attachment valid[MANY];
	struct cni_attachments attachments;
	uint8_t mac[MAC_LEN];
	unsigned long n;
};

static enum masq_backend backend_of(const char *value)
{
	if (strcmp(value, "nftables") == 0)
		return MASQ_NFTABLES;
	return strcmp(value, "iptables") == 0 ? MASQ_IPTABLES : MASQ_AUTO;
}

static void read_mac(const char *value, uint8_t mac[MAC_LEN])
{
	for (size_t i = 0; i < MAC_LEN; i++)
		mac[i] = (uint8_t)strtoul(value + 3 * i, NULL, 16);
}

static void read_valid(struct args *args, char *value)
{
	char *slash = strchr(value, '/');

	if (!slash || args->attachments.count == MANY)
		abort();
	*slash = '\0';
	args->valid[args->attachments.count].container = value;
	args->valid[args->attachments.count].ifname = slash + 1;
	args->attachments.count++;
}

static void read_ip(struct args *args, const char *value)
{
	if (args->rules.masq_count == MANY ||
	    cidr_parse(value, &args->ip[args->rules.masq_count]) < 0)
		abort();
	args->rules.masq_count++;
}

static void read_more(struct args *args, const char *key, char *value)
{
	if (strcmp(key, "port") == 0)
		args->rules.port = value;
	else if (strcmp(key, "mac") == 0)
		read_mac(value, args->mac);
	else if (strcmp(key, "n") == 0)
		args->n = strtoul(value, NULL, 10);
	else if (strcmp(key, "masq") == 0)
		args->conf.ip_masq = true;
	else if (strcmp(key, "spoof") == 0)
		args->conf.mac_spoof_chk = true;
	else
		abort();
}

static void read_arg(struct args *args, char *arg)
{
	char *value = strchr(arg, '=');

	if (!value)
		abort();
	*value++ = '\0';
	if (strcmp(arg, "net") == 0)
		args->rules.owner.network = value;
	else if (strcmp(arg, "id") == 0)
		args->rules.owner.container = value;
	else if (strcmp(arg, "if") == 0)
		args->rules.owner.ifname = value;
	else if (strcmp(arg, "ip") == 0)
		read_ip(args, value);
	else if (strcmp(arg, "valid") == 0)
		read_valid(args, value);
	else if (strcmp(arg, "backend") == 0)
		args->rules.backend = backend_of(value);
	else if (strcmp(arg, "random") == 0)
		args->rules.random_fully = true;
	else
		read_more(args, arg, value);
}

static int loop(struct nft *nft, const struct args *args, struct err *err)
{
	int r = 0;

	for (unsigned long i = 0; r == 0 && i < args->n; i++) {
		r = rules_add(nft, &args->rules, err);
		r = r ?: rules_check(nft, &args->rules, err);
		r = r ?: rules_del(nft, &args->rules, err);
	}
	return r;
}

/* One ADD for each address, the container's ID being the address. */
static int each(struct nft *nft, const struct args *args, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < args->rules.masq_count; i++) {
		struct bridge_rules one = args->rules;
		char id[IP_TEXT];

		one.masq = &args->ip[i];
		one.masq_count = 1;
		one.owner.container = ip_format(&args->ip[i].ip, id);
		r = rules_add(nft, &one, err);
	}
	return r;
}

static int run(const char *verb, struct nft *nft, struct args *args,
	       struct err *err)
{
	if (strcmp(verb, "add") == 0)
		return rules_add(nft, &args->rules, err);
	if (strcmp(verb, "each") == 0)
		return each(nft, args, err);
	if (strcmp(verb, "del") == 0)
		return rules_del(nft, &args->rules, err);
	if (strcmp(verb, "check") == 0)
		return rules_check(nft, &args->rules, err);
	if (strcmp(verb, "loop") == 0)
		return loop(nft, args, err);
	if (strcmp(verb, "gc") == 0)
		return rules_gc(nft, args->rules.owner.network,
				&args->attachments, err);
	if (strcmp(verb, "status") == 0)
		return rules_status(nft, &args->conf, err);
	abort();
}

int main(int argc, char **argv)
{
	static struct args args;
	auto_nft struct nft nft = NFT_CLOSED;
	struct err err = { .code = CNI_OK };
	int r;

	if (argc < 2)
		return 2;
	args.rules.owner = (struct cni_owner){ "net", "id", "eth0" };
	args.rules.masq = args.ip;
	args.rules.mac = args.mac;
	args.attachments.present = true;
	args.attachments.at = args.valid;
	for (int i = 2; i < argc; i++)
		read_arg(&args, argv[i]);
	args.conf.masq_backend = args.rules.backend;
	args.conf.masq_random_fully = args.rules.random_fully;
	args.rules.spoof_check = args.rules.port != NULL;
	r = run(argv[1], &nft, &args, &err);
	if (r < 0)
		(void)fprintf(stderr, "%d %s%s%s\n", (int)err.code, err.msg,
			      *err.details ? ": " : "", err.details);
	return r < 0;
}
