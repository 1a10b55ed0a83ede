/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/load_parts.h"

/* From a layout directory; an archive's are all there already. */
static int fetch_file(struct load *load, const char *hex, struct err *err)
{
	auto_blob struct blob blob = BLOB_NONE;
	auto_free char *piece = malloc(256U << 10);
	char path[sizeof("blobs/sha256/") + DIGEST_HEX], got[DIGEST_HEX];
	auto_fd int fd = -1;
	struct stat st;
	ssize_t n;
	int r;

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s", hex);
	fd = openat(load->dir, path,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open %s/%s", load->path, path);
	if (io_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, CNI_E_DECODE, "%s/%s is no file",
			       load->path, path);
	r = piece ? blob_begin(load->change, &blob, err) : err_nomem(err);
	while (r == 0 && (n = read(fd, piece, 256U << 10)) != 0) {
		if (n > 0)
			r = blob_write(&blob, piece, (size_t)n, err);
		else if (errno != EINTR)
			r = err_sys(err, errno, "read %s/%s", load->path, path);
	}
	return r ?: blob_end(&blob, hex, got, err);
}

int load_fetch(struct load *load, const char *hex, struct err *err)
{
	int fd = blob_open(load->change->store, load->change, hex, err);

	if (fd >= 0) {
		(void)close(fd);
		return 0;
	}
	if (fd != -ENOENT)
		return fd;
	if (load->dir >= 0)
		return fetch_file(load, hex, err);
	return err_set(err, CNI_E_DECODE,
		       "the archive refers to blob sha256:%s and has it not",
		       hex);
}

static int read_layout(struct load *load, struct err *err)
{
	auto_strbuf struct strbuf text = { .data = NULL };
	auto_fd int fd = openat(load->dir, "index.json",
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (fd < 0) {
		(void)err_sys(err, errno, "open %s/index.json", load->path);
		return err_hint(err, "a directory must be an OCI image layout");
	}
	r = io_read_all(fd, IMAGE_JSON_MAX, &text);
	if (r < 0)
		return err_sys(err, -r, "read %s/index.json", load->path);
	return json_parse(strbuf_str(&text), text.len, "index.json",
			  &load->index, err);
}

static int read_source(struct load *load, struct err *err)
{
	bool input = strcmp(load->path, "-") == 0;
	auto_fd int fd = input ? fcntl(0, F_DUPFD_CLOEXEC, 3)
			       : open(load->path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || io_fstat(fd, &st) < 0)
		return err_sys(err, errno, "open %s", load->path);
	if (!S_ISDIR(st.st_mode))
		return load_archive(load, fd, err);
	load->dir = take_fd(&fd);
	return read_layout(load, err);
}

static int make_images(struct load *load, struct err *err)
{
	int r;

	if (load->index)
		r = load_index(load, load->index, NULL, 0, err);
	else if (load->docker)
		r = load_docker(load, err);
	else
		return err_set(err, CNI_E_DECODE,
			       "it is no image: neither index.json nor "
			       "manifest.json is in it");
	if (r == 0 && load->found == 0)
		r = err_set(err, CNI_E_DECODE,
			    "there is no image for this machine in it");
	if (r == 0 && load->found > 1 && load->options->name)
		r = err_set(err, CNI_E_FIELD,
			    "--name is for one image, and there are %u",
			    load->found);
	return r;
}

static void tell_all(const struct load *load)
{
	for (size_t i = 0; i < json_object_array_length(load->told); i++) {
		struct json_object *pair =
			json_object_array_get_idx(load->told, i);
		struct json_object *name = json_object_array_get_idx(pair, 1);

		load->options->loaded(
			name ? json_object_get_string(name) : NULL,
			json_object_get_string(
				json_object_array_get_idx(pair, 0)));
	}
}

int image_load(const struct image_store *store, const char *path,
	       const struct load_options *options, struct err *err)
{
	auto_image_change struct image_change change = IMAGE_CHANGE_NONE;
	struct load load = {
		.options = options,
		.path = path,
		.change = &change,
		.dir = -1,
		.files = json_object_new_object(),
		.links = json_object_new_object(),
		.told = json_object_new_array(),
	};
	int r = load.files && load.links && load.told ? 0 : err_nomem(err);

	r = r ?: image_change_begin(store, &change, err);
	r = r ?: read_source(&load, err);
	r = r ?: make_images(&load, err);
	if (r < 0 && err->code)
		(void)err_in(err, "load %s", path);
	r = r ?: image_change_commit(&change, err);
	if (r == 0 && options->loaded)
		tell_all(&load);
	if (load.dir >= 0)
		(void)close(load.dir);
	json_object_put(load.index);
	json_object_put(load.docker);
	json_object_put(load.files);
	json_object_put(load.links);
	json_object_put(load.told);
	return r;
}
