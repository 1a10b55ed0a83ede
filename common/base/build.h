/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The version of this build of ferrule, e.g. "v0.1.0-4-g1a2b3c4". */
const char *build_version(void);
