/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding and running iptables-restore, which is the only program we run. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/spawn.h"
#include "common/base/text.h"
#include "common/nft/ipt.h"

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

static int run(const struct ipt_restore *restore, const struct spawn *spawn,
	       struct spawn_result *result, struct err *err)
{
	int r = spawn_run(spawn, result, err);

	if (r < 0)
		return err_in(err, "%s", restore->key);
	if (result->status == 0)
		return 0;
	r = err_sys(err, EIO, "%s: %s failed", restore->key, spawn->path);
	hint_output(&result->err, err);
	return r;
}

/* "iptables-restore v1.8.9 (nf_tables)"; before 1.8 there were no others. */
static int ask_kind(struct ipt_restore *restore, struct err *err)
{
	auto_spawn_result struct spawn_result result = { .status = 0 };
	char path[sizeof(restore->path)], option[] = "--version";
	char *argv[] = { path, option, NULL };
	const struct spawn spawn = { .path = path,
				     .argv = argv,
				     .envp = environ };
	int r;

	(void)text_put(path, restore->path);
	r = run(restore, &spawn, &result, err);
	if (r == 0)
		restore->legacy = !strstr(strbuf_str(&result.out), "nf_tables");
	return r;
}

/*
 * Whose tables it is for. Taking one for the other would not see what is there,
 * and add it again. What the name links to says it (xtables-nft-multi), but a
 * script of that name, as some images have, must be asked.
 */
static int find_kind(struct ipt_restore *restore, struct err *err)
{
	char real[PATH_MAX];
	const char *name;

	if (!realpath(restore->path, real))
		return err_sys(err, errno, "%s: resolve \"%s\"", restore->key,
			       restore->path);
	name = strrchr(real, '/') + 1;
	restore->legacy = !strstr(name, "-nft-");
	if (!restore->legacy || strncmp(name, "xtables-", 8) == 0 ||
	    strstr(name, "-legacy-"))
		return 0;
	return ask_kind(restore, err);
}

static int missing(const struct ipt_restore *restore, const char *name,
		   struct err *err)
{
	(void)err_sys(err, ENOENT, "%s: iptables needs %s", restore->key, name);
	return err_hint(err, "looked in $PATH and in " USUAL);
}

int ipt_restore_find(enum ip_family family, struct ipt_restore *out,
		     struct err *err)
{
	const char *name =
		family == IP_V4 ? "iptables-restore" : "ip6tables-restore";

	if (!find(name, out))
		return missing(out, name, err);
	return find_kind(out, err);
}

int ipt_restore_find_legacy(enum ip_family family, struct ipt_restore *out,
			    struct err *err)
{
	const char *name = family == IP_V4 ? "iptables-legacy-restore"
					   : "ip6tables-legacy-restore";

	if (!find(name, out)) {
		/* Before there were two, the usual name was this one's. */
		int r = ipt_restore_find(family, out, err);

		if (r < 0)
			return r;
		if (!out->legacy)
			return missing(out, name, err);
	}
	out->legacy = true;
	return 0;
}

int ipt_restore_run(const struct ipt_restore *restore,
		    const struct strbuf *input, struct err *err)
{
	char noflush[] = "--noflush", wait[] = WAIT;
	auto_spawn_result struct spawn_result result = { .status = 0 };
	char path[sizeof(restore->path)];
	char *argv[] = { path, noflush, wait, NULL };
	const struct spawn spawn = { .path = path,
				     .argv = argv,
				     .envp = environ,
				     .input = input->data,
				     .input_len = input->len };

	if (input->failed)
		return err_nomem(err);
	(void)text_put(path, restore->path);
	return run(restore, &spawn, &result, err);
}

/* ".../iptables-legacy-restore" becomes ".../iptables-legacy-save". */
int ipt_restore_save(const struct ipt_restore *restore, const char *table,
		     struct strbuf *out, struct err *err)
{
	static const char suffix[] = "restore";
	auto_spawn_result struct spawn_result result = { .status = 0 };
	size_t len = strlen(restore->path) - (sizeof(suffix) - 1);
	char path[sizeof(restore->path)], name[32], option[] = "-t";
	char *argv[] = { path, option, name, NULL };
	const struct spawn spawn = { .path = path,
				     .argv = argv,
				     .envp = environ };
	int r;

	(void)text_put(name, table);
	(void)text_put(text_putn(path, restore->path, len), "save");
	r = run(restore, &spawn, &result, err);
	if (r == 0)
		strbuf_add(out, result.out.data, result.out.len);
	return r == 0 && out->failed ? err_nomem(err) : r;
}
