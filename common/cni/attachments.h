/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GC's list of the attachments that are still valid (CNI SPEC 1.1.0, "GC").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/cfg.h"

struct cni_attachment {
	const char *container, *ifname;
};

struct cni_attachments {
	struct arena arena;
	bool present; /* absent: do nothing; present and empty: none is valid */
	size_t count;
	struct cni_attachment *at; /* sorted by container, then ifname */
};

#define auto_attachments AUTO(cni_attachments_free)

/*
 * Read `cni.dev/valid-attachments` and `cni.dev/attachments` (older runtimes)
 * of @conf; with both, an attachment in either is valid. Errors: CNI_E_CONFIG.
 */
int cni_attachments_read(const struct cfg *conf, struct cni_attachments *out,
			 struct err *err) MUST_CHECK;

/* Is this attachment valid? With @ifname NULL: any of this container's? */
bool cni_attachments_have(const struct cni_attachments *list,
			  const char *container, const char *ifname);

void cni_attachments_free(struct cni_attachments *list);
