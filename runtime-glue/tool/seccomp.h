/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp profiles, for the files that make bundle_seccomp() (bundle.h): what
 * they ask about the container and the machine, and the two kinds of profile.
 */
#pragma once

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/json.h"

/* What conditions of a profile are about. */
struct profile_for {
	const struct json_object *caps; /* the container's: array of names */
	unsigned int major, minor;      /* of the running kernel */
};

/* An architecture: libseccomp's value, the specification's name, Go's. */
struct profile_arch {
	unsigned int value;
	const char *name, *go;
	/* Others whose programs run on the same kernel; NULL behind the last */
	const char *others[3];
};

/* This machine's; NULL: none of those we know. */
const struct profile_arch *profile_native(void);

bool profile_has_cap(const struct profile_for *box, const char *name);
bool profile_kernel_from(const struct profile_for *box, unsigned int major,
			 unsigned int minor);

/* Our own. The caller's *@out is linux.seccomp. */
int profile_default(const struct profile_for *box, struct json_object **out,
		    struct err *err) MUST_CHECK;

/*
 * A profile that somebody wrote, in docker's format or the specification's:
 * what of it is for @box. Anything that would not be understood is an error
 * (CNI_E_CONFIG, with the key's path below "seccomp"), also in rules that are
 * not for @box: a key with a typing error must not open the filter.
 */
int profile_read(const struct profile_for *box, struct json_object *document,
		 struct json_object **out, struct err *err) MUST_CHECK;
