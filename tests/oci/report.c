// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words are in report_see.c (what is seen) and report_do.c (what is tried).
 * Statically linked and on its own: it runs where there is nothing else.
 */
#include "tests/oci/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_result(const char *key, const char *detail, long r)
{
	const char *name = r < 0 ? strerrorname_np(errno) : "ok";

	printf("%s %s=%s\n", key, detail, name ? name : "unknown");
}

int report_number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

static const struct report_word *find(const struct report_word *words,
				      size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	return NULL;
}

int main(int argc, char **argv)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		const struct report_word *word;

		word = find(see_words, see_word_count, argv[i]);
		if (!word)
			word = find(do_words, do_word_count, argv[i]);
		if (!word || i + word->args >= argc) {
			(void)fprintf(stderr, "report: what is %s?\n", argv[i]);
			return 2;
		}
		word->run(argv + i + 1);
		i += word->args;
	}
	return 0;
}
