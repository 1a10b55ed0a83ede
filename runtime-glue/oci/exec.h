/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What process exec is to run, from its options and the container's config. */
#pragma once

#include "common/base/err.h"
#include "runtime-glue/oci/container.h"
#include "runtime-glue/spec/spec.h"

/*
 * @out borrows from all of the others. With --process it is that file's alone,
 * read into @own; otherwise the container's own process with what the options
 * change: no capability is inherited (CVE-2022-29162), --cap adds to the
 * bounding, effective and permitted sets, and to the ambient one where the
 * container has the capability inheritable; --user is "UID[:GID]", in digits
 * and whole (CVE-2026-30892).
 */
int exec_process(const struct exec_options *options,
		 const struct spec *container, struct spec_doc *own,
		 struct spec_process *out, struct err *err) MUST_CHECK;
