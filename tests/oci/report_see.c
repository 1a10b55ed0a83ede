// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <linux/keyctl.h>
#include <linux/mempolicy.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/oci/report.h"

static void see_ids(char **arg)
{
	uid_t r, e, s;
	gid_t groups[64];
	int count = getgroups(64, groups);

	(void)arg;
	if (!getresuid(&r, &e, &s))
		printf("uid=%u %u %u\n", r, e, s);
	if (!getresgid(&r, &e, &s))
		printf("gid=%u %u %u\n", r, e, s);
	printf("groups=");
	for (int i = 0; i < count; i++)
		printf("%s%u", i ? " " : "", groups[i]);
	printf("\numask=%04o\n", umask(0));
}

/* A field of /proc/self/status: CapEff, NoNewPrivs, Seccomp, .. */
static void see_status(char **arg)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(arg[0]);
	char line[4096];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, arg[0], len) && line[len] == ':')
			printf("%s=%s", arg[0],
			       line + len + 1 + strspn(line + len + 1, "\t "));
	if (f)
		(void)fclose(f);
}

static void see_limit(const char *name, int resource)
{
	struct rlimit limit;

	if (!getrlimit((__rlimit_resource_t)resource, &limit))
		printf("rlimit %s=%lld %lld\n", name, (long long)limit.rlim_cur,
		       (long long)limit.rlim_max);
}

static void see_rlimits(char **arg)
{
	static const char *const names[] = {
		[RLIMIT_AS] = "AS",
		[RLIMIT_CORE] = "CORE",
		[RLIMIT_CPU] = "CPU",
		[RLIMIT_DATA] = "DATA",
		[RLIMIT_FSIZE] = "FSIZE",
		[RLIMIT_LOCKS] = "LOCKS",
		[RLIMIT_MEMLOCK] = "MEMLOCK",
		[RLIMIT_MSGQUEUE] = "MSGQUEUE",
		[RLIMIT_NICE] = "NICE",
		[RLIMIT_NOFILE] = "NOFILE",
		[RLIMIT_NPROC] = "NPROC",
		[RLIMIT_RSS] = "RSS",
		[RLIMIT_RTPRIO] = "RTPRIO",
		[RLIMIT_RTTIME] = "RTTIME",
		[RLIMIT_SIGPENDING] = "SIGPENDING",
		[RLIMIT_STACK] = "STACK",
	};

	(void)arg;
	for (int i = 0; i < (int)(sizeof(names) / sizeof(*names)); i++)
		see_limit(names[i], i);
}

static void see_sched(char **arg)
{
	struct sched_attr attr = { .size = sizeof(attr) };
	long io = syscall(SYS_ioprio_get, 1, 0);
	int mode = -1;

	(void)arg;
	if (!syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0))
		printf("sched=policy %u nice %d priority %u\n",
		       attr.sched_policy, attr.sched_nice, attr.sched_priority);
	printf("ioprio=class %ld level %ld\n", io >> 13, io & 0x1fff);
	if (!syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0))
		printf("mempolicy=%d\n", mode);
	printf("personality=%#x\n", (unsigned int)personality(0xffffffff));
}

static void see_cwd(char **arg)
{
	char path[4096];

	(void)arg;
	printf("cwd=%s\n", getcwd(path, sizeof(path)) ? path : "none");
}

static void see_env(char **arg)
{
	(void)arg;
	for (char **e = environ; *e; e++)
		printf("env %s\n", *e);
}

/* The arguments of the whole program, this word's argument included. */
static void see_args(char **arg)
{
	printf("arg=%s\n", arg[0]);
}

static void see_link(char **arg)
{
	char target[4096];
	ssize_t n = readlink(arg[0], target, sizeof(target) - 1);

	if (n < 0) {
		report_result("link", arg[0], n);
		return;
	}
	target[n] = '\0';
	printf("link %s=%s\n", arg[0], target);
}

static void see_fds(char **arg)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;
	char target[4096];

	(void)arg;
	while (dir && (d = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, target,
				       sizeof(target) - 1);

		if (n < 0 || report_number(d->d_name) == dirfd(dir))
			continue;
		target[n] = '\0';
		printf("fd %s=%s\n", d->d_name, target);
	}
	if (dir)
		closedir(dir);
}

static void see_file(char **arg)
{
	FILE *f = fopen(arg[0], "re");
	char line[8192];

	if (!f) {
		report_result("read", arg[0], -1);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		printf("read %s=%s\n", arg[0], line);
	}
	(void)fclose(f);
}

static void see_dir(char **arg)
{
	DIR *dir = opendir(arg[0]);
	struct dirent *d;

	if (!dir) {
		report_result("dir", arg[0], -1);
		return;
	}
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			printf("dir %s=%s\n", arg[0], d->d_name);
	closedir(dir);
}

/* Type letter, mode, owner, and the device number if it is one. */
static void see_stat(char **arg)
{
	static const char letters[] = "?pc?d?b?-?l?s???";
	struct stat st;

	if (lstat(arg[0], &st) < 0) {
		report_result("stat", arg[0], -1);
		return;
	}
	printf("stat %s=%c %04o %u:%u", arg[0],
	       letters[(st.st_mode & S_IFMT) >> 12], st.st_mode & 07777,
	       st.st_uid, st.st_gid);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		printf(" %u:%u", (unsigned int)(st.st_rdev >> 8),
		       (unsigned int)(st.st_rdev & 0xff));
	printf("\n");
}

/* "mount /proc=proc rw,nosuid master:1 | rw /": type, options, propagation,
 * options of the file system, what of it is the root. */
static void see_mounts(char **arg)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];

	(void)arg;
	while (f && fgets(line, sizeof(line), f)) {
		char root[2048], at[2048], options[512], type[64], super[2048];
		char *rest = strstr(line, " - ");
		int used = 0;

		if (!rest || sscanf(line, "%*s %*s %*s %2047s %2047s %511s%n",
				    root, at, options, &used) != 3)
			continue;
		*rest = '\0';
		if (sscanf(rest + 3, "%63s %*s %2047s", type, super) == 2)
			printf("mount %s=%s %s%s | %s %s\n", at, type, options,
			       line + used, super, root);
	}
	if (f)
		(void)fclose(f);
}

static void see_names(char **arg)
{
	struct utsname name;

	(void)arg;
	if (!uname(&name))
		printf("hostname=%s\ndomainname=%s\nmachine=%s\n",
		       name.nodename, name.domainname, name.machine);
}

static void see_ns(char **arg)
{
	static const char *const kinds[] = { "cgroup", "ipc",  "mnt",  "net",
					     "pid",    "time", "user", "uts" };

	(void)arg;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char path[64], target[64];
		ssize_t n;

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s",
			       kinds[i]);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		printf("ns %s=%s\n", kinds[i], target);
	}
}

static void see_keyring(char **arg)
{
	char text[256] = "";
	long n = syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING,
			 text, sizeof(text) - 1);

	(void)arg;
	if (n < 0)
		report_result("keyring", "session", n);
	else
		printf("keyring=%s\n", text);
}

static void see_clocks(char **arg)
{
	struct timespec mono, boot;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	printf("monotonic=%lld\nboottime=%lld\n", (long long)mono.tv_sec,
	       (long long)boot.tv_sec);
}

static void see_tty(char **arg)
{
	struct winsize size = { 0 };
	char path[64];
	int r = ttyname_r(0, path, sizeof(path));

	(void)arg;
	printf("tty=%s\n", r ? "none" : path);
	if (!ioctl(0, TIOCGWINSZ, &size))
		printf("ttysize=%u %u\n", size.ws_row, size.ws_col);
	printf("session=%s\n", tcgetsid(0) == getpid() ? "leader" : "no");
}

const struct report_word see_words[] = {
	{ "ids", 0, see_ids },         { "status", 1, see_status },
	{ "rlimits", 0, see_rlimits }, { "sched", 0, see_sched },
	{ "cwd", 0, see_cwd },         { "env", 0, see_env },
	{ "arg", 1, see_args },        { "link", 1, see_link },
	{ "fds", 0, see_fds },         { "read", 1, see_file },
	{ "dir", 1, see_dir },         { "stat", 1, see_stat },
	{ "mounts", 0, see_mounts },   { "names", 0, see_names },
	{ "ns", 0, see_ns },           { "keyring", 0, see_keyring },
	{ "clocks", 0, see_clocks },   { "tty", 0, see_tty },
};
const size_t see_word_count = sizeof(see_words) / sizeof(*see_words);
