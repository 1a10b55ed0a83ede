/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of a tar archive (POSIX.1-2001, pax): what does not fit into the
 * fields of 1988 goes into a record before the entry.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/tarw_parts.h"

#define BLOCK 512U
#define CHUNK ((size_t)128 << 10)

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8];
	char type, link[100], magic[8], uname[32], gname[32], major[8],
		minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "a block of tar");

void tarw_pax(struct strbuf *pax, const char *key, const void *value,
	      size_t len)
{
	/* The length counts its own digits. */
	size_t rest = strlen(key) + len + 3, total = rest + 1;
	char digits[24];

	for (;;) {
		int n = snprintf(digits, sizeof(digits), "%zu", total);

		if (rest + (size_t)n == total)
			break;
		total = rest + (size_t)n;
	}
	strbuf_printf(pax, "%s %s=", digits, key);
	strbuf_add(pax, value, len);
	strbuf_putc(pax, '\n');
}

static bool put_octal(char *field, size_t size, uint64_t value)
{
	bool fits = true;

	for (size_t i = size - 1; i > 0; i--) {
		field[i - 1] = (char)('0' + (value & 7));
		value >>= 3;
	}
	field[size - 1] = '\0';
	fits = value == 0;
	return fits;
}

static void put_number(char *field, size_t size, uint64_t value,
		       const char *key, struct strbuf *pax)
{
	char text[24];

	if (put_octal(field, size, value))
		return;
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	tarw_pax(pax, key, text, strlen(text));
}

static void put_text(char *field, size_t size, const char *text,
		     const char *key, struct strbuf *pax)
{
	size_t len = strlen(text);
	bool plain = len < size;

	for (size_t i = 0; plain && i < len; i++)
		plain = (unsigned char)text[i] < 128;
	memcpy(field, text, len < size ? len : size - 1);
	if (!plain)
		tarw_pax(pax, key, text, len);
}

static void put_mtime(struct ustar *h, const struct stat *st,
		      struct strbuf *pax)
{
	char text[48];

	if (st->st_mtim.tv_sec >= 0 &&
	    put_octal(h->mtime, sizeof(h->mtime),
		      (uint64_t)st->st_mtim.tv_sec) &&
	    st->st_mtim.tv_nsec == 0)
		return;
	(void)snprintf(text, sizeof(text), "%lld.%09ld",
		       (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	/* Before 1970 "-1.5" is 0.5 s later than what is meant by it. */
	if (st->st_mtim.tv_sec < 0)
		(void)snprintf(text, sizeof(text), "%lld",
			       (long long)st->st_mtim.tv_sec);
	tarw_pax(pax, "mtime", text, strlen(text));
}

static void finish(struct ustar *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned int sum = 0;

	memcpy(h->magic, "ustar\00000", 8);
	memset(h->sum, ' ', sizeof(h->sum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += bytes[i];
	(void)put_octal(h->sum, 7, sum);
	h->sum[7] = ' ';
}

int tarw_pad(uint64_t size, const struct tarw_sink *sink, struct err *err)
{
	static const char zeroes[BLOCK];
	size_t rest = size % BLOCK;

	return rest ? sink->write(sink->opaque, zeroes, BLOCK - rest, err) : 0;
}

static int write_pax(const struct strbuf *pax, const struct tarw_sink *sink,
		     struct err *err)
{
	struct ustar h = { .name = "PaxHeaders/x", .type = 'x' };
	int r;

	(void)put_octal(h.mode, sizeof(h.mode), 0644);
	(void)put_octal(h.uid, sizeof(h.uid), 0);
	(void)put_octal(h.gid, sizeof(h.gid), 0);
	(void)put_octal(h.size, sizeof(h.size), pax->len);
	(void)put_octal(h.mtime, sizeof(h.mtime), 0);
	finish(&h);
	r = sink->write(sink->opaque, &h, sizeof(h), err);
	r = r ?: sink->write(sink->opaque, pax->data, pax->len, err);
	return r ?: tarw_pad(pax->len, sink, err);
}

int tarw_header(const struct tarw_entry *entry, uint64_t size,
		const struct tarw_sink *sink, struct err *err)
{
	struct ustar h = { .type = entry->type };
	struct strbuf *pax = entry->pax;
	const struct stat *st = entry->st;
	int r = 0;

	put_text(h.name, sizeof(h.name), entry->path, "path", pax);
	if (entry->link)
		put_text(h.link, sizeof(h.link), entry->link, "linkpath", pax);
	(void)put_octal(h.mode, sizeof(h.mode), st->st_mode & 07777);
	put_number(h.uid, sizeof(h.uid), st->st_uid, "uid", pax);
	put_number(h.gid, sizeof(h.gid), st->st_gid, "gid", pax);
	put_number(h.size, sizeof(h.size), size, "size", pax);
	put_mtime(&h, st, pax);
	if (entry->type == '3' || entry->type == '4') {
		(void)put_octal(h.major, sizeof(h.major), major(st->st_rdev));
		(void)put_octal(h.minor, sizeof(h.minor), minor(st->st_rdev));
	}
	if (pax->failed)
		return err_nomem(err);
	finish(&h);
	if (pax->len > 0)
		r = write_pax(pax, sink, err);
	return r ?: sink->write(sink->opaque, &h, sizeof(h), err);
}

int tarw_bytes(int fd, uint64_t size, const struct tarw_sink *sink,
	       struct err *err)
{
	auto_free char *buf = malloc(CHUNK);
	uint64_t left = size;
	int r = 0;

	if (!buf)
		return err_nomem(err);
	while (r == 0 && left > 0) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t n = read(fd, buf, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read a file");
		if (n == 0) { /* the header has promised more */
			memset(buf, 0, want);
			n = (ssize_t)want;
		}
		r = sink->write(sink->opaque, buf, (size_t)n, err);
		left -= (uint64_t)n;
	}
	return r ?: tarw_pad(size, sink, err);
}

int tarw_file(const char *name, const void *bytes, size_t len,
	      const struct tarw_sink *sink, struct err *err)
{
	const struct stat st = { .st_mode = S_IFREG | 0644 };
	auto_strbuf struct strbuf pax = { .len = 0 };
	const struct tarw_entry entry = {
		.path = name, .type = '0', .st = &st, .pax = &pax
	};
	int r = tarw_header(&entry, len, sink, err);

	r = r ?: sink->write(sink->opaque, bytes, len, err);
	return r ?: tarw_pad(len, sink, err);
}

int tarw_fd(const char *name, int fd, const struct tarw_sink *sink,
	    struct err *err)
{
	struct stat st = { .st_mode = S_IFREG | 0644 };
	struct stat file;
	auto_strbuf struct strbuf pax = { .len = 0 };
	const struct tarw_entry entry = {
		.path = name, .type = '0', .st = &st, .pax = &pax
	};
	int r;

	if (io_fstat(fd, &file) < 0)
		return err_sys(err, errno, "look at %s", name);
	r = tarw_header(&entry, (uint64_t)file.st_size, sink, err);
	return r ?: tarw_bytes(fd, (uint64_t)file.st_size, sink, err);
}

int tarw_end(const struct tarw_sink *sink, struct err *err)
{
	static const char zeroes[2 * BLOCK];

	return sink->write(sink->opaque, zeroes, sizeof(zeroes), err);
}
