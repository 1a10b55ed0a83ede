/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics in the shape of runc's `events --stats`. v1's names and units are
 * the model; v2's numbers are put there where there is an equivalent. What a
 * host does not count is 0, or left out where runc leaves zeros out.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define NS_OF_US 1000U

void stats_add(struct json_object *object, const char *key, uint64_t value,
	       bool optional)
{
	if (value != 0 || !optional)
		json_object_object_add(object, key,
				       json_object_new_uint64(value));
}

struct json_object *stats_object(struct json_object *in, const char *key)
{
	struct json_object *out = json_object_new_object();

	json_object_object_add(in, key, out);
	return out;
}

/* A file's number, 0 if there is none. */
static uint64_t number(const struct cgroup_tree *tree, const char *file)
{
	uint64_t value;

	return tree && group_number(tree, file, &value) == 0 ? value : 0;
}

static uint64_t field(const struct cgroup_tree *tree, const char *file,
		      const char *key)
{
	uint64_t value;

	return tree && group_field(tree, file, key, &value) == 0 ? value : 0;
}

/* ---- PSI (kernel: accounting/psi.rst) ---- */

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static int psi_line(char *line, void *ctx)
{
	struct json_object *out = ctx, *data;
	char *save = NULL, *name = strtok_r(line, " ", &save), *word;

	if (!name)
		return 0;
	data = stats_object(out, name);
	while ((word = strtok_r(NULL, " ", &save)) != NULL) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (strcmp(word, "total") == 0)
			stats_add(data, word, strtoull(value, NULL, 10), false);
		else /* as it is written, for 0.1 + 0.2 */
			json_object_object_add(
				data, word,
				json_object_new_double_s(strtod(value, NULL),
							 value));
	}
	return 0;
}

void stats_psi(const struct cgroup_tree *tree, const char *file,
	       struct json_object *out)
{
	auto_strbuf struct strbuf text = { 0 };

	if (!tree || !tree->v2 || group_text(tree, file, &text) < 0 ||
	    text.len == 0)
		return;
	(void)each_line(text.data, psi_line, stats_object(out, "psi"));
}

/* ---- cpu ---- */

/* "cpu user system" lines behind a heading; which column is wanted. */
struct column {
	struct json_object *user, *system;
};

static int cpu_line(char *line, void *ctx)
{
	const struct column *to = ctx;
	uint64_t user, system;

	if (*line < '0' || *line > '9')
		return 0; /* the heading */
	(void)strtoul(line, &line, 10);
	user = strtoull(line, &line, 10);
	system = strtoull(line, &line, 10);
	json_object_array_add(to->user, json_object_new_uint64(user));
	json_object_array_add(to->system, json_object_new_uint64(system));
	return 0;
}

static void add_list(struct json_object *out, const char *key,
		     struct json_object *list)
{
	if (json_object_array_length(list) > 0)
		json_object_object_add(out, key, list);
	else
		json_object_put(list);
}

static void percpu(const struct cgroup_tree *tree, struct json_object *out)
{
	auto_strbuf struct strbuf total = { 0 }, each = { 0 };
	struct column split = { .user = json_object_new_array(),
				.system = json_object_new_array() };
	struct json_object *list = json_object_new_array();
	char *save = NULL, *word = NULL;

	if (group_text(tree, "cpuacct.usage_percpu", &total) == 0 && total.len)
		word = strtok_r(total.data, " \n", &save);
	for (; word; word = strtok_r(NULL, " \n", &save))
		json_object_array_add(
			list, json_object_new_uint64(strtoull(word, NULL, 10)));
	if (group_text(tree, "cpuacct.usage_all", &each) == 0 && each.len)
		(void)each_line(each.data, cpu_line, &split);
	add_list(out, "percpu", list);
	add_list(out, "percpu_kernel", split.system);
	add_list(out, "percpu_user", split.user);
}

static void usage_v1(const struct cgroup_tree *tree, struct json_object *out)
{
	stats_add(out, "total", number(tree, "cpuacct.usage"), true);
	percpu(tree, out);
	stats_add(out, "kernel", number(tree, "cpuacct.usage_sys"), false);
	stats_add(out, "user", number(tree, "cpuacct.usage_user"), false);
}

static void usage_v2(const struct cgroup_tree *tree, struct json_object *out)
{
	static const char file[] = "cpu.stat";

	stats_add(out, "total", field(tree, file, "usage_usec") * NS_OF_US,
		  true);
	stats_add(out, "kernel", field(tree, file, "system_usec") * NS_OF_US,
		  false);
	stats_add(out, "user", field(tree, file, "user_usec") * NS_OF_US,
		  false);
}

static void stats_cpu(const struct cgroup *cgroup, struct json_object *out)
{
	struct json_object *cpu = stats_object(out, "cpu");
	struct json_object *usage = stats_object(cpu, "usage");
	struct json_object *held = stats_object(cpu, "throttling");
	const struct cgroup_tree *account = cgroup_tree_of(cgroup, "cpuacct");
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "cpu");
	uint64_t time;

	/* v2 counts time without the controller being on. */
	if (!tree)
		tree = cgroup_v2(cgroup);
	if (account)
		usage_v1(account, usage);
	else
		usage_v2(tree, usage);
	time = tree && tree->v2
		       ? field(tree, "cpu.stat", "throttled_usec") * NS_OF_US
		       : field(tree, "cpu.stat", "throttled_time");
	stats_add(held, "periods", field(tree, "cpu.stat", "nr_periods"), true);
	stats_add(held, "throttledPeriods",
		  field(tree, "cpu.stat", "nr_throttled"), true);
	stats_add(held, "throttledTime", time, true);
	stats_psi(cgroup_v2(cgroup), "cpu.pressure", cpu);
}

/* ---- cpuset ---- */

/* "0-2,7" as [0,1,2,7] */
static void numbers(const struct cgroup_tree *tree, const char *file,
		    const char *key, struct json_object *out)
{
	struct json_object *list = json_object_new_array();
	char text[4096], *at = text;

	if (!tree || group_line(tree, file, text, sizeof(text)) < 0)
		*text = '\0';
	while (*at >= '0' && *at <= '9') {
		unsigned long first = strtoul(at, &at, 10), last = first;

		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		for (; first <= last && last <= UINT16_MAX; first++)
			json_object_array_add(list,
					      json_object_new_uint64(first));
		at += *at == ',';
	}
	add_list(out, key, list);
}

static void stats_cpuset(const struct cgroup *cgroup, struct json_object *out)
{
	static const char *const flags[] = {
		"cpu_exclusive",   "mem_hardwall",       "mem_exclusive",
		"memory_migrate",  "memory_spread_page", "memory_spread_slab",
		"memory_pressure", "sched_load_balance",
	};
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "cpuset");
	struct json_object *set = stats_object(out, "cpuset");
	char file[64], level[32] = "0";
	bool v2 = tree && tree->v2;

	numbers(tree, v2 ? "cpuset.cpus.effective" : "cpuset.cpus", "cpus",
		set);
	numbers(tree, v2 ? "cpuset.mems.effective" : "cpuset.mems", "mems",
		set);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		(void)snprintf(file, sizeof(file), "cpuset.%s", flags[i]);
		stats_add(set, flags[i], number(tree, file), false);
	}
	if (!tree || group_line(tree, "cpuset.sched_relax_domain_level", level,
				sizeof(level)) < 0)
		(void)snprintf(level, sizeof(level), "0");
	json_object_object_add(set, "sched_relax_domain_level",
			       json_object_new_int64(strtoll(level, NULL, 10)));
}

static void stats_pids(const struct cgroup *cgroup, struct json_object *out)
{
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "pids");
	struct json_object *pids = stats_object(out, "pids");
	uint64_t limit = number(tree, "pids.max");

	stats_add(pids, "current", number(tree, "pids.current"), true);
	stats_add(pids, "limit", limit == UINT64_MAX ? 0 : limit, true);
}

int cgroup_stats(const struct cgroup *cgroup, struct json_object **out,
		 struct err *err)
{
	auto_json struct json_object *all = json_object_new_object();

	*out = NULL;
	if (!all)
		return err_nomem(err);
	stats_cpu(cgroup, all);
	stats_cpuset(cgroup, all);
	stats_memory(cgroup, all);
	stats_pids(cgroup, all);
	stats_blkio(cgroup, all);
	stats_hugetlb(cgroup, all);
	(void)stats_object(all, "intel_rdt");
	*out = take_ptr(all);
	return 0;
}
