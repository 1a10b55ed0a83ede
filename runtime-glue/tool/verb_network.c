/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runtime-glue network create */
#include "runtime-glue/tool/verb_network.h"

#include <stdio.h>
#include <string.h>

struct options {
	struct spec_strings subnets, gateways;
	const char *driver, *mtu;
	bool ipv6, internal, isolated;
};

#define AT(member) offsetof(struct options, member)

static const struct cli_option create_options[] = {
	{ "subnet", 0, CLI_LIST, AT(subnets), "CIDR",
	  "addresses of its containers, IPv4 or IPv6; repeatable" },
	{ "gateway", 0, CLI_LIST, AT(gateways), "IP",
	  "this host's address in a --subnet (the first one)" },
	{ "ipv6", 0, CLI_FLAG, AT(ipv6), NULL,
	  "have an IPv6 subnet chosen, too" },
	{ "mtu", 0, CLI_TEXT, AT(mtu), "BYTES", "of the bridge and its ports" },
	{ "internal", 0, CLI_FLAG, AT(internal), NULL,
	  "no way out: neither default route nor masquerade" },
	{ "isolated", 0, CLI_FLAG, AT(isolated), NULL,
	  "containers do not reach each other" },
	{ "driver", 'd', CLI_TEXT, AT(driver), "bridge",
	  "what it is made of (bridge)" },
	{ .name = NULL },
};

/* Room for a gateway and a container beside the two that are none. */
static int read_subnet(const char *text, struct network_spec *spec,
		       struct err *err)
{
	struct cidr *out = &spec->subnets[spec->count];
	char first[IP_TEXT];
	struct ip ip;

	if (spec->count == NETWORK_SUBNETS)
		return err_set(err, CNI_E_FIELD, "--subnet %s: more than %d",
			       text, NETWORK_SUBNETS);
	if (cidr_parse(text, out) < 0)
		return err_set(err, CNI_E_FIELD,
			       "--subnet %s: not an address with a prefix "
			       "length, as in 10.1.0.0/24",
			       text);
	ip = ip_from_num(out->ip.family, cidr_first(out));
	if (!ip_equal(&ip, &out->ip))
		return err_set(err, CNI_E_FIELD,
			       "--subnet %s: has host bits; the network is "
			       "%s/%u",
			       text, ip_format(&ip, first), out->len);
	if (out->len < 1 || out->len > ip_bits(out->ip.family) - 2)
		return err_set(err, CNI_E_FIELD,
			       "--subnet %s: a prefix length of 1 to %u is "
			       "needed",
			       text, ip_bits(out->ip.family) - 2);
	for (size_t i = 0; i < spec->count; i++)
		if (cidr_contains(&spec->subnets[i], &out->ip) ||
		    cidr_contains(out, &spec->subnets[i].ip))
			return err_set(err, CNI_E_FIELD,
				       "--subnet %s: overlaps with another "
				       "--subnet",
				       text);
	spec->count++;
	return 0;
}

static int read_gateway(const char *text, struct network_spec *spec,
			struct err *err)
{
	struct ip ip;

	if (ip_parse(text, &ip) < 0)
		return err_set(err, CNI_E_FIELD,
			       "--gateway %s: not an IP address", text);
	for (size_t i = 0; i < spec->count; i++) {
		const struct cidr *subnet = &spec->subnets[i];

		if (!cidr_contains(subnet, &ip))
			continue;
		if (ip_to_num(&ip) == cidr_first(subnet) ||
		    (ip.family == IP_V4 && ip_to_num(&ip) == cidr_last(subnet)))
			return err_set(err, CNI_E_FIELD,
				       "--gateway %s: the network's own or its "
				       "broadcast address",
				       text);
		if (spec->gateways[i].family != IP_NONE)
			return err_set(err, CNI_E_FIELD,
				       "--gateway %s: the second one of its "
				       "subnet",
				       text);
		spec->gateways[i] = ip;
		return 0;
	}
	return err_set(err, CNI_E_FIELD, "--gateway %s: in no --subnet", text);
}

static int read_options(const struct options *options,
			struct network_spec *spec, struct err *err)
{
	int r = 0;

	if (options->driver && strcmp(options->driver, "bridge") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--driver %s: only \"bridge\" is known; a list "
			       "of other plugins can be put into the folder of "
			       "networks by hand",
			       options->driver);
	for (size_t i = 0; r == 0 && i < options->subnets.count; i++)
		r = read_subnet(options->subnets.at[i], spec, err);
	for (size_t i = 0; r == 0 && i < options->gateways.count; i++)
		r = read_gateway(options->gateways.at[i], spec, err);
	/* IPv6 needs 1280; below 68 IPv4 does not work. */
	if (r == 0 && options->mtu)
		r = cli_number("--mtu", options->mtu, 68, 65535, &spec->mtu,
			       err);
	spec->internal = options->internal;
	spec->isolated = options->isolated;
	spec->want6 = options->ipv6;
	spec->want4 = options->subnets.count == 0;
	for (size_t i = 0; r == 0 && i < spec->count; i++)
		if (spec->subnets[i].ip.family == IP_V6)
			spec->want6 = true;
	if (r == 0 && spec->want6 && spec->mtu && spec->mtu < 1280)
		r = err_set(err, CNI_E_FIELD,
			    "--mtu %s: IPv6 needs at least 1280", options->mtu);
	return r;
}

static int run_create(const struct tool *tool, const void *options, int argc,
		      char **argv, struct err *err)
{
	struct network_spec spec = { .name = argv[0] };
	int r = network_check_name(argv[0], err);

	(void)argc;
	r = r ?: read_options(options, &spec, err);
	r = r ?: network_create(tool, &spec, err);
	if (r < 0)
		return r;
	r = cli_print(argv[0], strlen(argv[0]), err);
	return r ?: cli_print("\n", 1, err);
}

const struct tool_verb verb_network_create = {
	.name = "create",
	.arguments = "NAME",
	.help = "make a network, as a file that any CNI runtime can use",
	.options = create_options,
	.options_size = sizeof(struct options),
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run_create,
};

static const struct tool_verb *const verbs[] = {
	&verb_network_create, &verb_network_ls,    &verb_network_inspect,
	&verb_network_rm,     &verb_network_prune, NULL,
};

const struct tool_verb group_network = {
	.name = "network",
	.arguments = "VERB",
	.help = "make, list and remove networks",
	.section = "Networks",
	.verbs = verbs,
};
