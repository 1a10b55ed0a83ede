/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --cpus and its like, --pids-limit: linux.resources.cpu and .pids. */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "runtime-glue/tool/bundle_parts.h"

#define PERIOD      100000 /* us, what --cpus is reckoned in */
#define PERIOD_MIN  1000
#define PERIOD_MAX  1000000
#define QUOTA_MIN   1000
#define NANO        INT64_C(1000000000)
#define NANO_DIGITS 9
#define NANO_MIN    (NANO / 100)
#define SHARES_MAX  262144

int bundle_nano(const char *what, const char *text, int64_t *out,
		struct err *err)
{
	int64_t value = 0;
	int behind = -1;
	bool any = false;

	for (const char *at = text; *at; at++) {
		if (*at == '.' && behind < 0) {
			behind = 0;
			continue;
		}
		if (!isdigit((unsigned char)*at) || behind == NANO_DIGITS ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *at - '0', &value))
			goto refuse;
		any = true;
		behind += behind >= 0;
	}
	for (behind = behind < 0 ? 0 : behind; behind < NANO_DIGITS; behind++)
		if (__builtin_mul_overflow(value, 10, &value))
			goto refuse;
	*out = value;
	if (any)
		return 0;
refuse:
	return err_set(err, CNI_E_FIELD,
		       "%s: \"%s\" is no number such as 2 or 0.5", what, text);
}

static int put_cpus(const struct run_options *options, struct json_object *cpu,
		    struct err *err)
{
	const long count = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t nano = 0;
	int r = bundle_nano("--cpus", options->cpus, &nano, err);

	if (r < 0 || nano == 0)
		return r;
	if (options->cpu_period || options->cpu_quota)
		return err_set(err, CNI_E_FIELD,
			       "--cpus cannot be together with --cpu-period "
			       "or --cpu-quota, which it sets");
	if (nano < NANO_MIN || (count > 0 && nano / NANO > count) ||
	    (count > 0 && nano / NANO == count && nano % NANO))
		return err_set(err, CNI_E_FIELD,
			       "--cpus: %s is not in 0.01..%ld, the processors "
			       "that there are",
			       options->cpus, count);
	r = bundle_put_number(cpu, "period", PERIOD, err);
	return r
		       ?: bundle_put_number(cpu, "quota",
					    nano / (NANO / PERIOD), err);
}

/* 0: as if it was not given. */
static int put_number(const char *option, const char *text, int64_t min,
		      int64_t max, struct json_object *at, const char *key,
		      struct err *err)
{
	int64_t value = 0;
	int r;

	if (!text || strcmp(text, "0") == 0)
		return 0;
	r = cli_number(option, text, min, max, &value, err);
	return r ?: bundle_put_number(at, key, value, err);
}

/* "0-3,7" */
static bool is_list(const char *text)
{
	do {
		size_t digits = strspn(text, "0123456789");

		text += digits;
		if (digits && *text == '-') {
			text++;
			digits = strspn(text, "0123456789");
			text += digits;
		}
		if (digits == 0)
			return false;
	} while (*text++ == ',');
	return text[-1] == '\0';
}

static int put_list(const char *option, const char *text,
		    struct json_object *at, const char *key, struct err *err)
{
	if (!text || !*text)
		return 0;
	if (!is_list(text))
		return err_set(err, CNI_E_FIELD,
			       "%s: \"%s\" is no list such as 0-3,7", option,
			       text);
	return bundle_put_text(at, key, text, err);
}

static int put_quota(const char *text, struct json_object *cpu, struct err *err)
{
	int64_t quota = 0;
	int r;

	if (!text)
		return 0;
	r = cli_number("--cpu-quota", text, -1, INT64_MAX, &quota, err);
	if (r < 0 || quota == 0)
		return r;
	if (quota > 0 && quota < QUOTA_MIN)
		return err_set(err, CNI_E_FIELD,
			       "--cpu-quota: %s is less than %d us (-1: no "
			       "limit)",
			       text, QUOTA_MIN);
	return bundle_put_number(cpu, "quota", quota, err);
}

static int put_pids(struct bundle *b, struct err *err)
{
	const char *text = b->options->pids_limit;
	struct json_object *pids;
	int64_t limit = 0;
	int r;

	if (!text)
		return 0;
	r = cli_number("--pids-limit", text, -1, INT64_MAX, &limit, err);
	r = r ?: bundle_object(b->resources, "pids", &pids, err);
	return r ?: bundle_put_number(pids, "limit", limit ?: -1, err);
}

int bundle_cpu(struct bundle *b, struct err *err)
{
	const struct run_options *options = b->options;
	struct json_object *cpu;
	int r = bundle_object(b->resources, "cpu", &cpu, err);

	if (r == 0 && options->cpus)
		r = put_cpus(options, cpu, err);
	r = r
		    ?: put_number("--cpu-shares", options->cpu_shares, 2,
				  SHARES_MAX, cpu, "shares", err);
	r = r
		    ?: put_number("--cpu-period", options->cpu_period,
				  PERIOD_MIN, PERIOD_MAX, cpu, "period", err);
	r = r ?: put_quota(options->cpu_quota, cpu, err);
	r = r
		    ?: put_list("--cpuset-cpus", options->cpuset_cpus, cpu,
				"cpus", err);
	r = r
		    ?: put_list("--cpuset-mems", options->cpuset_mems, cpu,
				"mems", err);
	if (r == 0 && json_object_object_length(cpu) == 0)
		json_object_object_del(b->resources, "cpu");
	return r ?: put_pids(b, err);
}
