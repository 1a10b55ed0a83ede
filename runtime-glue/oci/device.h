/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.netDevices (config-linux.md "Network Devices"). */
#pragma once

#include <sys/types.h>

#include "common/base/err.h"
#include "runtime-glue/spec/spec.h"

/*
 * Move the host's network devices that the container is to have into the
 * network namespace of @pid, under their new names, with the global addresses
 * that they have, and up. The kernel gives a physical one back when the
 * namespace ends.
 */
int device_move(const struct spec *spec, pid_t pid, struct err *err) MUST_CHECK;
