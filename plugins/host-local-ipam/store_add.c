/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a lease comes into being: complete, or not at all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "common/base/trace.h"
#include "plugins/host-local-ipam/store.h"

/* See store.c: a scan removes one that was left behind. */
#define TEMP_NAME ".ferrule.tmp"

/* A file that has no name yet, or, in old file systems, a temporary one. */
static int open_unnamed(const struct store *store, bool *named)
{
	int fd =
		openat(store->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	*named = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR ||
			    errno == ENOENT || errno == EINVAL);
	if (!*named)
		return fd;
	(void)unlinkat(store->dir, TEMP_NAME, 0);
	return openat(store->dir, TEMP_NAME,
		      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* Give the open file @fd the name @name, which must be free. */
static int link_file(const struct store *store, int fd, const char *name)
{
	char self[16 + TEXT_NUM] = "/proc/self/fd/";

	/* Without CAP_DAC_READ_SEARCH, older kernels want the long way. */
	if (linkat(fd, "", store->dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT && errno != EPERM)
		return -errno;
	(void)text_uint(self + strlen(self), (unsigned int)fd);
	return linkat(AT_FDCWD, self, store->dir, name, AT_SYMLINK_FOLLOW) < 0
		       ? -errno
		       : 0;
}

static int link_temp(const struct store *store, const char *name)
{
	int r;

	if (linkat(store->dir, TEMP_NAME, store->dir, name, 0) == 0) {
		(void)unlinkat(store->dir, TEMP_NAME, 0);
		return 0;
	}
	r = -errno;
	/* File systems without hard links (vfat). */
	if (r == -EPERM || r == -EOPNOTSUPP)
		r = renameat2(store->dir, TEMP_NAME, store->dir, name,
			      RENAME_NOREPLACE) < 0
			    ? -errno
			    : 0;
	if (r < 0)
		(void)unlinkat(store->dir, TEMP_NAME, 0);
	return r;
}

static int create(const struct store *store, const char *name,
		  const char *container, const char *ifname)
{
	char text[LEASE_MAX];
	bool named;
	auto_fd int fd = open_unnamed(store, &named);
	int marked, r;
	char *end;

	if (fd < 0)
		return -errno;
	if (strlen(container) + strlen(ifname) + 3 > sizeof(text))
		return -ENAMETOOLONG;
	end = text_put(text_put(text_put(text, container), "\r\n"), ifname);
	r = io_write_all(fd, text, (size_t)(end - text));
	marked = boot_mark_file(fd, store->boot_id);
	if (r < 0 && named)
		(void)unlinkat(store->dir, TEMP_NAME, 0);
	else if (r == 0)
		r = named ? link_temp(store, name) : link_file(store, fd, name);
	if (r == 0 && marked < 0)
		boot_mark_beside(store->dir, strbuf_str(&store->path), name,
				 store->boot_id);
	return r;
}

int store_add(struct store *store, const struct ip *ip, const char *container,
	      const char *ifname, struct err *err)
{
	uint64_t owner = lease_owner_hash(container);
	uint64_t start = trace_start();
	char name[IP_TEXT];
	int r;

	/* Room first, so that a lease that exists is always in the index. */
	if (!index_append(&store->index, index_rec_make(ip, owner)))
		return err_nomem(err);
	r = create(store, ip_format(ip, name), container, ifname);
	trace_end(start, r, "file", "create %s/%s for %s %s",
		  strbuf_str(&store->path), name, container, ifname);
	if (r < 0)
		index_remove(&store->index, store->index.count - 1);
	if (r == -EEXIST)
		return r;
	if (r < 0)
		return err_sys(err, -r, "create lease \"%s/%s\"",
			       strbuf_str(&store->path), name);
	store->changed = true;
	return 0;
}
