/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

/*
 * Cut @text, which vsnprintf() may have ended anywhere, before a UTF-8
 * character of which only a part fitted: the text goes into JSON.
 */
static void trim_partial(char *text, size_t len)
{
	size_t tail = 0, whole;
	unsigned char lead;

	while (tail < 3 && tail < len &&
	       ((unsigned char)text[len - tail - 1] & 0xc0) == 0x80)
		tail++;
	if (tail == len)
		return;
	lead = (unsigned char)text[len - tail - 1];
	if (lead < 0xc0)
		return;
	whole = lead >= 0xf0 ? 3 : (lead >= 0xe0 ? 2 : 1);
	if (tail < whole)
		text[len - tail - 1] = '\0';
}

/* glibc's *_np functions are thread-safe constants; musl's strerror() is. */
const char *err_text(int errnum)
{
#ifdef __GLIBC__
	return strerrordesc_np(errnum) ?: "unknown error";
#else
	return strerror(errnum); /* banned.sh: musl only */
#endif
}

const char *err_name(int errnum)
{
#ifdef __GLIBC__
	return strerrorname_np(errnum) ?: "error";
#else
	return strerror(errnum); /* banned.sh: musl only */
#endif
}

PRINTF(3, 0)
static void put(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);

	if (n >= 0 && (size_t)n >= size)
		trim_partial(buf, size - 1);
}

PRINTF(4, 0)
static int record(struct err *err, enum cni_code code, int errnum,
		  const char *fmt, va_list ap)
{
	char msg[sizeof(err->msg)];

	put(msg, sizeof(msg), fmt, ap);
	if (err->code) {
		log_warn("after \"%s\": %s", err->msg, msg);
		return -errnum;
	}
	err->code = code;
	err->errnum = errnum;
	memcpy(err->msg, msg, sizeof(msg));
	return -errnum;
}

PRINTF(4, 5)
static int set(struct err *err, enum cni_code code, int errnum, const char *fmt,
	       ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = record(err, code, errnum, fmt, ap);
	va_end(ap);
	return r;
}

int err_set(struct err *err, enum cni_code code, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = record(err, code, EINVAL, fmt, ap);
	va_end(ap);
	return r;
}

int err_sys(struct err *err, int errnum, const char *fmt, ...)
{
	char what[sizeof(err->msg) - 64];
	va_list ap;

	if (errnum <= 0) /* a lost errno must not turn into success */
		errnum = EIO;
	va_start(ap, fmt);
	put(what, sizeof(what), fmt, ap);
	va_end(ap);
	return set(err, CNI_E_IO, errnum, "%s: %s", what, err_text(errnum));
}

int err_nomem(struct err *err)
{
	return set(err, CNI_E_IO, ENOMEM, "out of memory");
}

int err_in(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;
	size_t n;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	put(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	if ((size_t)snprintf(err->msg + n, sizeof(err->msg) - n, ": %s",
			     inner) >= sizeof(err->msg) - n)
		trim_partial(err->msg, strlen(err->msg));
	return -err->errnum;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	size_t n = strlen(err->details);
	va_list ap;

	if (n > 0 && n + 2 < sizeof(err->details)) {
		memcpy(err->details + n, "; ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	put(err->details + n, sizeof(err->details) - n, fmt, ap);
	va_end(ap);
	return -err->errnum;
}

int err_code(struct err *err, enum cni_code code)
{
	err->code = code;
	return -err->errnum;
}

int err_take(struct err *err, const struct err *why)
{
	if (!why->code)
		return 0;
	if (err->code)
		log_warn("after \"%s\": %s", err->msg, why->msg);
	else
		*err = *why;
	return -why->errnum;
}

void err_clear(struct err *err)
{
	*err = (struct err){ .code = CNI_OK };
}
