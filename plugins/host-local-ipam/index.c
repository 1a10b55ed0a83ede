/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/host-local-ipam/index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/text.h"
#include "plugins/host-local-ipam/boot.h"

#define INDEX_DIR   "/run/ferrule"
#define INDEX_FILE  INDEX_DIR "/host-local-"
#define INDEX_MAGIC 0x3158444c52524546U /* "FERRLDX1" */

struct index_head {
	uint64_t magic;
	uint64_t dev, ino;
	int64_t stamp_sec, stamp_nsec;
	uint64_t count;
	char boot_id[40];
};

struct index_rec index_rec_make(const struct ip *ip, uint64_t owner)
{
	struct index_rec rec = { .owner = owner };

	if (ip->family == IP_V4) {
		rec.addr[10] = rec.addr[11] = 0xff;
		memcpy(rec.addr + 12, ip->bytes, 4);
	} else {
		memcpy(rec.addr, ip->bytes, 16);
	}
	return rec;
}

struct ip index_rec_ip(const struct index_rec *rec)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct ip ip = { .family = IP_V6 };

	if (memcmp(rec->addr, mapped, sizeof(mapped)) == 0) {
		ip.family = IP_V4;
		memcpy(ip.bytes, rec->addr + 12, 4);
	} else {
		memcpy(ip.bytes, rec->addr, 16);
	}
	return ip;
}

static bool reserve(struct index *index, size_t count)
{
	size_t size = index->size ?: 64;
	struct index_rec *grown;

	if (count <= index->size)
		return true;
	while (size < count)
		size *= 2;
	grown = reallocarray(index->recs, size, sizeof(*grown));
	if (!grown)
		return false;
	index->recs = grown;
	index->size = size;
	return true;
}

/* What the hint must say to hold for the directory @st describes. */
static struct index_head make_head(const struct stat *st, size_t count,
				   const char *boot_id)
{
	struct index_head head = {
		.magic = INDEX_MAGIC,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.stamp_sec = st->st_mtim.tv_sec,
		.stamp_nsec = st->st_mtim.tv_nsec,
		.count = count,
	};

	memcpy(head.boot_id, boot_id, BOOT_ID_TEXT);
	return head;
}

/*
 * The hint must be a file that only root can write: it decides who owns what.
 * Nobody else can write to /run, so nobody else misses it.
 */
static bool trustworthy(int fd)
{
	struct stat st;

	return io_fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == 0 && !(st.st_mode & 077);
}

static int open_file(const struct stat *store)
{
	char path[sizeof(INDEX_FILE) + TEXT_NUM + TEXT_NUM] = INDEX_FILE;
	int flags = O_RDWR | O_CREAT | O_NOFOLLOW;
	char *at;
	int fd;

	at = text_hex(path + strlen(path), store->st_dev);
	*at++ = '-';
	(void)text_hex(at, store->st_ino);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT && mkdir(INDEX_DIR, 0700) == 0)
		fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd >= 0 && !trustworthy(fd)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool load(struct index *index, const struct stat *st,
		 const char *boot_id)
{
	struct index_head head, want;
	size_t bytes;

	if (pread(index->fd, &head, sizeof(head), 0) != sizeof(head))
		return false;
	want = make_head(st, head.count, boot_id);
	if (memcmp(&head, &want, sizeof(head)) != 0 ||
	    head.count > UINT32_MAX || !reserve(index, head.count + 1))
		return false;
	bytes = head.count * sizeof(*index->recs);
	if (pread(index->fd, index->recs, bytes, sizeof(head)) !=
	    (ssize_t)bytes)
		return false;
	index->count = head.count;
	return true;
}

bool index_open(struct index *index, int dir, const char *boot_id)
{
	struct stat st;

	*index = (struct index){ .fd = -1 };
	if (!*boot_id || io_fstat(dir, &st) < 0)
		return false;
	index->fd = open_file(&st);
	return index->fd >= 0 && load(index, &st, boot_id);
}

/* A count beyond the array means that everything is to be written. */
static void mark_dirty(struct index *index, size_t at)
{
	if (index->dirty_count < INDEX_DIRTY_MAX)
		index->dirty[index->dirty_count] = at;
	if (index->dirty_count <= INDEX_DIRTY_MAX)
		index->dirty_count++;
}

void index_reset(struct index *index)
{
	index->count = 0;
	index->dirty_count = INDEX_DIRTY_MAX + 1;
}

bool index_append(struct index *index, struct index_rec rec)
{
	if (!reserve(index, index->count + 1))
		return false;
	mark_dirty(index, index->count);
	index->recs[index->count++] = rec;
	return true;
}

void index_remove(struct index *index, size_t at)
{
	index->recs[at] = index->recs[--index->count];
	mark_dirty(index, at);
}

/*
 * Give the directory a time that the kernel will not give it again. False if
 * the file system rounds it: two stamps of one second would be the same.
 */
static bool stamp(int dir, struct stat *st)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	uint32_t dice;

	if (io_fstat(dir, st) < 0 ||
	    getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
		return false;
	times[1] = st->st_mtim;
	times[1].tv_nsec -= 1 + (long)(dice & 0xfffff);
	if (times[1].tv_nsec < 0) {
		times[1].tv_nsec += 1000000000;
		times[1].tv_sec--;
	}
	if (futimens(dir, times) < 0 || io_fstat(dir, st) < 0)
		return false;
	return st->st_mtim.tv_sec == times[1].tv_sec &&
	       st->st_mtim.tv_nsec == times[1].tv_nsec;
}

static bool write_recs(const struct index *index, size_t from, size_t count)
{
	size_t bytes = count * sizeof(*index->recs);
	off_t at = (off_t)(sizeof(struct index_head) +
			   from * sizeof(*index->recs));

	return pwrite(index->fd, index->recs + from, bytes, at) ==
	       (ssize_t)bytes;
}

static bool write_dirty(const struct index *index)
{
	bool ok = true;

	if (index->dirty_count > INDEX_DIRTY_MAX)
		return write_recs(index, 0, index->count);
	for (size_t i = 0; ok && i < index->dirty_count; i++)
		if (index->dirty[i] < index->count)
			ok = write_recs(index, index->dirty[i], 1);
	return ok;
}

void index_save(struct index *index, int dir, const char *boot_id)
{
	struct index_head head;
	struct stat st;

	/*
	 * The stamp first: from then on the old head holds for nothing, and so
	 * does a hint that is only half written.
	 */
	if (index->fd < 0 || !stamp(dir, &st) || !write_dirty(index))
		return;
	head = make_head(&st, index->count, boot_id);
	(void)!pwrite(index->fd, &head, sizeof(head), 0);
}

void index_close(struct index *index)
{
	if (index->fd >= 0)
		(void)close(index->fd);
	free(index->recs);
	*index = (struct index){ .fd = -1 };
}
