/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of libnftnl's 37 expressions, those that we put into rules.
 *
 * The library finds an expression by name in a table that names them all, so
 * each comes with every program. This is that function with a shorter table:
 * 50 KiB less of a plugin that has 300.
 *
 * Linked only with plugins, and only where libnftnl is linked from its archive.
 * An expression that is missing here is "memory ran out" to whoever builds it;
 * the tests of common/nft build every one.
 */
#include <stddef.h>
#include <string.h>

struct expr_ops;

extern struct expr_ops expr_ops_bitwise, expr_ops_cmp, expr_ops_ct,
	expr_ops_fib, expr_ops_immediate, expr_ops_lookup, expr_ops_masq,
	expr_ops_meta, expr_ops_nat, expr_ops_payload;

struct expr_ops *nftnl_expr_ops_lookup(const char *type);

struct expr_ops *nftnl_expr_ops_lookup(const char *type)
{
	static const struct {
		const char *name;
		struct expr_ops *ops;
	} known[] = {
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

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, type) == 0)
			return known[i].ops;
	return NULL;
}
