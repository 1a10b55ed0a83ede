/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this folder share: reading and writing a group's files,
 * relative to the group's descriptor (so that a plain directory will do in unit
 * tests), and who is responsible for which controller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "runtime-glue/cgroup/cgroup.h"

#define RETRY_MIN_NS  500000U      /* pauses while processes die */
#define RETRY_MAX_NS  50000000U    /* they double up to this */
#define REMOVE_MAX_NS 2000000000LL /* all of them together */

/* ---- group.c: the files of one group ---- */

/* Write @value at once; trace. 0 or -errno, nothing is recorded. */
int group_put(const struct cgroup_tree *tree, const char *file,
	      const char *value) MUST_CHECK;

/* The same; a failure names @member (below linux.resources), file, value. */
int group_set(const struct cgroup_tree *tree, const char *member,
	      const char *file, const char *value, struct err *err) MUST_CHECK;
int group_set_int(const struct cgroup_tree *tree, const char *member,
		  const char *file, int64_t value, struct err *err) MUST_CHECK;
/* v2: negative is "max". */
int group_set_max(const struct cgroup_tree *tree, const char *member,
		  const char *file, int64_t value, struct err *err) MUST_CHECK;
int group_failed(const struct cgroup_tree *tree, int r, const char *member,
		 const char *file, const char *value, struct err *err) COLD;

/* First line of a file, without its newline. Length or -errno. */
int group_line(const struct cgroup_tree *tree, const char *file, char *buf,
	       size_t size) MUST_CHECK;
/* All of a file. */
int group_text(const struct cgroup_tree *tree, const char *file,
	       struct strbuf *out) MUST_CHECK;
/* A number; "max" is UINT64_MAX. 0 or -errno. */
int group_number(const struct cgroup_tree *tree, const char *file,
		 uint64_t *out) MUST_CHECK;
/* The number behind the word @key in a file of "key number" lines. */
int group_field(const struct cgroup_tree *tree, const char *file,
		const char *key, uint64_t *out) MUST_CHECK;
bool group_has(const struct cgroup_tree *tree, const char *file);

/* @word among the @separator-separated words of @list. */
bool word_in(const char *list, const char *word, size_t len, char separator);

/*
 * Calls @each for every line of @text (which is cut up). It stops at, and
 * returns, the first result other than 0.
 */
typedef int line_fn(char *line, void *ctx);
int each_line(char *text, line_fn *each, void *ctx);

int64_t cgroup_now_ns(void);
/* Sleep, for longer each time. Returns false when @until has passed. */
bool cgroup_pause(unsigned int *pause_ns, int64_t until);

/* ---- find.c ---- */

/* The hierarchy that has @controller, with our group open; or NULL. */
const struct cgroup_tree *cgroup_tree_of(const struct cgroup *cgroup,
					 const char *controller);
/* The v2 hierarchy, open, or NULL. */
const struct cgroup_tree *cgroup_v2(const struct cgroup *cgroup);

/* /proc/self/mountinfo and /proc/self/cgroup; both are cut up. */
struct cgroup_texts {
	char *mountinfo, *own;
};
int cgroup_find_in(const struct cgroup_texts *texts, const char *path,
		   const char *id, struct cgroup *out,
		   struct err *err) MUST_CHECK;
int cgroup_check_path(const char *path, struct err *err) MUST_CHECK;

/* ---- limits: 0 when @resources asks for nothing there ---- */

int memory_limit_v1(const struct cgroup_tree *tree,
		    const struct spec_resources *resources,
		    struct err *err) MUST_CHECK;
int memory_limit_v2(const struct cgroup_tree *tree,
		    const struct spec_resources *resources,
		    struct err *err) MUST_CHECK;
int cpu_limit_v1(const struct cgroup_tree *tree,
		 const struct spec_resources *resources,
		 struct err *err) MUST_CHECK;
int cpu_limit_v2(const struct cgroup_tree *tree,
		 const struct spec_resources *resources,
		 struct err *err) MUST_CHECK;
/* "linux.resources.@member: cgroup v2 has no such limit" */
int limit_lacking(const char *member, struct err *err) COLD;
int io_limit_v1(const struct cgroup_tree *tree,
		const struct spec_resources *resources,
		struct err *err) MUST_CHECK;
int io_limit_v2(const struct cgroup_tree *tree,
		const struct spec_resources *resources,
		struct err *err) MUST_CHECK;
int unified_limit(const struct cgroup *cgroup,
		  const struct spec_resources *resources,
		  struct err *err) MUST_CHECK;

/* cpu.shares (2..262144) as cpu.weight (1..10000), as runc converts it. */
uint64_t cpu_weight(uint64_t shares);
/* blkio.weight (10..1000) as io.weight (1..10000). */
uint64_t io_weight(uint64_t weight);

/* Controllers, as bits; in the order of limit_names[] (limit.c). */
enum {
	LIMIT_CPU,
	LIMIT_CPUSET,
	LIMIT_MEMORY,
	LIMIT_PIDS,
	LIMIT_IO,
	LIMIT_HUGETLB,
	LIMIT_RDMA,
	LIMIT_MISC,
	LIMIT_COUNT,
};
extern const char *const limit_names[LIMIT_COUNT];
/* Which v2 controllers @resources needs. */
unsigned int limit_needs(const struct spec_resources *resources);

/* ---- devices ---- */

#define DEVICE_READ  1U
#define DEVICE_WRITE 2U
#define DEVICE_MKNOD 4U

/* One rule, of type c or b (or 'a': both); -1: any number. */
struct device_rule {
	bool allow;
	char type;
	int64_t major, minor;
	unsigned int access;
};

struct device_rules {
	size_t count;
	struct device_rule *at;
};

/* The whole list in order, defaults included; the caller frees .at. */
int device_rules(const struct spec_resources *resources, bool defaults,
		 struct device_rules *out, struct err *err) MUST_CHECK;
/*
 * We are not root of the first user namespace: rules cannot be set, but nor can
 * device nodes be made.
 */
bool device_unprivileged(void);
int devices_limit_v1(const struct cgroup_tree *tree,
		     const struct device_rules *rules,
		     struct err *err) MUST_CHECK;
int devices_limit_v2(const struct cgroup_tree *tree,
		     const struct device_rules *rules,
		     struct err *err) MUST_CHECK;

/* ---- stats ---- */

struct json_object;
/* Add a number to @object, unless it is 0 and @optional. */
void stats_add(struct json_object *object, const char *key, uint64_t value,
	       bool optional);
/* A new object as the member @key of @in; owned by @in. */
struct json_object *stats_object(struct json_object *in, const char *key);
void stats_memory(const struct cgroup *cgroup, struct json_object *out);
void stats_blkio(const struct cgroup *cgroup, struct json_object *out);
void stats_hugetlb(const struct cgroup *cgroup, struct json_object *out);
void stats_psi(const struct cgroup_tree *tree, const char *file,
	       struct json_object *out);
