/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics of memory, block I/O and huge pages. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

DEFINE_AUTO(dir, DIR *, closedir)
#define auto_dir AUTO(auto_dir_release)

/* ---- memory ---- */

struct entry {
	uint64_t limit, usage, max, failcnt;
};

static struct json_object *add_entry(struct json_object *in, const char *key,
				     const struct entry *entry)
{
	struct json_object *out = stats_object(in, key);

	stats_add(out, "limit", entry->limit, false);
	stats_add(out, "usage", entry->usage, true);
	stats_add(out, "max", entry->max, true);
	stats_add(out, "failcnt", entry->failcnt, false);
	return out;
}

static uint64_t named(const struct cgroup_tree *tree, const char *prefix,
		      const char *name)
{
	char file[96];
	uint64_t value;

	(void)snprintf(file, sizeof(file), "%s.%s", prefix, name);
	return tree && group_number(tree, file, &value) == 0 ? value : 0;
}

static struct entry entry_v1(const struct cgroup_tree *tree, const char *prefix)
{
	return (struct entry){
		.limit = named(tree, prefix, "limit_in_bytes"),
		.usage = named(tree, prefix, "usage_in_bytes"),
		.max = named(tree, prefix, "max_usage_in_bytes"),
		.failcnt = named(tree, prefix, "failcnt"),
	};
}

static struct entry entry_v2(const struct cgroup_tree *tree, const char *prefix)
{
	return (struct entry){
		.limit = named(tree, prefix, "max"),
		.usage = named(tree, prefix, "current"),
		.max = named(tree, prefix, "peak"),
	};
}

static int raw_line(char *line, void *ctx)
{
	char *value = strchr(line, ' ');

	if (value) {
		*value++ = '\0';
		stats_add(ctx, line, strtoull(value, NULL, 10), false);
	}
	return 0;
}

static void add_raw(const struct cgroup_tree *tree, struct json_object *out)
{
	auto_strbuf struct strbuf text = { 0 };

	if (tree && group_text(tree, "memory.stat", &text) == 0 && text.len)
		(void)each_line(text.data, raw_line, stats_object(out, "raw"));
}

static void memory_v2(const struct cgroup_tree *tree, struct json_object *out)
{
	struct entry usage = entry_v2(tree, "memory"), none = { 0 };
	struct entry swap = entry_v2(tree, "memory.swap");

	/* v1's is of memory and swap together; a peak of both is not known. */
	swap.usage += usage.usage;
	if (swap.limit != UINT64_MAX)
		swap.limit = usage.limit == UINT64_MAX
				     ? UINT64_MAX
				     : swap.limit + usage.limit;
	swap.max = 0;
	(void)add_entry(out, "usage", &usage);
	(void)add_entry(out, "swap", &swap);
	(void)add_entry(out, "kernel", &none);
	(void)add_entry(out, "kernelTCP", &none);
}

static void memory_v1(const struct cgroup_tree *tree, struct json_object *out)
{
	static const struct {
		const char *key, *prefix;
	} kinds[] = {
		{ "usage", "memory" },
		{ "swap", "memory.memsw" },
		{ "kernel", "memory.kmem" },
		{ "kernelTCP", "memory.kmem.tcp" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct entry entry = entry_v1(tree, kinds[i].prefix);

		(void)add_entry(out, kinds[i].key, &entry);
	}
}

void stats_memory(const struct cgroup *cgroup, struct json_object *out)
{
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "memory");
	struct json_object *memory = stats_object(out, "memory");
	bool v2 = tree && tree->v2;
	uint64_t cache = 0;

	if (tree && group_field(tree, "memory.stat", v2 ? "file" : "cache",
				&cache) == 0)
		stats_add(memory, "cache", cache, true);
	if (v2)
		memory_v2(tree, memory);
	else
		memory_v1(tree, memory);
	add_raw(tree, memory);
	stats_psi(cgroup_v2(cgroup), "memory.pressure", memory);
}

/* ---- block I/O ---- */

static void add_io(struct json_object *list, const char *device, const char *op,
		   uint64_t value)
{
	const char *colon = strchr(device, ':');
	unsigned long major, minor;
	struct json_object *entry;

	if (!colon)
		return; /* "Total" */
	major = strtoul(device, NULL, 10);
	minor = strtoul(colon + 1, NULL, 10);
	entry = json_object_new_object();
	stats_add(entry, "major", major, true);
	stats_add(entry, "minor", minor, true);
	if (op)
		json_object_object_add(entry, "op", json_object_new_string(op));
	stats_add(entry, "value", value, true);
	json_object_array_add(list, entry);
}

/* "8:0 Read 4096", of some files "8:0 77"; "Total 4096" is of no device. */
static int io_line_v1(char *line, void *ctx)
{
	char *save = NULL, *device = strtok_r(line, " ", &save);
	char *op = device ? strtok_r(NULL, " ", &save) : NULL;
	char *value = op ? strtok_r(NULL, " ", &save) : NULL;

	if (value)
		add_io(ctx, device, op, strtoull(value, NULL, 10));
	else if (op)
		add_io(ctx, device, NULL, strtoull(op, NULL, 10));
	return 0;
}

/* Of the files for one number, the first that has a line about a device. */
struct io_kind {
	const char *key;
	const char *files[4];
};

static const struct io_kind io_kinds[] = {
	{ "ioServiceBytesRecursive",
	  { "blkio.bfq.io_service_bytes_recursive",
	    "blkio.io_service_bytes_recursive",
	    "blkio.throttle.io_service_bytes_recursive",
	    "blkio.throttle.io_service_bytes" } },
	{ "ioServicedRecursive",
	  { "blkio.bfq.io_serviced_recursive", "blkio.io_serviced_recursive",
	    "blkio.throttle.io_serviced_recursive",
	    "blkio.throttle.io_serviced" } },
	{ "ioQueueRecursive",
	  { "blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive" } },
	{ "ioServiceTimeRecursive",
	  { "blkio.bfq.io_service_time_recursive",
	    "blkio.io_service_time_recursive" } },
	{ "ioWaitTimeRecursive",
	  { "blkio.bfq.io_wait_time_recursive",
	    "blkio.io_wait_time_recursive" } },
	{ "ioMergedRecursive",
	  { "blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive" } },
	{ "ioTimeRecursive",
	  { "blkio.bfq.time_recursive", "blkio.time_recursive" } },
	{ "sectorsRecursive",
	  { "blkio.bfq.sectors_recursive", "blkio.sectors_recursive" } },
};

static void io_v1(const struct cgroup_tree *tree, const struct io_kind *kind,
		  struct json_object *out)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < 4 && kind->files[i]; i++) {
		auto_strbuf struct strbuf text = { 0 };

		if (group_text(tree, kind->files[i], &text) < 0 || !text.len)
			continue;
		(void)each_line(text.data, io_line_v1, list);
		if (json_object_array_length(list) > 0) {
			json_object_object_add(out, kind->key, list);
			return;
		}
	}
	json_object_put(list);
}

struct io_lists {
	struct json_object *bytes, *count;
};

/* "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0" */
static int io_line_v2(char *line, void *ctx)
{
	static const struct {
		const char *key, *op;
		bool bytes;
	} keys[] = {
		{ "rbytes", "Read", true },
		{ "wbytes", "Write", true },
		{ "rios", "Read", false },
		{ "wios", "Write", false },
	};
	const struct io_lists *to = ctx;
	char *save = NULL, *device = strtok_r(line, " ", &save), *word;

	while (device && (word = strtok_r(NULL, " ", &save)) != NULL) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			if (strcmp(word, keys[i].key) == 0)
				add_io(keys[i].bytes ? to->bytes : to->count,
				       device, keys[i].op,
				       strtoull(value, NULL, 10));
		}
	}
	return 0;
}

static void io_v2(const struct cgroup_tree *tree, struct json_object *out)
{
	auto_strbuf struct strbuf text = { 0 };
	struct io_lists lists = { json_object_new_array(),
				  json_object_new_array() };

	if (group_text(tree, "io.stat", &text) == 0 && text.len)
		(void)each_line(text.data, io_line_v2, &lists);
	if (json_object_array_length(lists.bytes) > 0)
		json_object_object_add(out, io_kinds[0].key,
				       json_object_get(lists.bytes));
	if (json_object_array_length(lists.count) > 0)
		json_object_object_add(out, io_kinds[1].key,
				       json_object_get(lists.count));
	json_object_put(lists.bytes);
	json_object_put(lists.count);
}

void stats_blkio(const struct cgroup *cgroup, struct json_object *out)
{
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "blkio");
	struct json_object *blkio = stats_object(out, "blkio");

	if (tree && tree->v2)
		io_v2(tree, blkio);
	for (size_t i = 0;
	     tree && !tree->v2 && i < sizeof(io_kinds) / sizeof(*io_kinds); i++)
		io_v1(tree, &io_kinds[i], blkio);
	stats_psi(cgroup_v2(cgroup), "io.pressure", blkio);
}

/* ---- huge pages ---- */

static void add_pages(const struct cgroup_tree *tree, const char *size,
		      struct json_object *out)
{
	struct json_object *pages = stats_object(out, size);
	char prefix[64], file[96];
	uint64_t failed = 0;

	(void)snprintf(prefix, sizeof(prefix), "hugetlb.%.32s", size);
	(void)snprintf(file, sizeof(file), "%s.events", prefix);
	if (tree->v2 && group_field(tree, file, "max", &failed) < 0)
		failed = 0;
	if (!tree->v2)
		failed = named(tree, prefix, "failcnt");
	stats_add(pages, "usage",
		  named(tree, prefix, tree->v2 ? "current" : "usage_in_bytes"),
		  true);
	if (!tree->v2)
		stats_add(pages, "max",
			  named(tree, prefix, "max_usage_in_bytes"), true);
	stats_add(pages, "failcnt", failed, false);
}

/* A size for each file "hugetlb.SIZE.max" or "hugetlb.SIZE.limit_in_bytes". */
void stats_hugetlb(const struct cgroup *cgroup, struct json_object *out)
{
	const struct cgroup_tree *tree = cgroup_tree_of(cgroup, "hugetlb");
	struct json_object *all = stats_object(out, "hugetlb");
	auto_fd int fd = tree ? openat(tree->dir, ".",
				       O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			      : -1;
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!list)
		return;
	(void)take_fd(&fd);
	while ((entry = readdir(list)) != NULL) {
		char size[32];
		int end = 0;

		if (sscanf(entry->d_name, "hugetlb.%31[^.].%n", size, &end) ==
			    1 &&
		    end > 0 &&
		    strcmp(entry->d_name + end,
			   tree->v2 ? "max" : "limit_in_bytes") == 0)
			add_pages(tree, size, all);
	}
}
