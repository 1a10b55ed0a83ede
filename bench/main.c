/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measure CNI plugins against each other. To be run by bench/run.sh, which
 * gives it a mount namespace of its own with an empty /run.
 */
#include "bench/bench.h"

#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ID 1000000 /* lower ones are in the stores */

static const char usage[] =
	"usage: cnibench [OPTION]... NAME:VERSION:DIRECTORY...\n"
	"  --rounds=N     a scenario's rounds (40), more of the fast ones\n"
	"  --rss=N        runs for the peak of memory (5)\n"
	"  --only=TEXT    only scenarios with TEXT in their name\n"
	"  --store=DIR    where the stores are made\n"
	"  --disk=DIR     and those that are to be on disk\n"
	"  --idle=NAME:VERSION:DIRECTORY   DIRECTORY/idle does nothing\n"
	"  --json=FILE    all results\n";

static const struct option options[] = {
	{ "rounds", required_argument, NULL, 'n' },
	{ "rss", required_argument, NULL, 'r' },
	{ "only", required_argument, NULL, 'o' },
	{ "store", required_argument, NULL, 's' },
	{ "disk", required_argument, NULL, 'd' },
	{ "idle", required_argument, NULL, 'i' },
	{ "json", required_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 },
};

static size_t number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || value == 0 || value > 10000)
		errx(2, "%s: not a number from 1 to 10000", text);
	return value;
}

/* NAME:VERSION:DIRECTORY; cuts @text up and keeps it. */
static void add_impl(struct impls *impls, char *text)
{
	struct impl *impl = &impls->list[impls->count];

	if (impls->count++ == IMPL_MAX)
		errx(2, "at most %d implementations", IMPL_MAX);
	impl->name = strsep(&text, ":");
	impl->version = strsep(&text, ":");
	impl->dir = text;
	if (!text)
		errx(2, "%s", usage);
}

/* Returns the name of the JSON file, or NULL. */
static const char *read_options(struct bench *bench, int argc, char **argv)
{
	const char *json = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			bench->rounds = number(optarg);
		else if (option == 'r')
			bench->rss_rounds = number(optarg);
		else if (option == 'o')
			bench->only = optarg;
		else if (option == 's')
			bench->store = optarg;
		else if (option == 'd')
			bench->disk = optarg;
		else if (option == 'i')
			add_impl(&bench->idle, optarg);
		else if (option == 'j')
			json = optarg;
		else
			errx(2, "%s", usage);
	}
	for (; optind < argc; optind++)
		add_impl(&bench->impls, argv[optind]);
	if (!bench->store || !bench->disk || bench->impls.count == 0)
		errx(2, "%s", usage);
	return json;
}

static void write_json(const struct bench *bench, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		err(1, "%s", path);
	report_json(bench, file);
	if (fclose(file) != 0)
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	static struct bench bench = { .rounds = 40,
				      .rss_rounds = 5,
				      .next_id = FIRST_ID };
	const char *json = read_options(&bench, argc, argv);

	(void)getloadavg(&bench.load, 1);
	bench_run(&bench);
	report_table(&bench, stdout);
	(void)putchar('\n');
	report_targets(&bench, stdout);
	if (json)
		write_json(&bench, json);
	return fflush(stdout) == 0 ? 0 : 1;
}
