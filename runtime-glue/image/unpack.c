/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/extract.h"
#include "runtime-glue/image/unpack.h"

static la_ssize_t read_unpacked(struct archive *archive, void *opaque,
				const void **bytes)
{
	struct stream *stream = opaque;

	(void)archive;
	return stream_next(stream, bytes);
}

static int for_entries(const struct lib_archive *lib, struct archive *archive,
		       struct target *target, uint64_t max, struct err *err)
{
	struct archive_entry *entry;
	uint64_t count = 0;
	int r, got;

	while ((got = lib->archive_read_next_header(archive, &entry)) ==
		       ARCHIVE_OK ||
	       got == ARCHIVE_WARN) {
		if (++count > max)
			return err_set(err, CNI_E_DECODE,
				       "the layer has more than %llu entries",
				       (unsigned long long)max);
		r = entry_write(target, archive, entry, err);
		if (r < 0)
			return r;
	}
	if (got != ARCHIVE_EOF)
		return err_set(err, CNI_E_DECODE, "read a layer: %s",
			       lib->archive_error_string(archive)
				       ?: "it is no tar archive");
	return target_finish(target, err);
}

/*
 * Names are bytes to us. To libarchive they are in UTF-8 and shall be in the
 * locale's encoding: of a UTF-8 locale it makes NFC of them. In the C locale,
 * which is this program's, it warns that it cannot, and gives the bytes.
 */
static int write_all(struct stream *stream, struct target *target,
		     const struct layer_limits *limits, struct err *err)
{
	const struct lib_archive *lib = lib_archive(err);
	struct archive *archive = lib ? lib->archive_read_new() : NULL;
	int r;

	if (!archive)
		r = lib ? err_nomem(err) : -EINVAL;
	else if (lib->archive_read_support_format_tar(archive) != ARCHIVE_OK ||
		 lib->archive_read_open2(archive, stream, NULL, read_unpacked,
					 NULL, NULL) != ARCHIVE_OK)
		r = err_set(err, CNI_E_DECODE, "read a layer: %s",
			    lib->archive_error_string(archive)
				    ?: "it is no tar archive");
	else
		r = for_entries(lib, archive, target,
				limits->entries ?: LAYER_ENTRIES_MAX, err);
	if (archive)
		(void)lib->archive_read_free(archive);
	target_free(target);
	return r;
}

int layer_unpack(int fd, const char *diff_id, int dir,
		 const struct layer_limits *limits, char hex[DIGEST_HEX],
		 struct err *err)
{
	static const struct layer_limits none = { .bytes = 0 };
	struct target target = { .root = dir, .fd = -1 };
	struct err why = { .code = CNI_OK };
	struct stream *stream;
	int written = 0, r;

	limits = limits ?: &none;
	target.bytes_max = limits->bytes ?: LAYER_BYTES_MAX;
	r = stream_begin(fd, limits, &stream, err);
	if (r < 0)
		return r;
	if (dir >= 0)
		written = write_all(stream, &target, limits, &why);
	/* What the stream says is the cause of what its reader says. */
	r = stream_end(stream, written == 0, hex, err);
	if (r == 0 && written < 0)
		r = err_take(err, &why);
	if (r == 0 && diff_id && strcmp(diff_id, hex) != 0)
		r = err_set(err, CNI_E_DECODE,
			    "the layer's digest is sha256:%s unpacked, and "
			    "rootfs.diff_ids of its image says sha256:%s",
			    hex, diff_id);
	return r;
}

int image_extract(int fd, int dir, bool own, struct err *err)
{
	static const struct layer_limits none = { .bytes = 0 };
	struct target target = {
		.root = dir,
		.fd = -1,
		.bytes_max = LAYER_BYTES_MAX,
		.shared = true,
		.own = own,
	};
	struct err why = { .code = CNI_OK };
	char hex[DIGEST_HEX];
	struct stream *stream;
	int written, r = stream_begin(fd, &none, &stream, err);

	if (r < 0)
		return r;
	written = write_all(stream, &target, &none, &why);
	r = stream_end(stream, written == 0, hex, err);
	return r == 0 && written < 0 ? err_take(err, &why) : r;
}
