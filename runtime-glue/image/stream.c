/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacking (gzip, zstd) and hashing in a thread of its own, while another
 * writes files: each is about half of the work of loading a layer.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/unpack.h"

#define SLOTS      8
#define SLOT_BYTES (256U << 10)

/* Nothing honest packs more than this, over that much. */
#define RATIO_MAX   2000
#define RATIO_BYTES (2ULL << 30)

struct stream {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	char *slots[SLOTS];
	size_t lens[SLOTS];
	unsigned int put, taken; /* how many, ever */
	bool holding;            /* the taker uses slot `taken` */
	bool ended, stop;
	int fd, result;
	char *in;
	uint64_t packed, unpacked, max;
	struct layer_limits limits;
	struct digest digest;
	char hex[DIGEST_HEX];
	struct err err;
};

static la_ssize_t read_packed(struct archive *archive, void *opaque,
			      const void **bytes)
{
	struct stream *s = opaque;
	ssize_t n;

	(void)archive;
	do
		n = read(s->fd, s->in, SLOT_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		(void)err_sys(&s->err, errno, "read a layer's blob");
		return -1;
	}
	s->packed += (uint64_t)n;
	if (s->limits.progress)
		s->limits.progress(s->limits.opaque, (uint64_t)n);
	*bytes = s->in;
	return n;
}

/* A free slot, or NULL: nobody wants more. */
static char *free_slot(struct stream *s)
{
	char *slot;

	(void)pthread_mutex_lock(&s->mutex);
	while (!s->stop && s->put - s->taken == SLOTS)
		(void)pthread_cond_wait(&s->changed, &s->mutex);
	slot = s->stop ? NULL : s->slots[s->put % SLOTS];
	(void)pthread_mutex_unlock(&s->mutex);
	return slot;
}

static void put_slot(struct stream *s, size_t len)
{
	(void)pthread_mutex_lock(&s->mutex);
	s->lens[s->put % SLOTS] = len;
	s->put++;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->mutex);
}

static int check_size(struct stream *s)
{
	if (s->unpacked > s->max) {
		(void)err_set(&s->err, CNI_E_DECODE,
			      "the layer is larger than %llu MiB unpacked",
			      (unsigned long long)(s->max >> 20));
		return err_hint(&s->err, "if you trust it, allow more with "
					 "--max-size");
	}
	if (s->unpacked > RATIO_BYTES && s->unpacked / RATIO_MAX > s->packed)
		return err_set(&s->err, CNI_E_DECODE,
			       "the layer unpacks to more than %d times its "
			       "size: it is a bomb",
			       RATIO_MAX);
	return 0;
}

static int pump(struct stream *s, const struct lib_archive *lib,
		struct archive *archive)
{
	la_ssize_t n = 1;
	char *slot;
	int r = 0;

	while (r == 0 && n > 0) {
		slot = free_slot(s);
		if (!slot)
			return 0;
		n = lib->archive_read_data(archive, slot, SLOT_BYTES);
		if (n < 0)
			return err_set(&s->err, CNI_E_DECODE,
				       "unpack a layer: %s",
				       lib->archive_error_string(archive)
					       ?: "it is damaged");
		r = digest_add(&s->digest, slot, (size_t)n, &s->err);
		s->unpacked += (uint64_t)n;
		r = r ?: check_size(s);
		if (r == 0 && n > 0)
			put_slot(s, (size_t)n);
	}
	return r ?: digest_end(&s->digest, s->hex, &s->err);
}

static int work(struct stream *s)
{
	const struct lib_archive *lib = lib_archive(&s->err);
	struct archive *archive = lib ? lib->archive_read_new() : NULL;
	struct archive_entry *entry;
	int r;

	if (!archive)
		return lib ? err_nomem(&s->err) : -EINVAL;
	if (lib->archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
	    lib->archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
	    lib->archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    lib->archive_read_open2(archive, s, NULL, read_packed, NULL,
				    NULL) != ARCHIVE_OK ||
	    lib->archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		r = err_set(&s->err, CNI_E_DECODE, "unpack a layer: %s",
			    lib->archive_error_string(archive)
				    ?: "it is empty");
	else
		r = pump(s, lib, archive);
	(void)lib->archive_read_free(archive);
	return r;
}

static void *run(void *opaque)
{
	struct stream *s = opaque;
	int r = work(s);

	(void)pthread_mutex_lock(&s->mutex);
	s->result = r;
	s->ended = true;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->mutex);
	return NULL;
}

static void stream_free(struct stream *s)
{
	digest_free(&s->digest);
	for (size_t i = 0; i < SLOTS; i++)
		free(s->slots[i]);
	free(s->in);
	(void)pthread_mutex_destroy(&s->mutex);
	(void)pthread_cond_destroy(&s->changed);
	free(s);
}

int stream_begin(int fd, const struct layer_limits *limits, struct stream **out,
		 struct err *err)
{
	struct stream *s;
	int r;

	if (!lib_archive(err))
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err);
	(void)pthread_mutex_init(&s->mutex, NULL);
	(void)pthread_cond_init(&s->changed, NULL);
	s->fd = fd;
	s->limits = *limits;
	s->max = limits->bytes ?: LAYER_BYTES_MAX;
	s->in = malloc(SLOT_BYTES);
	r = s->in ? digest_begin(&s->digest, err) : err_nomem(err);
	for (size_t i = 0; r == 0 && i < SLOTS; i++) {
		s->slots[i] = malloc(SLOT_BYTES);
		if (!s->slots[i])
			r = err_nomem(err);
	}
	if (r == 0) {
		r = pthread_create(&s->thread, NULL, run, s);
		if (r > 0)
			r = err_sys(err, r, "start a thread");
	}
	if (r < 0)
		stream_free(s);
	else
		*out = s;
	return r;
}

ssize_t stream_next(struct stream *s, const void **bytes)
{
	ssize_t len;

	(void)pthread_mutex_lock(&s->mutex);
	if (s->holding) {
		s->taken++;
		s->holding = false;
		(void)pthread_cond_signal(&s->changed);
	}
	while (s->put == s->taken && !s->ended)
		(void)pthread_cond_wait(&s->changed, &s->mutex);
	if (s->put == s->taken) {
		len = s->result;
	} else {
		s->holding = true;
		*bytes = s->slots[s->taken % SLOTS];
		len = (ssize_t)s->lens[s->taken % SLOTS];
	}
	(void)pthread_mutex_unlock(&s->mutex);
	return len;
}

int stream_end(struct stream *s, bool whole, char hex[DIGEST_HEX],
	       struct err *err)
{
	const void *rest;
	int r = 0;

	if (whole)
		while (stream_next(s, &rest) > 0)
			;
	(void)pthread_mutex_lock(&s->mutex);
	s->stop = true;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->mutex);
	(void)pthread_join(s->thread, NULL);
	if (s->result < 0)
		r = err_take(err, &s->err);
	else if (whole)
		memcpy(hex, s->hex, DIGEST_HEX);
	stream_free(s);
	return r;
}
