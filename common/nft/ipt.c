/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/nft/ipt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/hash.h"
#include "common/base/text.h"
#include "common/base/trace.h"

#define LOCK_DIR  "/run/ferrule"
#define LOCK_FILE LOCK_DIR "/iptables.lock"

int ipt_chain(const struct ipt_table *table, const char *chain, struct err *err)
{
	struct nft_chain_info info;

	if (table->snapshot)
		return ipt_legacy_chain(table->snapshot, chain);
	if (!table->nft)
		return 0;
	return nft_chain_get(table->nft,
			     ipt_nft_table(table->family, table->name), chain,
			     &info, err);
}

int ipt_rules(const struct ipt_table *table, const char *chain, ipt_rule_fn *fn,
	      void *ctx, struct err *err)
{
	if (table->snapshot)
		return ipt_legacy_rules(table->snapshot, chain, fn, ctx);
	if (!table->nft)
		return 0;
	return ipt_nft_rules(table, chain, fn, ctx, err);
}

/* ---- Lists ---- */

void ipt_list_free(struct ipt_list *list)
{
	free(list->at);
	*list = (struct ipt_list){ .count = 0 };
}

struct ipt_rule *ipt_list_add(struct ipt_list *list)
{
	size_t size = list->size ? 2 * list->size : 16;
	struct ipt_rule *at = list->at;

	if (list->count == list->size) {
		at = reallocarray(at, size, sizeof(*at));
		if (!at)
			return NULL;
		list->at = at;
		list->size = size;
	}
	at += list->count++;
	*at = (struct ipt_rule){ .handle = 0 };
	return at;
}

static int keep_rule(const struct ipt_rule *rule, void *ctx)
{
	struct ipt_list *list = ctx;
	struct ipt_rule *at;

	if (!rule) {
		list->count = 0;
		return 0;
	}
	at = ipt_list_add(list);
	if (!at)
		return -ENOMEM;
	*at = *rule;
	return 0;
}

int ipt_list_read(const struct ipt_table *table, const char *chain,
		  struct ipt_list *out, struct err *err)
{
	int r;

	out->count = 0;
	r = ipt_rules(table, chain, keep_rule, out, err);
	return r == -ENOMEM && !err->code ? err_nomem(err) : r;
}

/* ---- The lock ---- */

/* The number of this network namespace among all. */
static uint64_t namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? st.st_ino : 0;
}

/* A byte of one file for each, which is free again when it is closed. */
static off_t place_of(const char *what)
{
	char here[TEXT_NUM], hash[8];
	const char *parts[] = { here, what };

	(void)text_uint(here, namespace());
	hash_hex(parts, 2, hash, 7);
	return (off_t)strtoull(hash, NULL, 16);
}

int ipt_lock(const char *what, int *out, struct err *err)
{
	int flags = O_RDWR | O_CREAT | O_NOFOLLOW;
	uint64_t start = trace_start();
	struct flock lock = { .l_type = F_WRLCK,
			      .l_start = place_of(what),
			      .l_len = 1 };
	auto_fd int fd = open(LOCK_FILE, flags | O_CLOEXEC, 0600);
	int r;

	if (fd < 0 && errno == ENOENT &&
	    (mkdir(LOCK_DIR, 0700) == 0 || errno == EEXIST))
		fd = open(LOCK_FILE, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "open \"%s\"", LOCK_FILE);
	do
		r = fcntl(fd, F_OFD_SETLKW, &lock) < 0 ? -errno : 0;
	while (r == -EINTR);
	trace_end(start, r, "lock", "%s for %s", LOCK_FILE, what);
	if (r < 0)
		return err_sys(err, -r, "lock \"%s\"", LOCK_FILE);
	*out = take_fd(&fd);
	return 0;
}
