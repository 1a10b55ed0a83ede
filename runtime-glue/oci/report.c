/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/io.h"
#include "common/base/jsonw.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"

static const char *const level_names[] = {
	[REPORT_ERROR] = "error",
	[REPORT_WARNING] = "warning",
	[REPORT_INFO] = "info",
	[REPORT_DEBUG] = "debug",
};

static int find_level(const char *name, enum report_level *out, struct err *err)
{
	static const struct {
		const char *name;
		enum report_level level;
	} words[] = {
		{ "panic", REPORT_ERROR },     { "fatal", REPORT_ERROR },
		{ "error", REPORT_ERROR },     { "warn", REPORT_WARNING },
		{ "warning", REPORT_WARNING }, { "info", REPORT_INFO },
		{ "debug", REPORT_DEBUG },     { "trace", REPORT_DEBUG },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].name, name) == 0) {
			*out = words[i].level;
			return 0;
		}
	}
	return err_set(err, CNI_E_FIELD, "--log-level: unknown level \"%s\"",
		       name);
}

int report_open(struct report *report, const char *path, const char *format,
		const char *level, struct err *err)
{
	int r = 0;

	*report = (struct report){ .fd = -1, .level = REPORT_INFO };
	if (format && strcmp(format, "json") == 0)
		report->json = true;
	else if (format && strcmp(format, "text") != 0)
		return err_set(err, CNI_E_FIELD,
			       "--log-format: \"%s\" is neither text nor json",
			       format);
	if (level)
		r = find_level(level, &report->level, err);
	/* stderr may be a socket, which cannot be opened. */
	if (r < 0 || !path || !*path || strcmp(path, "/dev/stderr") == 0)
		return r;
	report->fd =
		open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return report->fd < 0 ? err_sys(err, errno, "--log: open \"%s\"", path)
			      : 0;
}

/* As RFC 3339 has it, with nanoseconds. */
static void put_time(char *out, size_t size)
{
	struct timespec now = { .tv_sec = 0 };
	struct tm tm = { .tm_mday = 1 };
	char day[32] = "";

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out, size, "%s.%09ldZ", day, now.tv_nsec);
}

/* As logrus quotes it. */
static void put_quoted(struct strbuf *out, const char *text)
{
	strbuf_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_putc(out, '\\');
		if (*text == '\n')
			strbuf_puts(out, "\\n");
		else
			strbuf_putc(out, *text);
	}
	strbuf_putc(out, '"');
}

static void put_line(struct strbuf *out, bool json, enum report_level level,
		     const char *text)
{
	struct jsonw w = { .out = out, .compact = true };
	char now[64];

	put_time(now, sizeof(now));
	if (json) {
		jsonw_open(&w, NULL, '{');
		jsonw_string(&w, "level", level_names[level]);
		jsonw_string(&w, "msg", text);
		jsonw_string(&w, "time", now);
		jsonw_close(&w, '}');
	} else {
		strbuf_printf(out, "time=\"%s\" level=%s msg=", now,
			      level_names[level]);
		put_quoted(out, text);
	}
	strbuf_putc(out, '\n');
}

void report_line(const struct report *report, enum report_level level,
		 const char *text)
{
	auto_strbuf struct strbuf line = { .len = 0 };
	int fd = report->fd >= 0 ? report->fd : STDERR_FILENO;

	if (level > report->level)
		return;
	put_line(&line, report->json, level, text);
	/* Who cannot be told, cannot be told that either. */
	if (!line.failed && io_write_all(fd, line.data, line.len) < 0)
		return;
}

void report_failure(const struct report *report, const struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_puts(&text, err->msg);
	if (*err->details) {
		strbuf_puts(&text, "; ");
		strbuf_puts(&text, err->details);
	}
	/* On stderr a person reads it, unless JSON was asked for. */
	if (report->fd >= 0 || report->json)
		report_line(report, REPORT_ERROR, strbuf_str(&text));
	if (report->fd >= 0 || !report->json)
		log_warn("%s", strbuf_str(&text));
}
