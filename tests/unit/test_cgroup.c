/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap: statfs faccessat */
/* Groups that are plain directories: the files must be there beforehand. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <json-c/json.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/io.h"
#include "runtime-glue/cgroup/cgroup_parts.h"

static bool fake_mounts, unwritable;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */
int __real_statfs(const char *path, struct statfs *out);
int __wrap_statfs(const char *path, struct statfs *out);
int __wrap_statfs(const char *path, struct statfs *out)
{
	if (!fake_mounts)
		return __real_statfs(path, out);
	out->f_type = strstr(path, "unified") ? CGROUP2_SUPER_MAGIC
					      : CGROUP_SUPER_MAGIC;
	if (strstr(path, "hidden"))
		out->f_type = TMPFS_MAGIC;
	return 0;
}

int __real_faccessat(int dir, const char *path, int mode, int flags);
int __wrap_faccessat(int dir, const char *path, int mode, int flags);
int __wrap_faccessat(int dir, const char *path, int mode, int flags)
{
	if (!fake_mounts)
		return __real_faccessat(dir, path, mode, flags);
	errno = EACCES;
	return unwritable ? -1 : 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,*-identifier-naming) */

/* ---- a hierarchy of one directory ---- */

static const char template[] = "/tmp/test_cgroup.XXXXXX";
static char top[sizeof(template)];
static struct cgroup cgroup;

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void group_open(const char *names)
{
	static char controllers[64], root[] = "";

	(void)snprintf(controllers, sizeof(controllers), "%s", names);
	memcpy(top, template, sizeof(template));
	assert_non_null(mkdtemp(top));
	cgroup = (struct cgroup){ .count = 1 };
	cgroup.tree[0] = (struct cgroup_tree){
		.controllers = controllers,
		.mount = top,
		.path = root,
		.v2 = !*controllers,
		.dir = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	cgroup.mode = *controllers ? CGROUP_V1 : CGROUP_V2;
	assert_true(cgroup.tree[0].dir >= 0);
}

static void group_close(void)
{
	(void)close(cgroup.tree[0].dir);
	(void)nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void file(const char *name, const char *value)
{
	int fd = openat(cgroup.tree[0].dir, name,
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, value, strlen(value)), 0);
	(void)close(fd);
}

static void assert_file(const char *name, const char *value)
{
	char text[256];

	assert_true(io_read_small(cgroup.tree[0].dir, name, text,
				  sizeof(text)) >= 0);
	assert_string_equal(text, value);
}

static struct err err;

static int limit(const struct spec_resources *resources)
{
	err = (struct err){ .code = CNI_OK };
	return cgroup_limit(&cgroup, resources, false, &err);
}

#define INT(n)            \
	(struct spec_int) \
	{                 \
		true, (n) \
	}
#define UINT(n)            \
	(struct spec_uint) \
	{                  \
		true, (n)  \
	}

/* ---- finding ---- */

static const char mountinfo[] =
	"22 1 8:1 / / rw - ext4 /dev/root rw\n"
	"31 23 0:28 / /hidden/cgroup rw shared:1 - cgroup cgroup rw,memory\n"
	"32 31 0:29 / /sys/fs/cgroup/cpu rw shared:2 - cgroup cgroup "
	"rw,cpu,cpuacct\n"
	"33 31 0:30 /part /sys/fs/cgroup/mem\\040ory rw - cgroup cgroup "
	"rw,memory\n"
	"34 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup "
	"rw,xattr,name=systemd\n"
	"35 31 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
static const char own[] = "5:pids:/\n4:memory:/part/mine\n"
			  "3:cpu,cpuacct:/mine\n1:name=systemd:/\n0::/a/b\n";

static int find(const char *path, struct cgroup *out)
{
	char mounts[sizeof(mountinfo)], groups[sizeof(own)];

	memcpy(mounts, mountinfo, sizeof(mounts));
	memcpy(groups, own, sizeof(groups));
	*out = (struct cgroup){ .mode = CGROUP_NONE };
	err = (struct err){ .code = CNI_OK };
	return cgroup_find_in(&(struct cgroup_texts){ mounts, groups }, path,
			      "box", out, &err);
}

static void assert_paths(struct cgroup *found, const char *const want[4])
{
	assert_int_equal(found->count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(found->tree[i].path, want[i]);
	cgroup_close(found);
}

static void finds(void **state)
{
	static const char *const top_level[] = { "/box", "/box", "/box",
						 "/box" };
	static const char *const absolute[] = { "/x/y", "/x/y", "/x/y",
						"/x/y" };
	static const char *const relative[] = { "/mine/x", "/mine/x", "/x",
						"/a/x" };
	static const char *const below[] = { "/mine/box", "/mine/box", "/box",
					     "/a/box" };
	struct cgroup found;

	(void)state;
	fake_mounts = true;
	assert_int_equal(find(NULL, &found), 0);
	assert_int_equal(found.mode, CGROUP_HYBRID);
	assert_string_equal(found.tree[0].mount, "/sys/fs/cgroup/mem ory");
	assert_string_equal(found.tree[1].controllers, "cpu,cpuacct");
	assert_true(found.tree[3].v2);
	assert_paths(&found, top_level);
	assert_int_equal(find("//x/./y/", &found), 0);
	assert_paths(&found, absolute);
	assert_int_equal(find("x", &found), 0);
	assert_paths(&found, relative);
	unwritable = true;
	assert_int_equal(find("", &found), 0);
	assert_paths(&found, below);
	fake_mounts = unwritable = false;
}

static void checks_path(void **state)
{
	static const char *const bad[] = { "/a/../b", "..", "a:b:c",
					   "/",       "./", "/a/.." };
	static const char *const good[] = { "/a/b",   "a",       "/a/..b", "",
					    "/a:b:c", "a:b:c/d", "a:b" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct err){ .code = CNI_OK };
		assert_int_equal(cgroup_check_path(bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.msg, "linux.cgroupsPath: "));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(cgroup_check_path(good[i], &err), 0);
}

/* ---- limits ---- */

static void converts(void **state)
{
	static const uint64_t shares[][2] = {
		{ 0, 1 },           { 2, 1 },          { 3, 2 },
		{ 100, 17 },        { 512, 59 },       { 1024, 100 },
		{ 2048, 174 },      { 262143, 10000 }, { 262144, 10000 },
		{ 1000000, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++)
		assert_int_equal(cpu_weight(shares[i][0]), shares[i][1]);
	assert_int_equal(io_weight(10), 1);
	assert_int_equal(io_weight(100), 910);
	assert_int_equal(io_weight(1000), 10000);
}

static void limits_v2(void **state)
{
	struct spec_resources r = { .pids = INT(0) };
	struct spec_throttle bps = { 8, 0, 0 };

	(void)state;
	group_open("");
	file("cgroup.controllers", "cpu io memory pids hugetlb rdma\n");
	file("memory.max", "max\n");
	file("memory.swap.max", "max\n");
	file("memory.low", "0\n");
	file("cpu.weight", "100\n");
	file("cpu.max", "max 100000\n");
	file("pids.max", "max\n");
	file("io.weight", "default 100\n");
	file("io.max", "");
	r.memory.limit = INT(1000);
	r.memory.swap = INT(1500);
	r.memory.reservation = INT(-1);
	r.cpu.shares = UINT(1024);
	r.cpu.quota = INT(2000);
	r.block_io.weight = INT(1000);
	r.block_io.read_bps = (struct spec_throttles){ 1, &bps };
	assert_int_equal(limit(&r), 0);
	assert_file("memory.max", "1000");
	assert_file("memory.swap.max", "500");
	assert_file("memory.low", "max");
	assert_file("cpu.weight", "100");
	assert_file("cpu.max", "2000 100000");
	assert_file("pids.max", "1");
	assert_file("io.weight", "10000");
	assert_file("io.max", "8:0 rbps=max");
	/* What is not asked for stays. */
	r = (struct spec_resources){ .memory.swap = INT(1200) };
	r.cpu.period = UINT(50000);
	assert_int_equal(limit(&r), 0);
	assert_file("memory.swap.max", "200");
	assert_file("cpu.max", "2000 50000");
	r = (struct spec_resources){ .memory.limit = INT(-1) };
	assert_int_equal(limit(&r), 0);
	assert_file("memory.max", "max");
	assert_file("memory.swap.max", "max");
	group_close();
}

static void refuses_v2(void **state)
{
	struct spec_resources r = { .memory.swap = INT(5) };
	struct spec_pair pair = { "../x.y", "1" };

	(void)state;
	group_open("");
	file("cgroup.controllers", "memory\n");
	file("memory.max", "max\n");
	file("memory.current", "5000\n");
	assert_int_equal(limit(&r), -EINVAL);
	assert_string_equal(err.msg, "linux.resources.memory.swap: needs a "
				     "memory.limit");
	r.memory.limit = INT(10);
	assert_int_equal(limit(&r), -EINVAL);
	r = (struct spec_resources){ .memory.limit = INT(4000) };
	r.memory.check_before_update = true;
	assert_int_equal(limit(&r), -EBUSY);
	assert_non_null(strstr(err.msg, "5000 bytes used already"));
	r = (struct spec_resources){ .pids = INT(7) };
	assert_int_equal(limit(&r), -EOPNOTSUPP);
	assert_non_null(strstr(err.msg, "linux.resources.pids.limit: "));
	r.pids = INT(-1);
	assert_int_equal(limit(&r), 0);
	r.unified = (struct spec_pairs){ 1, &pair };
	assert_int_equal(limit(&r), -EINVAL);
	pair.key = "memory.high";
	assert_int_equal(limit(&r), -EOPNOTSUPP);
	file("memory.high", "max\n");
	assert_int_equal(limit(&r), 0);
	assert_file("memory.high", "1");
	group_close();
}

static void limits_v1(void **state)
{
	struct spec_hugepage page = { "2MB", 4096 };
	struct spec_rdma rdma = { "mlx5_1", INT(3), { false, 0 } };
	struct spec_net_prio prio = { "eth0", 5 };
	struct spec_resources r = { .hugepage_count = 1,
				    .hugepages = &page,
				    .rdma_count = 1,
				    .rdma = &rdma,
				    .net_prio_count = 1,
				    .net_prios = &prio,
				    .net_class = UINT(1048577) };

	(void)state;
	group_open("hugetlb,rdma,net_cls,net_prio,memory");
	file("hugetlb.2MB.limit_in_bytes", "0");
	file("rdma.max", "");
	file("net_cls.classid", "0");
	file("net_prio.ifpriomap", "");
	file("memory.limit_in_bytes", "9223372036854771712\n");
	file("memory.memsw.limit_in_bytes", "9223372036854771712\n");
	r.memory.limit = INT(100);
	r.memory.swap = INT(-1);
	assert_int_equal(limit(&r), 0);
	assert_file("hugetlb.2MB.limit_in_bytes", "4096");
	assert_file("rdma.max", "mlx5_1 hca_handle=3");
	assert_file("net_cls.classid", "1048577");
	assert_file("net_prio.ifpriomap", "eth0 5");
	assert_file("memory.limit_in_bytes", "100");
	assert_file("memory.memsw.limit_in_bytes", "-1");
	page.size = "../x";
	assert_int_equal(limit(&r), -EINVAL);
	group_close();
}

static void devices_v1(void **state)
{
	struct spec_device_rule rules[] = {
		{ .allow = true, .type = 'c', .read = true },
		{ .type = 'c', .major = INT(1), .minor = INT(3), .read = true },
	};
	struct spec_resources r = { .devices_set = true,
				    .device_count = 2,
				    .devices = rules };

	(void)state;
	group_open("devices");
	file("devices.list", "c 1:3 rwm\n");
	file("devices.allow", "");
	file("devices.deny", "");
	assert_int_equal(limit(&r), -EOPNOTSUPP);
	assert_non_null(strstr(err.msg, "deny \"c 1:3 r\" out of \"c *:* r\""));
	rules[0].major = INT(5);
	assert_int_equal(limit(&r), 0);
	assert_file("devices.allow", "c 5:* r");
	assert_file("devices.deny", "c 1:3 r");
	group_close();
}

static void counts(void **state)
{
	struct json_object *out = NULL, *memory = NULL, *usage = NULL;

	(void)state;
	group_open("");
	file("cgroup.controllers", "memory\n");
	file("memory.max", "max\n");
	file("memory.current", "5000\n");
	file("memory.stat", "anon 7\nfile 9\n");
	file("memory.events", "oom 5\noom_kill 3\n");
	file("cpu.stat", "usage_usec 5\nuser_usec 2\nsystem_usec 3\n");
	assert_int_equal(cgroup_oom_kills(&cgroup), 3);
	assert_int_equal(cgroup_stats(&cgroup, &out, &err), 0);
	assert_true(json_object_object_get_ex(out, "memory", &memory));
	assert_true(json_object_object_get_ex(memory, "usage", &usage));
	assert_string_equal(
		json_object_to_json_string_ext(usage, JSON_C_TO_STRING_PLAIN),
		"{\"limit\":18446744073709551615,\"usage\":5000,"
		"\"failcnt\":0}");
	assert_true(json_object_object_get_ex(out, "cpu", &memory));
	assert_string_equal(
		json_object_to_json_string_ext(memory, JSON_C_TO_STRING_PLAIN),
		"{\"usage\":{\"total\":5000,\"kernel\":3000,\"user\":2000},"
		"\"throttling\":{}}");
	json_object_put(out);
	group_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),      cmocka_unit_test(checks_path),
		cmocka_unit_test(converts),   cmocka_unit_test(limits_v2),
		cmocka_unit_test(refuses_v2), cmocka_unit_test(limits_v1),
		cmocka_unit_test(devices_v1), cmocka_unit_test(counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
