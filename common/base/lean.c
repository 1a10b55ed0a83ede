/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-ins for C library calls that json-c makes and a plugin does not need,
 * and for some that are needed: the real ones would bring parts of the C
 * library into memory for nothing, a fifth of what such a short process has
 * there. What is touched of a file comes in pieces of 64 KiB.
 *
 * - Around each parse json-c switches to the C locale, to read numbers
 *   whatever the program's locale is. A plugin never calls setlocale(), so it
 *   is in the C locale from its first instruction to its last.
 * - time(), json-c's last resort for a random seed, is found by the loader
 *   through the vDSO, whether or not it is called.
 * - strtoull(), for json-c's integers, and strcspn() look into tables that
 *   nothing else needs here: 200 KiB for a few digits and a few paths.
 *
 * Only the plugins are linked with this file; a program that sets a locale
 * must not be.
 */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char handle;

locale_t newlocale(int category_mask, const char *locale, locale_t base)
{
	(void)category_mask;
	(void)locale;
	(void)base;
	return (locale_t)(void *)&handle;
}

locale_t duplocale(locale_t dataset)
{
	return dataset;
}

locale_t uselocale(locale_t dataset)
{
	(void)dataset;
	return LC_GLOBAL_LOCALE;
}

void freelocale(locale_t dataset)
{
	(void)dataset;
}

time_t time(time_t *timer)
{
	struct timespec now = { .tv_sec = -1 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (timer)
		*timer = now.tv_sec;
	return now.tv_sec;
}

/* The compiler knows these names, and must not take them for unused. */
#define KEEP __attribute__((used))

KEEP size_t strcspn(const char *s, const char *reject)
{
	size_t len = 0;

	for (; s[len]; len++)
		for (const char *stop = reject; *stop; stop++)
			if (s[len] == *stop)
				return len;
	return len;
}

static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned int)(c - 'A') + 10;
	return UINT_MAX;
}

static const char *skip_space(const char *at)
{
	while (*at == ' ' || (*at >= '\t' && *at <= '\r'))
		at++;
	return at;
}

/* "0x" counts as such only with a digit after it. */
static const char *skip_prefix(const char *at, unsigned int *radix)
{
	const bool hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X') &&
			 digit_of(at[2]) < 16;

	if (*radix == 0)
		*radix = hex ? 16 : *at == '0' ? 8 : 10;
	return hex && *radix == 16 ? at + 2 : at;
}

KEEP unsigned long long strtoull(const char *nptr, char **endptr, int base)
{
	const char *at = skip_space(nptr), *first;
	const bool minus = *at == '-';
	unsigned int radix = (unsigned int)base;
	unsigned long long value = 0;
	bool over = false;

	at = skip_prefix(at + (*at == '-' || *at == '+'), &radix);
	for (first = at; digit_of(*at) < radix; at++) {
		over |= __builtin_mul_overflow(value, radix, &value);
		over |= __builtin_add_overflow(value, digit_of(*at), &value);
	}
	if (endptr)
		memcpy(endptr, at == first ? &nptr : &at, sizeof(*endptr));
	if (over)
		errno = ERANGE;
	if (over)
		return ULLONG_MAX;
	return minus ? -value : value;
}
