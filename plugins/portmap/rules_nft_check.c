/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CHECK and GC of the nf_tables backend. */
#include <string.h>

#include "common/base/text.h"
#include "plugins/portmap/claims.h"
#include "plugins/portmap/flows.h"
#include "plugins/portmap/rules_nft.h"

/* ---- CHECK ---- */

static bool same_data(struct attrs have, const struct nft_value *want)
{
	return have.len >= want->len && have.data &&
	       memcmp(have.data, want->bytes, want->len) == 0;
}

static int check_claim(struct nft *nft, const char *owner,
		       const struct claim *claim, struct err *err)
{
	struct nft_element_info now = { .comment = "" };
	char text[CLAIM_TEXT];
	int r = nft_element_get(nft, claim->set, &claim->key, &now, err);

	if (r < 0)
		return r;
	(void)claim_text(claim, text);
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "host port %s is missing in map %s of table "
			       "inet %s",
			       text, claim->set->name, claim->set->table->name);
	if (strcmp(now.comment, owner) != 0)
		return err_set(
			err, CNI_E_CHECK,
			"host port %s is held by \"%s\", expected \"%s\"", text,
			now.comment, owner);
	if (!same_data(now.data, &claim->data))
		return err_set(err, CNI_E_CHECK,
			       "host port %s goes elsewhere than to the "
			       "container's address and port",
			       text);
	return 0;
}

static int check_pod(struct nft *nft, const char *owner,
		     const struct claim *claim, struct err *err)
{
	struct nft_element_info now = { .comment = "" };
	int r = nft_element_get(nft, claim->set, &claim->key, &now, err);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "masquerade: the container's address is missing "
			       "in set %s of table inet %s",
			       claim->set->name, claim->set->table->name);
	if (strcmp(now.comment, owner) != 0)
		return err_set(err, CNI_E_CHECK,
			       "masquerade: the container's address in set %s "
			       "is held by \"%s\", expected \"%s\"",
			       claim->set->name, now.comment, owner);
	return 0;
}

static int check_chain(struct nft *nft, const struct portmap_rules *rules,
		       const struct claims *ports, const char *chain,
		       struct err *err)
{
	auto_nft_tx struct nft_tx want = { .message = 0 };
	int r;

	pod_rules(&want, rules, ports->at, ports->count);
	r = nft_rules_are(nft, portmap_layout.table, chain, &want, err);
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "chain %s of table inet %s has other rules than "
			       "expected",
			       chain, portmap_layout.table->name);
	return r < 0 ? r : 0;
}

static int check_near(struct nft *nft, const struct cidr *pod, struct err *err)
{
	int r = 1;

	if (pod->ip.family != IP_NONE)
		r = near_has(nft, pod->ip.family, pod->len, err);
	if (r == 0)
		return err_set(err, CNI_E_CHECK,
			       "chain %s of table inet %s lacks the rule for "
			       "subnets with a prefix length of %u",
			       portmap_near.name, portmap_near.table->name,
			       pod->len);
	return r < 0 ? r : 0;
}

int portmap_nft_check(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err)
{
	auto_claims struct claims ports = { .count = 0 };
	auto_claims struct claims pods = { .count = 0 };
	char owner[OWNER_TEXT], chain[POD_CHAIN];
	int r;

	(void)cni_owner_text(&rules->owner, owner);
	(void)pod_chain(owner, chain);
	r = claims_of(rules->conf, &ports, err);
	r = r ?: claims_of_pods(rules->conf, &pods, err);
	for (size_t i = 0; r == 0 && i < ports.count; i++)
		r = check_claim(nft, owner, &ports.at[i], err);
	for (size_t i = 0; r == 0 && i < pods.count; i++)
		r = check_pod(nft, owner, &pods.at[i], err);
	r = r ?: check_near(nft, &rules->conf->pod4, err);
	r = r ?: check_near(nft, &rules->conf->pod6, err);
	r = r ?: check_chain(nft, rules, &ports, chain, err);
	return r ?: nft_layout_check(nft, &portmap_layout, err);
}

/* ---- GC ---- */

/* Owners that are gone, each once, with a NUL behind each. */
struct stale {
	const char *network;
	const struct cni_attachments *valid;
	struct strbuf owners;
};

static bool is_known(const struct stale *stale, const char *owner)
{
	for (size_t at = 0; at < stale->owners.len;
	     at += strlen(stale->owners.data + at) + 1)
		if (strcmp(stale->owners.data + at, owner) == 0)
			return true;
	return false;
}

static int collect(const struct nft_element_info *element, void *ctx)
{
	struct stale *stale = ctx;

	/* A list that starts again finds the same owners. */
	if (!element ||
	    !cni_owner_stale(element->comment, stale->network, stale->valid) ||
	    is_known(stale, element->comment))
		return 0;
	strbuf_add(&stale->owners, element->comment,
		   strlen(element->comment) + 1);
	return stale->owners.failed ? -ENOMEM : 0;
}

/* As DEL does it, which never came. */
static int forget(struct nft *nft, const char *owner, struct err *err)
{
	auto_portmap_conf struct portmap_conf conf = { .mapping_count = 0 };
	auto_claims struct claims listed = { .count = 0 };
	struct err why = { .code = CNI_OK };
	char chain[POD_CHAIN];
	int r;

	r = claims_listed(nft, pod_chain(owner, chain), &listed, &why);
	if (r > 0)
		claims_recall(&listed, &conf);
	if (r >= 0)
		r = portmap_nft_forget(nft, owner, &why);
	if (r == 0)
		flows_forget(nft, &conf);
	if (r < 0)
		(void)err_set(err, why.code, "%s: %s", owner, why.msg);
	return r;
}

int portmap_nft_gc(struct nft *nft, const char *network,
		   const struct cni_attachments *valid, struct err *err)
{
	struct stale stale = { .network = network, .valid = valid };
	int r = nft_table_get(nft, portmap_layout.table, NULL, err);

	if (r <= 0)
		return r;
	r = 0;
	for (size_t i = 0; r == 0 && i < portmap_layout.set_count; i++)
		r = nft_elements(nft, portmap_layout.sets[i], collect, &stale,
				 err);
	for (size_t at = 0; at < stale.owners.len;
	     at += strlen(stale.owners.data + at) + 1)
		r = first_of(forget(nft, stale.owners.data + at, err), r);
	strbuf_free(&stale.owners);
	return r;
}

/* ---- STATUS ---- */

#define NOWHERE "ferrule_nowhere"

/*
 * All that the table has, and at its end a change that must be refused: so none
 * of it ever happens.
 */
int portmap_nft_status(struct nft *nft, struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	struct err refusal = { .code = CNI_OK };
	int r;

	nft_add_table(&tx, portmap_layout.table, 0);
	nft_add_chain(&tx, &portmap_near, 0);
	r = nft_layout_repair(nft, &portmap_layout, &tx, &refusal);
	nft_del_chain(&tx, portmap_layout.table, NOWHERE, 0);
	r = r ?: nft_commit(nft, &tx, &refusal);
	if (r == -ENOENT && strstr(refusal.msg, NOWHERE))
		return 0;
	(void)err_set(err, CNI_E_UNAVAILABLE, "backend: %s", refusal.msg);
	if (*refusal.details)
		(void)err_hint(err, "%s", refusal.details);
	return -EINVAL;
}
