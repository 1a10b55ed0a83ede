/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What options and arguments say: numbers, sizes, durations, signals. */
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/io.h"
#include "runtime-glue/oci/cli.h"

/* A decimal number at *@at, which moves behind it. */
static bool digits(const char **at, uint64_t *out)
{
	uint64_t value = 0;

	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); (*at)++)
		if (__builtin_mul_overflow(value, 10U, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**at - '0'),
					   &value))
			return false;
	*out = value;
	return true;
}

int cli_number(const char *what, const char *text, int64_t min, int64_t max,
	       int64_t *out, struct err *err)
{
	bool negative = text[0] == '-';
	const char *at = text + (negative || text[0] == '+');
	uint64_t value;
	int64_t number;

	if (!digits(&at, &value) || *at || value > INT64_MAX)
		return err_set(err, CNI_E_FIELD,
			       "%s: \"%s\" is not a whole number", what, text);
	number = negative ? -(int64_t)value : (int64_t)value;
	if (number < min || number > max)
		return err_set(err, CNI_E_FIELD, "%s: %s is not in %jd..%jd",
			       what, text, (intmax_t)min, (intmax_t)max);
	*out = number;
	return 0;
}

/* The shift of a unit's letter, or -1; "k", "KB", "KiB" are the same. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "kmgtp";
	const char *at;
	size_t skip = 1;

	if (!*unit || strcasecmp(unit, "b") == 0)
		return 0;
	at = strchr(letters, tolower((unsigned char)*unit));
	if (!at || !*at)
		return -1;
	if (unit[skip] == 'i' && tolower((unsigned char)unit[skip + 1]) == 'b')
		skip++;
	if (tolower((unsigned char)unit[skip]) == 'b')
		skip++;
	return unit[skip] ? -1 : (int)(at - letters + 1) * 10;
}

/* Of a fraction ".5" in units of 1 << @shift; *@at moves behind it. */
static uint64_t fraction(const char **at, int shift)
{
	uint64_t sum = 0, divisor = 1;

	for (; isdigit((unsigned char)**at); (*at)++) {
		if (divisor > 1000000) /* finer is not written by anybody */
			continue;
		divisor *= 10;
		sum = sum * 10 + (uint64_t)(**at - '0');
	}
	/* In two steps: 7 digits and 50 bits do not fit into 64. */
	if (shift < 20)
		return (sum << shift) / divisor;
	return ((sum << 20) / divisor) << (shift - 20);
}

int cli_size(const char *what, const char *text, int64_t *out, struct err *err)
{
	const char *at = text, *dot;
	uint64_t value;
	int shift;

	if (!digits(&at, &value))
		goto refuse;
	dot = *at == '.' ? at : NULL;
	if (dot)
		at += 1 + strspn(at + 1, "0123456789");
	shift = unit_shift(at + strspn(at, " "));
	if (shift < 0 || (dot && at == dot + 1) ||
	    value > (uint64_t)INT64_MAX >> shift)
		goto refuse;
	value <<= shift;
	if (dot &&
	    __builtin_add_overflow(
		    value, fraction(&(const char *){ dot + 1 }, shift), &value))
		goto refuse;
	if (value > INT64_MAX)
		goto refuse;
	*out = (int64_t)value;
	return 0;
refuse:
	return err_set(err, CNI_E_FIELD,
		       "%s: \"%s\" is no size (bytes, or with k, m, g)", what,
		       text);
}

/* A unit of time at *@at, in microseconds; 0: none. */
static uint64_t time_unit(const char **at)
{
	static const struct {
		const char *name;
		uint64_t us;
	} units[] = {
		{ "ms", 1000 },         { "us", 1 },
		{ "s", 1000000 },       { "m", 60 * 1000000ULL },
		{ "h", 3600000000ULL },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*at, units[i].name, len) == 0) {
			*at += len;
			return units[i].us;
		}
	}
	return 0;
}

int cli_duration(const char *what, const char *text, int64_t *out_ms,
		 struct err *err)
{
	const uint64_t max = 86400000000ULL * 365;
	const char *at = text;
	uint64_t total = 0, value, unit, part;

	while (*at) {
		if (!digits(&at, &value))
			break;
		unit = time_unit(&at);
		if (!unit || __builtin_mul_overflow(value, unit, &part) ||
		    part > max || total > max)
			break;
		total += part;
	}
	if (*at || total == 0)
		return err_set(err, CNI_E_FIELD,
			       "%s: \"%s\" is no duration above 0 (\"5s\", "
			       "\"100ms\")",
			       what, text);
	*out_ms = (int64_t)((total + 999) / 1000);
	return 0;
}

/* "RTMIN", "RTMIN+1", "RTMAX-2"; 0: none of them. */
static int real_time(const char *name)
{
	bool min = strncasecmp(name, "RTMIN", 5) == 0;
	const char *at = name + 5;
	uint64_t offset = 0;

	if (!min && strncasecmp(name, "RTMAX", 5) != 0)
		return 0;
	if (*at) {
		if (*at++ != (min ? '+' : '-') || !digits(&at, &offset) || *at)
			return 0;
	}
	if (offset > (uint64_t)(SIGRTMAX - SIGRTMIN))
		return 0;
	return min ? SIGRTMIN + (int)offset : SIGRTMAX - (int)offset;
}

/* 0: there is none of that name. */
static int named_signal(const char *name)
{
	static const struct {
		const char *name;
		int sig;
	} names[] = {
		{ "HUP", SIGHUP },       { "INT", SIGINT },
		{ "QUIT", SIGQUIT },     { "ILL", SIGILL },
		{ "TRAP", SIGTRAP },     { "ABRT", SIGABRT },
		{ "IOT", SIGABRT },      { "BUS", SIGBUS },
		{ "FPE", SIGFPE },       { "KILL", SIGKILL },
		{ "USR1", SIGUSR1 },     { "SEGV", SIGSEGV },
		{ "USR2", SIGUSR2 },     { "PIPE", SIGPIPE },
		{ "ALRM", SIGALRM },     { "TERM", SIGTERM },
		{ "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD },
		{ "CLD", SIGCHLD },      { "CONT", SIGCONT },
		{ "STOP", SIGSTOP },     { "TSTP", SIGTSTP },
		{ "TTIN", SIGTTIN },     { "TTOU", SIGTTOU },
		{ "URG", SIGURG },       { "XCPU", SIGXCPU },
		{ "XFSZ", SIGXFSZ },     { "VTALRM", SIGVTALRM },
		{ "PROF", SIGPROF },     { "WINCH", SIGWINCH },
		{ "IO", SIGIO },         { "POLL", SIGPOLL },
		{ "PWR", SIGPWR },       { "SYS", SIGSYS },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasecmp(names[i].name, name) == 0)
			return names[i].sig;
	return real_time(name);
}

int cli_signal(const char *text, int *out, struct err *err)
{
	const char *at = text;
	uint64_t number;

	if (digits(&at, &number) && !*at) {
		*out = (int)number;
		if (number <= (uint64_t)SIGRTMAX) /* 0: only ask */
			return 0;
	} else {
		at = text + (strncasecmp(text, "SIG", 3) == 0 ? 3 : 0);
		*out = named_signal(at);
		if (*out)
			return 0;
	}
	return err_set(err, CNI_E_FIELD, "unknown signal \"%s\"", text);
}

int cli_user(const char *text, struct err *err)
{
	const char *at = text;
	uint64_t uid = 0, gid = 0;
	bool good = digits(&at, &uid) &&
		    (!*at || (*at++ == ':' && digits(&at, &gid) && !*at));

	/* The last number is -1, "no change" for the kernel. */
	if (good && uid < UINT32_MAX && gid < UINT32_MAX)
		return 0;
	return err_set(err, CNI_E_FIELD, "--user: \"%s\" is not UID or UID:GID",
		       text);
}

int cli_print(const char *text, size_t len, struct err *err)
{
	int r = io_write_all(STDOUT_FILENO, text, len);

	return r < 0 ? err_sys(err, -r, "write to stdout") : 0;
}
