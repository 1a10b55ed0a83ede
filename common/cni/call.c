/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/call.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base/cfg.h"
#include "common/base/io.h"
#include "common/base/json.h"

/* How much of a delegate's output an error message quotes. */
#define QUOTE_MAX 400U

static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int not_found(const struct cni_call *call, struct err *err)
{
	auto_strbuf struct strbuf dirs = { .data = NULL };

	strbuf_puts(&dirs, call->dirs);
	if (dirs.failed)
		return err_nomem(err);
	for (size_t i = 0; i < dirs.len; i++)
		if (dirs.data[i] == ':')
			dirs.data[i] = ' ';
	return err_set(err, CNI_E_DELEGATE,
		       "failed to find plugin \"%s\" in path [%s]", call->type,
		       dirs.data);
}

/*
 * An empty element of CNI_PATH gives the bare name: it is looked for in the
 * working directory, but run through $PATH. Nodes live with that.
 */
int cni_call_find(struct cni_call *call, struct err *err)
{
	const char *dir = call->dirs;
	struct strbuf *path = &call->path;

	if (!*call->type)
		return err_set(err, CNI_E_DELEGATE, "no plugin name provided");
	if (strchr(call->type, '/'))
		return err_set(err, CNI_E_DELEGATE, "invalid plugin name: %s",
			       call->type);
	if (!*dir)
		return err_set(err, CNI_E_DELEGATE, "no paths provided");
	for (size_t len;; dir += len + 1) {
		len = strcspn(dir, ":");
		path->len = 0;
		strbuf_add(path, dir, len);
		if (len > 0)
			strbuf_putc(path, '/');
		strbuf_puts(path, call->type);
		if (path->failed)
			return err_nomem(err);
		if (is_regular(path->data))
			return 0;
		if (!dir[len])
			return not_found(call, err);
	}
}

static bool is_set(char *const *env, size_t count, const char *entry)
{
	const size_t len = strcspn(entry, "=");

	for (size_t i = 0; entry[len] && i < count; i++)
		if (strncmp(env[i], entry, len + 1) == 0)
			return true;
	return false;
}

/*
 * @env and behind it this process's environment. Of several entries with a name
 * the first is kept: the one that getenv() has given us. The caller owns
 * *@out, and the strings stay where they are.
 */
static int build_env(char *const *env, char ***out, struct err *err)
{
	size_t count = 0;
	size_t kept = 0;

	while (environ && environ[count])
		count++;
	while (env && env[kept])
		kept++;
	*out = calloc(count + kept + 1, sizeof(**out));
	if (!*out)
		return err_nomem(err);
	for (size_t i = 0; i < kept; i++)
		(*out)[i] = env[i];
	for (size_t i = 0; i < count; i++)
		if (!is_set(*out, kept, environ[i]))
			(*out)[kept++] = environ[i];
	return 0;
}

/* "exit status 3", "signal: killed" */
static void spell_status(int status, char *buf, size_t size)
{
	const char *name;

	if (!WIFSIGNALED(status)) {
		(void)snprintf(buf, size, "exit status %d",
			       WEXITSTATUS(status));
		return;
	}
	name = strsignal(WTERMSIG(status)) ?: "unknown";
	(void)snprintf(buf, size, "signal: %c%s%s",
		       tolower((unsigned char)*name), name + 1,
		       WCOREDUMP(status) ? " (core dumped)" : "");
}

/* What a plugin has written, as one line in quotes. */
static void quote(const struct strbuf *text, struct strbuf *out)
{
	const size_t len = text->len < QUOTE_MAX ? text->len : QUOTE_MAX;

	strbuf_putc(out, '"');
	for (size_t i = 0; i < len; i++) {
		const char c = text->data[i];

		if (c == '\n')
			strbuf_puts(out, "\\n");
		else if (c == '"' || c == '\\')
			strbuf_printf(out, "\\%c", c);
		else if ((unsigned char)c < 0x20 || c == 0x7f)
			strbuf_printf(out, "\\x%02x", (unsigned int)c);
		else
			strbuf_putc(out, c);
	}
	strbuf_puts(out, len < text->len ? "...\"" : "\"");
}

static int fail_silent(const struct spawn_result *ran, struct err *err)
{
	auto_strbuf struct strbuf quoted = { .data = NULL };
	char status[64];

	spell_status(ran->status, status, sizeof(status));
	if (ran->err.len == 0)
		return err_set(err, CNI_E_DELEGATE,
			       "netplugin failed with no error message: %s",
			       status);
	quote(&ran->err, &quoted);
	(void)err_set(err, CNI_E_DELEGATE, "netplugin failed: %s",
		      strbuf_str(&quoted));
	return err_hint(err, "%s", status);
}

static int fail_garbled(const struct spawn_result *ran, const struct err *why,
			struct err *err)
{
	auto_strbuf struct strbuf quoted = { .data = NULL };

	quote(&ran->out, &quoted);
	return err_set(err, CNI_E_DELEGATE,
		       "netplugin failed but error parsing its diagnostic "
		       "message %s: %s",
		       strbuf_str(&quoted), why->msg);
}

struct error_object {
	int64_t code;
	const char *msg, *details;
};

static int read_error_object(struct json_object *doc, struct error_object *out,
			     struct err *err)
{
	static const struct cfg_bounds codes = { 0, INT_MAX };
	const struct cfg root = cfg_root(doc);
	int r;

	if (!doc || !json_object_is_type(doc, json_type_object))
		return doc ? cfg_fail(err, &root, NULL, "must be an object")
			   : 0;
	r = cfg_int_or(&root, "code", 0, codes, &out->code, err);
	r = r ?: cfg_string_or(&root, "msg", "", &out->msg, err);
	return r ?: cfg_string_or(&root, "details", "", &out->details, err);
}

/*
 * The error of a plugin that has failed. Its code may be one that we have no
 * name for, but not 0: that is no failure.
 */
static int call_error(const struct cni_call *call,
		      const struct spawn_result *ran, struct err *err)
{
	auto_json struct json_object *doc = NULL;
	struct error_object object = { .msg = "", .details = "" };
	struct err why = { .code = CNI_OK };
	int r = 0;

	if (ran->out.len > 0) {
		r = json_parse(ran->out.data, ran->out.len, "error object",
			       &doc, &why);
		r = r ?: read_error_object(doc, &object, &why);
	}
	if (r < 0)
		(void)fail_garbled(ran, &why, err);
	else if (!*object.msg)
		(void)fail_silent(ran, err);
	else
		(void)err_set(err, CNI_E_DELEGATE, "%s", object.msg);
	if (object.code > 0)
		(void)err_code(err, (enum cni_code)object.code);
	if (*object.details)
		(void)err_hint(err, "%s", object.details);
	else if (r < 0 || !*object.msg)
		(void)err_hint(err, "plugin \"%s\"", call->type);
	return -err->errnum;
}

/* The plugin was there when we looked for it. */
static int cannot_run(const struct cni_call *call, struct err *err)
{
	const char *path = strbuf_str(&call->path);

	if (err->errnum == ENOENT && strchr(path, '/'))
		(void)err_hint(err,
			       "the interpreter that \"%s\" names, or its "
			       "dynamic linker, may be missing",
			       path);
	return err_code(err, CNI_E_DELEGATE);
}

int cni_call_start(struct cni_call *call, struct err *err)
{
	char *const argv[] = { call->path.data, NULL };
	auto_free char **envp = NULL;
	struct spawn spawn = {
		.path = call->path.data,
		.argv = argv,
		.input = call->input,
		.input_len = call->input_len,
	};
	int r;

	r = build_env(call->env, &envp, err);
	if (r < 0)
		return r;
	spawn.envp = envp;
	r = spawn_start(&spawn, &call->child, err);
	return r < 0 ? cannot_run(call, err) : 0;
}

int cni_call_finish(struct cni_call *call, struct spawn_result *ran,
		    struct err *err)
{
	int r = spawn_finish(&call->child, ran, err);

	if (r < 0)
		return cannot_run(call, err);
	/* Its words for the operator; that they arrive cannot be ensured. */
	(void)!io_write_all(STDERR_FILENO, ran->err.data, ran->err.len);
	return ran->status ? call_error(call, ran, err) : 0;
}

void cni_call_free(struct cni_call *call)
{
	spawn_kill(&call->child);
	strbuf_free(&call->path);
}
