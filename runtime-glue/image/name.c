/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of images, by docker's rules: [DOMAIN/]PATH[:TAG]. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/store_parts.h"

#define NAME_MAX_BYTES 255 /* as docker's, and a file's name's */
#define TAG_MAX        128

static const char docker[] = "docker.io/";
static const char library[] = "docker.io/library/";

static bool good_char(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c);
}

/* Words of [a-z0-9] with ".", "_", "__" or dashes between, '/' between them. */
static bool good_path(const char *path, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		for (n = 0; i < len && good_char(path[i]); n++)
			i++;
		if (n == 0)
			return false;
		if (i == len)
			return true;
		if (path[i] == '-')
			for (; i < len && path[i] == '-'; i++)
				;
		else if (path[i] == '_')
			i += i + 1 < len && path[i + 1] == '_' ? 2 : 1;
		else if (path[i] == '.' || path[i] == '/')
			i++;
		else
			return false;
	}
	return false;
}

static bool good_tag(const char *tag)
{
	size_t len = strlen(tag);

	if (len == 0 || len > TAG_MAX || *tag == '.' || *tag == '-')
		return false;
	for (; *tag; tag++)
		if (!isalnum((unsigned char)*tag) && !strchr("_.-", *tag))
			return false;
	return true;
}

static bool good_domain(const char *domain, size_t len)
{
	const char *port = memrchr(domain, ':', len);
	const char *bracket = memrchr(domain, ']', len);

	if (len == 0 || *domain == '.' || *domain == '-')
		return false;
	if (port && (!bracket || port > bracket)) {
		size_t digits = len - (size_t)(port + 1 - domain);

		if (digits == 0 || strspn(port + 1, "0123456789") < digits)
			return false;
	}
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)domain[i]) &&
		    !memchr(".-:[]", domain[i], 5))
			return false;
	return true;
}

/* The length of the domain that @name begins with; 0: it has none. */
static size_t domain_len(const char *name)
{
	size_t len = strcspn(name, "/");

	if (!name[len])
		return 0;
	if (memchr(name, '.', len) || memchr(name, ':', len) ||
	    (len == 9 && strncmp(name, "localhost", 9) == 0))
		return len;
	return 0;
}

int image_name_normal(const char *name, char **out, struct err *err)
{
	size_t domain = domain_len(name);
	const char *path = name + domain + (domain > 0);
	const char *slash = strrchr(path, '/');
	const char *colon = strchr(slash ? slash : path, ':');
	size_t len = colon ? (size_t)(colon - path) : strlen(path);
	bool plain = domain == 0 && !slash;
	int n;

	if (strlen(name) > NAME_MAX_BYTES || !good_path(path, len) ||
	    (colon && !good_tag(colon + 1)) ||
	    (domain > 0 && !good_domain(name, domain))) {
		(void)err_set(err, CNI_E_FIELD, "\"%.80s\" is no image name",
			      name);
		return err_hint(err, "write [HOST/]NAME[:TAG], the name in "
				     "lower case, as in web:1.0");
	}
	if (domain == 15 && strncmp(name, "index.docker.io", 15) == 0)
		domain = 0;
	n = asprintf(out, "%.*s%s%s%.*s:%s", (int)domain, name,
		     domain ? "/" : docker, plain ? "library/" : "", (int)len,
		     path, colon ? colon + 1 : "latest");
	if (n < 0) {
		*out = NULL;
		return err_nomem(err);
	}
	return 0;
}

const char *image_name_short(const char *name)
{
	size_t len = sizeof(library) - 1;

	if (strncmp(name, library, len) == 0 && !strchr(name + len, '/'))
		return name + len;
	len = sizeof(docker) - 1;
	if (strncmp(name, docker, len) == 0)
		return name + len;
	return name;
}

int image_name_to_file(const char *name, char **out, struct err *err)
{
	auto_strbuf struct strbuf file = { .data = NULL };

	for (; *name; name++)
		if (*name == '/' || *name == '%')
			strbuf_puts(&file, *name == '/' ? "%2f" : "%25");
		else
			strbuf_putc(&file, *name);
	if (file.failed)
		return err_nomem(err);
	if (file.len > NAME_MAX_BYTES)
		return err_set(err, CNI_E_FIELD,
			       "image name \"%.80s...\" is too long", name);
	*out = take_ptr(file.data);
	return 0;
}

char *image_name_of_file(const char *file)
{
	char *name = strdup(file), *to = name;

	if (!name)
		return NULL;
	for (const char *at = name; *at; at++)
		if (strncmp(at, "%2f", 3) == 0 || strncmp(at, "%25", 3) == 0) {
			*to++ = at[2] == 'f' ? '/' : '%';
			at += 2;
		} else {
			*to++ = *at;
		}
	*to = '\0';
	return name;
}
