/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `linux.sysctl`: only what belongs to a namespace of the container's own may
 * be written (sysctl(8) for the two forms of a key).
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/spec/spec_parts.h"

/* Components that name a directory's parent, or nothing, once they are files.
 */
static bool is_safe(const char *key)
{
	for (;;) {
		size_t len = strcspn(key, ".");

		if (len == strspn(key, "/"))
			return false;
		if (!key[len])
			return true;
		key += len + 1;
	}
}

/*
 * Whichever of "." and "/" comes first separates: "net/ipv4/conf/eth0.1/x" is
 * "net.ipv4.conf.eth0/1.x". The form with dots, or NULL: no memory.
 */
static char *with_dots(const char *key)
{
	char *copy = strdup(key);

	if (!copy || copy[strcspn(copy, "./")] != '/')
		return copy;
	for (char *c = copy; *c; c++) {
		if (*c == '/')
			*c = '.';
		else if (*c == '.')
			*c = '/';
	}
	return copy;
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* SPEC_NS_COUNT: none. */
static enum spec_ns namespace_of(const char *key)
{
	static const char *const ipc[] = {
		"kernel.msgmax",          "kernel.msgmnb",
		"kernel.msgmni",          "kernel.sem",
		"kernel.shmall",          "kernel.shmmax",
		"kernel.shm_rmid_forced", "kernel.shmmni",
	};

	if (starts(key, "net."))
		return SPEC_NS_NETWORK;
	if (starts(key, "fs.mqueue."))
		return SPEC_NS_IPC;
	for (size_t i = 0; i < sizeof(ipc) / sizeof(*ipc); i++)
		if (strcmp(key, ipc[i]) == 0)
			return SPEC_NS_IPC;
	if (strcmp(key, "kernel.hostname") == 0 ||
	    strcmp(key, "kernel.domainname") == 0)
		return SPEC_NS_UTS;
	return SPEC_NS_COUNT;
}

static int check_sysctl(const struct spec *spec, const struct cfg *at,
			const char *key, struct err *err)
{
	auto_free char *dots = with_dots(key);
	enum spec_ns ns;

	if (!dots)
		return err_nomem(err);
	if (!is_safe(dots))
		return cfg_fail(err, at, key, "is no name of a sysctl");
	ns = namespace_of(dots);
	if (ns == SPEC_NS_COUNT)
		return cfg_fail(err, at, key, "belongs to no namespace");
	if (!spec->linux_.ns[ns].used)
		return cfg_fail(err, at, key,
				"needs \"%s\" in linux.namespaces",
				spec_ns_kinds[ns].name);
	if (spec->hostname && strcmp(dots, "kernel.hostname") == 0)
		return cfg_fail(err, at, key, "conflicts with hostname");
	if (spec->domainname && strcmp(dots, "kernel.domainname") == 0)
		return cfg_fail(err, at, key, "conflicts with domainname");
	return 0;
}

int spec_check_sysctls(const struct spec *spec, const struct cfg *at,
		       struct err *err)
{
	const struct cfg map = { .parent = at, .key = "sysctl" };
	const struct spec_pairs *pairs = &spec->linux_.sysctl;
	int r = 0;

	for (size_t i = 0; r == 0 && i < pairs->count; i++)
		r = check_sysctl(spec, &map, pairs->at[i].key, err);
	return r;
}
