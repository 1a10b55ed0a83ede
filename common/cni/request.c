/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/cni/request.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "common/base/log.h"

static const char *const verb_text[] = {
	[CNI_ADD] = "ADD",       [CNI_DEL] = "DEL",
	[CNI_CHECK] = "CHECK",   [CNI_GC] = "GC",
	[CNI_STATUS] = "STATUS", [CNI_VERSION] = "VERSION",
	[CNI_REPAIR] = "REPAIR", [CNI_UNKNOWN] = "",
};

const char *cni_verb_text(enum cni_verb verb)
{
	return verb_text[verb];
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* [A-Za-z0-9][A-Za-z0-9_.-]*, the rule for container IDs and networks. */
static bool is_name(const char *text)
{
	if (!is_alnum(*text))
		return false;
	for (; *text; text++)
		if (!is_alnum(*text) && !strchr("_.-", *text))
			return false;
	return true;
}

int cni_check_container_id(const char *id, struct err *err)
{
	int r;

	if (!*id)
		return err_set(err, CNI_E_ENV, "missing containerID");
	if (is_name(id))
		return 0;
	r = err_set(err, CNI_E_ENV, "invalid characters in containerID");
	(void)err_hint(err, "%s", id);
	return r;
}

int cni_check_network_name(const char *name, struct err *err)
{
	int r;

	if (!*name)
		return err_set(err, CNI_E_CONFIG, "missing network name");
	if (is_name(name))
		return 0;
	r = err_set(err, CNI_E_CONFIG,
		    "invalid characters found in network name");
	(void)err_hint(err, "%s", name);
	return r;
}

static bool has_any(const char *text, const char *chars)
{
	while (*text && !strchr(chars, *text))
		text++;
	return *text != '\0';
}

static bool is_ascii(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return !*text;
}

/* White space as Unicode has it (its White_Space property), in UTF-8. */
static bool has_space(const char *text)
{
	static const char *const wide[] = {
		"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	};
	const char *en = text;

	if (has_any(text, "\t\n\v\f\r "))
		return true;
	if (is_ascii(text))
		return false;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (strstr(text, wide[i]))
			return true;
	while ((en = strstr(en, "\xe2\x80")) != NULL) { /* U+2000 to U+200A */
		en += 2;
		if ((unsigned char)*en >= 0x80 && (unsigned char)*en <= 0x8a)
			return true;
	}
	return false;
}

int cni_check_ifname(const char *ifname, struct err *err)
{
	int r;

	if (!*ifname)
		return err_set(err, CNI_E_ENV, "interface name is empty");
	if (strlen(ifname) > 15) {
		r = err_set(err, CNI_E_ENV, "interface name is too long");
		(void)err_hint(err, "interface name should be less than 16 "
				    "characters");
		return r;
	}
	if (strcmp(ifname, ".") == 0 || strcmp(ifname, "..") == 0)
		return err_set(err, CNI_E_ENV, "interface name is . or ..");
	if (has_any(ifname, "/:") || has_space(ifname))
		return err_set(err, CNI_E_ENV,
			       "interface name contains / or : or whitespace "
			       "characters");
	return 0;
}

static enum cni_verb verb_of(const char *command)
{
	for (int verb = CNI_ADD; verb < CNI_UNKNOWN; verb++)
		if (strcmp(command, verb_text[verb]) == 0)
			return (enum cni_verb)verb;
	return CNI_UNKNOWN;
}

#define VERB(name) (1U << CNI_##name)

/* What a verb requires of the environment, in the order it is reported. */
static const struct {
	const char *name;
	unsigned int required; /* VERB() bits */
	int (*check)(const char *value, struct err *err);
} variables[] = {
	{ "CNI_CONTAINERID", VERB(ADD) | VERB(CHECK) | VERB(DEL) | VERB(REPAIR),
	  cni_check_container_id },
	{ "CNI_NETNS", VERB(ADD) | VERB(CHECK) | VERB(REPAIR), NULL },
	{ "CNI_IFNAME", VERB(ADD) | VERB(CHECK) | VERB(DEL) | VERB(REPAIR),
	  cni_check_ifname },
	{ "CNI_ARGS", 0, NULL },
	{ "CNI_PATH",
	  VERB(ADD) | VERB(CHECK) | VERB(DEL) | VERB(GC) | VERB(STATUS) |
		  VERB(REPAIR),
	  NULL },
};

int cni_request_env(struct cni_request *req, struct err *err)
{
	const char **into[] = { &req->container, &req->netns, &req->ifname,
				&req->args, &req->path };
	char missing[80] = "";
	int r;

	req->command = getenv("CNI_COMMAND") ?: "";
	req->verb = verb_of(req->command);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *value = getenv(variables[i].name) ?: "";

		*into[i] = value;
		if (!(variables[i].required & 1U << req->verb))
			continue;
		if (!*value) {
			if (*missing)
				strncat(missing, ",", 2);
			strncat(missing, variables[i].name, 20);
			continue;
		}
		r = variables[i].check ? variables[i].check(value, err) : 0;
		if (r < 0)
			return r;
	}
	if (!*req->command)
		return err_set(err, CNI_E_ENV,
			       "required env variables [CNI_COMMAND] missing");
	if (*missing)
		return err_set(err, CNI_E_ENV,
			       "required env variables [%s] missing", missing);
	return 0;
}

/* A runtime with an event loop may hand down a non-blocking pipe. */
static int read_stdin(int fd, struct strbuf *out)
{
	int r;

	do
		r = io_read_all(fd, JSON_MAX_BYTES, out);
	while (r == -EAGAIN && io_wait(fd, POLLIN) == 0);
	return r;
}

int cni_request_conf(struct cni_request *req, int fd, struct err *err)
{
	int r = read_stdin(fd, &req->raw);

	if (r == -EFBIG)
		return err_set(err, CNI_E_DECODE,
			       "error unmarshall network config: more than %u "
			       "bytes on stdin",
			       JSON_MAX_BYTES);
	if (r < 0)
		return err_sys(err, -r, "error reading from stdin");
	r = json_parse(strbuf_str(&req->raw), req->raw.len, "network config",
		       &req->doc, err);
	if (r < 0)
		return r;
	if (req->doc && !json_object_is_type(req->doc, json_type_object))
		return err_set(err, CNI_E_DECODE,
			       "error unmarshall network config: not a JSON "
			       "object");
	req->conf = cfg_root(req->doc);
	r = cfg_string_or(&req->conf, "name", "", &req->name, err);
	r = r ?: cni_check_network_name(req->name, err);
	r = r
		    ?: cfg_string_or(&req->conf, "cniVersion", "",
				     &req->version_text, err);
	if (r == 0 && !*req->version_text)
		req->version_text = cni_version_text(CNI_V0_1_0);
	return r;
}

static int incompatible(const struct cni_request *req, enum cni_version oldest,
			struct err *err)
{
	auto_strbuf struct strbuf list = { .len = 0 };
	int r;

	for (int v = (int)oldest; v < CNI_VERSIONS; v++)
		strbuf_printf(&list, "%s\"%s\"", list.len ? " " : "",
			      cni_version_text((enum cni_version)v));
	r = err_set(err, CNI_E_VERSION, "incompatible CNI versions");
	(void)err_hint(err, "config is \"%s\", plugin supports [%s]",
		       req->version_text, strbuf_str(&list));
	return r;
}

/* CHECK came with 0.4.0, GC and STATUS with 1.1.0. */
static int check_verb_allowed(const struct cni_request *req, struct err *err)
{
	enum cni_version since =
		req->verb == CNI_CHECK ? CNI_V0_4_0 : CNI_V1_1_0;
	bool ok;
	int r;

	r = cni_version_at_least(req->version_text, since, &ok, err);
	if (r < 0)
		return r;
	if (!ok)
		return err_set(err, CNI_E_VERSION,
			       "config version does not allow %s",
			       req->command);
	r = cni_version_newer(req->version_text, CNI_V_NEWEST, &ok, err);
	if (r == 0 && ok)
		return err_set(err, CNI_E_VERSION,
			       "plugin version does not allow %s",
			       req->command);
	return r;
}

int cni_request_version(struct cni_request *req, enum cni_version oldest,
			struct err *err)
{
	int r = 0;

	if (req->verb != CNI_ADD && req->verb != CNI_DEL &&
	    req->verb != CNI_REPAIR)
		r = check_verb_allowed(req, err);
	if (r < 0)
		return r;
	if (!cni_version_known(req->version_text, &req->version) ||
	    req->version < oldest)
		return incompatible(req, oldest, err);
	return 0;
}

int cni_request_netns_guard(const struct cni_request *req, struct err *err)
{
	const char *override = getenv("CNI_NETNS_OVERRIDE");
	struct stat ours, theirs;
	int r;

	if (req->verb != CNI_ADD && req->verb != CNI_DEL)
		return 0;
	if (override &&
	    (strcmp(override, "1") == 0 || strcasecmp(override, "true") == 0))
		return 0;
	if (!*req->netns || stat(req->netns, &theirs) < 0 ||
	    stat("/proc/self/ns/net", &ours) < 0)
		return 0;
	if (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino)
		return 0;
	r = err_set(err, CNI_E_NETNS,
		    "plugin's netns and netns from CNI_NETNS should not be "
		    "the same");
	(void)err_hint(err,
		       "CNI_NETNS is \"%s\"; CNI_NETNS_OVERRIDE=1 allows "
		       "it",
		       req->netns);
	return r;
}

int cni_prev_result(const struct cni_request *req, struct cni_result *out,
		    bool *present, struct err *err)
{
	struct cfg prev;
	int r;

	*present = cfg_has(&req->conf, "prevResult");
	if (!*present)
		return 0;
	r = cfg_child(&req->conf, "prevResult", json_type_object, &prev, err);
	r = r ?: cni_result_read(&prev, req->version, out, err);
	if (r < 0 && req->verb == CNI_DEL) {
		log_warn("DEL goes on without prevResult: %s", err->msg);
		err_clear(err);
		cni_result_free(out);
		*present = false;
		return 0;
	}
	return r;
}

void cni_request_free(struct cni_request *req)
{
	json_object_put(req->doc);
	req->doc = NULL;
	strbuf_free(&req->raw);
}
