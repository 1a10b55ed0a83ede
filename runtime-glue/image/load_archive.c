/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outer archive, which may come through a pipe: one pass, in any order. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/lib.h"
#include "runtime-glue/image/load_parts.h"

#define PIECE       (256U << 10)
#define ENTRIES_MAX 100000U
#define LINKS_MAX   8U

struct input {
	int fd;
	char *piece;
};

static la_ssize_t read_file(struct archive *archive, void *opaque,
			    const void **bytes)
{
	struct input *input = opaque;
	ssize_t n;

	(void)archive;
	do
		n = read(input->fd, input->piece, PIECE);
	while (n < 0 && errno == EINTR);
	*bytes = input->piece;
	return n;
}

static int archive_fail(const struct lib_archive *lib, struct archive *archive,
			struct err *err)
{
	return err_set(err, CNI_E_DECODE, "read the archive: %s",
		       lib->archive_error_string(archive)
			       ?: "it is damaged or no tar archive");
}

static int take_json(const struct lib_archive *lib, struct archive *archive,
		     const char *path, struct json_object **out,
		     struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };
	la_int64_t at;
	const void *bytes;
	size_t len;
	int r;

	if (*out)
		return err_set(err, CNI_E_DECODE, "%s is there twice", path);
	while ((r = lib->archive_read_data_block(archive, &bytes, &len, &at)) ==
	       ARCHIVE_OK) {
		if (text.len + len > IMAGE_JSON_MAX)
			return err_set(err, CNI_E_DECODE,
				       "%s has more than %u MiB", path,
				       IMAGE_JSON_MAX >> 20);
		strbuf_add(&text, bytes, len);
	}
	if (r != ARCHIVE_EOF)
		return archive_fail(lib, archive, err);
	if (text.failed)
		return err_nomem(err);
	return json_parse(strbuf_str(&text), text.len, path, out, err);
}

static int take_blob(struct load *load, const struct lib_archive *lib,
		     struct archive *archive, const char *path, struct err *err)
{
	static const char blobs[] = "blobs/sha256/";
	auto_blob struct blob blob = BLOB_NONE;
	const char *want = NULL;
	char hex[DIGEST_HEX];
	la_int64_t at;
	const void *bytes;
	size_t len;
	int r = blob_begin(load->change, &blob, err), got = ARCHIVE_OK;

	if (strncmp(path, blobs, sizeof(blobs) - 1) == 0 &&
	    digest_is_hex(path + sizeof(blobs) - 1))
		want = path + sizeof(blobs) - 1;
	while (r == 0 && (got = lib->archive_read_data_block(
				  archive, &bytes, &len, &at)) == ARCHIVE_OK) {
		/* No holes in here: blobs come as they are. */
		if ((uint64_t)at != blob.size)
			return err_set(err, CNI_E_DECODE,
				       "%.200s: sparse files are refused",
				       path);
		r = blob_write(&blob, bytes, len, err);
	}
	if (r == 0 && got != ARCHIVE_EOF)
		r = archive_fail(lib, archive, err);
	r = r ?: blob_end(&blob, want, hex, err);
	if (r == 0 && json_object_object_add(load->files, path,
					     json_object_new_string(hex)) < 0)
		r = err_nomem(err);
	return r;
}

/* @path with its "." and ".." gone; what leads out leads nowhere. */
static char *flatten(const char *dir, size_t dir_len, const char *to)
{
	auto_strbuf struct strbuf path = { .data = NULL };
	size_t len;

	strbuf_add(&path, dir, dir_len);
	for (; *to; to += len + (to[len] == '/')) {
		len = strcspn(to, "/");
		if (len == 2 && strncmp(to, "..", 2) == 0) {
			while (path.len > 0 && path.data[--path.len] != '/')
				;
		} else if (len > 0 && !(len == 1 && *to == '.')) {
			if (path.len > 0)
				strbuf_putc(&path, '/');
			strbuf_add(&path, to, len);
		}
	}
	strbuf_add(&path, "", 1);
	return path.failed ? NULL : take_ptr(path.data);
}

/*
 * Old `docker save` has a layer once, and links to it. Nothing is followed but
 * to files of the archive, by name.
 */
static int add_link(struct load *load, const char *path, const char *to,
		    bool symlink, struct err *err)
{
	const char *slash = symlink ? strrchr(path, '/') : NULL;
	auto_free char *target = NULL;

	if (!to || *to == '/')
		return 0;
	target = flatten(path, slash ? (size_t)(slash - path) : 0, to);
	if (!target || json_object_object_add(load->links, path,
					      json_object_new_string(target)))
		return err_nomem(err);
	return 0;
}

const char *load_file(const struct load *load, const char *path)
{
	struct json_object *found;

	for (unsigned int hops = 0; hops < LINKS_MAX; hops++) {
		if (json_object_object_get_ex(load->files, path, &found))
			return json_object_get_string(found);
		if (!json_object_object_get_ex(load->links, path, &found))
			return NULL;
		path = json_object_get_string(found);
	}
	return NULL;
}

static int take_entry(struct load *load, const struct lib_archive *lib,
		      struct archive *archive, struct archive_entry *entry,
		      struct err *err)
{
	const char *path = lib->archive_entry_pathname(entry);
	const char *link;

	if (path && strncmp(path, "./", 2) == 0)
		path += 2;
	if (!path)
		return 0;
	link = lib->archive_entry_hardlink(entry);
	if (link)
		return add_link(load, path, link, false, err);
	if (lib->archive_entry_filetype(entry) == AE_IFLNK)
		return add_link(load, path, lib->archive_entry_symlink(entry),
				true, err);
	if (lib->archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	if (strcmp(path, "index.json") == 0)
		return take_json(lib, archive, path, &load->index, err);
	if (strcmp(path, "manifest.json") == 0)
		return take_json(lib, archive, path, &load->docker, err);
	if (strcmp(path, "oci-layout") == 0 ||
	    strcmp(path, "repositories") == 0)
		return 0;
	return take_blob(load, lib, archive, path, err);
}

int load_archive(struct load *load, int fd, struct err *err)
{
	const struct lib_archive *lib = lib_archive(err);
	auto_free char *piece = malloc(PIECE);
	struct input input = { .fd = fd, .piece = piece };
	struct archive *archive = lib ? lib->archive_read_new() : NULL;
	struct archive_entry *entry;
	unsigned int count = 0;
	int r = 0, got = ARCHIVE_OK;

	if (!archive || !piece)
		r = lib ? err_nomem(err) : -EINVAL;
	else if (lib->archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
		 lib->archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
		 lib->archive_read_support_format_tar(archive) != ARCHIVE_OK ||
		 lib->archive_read_open2(archive, &input, NULL, read_file, NULL,
					 NULL) != ARCHIVE_OK)
		r = archive_fail(lib, archive, err);
	while (r == 0 &&
	       (got = lib->archive_read_next_header(archive, &entry)) >=
		       ARCHIVE_WARN &&
	       got != ARCHIVE_EOF) {
		if (++count > ENTRIES_MAX)
			r = err_set(err, CNI_E_DECODE,
				    "the archive has more than %u files",
				    ENTRIES_MAX);
		r = r ?: take_entry(load, lib, archive, entry, err);
	}
	if (r == 0 && got != ARCHIVE_EOF)
		r = archive_fail(lib, archive, err);
	if (archive)
		(void)lib->archive_read_free(archive);
	return r;
}
