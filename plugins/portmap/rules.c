/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which backend. What is removed, is removed from all: configurations change
 * between an ADD and its DEL, and so do plugins.
 */
#include "plugins/portmap/rules.h"

#include "common/base/log.h"
#include "plugins/portmap/claims.h"
#include "plugins/portmap/rules_ipt.h"
#include "plugins/portmap/rules_nft.h"

/* How often others may change what a plan of GC was made for. */
#define TRIES 32

/*
 * A kernel without nf_tables has nothing in it, and is no failure. That it may
 * not be used is one.
 */
static int nft_there(struct nft *nft, struct err *err)
{
	struct err why = { .code = CNI_OK };
	uint32_t generation;

	switch (nft_generation(nft, &generation, &why)) {
	case 0:
		return 1;
	case -EPROTONOSUPPORT: /* no netfilter sockets */
	case -EAFNOSUPPORT:    /* no netlink */
	case -EOPNOTSUPP:
	case -EINVAL: /* netfilter sockets, but no nf_tables */
		return 0;
	default:
		*err = why;
		return -why.errnum;
	}
}

int portmap_rules_del(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err)
{
	int r = nft_there(nft, err);

	if (r > 0)
		r = portmap_nft_del(nft, rules, err);
	return first_of(portmap_ipt_del_legacy(rules, err), r);
}

static int del_iptables(struct nft *nft, const struct portmap_rules *rules,
			bool there, struct err *err)
{
	int r = 0;

	if (there) {
		r = portmap_ipt_del_family(nft, rules, IP_V4, err);
		r = first_of(portmap_ipt_del_family(nft, rules, IP_V6, err), r);
	}
	return first_of(portmap_ipt_del_legacy(rules, err), r);
}

/* Nothing of a failed ADD may stay. What nf_tables has is not touched yet. */
static int take_back(struct nft *nft, const struct portmap_rules *rules,
		     bool there, int r)
{
	struct err err = { .code = CNI_OK };

	if (del_iptables(nft, rules, there, &err) < 0)
		log_warn("%s", err.msg);
	return r;
}

/* What the other backend had published for the same attachment goes. */
static int add_iptables(struct nft *nft, const struct portmap_rules *rules,
			struct err *err)
{
	char owner[OWNER_TEXT];
	bool changed = false;
	int there = nft_there(nft, err);
	int r = there < 0 ? there : 0;

	if (there > 0)
		r = portmap_nft_taken(nft, rules, err);
	r = r ?: portmap_ipt_add(nft, rules, &changed, err);
	if (r == 0 && there > 0)
		r = portmap_nft_forget(
			nft, cni_owner_text(&rules->owner, owner), err);
	return r < 0 && changed ? take_back(nft, rules, there > 0, r) : r;
}

static int add_nftables(struct nft *nft, const struct portmap_rules *rules,
			struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r = portmap_ipt_holds(nft, rules, err);

	if (r < 0)
		return r;
	r = portmap_nft_add(nft, rules, err);
	/* A lost answer may be to what was done; a refusal is none. */
	if (r < 0 && err->code == CNI_E_IO &&
	    portmap_nft_del(nft, rules, &why) < 0)
		log_warn("%s", why.msg);
	if (r == 0 && portmap_ipt_del_legacy(rules, err) < 0) {
		log_warn("%s", err->msg);
		err_clear(err);
	}
	return r;
}

/* Some kernels have nf_tables for bridges alone, or with no translation. */
static bool is_lacking(struct nft *nft, int r)
{
	struct err ignored = { .code = CNI_OK };

	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ||
	       nft_there(nft, &ignored) == 0;
}

int portmap_rules_add(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err)
{
	struct err other = { .code = CNI_OK };
	int r;

	if (rules->conf->backend == PORTMAP_IPTABLES)
		return add_iptables(nft, rules, err);
	r = add_nftables(nft, rules, err);
	if (r == 0 || rules->conf->backend == PORTMAP_NFTABLES ||
	    !is_lacking(nft, r))
		return r;
	r = add_iptables(nft, rules, &other);
	if (r == 0)
		err_clear(err);
	else
		(void)err_hint(err, "%s", other.msg);
	return r == 0 ? 0 : -err->errnum;
}

static bool says_all(const struct portmap_conf *conf)
{
	return conf->mapping_count > 0 && (conf->pod4.ip.family != IP_NONE ||
					   conf->pod6.ip.family != IP_NONE);
}

void portmap_rules_recall(struct nft *nft, const struct portmap_rules *rules,
			  struct portmap_conf *conf)
{
	auto_claims struct claims listed = { .count = 0 };
	char owner[OWNER_TEXT], chain[POD_CHAIN];
	struct err ignored = { .code = CNI_OK };

	if (says_all(conf))
		return;
	(void)cni_owner_text(&rules->owner, owner);
	if (claims_listed(nft, pod_chain(owner, chain), &listed, &ignored) > 0)
		claims_recall(&listed, conf);
	if (says_all(conf))
		return;
	listed.count = 0;
	portmap_ipt_recall(nft, rules, &listed);
	claims_recall(&listed, conf);
}

/* Not said: where the attachment has something, or else what ADD would do. */
static bool is_iptables(struct nft *nft, const struct portmap_rules *rules)
{
	char owner[OWNER_TEXT], chain[POD_CHAIN];
	struct err ignored = { .code = CNI_OK };
	struct nft_chain_info info;

	if (rules->conf->backend != PORTMAP_AUTO)
		return rules->conf->backend == PORTMAP_IPTABLES;
	(void)cni_owner_text(&rules->owner, owner);
	return nft_chain_get(nft, portmap_layout.table, pod_chain(owner, chain),
			     &info, &ignored) <= 0 &&
	       portmap_ipt_there(nft, rules);
}

int portmap_rules_check(struct nft *nft, const struct portmap_rules *rules,
			struct err *err)
{
	return is_iptables(nft, rules) ? portmap_ipt_check(nft, rules, err)
				       : portmap_nft_check(nft, rules, err);
}

static int gc_iptables(struct nft *nft, const struct portmap_ipt_gc *gc,
		       struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r = -ERESTART;

	for (int i = 0; i < TRIES && (r == -ERESTART || r == -ENOENT ||
				      r == -EBUSY || r == -EEXIST);
	     i++) {
		auto_nft_tx struct nft_tx tx = { .message = 0 };

		err_clear(&why);
		gc->gone->count = 0;
		r = portmap_ipt_gc(nft, gc, &tx, &why);
		r = r ?: nft_commit(nft, &tx, &why);
	}
	if (r < 0)
		*err = why;
	return r;
}

/* One part that fails does not keep the others from working. */
static int collect(int next, const struct err *why, int sofar, struct err *err)
{
	if (next < 0 && err->code)
		(void)err_hint(err, "%s", why->msg);
	else if (next < 0)
		*err = *why;
	return first_of(next, sofar);
}

int portmap_rules_gc(struct nft *nft, const char *network,
		     const struct cni_attachments *valid, struct err *err)
{
	struct err whys[3] = { { .code = CNI_OK } };
	auto_ipt_list struct ipt_list gone = { .count = 0 };
	auto_fd int lock = -1;
	const struct portmap_ipt_gc gc = { network, valid, &lock, &gone };
	int there = nft_there(nft, err);
	int r = there < 0 ? there : 0;

	if (there > 0) {
		r = collect(portmap_nft_gc(nft, network, valid, &whys[0]),
			    &whys[0], r, err);
		r = collect(gc_iptables(nft, &gc, &whys[1]), &whys[1], r, err);
	}
	r = collect(portmap_ipt_gc_legacy(&gc, &whys[2]), &whys[2], r, err);
	portmap_ipt_forget_flows(nft, &gone);
	return r;
}

int portmap_rules_status(struct nft *nft, const struct portmap_conf *conf,
			 struct err *err)
{
	struct err other = { .code = CNI_OK };
	int r;

	if (conf->backend == PORTMAP_IPTABLES)
		return portmap_ipt_status(err);
	r = portmap_nft_status(nft, err);
	/* Not said: iptables is used where nf_tables cannot be. */
	if (r < 0 && conf->backend == PORTMAP_AUTO &&
	    portmap_ipt_status(&other) == 0) {
		err_clear(err);
		return 0;
	}
	return r;
}
