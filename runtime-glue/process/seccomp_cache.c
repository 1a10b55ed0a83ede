/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compiled filters in files, DIR/KEY, of which the key is the hash of all that
 * made the code. What is read becomes a filter, so who could write there could
 * take containers' filters away: the directory and the file must be ours and
 * closed to others. A file comes into being whole, by rename(2), and says how
 * long it is and what it sums up to, for a machine that stopped before it was
 * on disk. Anything odd is as good as no file: the filter is compiled again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/process/parts.h"

#define DIR_MODE  0700
#define FILE_MODE 0600
#define OTHERS    077
#define MAGIC     0x31637365U /* "esc1" */

/* FNV-1a, 64 bits: against accidents; malice is kept out by the modes. */
#define FNV_BASIS 0xcbf29ce484222325U
#define FNV_PRIME 0x100000001b3U

struct head {
	uint32_t magic, len; /* bytes that follow */
	uint64_t sum;
};

static uint64_t sum_of(const char *bytes, size_t len)
{
	uint64_t sum = FNV_BASIS;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * FNV_PRIME;
	return sum;
}

static bool ours(int fd, mode_t type)
{
	struct stat st;

	return io_fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type &&
	       st.st_uid == geteuid() && (st.st_mode & OTHERS) == 0;
}

static int dir_open(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!ours(fd, S_IFDIR)) {
		(void)close(fd);
		return -EPERM;
	}
	return fd;
}

static bool good(const struct strbuf *text, struct head *head)
{
	const size_t most = BPF_MAXINSNS * sizeof(struct sock_filter);

	if (text->failed || text->len < sizeof(*head))
		return false;
	memcpy(head, text->data, sizeof(*head));
	return head->magic == MAGIC && head->len > 0 && head->len <= most &&
	       head->len % sizeof(struct sock_filter) == 0 &&
	       head->len == text->len - sizeof(*head) &&
	       head->sum == sum_of(text->data + sizeof(*head), head->len);
}

int filter_cache_load(const char *dir, const char *key, struct strbuf *out)
{
	auto_strbuf struct strbuf text = { 0 };
	auto_fd int at = dir_open(dir);
	auto_fd int fd = -1;
	struct head head;
	int r;

	if (at < 0)
		return -ENOENT;
	fd = openat(at, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || !ours(fd, S_IFREG))
		return -ENOENT;
	r = io_read_all(
		fd, sizeof(head) + BPF_MAXINSNS * sizeof(struct sock_filter),
		&text);
	if (r < 0 || !good(&text, &head))
		return -ENOENT;
	strbuf_add(out, text.data + sizeof(head), head.len);
	return out->failed ? -ENOENT : 0;
}

static int write_file(int dir, const char *name, const struct strbuf *filter)
{
	const struct head head = {
		.magic = MAGIC,
		.len = (uint32_t)filter->len,
		.sum = sum_of(filter->data, filter->len),
	};
	auto_fd int fd =
		openat(dir, name,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       FILE_MODE);
	int r;

	if (fd < 0)
		return -errno;
	r = io_write_all(fd, &head, sizeof(head));
	return r ?: io_write_all(fd, filter->data, filter->len);
}

void filter_cache_store(const char *dir, const char *key,
			const struct strbuf *filter)
{
	auto_fd int at = -1;
	char temporary[32];
	int r;

	if (mkdir(dir, DIR_MODE) < 0 && errno != EEXIST)
		return;
	at = dir_open(dir);
	if (at < 0)
		return;
	/* One writer a process; what a dead one of this number left goes. */
	(void)snprintf(temporary, sizeof(temporary), "new.%d", getpid());
	(void)unlinkat(at, temporary, 0);
	r = write_file(at, temporary, filter);
	if (r == 0 && renameat(at, temporary, at, key) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(at, temporary, 0);
}
