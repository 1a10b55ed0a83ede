/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of tables that are not ours alone: found one by one, by handle. */
#include <string.h>

#include "plugins/bridge/rules_parts.h"

struct scan {
	rules_match_fn *match;
	void *what;
	struct rules_scan *out;
};

static int scan_rule(const struct nft_rule_info *rule, void *ctx)
{
	struct scan *scan = ctx;

	if (!rule) {
		scan->out->handles.len = 0;
		scan->out->kept = 0;
		(void)scan->match(NULL, scan->what);
		return 0;
	}
	if (scan->match(rule, scan->what))
		strbuf_add(&scan->out->handles, &rule->handle,
			   sizeof(rule->handle));
	else
		scan->out->kept++;
	return 0;
}

int rules_scan(struct nft *nft, const struct rules_place *place,
	       rules_match_fn *match, void *what, struct rules_scan *out,
	       struct err *err)
{
	struct scan scan = { match, what, out };
	int r = nft_rules(nft, place->table, place->chain, scan_rule, &scan,
			  err);

	if (r == 0 && out->handles.failed)
		return err_nomem(err);
	return r;
}

size_t rules_scan_count(const struct rules_scan *scan)
{
	return scan->handles.len / sizeof(uint64_t);
}

void rules_scan_plan(const struct rules_scan *scan,
		     const struct rules_place *place, struct nft_tx *tx)
{
	uint64_t handle;

	for (size_t i = 0; i < rules_scan_count(scan); i++) {
		memcpy(&handle, scan->handles.data + i * sizeof(handle),
		       sizeof(handle));
		nft_del_rule(tx, place->table, place->chain, handle);
	}
}

void rules_scan_free(struct rules_scan *scan)
{
	strbuf_free(&scan->handles);
}

int rules_table_left(struct nft *nft, const struct nft_table *table,
		     uint32_t going, struct err *err)
{
	uint32_t use = 0;
	int r = nft_table_get(nft, table, &use, err);

	if (r < 0)
		return r;
	return r > 0 && use > going;
}
