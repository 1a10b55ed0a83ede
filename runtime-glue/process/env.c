/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The environment: duplicates, HOME. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "runtime-glue/process/parts.h"

#define PASSWD_MAX   (4U << 20)
#define PASSWD_UID   2
#define PASSWD_HOME  5
#define PASSWD_PARTS 7

int env_check(const struct spec_process *spec, struct err *err)
{
	for (size_t i = 0; i < spec->env.count; i++) {
		const char *text = spec->env.at[i];

		if (!strchr(text, '='))
			return err_set(err, CNI_E_CONFIG,
				       "process.env[%zu]: \"%s\" has no \"=\"",
				       i, text);
		if (*text == '=')
			return err_set(err, CNI_E_CONFIG,
				       "process.env[%zu]: \"%s\" has no name",
				       i, text);
	}
	return 0;
}

const char *env_get(char *const *envp, const char *name)
{
	const size_t len = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

static bool number_is(const char *text, size_t len, uid_t want)
{
	uint64_t value = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	return value == want;
}

/* name:password:uid:gid:comment:home:shell, all there and nothing more. */
static bool line_home(const char *line, size_t len, uid_t uid,
		      struct strbuf *home)
{
	const char *part[PASSWD_PARTS + 1];
	const char *end = line + len;
	size_t parts = 0;

	if (len == 0 || *line == '#' || memchr(line, '\0', len))
		return false;
	part[parts++] = line;
	for (const char *at = line; at < end; at++) {
		if (*at != ':')
			continue;
		if (parts == PASSWD_PARTS)
			return false;
		part[parts++] = at + 1;
	}
	if (parts != PASSWD_PARTS || part[1] - line <= 1)
		return false;
	if (!number_is(part[PASSWD_UID],
		       (size_t)(part[PASSWD_UID + 1] - part[PASSWD_UID] - 1),
		       uid))
		return false;
	strbuf_add(home, part[PASSWD_HOME],
		   (size_t)(part[PASSWD_HOME + 1] - part[PASSWD_HOME] - 1));
	return true;
}

bool passwd_home(const char *text, size_t len, uid_t uid, struct strbuf *home)
{
	const size_t before = home->len;
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		if (!eol)
			eol = end;
		if (line_home(text, (size_t)(eol - text), uid, home))
			return home->len > before;
		text = eol + 1;
	}
	return false;
}

/*
 * The file is the container's: it may be missing, a FIFO, endless. We are in
 * its root, so that it cannot be another one's; but a magic link in /proc could
 * lead elsewhere.
 */
static void passwd_read(struct strbuf *out)
{
	auto_fd int fd = process_openat2(AT_FDCWD, "/etc/passwd",
					 O_RDONLY | O_NONBLOCK | O_NOCTTY,
					 RESOLVE_NO_MAGICLINKS);
	struct stat st;

	if (fd == -ENOSYS)
		fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY |
						 O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || io_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	/* The lines that were read are good, even if there are more. */
	if (io_read_all(fd, PASSWD_MAX, out) < 0 && out->len > 0)
		while (out->len > 0 && out->data[out->len - 1] != '\n')
			out->len--;
}

static char *home_make(uid_t uid)
{
	auto_strbuf struct strbuf passwd = { 0 };
	struct strbuf home = { 0 };

	strbuf_puts(&home, "HOME=");
	passwd_read(&passwd);
	if (passwd.failed ||
	    !passwd_home(strbuf_str(&passwd), passwd.len, uid, &home))
		strbuf_putc(&home, '/');
	if (home.failed) {
		strbuf_free(&home);
		return NULL;
	}
	return home.data;
}

static size_t name_len(const char *entry)
{
	return strcspn(entry, "=");
}

/* By name, then by place. */
static int compare(const void *a, const void *b)
{
	const char *const *x = *(const char *const *const *)a;
	const char *const *y = *(const char *const *const *)b;
	const size_t n = name_len(*x), m = name_len(*y);
	const int order = memcmp(*x, *y, n < m ? n : m);

	if (order != 0)
		return order;
	if (n != m)
		return n < m ? -1 : 1;
	return x < y ? -1 : 1;
}

static bool same_name(const char *a, const char *b)
{
	const size_t len = name_len(a);

	return len == name_len(b) && memcmp(a, b, len) == 0;
}

/* Mark the entries of which a later one has the name. */
static int mark_old(const struct spec_strings *env, bool *old)
{
	const char ***sorted = calloc(env->count + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < env->count; i++)
		sorted[i] = &env->at[i];
	qsort(sorted, env->count, sizeof(const char **), compare);
	for (size_t i = 0; i + 1 < env->count; i++)
		if (same_name(*sorted[i], *sorted[i + 1]))
			old[sorted[i] - env->at] = true;
	free(sorted);
	return 0;
}

/* What is in @out is the caller's also after a failure; GCC 12 loses track. */
#ifndef __clang__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
static int copy(const struct spec_strings *env, const bool *old, char **out)
{
	for (size_t i = 0; i < env->count; i++) {
		if (old[i])
			continue;
		*out = strdup(env->at[i]);
		if (!*out)
			return -ENOMEM;
		out++;
	}
	return 0;
}

#ifndef __clang__
#pragma GCC diagnostic pop
#endif

/* In place of an entry of that name, or behind the last one. */
static int put(char **envp, const char *name, int value)
{
	char *entry = NULL;

	if (asprintf(&entry, "%s=%d", name, value) < 0)
		return -ENOMEM;
	while (*envp && !same_name(*envp, entry))
		envp++;
	free(*envp);
	*envp = entry;
	return 0;
}

int env_listen(char **envp, int count, struct err *err)
{
	/* Whichever number it has, the container's program asks its own. */
	if (put(envp, "LISTEN_FDS", count) < 0 ||
	    put(envp, "LISTEN_PID", getpid()) < 0)
		return err_nomem(err);
	return 0;
}

int env_make(const struct spec_process *spec, char ***envp, struct err *err)
{
	const struct spec_strings *env = &spec->env;
	auto_free bool *old = calloc(env->count + 1, sizeof(*old));
	size_t count = 0;

	/* Room for HOME, LISTEN_FDS, LISTEN_PID and the end. */
	*envp = calloc(env->count + 4, sizeof(**envp));
	if (!old || !*envp || mark_old(env, old) < 0 ||
	    copy(env, old, *envp) < 0)
		return err_nomem(err);
	if (env_get(*envp, "HOME"))
		return 0;
	while ((*envp)[count])
		count++;
	(*envp)[count] = home_make(spec->user.uid);
	return (*envp)[count] ? 0 : err_nomem(err);
}
