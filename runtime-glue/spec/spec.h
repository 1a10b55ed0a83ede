/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.json as C structs: the OCI runtime-spec 1.2 (config.md,
 * config-linux.md), parsed and checked in full before anything is created.
 *
 * Strings are borrowed from the document, arrays from the arena: all live as
 * long as the struct spec_doc. What the file leaves out is NULL, a count of 0,
 * false, or, for a number that has no natural zero, a struct spec_int whose
 * `set` is false.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/arena.h"
#include "common/base/err.h"

struct cfg;

struct spec_int {
	bool set;
	int64_t value;
};

/* Some values are all of 64 bits: rlimits, seccomp arguments. */
struct spec_uint {
	bool set;
	uint64_t value;
};

/* A NULL follows the last one; without any, @at itself is NULL. */
struct spec_strings {
	size_t count;
	const char **at;
};

/* Name and value: annotations, sysctls, the unified map. */
struct spec_pairs {
	size_t count;
	struct spec_pair {
		const char *key, *value;
	} * at;
};

/* ---- process (config.md, "Process") ---- */

struct spec_user {
	uid_t uid;
	gid_t gid;
	struct spec_int umask; /* 0..0777 */
	size_t gid_count;      /* additionalGids */
	gid_t *gids;
};

/*
 * One bit a capability, 1 << CAP_*: also of those that the running kernel does
 * not know, but the kernel's headers do.
 */
struct spec_caps {
	bool set; /* `capabilities` is there; if not, all sets are empty */
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	const char *name;
	uint64_t soft, hard;
};

struct spec_scheduler {
	bool set;
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	int32_t priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period;
};

struct spec_process {
	bool terminal;
	struct spec_uint console_height, console_width;
	const char *cwd; /* absolute */
	struct spec_strings env, args;
	struct spec_user user;
	struct spec_caps caps;
	size_t rlimit_count;
	struct spec_rlimit *rlimits;
	bool no_new_privileges;
	struct spec_int oom_score_adj; /* -1000..1000 */
	struct spec_scheduler scheduler;
	struct spec_int io_priority;         /* as ioprio_set(2) takes it */
	const char *cpu_initial, *cpu_final; /* execCPUAffinity */
	const char *apparmor, *selinux;
};

/* ---- mounts ---- */

struct spec_id_map {
	uint32_t container, host, size;
};

struct spec_id_maps {
	size_t count;
	struct spec_id_map *at;
};

enum spec_idmap {
	SPEC_IDMAP_NONE,
	SPEC_IDMAP_PLAIN,     /* idmap */
	SPEC_IDMAP_RECURSIVE, /* ridmap */
};

/* Options are sorted out when parsed: words known go where they belong. */
struct spec_mount {
	const char *destination; /* absolute, or relative to / */
	const char *type;        /* "" for a bind mount */
	const char *source;      /* bind: absolute (relative: to the bundle) */
	struct spec_strings options; /* as they were written */
	bool bind, recursive;        /* bind, rbind */
	unsigned long flags;         /* MS_* set */
	unsigned long cleared;     /* MS_* that options turn off: rw, suid.. */
	unsigned long propagation; /* MS_SHARED.. | MS_REC, or 0 */
	uint64_t attr_set;   /* MOUNT_ATTR_* for the whole subtree: rro.. */
	uint64_t attr_clear; /* likewise: rrw.. */
	bool tmpcopyup;
	bool copy_symlink; /* of the source: make the link, do not mount */
	bool src_nofollow, dest_nofollow;
	enum spec_idmap idmap;
	struct spec_id_maps uids, gids; /* of this mount */
	const char *data; /* the rest, comma-separated, for the file system */
};

/* ---- linux ---- */

enum spec_ns {
	SPEC_NS_USER,
	SPEC_NS_PID,
	SPEC_NS_NETWORK,
	SPEC_NS_MOUNT,
	SPEC_NS_IPC,
	SPEC_NS_UTS,
	SPEC_NS_CGROUP,
	SPEC_NS_TIME,
	SPEC_NS_COUNT
};

struct spec_namespace {
	bool used;        /* listed; else the runtime's is shared */
	const char *path; /* joined, NULL: a new one */
};

extern const struct spec_ns_kind {
	const char *name; /* as in config.json */
	const char *proc; /* as in /proc/PID/ns */
	int flag;         /* CLONE_NEW* */
} spec_ns_kinds[SPEC_NS_COUNT];

struct spec_device {
	const char *path; /* absolute */
	char type;        /* c, b, u (as c), p */
	uint32_t major, minor;
	struct spec_int mode; /* permission bits */
	uid_t uid;
	gid_t gid;
};

struct spec_device_rule {
	bool allow;
	char type;                    /* a, c or b */
	struct spec_int major, minor; /* unset: any */
	bool read, write, mknod;
};

struct spec_throttle {
	uint32_t major, minor;
	uint64_t rate;
};

struct spec_throttles {
	size_t count;
	struct spec_throttle *at;
};

struct spec_weight_device {
	uint32_t major, minor;
	struct spec_int weight, leaf_weight;
};

struct spec_block_io {
	struct spec_int weight, leaf_weight; /* 10..1000, 0: unset */
	size_t weight_count;
	struct spec_weight_device *weights;
	struct spec_throttles read_bps, write_bps, read_iops, write_iops;
};

struct spec_hugepage {
	const char *size; /* "2MB" */
	uint64_t limit;
};

struct spec_net_prio {
	const char *name;
	uint32_t priority;
};

struct spec_rdma {
	const char *device;
	struct spec_int handles, objects;
};

struct spec_resources {
	bool devices_set;
	size_t device_count;
	struct spec_device_rule *devices;
	struct {
		/* bytes; -1: unlimited */
		struct spec_int limit, reservation, swap, kernel, kernel_tcp;
		struct spec_int swappiness; /* 0..100 */
		bool disable_oom_killer_set, disable_oom_killer;
		bool use_hierarchy_set, use_hierarchy;
		bool check_before_update;
	} memory;
	struct {
		struct spec_uint shares, period, rt_period, burst;
		struct spec_int quota, rt_runtime, idle;
		const char *cpus, *mems;
	} cpu;
	struct spec_int pids; /* -1: unlimited; 0 as runc: see cgroup.h */
	struct spec_block_io block_io;
	size_t hugepage_count;
	struct spec_hugepage *hugepages;
	struct spec_uint net_class;
	size_t net_prio_count;
	struct spec_net_prio *net_prios;
	size_t rdma_count;
	struct spec_rdma *rdma;
	struct spec_pairs unified;
};

struct spec_seccomp_arg {
	uint32_t index; /* 0..5 */
	uint64_t value, value_two;
	uint32_t op; /* enum scmp_compare */
};

struct spec_seccomp_rule {
	struct spec_strings names;
	uint32_t action; /* SCMP_ACT_*, errno included */
	size_t arg_count;
	struct spec_seccomp_arg *args;
};

struct spec_seccomp {
	bool set;
	uint32_t default_action; /* SCMP_ACT_* */
	size_t arch_count;
	uint32_t *arches; /* SCMP_ARCH_* */
	bool flag_tsync, flag_log, flag_spec_allow, flag_wait_killable;
	const char *listener_path, *listener_metadata;
	size_t rule_count;
	struct spec_seccomp_rule *rules;
};

struct spec_net_device {
	const char *host_name, *name; /* name: in the container */
};

struct spec_intel_rdt {
	bool set;
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct spec_strings schemata;
	bool enable_monitoring;
};

struct spec_memory_policy {
	bool set;
	int mode; /* MPOL_*, with MPOL_F_* */
	const char *nodes;
};

struct spec_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_linux {
	struct spec_namespace ns[SPEC_NS_COUNT];
	struct spec_id_maps uids, gids;
	struct spec_time_offset monotonic, boottime;
	size_t device_count;
	struct spec_device *devices;
	size_t net_device_count;
	struct spec_net_device *net_devices;
	const char *cgroups_path; /* NULL: the runtime chooses */
	struct spec_resources resources;
	unsigned long rootfs_propagation; /* MS_*, 0: unset */
	struct spec_strings masked_paths, readonly_paths;
	const char *mount_label;
	struct spec_seccomp seccomp;
	struct spec_pairs sysctl;
	struct spec_intel_rdt intel_rdt;
	struct spec_int personality; /* PER_* */
	struct spec_memory_policy memory_policy;
};

/* ---- hooks ---- */

enum spec_hook_kind {
	SPEC_HOOK_PRESTART,
	SPEC_HOOK_CREATE_RUNTIME,
	SPEC_HOOK_CREATE_CONTAINER,
	SPEC_HOOK_START_CONTAINER,
	SPEC_HOOK_POSTSTART,
	SPEC_HOOK_POSTSTOP,
	SPEC_HOOK_COUNT
};

/* "prestart", "createRuntime", ... */
extern const char *const spec_hook_names[SPEC_HOOK_COUNT];

struct spec_hook {
	const char *path; /* absolute */
	struct spec_strings args, env;
	struct spec_int timeout; /* seconds, more than 0 */
};

struct spec_hooks {
	size_t count;
	struct spec_hook *at;
};

/* ---- the whole ---- */

struct spec {
	const char *oci_version;
	bool has_process;
	struct spec_process process;
	const char *root_path; /* as written: absolute or to the bundle */
	bool root_readonly;
	const char *hostname, *domainname;
	size_t mount_count;
	struct spec_mount *mounts;
	struct spec_linux linux_;
	struct spec_hooks hooks[SPEC_HOOK_COUNT];
	struct spec_pairs annotations;
};

/* A parsed file: the document, what was read from it, and the memory. */
struct spec_doc {
	struct json_object *json;
	struct arena arena;
	struct spec spec;
};

#define auto_spec_doc AUTO(spec_doc_free)

/*
 * Parse and check a whole config.json of @len bytes. Unknown members are
 * ignored; a wrong type, a value outside its range, a combination that cannot
 * be (a new PID namespace's sysctl without that namespace, ...) is refused with
 * the member's path: "linux.namespaces[2].type: \"nett\" is no namespace".
 * Nothing of the host is looked at. Free @doc in either case.
 */
int spec_parse(const char *text, size_t len, struct spec_doc *doc,
	       struct err *err) MUST_CHECK;

/* The same for a file, at most JSON_MAX_BYTES. -ENOENT: it is not there. */
int spec_load(const char *path, struct spec_doc *doc,
	      struct err *err) MUST_CHECK;

/* A process.json for exec (config.md, "Process"), into doc->spec.process. */
int spec_parse_process(const char *text, size_t len, struct spec_doc *doc,
		       struct err *err) MUST_CHECK;
int spec_load_process(const char *path, struct spec_doc *doc,
		      struct err *err) MUST_CHECK;

/* A `linux.resources` object (update -r), into doc->spec.linux_.resources. */
int spec_parse_resources(const char *text, size_t len, struct spec_doc *doc,
			 struct err *err) MUST_CHECK;

void spec_doc_free(struct spec_doc *doc);

/* Bit number of "CAP_CHOWN" (any case, prefix optional), or -1. */
int spec_cap_number(const char *name);
const char *spec_cap_name(int number); /* "CAP_CHOWN", NULL beyond the last */

/* RLIMIT_* of "RLIMIT_NOFILE", or -1. */
int spec_rlimit_number(const char *name);

/* The value of @key among @pairs, or NULL. */
const char *spec_pair(const struct spec_pairs *pairs, const char *key);
