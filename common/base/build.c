/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/build.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

const char *build_version(void)
{
	return VERSION;
}
