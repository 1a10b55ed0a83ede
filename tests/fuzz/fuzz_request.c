/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call of a plugin. The first line is a verb's first letter and CNI_ARGS,
 * the rest is stdin: all that is read from it is read, or there is an error
 * with a code and a message.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/io.h"
#include "common/base/log.h"
#include "common/cni/args.h"
#include "common/cni/attachments.h"
#include "common/cni/request.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In place of log.c's: a million warnings would fill the disk. */
void log_warn(const char *fmt, ...)
{
	(void)fmt;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): as declared in log.h */
void log_printable(char *text, size_t len)
{
	(void)text;
	(void)len;
}

static void demand(bool truth)
{
	if (!truth)
		abort();
}

/* Success without an error, or a failure that says what and why. */
static int judge(int r, const struct err *err)
{
	if (r == 0)
		demand(err->code == CNI_OK && !*err->msg);
	else
		demand(err->code && *err->msg && r == -err->errnum);
	return r;
}

static enum cni_verb verb_of(char letter)
{
	for (int verb = CNI_ADD; verb < CNI_VERSION; verb++)
		if (*cni_verb_text((enum cni_verb)verb) == letter)
			return (enum cni_verb)verb;
	return CNI_ADD;
}

static void check_names(const char *text)
{
	struct err id = { .code = CNI_OK };
	struct err ifname = { .code = CNI_OK };
	struct err network = { .code = CNI_OK };

	(void)judge(cni_check_container_id(text, &id), &id);
	(void)judge(cni_check_network_name(text, &network), &network);
	(void)judge(cni_check_ifname(text, &ifname), &ifname);
}

static void check_args(const char *text)
{
	struct cni_arg known[] = { { .key = "IP" }, { .key = "MAC" } };
	struct err err = { .code = CNI_OK };

	if (judge(cni_args_read(text, known, 2, &err), &err) < 0)
		return;
	demand(strlen(known[0].value) < sizeof(known[0].value));
	demand(!strpbrk(known[0].value, "=;"));
}

static void check_attachments(const struct cfg *conf)
{
	auto_attachments struct cni_attachments list = { .count = 0 };
	struct err err = { .code = CNI_OK };

	if (judge(cni_attachments_read(conf, &list, &err), &err) < 0)
		return;
	demand(list.present || list.count == 0);
	for (size_t i = 0; i < list.count; i++) {
		const struct cni_attachment *at = &list.at[i];

		demand(cni_attachments_have(&list, at->container, NULL));
		demand(cni_attachments_have(&list, at->container, at->ifname));
	}
}

static void check_prev_result(const struct cni_request *req)
{
	auto_result struct cni_result prev = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };
	bool present;
	int r;

	r = judge(cni_prev_result(req, &prev, &present, &err), &err);
	demand(r == 0 || req->verb != CNI_DEL);
}

static int stdin_of(const char *text, size_t len)
{
	int fd = memfd_create("stdin", MFD_CLOEXEC);

	demand(fd >= 0);
	demand(io_write_all(fd, text, len) == 0);
	demand(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void check_request(enum cni_verb verb, const char *text, size_t len)
{
	auto_request struct cni_request req = {
		.verb = verb,
		.command = cni_verb_text(verb),
	};
	auto_fd int fd = stdin_of(text, len);
	struct err err = { .code = CNI_OK };
	int r;

	r = judge(cni_request_conf(&req, fd, &err), &err);
	demand(req.raw.len == len &&
	       memcmp(strbuf_str(&req.raw), text, len) == 0);
	if (r < 0)
		return;
	demand(req.name && *req.name && req.version_text);
	check_attachments(&req.conf);
	if (judge(cni_request_version(&req, CNI_V0_1_0, &err), &err) == 0)
		check_prev_result(&req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size > 1 ? memchr(text + 1, '\n', size - 1) : NULL;
	auto_strbuf struct strbuf args = { .data = NULL };

	if (!line)
		return 0;
	strbuf_add(&args, text + 1, (size_t)(line - text) - 1);
	check_names(args.data);
	check_args(args.data);
	check_request(verb_of(*text), line + 1,
		      size - (size_t)(line + 1 - text));
	return 0;
}
