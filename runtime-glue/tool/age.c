/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "runtime-glue/tool/tool.h"

void tool_age(const char *when, char *out, size_t size)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" },
		      { 3600, "hour" },
		      { 60, "minute" },
		      { 1, "second" } };
	struct tm tm = { .tm_mday = 1 };
	int64_t age, count;

	(void)snprintf(out, size, "?");
	if (!strptime(when, "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	age = (int64_t)time(NULL) - (int64_t)timegm(&tm);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		count = age / units[i].seconds;
		if (count < 1 && units[i].seconds > 1)
			continue;
		(void)snprintf(out, size, "%" PRId64 " %s%s ago", count,
			       units[i].name, count == 1 ? "" : "s");
		return;
	}
}
