/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/oci: the groups of a container by hand.
 *
 *	cgroupctl PATH|- ID COMMAND [ARGUMENT ...]
 *
 *	make [RESOURCES]    make them, set the limits and the default devices
 *	update RESOURCES    linux.resources, as JSON; devices with the defaults
 *	run COMMAND ...     born in the v2 group, joined to the others; waits
 *	join PID | join-sub WHERE PID
 *	freeze | thaw | frozen
 *	kill SIGNAL | pids | stats | oom | json | remove
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "runtime-glue/cgroup/cgroup.h"

#define FREEZE_MS 2000U

static int usage(void)
{
	(void)fputs("usage: cgroupctl PATH|- ID COMMAND [ARGUMENT ...]\n",
		    stderr);
	return 2;
}

static int make(struct cgroup *cgroup, const char *json, bool again,
		struct err *err)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	const struct spec_resources *resources = &doc.spec.linux_.resources;
	int r = 0;

	if (json)
		r = spec_parse_resources(json, strlen(json), &doc, err);
	if (again)
		return r
			       ?: cgroup_limit(cgroup, resources,
					       resources->devices_set, err);
	r = r ?: cgroup_make(cgroup, resources, false, geteuid() != 0, err);
	if (r < 0)
		return r;
	r = cgroup_limit(cgroup, resources, true, err);
	if (r < 0)
		(void)!cgroup_remove(cgroup, &(struct err){ .code = CNI_OK });
	return r;
}

static int run(const struct cgroup *cgroup, char **argv, struct err *err)
{
	int into = cgroup_clone_fd(cgroup);
	struct clone_args args = { .exit_signal = SIGCHLD };
	int go[2], status = 0, r;
	char byte = 0;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	if (into >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)into;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		if (read(go[0], &byte, 1) == 1)
			(void)execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		return err_sys(err, errno, "clone3 into cgroup");
	r = cgroup_join(cgroup, pid, into >= 0, err);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	else
		(void)!write(go[1], &byte, 1);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int list(const struct cgroup *cgroup, struct err *err)
{
	auto_free pid_t *pids = NULL;
	size_t count;
	int r = cgroup_pids(cgroup, &pids, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		(void)printf("%d\n", (int)pids[i]);
	return r;
}

static int stats(const struct cgroup *cgroup, struct err *err)
{
	auto_json struct json_object *out = NULL;
	int r = cgroup_stats(cgroup, &out, err);

	if (r == 0)
		(void)puts(json_object_to_json_string_ext(
			out, JSON_C_TO_STRING_PLAIN));
	return r;
}

/* Commands on groups that are there, with what comes behind their names. */
static int change(struct cgroup *cgroup, char **argv, struct err *err)
{
	const char *name = argv[0];

	if (!argv[1])
		return usage();
	if (strcmp(name, "update") == 0)
		return make(cgroup, argv[1], true, err);
	if (strcmp(name, "run") == 0)
		return run(cgroup, argv + 1, err);
	if (strcmp(name, "kill") == 0)
		return cgroup_kill(cgroup, (int)strtol(argv[1], NULL, 10), err);
	if (strcmp(name, "join") == 0)
		return cgroup_join(cgroup, (pid_t)strtol(argv[1], NULL, 10),
				   false, err);
	if (strcmp(name, "join-sub") == 0 && argv[2])
		return cgroup_join_sub(cgroup, argv[1],
				       (pid_t)strtol(argv[2], NULL, 10), err);
	return usage();
}

/* Those without, opened as from a container's state. */
static int command(struct cgroup *cgroup, char **argv, struct err *err)
{
	const char *name = argv[0];

	if (strcmp(name, "freeze") == 0 || strcmp(name, "thaw") == 0)
		return cgroup_freeze(cgroup, *name == 'f', FREEZE_MS, err);
	if (strcmp(name, "frozen") == 0)
		return cgroup_is_frozen(cgroup) ? 0 : 1;
	if (strcmp(name, "pids") == 0)
		return list(cgroup, err);
	if (strcmp(name, "stats") == 0)
		return stats(cgroup, err);
	if (strcmp(name, "oom") == 0)
		return printf("%d\n", cgroup_oom_kills(cgroup)) < 0;
	if (strcmp(name, "remove") == 0)
		return cgroup_remove(cgroup, err);
	return change(cgroup, argv, err);
}

static int drive(char **argv, struct err *err)
{
	auto_cgroup struct cgroup found = { 0 }, opened = { 0 };
	auto_json struct json_object *json = NULL;
	const char *path = strcmp(argv[0], "-") == 0 ? NULL : argv[0];
	int r = cgroup_find(path, argv[1], &found, err);

	if (r < 0)
		return r;
	if (strcmp(argv[2], "make") == 0)
		return make(&found, argv[3], false, err);
	json = cgroup_to_json(&found);
	if (strcmp(argv[2], "json") == 0)
		return puts(json_object_to_json_string_ext(
			       json, JSON_C_TO_STRING_PLAIN)) < 0;
	r = cgroup_from_json(json, &opened, err);
	return r ?: command(&opened, argv + 2, err);
}

int main(int argc, char **argv)
{
	struct err err = { .code = CNI_OK };
	int r;

	if (argc < 4)
		return usage();
	r = drive(argv + 1, &err);
	if (err.code == CNI_OK)
		return r;
	(void)fprintf(stderr, "cgroupctl: %s%s%s\n", err.msg,
		      *err.details ? "\n" : "", err.details);
	return 1;
}
