/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom `runtime-glue cni` is about, in such a way that cnitool means the same
 * attachment by the same words: its environment counts where no option does,
 * and a container without a name has cnitool's.
 */
#include <string.h>

#include "common/base/hash.h"
#include "common/base/json.h"
#include "runtime-glue/tool/verb_cni.h"

void cni_target_free(struct cni_target *target)
{
	free(target->netns);
	free(target->id);
	json_object_put(target->caps);
	*target = CNI_TARGET_NONE;
}

/* Take @out's last part away, but not the root. */
static void drop_last(struct strbuf *out)
{
	while (out->len > 0 && out->data[--out->len] != '/')
		;
	if (out->data)
		out->data[out->len] = '\0';
}

static void append_parts(struct strbuf *out, const char *path)
{
	for (size_t len; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.'))
			continue;
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			drop_last(out);
			continue;
		}
		strbuf_putc(out, '/');
		strbuf_add(out, path, len);
	}
}

int cni_absolute(const char *path, char **out, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	auto_free char *here = NULL;

	*out = NULL;
	if (*path != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return err_sys(err, errno, "find working directory");
		append_parts(&text, here);
	}
	append_parts(&text, path);
	if (text.len == 0)
		strbuf_putc(&text, '/');
	if (text.failed)
		return err_nomem(err);
	*out = take_ptr(text.data);
	return 0;
}

int cni_container_id(const char *netns, char **out, struct err *err)
{
	char hash[HASH_HEX_MAX + 1];

	hash_hex(&netns, 1, hash, 20);
	*out = NULL;
	return asprintf(out, "cnitool-%s", hash) < 0 ? err_nomem(err) : 0;
}

static const char *choose(const char *option, const char *variable,
			  const char *fallback)
{
	const char *text = option ?: getenv(variable);

	return text && *text ? text : fallback;
}

static int read_caps(const char *text, struct json_object **out,
		     struct err *err)
{
	int r;

	*out = NULL;
	if (!text)
		return 0;
	r = json_parse(text, strlen(text), "capability arguments", out, err);
	if (r == 0 && !json_object_is_type(*out, json_type_object))
		r = err_set(err, CNI_E_DECODE,
			    "capability arguments: must be an object");
	if (r < 0)
		(void)err_hint(err, "--cap-args or CAP_ARGS, for example "
				    "'{\"portMappings\": [{\"hostPort\": 8080, "
				    "\"containerPort\": 80}]}'");
	return r;
}

/* Each "K=V" with both; plugins would not know what to do with others. */
static int check_args(const char *args, struct err *err)
{
	while (args && *args) {
		const size_t len = strcspn(args, ";");
		const char *equals = memchr(args, '=', len);

		if (!equals || equals == args || equals + 1 == args + len)
			return err_set(err, CNI_E_ENV,
				       "invalid CNI_ARGS pair \"%.*s\"",
				       (int)len, args);
		args += len + (args[len] == ';');
	}
	return 0;
}

int cni_target_read(const struct tool *tool, const struct cni_options *options,
		    int argc, char *const *argv, struct cni_target *out,
		    struct err *err)
{
	const char *id = options->container_id;
	int r = 0;

	*out = (struct cni_target){
		.conf_dir = options->conf_dir ?: tool->conf_dir,
		.runtime = {
			.bin_path = options->cni_path ?: tool->cni.bin_path,
			.cache_dir = options->cni_cache ?: tool->cni.cache_dir,
		},
		.network = argc > 0 ? argv[0] : NULL,
	};
	if (argc > 1)
		r = cni_absolute(argv[1], &out->netns, err);
	if (r == 0 && id) {
		out->id = strdup(id);
		r = out->id ? 0 : err_nomem(err);
	} else if (r == 0 && out->netns) {
		r = cni_container_id(out->netns, &out->id, err);
	}
	out->at = (struct chain_attachment){
		.container_id = out->id,
		.netns = out->netns,
		.ifname = choose(options->ifname, "CNI_IFNAME", "eth0"),
		.args = choose(options->args, "CNI_ARGS", NULL),
	};
	r = r ?: check_args(out->at.args, err);
	r = r
		    ?: read_caps(choose(options->cap_args, "CAP_ARGS", NULL),
				 &out->caps, err);
	out->at.caps = out->caps;
	return r;
}
