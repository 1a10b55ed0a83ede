/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STATUS: could an ADD succeed now? Code 50 when not, and why.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/strbuf.h"
#include "common/base/text.h"
#include "plugins/host-local-ipam/alloc.h"
#include "plugins/host-local-ipam/conf.h"
#include "plugins/host-local-ipam/hostlocal.h"
#include "plugins/host-local-ipam/reclaim.h"
#include "plugins/host-local-ipam/store.h"

/* The nearest parent of @path, which is changed: "a/b" to "a" to ".". */
static void to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		(void)text_put(path, ".");
	else if (slash == path)
		path[1] = '\0';
	else
		*slash = '\0';
}

/* Without blocks or inodes left for us; root may use the reserved ones. */
static bool is_full(const struct statvfs *fs)
{
	bool root = geteuid() == 0;

	return (fs->f_blocks > 0 && (root ? fs->f_bfree : fs->f_bavail) == 0) ||
	       (fs->f_files > 0 && (root ? fs->f_ffree : fs->f_favail) == 0);
}

/* Of @path, or of its nearest parent that exists: ADD makes the rest. */
static int check_writable(const char *path, struct err *err)
{
	auto_strbuf struct strbuf at = { .len = 0 };
	struct statvfs fs;
	int why = 0;

	strbuf_puts(&at, path);
	if (at.failed)
		return err_nomem(err);
	while (faccessat(AT_FDCWD, at.data, F_OK, AT_EACCESS) < 0 &&
	       errno == ENOENT && strcmp(at.data, ".") != 0 &&
	       strcmp(at.data, "/") != 0)
		to_parent(at.data);
	if (statvfs(at.data, &fs) < 0 ||
	    faccessat(AT_FDCWD, at.data, W_OK | X_OK, AT_EACCESS) < 0)
		why = errno;
	else if (is_full(&fs))
		why = ENOSPC;
	if (!why)
		return 0;
	(void)err_sys(err, why, "the lease store \"%s\" cannot be written",
		      at.data);
	return err_code(err, CNI_E_UNAVAILABLE);
}

static int check_set(const struct hostlocal_conf *conf,
		     const struct store *store, size_t set, struct err *err)
{
	const struct range_set *ranges = &conf->sets[set];
	ip_num capacity = alloc_capacity(ranges);
	auto_strbuf struct strbuf text = { .len = 0 };
	size_t used = alloc_used(ranges, store->index.recs, store->index.count);
	int r;

	if (used < capacity)
		return 0;
	if (conf->reclaim_on_boot && reclaim_count(store, ranges) > 0)
		return 0;
	range_set_format(ranges, &text);
	r = err_set(err, CNI_E_UNAVAILABLE,
		    "no IP addresses available in range set: %s",
		    strbuf_str(&text));
	(void)err_hint(err, "range set %zu: %zu of %ju addresses are leased",
		       set, used, (uintmax_t)capacity);
	return r;
}

int hostlocal_status(const struct cni_request *req, struct cni_result *result,
		     struct err *err)
{
	auto_hostlocal_conf struct hostlocal_conf conf = { .set_count = 0 };
	auto_store struct store store = STORE_INIT;
	auto_strbuf struct strbuf path = { .len = 0 };
	int r;

	(void)result;
	r = hostlocal_conf_read(req, &conf, err);
	if (r < 0)
		return r;
	strbuf_printf(&path, "%s/%s", conf.data_dir, req->name);
	r = check_writable(strbuf_str(&path), err);
	if (r < 0)
		return r;
	r = store_open(&store, conf.data_dir, req->name, STORE_READ, err);
	if (r == -ENOENT)
		err_clear(err); /* an empty store, to be made by ADD */
	else if (r < 0)
		return err_code(err, CNI_E_UNAVAILABLE);
	r = 0;
	for (size_t i = 0; r == 0 && i < conf.set_count; i++)
		r = check_set(&conf, &store, i, err);
	/* A person at a terminal asked: show who holds what. */
	if (isatty(STDOUT_FILENO)) {
		struct err ignored = { .code = CNI_OK };

		store_close(&store);
		(void)!hostlocal_print_leases(conf.data_dir, req->name,
					      r < 0 ? &ignored : err);
	}
	return r;
}
