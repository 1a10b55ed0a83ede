/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --pid, --ipc, --uts, --cgroupns, --userns: whose namespaces it is in. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime-glue/tool/bundle_parts.h"

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

bool bundle_shares_uts(const struct bundle *b)
{
	return is(b->options->uts, "host");
}

bool bundle_shares_net(const struct bundle *b)
{
	const struct spec_strings *list = &b->options->net.networks;

	if (b->box)
		return is(bundle_text(b->box->record, "mode"), "host");
	return list->count > 0 && is(list->at[list->count - 1], "host");
}

int bundle_hostname(struct bundle *b, const char **out, struct err *err)
{
	const bool host = bundle_shares_uts(b) || bundle_shares_net(b);
	char name[256] = "";

	*out = b->options->net.hostname;
	if (*out && **out)
		return 0;
	if (host && gethostname(name, sizeof(name) - 1) < 0)
		return err_sys(err, errno, "gethostname");
	*out = host ? bundle_copy(b, name, strlen(name))
		    : bundle_copy(b, b->box->id, BUNDLE_SHORT_ID);
	return *out ? 0 : err_nomem(err);
}

static int add(struct bundle *b, const char *type, const char *path,
	       struct err *err)
{
	struct json_object *list, *item;
	int r = bundle_array(b->linux_, "namespaces", &list, err);

	if (r < 0)
		return r;
	item = json_object_new_object();
	r = bundle_push(list, item, err);
	r = r ?: bundle_put_text(item, "type", type, err);
	if (r == 0 && path)
		r = bundle_put_text(item, "path", path, err);
	return r;
}

/* The process of container @reference, which must run. */
static int find_process(struct bundle *b, const char *option,
			const char *reference, struct box *other, pid_t *pid,
			struct err *err)
{
	int r = box_open(b->tool, reference, false, other, err);

	r = r ?: box_pid(b->tool, other, pid, err);
	if (r < 0)
		return err_in(err, "%s container:%s", option, reference);
	if (*pid > 0)
		return 0;
	(void)err_set(err, CNI_E_FIELD,
		      "%s: container \"%s\" does not run, and so has no "
		      "namespace to share",
		      option, reference);
	return err_hint(err, "start it first: runtime-glue start -a %s",
			reference);
}

/* Of "container:X", or NULL. */
static const char *container_of(const char *text)
{
	const char *colon = text ? strchr(text, ':') : NULL;

	return colon && colon[1] && bundle_starts(text, "container:")
		       ? colon + 1
		       : NULL;
}

static int refuse(const char *option, const char *text, const char *words,
		  struct err *err)
{
	return err_set(err, CNI_E_FIELD, "%s: \"%s\" is not %s", option, text,
		       words);
}

static int join(struct bundle *b, const char *type, pid_t pid, struct err *err)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, type);
	return add(b, type, path, err);
}

static int put_pid(struct bundle *b, struct err *err)
{
	const char *text = b->options->pid;
	const char *other = container_of(text);
	auto_box struct box box = BOX_NONE;
	pid_t pid = 0;
	int r;

	if (text && *text && !other && strcmp(text, "host") != 0)
		return refuse("--pid", text, "host or container:NAME", err);
	if (!b->box || is(text, "host"))
		return 0;
	if (!other)
		return add(b, "pid", NULL, err);
	r = find_process(b, "--pid", other, &box, &pid, err);
	return r ?: join(b, "pid", pid, err);
}

/*
 * And the other's /dev/shm, which is the host's, or mounted where its record
 * says: the kernel binds nothing that is in another's mount namespace.
 */
static int join_shm(struct bundle *b, const struct box *other, bool host,
		    struct err *err)
{
	const char *path = bundle_text(other->record, "shm");
	struct json_object *shm = NULL;
	int r;

	if (host)
		path = "/dev/shm";
	if (!path)
		return 0;
	r = bundle_json("{\"destination\":\"/dev/shm\",\"type\":\"bind\","
			"\"options\":[\"bind\",\"nosuid\",\"noexec\","
			"\"nodev\"]}",
			&shm, err);
	r = r ?: bundle_put_text(shm, "source", path, err);
	r = r ?: bundle_put_text(b->box->record, "shm", path, err);
	if (r < 0) {
		json_object_put(shm);
		return r;
	}
	return bundle_push(b->mounts, shm, err);
}

/* Another's that is its own alone is not shared: "shareable" is asked for. */
static int join_ipc(struct bundle *b, const char *other, struct err *err)
{
	auto_box struct box box = BOX_NONE;
	const char *mode;
	pid_t pid = 0;
	int r = find_process(b, "--ipc", other, &box, &pid, err);

	if (r < 0)
		return r;
	mode = bundle_text(box.record, "ipc") ?: "private";
	if (is(mode, "private")) {
		(void)err_set(err, CNI_E_FIELD,
			      "--ipc: container \"%s\" keeps its IPC to itself",
			      other);
		return err_hint(err, "run that one with --ipc shareable");
	}
	r = join(b, "ipc", pid, err);
	return r ?: join_shm(b, &box, is(mode, "host"), err);
}

static int put_ipc(struct bundle *b, struct err *err)
{
	const char *text = b->options->ipc ?: "private";
	const char *other = container_of(text);
	int r;

	if (!*text)
		text = "private";
	if (!other && !is(text, "private") && !is(text, "shareable") &&
	    !is(text, "host"))
		return refuse("--ipc", text,
			      "private, shareable, host or container:NAME",
			      err);
	if (!b->box)
		return 0;
	r = bundle_put_text(b->box->record, "ipc", other ? "shareable" : text,
			    err);
	if (r == 0 && other)
		return join_ipc(b, other, err);
	if (r == 0 && !is(text, "host"))
		r = add(b, "ipc", NULL, err);
	return r;
}

static int put_uts(struct bundle *b, struct err *err)
{
	const struct net_options *net = &b->options->net;
	const char *text = b->options->uts;
	const char *hostname = NULL;
	int r;

	if (text && *text && !is(text, "host"))
		return refuse("--uts", text, "host", err);
	if (is(text, "host") && (net->hostname || net->domainname))
		return err_set(err, CNI_E_FIELD,
			       "--%s: the host's name stays as it is with "
			       "--uts host",
			       net->hostname ? "hostname" : "domainname");
	if (!b->box || is(text, "host"))
		return 0;
	r = add(b, "uts", NULL, err);
	r = r ?: bundle_hostname(b, &hostname, err);
	r = r ?: bundle_put_text(b->spec, "hostname", hostname, err);
	if (r == 0 && net->domainname)
		r = bundle_put_text(b->spec, "domainname", net->domainname,
				    err);
	return r;
}

static int put_net(struct bundle *b, struct err *err)
{
	if (!b->box || bundle_shares_net(b))
		return 0;
	return add(b, "network", bundle_text(b->box->record, "netns"), err);
}

/* With v1 a namespace of its own would hide nothing of use. */
static int put_cgroup(struct bundle *b, struct err *err)
{
	const char *text = b->options->cgroupns;
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;

	if (!text || !*text)
		text = v2 && !b->options->privileged ? "private" : "host";
	if (!is(text, "host") && !is(text, "private"))
		return refuse("--cgroupns", text, "host or private", err);
	return is(text, "private") ? add(b, "cgroup", NULL, err) : 0;
}

/*
 * In a user namespace the files of an image would be nobody's: they belong to
 * the host's ids in layers that all containers share.
 */
static int put_user(struct bundle *b, struct err *err)
{
	const char *text = b->options->userns;

	if (!text || !*text || is(text, "host"))
		return 0;
	(void)err_set(err, CNI_E_FIELD, "--userns: \"%s\" is not host", text);
	return err_hint(err,
			"containers of images are not in user namespaces: "
			"layers belong to the host's ids; a bundle of your "
			"own can be, with runtime-glue oci run");
}

int bundle_namespaces(struct bundle *b, struct err *err)
{
	int r = put_user(b, err);

	r = r ?: put_pid(b, err);
	r = r ?: put_ipc(b, err);
	r = r ?: put_uts(b, err);
	r = r ?: put_cgroup(b, err);
	r = r ?: put_net(b, err);
	return r ?: add(b, "mount", NULL, err);
}
