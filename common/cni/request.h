/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of a plugin: the CNI_* environment and the network configuration
 * on stdin, read and checked (CNI SPEC 1.1.0 section 2, cni-behaviour.md 1.1,
 * 1.2 and 1.4).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cfg.h"
#include "common/base/json.h"
#include "common/base/strbuf.h"
#include "common/cni/result.h"
#include "common/cni/version.h"

enum cni_verb {
	CNI_ADD,
	CNI_DEL,
	CNI_CHECK,
	CNI_GC,
	CNI_STATUS,
	CNI_VERSION,
	CNI_REPAIR,  /* ours: see plugin.h */
	CNI_UNKNOWN, /* a command that this protocol does not have */
};

/* "ADD" ...; "" for CNI_UNKNOWN. */
const char *cni_verb_text(enum cni_verb verb);

struct cni_request {
	enum cni_verb verb;
	const char *command;   /* CNI_COMMAND as given */
	const char *container; /* CNI_CONTAINERID; "" if unset, like all: */
	const char *netns;     /* CNI_NETNS, a path */
	const char *ifname;    /* CNI_IFNAME */
	const char *args;      /* CNI_ARGS */
	const char *path;      /* CNI_PATH, to find delegates */
	struct strbuf raw;     /* the bytes of stdin, for delegates */
	struct json_object *doc;
	struct cfg conf;          /* the network configuration */
	const char *name;         /* network name, checked */
	const char *version_text; /* cniVersion, "0.1.0" if absent */
	enum cni_version version; /* set once the verb's version check passed */
};

/*
 * Read and check CNI_COMMAND and what its verb requires of the environment.
 * Errors: CNI_E_ENV with the reference's texts ("required env variables
 * [CNI_NETNS,CNI_PATH] missing").
 */
int cni_request_env(struct cni_request *req, struct err *err) MUST_CHECK;

/*
 * Read the configuration from @fd, parse it and check the network name.
 * Errors: CNI_E_IO (read), CNI_E_DECODE (not JSON, too large or deep),
 * CNI_E_CONFIG (name).
 */
int cni_request_conf(struct cni_request *req, int fd,
		     struct err *err) MUST_CHECK;

/*
 * The version rules of the verb; @oldest is the plugin's oldest version.
 * Sets req->version. Errors: CNI_E_VERSION, CNI_E_DECODE.
 */
int cni_request_version(struct cni_request *req, enum cni_version oldest,
			struct err *err) MUST_CHECK;

/*
 * Refuse a CNI_NETNS that is this process's own network namespace, unless
 * CNI_NETNS_OVERRIDE is "1" or "true": CNI_E_NETNS. A path that cannot be
 * looked at passes; the verb will say what is wrong with it.
 */
int cni_request_netns_guard(const struct cni_request *req,
			    struct err *err) MUST_CHECK;

/* Validity of names, for everything that takes one from outside. */
int cni_check_container_id(const char *id, struct err *err) MUST_CHECK;
int cni_check_ifname(const char *ifname, struct err *err) MUST_CHECK;
int cni_check_network_name(const char *name, struct err *err) MUST_CHECK;

/*
 * prevResult, if the configuration has one: *@present and @out.
 * Errors: CNI_E_CONFIG. On DEL a prevResult that cannot be read is reported
 * on stderr and counts as absent: what is optional must not stop a DEL.
 */
int cni_prev_result(const struct cni_request *req, struct cni_result *out,
		    bool *present, struct err *err) MUST_CHECK;

void cni_request_free(struct cni_request *req);
#define auto_request AUTO(cni_request_free)
