/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device rules on v2: a program that the kernel asks at every access (kernel:
 * bpf_cgroup_dev_ctx in linux/bpf.h; admin-guide/cgroup-v2.rst "Device
 * controller").
 *
 * It keeps the accesses that are asked for in a register and goes through the
 * rules from the last to the first: a rule for the device settles the accesses
 * it names. Allowed ones are struck off, and when none is left the answer is
 * yes; one that is denied makes it no. So the last rule wins for each access on
 * its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/trace.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

#define PROGRAM_NAME "ferrule_dev" /* how we know our own again */
#define RULE_INSNS   9
#define FRAME_INSNS  8
#define QUERY_MAX    64

/* Registers of the program. */
enum {
	REG_ANSWER = BPF_REG_0,
	REG_CONTEXT = BPF_REG_1,
	REG_TYPE = BPF_REG_2,
	REG_ACCESS = BPF_REG_3,
	REG_NUMBER = BPF_REG_4, /* major or minor */
};

struct program {
	struct bpf_insn *at;
	uint32_t count;
};

static long bpf(unsigned int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static void emit(struct program *to, int code, unsigned int dst, int skip,
		 uint32_t value)
{
	to->at[to->count++] = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = dst & 0xfU,
		.off = (int16_t)skip,
		.imm = (int32_t)value,
	};
}

static void emit_load(struct program *to, unsigned int reg, size_t offset)
{
	emit(to, BPF_LDX | BPF_MEM | BPF_W, reg, (int)offset, 0);
	to->at[to->count - 1].src_reg = REG_CONTEXT;
}

static void emit_answer(struct program *to, bool allow)
{
	emit(to, BPF_ALU | BPF_MOV | BPF_K, REG_ANSWER, 0, allow);
	emit(to, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

static void emit_start(struct program *to)
{
	size_t access = offsetof(struct bpf_cgroup_dev_ctx, access_type);

	emit_load(to, REG_TYPE, access);
	emit_load(to, REG_ACCESS, access);
	emit(to, BPF_ALU | BPF_AND | BPF_K, REG_TYPE, 0, 0xffff);
	emit(to, BPF_ALU | BPF_RSH | BPF_K, REG_ACCESS, 0, 16);
}

static uint32_t access_bits(unsigned int access)
{
	return (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0U) |
	       (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0U) |
	       (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0U);
}

/*
 * A number is loaded for each test, though a register could hold it: the kernel
 * goes through the program once for all that it may know about registers by
 * then, and for a thousand rules would give up on what they have taught it.
 */
static void emit_number(struct program *to, size_t offset, int64_t number,
			int skip)
{
	if (number < 0)
		return;
	emit_load(to, REG_NUMBER, offset);
	emit(to, BPF_JMP32 | BPF_JNE | BPF_K, REG_NUMBER, skip,
	     (uint32_t)number);
}

static void emit_rule(struct program *to, const struct device_rule *rule)
{
	const int unequal = BPF_JMP32 | BPF_JNE | BPF_K;
	const int settle = 4; /* instructions after the tests */
	const int minor = rule->minor >= 0 ? 2 : 0;
	const int major = rule->major >= 0 ? 2 : 0;
	uint32_t bits = access_bits(rule->access);

	if (rule->type != 'a')
		emit(to, unequal, REG_TYPE, major + minor + settle,
		     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK
				       : BPF_DEVCG_DEV_CHAR);
	emit_number(to, offsetof(struct bpf_cgroup_dev_ctx, major), rule->major,
		    minor + settle);
	emit_number(to, offsetof(struct bpf_cgroup_dev_ctx, minor), rule->minor,
		    settle);
	if (rule->allow) {
		emit(to, BPF_ALU | BPF_AND | BPF_K, REG_ACCESS, 0, ~bits);
		emit(to, unequal, REG_ACCESS, 2, 0);
	} else {
		emit(to, BPF_JMP32 | BPF_JSET | BPF_K, REG_ACCESS, 1, bits);
		emit(to, BPF_JMP | BPF_JA, 0, 2, 0);
	}
	emit_answer(to, rule->allow);
}

static int compile(const struct device_rules *rules, struct program *out,
		   struct err *err)
{
	out->count = 0;
	out->at = calloc(rules->count * RULE_INSNS + FRAME_INSNS,
			 sizeof(*out->at));
	if (!out->at)
		return err_nomem(err);
	emit_start(out);
	for (size_t i = rules->count; i > 0; i--)
		emit_rule(out, &rules->at[i - 1]);
	emit_answer(out, false);
	return 0;
}

static int load(const struct program *program, int *out)
{
	uint64_t start = trace_start();
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)program->at,
		.insn_cnt = program->count,
		.license = (uint64_t)(uintptr_t) "GPL",
		.prog_name = PROGRAM_NAME,
	};
	int r;

	/* A descriptor of bpf(2) is close-on-exec. */
	*out = (int)bpf(BPF_PROG_LOAD, &attr);
	r = *out < 0 ? -errno : 0;
	trace_end(start, r, "cgroup", "load device program, %u instructions",
		  program->count);
	return r;
}

/* The program with that number, if it is one of ours; or -1. */
static int open_ours(uint32_t id)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .prog_id = id };
	auto_fd int fd = (int)bpf(BPF_PROG_GET_FD_BY_ID, &attr);

	if (fd < 0)
		return -1;
	attr = (union bpf_attr){ .info = {
					 .bpf_fd = (uint32_t)fd,
					 .info_len = sizeof(info),
					 .info = (uint64_t)(uintptr_t)&info,
				 } };
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0 ||
	    strcmp(info.name, PROGRAM_NAME) != 0)
		return -1;
	return take_fd(&fd);
}

/* Our program that is attached to the group itself, or -1. */
static int find_ours(int group)
{
	uint32_t ids[QUERY_MAX] = { 0 };
	union bpf_attr attr = { .query = {
					.target_fd = (uint32_t)group,
					.attach_type = BPF_CGROUP_DEVICE,
					.prog_ids = (uint64_t)(uintptr_t)ids,
					.prog_cnt = QUERY_MAX,
				} };
	int found = -1;

	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return -1;
	for (uint32_t i = 0; found < 0 && i < attr.query.prog_cnt; i++)
		found = open_ours(ids[i]);
	return found;
}

/* One call puts the new program in the place of the old: there is no gap. */
static int attach(const struct cgroup_tree *tree, int program)
{
	auto_fd int group =
		openat(tree->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int old = group < 0 ? -1 : find_ours(group);
	uint64_t start = trace_start();
	union bpf_attr attr = {
		.target_fd = (uint32_t)group,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	int r;

	if (group < 0)
		return -errno;
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old;
	}
	r = bpf(BPF_PROG_ATTACH, &attr) < 0 ? -errno : 0;
	trace_end(start, r, "cgroup", "%s device program of %s%s",
		  old >= 0 ? "replace" : "attach", tree->mount, tree->path);
	return r;
}

int devices_limit_v2(const struct cgroup_tree *tree,
		     const struct device_rules *rules, struct err *err)
{
	struct program program = { 0 };
	auto_fd int fd = -1;
	int r = compile(rules, &program, err);

	if (r < 0)
		return r;
	r = load(&program, &fd);
	free(program.at);
	if (r == -EPERM && device_unprivileged())
		return 0;
	if (r < 0)
		return err_sys(err, -r,
			       "linux.resources.devices: load a BPF program of "
			       "%u instructions",
			       program.count);
	r = attach(tree, fd);
	if (r == -EPERM && device_unprivileged())
		return 0;
	if (r < 0)
		return err_sys(err, -r,
			       "linux.resources.devices: attach a BPF program "
			       "to %s%s",
			       tree->mount, tree->path);
	return 0;
}
