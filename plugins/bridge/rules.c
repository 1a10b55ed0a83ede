/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a change proceeds
 *
 * Each part looks at what there is and plans what has to be done. All plans go
 * to the kernel in one transaction. Between the look and the commit another
 * process may have changed what was seen; then the kernel refuses the whole
 * (a chain is gone: ENOENT; an address or a chain is there: EEXIST; a chain is
 * in use: EBUSY; the plan is bound to a generation: ERESTART), and everything
 * begins anew. Refused transactions change nothing.
 *
 * A removal that tidies up is bound: of two that remove the last two elements,
 * each would see the other's and leave the chain to it. Where others change
 * nf_tables all the time, the last tries do not tidy up. An addition is never
 * bound: what it relies on, the kernel checks.
 */
#include "common/base/log.h"
#include "plugins/bridge/rules_ipt.h"

/*
 * A plan out of date is refused at once; other refusals have the kernel undo
 * what it had begun, which takes it 20 ms, and may be there to stay.
 */
#define PATIENCE    256
#define TIDY        192
#define OUT_OF_DATE 1
#define REFUSED     24

static int cost_of(int r)
{
	switch (r) {
	case -ERESTART:
		return OUT_OF_DATE;
	case -ENOENT:
	case -EEXIST:
	case -EBUSY:
		return REFUSED;
	default:
		return PATIENCE;
	}
}

/* One try: plan and commit. @tidy: with what is only for tidiness. */
typedef int attempt_fn(struct nft *nft, const void *what, bool tidy,
		       struct err *err);

static int repeat(struct nft *nft, attempt_fn *attempt, const void *what,
		  struct err *err)
{
	int spent = 0, r;

	for (;;) {
		r = attempt(nft, what, spent < TIDY, err);
		if (r >= 0)
			return r;
		spent += cost_of(r);
		if (spent >= PATIENCE)
			return r;
		err_clear(err);
	}
}

/*
 * What a removal goes through, whoever made it. Each part says if its plan is
 * bound to the generation.
 */
typedef int removal_fn(struct nft *nft, const void *what, bool tidy,
		       struct nft_tx *tx, struct err *err);

static int remove_all(struct nft *nft, removal_fn *const *parts,
		      const void *what, bool tidy, struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	uint32_t generation = 0;
	bool bound = false;
	int r = nft_generation(nft, &generation, err);

	for (size_t i = 0; r >= 0 && parts[i]; i++) {
		r = parts[i](nft, what, tidy, &tx, err);
		bound |= r > 0;
	}
	if (r < 0)
		return r;
	if (bound)
		nft_tx_since(&tx, generation);
	return nft_commit(nft, &tx, err);
}

static int part_masq(struct nft *nft, const void *what, bool tidy,
		     struct nft_tx *tx, struct err *err)
{
	return rules_masq_del(nft, what, tidy, tx, err);
}

static int part_spoof(struct nft *nft, const void *what, bool tidy,
		      struct nft_tx *tx, struct err *err)
{
	return rules_spoof_del(nft, what, tidy, tx, err);
}

static int part_ref(struct nft *nft, const void *what, bool tidy,
		    struct nft_tx *tx, struct err *err)
{
	return rules_ref_del(nft, what, tidy, tx, err);
}

static int part_ipt(struct nft *nft, const void *what, bool tidy,
		    struct nft_tx *tx, struct err *err)
{
	return rules_ipt_del(nft, what, tidy, tx, err);
}

static int attempt_del(struct nft *nft, const void *what, bool tidy,
		       struct err *err)
{
	static removal_fn *const parts[] = { part_masq, part_spoof, part_ref,
					     part_ipt, NULL };

	return remove_all(nft, parts, what, tidy, err);
}

/*
 * A kernel without nf_tables has nothing in it, and is no failure of DEL. That
 * it may not be used is one.
 */
int rules_nft_there(struct nft *nft, struct err *err)
{
	struct err one = { .code = CNI_OK };
	uint32_t generation;

	switch (nft_generation(nft, &generation, &one)) {
	case 0:
		return 1;
	case -EPROTONOSUPPORT: /* no netfilter sockets */
	case -EAFNOSUPPORT:    /* no netlink */
	case -EOPNOTSUPP:
	case -EINVAL: /* netfilter sockets, but no nf_tables */
		return 0;
	default:
		*err = one;
		return -one.errnum;
	}
}

/* Returns 1 for nf_tables, 0 for iptables. */
static int in_nftables(struct nft *nft, const struct bridge_rules *rules,
		       struct err *err)
{
	if (rules->backend != MASQ_AUTO)
		return rules->backend == MASQ_NFTABLES;
	return rules_nft_there(nft, err);
}

int rules_del(struct nft *nft, const struct bridge_rules *rules,
	      struct err *err)
{
	int r = rules_nft_there(nft, err);

	if (r > 0)
		r = repeat(nft, attempt_del, rules, err);
	return first_of(rules_ipt_del_legacy(rules, err), r);
}

/* An ADD: what to put in place, by which backend. */
struct addition {
	const struct bridge_rules *rules;
	bool masquerade; /* in nf_tables */
};

/* What the reference made before for the same attachment goes with it. */
static int attempt_add(struct nft *nft, const void *what, bool tidy,
		       struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	const struct addition *addition = what;
	int r;

	(void)tidy;
	r = rules_ref_del(nft, addition->rules, false, &tx, err);
	if (r == 0 && addition->masquerade)
		r = rules_ipt_del(nft, addition->rules, false, &tx, err);
	if (r == 0 && addition->masquerade)
		r = rules_masq_add(nft, addition->rules, &tx, err);
	if (r == 0 && addition->rules->spoof_check)
		r = rules_spoof_add(nft, addition->rules, &tx, err);
	return r ?: nft_commit(nft, &tx, err);
}

/* What was done is undone: nothing of a failed ADD may stay. */
static int take_back(struct nft *nft, const struct bridge_rules *rules, int r)
{
	struct err err = { .code = CNI_OK };

	if (rules_del(nft, rules, &err) < 0)
		log_warn("%s", err.msg);
	return r;
}

int rules_add(struct nft *nft, const struct bridge_rules *rules,
	      struct err *err)
{
	struct addition addition = { .rules = rules };
	bool iptables = false;
	int r = 0;

	if (rules->masq_count > 0) {
		r = in_nftables(nft, rules, err);
		addition.masquerade = r > 0;
		iptables = r == 0;
	}
	if (iptables)
		r = rules_ipt_add(nft, rules, err);
	if (r >= 0 && (addition.masquerade || rules->spoof_check))
		r = repeat(nft, attempt_add, &addition, err);
	return r < 0 && iptables ? take_back(nft, rules, r) : r;
}

int rules_check(struct nft *nft, const struct bridge_rules *rules,
		struct err *err)
{
	int r = 0;

	if (rules->masq_count > 0) {
		r = in_nftables(nft, rules, err);
		if (r >= 0)
			r = r ? rules_masq_check(nft, rules, err)
			      : rules_ipt_check(nft, rules, err);
	}
	if (r == 0 && rules->spoof_check)
		r = rules_spoof_check(nft, rules, err);
	return r;
}

struct gc {
	const char *network;
	const struct cni_attachments *valid;
};

static int gc_masq(struct nft *nft, const void *what, bool tidy,
		   struct nft_tx *tx, struct err *err)
{
	const struct gc *gc = what;

	return rules_masq_gc(nft, gc->network, gc->valid, tidy, tx, err);
}

static int gc_spoof(struct nft *nft, const void *what, bool tidy,
		    struct nft_tx *tx, struct err *err)
{
	const struct gc *gc = what;

	return rules_spoof_gc(nft, gc->network, gc->valid, tidy, tx, err);
}

static int gc_ref(struct nft *nft, const void *what, bool tidy,
		  struct nft_tx *tx, struct err *err)
{
	const struct gc *gc = what;

	return rules_ref_gc(nft, gc->network, gc->valid, tidy, tx, err);
}

static int gc_ipt(struct nft *nft, const void *what, bool tidy,
		  struct nft_tx *tx, struct err *err)
{
	const struct gc *gc = what;

	return rules_ipt_gc(nft, gc->network, gc->valid, tidy, tx, err);
}

static removal_fn *const gc_parts[] = { gc_masq, gc_spoof, gc_ref, gc_ipt };

/* One at a time: a part that fails does not keep the others from working. */
struct gc_part {
	removal_fn *parts[2];
	struct gc gc;
};

static int attempt_gc(struct nft *nft, const void *what, bool tidy,
		      struct err *err)
{
	const struct gc_part *part = what;

	return remove_all(nft, part->parts, &part->gc, tidy, err);
}

static int gc_nft(struct nft *nft, const struct gc *gc, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(gc_parts) / sizeof(*gc_parts); i++) {
		const struct gc_part part = { .parts = { gc_parts[i], NULL },
					      .gc = *gc };
		struct err one = { .code = CNI_OK };

		if (repeat(nft, attempt_gc, &part, &one) == 0)
			continue;
		r = first_of(-one.errnum, r);
		if (err->code)
			(void)err_hint(err, "%s", one.msg);
		else
			*err = one;
	}
	return r;
}

int rules_gc(struct nft *nft, const char *network,
	     const struct cni_attachments *valid, struct err *err)
{
	const struct gc gc = { network, valid };
	int r = rules_nft_there(nft, err);

	if (r > 0)
		r = gc_nft(nft, &gc, err);
	return first_of(rules_ipt_gc_legacy(network, valid, err), r);
}
