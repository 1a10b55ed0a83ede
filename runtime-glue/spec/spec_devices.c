/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device files (`linux.devices`) and rules (`linux.resources.devices`). */
#include <string.h>

#include "runtime-glue/spec/spec_parts.h"

/* As many as the kernel's dev_t has: 12 bits and 20. */
#define MAJOR_MAX 4095
#define MINOR_MAX 1048575

/* Rules know "any", too. */
#define RULE_MAJOR ((struct cfg_bounds){ -1, MAJOR_MAX })
#define RULE_MINOR ((struct cfg_bounds){ -1, MINOR_MAX })

/*
 * Engines pass what stat(2) or Go's FileMode says, types included: only the
 * permission bits are meant.
 */
static int read_mode(const struct cfg *at, struct spec_int *out,
		     struct err *err)
{
	uint32_t mode;
	int r = spec_read_u32(at, "fileMode", UINT32_MAX, &mode, err);

	out->set = cfg_has(at, "fileMode");
	out->value = mode & 07777;
	return r;
}

static int read_device(const struct cfg *item, struct arena *arena, void *to,
		       struct err *err)
{
	static const struct spec_word types[] = {
		{ "c", 'c' }, { "b", 'b' }, { "u", 'u' },
		{ "p", 'p' }, { NULL, 0 },
	};
	struct spec_device *out = to;
	uint64_t type = 0;
	int r;

	(void)arena;
	r = spec_need_word(item, "type", types, "type of a device", &type, err);
	out->type = (char)type;
	r = r ?: spec_need_path(item, "path", &out->path, err);
	if (out->type != 'p') {
		r = r
			    ?: spec_need_u32(item, "major", MAJOR_MAX,
					     &out->major, err);
		r = r
			    ?: spec_need_u32(item, "minor", MINOR_MAX,
					     &out->minor, err);
	}
	r = r ?: read_mode(item, &out->mode, err);
	r = r ?: spec_read_u32(item, "uid", SPEC_ID_MAX, &out->uid, err);
	return r ?: spec_read_u32(item, "gid", SPEC_ID_MAX, &out->gid, err);
}

int spec_devices_read(const struct cfg *at, struct arena *arena,
		      struct spec_linux *out, struct err *err)
{
	struct spec_items items = { .size = sizeof(*out->devices),
				    .read = read_device };
	int r = spec_read_array(at, "devices", arena, &items, err);

	out->devices = items.at;
	out->device_count = items.count;
	return r;
}

/* Left out, it is all three. */
static int read_access(const struct cfg *at, struct spec_device_rule *out,
		       struct err *err)
{
	const char *access;
	int r = cfg_string_or(at, "access", "rwm", &access, err);

	if (r == 0 && access[strspn(access, "rwm")])
		return cfg_fail(err, at, "access",
				"\"%s\" has letters other than r, w and m",
				access);
	if (r == 0 && !*access)
		return cfg_fail(err, at, "access", "is empty");
	if (r == 0) {
		out->read = strchr(access, 'r');
		out->write = strchr(access, 'w');
		out->mknod = strchr(access, 'm');
	}
	return r;
}

/* -1 is what cgroup's own interface calls "*". */
static int read_number(const struct cfg *at, const char *key,
		       struct cfg_bounds bounds, struct spec_int *out,
		       struct err *err)
{
	int r = spec_read_int(at, key, bounds, out, err);

	if (r == 0 && out->value < 0)
		*out = (struct spec_int){ .set = false };
	return r;
}

static int read_rule(const struct cfg *item, struct arena *arena, void *to,
		     struct err *err)
{
	static const struct spec_word types[] = {
		{ "a", 'a' },
		{ "c", 'c' },
		{ "b", 'b' },
		{ NULL, 0 },
	};
	struct spec_device_rule *out = to;
	uint64_t type = 'a';
	int r;

	(void)arena;
	if (!cfg_has(item, "allow"))
		return cfg_fail(err, item, "allow", "required but missing");
	r = cfg_bool_or(item, "allow", false, &out->allow, err);
	if (r == 0 && cfg_has(item, "type"))
		r = spec_need_word(item, "type", types, "type of a device rule",
				   &type, err);
	out->type = (char)type;
	r = r ?: read_number(item, "major", RULE_MAJOR, &out->major, err);
	r = r ?: read_number(item, "minor", RULE_MINOR, &out->minor, err);
	return r ?: read_access(item, out, err);
}

int spec_device_rules_read(const struct cfg *at, struct arena *arena,
			   struct spec_resources *out, struct err *err)
{
	struct spec_items items = { .size = sizeof(*out->devices),
				    .read = read_rule };
	int r = spec_read_array(at, "devices", arena, &items, err);

	out->devices_set = cfg_has(at, "devices");
	out->devices = items.at;
	out->device_count = items.count;
	return r;
}
