/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are a resolv.conf, or an error that says why not. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host-local-ipam/resolv.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is strings that can be used. */
static void use(const struct cni_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!*list->at[i])
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena arena = { .chunks = NULL };
	struct err err = { .code = CNI_OK };
	struct cni_dns dns;
	int r;

	r = resolv_parse((const char *)data, size, &arena, &dns, &err);
	if (r < 0 ? !err.code || !*err.msg : err.code != CNI_OK)
		abort();
	if (r < 0)
		return 0;
	use(&dns.nameservers);
	use(&dns.search);
	use(&dns.options);
	if (dns.domain && !*dns.domain)
		abort();
	return 0;
}
