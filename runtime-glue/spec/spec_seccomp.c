/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `linux.seccomp`. Names become libseccomp's values; system calls stay names,
 * because one that libseccomp does not know is no error.
 */
#include <seccomp.h>
#include <string.h>

#include "runtime-glue/spec/spec_parts.h"

/* The kernel makes anything beyond this one (MAX_ERRNO). */
#define ERRNO_MAX 4095
#define TRACE_MAX 65535

static const struct spec_word actions[] = {
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
	{ NULL, 0 },
};

static const struct spec_word arches[] = {
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
	{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
#ifdef SCMP_ARCH_LOONGARCH64
	{ "SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64 },
#endif
#ifdef SCMP_ARCH_M68K
	{ "SCMP_ARCH_M68K", SCMP_ARCH_M68K },
#endif
#ifdef SCMP_ARCH_SH
	{ "SCMP_ARCH_SH", SCMP_ARCH_SH },
	{ "SCMP_ARCH_SHEB", SCMP_ARCH_SHEB },
#endif
	{ NULL, 0 },
};

static const struct spec_word operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ NULL, 0 },
};

enum flag {
	FLAG_TSYNC = 1,
	FLAG_LOG = 2,
	FLAG_SPEC_ALLOW = 4,
	FLAG_WAIT_KILLABLE = 8,
};

static const struct spec_word flag_words[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", FLAG_WAIT_KILLABLE },
	{ NULL, 0 },
};

/* An action, and the errno (or what the tracer is told) that belongs to it. */
static int read_action(const struct cfg *at, const char *key,
		       const char *errno_key, uint32_t *out, struct err *err)
{
	uint64_t action = 0, value = EPERM;
	int r = spec_need_word(at, key, actions, "seccomp action", &action,
			       err);

	*out = (uint32_t)action;
	if (r < 0)
		return r;
	if (*out == SCMP_ACT_ERRNO(0)) {
		r = cfg_uint_or(at, errno_key, EPERM, ERRNO_MAX, &value, err);
		*out = SCMP_ACT_ERRNO((uint32_t)value);
	} else if (*out == SCMP_ACT_TRACE(0)) {
		r = cfg_uint_or(at, errno_key, EPERM, TRACE_MAX, &value, err);
		*out = SCMP_ACT_TRACE((uint32_t)value);
	} else if (cfg_has(at, errno_key)) {
		return cfg_fail(err, at, errno_key,
				"is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE");
	}
	return r;
}

static int read_arg(const struct cfg *item, struct arena *arena, void *to,
		    struct err *err)
{
	struct spec_seccomp_arg *out = to;
	uint64_t op = 0;
	int r;

	(void)arena;
	r = spec_need_u32(item, "index", 5, &out->index, err);
	r = r ?: spec_need_u64(item, "value", &out->value, err);
	r = r
		    ?: cfg_uint_or(item, "valueTwo", 0, UINT64_MAX,
				   &out->value_two, err);
	r = r
		    ?: spec_need_word(item, "op", operators, "seccomp operator",
				      &op, err);
	out->op = (uint32_t)op;
	return r;
}

static int read_names(const struct cfg *item, struct arena *arena,
		      struct spec_strings *out, struct err *err)
{
	int r;

	if (!cfg_has(item, "names"))
		return cfg_fail(err, item, "names", "required but missing");
	r = spec_read_strings(item, "names", arena, out, err);
	if (r == 0 && out->count == 0)
		return cfg_fail(err, item, "names", "is empty");
	return r;
}

static int read_rule(const struct cfg *item, struct arena *arena, void *to,
		     struct err *err)
{
	struct spec_seccomp_rule *out = to;
	struct spec_items args = { .size = sizeof(*out->args),
				   .read = read_arg };
	int r;

	r = read_names(item, arena, &out->names, err);
	r = r ?: read_action(item, "action", "errnoRet", &out->action, err);
	r = r ?: spec_read_array(item, "args", arena, &args, err);
	out->args = args.at;
	out->arg_count = args.count;
	return r;
}

static int read_arches(const struct cfg *at, struct arena *arena,
		       struct spec_seccomp *out, struct err *err)
{
	const struct spec_word *found;
	struct cfg array, item;
	const char *name;
	int r = cfg_child_or_none(at, "architectures", json_type_array, &array,
				  err);

	if (r < 0 || cfg_len(&array) == 0)
		return r;
	out->arches = arena_array(arena, cfg_len(&array), sizeof(*out->arches));
	if (!out->arches)
		return err_nomem(err);
	for (size_t i = 0; i < cfg_len(&array); i++) {
		r = cfg_string_at(&array, i, &name, err);
		if (r < 0)
			return r;
		found = spec_word_find(arches, name);
		item = (struct cfg){ .parent = &array, .index = i };
		if (!found)
			return cfg_fail(err, &item, NULL,
					"\"%s\" is no architecture", name);
		out->arches[out->arch_count++] = (uint32_t)found->value;
	}
	return 0;
}

static int read_flags(const struct cfg *at, struct spec_seccomp *out,
		      struct err *err)
{
	uint64_t flags = 0;
	int r = spec_read_flags(at, "flags", flag_words, "seccomp flag", &flags,
				err);

	out->flag_tsync = flags & FLAG_TSYNC;
	out->flag_log = flags & FLAG_LOG;
	out->flag_spec_allow = flags & FLAG_SPEC_ALLOW;
	out->flag_wait_killable = flags & FLAG_WAIT_KILLABLE;
	return r;
}

/*
 * Whoever answers notifications gets the descriptor from us by write(2) or
 * sendmsg(2): if these were to be answered first, all would stand still.
 */
static int check_notify_names(const struct cfg *item,
			      const struct spec_strings *names, struct err *err)
{
	static const char *const ours[] = { "write", "sendmsg" };
	const struct cfg list = { .parent = item, .key = "names" };

	for (size_t i = 0; i < names->count; i++) {
		const struct cfg name = { .parent = &list, .index = i };

		for (size_t j = 0; j < sizeof(ours) / sizeof(*ours); j++)
			if (strcmp(names->at[i], ours[j]) == 0)
				return cfg_fail(err, &name, NULL,
						"SCMP_ACT_NOTIFY cannot be "
						"used for \"%s\"",
						ours[j]);
	}
	return 0;
}

static int check_notify(const struct cfg *at, struct spec_seccomp *out,
			struct err *err)
{
	const struct cfg list = { .parent = at, .key = "syscalls" };
	bool notify = false;
	int r = 0;

	if (out->default_action == SCMP_ACT_NOTIFY)
		return cfg_fail(err, at, "defaultAction",
				"SCMP_ACT_NOTIFY cannot be the default");
	for (size_t i = 0; r == 0 && i < out->rule_count; i++) {
		const struct cfg item = { .parent = &list, .index = i };

		if (out->rules[i].action != SCMP_ACT_NOTIFY)
			continue;
		notify = true;
		r = check_notify_names(&item, &out->rules[i].names, err);
	}
	if (r == 0 && out->listener_metadata && !out->listener_path)
		return cfg_fail(err, at, "listenerMetadata",
				"requires listenerPath");
	if (r == 0 && notify && !out->listener_path)
		return cfg_fail(err, at, "listenerPath",
				"required by SCMP_ACT_NOTIFY");
	/* As config-linux.md says, it is ignored if nothing notifies. */
	if (!notify)
		out->listener_path = NULL;
	return r;
}

static int read_listener(const struct cfg *at, struct spec_seccomp *out,
			 struct err *err)
{
	int r = spec_read_text(at, "listenerPath", &out->listener_path, err);

	if (r == 0 && out->listener_path && *out->listener_path != '/')
		return cfg_fail(err, at, "listenerPath",
				"\"%s\" is no absolute path",
				out->listener_path);
	return r
		       ?: spec_read_text(at, "listenerMetadata",
					 &out->listener_metadata, err);
}

int spec_seccomp_read(const struct cfg *at, struct arena *arena,
		      struct spec_seccomp *out, struct err *err)
{
	struct spec_items rules = { .size = sizeof(*out->rules),
				    .read = read_rule };
	struct cfg child;
	int r = cfg_child_or_none(at, "seccomp", json_type_object, &child, err);

	if (r < 0 || !child.json)
		return r;
	out->set = true;
	r = read_action(&child, "defaultAction", "defaultErrnoRet",
			&out->default_action, err);
	r = r ?: read_arches(&child, arena, out, err);
	r = r ?: read_flags(&child, out, err);
	r = r ?: read_listener(&child, out, err);
	r = r ?: spec_read_array(&child, "syscalls", arena, &rules, err);
	out->rules = rules.at;
	out->rule_count = rules.count;
	return r ?: check_notify(&child, out, err);
}
