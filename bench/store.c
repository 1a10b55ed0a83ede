/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/bench.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_IP 0x0a4d0002U /* 10.77.0.2; 10.77.0.1 is the gateway */

/* A container ID that looks like any other, from a number: splitmix64. */
void id_make(char id[static ID_TEXT], uint64_t seed)
{
	uint64_t state = seed * 4, z;

	for (size_t i = 0; i < 4; i++) {
		z = ++state * 0x9e3779b97f4a7c15U;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
		(void)snprintf(id + 16 * i, ID_TEXT - 16 * i, "%016llx",
			       (unsigned long long)(z ^ (z >> 31)));
	}
}

static void write_file(int dir, const char *name, const char *text)
{
	size_t len = strlen(text);
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		err(1, "%s", name);
	(void)close(fd);
}

static void fill(int dir, long leases)
{
	char name[INET_ADDRSTRLEN], id[ID_TEXT], text[ID_TEXT + 16];
	struct in_addr addr;

	for (long i = 0; i < leases; i++) {
		addr.s_addr = htonl(FIRST_IP + (uint32_t)i);
		(void)inet_ntop(AF_INET, &addr, name, sizeof(name));
		id_make(id, (uint64_t)i);
		(void)snprintf(text, sizeof(text), "%s\r\neth0", id);
		write_file(dir, name, text);
	}
	if (leases > 0)
		write_file(dir, "last_reserved_ip.0", name);
}

void store_make(struct store *store, const char *parent, const char *network,
		long leases)
{
	char *path = store->data_dir;
	int n = snprintf(path, sizeof(store->data_dir), "%s/store-%s.XXXXXX",
			 parent, network);
	int dir;

	if (n < 0 || (size_t)n >= sizeof(store->data_dir) || !mkdtemp(path))
		err(1, "make a store in %s", parent);
	(void)snprintf(store->dir, sizeof(store->dir), "%s/%s", path, network);
	if (mkdir(store->dir, 0755) < 0)
		err(1, "%s", store->dir);
	dir = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		err(1, "%s", store->dir);
	write_file(dir, "lock", "");
	fill(dir, leases);
	(void)close(dir);
	store->leases = leases;
}

void store_expect(const struct store *store, const char *ip, const char *id)
{
	char path[PATH_MAX], want[ID_TEXT + 16], text[256];
	int fd;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", store->dir, ip);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!id && fd < 0 && errno == ENOENT)
		return;
	if (!id)
		errx(1, "%s: still there after DEL", path);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0)
		err(1, "%s", path);
	(void)close(fd);
	(void)snprintf(want, sizeof(want), "%s\r\neth0", id);
	if ((size_t)n != strlen(want) || memcmp(text, want, (size_t)n) != 0)
		errx(1, "%s: not the lease that ADD should have written", path);
}

long store_count(const struct store *store)
{
	DIR *dir = opendir(store->dir);
	struct in_addr addr;
	struct dirent *ent;
	long leases = 0;

	if (!dir)
		err(1, "%s", store->dir);
	while ((ent = readdir(dir)))
		leases += inet_pton(AF_INET, ent->d_name, &addr) == 1;
	(void)closedir(dir);
	return leases;
}

void store_expect_count(const struct store *store)
{
	long leases = store_count(store);

	if (leases != store->leases)
		errx(1, "%s: has %ld leases, not %ld", store->dir, leases,
		     store->leases);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void store_delete(const struct store *store)
{
	if (nftw(store->data_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
		err(1, "remove %s", store->data_dir);
}
