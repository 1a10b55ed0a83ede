/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Until common/nft is merged: refuses what it cannot do. */
#include "plugins/bridge/rules.h"

void nft_close(struct nft *nft)
{
	(void)nft;
}

static int pending(struct err *err)
{
	return err_set(err, CNI_E_FIELD, "ipMasq, macspoofchk: not merged yet");
}

int rules_add(struct nft *nft, const struct bridge_rules *rules,
	      struct err *err)
{
	(void)nft;
	(void)rules;
	return pending(err);
}

int rules_check(struct nft *nft, const struct bridge_rules *rules,
		struct err *err)
{
	(void)nft;
	(void)rules;
	return pending(err);
}

int rules_del(struct nft *nft, const struct bridge_rules *rules,
	      struct err *err)
{
	(void)nft;
	(void)rules;
	(void)err;
	return 0;
}

int rules_gc(struct nft *nft, const char *network,
	     const struct cni_attachments *valid, struct err *err)
{
	(void)nft;
	(void)network;
	(void)valid;
	(void)err;
	return 0;
}

int rules_status(struct nft *nft, const struct bridge_conf *conf,
		 struct err *err)
{
	(void)nft;
	return conf->ip_masq || conf->mac_spoof_chk ? pending(err) : 0;
}
