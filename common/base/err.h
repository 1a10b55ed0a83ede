/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error object: why an operation failed, in the terms CNI reports it.
 *
 * It lives in the caller's frame and never allocates, so reporting a failure
 * cannot itself fail. The first failure wins: a later err_set() on the same
 * object is only logged, which lets cleanup paths reuse it safely.
 */
#pragma once

#include <errno.h>

/*
 * CNI SPEC 1.1.0, "Error": 1 to 99 are the specification's, 100 and up are
 * ours and listed in docs/errors.md.
 */
enum cni_code {
	CNI_OK = 0,
	CNI_E_VERSION = 1,      /* incompatible CNI version */
	CNI_E_FIELD = 2,        /* unsupported field, named in the message */
	CNI_E_CONTAINER = 3,    /* container unknown: no cleanup needed */
	CNI_E_ENV = 4,          /* bad or missing CNI_* variable, named */
	CNI_E_IO = 5,           /* a system call or kernel request failed */
	CNI_E_DECODE = 6,       /* what came in is not the JSON we expect */
	CNI_E_CONFIG = 7,       /* the network configuration is invalid */
	CNI_E_NETNS = 8,        /* CNI_NETNS is the plugin's own namespace */
	CNI_E_AGAIN = 11,       /* transient: the runtime should retry */
	CNI_E_UNAVAILABLE = 50, /* STATUS: cannot service ADD */
	CNI_E_LIMITED = 51,     /* STATUS: 50, and containers may be cut off */
	CNI_E_CHECK = 100,      /* CHECK: something is missing or different */
	CNI_E_EXHAUSTED = 101,  /* no address is free in a range set */
	CNI_E_TAKEN = 102,      /* the requested address cannot be had */
	CNI_E_DUPLICATE = 103,  /* the attachment has an address already */
	CNI_E_DELEGATE = 104,   /* a delegated plugin is missing or broken */
	CNI_E_PORT_TAKEN = 105, /* a host port is published by somebody else */
};

struct err {
	enum cni_code code;
	int errnum;         /* what the callee returned, negated */
	char msg[1024];     /* one line: what was attempted, on what, why */
	char details[1024]; /* kernel's words, or what the operator can do */
};

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK        __attribute__((warn_unused_result))
/*
 * Rarely called. The compiler puts it, and whatever leads only there, away from
 * the rest, so that most processes never have it in memory.
 */
#define COLD __attribute__((cold))

/* Record a failure of kind @code. Returns -EINVAL for the caller to return. */
int err_set(struct err *err, enum cni_code code, const char *fmt, ...)
	PRINTF(3, 4) COLD;

/*
 * Record a failed system call (CNI_E_IO); adds the text of @errnum, so that
 * the message reads "what: why". Returns -@errnum, never 0.
 */
int err_sys(struct err *err, int errnum, const char *fmt, ...)
	PRINTF(3, 4) COLD;

/* The text ("No such device") and the name ("ENODEV") of an errno value. */
const char *err_text(int errnum);
const char *err_name(int errnum);

/* Record that memory ran out. Returns -ENOMEM. */
int err_nomem(struct err *err) COLD;

/* Prefix the message with what the caller was doing. Returns -errnum. */
int err_in(struct err *err, const char *fmt, ...) PRINTF(2, 3) COLD;

/* Add a line to the details: the kernel's explanation, or a way out. */
int err_hint(struct err *err, const char *fmt, ...) PRINTF(2, 3) COLD;

/* Change the kind of a recorded failure. Returns -errnum. */
int err_code(struct err *err, enum cni_code code);

/*
 * Record @why, a failure that was kept apart until now, details and all. Where
 * @err has one already, it is only logged. Returns -errno of @why, 0 for none.
 */
int err_take(struct err *err, const struct err *why);

/* Forget a failure the caller has decided to tolerate. */
void err_clear(struct err *err);

/* Both calls are made; the earlier failure is the one returned. */
static inline int first_of(int next, int sofar)
{
	return sofar ? sofar : next;
}
