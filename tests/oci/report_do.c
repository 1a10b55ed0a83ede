// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oci/report.h"

static void try_open(const char *key, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0644);

	report_result(key, path, fd);
	if (fd >= 0)
		close(fd);
}

/* Open a file that is there, for writing. */
static void do_write(char **arg)
{
	try_open("write", arg[0], O_WRONLY);
}

static void do_open(char **arg)
{
	try_open("open", arg[0], O_RDONLY);
}

static void do_create(char **arg)
{
	try_open("create", arg[0], O_WRONLY | O_CREAT);
}

/* Write TEXT to FILE, at its end. */
static void do_put(char **arg)
{
	int fd = open(arg[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	ssize_t r = fd < 0 ? -1 : write(fd, arg[1], strlen(arg[1]));

	report_result("put", arg[0], r);
	if (fd >= 0)
		close(fd);
}

/* Read one byte: what the device cgroup allows may still have no driver. */
static void do_get(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char byte;

	report_result("get", arg[0], fd < 0 ? -1 : read(fd, &byte, 1));
	if (fd >= 0)
		close(fd);
}

/* PATH c|b MAJOR MINOR */
static void do_mknod(char **arg)
{
	mode_t type = arg[1][0] == 'b' ? S_IFBLK : S_IFCHR;
	dev_t dev = makedev((unsigned int)report_number(arg[2]),
			    (unsigned int)report_number(arg[3]));

	report_result("mknod", arg[0], mknod(arg[0], type | 0666, dev));
}

static long call_mkdir(void)
{
	return mkdir("/tmp/called", 0755);
}
static long call_uname(void)
{
	struct utsname name;

	return uname(&name);
}
static long call_getcwd(void)
{
	char path[4096];

	return syscall(SYS_getcwd, path, sizeof(path));
}
static long call_unshare(void)
{
	return unshare(CLONE_NEWUTS);
}
static long call_userns(void)
{
	return unshare(CLONE_NEWUSER);
}
static long call_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}
static long call_umount(void)
{
	return umount2("/tmp/mnt", MNT_DETACH);
}
static long call_setuid(void)
{
	return setuid(0);
}
static long call_setgroups(void)
{
	return syscall(SYS_setgroups, 0, NULL);
}
static long call_chroot(void)
{
	return chroot("/tmp");
}
static long call_sethostname(void)
{
	return sethostname("called", 6);
}
static long call_personality(void)
{
	return syscall(SYS_personality, 8);
}
static long call_raw(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1);
}
static long call_reboot(void)
{
	return syscall(SYS_reboot, 0, 0, 0, NULL);
}
/* A number that no kernel has: what the default of a filter makes of it. */
static long call_unknown(void)
{
	return syscall(1000);
}
static long call_kexec(void)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

/* A system call by its name, with arguments that do little harm. */
static void do_call(char **arg)
{
	static const struct {
		const char *name;
		long (*run)(void);
	} calls[] = {
		{ "mkdir", call_mkdir },
		{ "uname", call_uname },
		{ "getcwd", call_getcwd },
		{ "unshare", call_unshare },
		{ "userns", call_userns },
		{ "mount", call_mount },
		{ "umount", call_umount },
		{ "setuid", call_setuid },
		{ "setgroups", call_setgroups },
		{ "chroot", call_chroot },
		{ "sethostname", call_sethostname },
		{ "personality", call_personality },
		{ "raw", call_raw },
		{ "reboot", call_reboot },
		{ "unknown", call_unknown },
		{ "kexec", call_kexec },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, arg[0]))
			report_result("call", arg[0], calls[i].run());
}

/* What the kernel answers with a chosen first argument. */
static void do_call1(char **arg)
{
	int domain = report_number(arg[0]);
	int fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	report_result("socket", arg[0], fd);
	if (fd >= 0)
		close(fd);
}

/* Touch so many MiB. */
static void do_alloc(char **arg)
{
	size_t len = (size_t)report_number(arg[0]) << 20;
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at != MAP_FAILED)
		memset(at, 1, len);
	report_result("alloc", arg[0], at == MAP_FAILED ? -1 : 0);
}

/* Children that wait for ever: how many could be had. */
static void do_fork(char **arg)
{
	int want = report_number(arg[0]), made = 0;

	(void)fflush(stdout);
	for (; made < want; made++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			for (;;)
				pause();
		}
	}
	printf("fork %s=%d\n", arg[0], made);
}

static void do_sleep(char **arg)
{
	sleep((unsigned int)report_number(arg[0]));
}

/* Wait for a signal, say its name, and go on with the next word. */
static void do_wait(char **arg)
{
	sigset_t all;
	int sig = 0;

	(void)arg;
	sigfillset(&all);
	sigdelset(&all, SIGCHLD);
	sigprocmask(SIG_SETMASK, &all, NULL);
	printf("ready=%d\n", getpid());
	if (!sigwait(&all, &sig))
		printf("signal=%s\n", sigabbrev_np(sig));
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

static void do_exit(char **arg)
{
	(void)fflush(stdout);
	exit(report_number(arg[0]));
}

static void do_die(char **arg)
{
	/* Nobody can kill the init of a PID namespace from inside. */
	(void)arg;
	(void)fflush(stdout);
	(void)raise(SIGKILL);
}

/* As sd_notify(3) does. */
static void do_notify(char **arg)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	long r = -1;

	if (path && fd >= 0) {
		(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
			       path);
		r = sendto(fd, arg[0], strlen(arg[0]), 0,
			   (struct sockaddr *)&address, sizeof(address));
	}
	report_result("notify", arg[0], r < 0 ? -1 : 0);
	(void)close(fd);
}

static void do_say(char **arg)
{
	printf("say=%s\n", arg[0]);
}

/* To stderr. */
static void do_warn(char **arg)
{
	(void)fprintf(stderr, "%s\n", arg[0]);
}

/* A descriptor's content, for those that were passed on. */
static void do_readfd(char **arg)
{
	char text[256];
	ssize_t n = read(report_number(arg[0]), text, sizeof(text) - 1);

	if (n < 0) {
		report_result("readfd", arg[0], n);
		return;
	}
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	printf("readfd %s=%s\n", arg[0], text);
}

/* Other programs see how far we are. */
static void do_touch(char **arg)
{
	int fd = open(arg[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd >= 0)
		close(fd);
}

const struct report_word do_words[] = {
	{ "write", 1, do_write },   { "open", 1, do_open },
	{ "create", 1, do_create }, { "put", 2, do_put },
	{ "get", 1, do_get },       { "mknod", 4, do_mknod },
	{ "call", 1, do_call },     { "socket", 1, do_call1 },
	{ "alloc", 1, do_alloc },   { "fork", 1, do_fork },
	{ "sleep", 1, do_sleep },   { "wait", 0, do_wait },
	{ "exit", 1, do_exit },     { "die", 0, do_die },
	{ "say", 1, do_say },       { "warn", 1, do_warn },
	{ "readfd", 1, do_readfd }, { "touch", 1, do_touch },
	{ "notify", 1, do_notify }, { "try", 1, report_try },
};
const size_t do_word_count = sizeof(do_words) / sizeof(*do_words);
