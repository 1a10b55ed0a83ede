/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The iptables backend: chains and rules of table "nat" as the reference plugin
 * makes them (cni-behaviour.md 2.4), so that either can delete the other's:
 *
 *	-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
 *	-A OUTPUT     the same
 *	-I POSTROUTING -m comment --comment ... -j CNI-HOSTPORT-MASQ
 *	-A CNI-HOSTPORT-SETMARK -m comment ... -j MARK --set-xmark M/M
 *	-A CNI-HOSTPORT-MASQ -m mark --mark M/M -j MASQUERADE
 *	-A CNI-HOSTPORT-DNAT -m comment --comment C -m multiport -p PROTOCOL
 *		--destination-ports PORT,... -j CHAIN
 *	-A CHAIN -p PROTOCOL --dport PORT [-d HOST] [-s FROM]
 *		-j CNI-HOSTPORT-SETMARK
 *	-A CHAIN -p PROTOCOL --dport PORT [-d HOST] -j DNAT --to-destination TO
 *
 * C is `dnat name: "NET" id: "ID"`; CHAIN is "CNI-DN-" and a hash of both, so
 * all interfaces of a container on one network share it. What is ours in it
 * begins with a rule that has the owner's text as a comment, and does nothing:
 *
 *	-A CHAIN -m comment --comment "cni:NET/ID/IF" (-d ::1/128 -j RETURN)
 *
 * (with IPv6, it spares [::1], which cannot be translated). The rules behind
 *it, up to the next such, are a section. Of what the reference has made, in
 *front of the first, nobody can tell the interface.
 *
 * And in table "raw", which the reference does not have, the guard:
 *
 *	-I PREROUTING ! -i lo -d 127.0.0.0/8 (::1) -j DROP
 *	-I PREROUTING ! -i lo -s 127.0.0.0/8 (::1) -j DROP
 *
 * What all containers share is made when it is missing, and stays.
 */
#pragma once

#include "common/nft/ipt.h"
#include "plugins/portmap/claims.h"
#include "plugins/portmap/rules.h"

#define PORTMAP_DNAT    "CNI-HOSTPORT-DNAT"
#define PORTMAP_SNAT    "CNI-HOSTPORT-SNAT" /* of old versions */
#define PORTMAP_MASQ    "CNI-HOSTPORT-MASQ"
#define PORTMAP_SETMARK "CNI-HOSTPORT-SETMARK"

/* Which part of the configuration errors name; what the lock is called. */
#define PORTMAP_IPT_KEY  "backend"
#define PORTMAP_IPT_LOCK "portmap"

/*
 * As the functions of rules.h; the caller undoes what a failed ADD has
 * @changed. Never so if the attachment had something here before: that is left,
 * of one family the old or the new of it, whole.
 */
int portmap_ipt_add(struct nft *nft, const struct portmap_rules *rules,
		    bool *changed, struct err *err) MUST_CHECK;
int portmap_ipt_check(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err) MUST_CHECK;
int portmap_ipt_status(struct err *err) MUST_CHECK;

/*
 * Errors: CNI_E_PORT_TAKEN for a port that another holds in iptables' tables of
 * nf_tables, whose rules come before those of the nf_tables backend.
 */
int portmap_ipt_holds(struct nft *nft, const struct portmap_rules *rules,
		      struct err *err) MUST_CHECK;

struct portmap_ipt_gc {
	const char *network;
	const struct cni_attachments *valid;
	int *lock;
	struct ipt_list *gone;
};

/*
 * Removing from iptables' tables in nf_tables: plans, which the kernel refuses
 * when something that they name has gone. They take the lock when there is
 * something to do, unless @lock is one already.
 */
int portmap_ipt_del(struct nft *nft, const struct portmap_rules *rules,
		    int *lock, struct nft_tx *tx, struct err *err) MUST_CHECK;
/* What goes is also put into @gone. */
int portmap_ipt_gc(struct nft *nft, const struct portmap_ipt_gc *gc,
		   struct nft_tx *tx, struct err *err) MUST_CHECK;

/* Only from the table of one family, by a transaction of its own. */
int portmap_ipt_del_family(struct nft *nft, const struct portmap_rules *rules,
			   enum ip_family family, struct err *err) MUST_CHECK;

/* From the older tables: done at once. */
int portmap_ipt_del_legacy(const struct portmap_rules *rules,
			   struct err *err) MUST_CHECK;
int portmap_ipt_gc_legacy(const struct portmap_ipt_gc *gc,
			  struct err *err) MUST_CHECK;

/* Of what has gone: as DEL does it, which never came. */
void portmap_ipt_forget_flows(struct nft *nft, const struct ipt_list *gone);

/* Does the container have a chain? */
bool portmap_ipt_there(struct nft *nft, const struct portmap_rules *rules);

/* What the rules say of ports and addresses, as far as it can be read. */
void portmap_ipt_recall(struct nft *nft, const struct portmap_rules *rules,
			struct claims *out);

/* ---- The parts, for the files of this backend ---- */

/* The name of a container's chain: "CNI-DN-", or "CNI-SN-" of old versions. */
void portmap_ipt_chain(const char *prefix, const char *network,
		       const char *container, char out[static IPT_CHAIN]);

/* The comment of its entries in CNI-HOSTPORT-DNAT. */
void portmap_ipt_comment(const char *network, const char *container,
			 char out[static IPT_COMMENT]);

/* "cni:NETWORK/..." if a section begins with @rule, or @before. */
const char *portmap_ipt_section(const struct ipt_rule *rule,
				const char *before);

/* The rules that an attachment is to have in its chain. -ENOMEM. */
int portmap_ipt_want(const struct portmap_rules *rules, enum ip_family family,
		     struct ipt_list *out, struct err *err) MUST_CHECK;

/* Its entries in CNI-HOSTPORT-DNAT, but for the conditions. -ENOMEM. */
int portmap_ipt_want_entries(const struct portmap_rules *rules,
			     enum ip_family family, struct ipt_list *out,
			     struct err *err) MUST_CHECK;

/* Do both match the same packets, and do the same with them? */
bool portmap_ipt_same(const struct ipt_rule *a, const struct ipt_rule *b);

/*
 * The same for entries. Of conditions, which nobody understands here, only that
 * there are some.
 */
bool portmap_ipt_same_entry(const struct ipt_rule *a, const struct ipt_rule *b);
bool portmap_ipt_conditional(const struct ipt_rule *entry);

/* Is the port of @rule among those of @entry? */
bool portmap_ipt_leads(const struct ipt_rule *entry,
		       const struct ipt_rule *rule);

/* The container's address of @family, and the configuration's conditions. */
const struct cidr *portmap_ipt_pod(const struct portmap_conf *conf,
				   enum ip_family family);
const struct cni_strings *portmap_ipt_conditions(
	const struct portmap_conf *conf, enum ip_family family);

/*
 * Lines that delete the entries of @parent which lead to @chain, from what
 * iptables-save prints: conditions and all.
 */
int portmap_ipt_put_deletes(const struct ipt_restore *restore,
			    const char *parent, const char *chain,
			    struct strbuf *out, struct err *err) MUST_CHECK;

/* One family's tables, and what is there in them. */
struct portmap_ipt {
	enum ip_family family;
	struct ipt_table nat, raw;
	struct ipt_legacy *nat_snapshot, *raw_snapshot;
	struct ipt_list entries; /* all of CNI-HOSTPORT-DNAT */
	struct ipt_list chain;   /* the container's */
	bool has_chain;
	unsigned int missing; /* bits of the shared pieces that are */
	unsigned int chains;  /* those whose chain is there */
};

#define auto_portmap_ipt AUTO(portmap_ipt_close)
void portmap_ipt_close(struct portmap_ipt *ipt);

/* In nf_tables, or with NULL in the older tables; nothing is read yet. */
int portmap_ipt_open(struct portmap_ipt *ipt, enum ip_family family,
		     struct nft *nft, struct err *err) MUST_CHECK;
/* Read @chain; read @entries, which are as many as there are containers. */
int portmap_ipt_look(struct portmap_ipt *ipt, const char *chain,
		     struct err *err) MUST_CHECK;
int portmap_ipt_look_entries(struct portmap_ipt *ipt,
			     struct err *err) MUST_CHECK;

/*
 * Is one of the ports in @want published by another attachment? In iptables
 * that was first, for all addresses, leaves nothing to who comes later.
 * Errors: CNI_E_PORT_TAKEN, or CNI_E_CHECK if it is to be in words of @check.
 */
int portmap_ipt_taken(const struct portmap_ipt *ipt,
		      const struct portmap_rules *rules,
		      const struct ipt_list *want, bool check,
		      struct err *err) MUST_CHECK;

/*
 * What all containers share, in pieces. Those that @conf needs and that are not
 * there become @ipt->missing.
 */
int portmap_ipt_look_shared(struct portmap_ipt *ipt,
			    const struct portmap_conf *conf,
			    struct err *err) MUST_CHECK;

/* Errors: CNI_E_CHECK for one that is missing; @guard: that counts, too. */
int portmap_ipt_check_shared(const struct portmap_ipt *ipt, bool guard,
			     struct err *err) MUST_CHECK;

/* Lines for those that are missing in @table. */
void portmap_ipt_put_shared(const struct portmap_ipt *ipt,
			    const struct portmap_conf *conf, const char *table,
			    struct strbuf *out);
