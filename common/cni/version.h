/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol versions, oldest first, and the questions asked of them
 * (CNI SPEC, "Version considerations"; cni-behaviour.md 1.2).
 */
#pragma once

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

enum cni_version {
	CNI_V0_1_0,
	CNI_V0_2_0,
	CNI_V0_3_0,
	CNI_V0_3_1,
	CNI_V0_4_0,
	CNI_V1_0_0,
	CNI_V1_1_0,
};

#define CNI_VERSIONS 7
#define CNI_V_NEWEST CNI_V1_1_0

/* "0.1.0" ... */
const char *cni_version_text(enum cni_version version);

/* Exactly one of the seven texts; false for any other ("1.1", "9.9.9"). */
bool cni_version_known(const char *text, enum cni_version *out);

/*
 * Is the version written as @text at least @least? Up to three dot-separated
 * numbers ("1.1" is 1.1.0); anything else is CNI_E_DECODE.
 */
int cni_version_at_least(const char *text, enum cni_version least, bool *out,
			 struct err *err) MUST_CHECK;

/* Is it newer than @than? Errors as above. */
int cni_version_newer(const char *text, enum cni_version than, bool *out,
		      struct err *err) MUST_CHECK;

/* The results of 0.1/0.2, of 0.3/0.4 and of 1.x have a shape each. */
enum cni_family {
	CNI_FAMILY_0_1, /* ip4, ip6 */
	CNI_FAMILY_0_3, /* interfaces, ips with a version, routes */
	CNI_FAMILY_1_0, /* ips without a version; keys sorted */
};

enum cni_family cni_version_family(enum cni_version version);
