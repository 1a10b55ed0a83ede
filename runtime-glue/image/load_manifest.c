/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From index.json or manifest.json to images with their layers unpacked. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "common/base/cfg.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/image/load_parts.h"

#define DEPTH_MAX  4U
#define NESTED_MAX 64U
#define OCI_TYPE   "application/vnd.oci.image."

static bool ends(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && strcmp(text + a - b, end) == 0;
}

/* Those that are tars, packed in ways that are known. */
static int check_layer_type(const char *type, struct err *err)
{
	static const char *const good[] = {
		"image.layer.v1.tar",
		"image.layer.v1.tar+gzip",
		"image.layer.v1.tar+zstd",
		"rootfs.diff.tar",
		"rootfs.diff.tar.gzip",
		"rootfs.diff.tar.zstd",
		"layer.nondistributable.v1.tar+gzip",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (ends(type, good[i]))
			return 0;
	return err_set(err, CNI_E_DECODE, "a layer of unknown type \"%.100s\"",
		       type);
}

static int digest_at(const struct cfg *at, const char **hex, struct err *err)
{
	const char *digest;
	int r = cfg_string(at, "digest", &digest, err);

	if (r < 0)
		return r;
	*hex = digest_hex(digest);
	return *hex ? 0 : cfg_fail(err, at, "digest", "is no sha256 digest");
}

struct meter {
	const struct load *load;
	uint64_t done, total, percent;
};

/* Called in another thread, which is waited for. */
static void count(void *opaque, uint64_t bytes)
{
	struct meter *meter = opaque;
	uint64_t percent;

	meter->done += bytes;
	percent = meter->total ? meter->done * 100 / meter->total : 0;
	if (percent == meter->percent)
		return;
	meter->percent = percent;
	meter->load->options->progress(meter->done, meter->total);
}

static int load_layer(struct load *load, const char *blob, const char *diff_id,
		      struct err *err)
{
	struct meter meter = { .load = load };
	const struct layer_limits limits = {
		.bytes = load->options->layer_max,
		.progress = load->options->progress ? count : NULL,
		.opaque = &meter,
	};
	struct stat st;
	char name[24], hex[DIGEST_HEX];
	auto_fd int fd = -1;
	auto_fd int dir = -1;
	int r = load_fetch(load, blob, err);

	if (r < 0 || layer_have(load->change, diff_id))
		return r;
	if (load->options->step)
		load->options->step("unpack layer", blob);
	fd = blob_open(load->change->store, load->change, blob, err);
	if (fd < 0)
		return err_sys(err, -fd, "open blob sha256:%s", blob);
	if (io_fstat(fd, &st) == 0)
		meter.total = (uint64_t)st.st_size;
	dir = layer_begin(load->change, name, err);
	if (dir < 0)
		return dir;
	r = layer_unpack(fd, diff_id, dir, &limits, hex, err);
	if (r < 0)
		return err_in(err, "layer sha256:%s", blob);
	return layer_end(load->change, name, hex, err);
}

static int load_layers(struct load *load, const struct cfg *layers,
		       const char *config, struct err *err)
{
	auto_json struct json_object *json = NULL;
	const char *blob, *id, *type;
	struct cfg root, rootfs, ids, layer;
	int r = load_fetch(load, config, err);

	r = r
		    ?: blob_read_json(load->change->store, load->change, config,
				      &json, err);
	root = cfg_root_named(json, "configuration");
	r = r ?: cfg_expect(&root, json_type_object, err);
	r = r ?: cfg_child(&root, "rootfs", json_type_object, &rootfs, err);
	r = r ?: cfg_child(&rootfs, "diff_ids", json_type_array, &ids, err);
	if (r == 0 && cfg_len(&ids) != cfg_len(layers))
		r = err_set(err, CNI_E_DECODE,
			    "the manifest has %zu layers, the configuration "
			    "%zu",
			    cfg_len(layers), cfg_len(&ids));
	for (size_t i = 0; r == 0 && i < cfg_len(layers); i++) {
		r = cfg_at(layers, i, json_type_object, &layer, err);
		r = r ?: cfg_string(&layer, "mediaType", &type, err);
		r = r ?: check_layer_type(type, err);
		r = r ?: digest_at(&layer, &blob, err);
		r = r ?: cfg_string_at(&ids, i, &id, err);
		if (r == 0 && !digest_hex(id))
			r = cfg_fail(err, &ids, NULL, "[%zu] is no digest", i);
		r = r ?: load_layer(load, blob, digest_hex(id), err);
	}
	return r;
}

static int tell(struct load *load, const char *name, const char *id,
		struct err *err)
{
	struct json_object *pair = json_object_new_array();

	if (!pair || json_object_array_add(load->told, pair) < 0)
		return err_nomem(err);
	(void)json_object_array_add(pair, json_object_new_string(id));
	(void)json_object_array_add(pair,
				    name ? json_object_new_string(name) : NULL);
	return 0;
}

int load_manifest(struct load *load, const char *hex, const char *name,
		  struct err *err)
{
	auto_json struct json_object *json = NULL;
	auto_free char *normal = NULL;
	struct cfg root, config, layers;
	const char *id = NULL;
	int r = load_fetch(load, hex, err);

	r = r
		    ?: blob_read_json(load->change->store, load->change, hex,
				      &json, err);
	root = cfg_root_named(json, "manifest");
	r = r ?: cfg_expect(&root, json_type_object, err);
	r = r ?: cfg_child(&root, "config", json_type_object, &config, err);
	r = r ?: digest_at(&config, &id, err);
	r = r ?: cfg_child(&root, "layers", json_type_array, &layers, err);
	r = r ?: load_layers(load, &layers, id, err);
	r = r ?: image_change_add(load->change, hex, id, err);
	if (load->options->name)
		name = load->options->name;
	if (r == 0 && name)
		r = image_name_normal(name, &normal, err);
	if (r == 0 && normal)
		r = image_change_name(load->change, normal, hex, err);
	load->found++;
	return r ?: tell(load, normal, id, err);
}

/* ---- index.json ---- */

static bool for_this_machine(const struct cfg *item)
{
	struct json_object *platform, *arch, *os;
	struct utsname self;
	const char *want;

	if (!json_object_object_get_ex(item->json, "platform", &platform) ||
	    !json_object_object_get_ex(platform, "architecture", &arch) ||
	    !json_object_object_get_ex(platform, "os", &os) || uname(&self) < 0)
		return true;
	want = strcmp(self.machine, "x86_64") == 0    ? "amd64"
	       : strcmp(self.machine, "aarch64") == 0 ? "arm64"
						      : self.machine;
	return json_object_is_type(os, json_type_string) &&
	       json_object_is_type(arch, json_type_string) &&
	       strcmp(json_object_get_string(os), "linux") == 0 &&
	       strcmp(json_object_get_string(arch), want) == 0;
}

static const char *annotated(const struct cfg *item, const char *key)
{
	struct json_object *notes, *value;

	if (json_object_object_get_ex(item->json, "annotations", &notes) &&
	    json_object_object_get_ex(notes, key, &value) &&
	    json_object_is_type(value, json_type_string))
		return json_object_get_string(value);
	return NULL;
}

/*
 * By the specification the annotation is a tag alone: "latest", "1.2", "v3".
 * Who writes more, or another word, means a name.
 */
static bool is_tag(const char *text)
{
	return strcmp(text, "latest") == 0 ||
	       (strspn(text + (*text == 'v'), "0123456789") > 0 &&
		!strpbrk(text, ":/@"));
}

/* The rest of the name is the file's or directory's; NULL if that is none. */
static int name_of_source(const struct load *load, const char *tag, char **out,
			  struct err *err)
{
	static const char *const ends_of[] = { ".gz",  ".zst", ".tgz",
					       ".tar", ".oci", "-oci" };
	struct err ignored = { .code = CNI_OK };
	auto_free char *path = strdup(load->path), *name = NULL, *full = NULL;
	char *base;
	size_t len;

	if (!path)
		return err_nomem(err);
	for (len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	for (size_t i = 0; i < sizeof(ends_of) / sizeof(*ends_of); i++)
		if (ends(base, ends_of[i]))
			base[strlen(base) - strlen(ends_of[i])] = '\0';
	if (asprintf(&name, "%s:%s", base, tag) < 0) {
		name = NULL;
		return err_nomem(err);
	}
	if (image_name_normal(name, &full, &ignored) == 0)
		*out = take_ptr(full);
	return 0;
}

static int load_item(struct load *load, const struct cfg *item,
		     const char *name, unsigned int depth, struct err *err)
{
	auto_json struct json_object *nested = NULL;
	auto_free char *made = NULL;
	const char *own, *type, *hex;
	int r = digest_at(item, &hex, err);

	r = r
		    ?: cfg_string_or(item, "mediaType",
				     OCI_TYPE "manifest.v1+json", &type, err);
	if (r < 0)
		return r;
	own = annotated(item, "io.containerd.image.name")
		      ?: annotated(item, "org.opencontainers.image.ref.name");
	if (own)
		name = own;
	if (name && is_tag(name)) {
		r = name_of_source(load, name, &made, err);
		if (r < 0)
			return r;
		name = made;
	}
	if (!ends(type, "image.index.v1+json") &&
	    !ends(type, "manifest.list.v2+json"))
		return load_manifest(load, hex, name, err);
	if (++load->nested > NESTED_MAX || depth >= DEPTH_MAX)
		return err_set(err, CNI_E_DECODE,
			       "indexes are nested too deeply");
	r = load_fetch(load, hex, err);
	r = r
		    ?: blob_read_json(load->change->store, load->change, hex,
				      &nested, err);
	return r ?: load_index(load, nested, name, depth + 1, err);
}

int load_index(struct load *load, struct json_object *index, const char *name,
	       unsigned int depth, struct err *err)
{
	struct cfg root = cfg_root_named(index, "index"), list, item;
	int r = cfg_expect(&root, json_type_object, err);

	r = r ?: cfg_child(&root, "manifests", json_type_array, &list, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&list); i++) {
		r = cfg_at(&list, i, json_type_object, &item, err);
		if (r == 0 && for_this_machine(&item))
			r = load_item(load, &item, name, depth, err);
	}
	return r;
}

/* ---- docker's manifest.json ---- */

/* A descriptor of file @path of the archive. */
static int describe(struct load *load, const char *path, const char *type,
		    struct json_object **out, struct err *err)
{
	const char *hex = load_file(load, path);
	char digest[DIGEST_HEX + 8];
	auto_fd int fd = -1;
	struct stat st;

	if (!hex)
		return err_set(err, CNI_E_DECODE,
			       "manifest.json names \"%.200s\", which the "
			       "archive has not",
			       path);
	fd = blob_open(load->change->store, load->change, hex, err);
	if (fd < 0 || io_fstat(fd, &st) < 0)
		return err_sys(err, errno, "open \"%.200s\"", path);
	(void)snprintf(digest, sizeof(digest), "sha256:%s", hex);
	*out = json_object_new_object();
	if (!*out)
		return err_nomem(err);
	(void)json_object_object_add(*out, "mediaType",
				     json_object_new_string(type));
	(void)json_object_object_add(*out, "digest",
				     json_object_new_string(digest));
	(void)json_object_object_add(*out, "size",
				     json_object_new_int64(st.st_size));
	return 0;
}

static int write_manifest(struct load *load, const struct cfg *item,
			  char hex[DIGEST_HEX], struct err *err)
{
	auto_json struct json_object *json = json_object_new_object();
	struct json_object *list = json_object_new_array(), *part = NULL;
	struct cfg layers;
	const char *path, *text;
	int r = cfg_string(item, "Config", &path, err);

	if (!json || !list)
		return err_nomem(err);
	(void)json_object_object_add(json, "schemaVersion",
				     json_object_new_int(2));
	(void)json_object_object_add(
		json, "mediaType",
		json_object_new_string(OCI_TYPE "manifest.v1+json"));
	r = r ?: describe(load, path, OCI_TYPE "config.v1+json", &part, err);
	(void)json_object_object_add(json, "config", part);
	(void)json_object_object_add(json, "layers", list);
	r = r ?: cfg_child(item, "Layers", json_type_array, &layers, err);
	for (size_t i = 0; r == 0 && i < cfg_len(&layers); i++) {
		r = cfg_string_at(&layers, i, &path, err);
		r = r
			    ?: describe(load, path, OCI_TYPE "layer.v1.tar",
					&part, err);
		if (r == 0)
			(void)json_object_array_add(list, part);
	}
	if (r < 0)
		return r;
	text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	return blob_put(load->change, text, strlen(text), hex, err);
}

int load_docker(struct load *load, struct err *err)
{
	struct cfg root = cfg_root_named(load->docker, "manifest.json");
	struct cfg item, tags;
	char hex[DIGEST_HEX];
	const char *name;
	int r = cfg_expect(&root, json_type_array, err);

	for (size_t i = 0; r == 0 && i < cfg_len(&root); i++) {
		r = cfg_at(&root, i, json_type_object, &item, err);
		r = r ?: write_manifest(load, &item, hex, err);
		r = r
			    ?: cfg_child_or_none(&item, "RepoTags",
						 json_type_array, &tags, err);
		if (r == 0 && cfg_len(&tags) == 0)
			r = load_manifest(load, hex, NULL, err);
		for (size_t j = 0; r == 0 && j < cfg_len(&tags); j++) {
			r = cfg_string_at(&tags, j, &name, err);
			r = r ?: load_manifest(load, hex, name, err);
		}
	}
	return r;
}
