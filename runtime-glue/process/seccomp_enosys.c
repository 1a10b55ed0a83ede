/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a filter says to system calls that are newer than its profile.
 *
 * A profile that allows a list and answers EPERM to the rest breaks programs
 * when a new system call comes up: the C library tries it, and falls back to
 * the old one on ENOSYS, but not on EPERM. Whoever wrote the profile cannot
 * have meant to forbid what did not exist. So, as runc does, a few instructions
 * in front of libseccomp's answer ENOSYS to all numbers above the highest one
 * the profile names, an architecture at a time:
 *
 *	load arch
 *	if arch == A:  load number;  if number > highest of A: return ENOSYS
 *	...
 *	the filter
 *
 * Nothing that the profile mentions is changed by this, and nothing that was
 * refused becomes allowed. A default of ALLOW, LOG or TRACE, or of ENOSYS, has
 * no need of it.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

#include "runtime-glue/process/parts.h"

/* x32 shares the architecture of x86-64 and has this bit in its numbers. */
#define X32_BIT 0x40000000U

#define ACTION_MASK 0xffff0000U

/* The longest block. */
#define BLOCK 7U

static bool wanted(uint32_t action)
{
	switch (action & ACTION_MASK) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
		return false;
	default:
		return action != SCMP_ACT_ERRNO(ENOSYS);
	}
}

/* -1: the profile names nothing that @arch has. */
static int highest(const struct spec_seccomp *spec, uint32_t arch)
{
	int most = -1;

	for (size_t i = 0; i < spec->rule_count; i++) {
		const struct spec_strings *names = &spec->rules[i].names;

		for (size_t j = 0; j < names->count; j++) {
			const int number = seccomp_syscall_resolve_name_arch(
				arch, names->at[j]);

			most = number > most ? number : most;
		}
	}
	return most;
}

static bool listed(const struct spec_seccomp *spec, uint32_t arch)
{
	if (arch == seccomp_arch_native())
		return true;
	for (size_t i = 0; i < spec->arch_count; i++)
		if (spec->arches[i] == arch)
			return true;
	return false;
}

struct code {
	struct sock_filter at[BLOCK];
	unsigned int len;
};

static void put(struct code *code, uint16_t op, uint8_t jt, uint8_t jf,
		uint32_t k)
{
	code->at[code->len++] = (struct sock_filter){ op, jt, jf, k };
}

/* "number > most" jumps over @skip instructions to a RET. */
static void put_limit(struct code *code, int most)
{
	put(code, BPF_JMP | BPF_JGT | BPF_K, 0, 1, (uint32_t)most);
	put(code, BPF_RET | BPF_K, 0, 0, SCMP_ACT_ERRNO(ENOSYS));
}

/*
 * x32 that is not listed is left to the filter, which refuses it as a foreign
 * architecture. One that is has its own highest number.
 */
static void block(const struct spec_seccomp *spec, uint32_t arch,
		  struct code *code)
{
	const bool x86_64 = arch == SCMP_ARCH_X86_64;
	const bool x32 = x86_64 && listed(spec, SCMP_ARCH_X32);
	const int most = highest(spec, arch);
	const int most_x32 = x32 ? highest(spec, SCMP_ARCH_X32) : -1;

	put(code, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	    offsetof(struct seccomp_data, nr));
	if (most_x32 >= 0) {
		put(code, BPF_JMP | BPF_JGE | BPF_K, 0, 2, X32_BIT);
		put_limit(code, most_x32 | (int)X32_BIT);
	}
	/* What is x32 has been dealt with, or is the filter's: jump over. */
	if (x86_64 && most >= 0)
		put(code, BPF_JMP | BPF_JGE | BPF_K, 2, 0, X32_BIT);
	if (most >= 0)
		put_limit(code, most);
}

static void add_block(const struct spec_seccomp *spec, uint32_t arch,
		      struct strbuf *out)
{
	const struct sock_filter load = BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	struct sock_filter test;
	struct code code = { .len = 0 };

	block(spec, arch, &code);
	test = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0,
					    (uint8_t)code.len);
	strbuf_add(out, &load, sizeof(load));
	strbuf_add(out, &test, sizeof(test));
	strbuf_add(out, code.at, code.len * sizeof(code.at[0]));
}

void filter_add_enosys(const struct spec_seccomp *spec, struct strbuf *out)
{
	const uint32_t native = seccomp_arch_native();

	if (!wanted(spec->default_action) || spec->rule_count == 0)
		return;
	add_block(spec, native, out);
	for (size_t i = 0; i < spec->arch_count; i++)
		if (spec->arches[i] != native &&
		    spec->arches[i] != SCMP_ARCH_X32)
			add_block(spec, spec->arches[i], out);
}
