/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: box_open box_pid box_close bundle_mounts bundle_seccomp */
/* From options and images to config.json: what becomes of each option. */
#include "tests/unit/bundle.h"

/* clang-format off */
static const struct {
	const char *image;
	const char *words[MAX_WORDS];
	const char *path, *want;
} cases[] = {
	/* what is run */
	{ WEB, { NULL },
	  "process.args",
	  "[\"/enter\",\"-e\",\"serve\",\"-v\"]" },
	{ WEB, { "a", "-b" },
	  "process.args",
	  "[\"/enter\",\"-e\",\"a\",\"-b\"]" },
	{ WEB, { "--entrypoint", "x" }, "process.args", "[\"x\"]" },
	{ WEB, { "--entrypoint", "x", "y" }, "process.args", "[\"x\",\"y\"]" },
	{ WEB, { "--entrypoint", "", "y" }, "process.args", "[\"y\"]" },
	{ BARE, { NULL }, "process.args", "[\"sh\"]" },
	{ BARE, { "id", "-u" }, "process.args", "[\"id\",\"-u\"]" },
	{ BARE, { "--init" }, "process.args", "[\"/dev/init\",\"--\",\"sh\"]" },
	{ BARE, { "-w", "/x/../y" }, "process.cwd", "\"/x/../y\"" },
	{ BARE, { NULL }, "process.cwd", "\"/\"" },
	{ WEB, { NULL }, "process.cwd", "\"/srv/made\"" },
	{ BARE, { "-it" }, "process.terminal", "true" },
	{ BARE, { "-i" }, "process.terminal", "-" },

	/* whose it is */
	{ WEB, { NULL },
	  "process.user",
	  "{\"uid\":33,\"gid\":34,\"additionalGids\":[34,50]}" },
	{ WEB, { "-u", "0" },
	  "process.user",
	  "{\"uid\":0,\"gid\":0,\"additionalGids\":[0]}" },
	{ WEB, { "-u", "5:6" },
	  "process.user",
	  "{\"uid\":5,\"gid\":6,\"additionalGids\":[6]}" },
	{ WEB, { "-u", "web:extra", "--group-add", "7" },
	  "process.user",
	  "{\"uid\":33,\"gid\":50,\"additionalGids\":[50,7]}" },
	{ WEB, { NULL }, "process.capabilities.effective", "-" },
	{ WEB, { "-uroot" }, "process.capabilities.inheritable", "-" },

	/* environment */
	{ WEB, { NULL },
	  "process.env",
	  "[\"PATH=/opt/"
	  "bin\",\"HOSTNAME=0123456789ab\",\"A=image\",\"B=image\",\"HOME=/var/"
	  "www\"]" },
	{ BARE, { "-t", "-h", "box", "-e", "HOME=/h", "-eX=a=b" },
	  "process.env",
	  "[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/"
	  "bin\",\"HOSTNAME=box\",\"TERM=xterm\",\"HOME=/h\",\"X=a=b\"]" },
	{ WEB, { "-e", "A=", "-e", "BUNDLE_SET", "-e", "BUNDLE_UNSET", "-e", "B" },
	  "process.env",
	  "[\"PATH=/opt/"
	  "bin\",\"HOSTNAME=0123456789ab\",\"A=\",\"BUNDLE_SET=here\",\"HOME=/"
	  "var/www\"]" },

	/* rights */
	{ BARE, { "--cap-drop", "ALL", "--cap-add", "chown" },
	  "process.capabilities",
	  "{\"bounding\":[\"CAP_CHOWN\"],\"effective\":[\"CAP_CHOWN\"],"
	  "\"permitted\":[\"CAP_CHOWN\"]}" },
	{ BARE, { NULL },
	  "process.capabilities.effective",
	  "[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FOWNER\",\"CAP_FSETID\","
	  "\"CAP_KILL\",\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETPCAP\",\"CAP_"
	  "NET_BIND_SERVICE\",\"CAP_NET_RAW\",\"CAP_SYS_CHROOT\",\"CAP_MKNOD\","
	  "\"CAP_AUDIT_WRITE\",\"CAP_SETFCAP\"]" },
	{ BARE, { "--cap-drop", "CAP_KILL", "--cap-drop", "setfcap" },
	  "process.capabilities.bounding.12",
	  "-" },
	{ BARE, { "--cap-add=CAP_SYS_TIME" },
	  "process.capabilities.bounding.11",
	  "\"CAP_SYS_TIME\"" },
	{ BARE, { "--security-opt", "no-new-privileges" },
	  "process.noNewPrivileges",
	  "true" },
	{ BARE, { "--security-opt", "no-new-privileges:false" },
	  "process.noNewPrivileges",
	  "-" },
	{ BARE, { "--security-opt", "apparmor=mine" },
	  "process.apparmorProfile",
	  "\"mine\"" },
	{ BARE, { "--security-opt", "apparmor=unconfined" },
	  "process.apparmorProfile",
	  "-" },
	{ BARE, { "--security-opt", "seccomp=unconfined" },
	  "linux.seccomp",
	  "-" },
	{ BARE, { NULL }, "linux.seccomp.defaultAction", "\"SCMP_ACT_ALLOW\"" },
	{ BARE, { "--privileged" }, "linux.seccomp", "-" },
	{ BARE, { "--privileged" }, "linux.maskedPaths", "-" },
	{ BARE, { "--privileged" },
	  "linux.resources.devices",
	  "[{\"allow\":true,\"access\":\"rwm\"}]" },
	{ BARE, { NULL }, "linux.readonlyPaths.0", "\"/proc/bus\"" },
	{ BARE, { NULL },
	  "linux.resources.devices",
	  "[{\"allow\":false,\"access\":\"rwm\"}]" },
	{ BARE, { "--device", "/dev/null:/dev/x:rw" },
	  "linux.resources.devices.1",
	  "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":"
	  "\"rw\"}" },
	{ BARE, { "--device", "/dev/null:r" },
	  "linux.devices.0.path",
	  "\"/dev/null\"" },
	{ BARE, { "--device", "/dev/zero:/dev/x" },
	  "linux.devices.0",
	  "{\"path\":\"/dev/"
	  "x\",\"type\":\"c\",\"major\":1,\"minor\":5,\"fileMode\":438,\"uid\":"
	  "0,\"gid\":0}" },
	{ BARE, { "--sysctl", "net.core.somaxconn=9" },
	  "linux.sysctl",
	  "{\"net.core.somaxconn\":\"9\"}" },
	{ BARE, { "--ulimit", "nofile=10:20", "--ulimit", "core=-1", "--ulimit", "nofile=30" },
	  "process.rlimits",
	  "[{\"type\":\"RLIMIT_CORE\",\"soft\":18446744073709551615,\"hard\":"
	  "18446744073709551615},{\"type\":\"RLIMIT_NOFILE\",\"soft\":30,"
	  "\"hard\":30}]" },

	/* resources */
	{ BARE, { NULL }, "linux.resources.cpu", "-" },
	{ BARE, { "--cpus", "0.5" },
	  "linux.resources.cpu",
	  "{\"period\":100000,\"quota\":50000}" },
	{ BARE, { "--cpus=1" }, "linux.resources.cpu.quota", "100000" },
	{ BARE, { "--cpus", "0" }, "linux.resources.cpu", "-" },
	{ BARE, { "-c", "512", "--cpuset-cpus", "0-1,3", "--cpuset-mems=0" },
	  "linux.resources.cpu",
	  "{\"shares\":512,\"cpus\":\"0-1,3\",\"mems\":\"0\"}" },
	{ BARE, { "--cpu-period", "50000", "--cpu-quota", "-1" },
	  "linux.resources.cpu",
	  "{\"period\":50000,\"quota\":-1}" },
	{ BARE, { "-m64m", "--memory-swap=-1" },
	  "linux.resources.memory",
	  "{\"limit\":67108864,\"swap\":-1}" },
	{ BARE, { "-m", "64m", "--memory-swap", "64m", "--memory-reservation", "32m" },
	  "linux.resources.memory",
	  "{\"limit\":67108864,\"swap\":67108864,\"reservation\":33554432}" },
	{ BARE, { "--oom-score-adj", "-5" }, "process.oomScoreAdj", "-5" },
	{ BARE, { "--pids-limit", "10" }, "linux.resources.pids.limit", "10" },
	{ BARE, { "--pids-limit", "0" }, "linux.resources.pids.limit", "-1" },
	{ BARE, { "--blkio-weight", "300" },
	  "linux.resources.blockIO",
	  "{\"weight\":300}" },
	{ BARE, { NULL }, "linux.cgroupsPath", "\"/runtime-glue/" ID "\"" },
	{ BARE, { "--cgroup-parent", "my/group/" },
	  "linux.cgroupsPath",
	  "\"/my/group/" ID "\"" },
	{ BARE, { "--cgroup-parent", "/" },
	  "linux.cgroupsPath",
	  "\"/" ID "\"" },

	/* namespaces */
	{ BARE, { "--cgroupns", "private" },
	  "linux.namespaces",
	  "[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":"
	  "\"cgroup\"},{\"type\":\"network\",\"path\":\"/"
	  "n\"},{\"type\":\"mount\"}]" },
	{ BARE, { "--pid=host", "--uts=host", "--ipc=host", "--cgroupns=host", "--userns=host" },
	  "linux.namespaces",
	  "[{\"type\":\"network\",\"path\":\"/n\"},{\"type\":\"mount\"}]" },
	{ BARE, { "--pid=container:o", "--ipc", "container:o" },
	  "linux.namespaces.0",
	  "{\"type\":\"pid\",\"path\":\"/proc/77/ns/pid\"}" },
	{ BARE, { "--uts=host" }, "hostname", "-" },
	{ BARE, { "-h", "me", "--domainname", "nis" }, "hostname", "\"me\"" },
	{ BARE, { "--domainname", "nis" }, "domainname", "\"nis\"" },
	{ BARE, { NULL }, "hostname", "\"0123456789ab\"" },

	/* labels */
	{ WEB, { "-l", "y=3", "--label", "z" },
	  "annotations",
	  "{\"x\":\"1\",\"y\":\"3\",\"z\":\"\",\"org.opencontainers.image."
	  "stopSignal\":\"SIGQUIT\"}" },

	/* the root */
	{ BARE, { NULL }, "root", "{\"path\":\"merged\"}" },
	{ BARE, { "--read-only" }, "root.readonly", "true" },
	{ NULL, { "--rootfs", "/", "sh" }, "root.path", "\"/\"" },

	/* mounts */
	{ BARE, { NULL }, "mounts.3.destination", "\"/dev/mqueue\"" },
	{ BARE, { "--shm-size", "1m" },
	  "mounts.4",
	  "{\"destination\":\"/dev/"
	  "shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":[\"nosuid\","
	  "\"noexec\",\"nodev\",\"mode=1777\",\"size=1048576\"]}" },
	{ BARE, { "--ipc=host" }, "mounts.3.type", "\"bind\"" },
	{ BARE, { "--ipc=container:o" },
	  "mounts.6.source",
	  "\"/boxes/o/shm\"" },
	{ BARE, { NULL }, "mounts.5.options.3", "\"ro\"" },
	{ BARE, { "--privileged" }, "mounts.5.options.3", "\"rw\"" },
	{ BARE, { NULL }, "mounts.7.destination", "\"/etc/resolv.conf\"" },
	{ BARE, { "--init" }, "mounts.10.destination", "\"/dev/init\"" },
};
/* clang-format on */

static void test_cases(void **state)
{
	(void)state;
	other_box = "{\"status\":\"running\",\"pid\":77,\"ipc\":\"shareable\","
		    "\"shm\":\"/boxes/o/shm\"}";
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(made_free)
		struct made made = make(cases[i].image, cases[i].words);
		const char *got;

		if (made.r < 0)
			fail_msg("case %zu (%s): %s", i, cases[i].path,
				 made.err.msg);
		got = value_at(made.spec, cases[i].path);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("case %zu: %s is %s\nnot %s", i, cases[i].path,
				 got, cases[i].want);
		assert_accepted(made.spec);
	}
}

/* clang-format off */
static const struct {
	const char *image;
	const char *words[MAX_WORDS];
	const char *want; /* the message */
} refused[] = {
	{ "{}", { NULL }, "there is no command to run" },
	{ WEB, { "--entrypoint", "" }, "there is no command to run" },
	{ "{\"config\":{\"Cmd\":\"sh\"}}", { NULL },
	  "the image's configuration.config.Cmd: must be an array, not a "
	  "string" },
	{ "{\"config\":{\"Env\":[7]}}", { "sh" },
	  "the image's configuration.config.Env[0]: must be a string, not an integer" },
	{ BARE, { "-w", "x" }, "--workdir: \"x\" is no absolute path" },
	{ BARE, { "-w", "/etc/passwd" },
	  "--workdir: make \"/etc/passwd\" in the container: Not a directory" },
	{ BARE, { "-u", "nobody" },
	  "--user: \"nobody\" is not in the container's /etc/passwd" },
	{ BARE, { "-u", "0:nope" },
	  "--user: \"nope\" is not in the container's /etc/group" },
	{ BARE, { "-u", "4294967295" },
	  "--user: \"4294967295\" is not in the container's /etc/passwd" },
	{ BARE, { "--group-add", "x" },
	  "--group-add: \"x\" is not in the container's /etc/group" },
	{ BARE, { "-e", "=x" }, "--env: \"=x\" has no name" },
	{ BARE, { "--env-file", "/nonexistent" },
	  "--env-file: open \"/nonexistent\": No such file or directory" },
	{ BARE, { "--cap-add", "x" }, "--cap-add: \"x\" is no capability" },
	{ BARE, { "--security-opt", "x" },
	  "--security-opt: \"x\" is not no-new-privileges, "
	  "seccomp=FILE|unconfined, apparmor=PROFILE, label=... or "
	  "systempaths=unconfined" },
	{ BARE, { "--security-opt", "seccomp=/nonexistent" },
	  "--security-opt seccomp: \"/nonexistent\": No such file or "
	  "directory" },
	{ BARE, { "--device", "/etc" }, NULL },
	{ BARE, { "--device", "/etc/passwd" },
	  "--device: \"/etc/passwd\" is no device: it is HOST[:PATH[:rwm]]" },
	{ BARE, { "--device", "/dev/null:/dev/x:rr" },
	  "--device: \"/dev/null:/dev/x:rr\" ends in no access of r, w and m: "
	  "it is HOST[:PATH[:rwm]]" },
	{ BARE, { "--device", "null" },
	  "--device: \"null\" has no absolute path: it is HOST[:PATH[:rwm]]" },
	{ BARE, { "--sysctl", "kernel.panic=1" },
	  "--sysctl: \"kernel.panic\" is the whole host's; a container has its "
	  "own net.*, kernel.msg*, kernel.sem, kernel.shm* and fs.mqueue.*" },
	{ BARE, { "--ipc=host", "--sysctl", "kernel.sem=1" },
	  "--sysctl: \"kernel.sem\" is the host's with --ipc host" },
	{ BARE, { "--sysctl", "x" }, "--sysctl: \"x\" is not NAME=VALUE" },
	{ BARE, { "--ulimit", "nofile" },
	  "--ulimit: \"nofile\" is not NAME=SOFT[:HARD], such as "
	  "nofile=1024:4096" },
	{ BARE, { "--ulimit", "nofile=2:1" },
	  "--ulimit: \"nofile=2:1\" has a soft limit above the hard one" },
	{ BARE, { "--ulimit", "nofile=x" },
	  "--ulimit: \"x\" is not a whole number" },
	{ BARE, { "--cpus", "x" },
	  "--cpus: \"x\" is no number such as 2 or 0.5" },
	{ BARE, { "--cpus", "1", "--cpu-quota", "5000" },
	  "--cpus cannot be together with --cpu-period or --cpu-quota, which "
	  "it sets" },
	{ BARE, { "--cpuset-cpus", "0-" },
	  "--cpuset-cpus: \"0-\" is no list such as 0-3,7" },
	{ BARE, { "--cpuset-cpus", "0,," },
	  "--cpuset-cpus: \"0,,\" is no list such as 0-3,7" },
	{ BARE, { "--cpu-quota", "5" },
	  "--cpu-quota: 5 is less than 1000 us (-1: no limit)" },
	{ BARE, { "-m", "1m" },
	  "--memory: 1m is less than 6m, which a process needs to start" },
	{ BARE, { "--memory-swap", "64m" },
	  "--memory-swap: needs --memory, which it includes" },
	{ BARE, { "-m", "64m", "--memory-swap", "32m" },
	  "--memory-swap: 32m is less than --memory, which it includes" },
	{ BARE, { "-m", "64m", "--memory-reservation", "65m" },
	  "--memory-reservation: 65m is more than --memory" },
	{ BARE, { "--oom-score-adj", "1001" },
	  "--oom-score-adj: 1001 is not in -1000..1000" },
	{ BARE, { "--pids-limit", "-2" },
	  "--pids-limit: -2 is not in -1..9223372036854775807" },
	{ BARE, { "--blkio-weight", "5" },
	  "--blkio-weight: 5 is not in 10..1000" },
	{ BARE, { "--device-read-bps", "/dev/null:1m" },
	  "--device-read-bps: \"/dev/null\" is no block device" },
	{ BARE, { "--device-read-iops", "/dev/null" },
	  "--device-read-iops: \"/dev/null\" is not DEVICE:RATE, such as "
	  "/dev/sda:100" },
	{ BARE, { "--shm-size", "0" }, "--shm-size: \"0\" is not more than 0" },
	{ BARE, { "--pid", "x" },
	  "--pid: \"x\" is not host or container:NAME" },
	{ BARE, { "--ipc", "x" },
	  "--ipc: \"x\" is not private, shareable, host or container:NAME" },
	{ BARE, { "--uts", "x" }, "--uts: \"x\" is not host" },
	{ BARE, { "--uts=host", "-h", "x" },
	  "--hostname: the host's name stays as it is with --uts host" },
	{ BARE, { "--cgroupns", "x" },
	  "--cgroupns: \"x\" is not host or private" },
	{ BARE, { "--userns", "auto" }, "--userns: \"auto\" is not host" },
	{ BARE, { "--pid", "container:x" },
	  "--pid container:x: no container \"x\"" },
	{ BARE, { "--cgroup-parent", "a/../../b" },
	  "--cgroup-parent: \"a/../../b\" has \"..\" in it" },
	{ BARE, { "--stop-signal", "x" }, NULL },
	{ BARE, { "--label", "=x" }, "--label: \"=x\" has no name" },
	{ NULL, { "--rootfs", "/nonexistent", "sh" },
	  "--rootfs: \"/nonexistent\": No such file or directory" },
};
/* clang-format on */

static void test_refused(void **state)
{
	(void)state;
	other_box = NULL;
	for (size_t i = 0; i < COUNT(refused); i++) {
		AUTO(made_free)
		struct made made = make(refused[i].image, refused[i].words);

		if (!refused[i].want)
			continue;
		if (made.r >= 0)
			fail_msg("case %zu is accepted, not: %s", i,
				 refused[i].want);
		assert_string_equal(made.err.msg, refused[i].want);
		assert_null(made.spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
