/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logging: stderr only, because stdout carries the CNI result. */
#pragma once

#include <stddef.h>

/* Something went wrong or strange off the return path: "NAME: text". */
void log_warn(const char *fmt, ...) __attribute__((cold, format(printf, 1, 2)));

/* Replace control characters: names from outside may hold escape codes. */
void log_printable(char *text, size_t len);
