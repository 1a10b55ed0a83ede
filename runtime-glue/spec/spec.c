/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/spec/spec.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/json.h"
#include "common/base/strbuf.h"
#include "runtime-glue/spec/spec_parts.h"

/* struct new_utsname has no room for more: __NEW_UTS_LEN. */
#define UTS_MAX 64

/* A number without leading zeros, and @end behind it unless that is 0. */
static bool take_number(const char **text, char end)
{
	const char *start = *text;

	while (isdigit((unsigned char)**text))
		(*text)++;
	if (*text == start || (*start == '0' && *text > start + 1))
		return false;
	if (end && **text != end)
		return false;
	*text += end != 0;
	return true;
}

/* Identifiers with dots in between (semver 2.0.0, 9 and 10). */
static bool take_identifiers(const char **text, char end)
{
	bool empty = true;

	for (; **text && **text != end; (*text)++) {
		if (**text == '.'
			    ? empty
			    : **text != '-' && !isalnum((unsigned char)**text))
			return false;
		empty = **text == '.';
	}
	return !empty;
}

static bool is_semver(const char *text)
{
	for (int i = 0; i < 3; i++)
		if (!take_number(&text, i < 2 ? '.' : 0))
			return false;
	if (*text == '-') {
		text++;
		if (!take_identifiers(&text, '+'))
			return false;
	}
	if (*text == '+') {
		text++;
		if (!take_identifiers(&text, 0))
			return false;
	}
	return !*text;
}

static int read_version(const struct cfg *root, const char **out,
			struct err *err)
{
	int r = cfg_string(root, "ociVersion", out, err);

	if (r < 0)
		return r;
	if (!is_semver(*out))
		return cfg_fail(err, root, "ociVersion",
				"\"%s\" is no version such as 1.2.0", *out);
	if (strncmp(*out, "1.", 2) != 0)
		return cfg_fail(err, root, "ociVersion",
				"%s is not supported, only 1.x is", *out);
	return 0;
}

static int read_uts(const struct cfg *root, const char *key, const char **out,
		    struct err *err)
{
	int r = spec_read_text(root, key, out, err);

	if (r == 0 && *out && strlen(*out) > UTS_MAX)
		return cfg_fail(err, root, key, "is longer than %d bytes",
				UTS_MAX);
	return r;
}

static int read_process(const struct cfg *root, struct spec_doc *doc,
			struct err *err)
{
	struct cfg child;
	int r = cfg_child_or_none(root, "process", json_type_object, &child,
				  err);

	doc->spec.has_process = child.json != NULL;
	if (r < 0 || !child.json)
		return r;
	return spec_process_read(&child, &doc->arena, &doc->spec.process, err);
}

static int read_root(const struct cfg *root, struct spec *out, struct err *err)
{
	struct cfg child;
	int r = cfg_child(root, "root", json_type_object, &child, err);

	r = r ?: spec_need_text(&child, "path", &out->root_path, err);
	return r
		       ?: cfg_bool_or(&child, "readonly", false,
				      &out->root_readonly, err);
}

static int read_spec(const struct cfg *root, struct spec_doc *doc,
		     struct err *err)
{
	struct spec *out = &doc->spec;
	struct cfg child;
	int r;

	r = read_version(root, &out->oci_version, err);
	r = r ?: read_process(root, doc, err);
	r = r ?: read_root(root, out, err);
	r = r ?: read_uts(root, "hostname", &out->hostname, err);
	r = r ?: read_uts(root, "domainname", &out->domainname, err);
	r = r ?: spec_mounts_read(root, &doc->arena, out, err);
	r = r ?: spec_hooks_read(root, &doc->arena, out->hooks, err);
	r = r
		    ?: spec_read_pairs(root, "annotations", &doc->arena,
				       &out->annotations, err);
	r = r
		    ?: cfg_child_or_none(root, "linux", json_type_object,
					 &child, err);
	r = r ?: spec_linux_read(&child, &doc->arena, &out->linux_, err);
	return r ?: spec_check(out, err);
}

/* Is the number at @text, of @len digits, more than 64 bits can hold? */
static bool is_huge(const char *text, size_t len)
{
	static const char max[] = "18446744073709551615";

	return len > sizeof(max) - 1 ||
	       (len == sizeof(max) - 1 && memcmp(text, max, len) > 0);
}

/*
 * json-c makes the greatest number that it has of anything beyond, which often
 * means "unlimited": that must not come from a slip of the pen. The text is
 * known to be JSON.
 */
static int refuse_huge(const char *text, size_t len, const char *what,
		       struct err *err)
{
	bool quoted = false;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = 0;
		while (!quoted && i + n < len &&
		       isdigit((unsigned char)text[i + n]))
			n++;
		if (is_huge(text + i, n) && (i == 0 || text[i - 1] != '.'))
			return err_set(err, CNI_E_CONFIG,
				       "%s: a number of more than 64 bits at "
				       "byte %zu",
				       what, i);
		if (n > 0)
			continue;
		n = quoted && text[i] == '\\' ? 2 : 1;
		if (text[i] == '"')
			quoted = !quoted;
	}
	return 0;
}

static int parse(const char *text, size_t len, const char *what,
		 struct spec_doc *doc, struct err *err)
{
	int r;

	*doc = (struct spec_doc){ .json = NULL };
	r = json_parse(text, len, what, &doc->json, err);
	if (r < 0)
		return r;
	if (!json_object_is_type(doc->json, json_type_object))
		return err_set(err, CNI_E_CONFIG, "%s: must be an object",
			       what);
	return refuse_huge(text, len, what, err);
}

static int load(const char *path, struct strbuf *out, struct err *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open %s", path);
	r = io_read_all(fd, JSON_MAX_BYTES, out);
	return r < 0 ? err_sys(err, -r, "read %s", path) : 0;
}

static int parse_config(const char *text, size_t len, const char *what,
			struct spec_doc *doc, struct err *err)
{
	int r = parse(text, len, what, doc, err);
	struct cfg root = cfg_root(doc->json);

	return r ?: read_spec(&root, doc, err);
}

int spec_parse(const char *text, size_t len, struct spec_doc *doc,
	       struct err *err)
{
	return parse_config(text, len, "config.json", doc, err);
}

int spec_load(const char *path, struct spec_doc *doc, struct err *err)
{
	auto_strbuf struct strbuf text = { 0 };
	int r;

	*doc = (struct spec_doc){ .json = NULL };
	r = load(path, &text, err);
	return r ?: parse_config(strbuf_str(&text), text.len, path, doc, err);
}

int spec_parse_process(const char *text, size_t len, struct spec_doc *doc,
		       struct err *err)
{
	int r = parse(text, len, "process", doc, err);
	struct cfg root = cfg_root_named(doc->json, "process");

	doc->spec.has_process = true;
	return r
		       ?: spec_process_read(&root, &doc->arena,
					    &doc->spec.process, err);
}

int spec_load_process(const char *path, struct spec_doc *doc, struct err *err)
{
	auto_strbuf struct strbuf text = { 0 };
	int r;

	*doc = (struct spec_doc){ .json = NULL };
	r = load(path, &text, err);
	return r ?: spec_parse_process(strbuf_str(&text), text.len, doc, err);
}

int spec_parse_resources(const char *text, size_t len, struct spec_doc *doc,
			 struct err *err)
{
	int r = parse(text, len, "resources", doc, err);
	struct cfg root = cfg_root_named(doc->json, "linux.resources");

	return r
		       ?: spec_resources_read(&root, &doc->arena,
					      &doc->spec.linux_.resources, err);
}

void spec_doc_free(struct spec_doc *doc)
{
	json_object_put(doc->json);
	arena_free(&doc->arena);
	*doc = (struct spec_doc){ .json = NULL };
}
