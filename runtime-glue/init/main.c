/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `run --init` has for a container's first process: INIT -- COMMAND...
 *
 * It starts the command, passes signals on to it, waits for whatever becomes an
 * orphan, and ends as the command did. The program is in every such container,
 * whatever C library that has, so it uses none: system calls, and the stack as
 * the kernel lays it out.
 */
#include <asm/ioctls.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/prctl.h>
#include <stddef.h>

#define MASK_BYTES 8 /* of signals, as the kernel has it */

/* Signal numbers and wait(2) flags of <signal.h>: no header of the C library.
 */
enum { SIGNAL_CHILD = 17, MASK_SET = 2, WAIT_NO_HANG = 1 };
enum { CANNOT_RUN = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

/* ---- the machine ---- */

#if defined(__x86_64__)
__asm__(".text\n"
	".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call init_start\n");

static long call4(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
__asm__(".text\n"
	".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	bl init_start\n");

static long call4(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
			 : "memory");
	return x0;
}
#elif defined(__riscv)
__asm__(".text\n"
	".globl _start\n"
	"_start:\n"
	"	mv a0, sp\n"
	"	andi sp, sp, -16\n"
	"	call init_start\n");

static long call4(long number, long a, long b, long c, long d)
{
	register long a7 __asm__("a7") = number;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3)
			 : "memory");
	return a0;
}
#else
#error "this processor's system calls are not known here"
#endif

static _Noreturn void leave(int code)
{
	for (;;)
		(void)call4(__NR_exit_group, code, 0, 0, 0);
}

/* ---- text ---- */

static size_t length(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

static void say(const char *text)
{
	(void)call4(__NR_write, 2, (long)text, (long)length(text), 0);
}

/* The value of the variable @name ("PATH="), or NULL. */
static const char *variable(char *const *envp, const char *name)
{
	for (; *envp; envp++) {
		const char *at = *envp, *want = name;

		while (*want && *at == *want) {
			at++;
			want++;
		}
		if (!*want)
			return at;
	}
	return NULL;
}

static int has_slash(const char *text)
{
	while (*text && *text != '/')
		text++;
	return *text == '/';
}

/* ---- the command ---- */

#define PATH_BYTES 4096

/* "DIR/NAME" of a list's first directory; returns where the list goes on. */
static const char *join(char out[PATH_BYTES], const char *list,
			const char *name)
{
	size_t at = 0;

	for (; *list && *list != ':'; list++)
		if (at < PATH_BYTES - 2)
			out[at++] = *list;
	if (at == 0)
		out[at++] = '.';
	out[at++] = '/';
	for (; *name && at < PATH_BYTES - 1; name++)
		out[at++] = *name;
	out[at] = '\0';
	/* Cut off, it would be another file. */
	if (*name)
		out[0] = '\0';
	return *list ? list + 1 : NULL;
}

static long execute(char *const *argv, char *const *envp)
{
	const char *list = variable(envp, "PATH=")
				   ?: "/usr/local/sbin:"
				      "/usr/local/bin:"
				      "/usr/sbin:/usr/bin:"
				      "/sbin:/bin";
	char path[PATH_BYTES];
	long r, first = -ENOENT;

	if (has_slash(argv[0]))
		return call4(__NR_execve, (long)argv[0], (long)argv, (long)envp,
			     0);
	while (list) {
		list = join(path, list, argv[0]);
		r = call4(__NR_execve, (long)path, (long)argv, (long)envp, 0);
		if (r != -ENOENT && r != -ENOTDIR)
			first = r;
	}
	return first;
}

static _Noreturn void be_command(char *const *argv, char *const *envp,
				 const unsigned long *mask)
{
	int pid = (int)call4(__NR_getpid, 0, 0, 0, 0);
	long r;

	/*
	 * Its own group, the terminal's if there is one: what is typed is its.
	 * SIGTTOU is blocked, so that we may say that from behind.
	 */
	(void)call4(__NR_setpgid, 0, 0, 0, 0);
	(void)call4(__NR_ioctl, 0, TIOCSPGRP, (long)&pid, 0);
	(void)call4(__NR_rt_sigprocmask, MASK_SET, (long)mask, 0, MASK_BYTES);
	r = execute(argv, envp);
	say("init: ");
	say(argv[0]);
	say(r == -ENOENT   ? ": no such program\n"
	    : r == -EACCES ? ": may not be executed\n"
			   : ": cannot be executed\n");
	leave(r == -ENOENT ? NOT_FOUND : CANNOT_RUN);
}

/* ---- the first process ---- */

static int code_of(int status)
{
	int by = status & 0x7f;

	return by ? BY_SIGNAL + by : (status >> 8) & 0xff;
}

/* Whatever has ended; ends with the command. */
static void reap(long command)
{
	int status = 0;
	long pid;

	for (;;) {
		pid = call4(__NR_wait4, -1, (long)&status, WAIT_NO_HANG, 0);
		if (pid <= 0)
			return;
		if (pid == command)
			leave(code_of(status));
	}
}

void init_start(long *stack);

__attribute__((used)) void init_start(long *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);
	char **envp = argv + argc + 1;
	const unsigned long all = ~0UL;
	unsigned long before = 0;
	long command, sig;

	if (argc > 1 && argv[1][0] == '-' && argv[1][1] == '-' && !argv[1][2])
		argv++;
	if (!argv[0] || !argv[1]) {
		say("usage: init -- COMMAND [ARGUMENT...]\n");
		leave(CANNOT_RUN);
	}
	(void)call4(__NR_rt_sigprocmask, MASK_SET, (long)&all, (long)&before,
		    MASK_BYTES);
	/* For --pid host, where orphans would go to the host's. */
	(void)call4(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0);
	command = call4(__NR_clone, SIGNAL_CHILD, 0, 0, 0);
	if (command == 0)
		be_command(argv + 1, envp, &before);
	if (command < 0) {
		say("init: cannot fork\n");
		leave(CANNOT_RUN);
	}
	for (;;) {
		sig = call4(__NR_rt_sigtimedwait, (long)&all, 0, 0, MASK_BYTES);
		if (sig == SIGNAL_CHILD)
			reap(command);
		else if (sig > 0)
			(void)call4(__NR_kill, command, sig, 0, 0);
	}
}
