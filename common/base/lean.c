/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-ins for C library calls that json-c makes and a plugin does not need:
 * the real ones would bring parts of the C library into memory for nothing,
 * a fifth of what such a short process has there.
 *
 * - Around each parse json-c switches to the C locale, to read numbers
 *   whatever the program's locale is. A plugin never calls setlocale(), so it
 *   is in the C locale from its first instruction to its last.
 * - time(), json-c's last resort for a random seed, is found by the loader
 *   through the vDSO, whether or not it is called.
 *
 * Only the plugins are linked with this file; a program that sets a locale
 * must not be.
 */
#include <locale.h>
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
