/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as /proc shows it, and as ps(1) prints it. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/base/strbuf.h"

struct proc {
	pid_t pid, ppid;
	uid_t uid;
	char state[8]; /* "Ssl+", as ps has it */
	unsigned int tty;
	uint64_t ticks; /* of processor time */
	uint64_t start; /* ticks after boot */
	uint64_t vsize; /* bytes */
	uint64_t rss;   /* pages */
	char name[64];
};

/* -ESRCH: it is gone. */
int proc_read(pid_t pid, struct proc *out) MUST_CHECK;

/* The lines of `ps -ef` and `ps aux`; @proc NULL: the head. */
void proc_print_ef(const struct proc *proc, struct strbuf *out);
void proc_print_aux(const struct proc *proc, struct strbuf *out);
