/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's machine does with what libseccomp and we write. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/strbuf.h"

static inline uint32_t bpf_run(const struct strbuf *code,
			       const struct seccomp_data *data)
{
	const struct sock_filter *at = (const void *)code->data;
	const struct sock_filter *end = at + code->len / sizeof(*at);
	uint32_t a = 0;
	bool yes;

	for (; at < end; at++) {
		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + at->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= at->k;
			continue;
		case BPF_JMP | BPF_JA:
			at += at->k;
			continue;
		case BPF_RET | BPF_K:
			return at->k;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == at->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > at->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= at->k;
			break;
		default:
			fail_msg("instruction %#x", at->code);
			return 0;
		}
		at += yes ? at->jt : at->jf;
	}
	fail_msg("no return");
	return 0;
}
