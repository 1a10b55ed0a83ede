/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "common/base/io.h"
#include "runtime-glue/oci/state.h"

#define COMMAND_MAX 65536

/* The fields of proc(5)'s stat behind the name: [3] is the state, and so on. */
#define FIELDS 25

static int split(char *text, const char *fields[FIELDS])
{
	char *at = strrchr(text, ')');
	size_t n = 3;

	if (!at || at[1] != ' ')
		return -EPROTO;
	for (at += 2; n < FIELDS; n++) {
		fields[n] = at;
		at = strchr(at, ' ');
		if (!at)
			break;
		*at++ = '\0';
	}
	return n < FIELDS ? -EPROTO : 0;
}

static uint64_t number(const char *field)
{
	return strtoull(field, NULL, 10);
}

static void put_state(const char *const fields[FIELDS], struct proc *out)
{
	size_t n = 0;

	out->state[n++] = fields[3][0];
	if (strtol(fields[19], NULL, 10) != 0)
		out->state[n++] = fields[19][0] == '-' ? '<' : 'N';
	if (strtol(fields[6], NULL, 10) == out->pid)
		out->state[n++] = 's';
	if (number(fields[20]) > 1)
		out->state[n++] = 'l';
	if (strcmp(fields[5], fields[8]) == 0)
		out->state[n++] = '+';
	out->state[n] = '\0';
}

static void put_name(const char *text, struct proc *out)
{
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');

	if (open && close && close > open)
		(void)snprintf(out->name, sizeof(out->name), "%.*s",
			       (int)(close - open - 1), open + 1);
}

int proc_read(pid_t pid, struct proc *out)
{
	const char *fields[FIELDS];
	char path[64], text[1024];
	struct stat st;
	int r;

	*out = (struct proc){ .pid = pid };
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = io_read_small(AT_FDCWD, path, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	if (stat(path, &st) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	put_name(text, out);
	r = split(text, fields);
	if (r < 0)
		return r;
	out->uid = st.st_uid;
	out->ppid = (pid_t)number(fields[4]);
	out->tty = (unsigned int)number(fields[7]);
	out->ticks = number(fields[14]) + number(fields[15]);
	out->start = number(fields[22]);
	out->vsize = number(fields[23]);
	out->rss = number(fields[24]);
	put_state(fields, out);
	return 0;
}

static void put_tty(unsigned int tty, char *out, size_t size)
{
	unsigned int major = major(tty), minor = minor(tty);

	if (major >= 136 && major <= 143)
		(void)snprintf(out, size, "pts/%u",
			       (major - 136) * 256 + minor);
	else if (major == 4 && minor < 64)
		(void)snprintf(out, size, "tty%u", minor);
	else if (major == 4)
		(void)snprintf(out, size, "ttyS%u", minor - 64);
	else
		(void)snprintf(out, size, "%s",
			       tty == makedev(5, 1) ? "console" : "?");
}

static uint64_t ticks_a_second(void)
{
	return (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t uptime(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* Tenths of a percent of one processor, over the process's life. */
static uint64_t load(const struct proc *proc)
{
	uint64_t started = proc->start / ticks_a_second(), now = uptime();
	uint64_t age = now > started ? now - started : 0;

	return age ? proc->ticks * 1000 / ticks_a_second() / age : 0;
}

/* "14:05" of today, "Nov25" before. */
static void put_start(const struct proc *proc, char *out, size_t size)
{
	time_t now = time(NULL);
	uint64_t age = uptime() - proc->start / ticks_a_second();
	time_t then = now - (time_t)age;
	struct tm tm = { .tm_mday = 1 };

	(void)localtime_r(&then, &tm);
	if (strftime(out, size, age < 86400 ? "%H:%M" : "%b%d", &tm) == 0)
		*out = '\0';
}

/* Arguments with spaces between, and nothing that a terminal obeys. */
static void put_command(const struct proc *proc, struct strbuf *out)
{
	char path[64];
	auto_fd int fd = -1;
	size_t from = out->len;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)proc->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && io_read_all(fd, from + COMMAND_MAX, out) < 0)
		strbuf_puts(out, "...");
	if (out->len == from)
		strbuf_printf(out, "[%s]", proc->name);
	while (out->len > from && out->data[out->len - 1] == '\0')
		out->len--;
	for (size_t i = from; !out->failed && i < out->len; i++) {
		unsigned char c = (unsigned char)out->data[i];

		if (c < 0x20 || c == 0x7f)
			out->data[i] = c ? '?' : ' ';
	}
	strbuf_putc(out, '\n');
}

void proc_print_ef(const struct proc *proc, struct strbuf *out)
{
	char user[256], tty[32], start[16];
	uint64_t secs;

	if (!proc) {
		strbuf_puts(out, "UID          PID    PPID  C STIME TTY        "
				 "  TIME CMD\n");
		return;
	}
	secs = proc->ticks / ticks_a_second();
	state_user(proc->uid, user, sizeof(user));
	put_tty(proc->tty, tty, sizeof(tty));
	put_start(proc, start, sizeof(start));
	strbuf_printf(out, "%-8s %7d %7d %2u %5s %-8s %02u:%02u:%02u ", user,
		      (int)proc->pid, (int)proc->ppid,
		      (unsigned int)(load(proc) / 10), start, tty,
		      (unsigned int)(secs / 3600),
		      (unsigned int)(secs / 60 % 60),
		      (unsigned int)(secs % 60));
	put_command(proc, out);
}

void proc_print_aux(const struct proc *proc, struct strbuf *out)
{
	char user[256], tty[32], start[16];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct sysinfo info = { .totalram = 1, .mem_unit = 1 };
	uint64_t permille, secs;

	if (!proc) {
		strbuf_puts(out, "USER         PID %CPU %MEM    VSZ   RSS TTY  "
				 "    STAT START   TIME COMMAND\n");
		return;
	}
	(void)sysinfo(&info);
	permille = proc->rss * page * 1000 /
		   ((uint64_t)info.totalram * info.mem_unit);
	secs = proc->ticks / ticks_a_second();
	state_user(proc->uid, user, sizeof(user));
	put_tty(proc->tty, tty, sizeof(tty));
	put_start(proc, start, sizeof(start));
	strbuf_printf(out, "%-8s %7d %2u.%u %2u.%u %6ju %5ju %-8s ", user,
		      (int)proc->pid, (unsigned int)(load(proc) / 10),
		      (unsigned int)(load(proc) % 10),
		      (unsigned int)(permille / 10),
		      (unsigned int)(permille % 10),
		      (uintmax_t)(proc->vsize / 1024),
		      (uintmax_t)(proc->rss * page / 1024), tty);
	strbuf_printf(out, "%-4s %5s %3ju:%02u ", proc->state, start,
		      (uintmax_t)(secs / 60), (unsigned int)(secs % 60));
	put_command(proc, out);
}
