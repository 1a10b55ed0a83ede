/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A config.json to begin with, what runc's `spec` gives. */
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/json.h"
#include "runtime-glue/oci/cli.h"

struct options {
	const char *bundle;
	bool rootless;
};

static const struct cli_option spec_options[] = {
	{ "bundle", 'b', CLI_TEXT, offsetof(struct options, bundle), "DIR",
	  "where to write config.json (default: here)" },
	{ "rootless", 0, CLI_FLAG, offsetof(struct options, rootless), NULL,
	  "for an ordinary user: a user namespace, no network of its own" },
	{ .name = NULL },
};

#define CAPS "[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"
#define SAFE "\"nosuid\",\"noexec\",\"nodev\""

#define MOUNT(dest, type, source, options)               \
	"{\"destination\":\"" dest "\",\"type\":\"" type \
	"\",\"source\":\"" source "\",\"options\":[" options "]}"

static const char common_part[] =
	"{\"ociVersion\":\"" OCI_VERSION "\",\"process\":{\"terminal\":true,"
	"\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
	"/sbin:/bin\",\"TERM=xterm\"],\"cwd\":\"/\","
	"\"capabilities\":{\"bounding\":" CAPS ",\"effective\":" CAPS
	",\"permitted\":" CAPS "},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,"
	"\"soft\":1024}],\"noNewPrivileges\":true},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
	"\"hostname\":\"container\",\"mounts\":["
	"{\"destination\":\"/"
	"proc\",\"type\":\"proc\",\"source\":\"proc\"}," MOUNT("/dev", "tmpfs", "tmpfs", "\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"") "," MOUNT(
		"/dev/shm", "tmpfs", "shm",
		SAFE
		",\"mode=1777\",\"size=65536k\"") "," MOUNT("/dev/mqueue",
							    "mqueue", "mqueue",
							    SAFE) "],"
								  "\"linux\":{"
								  "\"maskedPath"
								  "s\":[\"/"
								  "proc/"
								  "acpi\",\"/"
								  "proc/"
								  "asound\","
								  "\"/proc/"
								  "interrupts\""
								  ",\"/proc/"
								  "kcore\",\"/"
								  "proc/keys\","
								  "\"/proc/"
								  "latency_"
								  "stats\",\"/"
								  "proc/"
								  "timer_"
								  "list\",\"/"
								  "proc/"
								  "timer_"
								  "stats\","
								  "\"/proc/"
								  "sched_"
								  "debug\",\"/"
								  "proc/"
								  "scsi\",\"/"
								  "sys/"
								  "firmware\","
								  "\"/sys/"
								  "devices/"
								  "virtual/"
								  "powercap\"],"
								  "\"readonlyPa"
								  "ths\":[\"/"
								  "proc/"
								  "bus\",\"/"
								  "proc/"
								  "fs\",\"/"
								  "proc/irq\","
								  "\"/proc/"
								  "sys\",\"/"
								  "proc/"
								  "sysrq-"
								  "trigger\"]}"
								  "}";

/* Group 5, tty, is not an ordinary user's to give. */
#define PTS                                                        \
	"\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\"," \
	"\"mode=0620\""

static const char *const root_mounts[] = {
	MOUNT("/dev/pts", "devpts", "devpts", PTS ",\"gid=5\""),
	MOUNT("/sys", "sysfs", "sysfs", SAFE ",\"ro\""),
	MOUNT("/sys/fs/cgroup", "cgroup", "cgroup",
	      SAFE ",\"relatime\",\"ro\""),
	NULL,
};

/* sysfs can only be mounted by who owns the network namespace. */
static const char *const user_mounts[] = {
	MOUNT("/dev/pts", "devpts", "devpts", PTS),
	MOUNT("/sys", "none", "/sys", "\"rbind\"," SAFE ",\"ro\""),
	MOUNT("/sys/fs/cgroup", "cgroup", "cgroup",
	      SAFE ",\"relatime\",\"ro\""),
	NULL,
};

static int parse(const char *text, struct json_object **out, struct err *err)
{
	return json_parse(text, strlen(text), "the default config.json", out,
			  err);
}

static int set(struct json_object *at, const char *key, const char *text,
	       struct err *err)
{
	struct json_object *value = NULL;
	int r = parse(text, &value, err);

	if (r == 0 && json_object_object_add(at, key, value) < 0) {
		json_object_put(value);
		r = err_nomem(err);
	}
	return r;
}

static struct json_object *member(struct json_object *at, const char *key)
{
	return json_object_object_get(at, key);
}

static int add_mounts(struct json_object *doc, const char *const *texts,
		      struct err *err)
{
	struct json_object *value = NULL;
	int r = 0;

	for (; r == 0 && *texts; texts++) {
		r = parse(*texts, &value, err);
		if (r == 0 &&
		    json_object_array_add(member(doc, "mounts"), value) < 0) {
			json_object_put(value);
			r = err_nomem(err);
		}
	}
	return r;
}

/* With v1 a new cgroup namespace would hide nothing of use. */
static bool only_v2(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 &&
	       fs.f_type == CGROUP2_SUPER_MAGIC;
}

static int set_namespaces(struct json_object *section, bool rootless,
			  struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_puts(&text, "[{\"type\":\"pid\"},{\"type\":\"ipc\"},"
			   "{\"type\":\"uts\"},{\"type\":\"mount\"}");
	strbuf_printf(&text, ",{\"type\":\"%s\"}",
		      rootless ? "user" : "network");
	if (only_v2())
		strbuf_puts(&text, ",{\"type\":\"cgroup\"}");
	strbuf_putc(&text, ']');
	return text.failed ? err_nomem(err)
			   : set(section, "namespaces", text.data, err);
}

static int set_mapping(struct json_object *section, const char *key,
		       unsigned int id, struct err *err)
{
	auto_strbuf struct strbuf text = { .len = 0 };

	strbuf_printf(&text, "[{\"containerID\":0,\"hostID\":%u,\"size\":1}]",
		      id);
	return text.failed ? err_nomem(err) : set(section, key, text.data, err);
}

static int build(bool rootless, struct json_object **out, struct err *err)
{
	struct json_object *section;
	int r = parse(common_part, out, err);

	if (r < 0)
		return r;
	section = member(*out, "linux");
	r = add_mounts(*out, rootless ? user_mounts : root_mounts, err);
	r = r ?: set_namespaces(section, rootless, err);
	if (!rootless)
		return r
			       ?: set(section, "resources",
				      "{\"devices\":[{\"allow\":false,"
				      "\"access\":\"rwm\"}]}",
				      err);
	r = r ?: set_mapping(section, "uidMappings", geteuid(), err);
	return r ?: set_mapping(section, "gidMappings", getegid(), err);
}

static int write_new(const char *dir, const char *text, struct err *err)
{
	auto_strbuf struct strbuf path = { .len = 0 };
	auto_fd int fd = -1;
	int r;

	strbuf_printf(&path, "%s/config.json", dir);
	if (path.failed)
		return err_nomem(err);
	fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return err_set(err, CNI_E_IO, "file %s exists: remove it first",
			       path.data);
	if (fd < 0)
		return err_sys(err, errno, "create %s", path.data);
	r = io_write_all(fd, text, strlen(text));
	r = r ?: io_write_all(fd, "\n", 1);
	if (r < 0)
		(void)unlink(path.data);
	return r < 0 ? err_sys(err, -r, "write %s", path.data) : 0;
}

static int run(const struct runtime *runtime, const void *opaque, int argc,
	       char **argv, struct err *err)
{
	const struct options *options = opaque;
	auto_json struct json_object *doc = NULL;
	const char *text;
	int r = build(options->rootless, &doc, err);

	(void)runtime;
	(void)argc;
	(void)argv;
	if (r < 0)
		return r;
	text = json_object_to_json_string_ext(
		doc, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB |
			     JSON_C_TO_STRING_SPACED |
			     JSON_C_TO_STRING_NOSLASHESCAPE);
	return text ? write_new(options->bundle ?: ".", text, err)
		    : err_nomem(err);
}

const struct cli_verb verb_spec = {
	.name = "spec",
	.arguments = "",
	.help = "write a config.json to begin with",
	.options = spec_options,
	.anywhere = true,
	.run = run,
};
