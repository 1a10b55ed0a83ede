/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/trace.h"
#include "runtime-glue/oci/cli.h"
#include "runtime-glue/oci/patch.h"

#define RESCTRL "/sys/fs/resctrl"

struct options {
	const char *resources;
	const char *memory, *memory_reservation, *memory_swap;
	const char *kernel_memory, *kernel_memory_tcp;
	const char *cpu_shares, *cpu_quota, *cpu_period, *cpu_burst, *cpu_idle;
	const char *cpu_rt_runtime, *cpu_rt_period;
	const char *cpuset_cpus, *cpuset_mems;
	const char *pids_limit, *blkio_weight;
	const char *l3_cache_schema, *mem_bw_schema;
};

#define AT(member) offsetof(struct options, member)

static const struct cli_option update_options[] = {
	{ "resources", 'r', CLI_TEXT, AT(resources), "FILE",
	  "a linux.resources object (-: stdin); no other options then" },
	{ "memory", 0, CLI_TEXT, AT(memory), "BYTES", "limit of memory" },
	{ "memory-reservation", 0, CLI_TEXT, AT(memory_reservation), "BYTES",
	  "what is left to it when memory gets scarce" },
	{ "memory-swap", 0, CLI_TEXT, AT(memory_swap), "BYTES",
	  "limit of memory and swap together, -1: none" },
	{ "kernel-memory", 0, CLI_TEXT, AT(kernel_memory), "BYTES", NULL },
	{ "kernel-memory-tcp", 0, CLI_TEXT, AT(kernel_memory_tcp), "BYTES",
	  NULL },
	{ "cpu-shares", 0, CLI_TEXT, AT(cpu_shares), "N",
	  "processor time relative to others'" },
	/* runc calls it so. */
	{ "cpu-share", 0, CLI_TEXT, AT(cpu_shares), "N", NULL },
	{ "cpu-quota", 0, CLI_TEXT, AT(cpu_quota), "USECS",
	  "processor time in a period, -1: no limit" },
	{ "cpu-period", 0, CLI_TEXT, AT(cpu_period), "USECS", "that period" },
	{ "cpu-burst", 0, CLI_TEXT, AT(cpu_burst), "USECS",
	  "time that may be saved up" },
	{ "cpu-idle", 0, CLI_TEXT, AT(cpu_idle), "0|1",
	  "1: only when nobody else runs" },
	{ "cpu-rt-runtime", 0, CLI_TEXT, AT(cpu_rt_runtime), "USECS",
	  "real-time processor time in a period" },
	{ "cpu-rt-period", 0, CLI_TEXT, AT(cpu_rt_period), "USECS",
	  "that period" },
	{ "cpuset-cpus", 0, CLI_TEXT, AT(cpuset_cpus), "LIST",
	  "processors to use" },
	{ "cpuset-mems", 0, CLI_TEXT, AT(cpuset_mems), "LIST",
	  "memory nodes to use" },
	{ "pids-limit", 0, CLI_TEXT, AT(pids_limit), "N",
	  "number of processes, -1: no limit" },
	{ "blkio-weight", 0, CLI_TEXT, AT(blkio_weight), "N",
	  "weight of block I/O, 10 to 1000" },
	{ "l3-cache-schema", 0, CLI_TEXT, AT(l3_cache_schema), "TEXT",
	  "resctrl's L3 line" },
	{ "mem-bw-schema", 0, CLI_TEXT, AT(mem_bw_schema), "TEXT",
	  "resctrl's MB line" },
	{ .name = NULL },
};

static const struct {
	size_t offset;
	const char *path, *option;
	enum patch_kind kind;
} flags[] = {
	{ AT(memory), "memory.limit", "--memory", PATCH_SIZE },
	{ AT(memory_reservation), "memory.reservation", "--memory-reservation",
	  PATCH_SIZE },
	{ AT(memory_swap), "memory.swap", "--memory-swap", PATCH_SIZE },
	{ AT(cpu_shares), "cpu.shares", "--cpu-shares", PATCH_UNSIGNED },
	{ AT(cpu_quota), "cpu.quota", "--cpu-quota", PATCH_NUMBER },
	{ AT(cpu_period), "cpu.period", "--cpu-period", PATCH_UNSIGNED },
	{ AT(cpu_burst), "cpu.burst", "--cpu-burst", PATCH_UNSIGNED },
	{ AT(cpu_idle), "cpu.idle", "--cpu-idle", PATCH_NUMBER },
	{ AT(cpu_rt_runtime), "cpu.realtimeRuntime", "--cpu-rt-runtime",
	  PATCH_NUMBER },
	{ AT(cpu_rt_period), "cpu.realtimePeriod", "--cpu-rt-period",
	  PATCH_UNSIGNED },
	{ AT(cpuset_cpus), "cpu.cpus", "--cpuset-cpus", PATCH_TEXT },
	{ AT(cpuset_mems), "cpu.mems", "--cpuset-mems", PATCH_TEXT },
	{ AT(blkio_weight), "blockIO.weight", "--blkio-weight",
	  PATCH_UNSIGNED },
	{ AT(pids_limit), "pids.limit", "--pids-limit", PATCH_NUMBER },
};

static const char *value_of(const struct options *options, size_t offset)
{
	const char *value;

	memcpy(&value, (const char *)options + offset, sizeof(value));
	return value && *value ? value : NULL;
}

static int from_options(const struct options *options,
			struct json_object *patch, struct err *err)
{
	int r = 0;

	if (options->kernel_memory || options->kernel_memory_tcp)
		log_warn("update: a limit of kernel memory is ignored: "
			 "kernels have none any more");
	for (size_t i = 0; r == 0 && i < sizeof(flags) / sizeof(*flags); i++) {
		const char *value = value_of(options, flags[i].offset);

		/* runc's "not given" for this one. */
		if (value && flags[i].offset == AT(pids_limit) &&
		    strcmp(value, "0") == 0)
			continue;
		if (value)
			r = patch_set(patch, flags[i].path, flags[i].kind,
				      flags[i].option, value, err);
	}
	return r;
}

static int from_file(const char *path, struct json_object **patch,
		     struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	bool is_stdin = strcmp(path, "-") == 0;
	auto_fd int file = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int r = 0;

	if (!is_stdin && file < 0)
		return err_sys(err, errno, "--resources: open \"%s\"", path);
	r = io_read_all(is_stdin ? STDIN_FILENO : file, JSON_MAX_BYTES, &text);
	if (r < 0)
		return err_sys(err, -r, "--resources: read \"%s\"", path);
	r = json_parse(strbuf_str(&text), text.len, path, patch, err);
	if (r == 0 && !json_object_is_type(*patch, json_type_object))
		r = err_set(err, CNI_E_CONFIG,
			    "--resources: \"%s\" must be a JSON object", path);
	return r;
}

/* The kept config.json as JSON, and its linux.resources (made if missing). */
static int read_config(const struct state *state, struct json_object **config,
		       struct json_object **section, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };
	int r = state_read_config(state, &text, err);

	r = r
		    ?: json_parse(strbuf_str(&text), text.len,
				  "kept config.json", config, err);
	if (r < 0)
		return r;
	*section = json_object_object_get(*config, "linux");
	if (!*section) {
		*section = json_object_new_object();
		(void)json_object_object_add(*config, "linux", *section);
	}
	if (!json_object_is_type(*section, json_type_object))
		return err_set(err, CNI_E_CONFIG,
			       "kept config.json: linux: must be an object");
	return 0;
}

static const char *text_of(struct json_object *json)
{
	return json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static int apply(const struct state *state, struct json_object *patch,
		 struct json_object *now, struct err *err)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	auto_cgroup struct cgroup cgroup = { .count = 0 };
	const struct spec_resources *limits = &doc.spec.linux_.resources;
	const char *text;
	int r = patch_complete(patch, now, err);

	text = r < 0 ? NULL : text_of(patch);
	if (!text)
		return r ?: err_nomem(err);
	r = spec_parse_resources(text, strlen(text), &doc, err);
	r = r ?: state_cgroup(state, &cgroup, err);
	/* New device rules come behind those that every container has. */
	return r ?: cgroup_limit(&cgroup, limits, limits->devices_set, err);
}

/* One line of the schemata of the container's resctrl group. */
static int write_schema(const struct state *state, struct json_object *rdt,
			const char *schema, struct err *err)
{
	struct json_object *clos = json_object_object_get(rdt, "closID");
	auto_strbuf struct strbuf path = { .len = 0 };
	auto_strbuf struct strbuf line = { .len = 0 };
	uint64_t start = trace_start();
	auto_fd int fd = -1;
	int r;

	strbuf_printf(&path, RESCTRL "/%s/schemata",
		      clos ? json_object_get_string(clos) : state->id);
	strbuf_printf(&line, "%s\n", schema);
	if (path.failed || line.failed)
		return err_nomem(err);
	fd = open(path.data, O_WRONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : io_write_all(fd, line.data, line.len);
	trace_end(start, r, "file", "write %s", path.data);
	if (r == 0)
		return 0;
	(void)err_sys(err, -r, "linux.intelRdt: write \"%s\" to %s", schema,
		      path.data);
	if (r == -ENOENT)
		(void)err_hint(err, "a container without linux.intelRdt has no "
				    "resctrl group");
	return r;
}

static int set_schema(const struct state *state, struct json_object *section,
		      const char *key, const char *schema, struct err *err)
{
	struct json_object *rdt = json_object_object_get(section, "intelRdt");
	struct json_object *value;
	int r;

	if (!schema || !*schema)
		return 0;
	r = write_schema(state, rdt, schema, err);
	if (r < 0 || !rdt)
		return r;
	value = json_object_new_string(schema);
	if (value && json_object_object_add(rdt, key, value) == 0)
		return 0;
	json_object_put(value);
	return err_nomem(err);
}

static int check_schema(const char *option, const char *schema, struct err *err)
{
	if (!schema || !*schema || access(RESCTRL "/schemata", F_OK) == 0)
		return 0;
	return err_set(err, CNI_E_FIELD,
		       "%s: no resctrl file system is mounted at " RESCTRL,
		       option);
}

/* All that can be known before anything is changed. */
static int check(const struct state *state, const struct options *options,
		 struct err *err)
{
	int r;

	if (state_status(state) == STATUS_STOPPED)
		return err_set(err, CNI_E_CONTAINER,
			       "update container \"%s\": container not running",
			       state->id);
	r = check_schema("--l3-cache-schema", options->l3_cache_schema, err);
	return r
		       ?: check_schema("--mem-bw-schema",
				       options->mem_bw_schema, err);
}

static int save(const struct state *state, struct json_object *config,
		struct json_object *section, struct json_object *patch,
		struct err *err)
{
	struct json_object *now = json_object_object_get(section, "resources");
	const char *text;
	int r;

	if (!now) {
		now = json_object_new_object();
		if (!now ||
		    json_object_object_add(section, "resources", now) < 0) {
			json_object_put(now);
			return err_nomem(err);
		}
	}
	r = patch_merge(now, patch, err);
	text = r < 0 ? NULL : text_of(config);
	if (!text)
		return r ?: err_nomem(err);
	return state_keep_config(state, text, strlen(text), err);
}

static int update(const struct state *state, const struct options *options,
		  struct json_object *patch, struct err *err)
{
	auto_json struct json_object *config = NULL;
	struct json_object *section;
	int r;

	r = check(state, options, err);
	r = r ?: read_config(state, &config, &section, err);
	r = r ?: patch_tidy(patch, err);
	r = r
		    ?: apply(state, patch,
			     json_object_object_get(section, "resources"), err);
	r = r
		    ?: set_schema(state, section, "l3CacheSchema",
				  options->l3_cache_schema, err);
	r = r
		    ?: set_schema(state, section, "memBwSchema",
				  options->mem_bw_schema, err);
	return r ?: save(state, config, section, patch, err);
}

static int run(const struct runtime *runtime, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_state struct state state = STATE_NONE;
	auto_json struct json_object *patch = NULL;
	int r;

	(void)argc;
	if (options->resources && *options->resources) {
		r = from_file(options->resources, &patch, err);
	} else {
		patch = json_object_new_object();
		r = patch ? from_options(options, patch, err) : err_nomem(err);
	}
	r = r ?: state_open(runtime->root, argv[0], true, &state, err);
	return r ?: update(&state, options, patch, err);
}

const struct cli_verb verb_update = {
	.name = "update",
	.arguments = "ID",
	.help = "change a container's limits",
	.options = update_options,
	.anywhere = true,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
