/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of config.json share: texts in which ' stands for ". */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime-glue/spec/spec.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The least there must be, and what is tested. */
#define HEAD            "'ociVersion':'1.2.0','root':{'path':'rootfs'}"
#define TOP(rest)       "{" HEAD "," rest "}"
#define PROCESS(rest)   TOP("'process':{'cwd':'/','args':['sh']," rest "}")
#define LINUX(rest)     TOP("'linux':{" rest "}")
#define RESOURCES(rest) LINUX("'resources':{" rest "}")
#define SECCOMP(rest)   LINUX("'seccomp':{'defaultAction':" rest "}")
#define MOUNT(rest)     TOP("'mounts':[{'destination':'/a'," rest "}]")

struct spec_case {
	const char *conf;
	const char *want; /* the message */
};

typedef int spec_parser(const char *text, size_t len, struct spec_doc *doc,
			struct err *err);

static inline int spec_read(spec_parser *parser, const char *text,
			    struct spec_doc *doc, struct err *err)
{
	char *json = strdup(text);
	int r;

	assert_non_null(json);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	r = parser(json, strlen(json), doc, err);
	free(json);
	return r;
}

static inline void spec_good(const char *text, struct spec_doc *doc)
{
	struct err err = { .code = CNI_OK };

	if (spec_read(spec_parse, text, doc, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
}

static inline void spec_bad(spec_parser *parser, const struct spec_case *cases,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		auto_spec_doc struct spec_doc doc = { .json = NULL };
		struct err err = { .code = CNI_OK };
		int r = spec_read(parser, cases[i].conf, &doc, &err);

		if (r != -EINVAL || strcmp(err.msg, cases[i].want) != 0)
			fail_msg("%s:\n got %s\nwant %s", cases[i].conf,
				 r < 0 ? err.msg : "success", cases[i].want);
	}
}
