/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/json.h"
#include "runtime-glue/image/store_parts.h"

static void next_name(struct image_change *change, char name[24])
{
	/* Never a name that image_change_commit() moves. */
	(void)snprintf(name, 24, ".new-%u", change->next++);
}

int blob_begin(struct image_change *change, struct blob *out, struct err *err)
{
	int r;

	*out = BLOB_NONE;
	out->change = change;
	r = digest_begin(&out->digest, err);
	if (r < 0)
		return r;
	next_name(change, out->name);
	out->fd = openat(change->dir, out->name,
			 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out->fd < 0)
		return err_sys(err, errno, "make a file in %s/tmp",
			       change->store->root);
	return 0;
}

int blob_write(struct blob *blob, const void *bytes, size_t len,
	       struct err *err)
{
	int r = digest_add(&blob->digest, bytes, len, err);

	if (r < 0)
		return r;
	r = io_write_all(blob->fd, bytes, len);
	if (r < 0)
		return err_sys(err, -r, "write to %s/tmp",
			       blob->change->store->root);
	blob->size += len;
	return 0;
}

static bool is_there(const struct image_store *store, const char *hex)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX];

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", hex);
	return faccessat(store->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int blob_end(struct blob *blob, const char *want, char hex[DIGEST_HEX],
	     struct err *err)
{
	char to[sizeof("blobs/") + DIGEST_HEX];
	int r = digest_end(&blob->digest, hex, err);

	if (r == 0 && want && strcmp(want, hex) != 0)
		r = err_set(err, CNI_E_DECODE,
			    "blob sha256:%s: its bytes have digest sha256:%s: "
			    "it was damaged or changed",
			    want, hex);
	if (r == 0 && !is_there(blob->change->store, hex)) {
		(void)snprintf(to, sizeof(to), "blobs/%s", hex);
		if (renameat(blob->change->dir, blob->name, blob->change->dir,
			     to) < 0)
			r = err_sys(err, errno, "rename a file in %s/tmp",
				    blob->change->store->root);
	} else if (r == 0 && unlinkat(blob->change->dir, blob->name, 0) < 0) {
		r = err_sys(err, errno, "remove a file in %s/tmp",
			    blob->change->store->root);
	}
	if (r == 0)
		(void)close(take_fd(&blob->fd));
	return r;
}

void blob_abort(struct blob *blob)
{
	digest_free(&blob->digest);
	if (blob->fd < 0)
		return;
	(void)unlinkat(blob->change->dir, blob->name, 0);
	(void)close(take_fd(&blob->fd));
}

int blob_put(struct image_change *change, const void *bytes, size_t len,
	     char hex[DIGEST_HEX], struct err *err)
{
	auto_blob struct blob blob = BLOB_NONE;
	int r = blob_begin(change, &blob, err);

	r = r ?: blob_write(&blob, bytes, len, err);
	return r ?: blob_end(&blob, NULL, hex, err);
}

int blob_open(const struct image_store *store,
	      const struct image_change *change, const char *hex,
	      struct err *err)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX];
	int fd;

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", hex);
	fd = openat(store->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && change) {
		(void)snprintf(path, sizeof(path), "blobs/%s", hex);
		fd = openat(change->dir, path,
			    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return -ENOENT;
	return err_sys(err, errno, "open blob sha256:%s in %s", hex,
		       store->root);
}

int blob_read(const struct image_store *store,
	      const struct image_change *change, const char *hex,
	      struct strbuf *out, struct err *err)
{
	auto_fd int fd = blob_open(store, change, hex, err);
	char found[DIGEST_HEX];
	int r;

	if (fd == -ENOENT)
		return err_sys(err, ENOENT, "blob sha256:%s", hex);
	if (fd < 0)
		return fd;
	r = io_read_all(fd, IMAGE_JSON_MAX, out);
	if (r == -EFBIG)
		return err_set(err, CNI_E_DECODE,
			       "blob sha256:%s: a manifest or configuration "
			       "of more than %u MiB",
			       hex, IMAGE_JSON_MAX >> 20);
	if (r < 0)
		return err_sys(err, -r, "read blob sha256:%s", hex);
	digest_of(strbuf_str(out), out->len, found);
	if (strcmp(found, hex) != 0)
		r = err_set(err, CNI_E_DECODE,
			    "blob sha256:%s in %s is damaged: its digest is "
			    "sha256:%s",
			    hex, store->root, found);
	return r;
}

int blob_read_json(const struct image_store *store,
		   const struct image_change *change, const char *hex,
		   struct json_object **out, struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };
	char what[sizeof("blob sha256:") + DIGEST_HEX];
	int r = blob_read(store, change, hex, &text, err);

	(void)snprintf(what, sizeof(what), "blob sha256:%s", hex);
	return r ?: json_parse(strbuf_str(&text), text.len, what, out, err);
}

/* ---- Layers ---- */

bool layer_have(const struct image_change *change, const char *diff_id)
{
	char path[sizeof("layers/") + DIGEST_HEX];

	(void)snprintf(path, sizeof(path), "layers/%s", diff_id);
	return faccessat(change->store->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) ==
		       0 ||
	       faccessat(change->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int layer_begin(struct image_change *change, char name[24], struct err *err)
{
	char path[40];
	int fd = -1;

	next_name(change, name);
	(void)snprintf(path, sizeof(path), "%s/diff", name);
	if (mkdirat(change->dir, name, 0711) == 0 &&
	    mkdirat(change->dir, path, 0755) == 0 &&
	    fchmodat(change->dir, path, 0755, 0) == 0)
		fd = openat(change->dir, path,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	return err_sys(err, errno, "make a layer's directory in %s/tmp",
		       change->store->root);
}

int layer_end(struct image_change *change, const char *name,
	      const char *diff_id, struct err *err)
{
	char to[sizeof("layers/") + DIGEST_HEX];

	if (layer_have(change, diff_id)) {
		(void)image_scrap(change->dir, name, NULL);
		return 0;
	}
	(void)snprintf(to, sizeof(to), "layers/%s", diff_id);
	if (renameat(change->dir, name, change->dir, to) < 0)
		return err_sys(err, errno, "rename a layer in %s/tmp",
			       change->store->root);
	return 0;
}
