/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which images there are, by what names, and which one is meant. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "runtime-glue/image/store_parts.h"

static int write_file(struct image_change *change, const char *dir,
		      const char *name, const char *text, struct err *err)
{
	auto_free char *path = NULL;
	auto_fd int fd = -1;
	int r;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	fd = openat(change->dir, path,
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return err_sys(err, errno, "make a file in %s/tmp",
			       change->store->root);
	r = io_write_all(fd, text, strlen(text));
	if (r < 0)
		return err_sys(err, -r, "write to %s/tmp", change->store->root);
	return 0;
}

int image_change_add(struct image_change *change, const char *manifest,
		     const char *config, struct err *err)
{
	return write_file(change, "images", manifest, config, err);
}

int image_change_name(struct image_change *change, const char *name,
		      const char *manifest, struct err *err)
{
	auto_free char *file = NULL;
	int r = image_name_to_file(name, &file, err);

	return r ?: write_file(change, "names", file, manifest, err);
}

void image_list_free(struct image_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		for (size_t j = 0; j < list->entries[i].name_count; j++)
			free(list->entries[i].names[j]);
		free(list->entries[i].names);
	}
	free(list->entries);
	*list = (struct image_list){ .entries = NULL };
}

/* The digits that file @name of @dir holds. */
static bool read_hex(int dir, const char *name, char hex[DIGEST_HEX])
{
	char text[DIGEST_HEX + 1];
	int n = io_read_small(dir, name, text, sizeof(text));

	if (n >= 0)
		text[strcspn(text, "\n")] = '\0';
	if (n < 0 || !digest_is_hex(text))
		return false;
	memcpy(hex, text, DIGEST_HEX);
	return true;
}

static int add_image(int dir, const char *file, struct image_list *list,
		     struct err *err)
{
	struct image_entry *entries, *entry;

	if (!digest_is_hex(file))
		return 0;
	entries =
		reallocarray(list->entries, list->count + 1, sizeof(*entries));
	if (!entries)
		return err_nomem(err);
	list->entries = entries;
	entry = &entries[list->count];
	*entry = (struct image_entry){ .names = NULL };
	memcpy(entry->manifest, file, DIGEST_HEX);
	if (read_hex(dir, file, entry->id))
		list->count++;
	else
		log_warn("image sha256:%s is damaged: it has no configuration",
			 file);
	return 0;
}

static int add_name(int dir, const char *file, struct image_list *list,
		    struct err *err)
{
	struct image_entry *entry = NULL;
	char manifest[DIGEST_HEX], **names;

	if (!read_hex(dir, file, manifest))
		return 0;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->entries[i].manifest, manifest) == 0)
			entry = &list->entries[i];
	if (!entry)
		return 0;
	names = reallocarray(entry->names, entry->name_count + 1,
			     sizeof(*names));
	if (!names)
		return err_nomem(err);
	entry->names = names;
	names[entry->name_count] = image_name_of_file(file);
	if (!names[entry->name_count])
		return err_nomem(err);
	entry->name_count++;
	return 0;
}

static int for_each_file(const struct image_store *store, const char *name,
			 int (*add)(int dir, const char *file,
				    struct image_list *list, struct err *err),
			 struct image_list *list, struct err *err)
{
	int dir = openat(store->dir, name,
			 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *files = dir < 0 ? NULL : fdopendir(dir);
	const struct dirent *file;
	int r = 0;

	if (!files) {
		r = err_sys(err, errno, "open %s/%s", store->root, name);
		if (dir >= 0)
			(void)close(dir);
		return r;
	}
	while (r == 0 && (file = readdir(files)) != NULL)
		if (file->d_name[0] != '.')
			r = add(dirfd(files), file->d_name, list, err);
	(void)closedir(files);
	return r;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those with names first, by name. */
static int by_name(const void *a, const void *b)
{
	const struct image_entry *one = a, *two = b;

	if (one->name_count && two->name_count)
		return strcmp(one->names[0], two->names[0]);
	if (one->name_count || two->name_count)
		return one->name_count ? -1 : 1;
	return strcmp(one->id, two->id);
}

int image_list(const struct image_store *store, struct image_list *out,
	       struct err *err)
{
	auto_image_list struct image_list list = { .entries = NULL };
	int r = for_each_file(store, "images", add_image, &list, err);

	r = r ?: for_each_file(store, "names", add_name, &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.count; i++)
		if (list.entries[i].name_count > 1)
			qsort(list.entries[i].names, list.entries[i].name_count,
			      sizeof(char *), by_text);
	if (list.count > 1)
		qsort(list.entries, list.count, sizeof(*list.entries), by_name);
	*out = list;
	list = (struct image_list){ .entries = NULL };
	return 0;
}

/* ---- Which one is meant ---- */

static const struct image_entry *named(const struct image_list *list,
				       const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < list->entries[i].name_count; j++)
			if (strcmp(list->entries[i].names[j], name) == 0)
				return &list->entries[i];
	return NULL;
}

/* -EEXIST: several begin so, in several images. */
static int with_id(const struct image_list *list, const char *start,
		   const struct image_entry **out)
{
	size_t len = strlen(start);

	*out = NULL;
	if (len < 2 || len >= DIGEST_HEX ||
	    strspn(start, "0123456789abcdef") != len)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct image_entry *entry = &list->entries[i];

		if (strncmp(entry->id, start, len) != 0 &&
		    strncmp(entry->manifest, start, len) != 0)
			continue;
		/* The same configuration twice: packed in two ways. */
		if (*out && strcmp((*out)->id, entry->id) != 0)
			return -EEXIST;
		*out = *out ?: entry;
	}
	return 0;
}

static int not_found(const char *reference, struct err *err)
{
	(void)err_set(err, CNI_E_FIELD,
		      "no image \"%.200s\": load one with runtime-glue load "
		      "FILE",
		      reference);
	err->errnum = ENOENT;
	return -ENOENT;
}

/* "NAME@sha256:HEX" is what the digits say. */
static const char *id_part(const char *reference)
{
	const char *at = strchr(reference, '@');
	const char *id = at ? at + 1 : reference;

	return strncmp(id, "sha256:", 7) == 0 ? id + 7 : id;
}

int image_list_find(const struct image_list *list, const char *reference,
		    const struct image_entry **out, struct err *err)
{
	struct err ignored = { .code = CNI_OK };
	auto_free char *name = NULL, *local = NULL, *normal = NULL;

	*out = NULL;
	if (image_name_normal(reference, &name, &ignored) == 0)
		*out = named(list, name);
	/* What podman and buildah call "localhost/web". */
	if (name && !*out) {
		if (asprintf(&local, "localhost/%s", reference) < 0) {
			local = NULL;
			return err_nomem(err);
		}
		if (image_name_normal(local, &normal, &ignored) == 0)
			*out = named(list, normal);
	}
	if (*out)
		return 0;
	if (with_id(list, id_part(reference), out) < 0) {
		(void)err_set(err, CNI_E_FIELD,
			      "\"%s\" is the start of several images' ids",
			      reference);
		return err_hint(err, "write more of its digits, as "
				     "runtime-glue images --no-trunc shows "
				     "them");
	}
	return *out ? 0 : not_found(reference, err);
}
