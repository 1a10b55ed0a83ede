/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search for the executable, and its errors in the words of runc's
 * (Go's exec.LookPath): podman and others look for them.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/process/parts.h"

#define ANY_EXECUTE 0111

/* By the effective ids, as execve() will look. */
static int check(const char *path, bool *found)
{
	struct stat st;

	*found = false;
	if (stat(path, &st) < 0)
		return -errno;
	*found = true;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -errno;
	return st.st_mode & ANY_EXECUTE ? 0 : -EACCES;
}

static int with_slash(const char *name, char **path, struct err *err)
{
	bool found;
	int r = check(name, &found);
	const char *why = err_text(-r);

	if (r == 0) {
		*path = strdup(name);
		return *path ? 0 : err_nomem(err);
	}
	return process_fail(err, -r, "exec: \"%s\": %s%s%s%c%s", name,
			    found ? "" : "stat ", found ? "" : name,
			    found ? "" : ": ", tolower((unsigned char)*why),
			    why + 1);
}

/* Join @dir (@len bytes) and @name; an empty @dir is ".". */
static char *join(const char *dir, size_t len, const char *name)
{
	char *path = NULL;

	if (len == 0)
		return strdup(name);
	if (asprintf(&path, "%.*s%s%s", (int)len, dir,
		     dir[len - 1] == '/' ? "" : "/", name) < 0)
		return NULL;
	return path;
}

static int in_path(const char *name, const char *list, char **path,
		   struct err *err)
{
	while (list) {
		const size_t len = strcspn(list, ":");
		auto_free char *at = join(list, len, name);
		bool found;

		if (!at)
			return err_nomem(err);
		list = list[len] == ':' ? list + len + 1 : NULL;
		if (check(at, &found) < 0)
			continue;
		if (*at != '/')
			return process_fail(err, EACCES,
					    "exec: \"%s\": cannot run "
					    "executable found relative to "
					    "current directory",
					    name);
		*path = take_ptr(at);
		return 0;
	}
	return process_fail(err, ENOENT,
			    "exec: \"%s\": executable file not found in $PATH",
			    name);
}

int lookup(const char *name, const char *path_list, char **path,
	   struct err *err)
{
	if (strchr(name, '/'))
		return with_slash(name, path, err);
	if (*name == '\0' || (path_list && *path_list == '\0'))
		path_list = NULL;
	return in_path(name, path_list, path, err);
}
