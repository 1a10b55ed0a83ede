/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What callers read: the log of --log, in the forms of runc's. containerd takes
 * the last JSON line of level error for the reason of a failure.
 */
#pragma once

#include <stdbool.h>

#include "common/base/err.h"

enum report_level {
	REPORT_ERROR,
	REPORT_WARNING,
	REPORT_INFO,
	REPORT_DEBUG,
};

struct report {
	int fd; /* of --log, or -1: stderr */
	bool json;
	enum report_level level; /* what is more detailed is left out */
};

/* @path, @format, @level: the options, NULL where not given. */
int report_open(struct report *report, const char *path, const char *format,
		const char *level, struct err *err) MUST_CHECK;

/* One line. */
void report_line(const struct report *report, enum report_level level,
		 const char *text);

/* A failure: to the log, and for who runs us to stderr. */
void report_failure(const struct report *report, const struct err *err);
