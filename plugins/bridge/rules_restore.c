/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding and running iptables-restore, which is the only program we run. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/spawn.h"
#include "common/base/text.h"
#include "plugins/bridge/rules_ipt.h"

/* How long another iptables may hold the lock of the older tables. */
#define WAIT "--wait=60"

/* Where it usually is, for who runs us without a $PATH. */
#define USUAL "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"

static bool in_folder(const char *folder, size_t len, const char *name,
		      struct ipt_restore *out)
{
	char *end;

	if (len == 0 || len + strlen(name) + 2 > sizeof(out->path) ||
	    *folder != '/')
		return false;
	end = text_putn(out->path, folder, len);
	*end++ = '/';
	(void)text_put(end, name);
	return access(out->path, X_OK) == 0;
}

static bool in_folders(const char *folders, const char *name,
		       struct ipt_restore *out)
{
	size_t len;

	for (const char *at = folders; at; at += len + (at[len] == ':')) {
		len = strcspn(at, ":");
		if (in_folder(at, len, name, out))
			return true;
		if (!at[len])
			break;
	}
	return false;
}

static bool find(const char *name, struct ipt_restore *out)
{
	return in_folders(getenv("PATH") ?: "", name, out) ||
	       in_folders(USUAL, name, out);
}

/* What the name links to says whose tables it is for: xtables-nft-multi. */
static bool is_legacy(const struct ipt_restore *restore)
{
	char real[PATH_MAX];

	return !realpath(restore->path, real) || !strstr(real, "nft");
}

static int missing(const char *name, struct err *err)
{
	(void)err_sys(err, ENOENT, "ipMasqBackend: iptables needs %s", name);
	return err_hint(err, "looked in $PATH and in " USUAL);
}

int ipt_restore_find(enum ip_family family, struct ipt_restore *out,
		     struct err *err)
{
	const char *name =
		family == IP_V4 ? "iptables-restore" : "ip6tables-restore";

	if (!find(name, out))
		return missing(name, err);
	out->legacy = is_legacy(out);
	return 0;
}

int ipt_restore_find_legacy(enum ip_family family, struct ipt_restore *out,
			    struct err *err)
{
	const char *name = family == IP_V4 ? "iptables-legacy-restore"
					   : "ip6tables-legacy-restore";

	if (!find(name, out)) {
		/* Before there were two, the usual name was this one's. */
		if (ipt_restore_find(family, out, err) < 0)
			return -ENOENT;
		if (!out->legacy)
			return missing(name, err);
	}
	out->legacy = true;
	return 0;
}

/* What it said, in one line. */
static void hint_output(const struct strbuf *output, struct err *err)
{
	const char *text = strbuf_str(output);
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0)
		(void)err_hint(err, "%.*s", (int)(len < 400 ? len : 400), text);
}

int ipt_restore_run(const struct ipt_restore *restore,
		    const struct strbuf *lines, struct err *err)
{
	char noflush[] = "--noflush", wait[] = WAIT;
	auto_spawn_result struct spawn_result result = { .status = 0 };
	auto_strbuf struct strbuf input = { .data = NULL };
	char path[sizeof(restore->path)];
	char *argv[] = { path, noflush, wait, NULL };
	const struct spawn spawn = { .path = path,
				     .argv = argv,
				     .envp = environ };
	struct spawn run = spawn;
	int r;

	(void)text_put(path, restore->path);
	strbuf_puts(&input, "*nat\n");
	strbuf_add(&input, lines->data, lines->len);
	strbuf_puts(&input, "COMMIT\n");
	if (input.failed || lines->failed)
		return err_nomem(err);
	run.input = input.data;
	run.input_len = input.len;
	r = spawn_run(&run, &result, err);
	if (r < 0)
		return err_in(err, "ipMasqBackend");
	if (result.status == 0)
		return 0;
	r = err_sys(err, EIO, "ipMasqBackend: %s failed", restore->path);
	hint_output(&result.err, err);
	return r;
}
