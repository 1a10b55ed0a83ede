/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/host-local-ipam/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/trace.h"

DEFINE_AUTO(dir, DIR *, closedir)
#define auto_dir AUTO(auto_dir_release)

/* A writer's temporary file, where files without a name are not to be had. */
#define TEMP_NAME ".ferrule.tmp"

static const char *path_of(const struct store *store)
{
	return strbuf_str(&store->path);
}

/* mkdir -p, as the reference does it. */
static int make_dirs(struct store *store, struct err *err)
{
	char *path = store->path.data;
	char *slash = path;

	do {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make directory \"%s\"",
				       path);
		if (slash)
			*slash = '/';
	} while (slash);
	return 0;
}

static int open_dir(struct store *store, struct err *err)
{
	int flags = O_RDONLY | O_DIRECTORY;
	int r;

	store->dir = open(path_of(store), flags | O_CLOEXEC);
	if (store->dir < 0 && errno == ENOENT && store->mode == STORE_CREATE) {
		r = make_dirs(store, err);
		if (r < 0)
			return r;
		store->dir = open(path_of(store), flags | O_CLOEXEC);
	}
	if (store->dir < 0)
		return err_sys(err, errno, "open the lease store \"%s\"",
			       path_of(store));
	return 0;
}

/* The lock file of every host-local: <store>/lock, by flock(2). */
static int take_lock(struct store *store, struct err *err)
{
	bool shared = store->mode == STORE_READ;
	int flags = shared ? O_RDONLY : O_RDONLY | O_CREAT;
	uint64_t start = trace_start();
	int r;

	store->lock = openat(store->dir, "lock",
			     flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0750);
	if (store->lock < 0 && shared && errno == ENOENT)
		return 0; /* nobody has ever written here */
	if (store->lock < 0)
		return err_sys(err, errno, "open \"%s/lock\"", path_of(store));
	do
		r = flock(store->lock, shared ? LOCK_SH : LOCK_EX);
	while (r < 0 && errno == EINTR);
	trace_end(start, r < 0 ? -errno : 0, "lock", "flock %s/lock %s",
		  path_of(store), shared ? "shared" : "exclusive");
	if (r < 0)
		return err_sys(err, errno, "lock \"%s/lock\"", path_of(store));
	return 0;
}

int store_open(struct store *store, const char *data_dir, const char *network,
	       enum store_mode mode, struct err *err)
{
	int r;

	store->mode = mode;
	strbuf_puts(&store->path, data_dir);
	strbuf_putc(&store->path, '/');
	strbuf_puts(&store->path, network);
	if (store->path.failed)
		return err_nomem(err);
	r = open_dir(store, err);
	r = r ?: take_lock(store, err);
	if (r < 0)
		return r;
	boot_id_read(store->boot_id);
	if (index_open(&store->index, store->dir, store->boot_id))
		return 0;
	return store_scan(store, err);
}

/* A lease's name is its address in canonical text; nothing else is one. */
static bool lease_name(const char *name, struct ip *ip)
{
	char text[IP_TEXT];

	return ip_parse(name, ip) == 0 &&
	       strcmp(ip_format(ip, text), name) == 0;
}

/* A FIFO or a device reads as empty, too. */
static bool is_file(const struct store *store, const char *name)
{
	struct stat st;

	return fstatat(store->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

static int read_named(const struct store *store, const char *name,
		      char text[static LEASE_MAX], struct lease *out)
{
	int n = io_read_small(store->dir, name, text, LEASE_MAX);

	*out = (struct lease){ LEASE_FOREIGN, "", "" };
	/* Links, sockets, directories and long files can be no leases. */
	if (n < 0 && n != -ELOOP && n != -ENXIO && n != -ENODEV &&
	    n != -EISDIR && n != -EFBIG)
		return n;
	if (n >= 0)
		*out = lease_parse(text, (size_t)n);
	if (out->kind == LEASE_TORN && !is_file(store, name))
		out->kind = LEASE_FOREIGN;
	return 0;
}

int store_read_lease(const struct store *store, const struct ip *ip,
		     char text[static LEASE_MAX], struct lease *out)
{
	char name[IP_TEXT];

	return read_named(store, ip_format(ip, name), text, out);
}

/* Under the exclusive lock nobody is writing: what is torn stays torn. */
static bool drop_torn(struct store *store, const char *name)
{
	uint64_t start = trace_start();
	int r;

	if (store->mode == STORE_READ)
		return true;
	r = unlinkat(store->dir, name, 0) < 0 ? -errno : 0;
	trace_end(start, r, "file", "unlink %s/%s", path_of(store), name);
	if (r < 0)
		log_warn("cannot remove \"%s/%s\", which is empty or torn: %s",
			 path_of(store), name, err_text(-r));
	else
		log_warn("removed \"%s/%s\": empty or torn, nobody's lease",
			 path_of(store), name);
	store->changed = true;
	return r == 0;
}

/* It may be anybody's: its address stays taken, and no hint will do. */
static void note_unreadable(struct store *store, const char *name, int why)
{
	log_warn("cannot read the lease \"%s/%s\": %s", path_of(store), name,
		 err_text(why));
	store->unsure = true;
}

static int scan_one(struct store *store, const char *name, struct err *err)
{
	char text[LEASE_MAX];
	struct lease lease;
	struct ip ip;
	int r;

	if (strcmp(name, TEMP_NAME) == 0 && store->mode != STORE_READ) {
		(void)unlinkat(store->dir, name, 0);
		return 0;
	}
	if (!lease_name(name, &ip))
		return 0;
	r = read_named(store, name, text, &lease);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		note_unreadable(store, name, -r);
	if (lease.kind == LEASE_TORN && drop_torn(store, name))
		return 0;
	if (!index_append(&store->index,
			  index_rec_make(&ip, *lease.container
						      ? lease_owner_hash(
								lease.container)
						      : 0)))
		return err_nomem(err);
	return 0;
}

int store_scan(struct store *store, struct err *err)
{
	int fd = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint64_t start = trace_start();
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = err_sys(err, errno, "read \"%s\"", path_of(store));
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	index_reset(&store->index);
	store->scanned = true;
	store->unsure = false;
	store->changed = true; /* the hint is to be written anew */
	while (r == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		r = scan_one(store, entry->d_name, err);
	if (r == 0 && errno)
		r = err_sys(err, errno, "read \"%s\"", path_of(store));
	trace_end(start, r, "file", "read %zu leases in %s", store->index.count,
		  path_of(store));
	return r;
}

bool store_find(const struct store *store, const char *container,
		const char *ifname, enum lease_kind kind, size_t *at)
{
	uint64_t owner = lease_owner_hash(container);
	char text[LEASE_MAX];
	struct lease lease;
	struct ip ip;

	for (; *at < store->index.count; (*at)++) {
		if (store->index.recs[*at].owner != owner)
			continue;
		ip = index_rec_ip(&store->index.recs[*at]);
		if (store_read_lease(store, &ip, text, &lease) == 0 &&
		    lease.kind == kind &&
		    lease_owned_by(&lease, container, ifname))
			return true;
	}
	return false;
}

int store_remove(struct store *store, size_t at, struct err *err)
{
	struct ip ip = index_rec_ip(&store->index.recs[at]);
	uint64_t start = trace_start();
	char name[IP_TEXT];
	int r;

	(void)ip_format(&ip, name);
	r = unlinkat(store->dir, name, 0) < 0 ? -errno : 0;
	trace_end(start, r, "file", "unlink %s/%s", path_of(store), name);
	if (r < 0 && r != -ENOENT)
		return err_sys(err, -r, "remove \"%s/%s\"", path_of(store),
			       name);
	boot_unmark_beside(path_of(store), name);
	index_remove(&store->index, at);
	store->changed = true;
	return 0;
}

int store_remove_ip(struct store *store, const struct ip *ip, struct err *err)
{
	struct index_rec want = index_rec_make(ip, 0);

	for (size_t at = 0; at < store->index.count; at++)
		if (memcmp(store->index.recs[at].addr, want.addr,
			   sizeof(want.addr)) == 0)
			return store_remove(store, at, err);
	return 0;
}

enum boot store_boot_of(const struct store *store, const struct ip *ip)
{
	char name[IP_TEXT];

	return boot_of(store->dir, path_of(store), ip_format(ip, name),
		       store->boot_id);
}

/*
 * Round robin's memory is written in place, as it is only a hint: cut short by
 * a kill it reads as no address or another one, and the search begins there.
 * A temporary file and rename(2) would make ext4 write it out at once.
 */
static char *last_reserved_name(char name[static 40], size_t set)
{
	(void)text_uint(text_put(name, "last_reserved_ip."), set);
	return name;
}

struct ip store_last_reserved(const struct store *store, size_t set)
{
	char name[40], text[IP_TEXT + 1];
	struct ip ip;
	int n;

	n = io_read_small(store->dir, last_reserved_name(name, set), text,
			  sizeof(text));
	if (n <= 0 || ip_parse(text, &ip) < 0)
		ip.family = IP_NONE;
	return ip;
}

int store_set_last_reserved(struct store *store, size_t set,
			    const struct ip *ip, struct err *err)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
	uint64_t start = trace_start();
	char name[40], text[IP_TEXT];
	auto_fd int fd = -1;
	struct stat st;
	size_t len;
	int r = 0;

	(void)last_reserved_name(name, set);
	len = strlen(ip_format(ip, text));
	fd = openat(store->dir, name, flags | O_CLOEXEC, 0600);
	if (fd < 0 || io_fstat(fd, &st) < 0 ||
	    (st.st_size > (off_t)len && ftruncate(fd, (off_t)len) < 0) ||
	    pwrite(fd, text, len, 0) != (ssize_t)len)
		r = -(errno ?: ENOSPC);
	trace_end(start, r, "file", "write %s/%s \"%s\"", path_of(store), name,
		  text);
	store->changed = true;
	if (r < 0)
		return err_sys(err, -r, "write \"%s/%s\"", path_of(store),
			       name);
	return 0;
}

void store_close(struct store *store)
{
	if (store->changed && !store->unsure && store->mode != STORE_READ)
		index_save(&store->index, store->dir, store->boot_id);
	index_close(&store->index);
	if (store->lock >= 0)
		(void)close(store->lock);
	if (store->dir >= 0)
		(void)close(store->dir);
	store->lock = store->dir = -1;
	strbuf_free(&store->path);
}
