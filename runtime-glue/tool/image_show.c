/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cfg.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "runtime-glue/tool/box.h"
#include "runtime-glue/tool/image_show.h"

struct json_object *image_part(struct json_object *json, const char *key,
			       json_type type)
{
	struct json_object *part = NULL;

	return json_object_is_type(json, json_type_object) &&
			       json_object_object_get_ex(json, key, &part) &&
			       json_object_is_type(part, type)
		       ? part
		       : NULL;
}

const char *image_text(struct json_object *json, const char *key)
{
	struct json_object *text = image_part(json, key, json_type_string);

	return text ? json_object_get_string(text) : "";
}

int image_config(const struct image_store *store,
		 const struct image_entry *entry, struct json_object **out,
		 struct err *err)
{
	int r = blob_read_json(store, NULL, entry->id, out, err);

	return r < 0 ? err_in(err, "image sha256:%.12s", entry->id) : 0;
}

static int blob_size(const struct image_store *store, const char *digest,
		     uint64_t *out, struct err *err)
{
	const char *hex = digest_hex(digest);
	auto_fd int fd = hex ? blob_open(store, NULL, hex, err) : -EINVAL;
	struct stat st;

	if (fd < 0 || io_fstat(fd, &st) < 0)
		return err_sys(err, fd < 0 ? -fd : errno, "open blob %.80s",
			       digest);
	*out = (uint64_t)st.st_size;
	return 0;
}

int image_size(const struct image_store *store, const struct image_entry *entry,
	       struct json_object *sizes, uint64_t *out, struct err *err)
{
	auto_json struct json_object *json = NULL;
	struct cfg root, layers, layer;
	const char *digest;
	uint64_t size;
	int r = blob_read_json(store, NULL, entry->manifest, &json, err);

	*out = 0;
	root = cfg_root_named(json, "manifest");
	r = r ?: cfg_child(&root, "layers", json_type_array, &layers, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&layers); i++) {
		r = cfg_at(&layers, i, json_type_object, &layer, err);
		r = r ?: cfg_string(&layer, "digest", &digest, err);
		r = r ?: blob_size(store, digest, &size, err);
		if (r < 0)
			break;
		*out += size;
		if (sizes)
			(void)json_object_array_add(
				sizes, json_object_new_uint64(size));
	}
	return r < 0 ? err_in(err, "image sha256:%.12s", entry->id) : 0;
}

void image_put_size(uint64_t bytes, char out[16])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double size = (double)bytes;
	size_t i = 0;

	while (size >= 1000 && i + 1 < sizeof(units) / sizeof(*units)) {
		size /= 1000;
		i++;
	}
	(void)snprintf(out, 16, "%.*f%s", i > 0 && size < 100 ? 1 : 0, size,
		       units[i]);
}

int image_print_json(struct json_object *json, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_puts(&text, json_object_to_json_string_ext(
				   json, JSON_C_TO_STRING_PRETTY |
						 JSON_C_TO_STRING_NOSLASHESCAPE)
				   ?: "");
	strbuf_putc(&text, '\n');
	return text.failed ? err_nomem(err)
			   : cli_print(strbuf_str(&text), text.len, err);
}

void image_end_row(struct strbuf *text, size_t start)
{
	if (!text->failed)
		log_printable(text->data + start, text->len - start);
	strbuf_putc(text, '\n');
}

/* One that goes while we look has no image any more. */
static int add_user(const struct tool *tool, const char *id,
		    struct json_object *users, struct err *err)
{
	auto_box struct box box = BOX_NONE;
	struct err why = { .code = CNI_OK };
	int r = box_open(tool, id, false, &box, &why);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_take(err, &why);
	return json_object_object_add(users, box_get(&box, "imageId"), NULL) < 0
		       ? err_nomem(err)
		       : 0;
}

int image_used(const struct tool *tool, struct json_object *users,
	       struct err *err)
{
	char **list = NULL;
	size_t count = 0;
	int r = box_list(tool, &list, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_user(tool, list[i], users, err);
	box_list_free(list, count);
	return r;
}
