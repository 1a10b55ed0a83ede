/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/bench.h"

#include <err.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#define WANT_RSS          0.25   /* of Go's */
#define WANT_SIZE         307200 /* bytes, loopback and host-local together */
#define WANT_BRIDGE_SIZE  358400
#define WANT_PORTMAP_SIZE 307200

/* What the implementation @name did at the same thing, or NULL. */
static const struct result *result_of(const struct bench *bench,
				      const char *name, const struct result *of)
{
	for (size_t i = 0; i < bench->result_count; i++) {
		const struct result *result = &bench->results[i];

		if (result->scenario == of->scenario &&
		    result->verb == of->verb &&
		    strcmp(result->impl->name, name) == 0)
			return result;
	}
	return NULL;
}

static const struct result *go_result(const struct bench *bench,
				      const struct result *of)
{
	return result_of(bench, GO, of);
}

/* How many times as fast as Go's it is, and its part of Go's memory; or 0. */
static double speedup(const struct bench *bench, const struct result *result)
{
	const struct result *go = go_result(bench, result);

	return go ? go->summary.median / result->summary.median : 0;
}

/* How many times the floor's time it takes, or 0. */
static double floor_ratio(const struct bench *bench,
			  const struct result *result)
{
	const struct result *floor = result_of(bench, FLOOR, result);

	return floor ? result->summary.median / floor->summary.median : 0;
}

/*
 * Its own time for the same in the scenario that this is compared with, or for
 * the first connection; or NULL.
 */
static const struct result *own_result(const struct bench *bench,
				       const struct result *of)
{
	struct result base = *of;

	if (of->verb == VERB_LAST) {
		base.verb = VERB_FIRST;
		return result_of(bench, of->impl->name, &base);
	}
	for (size_t i = 0; of->scenario->base && i < bench->result_count; i++) {
		base.scenario = bench->results[i].scenario;
		if (strcmp(base.scenario->name, of->scenario->base) == 0)
			return result_of(bench, of->impl->name, &base);
	}
	return NULL;
}

/* How many times that time it takes, or 0. */
static double own_ratio(const struct bench *bench, const struct result *result)
{
	const struct result *own = own_result(bench, result);

	return own ? result->summary.median / own->summary.median : 0;
}

static double rss_ratio(const struct bench *bench, const struct result *result)
{
	const struct result *go = go_result(bench, result);

	if (!go || go->summary.rss_kib == 0)
		return 0;
	return (double)result->summary.rss_kib / (double)go->summary.rss_kib;
}

static void print_row(const struct bench *bench, const struct result *result,
		      FILE *out)
{
	const struct summary *sum = &result->summary;

	(void)fprintf(out, "%-29s %-4s %-15s %4zu %10.3f %10.3f %9.3f %8ld",
		      result->scenario->name, verb_name(result->verb),
		      result->impl->name, sum->count, sum->median, sum->p99,
		      sum->cpu_ms, sum->rss_kib);
	if (go_result(bench, result))
		(void)fprintf(out, " %8.1fx %7.2f", speedup(bench, result),
			      rss_ratio(bench, result));
	if (result_of(bench, FLOOR, result))
		(void)fprintf(out, " %8.2f", floor_ratio(bench, result));
	(void)fputc('\n', out);
}

void report_table(const struct bench *bench, FILE *out)
{
	(void)fprintf(out,
		      "%-29s %-4s %-15s %4s %10s %10s %9s %8s %9s %7s %8s\n",
		      "scenario", "verb", "implementation", "n", "median ms",
		      "p99 ms", "cpu ms", "RSS KiB", "speed-up", "RSS/go",
		      "x floor");
	for (size_t i = 0; i < bench->result_count; i++)
		print_row(bench, &bench->results[i], out);
}

/* The bytes of a plugin's file; 0 if there is none. */
static long size_of(const struct impl *impl, const char *plugin)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", impl->dir, plugin);
	return stat(path, &st) < 0 ? 0 : (long)st.st_size;
}

/* Something that was to be so, and how it is. */
struct target {
	char what[128];
	double have, want;
	bool at_least; /* rather than at most */
};

struct targets {
	size_t count;
	struct target list[4 * RESULT_MAX + 3 * IMPL_MAX];
};

static bool is_met(const struct target *target)
{
	return target->at_least ? target->have >= target->want
				: target->have <= target->want;
}

__attribute__((format(printf, 2, 3))) static struct target *add_target(
	struct targets *targets, const char *format, ...)
{
	struct target *target = &targets->list[targets->count++];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(target->what, sizeof(target->what), format, args);
	va_end(args);
	return target;
}

static void add_targets_of(struct targets *targets, const struct bench *bench,
			   const struct result *result)
{
	const struct scenario *scenario = result->scenario;
	const struct wants *want = &scenario->want[result->verb];
	const char *verb = verb_name(result->verb), *name = result->impl->name;
	bool is_static = strcmp(name, "ferrule-static") == 0;
	double times =
		is_static && want->go_static > 0 ? want->go_static : want->go;
	struct target *target;

	if (strncmp(name, "ferrule", strlen("ferrule")) != 0)
		return;
	if (times > 0 && go_result(bench, result)) {
		target = add_target(targets, "%s, %s: %s, times as fast as go",
				    scenario->name, verb, name);
		target->have = speedup(bench, result);
		target->want = times;
		target->at_least = true;
	}
	if (want->floor > 0 && result_of(bench, FLOOR, result)) {
		target = add_target(targets,
				    "%s, %s: %s, times the floor's time",
				    scenario->name, verb, name);
		target->have = floor_ratio(bench, result);
		target->want = want->floor;
	}
	if (want->own > 0 && own_result(bench, result)) {
		target = add_target(targets,
				    "%s, %s: %s, times its own with the first",
				    scenario->name, verb, name);
		target->have = own_ratio(bench, result);
		target->want = want->own;
	}
	/* Nobody has promised anything of portmap's memory. */
	if (result->summary.rss_kib > 0 && go_result(bench, result) &&
	    scenario->ports == 0) {
		target = add_target(targets, "%s, %s: %s, part of go's memory",
				    scenario->name, verb, name);
		target->have = rss_ratio(bench, result);
		target->want = WANT_RSS;
	}
}

static void add_size_targets(struct targets *targets, const struct impl *impl)
{
	long small = size_of(impl, "loopback") + size_of(impl, "host-local");
	long bridge = size_of(impl, "bridge");
	long portmap = size_of(impl, "portmap");
	struct target *target;

	if (strcmp(impl->name, "ferrule") != 0)
		return;
	target = add_target(targets, "bytes of loopback and host-local");
	target->have = (double)small;
	target->want = WANT_SIZE - 1;
	if (bridge > 0) {
		target = add_target(targets, "bytes of bridge");
		target->have = (double)bridge;
		target->want = WANT_BRIDGE_SIZE;
	}
	if (portmap > 0) {
		target = add_target(targets, "bytes of portmap");
		target->have = (double)portmap;
		target->want = WANT_PORTMAP_SIZE;
	}
}

static struct targets *targets_make(const struct bench *bench)
{
	struct targets *targets = calloc(1, sizeof(*targets));

	if (!targets)
		err(1, "targets");
	for (size_t i = 0; i < bench->result_count; i++)
		add_targets_of(targets, bench, &bench->results[i]);
	for (size_t i = 0; i < bench->impls.count; i++)
		add_size_targets(targets, &bench->impls.list[i]);
	return targets;
}

void report_targets(const struct bench *bench, FILE *out)
{
	struct targets *targets = targets_make(bench);
	size_t missed = 0;
	int digits;

	for (size_t i = 0; i < targets->count; i++) {
		const struct target *target = &targets->list[i];

		missed += !is_met(target);
		digits = target->want < 1000 ? 2 : 0;
		(void)fprintf(out, "%-7s  %s: %.*f (want %s %.*f)\n",
			      is_met(target) ? "met" : "NOT met", target->what,
			      digits, target->have,
			      target->at_least ? ">=" : "<=", digits,
			      target->want);
	}
	(void)fprintf(out, "%zu of %zu targets met\n", targets->count - missed,
		      targets->count);
	free(targets);
}

static void json_string(const char *text, FILE *out)
{
	(void)fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', out);
		if ((unsigned char)*text >= ' ')
			(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void json_machine(const struct bench *bench, FILE *out)
{
	struct utsname uts;
	struct statfs fs;
	double load[3] = { 0 };

	(void)getloadavg(load, 3);
	if (uname(&uts) < 0)
		err(1, "uname");
	(void)fputs("{\n  \"kernel\": ", out);
	json_string(uts.release, out);
	(void)fprintf(out,
		      ",\n  \"machine\": \"%s\",\n  \"cpus\": %ld,\n"
		      "  \"load_before\": %.2f,\n  \"load_after\": %.2f,\n"
		      "  \"store\": ",
		      uts.machine, sysconf(_SC_NPROCESSORS_ONLN), bench->load,
		      load[0]);
	json_string(statfs(bench->store, &fs) == 0 && fs.f_type == TMPFS_MAGIC
			    ? "tmpfs"
			    : bench->store,
		    out);
}

static void json_impls(const struct bench *bench, FILE *out)
{
	(void)fputs(",\n  \"implementations\": [", out);
	for (size_t i = 0; i < bench->impls.count; i++) {
		const struct impl *impl = &bench->impls.list[i];

		(void)fprintf(out, "%s\n    {\"name\": ", i ? "," : "");
		json_string(impl->name, out);
		(void)fputs(", \"version\": ", out);
		json_string(impl->version, out);
		(void)fprintf(out,
			      ", \"bytes\": {\"loopback\": %ld, "
			      "\"host-local\": %ld, \"bridge\": %ld, "
			      "\"portmap\": %ld}}",
			      size_of(impl, "loopback"),
			      size_of(impl, "host-local"),
			      size_of(impl, "bridge"),
			      size_of(impl, "portmap"));
	}
	(void)fputs("\n  ]", out);
}

static void json_result(const struct bench *bench, const struct result *result,
			FILE *out)
{
	const struct summary *sum = &result->summary;

	(void)fprintf(out,
		      "    {\"scenario\": \"%s\", \"verb\": \"%s\", "
		      "\"implementation\": \"%s\", \"rounds\": %zu, ",
		      result->scenario->name, verb_name(result->verb),
		      result->impl->name, sum->count);
	(void)fprintf(out,
		      "\"wall_ms\": {\"min\": %.4f, \"p25\": %.4f, "
		      "\"median\": %.4f, \"p75\": %.4f, \"p99\": %.4f, "
		      "\"max\": %.4f, \"mean\": %.4f}, ",
		      sum->min, sum->p25, sum->median, sum->p75, sum->p99,
		      sum->max, sum->mean);
	(void)fprintf(out, "\"cpu_ms\": %.4f, \"rss_kib\": %ld", sum->cpu_ms,
		      sum->rss_kib);
	if (go_result(bench, result))
		(void)fprintf(out, ", \"speedup\": %.3f, \"rss_ratio\": %.4f",
			      speedup(bench, result), rss_ratio(bench, result));
	if (result_of(bench, FLOOR, result))
		(void)fprintf(out, ", \"floor_ratio\": %.3f",
			      floor_ratio(bench, result));
	if (own_result(bench, result))
		(void)fprintf(out, ", \"own_ratio\": %.3f",
			      own_ratio(bench, result));
	(void)fputc('}', out);
}

static void json_targets(const struct bench *bench, FILE *out)
{
	struct targets *targets = targets_make(bench);

	(void)fputs(",\n  \"targets\": [\n", out);
	for (size_t i = 0; i < targets->count; i++) {
		const struct target *target = &targets->list[i];

		(void)fprintf(out,
			      "%s    {\"what\": \"%s\", \"have\": %.4f, "
			      "\"%s\": %.4f, \"met\": %s}",
			      i ? ",\n" : "", target->what, target->have,
			      target->at_least ? "at_least" : "at_most",
			      target->want, is_met(target) ? "true" : "false");
	}
	(void)fputs("\n  ]\n}\n", out);
	free(targets);
}

void report_json(const struct bench *bench, FILE *out)
{
	json_machine(bench, out);
	json_impls(bench, out);
	(void)fputs(",\n  \"results\": [\n", out);
	for (size_t i = 0; i < bench->result_count; i++) {
		(void)fputs(i ? ",\n" : "", out);
		json_result(bench, &bench->results[i], out);
	}
	(void)fputs("\n  ]", out);
	json_targets(bench, out);
}
