/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `linux.memoryPolicy` (set_mempolicy(2)) and `linux.intelRdt` (the kernel's
 * arch/x86/resctrl).
 */
#include <linux/mempolicy.h>
#include <string.h>

#include "runtime-glue/spec/spec_parts.h"

#define WEIGHTED_INTERLEAVE 6 /* MPOL_WEIGHTED_INTERLEAVE, of Linux 6.9 */

static const struct spec_word modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_LOCAL", MPOL_LOCAL },
	{ NULL, 0 },
};

static const struct spec_word mode_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
	{ NULL, 0 },
};

static int check_nodes(const struct cfg *at, uint64_t mode, const char *nodes,
		       struct err *err)
{
	bool none = mode == MPOL_DEFAULT || mode == MPOL_LOCAL;

	if (none && nodes)
		return cfg_fail(err, at, "nodes", "must be empty in this mode");
	if (!none && !nodes && mode != MPOL_PREFERRED)
		return cfg_fail(err, at, "nodes", "required by this mode");
	return 0;
}

static int read_memory_policy(const struct cfg *at,
			      struct spec_memory_policy *out, struct err *err)
{
	const uint64_t both = MPOL_F_RELATIVE_NODES | MPOL_F_STATIC_NODES;
	uint64_t mode = 0, flags = 0;
	int r;

	r = spec_need_word(at, "mode", modes, "mode of a memory policy", &mode,
			   err);
	r = r ?: spec_read_ranges(at, "nodes", &out->nodes, err);
	r = r
		    ?: spec_read_flags(at, "flags", mode_flags,
				       "flag of a memory policy", &flags, err);
	r = r ?: check_nodes(at, mode, out->nodes, err);
	if (r == 0 && (flags & both) == both)
		return cfg_fail(err, at, "flags",
				"MPOL_F_RELATIVE_NODES excludes "
				"MPOL_F_STATIC_NODES");
	out->set = true;
	out->mode = (int)(mode | flags);
	return r;
}

/* A name of one directory, or "/", the default class. */
static int check_class(const struct cfg *at, const char *name, struct err *err)
{
	if (!name || strcmp(name, "/") == 0)
		return 0;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strchr(name, '/') || strchr(name, '\n'))
		return cfg_fail(err, at, "closID",
				"\"%s\" is no name of a directory", name);
	return 0;
}

static int check_line(const struct cfg *at, const char *key, const char *line,
		      struct err *err)
{
	if (line && strchr(line, '\n'))
		return cfg_fail(err, at, key, "is more than one line");
	return 0;
}

static int read_intel_rdt(const struct cfg *at, struct arena *arena,
			  struct spec_intel_rdt *out, struct err *err)
{
	const struct cfg list = { .parent = at, .key = "schemata" };
	int r;

	out->set = true;
	r = spec_read_text(at, "closID", &out->clos_id, err);
	r = r ?: check_class(at, out->clos_id, err);
	r = r
		    ?: spec_read_text(at, "l3CacheSchema",
				      &out->l3_cache_schema, err);
	r = r ?: spec_read_text(at, "memBwSchema", &out->mem_bw_schema, err);
	r = r ?: check_line(at, "memBwSchema", out->mem_bw_schema, err);
	if (r == 0 && out->mem_bw_schema &&
	    strncmp(out->mem_bw_schema, "MB:", 3) != 0)
		return cfg_fail(err, at, "memBwSchema",
				"\"%s\" does not begin with \"MB:\"",
				out->mem_bw_schema);
	r = r ?: spec_read_strings(at, "schemata", arena, &out->schemata, err);
	for (size_t i = 0; r == 0 && i < out->schemata.count; i++) {
		const struct cfg item = { .parent = &list, .index = i };

		r = check_line(&item, NULL, out->schemata.at[i], err);
	}
	return r
		       ?: cfg_bool_or(at, "enableMonitoring", false,
				      &out->enable_monitoring, err);
}

int spec_policy_read(const struct cfg *at, struct arena *arena,
		     struct spec_linux *out, struct err *err)
{
	struct cfg child;
	int r = cfg_child_or_none(at, "memoryPolicy", json_type_object, &child,
				  err);

	if (r == 0 && child.json)
		r = read_memory_policy(&child, &out->memory_policy, err);
	r = r
		    ?: cfg_child_or_none(at, "intelRdt", json_type_object,
					 &child, err);
	if (r == 0 && child.json)
		r = read_intel_rdt(&child, arena, &out->intel_rdt, err);
	return r;
}
