/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `hooks` (config.md, "POSIX-platform Hooks") */
#include <limits.h>

#include "runtime-glue/spec/spec_parts.h"

#define TIMEOUT ((struct cfg_bounds){ 1, INT_MAX })

const char *const spec_hook_names[SPEC_HOOK_COUNT] = {
	[SPEC_HOOK_PRESTART] = "prestart",
	[SPEC_HOOK_CREATE_RUNTIME] = "createRuntime",
	[SPEC_HOOK_CREATE_CONTAINER] = "createContainer",
	[SPEC_HOOK_START_CONTAINER] = "startContainer",
	[SPEC_HOOK_POSTSTART] = "poststart",
	[SPEC_HOOK_POSTSTOP] = "poststop",
};

static int read_hook(const struct cfg *item, struct arena *arena, void *to,
		     struct err *err)
{
	struct spec_hook *out = to;
	int r;

	r = spec_need_path(item, "path", &out->path, err);
	r = r ?: spec_read_strings(item, "args", arena, &out->args, err);
	r = r ?: spec_read_env(item, "env", arena, &out->env, err);
	return r ?: spec_read_int(item, "timeout", TIMEOUT, &out->timeout, err);
}

int spec_hooks_read(const struct cfg *root, struct arena *arena,
		    struct spec_hooks *out, struct err *err)
{
	struct cfg at;
	int r = cfg_child_or_none(root, "hooks", json_type_object, &at, err);

	for (int kind = 0; r == 0 && kind < SPEC_HOOK_COUNT; kind++) {
		struct spec_items items = { .size = sizeof(*out->at),
					    .read = read_hook };

		r = spec_read_array(&at, spec_hook_names[kind], arena, &items,
				    err);
		out[kind].at = items.at;
		out[kind].count = items.count;
	}
	return r;
}
