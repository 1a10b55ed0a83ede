/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux.intelRdt (config-linux.md "IntelRdt"; kernel: arch/x86/resctrl): cache
 * and memory bandwidth of the processor, as groups in the resctrl file system.
 * A closID of the config is shared and stays; without one the group is the
 * container's own, named after it.
 */
#pragma once

#include <sys/types.h>

#include "common/base/err.h"
#include "runtime-glue/oci/state.h"
#include "runtime-glue/spec/spec.h"

/* Nothing asked, or resctrl is mounted; else an error that says it is not. */
int rdt_check(const struct spec *spec, struct err *err) MUST_CHECK;

/* Make the group and write its schemata; notes an own one in @state. */
int rdt_make(const struct spec *spec, struct state *state,
	     struct err *err) MUST_CHECK;

int rdt_join(const struct spec *spec, const char *id, pid_t pid,
	     struct err *err) MUST_CHECK;
