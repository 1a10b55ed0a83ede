/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the verbs of `runtime-glue cni`. */
#pragma once

#include "runtime-glue/cni/chain.h"
#include "runtime-glue/tool/tool.h"

struct cni_options {
	const char *ifname, *args, *cap_args, *container_id;
	const char *conf_dir, *cni_path, *cni_cache;
	struct spec_strings valid;
	bool all;
};

/* What the options, cnitool's environment and the arguments say. */
struct cni_target {
	const char *conf_dir;
	struct chain_runtime runtime;
	const char *network;
	char *netns; /* absolute; NULL: none was given */
	char *id;
	struct json_object *caps;
	struct chain_attachment at;
};

#define CNI_TARGET_NONE          \
	(struct cni_target)      \
	{                        \
		.network = NULL, \
	}
void cni_target_free(struct cni_target *target);
#define auto_cni_target AUTO(cni_target_free)

int cni_target_read(const struct tool *tool, const struct cni_options *options,
		    int argc, char *const *argv, struct cni_target *out,
		    struct err *err) MUST_CHECK;

/*
 * A path as cnitool makes it of what it is given, by its letters alone: from
 * the working directory, without ".", ".." and "//". The caller's.
 */
int cni_absolute(const char *path, char **out, struct err *err) MUST_CHECK;

/* The container ID that cnitool gives a namespace; owned by the caller. */
int cni_container_id(const char *netns, char **out, struct err *err) MUST_CHECK;

extern const struct tool_verb verb_cni_gc, verb_cni_list, verb_cni_repair;
