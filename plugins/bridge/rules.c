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
#include <string.h>

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

int rules_del(struct nft *nft, const struct bridge_rules *rules,
	      struct err *err)
{
	int r = rules_nft_there(nft, err);

	if (r > 0)
		r = repeat(nft, attempt_del, rules, err);
	return first_of(rules_ipt_del_legacy(rules, err), r);
}

/* Names of tables in which others' rules for an attachment may be. */
struct foreign {
	bool reference, nat;
};

static int note_table(const char *name, void *ctx)
{
	struct foreign *foreign = ctx;

	if (!name)
		*foreign = (struct foreign){ .nat = false };
	else if (strcmp(name, "nat") == 0)
		foreign->nat = true;
	else if (strcmp(name, "cni_plugins_masquerade") == 0)
		foreign->reference = true;
	return 0;
}

/* An ADD: what to put in place, by which backend. */
struct addition {
	const struct bridge_rules *rules;
	bool masquerade; /* in nf_tables */
	int *tries;
};

/*
 * What the reference made before for the same attachment goes with it. That an
 * address is another's still is so rare that it is not asked at first.
 */
static int attempt_add(struct nft *nft, const void *what, bool tidy,
		       struct err *err)
{
	auto_nft_tx struct nft_tx tx = { .message = 0 };
	struct foreign foreign = { .nat = false };
	const struct addition *addition = what;
	const struct bridge_rules *rules = addition->rules;
	const bool look = (*addition->tries)++ > 0;
	int r;

	(void)tidy;
	r = nft_tables(nft, note_table, &foreign, err);
	if (r == 0 && (foreign.reference || foreign.nat))
		r = rules_ref_del(nft, rules, false, &tx, err);
	if (r == 0 && foreign.nat && addition->masquerade)
		r = rules_ipt_del(nft, rules, false, &tx, err);
	if (r == 0 && addition->masquerade)
		r = rules_masq_add(nft, rules, look, &tx, err);
	if (r == 0 && rules->spoof_check)
		r = rules_spoof_add(nft, rules, look, &tx, err);
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

static int add_in_nftables(struct nft *nft, const struct bridge_rules *rules,
			   bool masquerade, struct err *err)
{
	int tries = 0;
	const struct addition addition = { rules, masquerade, &tries };

	if (!masquerade && !rules->spoof_check)
		return 0;
	return repeat(nft, attempt_add, &addition, err);
}

static int add_in_iptables(struct nft *nft, const struct bridge_rules *rules,
			   struct err *err)
{
	int r = rules_ipt_add(nft, rules, err);

	r = r ?: add_in_nftables(nft, rules, false, err);
	return r < 0 ? take_back(nft, rules, r) : r;
}

/* Some kernels have nf_tables for bridges alone, or with no translation. */
static bool is_lacking(struct nft *nft, int r)
{
	struct err ignored = { .code = CNI_OK };

	return r == -EOPNOTSUPP || rules_nft_there(nft, &ignored) == 0;
}

int rules_add(struct nft *nft, const struct bridge_rules *rules,
	      struct err *err)
{
	struct err why = { .code = CNI_OK };
	int r;

	if (rules->masq_count > 0 && rules->backend == MASQ_IPTABLES)
		return add_in_iptables(nft, rules, err);
	r = add_in_nftables(nft, rules, rules->masq_count > 0, &why);
	if (r < 0 && rules->masq_count > 0 && rules->backend == MASQ_AUTO &&
	    is_lacking(nft, r))
		return add_in_iptables(nft, rules, err);
	if (r < 0)
		*err = why;
	return r;
}

/*
 * Masquerade may be by whatever backend there was when the container came, and
 * by whatever plugin. What is said to be missing is what an ADD would make now.
 */
static int check_masquerade(struct nft *nft, const struct bridge_rules *rules,
			    struct err *err)
{
	struct err expected = { .code = CNI_OK }, other = { .code = CNI_OK };
	const bool iptables = rules->backend == MASQ_IPTABLES;

	if ((iptables ? rules_ipt_check : rules_masq_check)(nft, rules,
							    &expected) == 0)
		return 0;
	if ((iptables ? rules_masq_check : rules_ipt_check)(nft, rules,
							    &other) == 0 ||
	    rules_ref_masq(nft, rules, &other) > 0)
		return 0;
	*err = expected;
	return -expected.errnum;
}

static int check_spoof(struct nft *nft, const struct bridge_rules *rules,
		       struct err *err)
{
	struct err expected = { .code = CNI_OK }, other = { .code = CNI_OK };

	if (rules_spoof_check(nft, rules, &expected) == 0 ||
	    rules_ref_spoof(nft, rules, &other) > 0)
		return 0;
	*err = expected;
	return -expected.errnum;
}

int rules_check(struct nft *nft, const struct bridge_rules *rules,
		struct err *err)
{
	int r = 0;

	if (rules->masq_count > 0)
		r = check_masquerade(nft, rules, err);
	if (r == 0 && rules->spoof_check)
		r = check_spoof(nft, rules, err);
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
