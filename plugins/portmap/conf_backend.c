/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portmap's configuration: the backend, and what only one of them has.
 *
 * Some configurations name no backend and have options of iptables: the
 * reference's default was iptables for long. They mean iptables.
 *
 * The strings end up in the input of iptables-restore, one rule a line. So what
 * would end a line is refused here, whoever writes them.
 */
#include <string.h>

#include "common/base/text.h"
#include "plugins/portmap/conf_parts.h"

#define CHAIN_MOST 28 /* bytes, of the name of a chain of iptables */

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			return true;
	return false;
}

static int check_chain(const struct cfg *conf, const char *chain,
		       struct err *err)
{
	const char *why = NULL;

	if (!*chain)
		why = "is empty";
	else if (strlen(chain) > CHAIN_MOST)
		why = "is longer than 28 bytes";
	else if (*chain == '-' || *chain == '!')
		why = "begins with - or !";
	else if (has_control(chain) || strpbrk(chain, " \"'\\"))
		why = "contains white space, quotes or control characters";
	if (!why)
		return 0;
	return cfg_fail(err, conf, "externalSetMarkChain",
			"chain name \"%s\" %s", chain, why);
}

static int read_chain(const struct cfg *conf, struct portmap_conf *out,
		      struct err *err)
{
	const char *chain;
	int r = cfg_string_or(conf, "externalSetMarkChain", NULL, &chain, err);

	if (r < 0 || !chain)
		return r;
	r = check_chain(conf, chain, err);
	if (r == 0)
		out->external_set_mark_chain = chain;
	return r;
}

static int read_mark(const struct cfg *conf, struct portmap_conf *out,
		     struct err *err)
{
	static const struct cfg_bounds any = { INT64_MIN, INT64_MAX };
	int64_t bit;
	int r = cfg_int_or(conf, "markMasqBit", PORTMAP_MARK_BIT, any, &bit,
			   err);

	if (r < 0)
		return r;
	if (out->external_set_mark_chain && cfg_has(conf, "markMasqBit"))
		return err_set(err, CNI_E_CONFIG,
			       "Cannot specify externalSetMarkChain and "
			       "markMasqBit");
	if (bit < 0 || bit > 31)
		return cfg_fail(err, conf, "markMasqBit",
				"MasqMarkBit must be between 0 and 31");
	out->mark_masq_bit = (unsigned int)bit;
	return 0;
}

static int read_condition(const struct cfg *list, size_t index,
			  const char **out, struct err *err)
{
	const struct cfg at = { .parent = list, .index = index };
	int r = cfg_string_at(list, index, out, err);

	if (r < 0)
		return r;
	if (index == 0 && !**out)
		return cfg_fail(err, &at, NULL, "is empty");
	if (has_control(*out))
		return cfg_fail(err, &at, NULL, "contains control characters");
	return 0;
}

static int read_conditions(const struct cfg *conf, const char *key,
			   struct arena *arena, struct cni_strings *out,
			   struct err *err)
{
	struct cfg list;
	int r = cfg_child_or_none(conf, key, json_type_array, &list, err);
	const size_t count = r == 0 ? cfg_len(&list) : 0;

	out->present = r == 0 && list.json;
	if (count == 0)
		return r;
	out->at = arena_array(arena, count, sizeof(*out->at));
	if (!out->at)
		return err_nomem(err);
	for (; r == 0 && out->count < count; out->count += r == 0)
		r = read_condition(&list, out->count, &out->at[out->count],
				   err);
	return r;
}

/* An argument of iptables begins with one of the two, an expression never. */
static enum portmap_backend language(const struct cni_strings *conditions)
{
	if (conditions->count == 0)
		return PORTMAP_AUTO;
	return strchr("-!", **conditions->at) ? PORTMAP_IPTABLES
					      : PORTMAP_NFTABLES;
}

/* The keys that only @backend has, separated by spaces. */
struct options {
	char names[64];
};

static struct options options_of(const struct portmap_conf *conf,
				 enum portmap_backend backend)
{
	struct options options = { .names = "" };
	char *end = options.names;

	if (conf->external_set_mark_chain && backend == PORTMAP_IPTABLES)
		end = text_put(end, " externalSetMarkChain");
	if (language(&conf->conditions_v4) == backend)
		end = text_put(end, " conditionsV4");
	if (language(&conf->conditions_v6) == backend)
		(void)text_put(end, " conditionsV6");
	return options;
}

static int parse_backend(const struct cfg *conf, enum portmap_backend *out,
			 struct err *err)
{
	const char *name;
	int r = cfg_string_or(conf, "backend", NULL, &name, err);

	if (r < 0 || !name)
		return r;
	if (strcmp(name, "nftables") == 0)
		*out = PORTMAP_NFTABLES;
	else if (strcmp(name, "iptables") == 0)
		*out = PORTMAP_IPTABLES;
	else
		return cfg_fail(err, conf, "backend",
				"unrecognized backend \"%s\"", name);
	return 0;
}

static int choose(const struct cfg *conf, struct portmap_conf *out,
		  struct err *err)
{
	const struct options iptables = options_of(out, PORTMAP_IPTABLES);
	const struct options nftables = options_of(out, PORTMAP_NFTABLES);

	if (out->backend == PORTMAP_IPTABLES && *nftables.names)
		return cfg_fail(err, conf, "backend",
				"iptables backend was requested but "
				"configuration contains nftables-specific "
				"options [%s]",
				nftables.names + 1);
	if (out->backend == PORTMAP_NFTABLES && *iptables.names)
		return cfg_fail(err, conf, "backend",
				"nftables backend was requested but "
				"configuration contains iptables-specific "
				"options [%s]",
				iptables.names + 1);
	if (*iptables.names && *nftables.names)
		return err_set(err, CNI_E_CONFIG,
			       "configuration contains iptables-specific "
			       "options [%s] and nftables-specific options "
			       "[%s]",
			       iptables.names + 1, nftables.names + 1);
	if (*iptables.names)
		out->backend = PORTMAP_IPTABLES;
	if (*nftables.names)
		out->backend = PORTMAP_NFTABLES;
	return 0;
}

/* A text in nft's language is only understood by nft's library. */
static int check_language(const struct cfg *conf,
			  const struct portmap_conf *out, struct err *err)
{
	const bool v4 = language(&out->conditions_v4) == PORTMAP_NFTABLES;
	const bool v6 = language(&out->conditions_v6) == PORTMAP_NFTABLES;
	const struct cni_strings *what =
		v4 ? &out->conditions_v4 : &out->conditions_v6;

	if (!v4 && !v6)
		return 0;
	(void)cfg_fail(err, conf, v4 ? "conditionsV4" : "conditionsV6",
		       "[\"%s\"%s] is in the language of nft, which needs "
		       "libnftables; this program is built without it",
		       *what->at, what->count > 1 ? " ..." : "");
	(void)err_hint(err, "conditions of iptables begin with - or ! and need "
			    "the iptables backend");
	return err_code(err, CNI_E_FIELD);
}

int portmap_conf_read_backend(const struct cfg *conf, struct portmap_conf *out,
			      struct err *err)
{
	int r = parse_backend(conf, &out->backend, err);

	r = r ?: read_chain(conf, out, err);
	r = r ?: read_mark(conf, out, err);
	r = r
		    ?: read_conditions(conf, "conditionsV4", &out->arena,
				       &out->conditions_v4, err);
	r = r
		    ?: read_conditions(conf, "conditionsV6", &out->arena,
				       &out->conditions_v6, err);
	r = r ?: choose(conf, out, err);
	return r ?: check_language(conf, out, err);
}
