/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: cgroup_from_json cgroup_is_frozen cgroup_close */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "runtime-glue/oci/state.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static char top[64];   /* of one test, removed after it */
static char root[128]; /* top/a/b: not there at first */
static bool frozen;

int __wrap_cgroup_from_json(struct json_object *json, struct cgroup *out,
			    struct err *err);
bool __wrap_cgroup_is_frozen(const struct cgroup *cgroup);
void __wrap_cgroup_close(struct cgroup *cgroup);

int __wrap_cgroup_from_json(struct json_object *json, struct cgroup *out,
			    struct err *err)
{
	(void)err;
	out->count = (size_t)json_object_object_length(json);
	return 0;
}

bool __wrap_cgroup_is_frozen(const struct cgroup *cgroup)
{
	(void)cgroup;
	return frozen;
}

void __wrap_cgroup_close(struct cgroup *cgroup)
{
	(void)cgroup;
}

static int set_up(void **state)
{
	(void)state;
	frozen = false;
	(void)snprintf(top, sizeof(top), "/tmp/test_state.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(root, sizeof(root), "%s/a/b", top);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ROOT/ID/NAME with @text in it; NULL: a directory. */
static void make(const char *id, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", root, id);
	(void)mkdir(path, 0711);
	(void)snprintf(path, sizeof(path), "%s/%s/%s", root, id, name);
	if (!text) {
		assert_int_equal(mkdir(path, 0700), 0);
		return;
	}
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static bool exists(const char *id)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", root, id);
	return lstat(path, &st) == 0;
}

static void claim(const char *id, struct state *out)
{
	struct err err = { .code = CNI_OK };

	if (state_claim(root, id, out, &err) < 0)
		fail_msg("claim %s: %s", id, err.msg);
}

static int open_state(const char *id, bool lock, struct state *out)
{
	struct err err = { .code = CNI_OK };
	int r = state_open(root, id, lock, out, &err);

	if (r == -ENOENT)
		assert_non_null(strstr(err.msg, "does not exist"));
	assert_int_equal(r < 0, err.code != CNI_OK);
	return r;
}

static void test_ids(void **state)
{
	static const char *const good[] = { "a", "A-b_c.d+9", "..a",
					    "-", "...",       "_" };
	static const char *const bad[] = { "",         ".",   ".",   "..",
					   "a/b",      "/",   "a b", "a\n",
					   "\xc3\xa4", "a:b", "a*",  "../x" };
	char longest[1025];
	struct err err = { .code = CNI_OK };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(state_check_id(good[i], &err), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		err_clear(&err);
		assert_int_equal(state_check_id(bad[i], &err), -EINVAL);
	}
	memset(longest, 'x', sizeof(longest));
	longest[1024] = '\0';
	err_clear(&err);
	assert_int_equal(state_check_id(longest, &err), -EINVAL);
	longest[1023] = '\0';
	err_clear(&err);
	assert_int_equal(state_check_id(longest, &err), 0);
}

static void test_claim_makes_directories_once(void **state)
{
	auto_state struct state one = STATE_NONE;
	auto_state struct state two = STATE_NONE;
	struct err err = { .code = CNI_OK };
	struct stat st;
	mode_t mask = umask(077);

	(void)state;
	claim("c", &one);
	(void)umask(mask);
	assert_int_equal(stat(root, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fstatat(one.dir, "", &st, AT_EMPTY_PATH), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_true(one.lock >= 0);
	assert_string_equal(one.id, "c");
	assert_int_equal(fcntl(one.lock, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(state_claim(root, "c", &two, &err), -EEXIST);
	assert_string_equal(err.msg, "container \"c\" already exists");
}

static void fill(struct state *state)
{
	state->bundle = strdup("/bundle");
	state->rootfs = strdup("/bundle/rootfs");
	state->oci_version = strdup("1.2.1");
	state->created = strdup("2026-01-02T03:04:05.678901234Z");
	state->pid = getpid();
	assert_int_equal(state_start_time(state->pid, &state->start_time), 0);
	state->shared_pidns = true;
	state->annotations = json_tokener_parse("{\"k\":\"v <\\u00e4>\"}");
	state->cgroups = json_tokener_parse("{\"\":\"/sys/fs/cgroup/c\"}");
}

static void test_what_is_saved_is_opened(void **state)
{
	auto_state struct state mine = STATE_NONE;
	auto_state struct state got = STATE_NONE;
	struct err err = { .code = CNI_OK };

	(void)state;
	claim("c", &mine);
	fill(&mine);
	assert_int_equal(state_save(&mine, &err), 0);
	assert_int_equal(open_state("c", false, &got), 0);
	assert_string_equal(got.id, "c");
	assert_string_equal(got.bundle, "/bundle");
	assert_string_equal(got.rootfs, "/bundle/rootfs");
	assert_string_equal(got.oci_version, "1.2.1");
	assert_string_equal(got.created, "2026-01-02T03:04:05.678901234Z");
	assert_int_equal(got.owner, geteuid());
	assert_int_equal(got.pid, getpid());
	assert_int_equal(got.start_time, mine.start_time);
	assert_true(got.shared_pidns);
	assert_false(got.intel_rdt);
	assert_true(json_object_equal(got.annotations, mine.annotations));
	assert_true(json_object_equal(got.cgroups, mine.cgroups));
	assert_int_equal(got.lock, -1);
}

static void test_printed_state(void **state)
{
	auto_state struct state mine = STATE_NONE;
	auto_strbuf struct strbuf hook = { .len = 0 };
	auto_strbuf struct strbuf stopped = { .len = 0 };
	auto_strbuf struct strbuf full = { .len = 0 };

	(void)state;
	claim("c", &mine);
	fill(&mine);
	mine.pid = 42;
	state_print(&mine, STATUS_CREATING, false, &hook);
	assert_string_equal(
		hook.data,
		"{\"ociVersion\":\"1.2.1\",\"id\":\"c\",\"pid\":42,"
		"\"status\":\"creating\",\"bundle\":\"/bundle\","
		"\"annotations\":{\"k\":\"v \\u003c\xc3\xa4\\u003e\"}}");
	state_print(&mine, STATUS_STOPPED, false, &stopped);
	assert_null(strstr(stopped.data, "pid"));
	mine.owner = 4000000000;
	state_print(&mine, STATUS_STOPPED, true, &full);
	assert_non_null(strstr(full.data, "\"pid\": 0,"));
	assert_non_null(strstr(full.data, "\"rootfs\": \"/bundle/rootfs\","));
	assert_non_null(strstr(full.data, "\"created\": \"2026-01-02T03:04:05."
					  "678901234Z\","));
	assert_non_null(strstr(full.data, "\"owner\": \"4000000000\""));
}

static void test_broken_states_open_as_half_made(void **state)
{
	static const char *const broken[] = {
		"",
		"{",
		"{\"id\":\"c\",\"pid\":4",
		"[]",
		"null",
		"7",
		"{}",
		"{\"pid\":\"7\"}",
		"{\"pid\":-1}",
		"{\"pid\":99999999999}",
		"{\"pid\":7,\"startTime\":-1}",
		"{\"pid\":7,\"cgroups\":[]}",
		"{\"pid\":7,\"bundle\":[]}",
		"{\"pid\":7,\"annotations\":\"x\"}",
		"{\"pid\":7,\"intelRdt\":1}",
		"\xff\xfe",
	};
	auto_state struct state none = STATE_NONE;

	(void)state;
	assert_int_equal(open_state("c", false, &none), -ENOENT);
	for (size_t i = 0; i < COUNT(broken); i++) {
		auto_state struct state got = STATE_NONE;
		auto_strbuf struct strbuf text = { .len = 0 };
		struct err err = { .code = CNI_OK };

		if (i == 0) {
			claim("c", &got);
			state_close(&got);
		}
		make("c", "state.json", broken[i]);
		assert_int_equal(open_state("c", true, &got), 0);
		assert_int_equal(got.pid, 0);
		assert_int_equal(state_status(&got), STATUS_STOPPED);
		assert_int_equal(state_pidfd(&got), -ESRCH);
		state_print(&got, STATUS_STOPPED, true, &text);
		assert_false(text.failed);
		if (i + 1 < COUNT(broken))
			continue;
		assert_int_equal(state_remove(&got, &err), 0);
		assert_false(exists("c"));
	}
}

static void test_foreign_things_are_no_containers(void **state)
{
	auto_state struct state got = STATE_NONE;
	char target[256];
	char **names;
	size_t count;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(state_list(root, &names, &count, &err), 0);
	assert_int_equal(count, 0);
	claim("ours", &got);
	state_close(&got);
	make("foreign", "data", "x");
	make("sub", "lock", NULL); /* a directory of that name */
	make("bad id", "lock", "");
	make(".", "file", "x");
	(void)snprintf(target, sizeof(target), "%s/link", root);
	assert_int_equal(symlink("ours", target), 0);
	assert_int_equal(open_state("foreign", true, &got), -ENOENT);
	state_close(&got);
	assert_int_equal(open_state("sub", true, &got), -ENOENT);
	state_close(&got);
	assert_int_equal(open_state("file", true, &got), -ENOENT);
	state_close(&got);
	assert_int_equal(open_state("link", true, &got), -ENOENT);
	assert_true(exists("foreign/data"));
	assert_false(exists("foreign/lock"));
	assert_int_equal(state_list(root, &names, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_string_equal(names[0], "ours");
	free(names[0]);
	free(names);
}

static void test_list_is_sorted(void **state)
{
	static const char *const ids[] = { "b", "a-2", "C", "a", "a-10" };
	static const char *const want[] = { "C", "a", "a-10", "a-2", "b" };
	char **names;
	size_t count;
	struct err err = { .code = CNI_OK };

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		auto_state struct state one = STATE_NONE;

		claim(ids[i], &one);
	}
	assert_int_equal(state_list(root, &names, &count, &err), 0);
	assert_int_equal(count, COUNT(want));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(names[i], want[i]);
		free(names[i]);
	}
	free(names);
	assert_int_equal(state_list("/dev/null", &names, &count, &err),
			 -ENOTDIR);
}

static void test_removal_takes_all(void **state)
{
	auto_state struct state got = STATE_NONE;
	struct err err = { .code = CNI_OK };
	char link[256];

	(void)state;
	claim("c", &got);
	make("c", "state.json", "{}");
	make("c", "config.json", "{}");
	make("c", ".state.json.new", "{");
	make("c", "notify", NULL);
	make("c", "notify/socket", "");
	make("keep", "me", "");
	(void)snprintf(link, sizeof(link), "%s/c/link", root);
	assert_int_equal(symlink("../keep", link), 0);
	assert_int_equal(state_remove(&got, &err), 0);
	assert_int_equal(got.dir, -1);
	assert_false(exists("c"));
	assert_true(exists("keep/me"));
	assert_int_equal(state_remove(&got, &err), 0);
	assert_int_equal(state_status(&got), STATUS_STOPPED);
	state_close(&got);
	claim("c", &got); /* the name is free */
}

/* A create that was killed right after mkdir(2). */
static void test_killed_early(void **state)
{
	auto_state struct state got = STATE_NONE;
	struct err err = { .code = CNI_OK };
	char path[256];

	(void)state;
	claim("other", &got);
	state_close(&got);
	(void)snprintf(path, sizeof(path), "%s/c", root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(open_state("c", false, &got), 0);
	assert_int_equal(state_status(&got), STATUS_STOPPED);
	state_close(&got);
	assert_int_equal(open_state("c", true, &got), 0);
	assert_int_equal(state_remove(&got, &err), 0);
	assert_false(exists("c"));
}

static void test_config_is_kept(void **state)
{
	auto_state struct state got = STATE_NONE;
	auto_strbuf struct strbuf text = { .len = 0 };
	struct err err = { .code = CNI_OK };

	(void)state;
	claim("c", &got);
	assert_int_equal(state_read_config(&got, &text, &err), -ENOENT);
	err_clear(&err);
	assert_int_equal(state_keep_config(&got, "{\"a\":1}", 7, &err), 0);
	assert_int_equal(state_keep_config(&got, "{\"a\":2}", 7, &err), 0);
	assert_int_equal(state_read_config(&got, &text, &err), 0);
	assert_string_equal(text.data, "{\"a\":2}");
	assert_false(exists("c/.config.json.new"));
}

/* ---- what the kernel says ---- */

static void test_status_of_a_process(void **state)
{
	auto_state struct state got = STATE_NONE;
	auto_fd int pidfd = -1;

	(void)state;
	claim("c", &got);
	assert_int_equal(state_status(&got), STATUS_STOPPED);
	fill(&got);
	assert_int_equal(state_status(&got), STATUS_RUNNING);
	pidfd = state_pidfd(&got);
	assert_true(pidfd >= 0);
	make("c", "start", "");
	assert_int_equal(state_status(&got), STATUS_CREATED);
	frozen = true;
	assert_int_equal(state_status(&got), STATUS_PAUSED);
	json_object_put(got.cgroups);
	got.cgroups = NULL;
	assert_int_equal(state_status(&got), STATUS_CREATED);
	got.start_time++; /* the pid has gone to another process */
	assert_int_equal(state_status(&got), STATUS_STOPPED);
	assert_int_equal(state_pidfd(&got), -ESRCH);
}

static void test_locked_by_another_is_being_created(void **state)
{
	auto_state struct state creator = STATE_NONE;
	auto_state struct state other = STATE_NONE;

	(void)state;
	claim("c", &creator);
	assert_int_equal(open_state("c", false, &other), 0);
	assert_int_equal(state_status(&other), STATUS_CREATING);
	assert_int_equal(state_status(&creator), STATUS_STOPPED);
	other.pid = getpid();
	assert_int_equal(state_start_time(other.pid, &other.start_time), 0);
	make("c", "start", "");
	assert_int_equal(state_status(&other), STATUS_CREATING);
	state_close(&creator);
	assert_int_equal(state_status(&other), STATUS_CREATED);
}

static void test_zombies_have_ended(void **state)
{
	uint64_t before, after;
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		(void)pause();
	assert_true(pid > 0);
	assert_int_equal(state_start_time(pid, &before), 0);
	assert_true(before > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(state_start_time(pid, &after), -ESRCH);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(state_start_time(pid, &after), -ESRCH);
}

/* Two in turn: who waits for the lock of what is deleted finds nothing. */
static void test_waiter_sees_the_removal(void **state)
{
	auto_state struct state got = STATE_NONE;
	struct err err = { .code = CNI_OK };
	int status;
	pid_t pid;

	(void)state;
	claim("c", &got);
	pid = fork();
	if (pid == 0) {
		struct state mine;

		(void)close(got.lock); /* else it would be ours */
		_exit(state_open(root, "c", true, &mine, &err) == -ENOENT ? 0
									  : 1);
	}
	(void)usleep(50000);
	assert_int_equal(state_remove(&got, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void race(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct state mine;
		struct err err = { .code = CNI_OK };
		int r = i % 2 ? state_open(root, "c", true, &mine, &err)
			      : state_claim(root, "c", &mine, &err);

		if (r == 0)
			r = state_remove(&mine, &err);
		else if (r != (i % 2 ? -ENOENT : -EEXIST))
			_exit(2);
		state_close(&mine);
		if (r < 0 && r != -ENOENT && r != -EEXIST)
			_exit(3);
	}
	_exit(0);
}

static void test_claims_and_removals_race(void **state)
{
	int status;
	pid_t pids[4];

	(void)state;
	for (size_t i = 0; i < COUNT(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			race(200);
	}
	for (size_t i = 0; i < COUNT(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_false(exists("c"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ids),
		TEST(test_claim_makes_directories_once),
		TEST(test_what_is_saved_is_opened),
		TEST(test_printed_state),
		TEST(test_broken_states_open_as_half_made),
		TEST(test_foreign_things_are_no_containers),
		TEST(test_list_is_sorted),
		TEST(test_removal_takes_all),
		TEST(test_killed_early),
		TEST(test_config_is_kept),
		TEST(test_status_of_a_process),
		TEST(test_locked_by_another_is_being_created),
		TEST(test_zombies_have_ended),
		TEST(test_waiter_sees_the_removal),
		TEST(test_claims_and_removals_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
