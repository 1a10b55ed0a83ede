/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The result of ADD, whatever version it is read or written in
 * (CNI SPEC 1.1.0, "ADD Success"; cni-behaviour.md 1.3 and 1.5).
 *
 * The model is that of 1.1.0. Everything in it lives in its arena, so a
 * result is freed in one go and may outlive the document it was read from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/cfg.h"
#include "common/base/ip.h"
#include "common/base/jsonw.h"
#include "common/cni/version.h"

struct cni_interface {
	const char *name, *mac, *sandbox; /* NULL: absent */
	const char *socket_path, *pci_id; /* 1.1.0 */
	int64_t mtu;                      /* 1.1.0; 0: absent */
};

struct cni_ip {
	struct cidr address;
	struct ip gateway; /* IP_NONE: absent */
	bool has_interface;
	int64_t interface; /* index into cni_result.interfaces */
};

struct cni_route {
	struct cidr dst;
	struct ip gw;                  /* IP_NONE: absent */
	int64_t mtu, advmss, priority; /* 0: absent */
	bool has_table, has_scope;     /* 0 is a value for these two */
	int64_t table, scope;
};

struct cni_strings {
	size_t count;
	const char **at;
	bool present; /* the key was there, even if empty */
};

struct cni_dns {
	struct cni_strings nameservers, search, options;
	const char *domain; /* NULL: absent */
};

struct cni_result {
	struct arena arena;
	size_t interface_count, ip_count, route_count;
	struct cni_interface *interfaces;
	struct cni_ip *ips;
	struct cni_route *routes;
	struct cni_dns dns;
	bool printed; /* by cni_plugin_print() */
};

#define auto_result AUTO(cni_result_free)
void cni_result_free(struct cni_result *result);

/*
 * Add a zeroed entry at the end. Earlier entries may move. NULL when memory
 * ran out. Strings put into an entry must live in result->arena or longer
 * than the result.
 */
struct cni_interface *cni_result_add_interface(struct cni_result *result);
struct cni_ip *cni_result_add_ip(struct cni_result *result);
struct cni_route *cni_result_add_route(struct cni_result *result);

/*
 * Read a result. @at is its JSON object (its path prefixes every error),
 * @fallback the version of one that carries no cniVersion. The version must
 * belong to the family of @fallback.
 *
 * Errors: CNI_E_CONFIG, "could not parse prevResult: result type supports
 * [...] but unmarshalled CNIVersion is "..."" for a version of another family;
 * the path and reason for everything else.
 */
int cni_result_read(const struct cfg *at, enum cni_version fallback,
		    struct cni_result *out, struct err *err) MUST_CHECK;

/*
 * Append @result in the shape of @version to @out, or only see whether that
 * is possible (@out NULL). Interface indices are written as they are.
 * Errors: CNI_E_CONFIG "cannot convert: no valid IP addresses" for
 * a 0.1/0.2 result without any address; -ENOMEM.
 */
int cni_result_write(const struct cni_result *result, enum cni_version version,
		     struct strbuf *out, struct err *err) MUST_CHECK;

/*
 * Parts that configurations share with results: `dns` (nameservers, domain,
 * search, options) and one element of `routes`. Strings are copied to @arena.
 */
int cni_dns_read(const struct cfg *at, struct arena *arena, struct cni_dns *out,
		 struct err *err) MUST_CHECK;
int cni_route_read(const struct cfg *at, struct cni_route *out,
		   struct err *err) MUST_CHECK;

/* Any of the four fields is present (an empty array counts). */
bool cni_dns_present(const struct cni_dns *dns);
