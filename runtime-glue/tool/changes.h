/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions of a Dockerfile that change an image's configuration. */
#pragma once

#include "common/base/err.h"
#include "common/base/json.h"
#include "runtime-glue/spec/spec.h"

/*
 * What `--change` says, as members of an image's `config`: CMD, ENTRYPOINT (a
 * JSON array, or a command line for /bin/sh -c), ENV, LABEL (KEY=VALUE),
 * EXPOSE, VOLUME, USER, WORKDIR, STOPSIGNAL. Env, Labels, ExposedPorts and
 * Volumes are added to those of @config (may be NULL). @out: the caller's.
 */
int changes_read(const struct spec_strings *texts, struct json_object *config,
		 struct json_object **out, struct err *err) MUST_CHECK;
