/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container's init that says what it sees and what it is allowed to do, as
 * lines "key=value". Its arguments are words, done one after the other; some
 * take arguments of their own. See report_words in report.c.
 */
#pragma once

#include <stddef.h>

/* @arg: what follows the word, as many as the table says. */
struct report_word {
	const char *name;
	int args;
	void (*run)(char **arg);
};

extern const struct report_word see_words[], do_words[];
extern const size_t see_word_count, do_word_count;

/* "KEY=ok" or "KEY=EPERM", for a call that returned @r and set errno. */
void report_result(const char *key, const char *detail, long r);

/* report_calls.c */
void report_try(char **arg);

/* Decimal; 0 if it is none. */
int report_number(const char *text);
