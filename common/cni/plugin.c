/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/plugin.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/build.h"
#include "common/base/io.h"
#include "common/base/log.h"

static void print_about(const struct cni_plugin *plugin)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_printf(&text,
		      "CNI %s plugin ferrule %s\n"
		      "CNI protocol versions supported: ",
		      plugin->name, build_version());
	for (int v = (int)plugin->oldest; v < CNI_VERSIONS; v++)
		strbuf_printf(&text, "%s%s",
			      v > (int)plugin->oldest ? ", " : "",
			      cni_version_text((enum cni_version)v));
	strbuf_putc(&text, '\n');
	(void)!io_write_all(STDERR_FILENO, text.data, text.len);
}

static void write_versions(const struct cni_plugin *plugin, struct strbuf *out)
{
	struct jsonw w = { .out = out, .compact = true };

	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "cniVersion", cni_version_text(CNI_V_NEWEST));
	jsonw_open(&w, "supportedVersions", '[');
	for (int v = (int)plugin->oldest; v < CNI_VERSIONS; v++)
		jsonw_string(&w, NULL, cni_version_text((enum cni_version)v));
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	strbuf_putc(out, '\n');
}

static void write_error(const struct cni_request *req, const struct err *err,
			struct strbuf *out)
{
	enum cni_version version;
	struct jsonw w = { .out = out };

	/* A version that we do not speak is no version to answer in. */
	if (!req->version_text ||
	    !cni_version_known(req->version_text, &version))
		version = CNI_V_NEWEST;
	jsonw_open(&w, NULL, '{');
	jsonw_string(&w, "cniVersion", cni_version_text(version));
	jsonw_int(&w, "code", (int)err->code);
	jsonw_string(&w, "msg", err->msg);
	jsonw_string_opt(&w, "details", err->details);
	jsonw_close(&w, '}');
}

static int flush(const struct strbuf *out, struct err *err)
{
	int r;

	if (out->failed)
		return err_nomem(err);
	r = io_write_all(STDOUT_FILENO, strbuf_str(out), out->len);
	return r < 0 ? err_sys(err, -r, "write to stdout") : 0;
}

int cni_plugin_print(const struct cni_request *req, struct cni_result *result,
		     struct err *err)
{
	auto_strbuf struct strbuf out = { .len = 0 };
	int r;

	r = cni_result_write(result, req->version, &out, err);
	r = r ?: flush(&out, err);
	result->printed = r == 0;
	return r;
}

/* An ADD whose result does not reach the runtime must leave nothing. */
static void undo_add(const struct cni_plugin *plugin, struct cni_request *req)
{
	auto_result struct cni_result none = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };

	req->verb = CNI_DEL;
	if (plugin->del && plugin->del(req, &none, &err) < 0)
		log_warn("undo of ADD: %s", err.msg);
	req->verb = CNI_ADD;
}

static int run_add(const struct cni_plugin *plugin, struct cni_request *req,
		   struct err *err)
{
	auto_result struct cni_result result = { .ip_count = 0 };
	int r;

	r = plugin->add ? plugin->add(req, &result, err) : 0;
	if (r < 0 || result.printed)
		return r;
	r = cni_plugin_print(req, &result, err);
	if (r < 0)
		undo_add(plugin, req);
	return r;
}

static int run_verb(const struct cni_plugin *plugin, struct cni_request *req,
		    struct err *err)
{
	auto_result struct cni_result unused = { .ip_count = 0 };
	cni_verb_fn *run = NULL;

	switch (req->verb) {
	case CNI_ADD:
		return run_add(plugin, req, err);
	case CNI_DEL:
		run = plugin->del;
		break;
	case CNI_CHECK:
		run = plugin->check;
		break;
	case CNI_GC:
		run = plugin->gc;
		break;
	case CNI_STATUS:
		run = plugin->status;
		break;
	case CNI_REPAIR:
		run = plugin->repair;
		break;
	case CNI_VERSION:
	case CNI_UNKNOWN:
		break;
	}
	return run ? run(req, &unused, err) : 0;
}

static int serve(const struct cni_plugin *plugin, struct cni_request *req,
		 struct err *err)
{
	auto_strbuf struct strbuf out = { .len = 0 };
	int r;

	r = cni_request_env(req, err);
	if (r < 0)
		return r;
	if (req->verb == CNI_VERSION) {
		write_versions(plugin, &out);
		return flush(&out, err);
	}
	r = cni_request_conf(req, STDIN_FILENO, err);
	if (r == 0 && req->verb == CNI_UNKNOWN)
		r = err_set(err, CNI_E_ENV, "unknown CNI_COMMAND: %s",
			    req->command);
	r = r ?: cni_request_version(req, plugin->oldest, err);
	r = r ?: cni_request_netns_guard(req, err);
	return r ?: run_verb(plugin, req, err);
}

int cni_plugin_main(const struct cni_plugin *plugin)
{
	auto_request struct cni_request req = { .verb = CNI_UNKNOWN };
	auto_strbuf struct strbuf out = { .len = 0 };
	struct err err = { .code = CNI_OK };
	const char *command = getenv("CNI_COMMAND");

	io_fill_stdio();
	/* A runtime that died is seen as EPIPE, and then ADD is undone. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (!command || !*command) {
		print_about(plugin);
		return EXIT_SUCCESS;
	}
	if (serve(plugin, &req, &err) == 0)
		return EXIT_SUCCESS;
	write_error(&req, &err, &out);
	(void)!io_write_all(STDOUT_FILENO, strbuf_str(&out), out.len);
	return EXIT_FAILURE;
}
