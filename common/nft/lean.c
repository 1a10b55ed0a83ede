/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for libnftnl's list of all kinds of expressions, which brings the
 * code of each into a plugin: of some 40 kinds we use these.
 *
 * Linked only with plugins, and only where libnftnl is linked from its archive
 * (in the shared library these names are not to be seen). An expression of
 * expr.c that is missing here cannot be made: "out of memory".
 */
#include <stddef.h>
#include <string.h>

/* libnftnl's, and opaque to us. */
struct expr_ops;

extern struct expr_ops expr_ops_bitwise, expr_ops_cmp, expr_ops_ct,
	expr_ops_fib, expr_ops_immediate, expr_ops_lookup, expr_ops_masq,
	expr_ops_meta, expr_ops_nat, expr_ops_payload;

struct expr_ops *nftnl_expr_ops_lookup(const char *name);

struct expr_ops *nftnl_expr_ops_lookup(const char *name)
{
	static const struct {
		const char *name;
		struct expr_ops *ops;
	} kinds[] = {
		{ "bitwise", &expr_ops_bitwise },
		{ "cmp", &expr_ops_cmp },
		{ "ct", &expr_ops_ct },
		{ "fib", &expr_ops_fib },
		{ "immediate", &expr_ops_immediate },
		{ "lookup", &expr_ops_lookup },
		{ "masq", &expr_ops_masq },
		{ "meta", &expr_ops_meta },
		{ "nat", &expr_ops_nat },
		{ "payload", &expr_ops_payload },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].ops;
	return NULL;
}
