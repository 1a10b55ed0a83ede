/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: box_open box_pid box_close bundle_mounts bundle_seccomp */
/* From options and images to config.json: what takes more than a line. */
#include "tests/unit/bundle.h"

static void test_record(void **state)
{
	AUTO(made_free)
	struct made made = make(WEB, (const char *[]){ "--label=z=9", NULL });

	(void)state;
	assert_int_equal(made.r, 0);
	assert_string_equal(value_at(made.record, "command"),
			    "[\"/enter\",\"-e\",\"serve\",\"-v\"]");
	assert_string_equal(value_at(made.record, "labels"),
			    "{\"x\":\"1\",\"y\":\"2\",\"z\":\"9\"}");
	assert_string_equal(value_at(made.record, "stopSignal"), "\"SIGQUIT\"");
	assert_string_equal(value_at(made.record, "ipc"), "\"private\"");
	assert_string_equal(value_at(made.record, "cgroup"),
			    "\"/runtime-glue/" ID "\"");
}

static void test_the_working_directory_is_made_inside(void **state)
{
	char path[128];
	struct stat st;
	AUTO(made_free)
	struct made made =
		make(BARE, (const char *[]){ "-w", "/out/../deep/er", NULL });

	(void)state;
	assert_int_equal(made.r, 0);
	(void)snprintf(path, sizeof(path), "%s/merged/deep/er", top);
	assert_int_equal(stat(path, &st), 0);
	/* /out is a symlink to /, which is the root's own. */
	assert_int_equal(stat("/deep", &st), -1);
}

static void test_memory_alone_limits_swap_to_as_much(void **state)
{
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	const char *file = v2 ? "/proc/swaps"
			      : "/sys/fs/cgroup/memory/"
				"memory.memsw.limit_in_bytes";
	AUTO(made_free)
	struct made made = make(BARE, (const char *[]){ "-m", "8m", NULL });

	(void)state;
	assert_int_equal(made.r, 0);
	assert_string_equal(value_at(made.spec, "linux.resources.memory.swap"),
			    access(file, F_OK) == 0 ? "16777216" : "-");
}

static void test_seccomp_is_asked_with_the_capabilities(void **state)
{
	const char *const words[] = { "--cap-drop=ALL", "--cap-add=SYS_ADMIN",
				      "--security-opt", "seccomp=/dev/null",
				      NULL };
	AUTO(made_free) struct made made = make(BARE, words);

	(void)state;
	assert_int_equal(made.r, 0);
	assert_string_equal(seccomp_profile, "/dev/null");
	assert_string_equal(seccomp_caps, "[\"CAP_SYS_ADMIN\"]");
}

static const char *list_mounts(struct json_object *spec, struct strbuf *out)
{
	struct json_object *mounts = json_object_object_get(spec, "mounts");

	for (size_t i = 0; i < json_object_array_length(mounts); i++)
		strbuf_printf(out, "%s ",
			      bundle_text(json_object_array_get_idx(mounts, i),
					  "destination"));
	return strbuf_str(out);
}

static void test_user_mounts_stand_in(void **state)
{
	auto_strbuf struct strbuf got = { .len = 0 };

	(void)state;
	user_mounts = "[{\"destination\":\"/a/b\",\"options\":[\"rshared\"]},"
		      "{\"destination\":\"/dev/shm\"},"
		      "{\"destination\":\"/a\"},"
		      "{\"destination\":\"/etc/hosts\"}]";
	{
		AUTO(made_free)
		struct made made = make(BARE, (const char *[]){ NULL });

		assert_int_equal(made.r, 0);
		assert_string_equal(list_mounts(made.spec, &got),
				    "/proc /dev /dev/pts /dev/mqueue /sys "
				    "/sys/fs/cgroup /a /a/b /dev/shm "
				    "/etc/hosts /etc/resolv.conf "
				    "/etc/hostname ");
		assert_string_equal(value_at(made.spec,
					     "linux.rootfsPropagation"),
				    "\"shared\"");
	}
	strbuf_free(&got);
	got = (struct strbuf){ .len = 0 };
	user_mounts = "[{\"destination\":\"/dev\"}]";
	{
		AUTO(made_free)
		struct made made =
			make(BARE, (const char *[]){ "--init", NULL });

		assert_int_equal(made.r, 0);
		assert_string_equal(list_mounts(made.spec, &got),
				    "/proc /sys /sys/fs/cgroup /dev "
				    "/etc/resolv.conf /etc/hostname "
				    "/etc/hosts /dev/init ");
	}
	user_mounts = NULL;
}

static void test_ipc_of_others_must_be_shareable(void **state)
{
	static const struct {
		const char *record, *want;
	} others[] = {
		{ "{\"status\":\"running\",\"pid\":7}",
		  "--ipc: container \"o\" keeps its IPC to itself" },
		{ "{\"status\":\"exited\",\"pid\":7,\"ipc\":\"shareable\"}",
		  "--ipc: container \"o\" does not run, and so has no "
		  "namespace to share" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		other_box = others[i].record;
		AUTO(made_free)
		struct made made = make(
			BARE, (const char *[]){ "--ipc=container:o", NULL });

		assert_int_equal(made.r, -EINVAL);
		assert_string_equal(made.err.msg, others[i].want);
	}
	other_box = NULL;
}

static void test_check_needs_neither_box_nor_image(void **state)
{
	const struct tool tool = { .cgroup_parent = "/x" };
	struct run_options options = { .cpus = "0.5", .pid = "container:x" };
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(bundle_check(&tool, &options, &err), 0);
	options.uts = "x";
	assert_int_equal(bundle_check(&tool, &options, &err), -EINVAL);
	assert_string_equal(err.msg, "--uts: \"x\" is not host");
}

static void test_env_file(void **state)
{
	static const struct {
		const char *text, *want; /* of A, B and on; or the message */
	} files[] = {
		{ "A=1\n#B=2\n  C=x y \r\n\nB=\"q\"\n",
		  "\"A=1\",\"C=x y \",\"B=\\\"q\\\"\"" },
		{ "\xef\xbb\xbf"
		  "A=1",
		  "\"A=1\"" },
		{ "BUNDLE_SET\nBUNDLE_UNSET\n", "\"BUNDLE_SET=here\"" },
		{ "A=1\nB C=2\n", ", line 2: \"B C\" has a space in its name" },
		{ "=1\n", ", line 1: \"=1\" has no name" },
		{ "", "" },
	};
	char file[128];

	(void)state;
	(void)snprintf(file, sizeof(file), "%s/env", top);
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *const words[] = { "--env-file", file, "-e",
					      "HOME=/", NULL };

		write_file("env", files[i].text, strlen(files[i].text));
		AUTO(made_free) struct made made = make(BARE, words);
		const char *got = made.r < 0
					  ? made.err.msg
					  : value_at(made.spec, "process.env");

		if (!strstr(got, files[i].want))
			fail_msg("%s\nnot %s", got, files[i].want);
	}
}

static void test_init_is_a_program_nobody_can_write(void **state)
{
	char path[128], magic[4];
	struct stat st;
	int fd;
	AUTO(made_free)
	struct made made = make(BARE, (const char *[]){ "--init", NULL });

	(void)state;
	assert_int_equal(made.r, 0);
	(void)snprintf(path, sizeof(path), "%s/init", top);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777U, 0555);
	assert_int_equal(read(fd, magic, 4), 4);
	assert_memory_equal(magic, "\177ELF", 4);
	(void)close(fd);
	assert_non_null(
		strstr(value_at(made.spec, "mounts.10.options"), "\"ro\""));
}

static void test_nano(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} numbers[] = {
		{ "1", 1000000000 },
		{ "0", 0 },
		{ "1.5", 1500000000 },
		{ ".5", 500000000 },
		{ "2.", 2000000000 },
		{ "0.000000001", 1 },
		{ "0.0000000001", -1 },
		{ "9223372036", INT64_C(9223372036000000000) },
		{ "9223372037", -1 },
		{ "99999999999999999999", -1 },
		{ "", -1 },
		{ ".", -1 },
		{ "1.2.3", -1 },
		{ "-1", -1 },
		{ "+1", -1 },
		{ "1e3", -1 },
		{ " 1", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct err err = { .code = CNI_OK };
		int64_t got = -1;
		int r = bundle_nano("--cpus", numbers[i].text, &got, &err);

		if ((r == 0) != (numbers[i].want >= 0) ||
		    (r == 0 && got != numbers[i].want))
			fail_msg("\"%s\": %d, %jd", numbers[i].text, r,
				 (intmax_t)got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_the_working_directory_is_made_inside),
		cmocka_unit_test(test_memory_alone_limits_swap_to_as_much),
		cmocka_unit_test(test_seccomp_is_asked_with_the_capabilities),
		cmocka_unit_test(test_user_mounts_stand_in),
		cmocka_unit_test(test_ipc_of_others_must_be_shareable),
		cmocka_unit_test(test_check_needs_neither_box_nor_image),
		cmocka_unit_test(test_env_file),
		cmocka_unit_test(test_init_is_a_program_nobody_can_write),
		cmocka_unit_test(test_nano),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
