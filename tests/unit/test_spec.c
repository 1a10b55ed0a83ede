/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from a good config.json, engines' own ones included. */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/spec.h"

static void test_the_least(void **state)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	const struct spec *spec = &doc.spec;

	(void)state;
	spec_good("{" HEAD "}", &doc);
	assert_string_equal(spec->oci_version, "1.2.0");
	assert_string_equal(spec->root_path, "rootfs");
	assert_false(spec->root_readonly);
	assert_false(spec->has_process);
	assert_null(spec->hostname);
	assert_int_equal(spec->mount_count, 0);
	assert_false(spec->linux_.seccomp.set);
	assert_false(spec->linux_.resources.devices_set);
	for (int i = 0; i < SPEC_NS_COUNT; i++)
		assert_false(spec->linux_.ns[i].used);
}

static void test_versions(void **state)
{
	static const char *const good[] = {
		"1.0.0", "1.0.2-dev", "1.2.0", "1.3.0-rc.1", "1.10.0+a-b.1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		auto_spec_doc struct spec_doc doc = { .json = NULL };
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "{'ociVersion':'%s','root':{'path':'/r'}}",
			       good[i]);
		spec_good(text, &doc);
		assert_string_equal(doc.spec.oci_version, good[i]);
	}
}

/* Null is absent, and what is not known is not looked at. */
static void test_ignored(void **state)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };

	(void)state;
	spec_good("{" HEAD ",'process':null,'hostname':'','linux':null,"
		  "'mounts':[],'solaris':5,'vm':{'x':[1.5,0.123456789012345678"
		  "90123]},'a\\\\':'\\\"99999999999999999999999'}",
		  &doc);
	assert_false(doc.spec.has_process);
	assert_null(doc.spec.hostname);
}

#define BIG "18446744073709551615"

static const char process_text[] =
	PROCESS("'terminal':true,'consoleSize':{'height':25,'width':80},"
		"'env':['A=b','C=','D=e=f'],'user':{'uid':1,'gid':2,"
		"'umask':18,'additionalGids':[0,4294967294]},"
		"'capabilities':{'bounding':['CAP_CHOWN','cap_bpf'],"
		"'effective':['CAP_CHOWN'],'permitted':[],"
		"'ambient':['CAP_CHECKPOINT_RESTORE']},"
		"'rlimits':[{'type':'RLIMIT_NOFILE','soft':10,'hard':" BIG
		"},{'type':'RLIMIT_CORE','soft':0,'hard':0}],"
		"'noNewPrivileges':true,'oomScoreAdj':-999,"
		"'scheduler':{'policy':'SCHED_DEADLINE','runtime':1,"
		"'deadline':2,'flags':['SCHED_FLAG_RECLAIM',"
		"'SCHED_FLAG_RESET_ON_FORK']},'ioPriority':{'class':"
		"'IOPRIO_CLASS_BE','priority':4},'execCPUAffinity':{"
		"'initial':'0-3,7','final':''},'apparmorProfile':'p',"
		"'selinuxLabel':''");

static void check_process(const struct spec_process *process)
{
	assert_true(process->terminal && process->no_new_privileges);
	assert_int_equal(process->console_height.value, 25);
	assert_int_equal(process->console_width.value, 80);
	assert_int_equal(process->env.count, 3);
	assert_string_equal(process->env.at[2], "D=e=f");
	assert_null(process->env.at[3]);
	assert_string_equal(process->args.at[0], "sh");
	assert_null(process->args.at[1]);
	assert_int_equal(process->user.uid, 1);
	assert_int_equal(process->user.gid, 2);
	assert_true(process->user.umask.set);
	assert_int_equal(process->user.umask.value, 022);
	assert_int_equal(process->user.gid_count, 2);
	assert_int_equal(process->user.gids[1], 4294967294);
	assert_int_equal(process->oom_score_adj.value, -999);
	assert_string_equal(process->cpu_initial, "0-3,7");
	assert_null(process->cpu_final);
	assert_string_equal(process->apparmor, "p");
	assert_null(process->selinux);
}

static void test_process(void **state)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	const struct spec_process *process = &doc.spec.process;

	(void)state;
	spec_good(process_text, &doc);
	assert_true(doc.spec.has_process);
	check_process(process);
	assert_true(process->caps.set);
	assert_int_equal(process->caps.bounding, 1ULL | 1ULL << CAP_BPF);
	assert_int_equal(process->caps.effective, 1);
	assert_int_equal(process->caps.permitted, 0);
	assert_int_equal(process->caps.inheritable, 0);
	assert_int_equal(process->caps.ambient, 1ULL << CAP_CHECKPOINT_RESTORE);
	assert_int_equal(process->rlimit_count, 2);
	assert_int_equal(process->rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(process->rlimits[0].soft, 10);
	assert_true(process->rlimits[0].hard == UINT64_MAX);
	assert_true(process->scheduler.set);
	assert_int_equal(process->scheduler.policy, 6);
	assert_int_equal(process->scheduler.deadline, 2);
	assert_int_equal(process->scheduler.flags, 3);
	assert_int_equal(process->io_priority.value,
			 IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4));
}

#define IDS(of) "'" of "Mappings':[{'containerID':0,'hostID':9,'size':5}]"

static const char linux_text[] = TOP(
	"'hostname':'h','hooks':{'poststop':[{'path':'/a','args':['a'],"
	"'timeout':3}]},'linux':{'namespaces':[{'type':'uts'},{'type':"
	"'time'},{'type':'user'},{'type':'network','path':'/n'},{'type':"
	"'ipc','path':''},{'type':'mount'}]," IDS("uid") "," IDS(
		"gid") ","
		       "'timeOffsets':{'boottime':{'secs':-5,'nanosecs':7}},"
		       "'devices':[{'type':'c','path':'/dev/"
		       "x','major':10,'minor':229,"
		       "'fileMode':8630,'gid':5},{'type':'p','path':'/p'}],"
		       "'netDevices':{'eth0':{},'eth1':{'name':'c%d'}},"
		       "'rootfsPropagation':'rslave','maskedPaths':['/proc/"
		       "kcore'],"
		       "'sysctl':{'net.ipv4.ip_forward':'1','net/ipv4/conf/e.1/"
		       "x':'0',"
		       "'kernel.shmmax':'1','kernel.domainname':'d'},"
		       "'personality':{'domain':'LINUX32','flags':[]},"
		       "'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':'0-1',"
		       "'flags':['MPOL_F_STATIC_NODES']},"
		       "'intelRdt':{'closID':'/','schemata':['L3:0=1']}}");

static void test_linux(void **state)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	const struct spec_linux *got = &doc.spec.linux_;

	(void)state;
	spec_good(linux_text, &doc);
	assert_true(got->ns[SPEC_NS_UTS].used && !got->ns[SPEC_NS_PID].used);
	assert_string_equal(got->ns[SPEC_NS_NETWORK].path, "/n");
	assert_null(got->ns[SPEC_NS_IPC].path);
	assert_int_equal(got->uids.at[0].size, 5);
	assert_true(got->boottime.set && !got->monotonic.set);
	assert_int_equal(got->boottime.secs, -5);
	assert_int_equal(got->devices[0].mode.value, 0666);
	assert_int_equal(got->devices[0].minor, 229);
	assert_false(got->devices[1].mode.set);
	assert_string_equal(got->net_devices[0].name, "eth0");
	assert_string_equal(got->net_devices[1].name, "c%d");
	assert_int_equal(got->rootfs_propagation, MS_SLAVE | MS_REC);
	assert_int_equal(got->masked_paths.count, 1);
	assert_string_equal(spec_pair(&got->sysctl, "kernel.shmmax"), "1");
	assert_null(spec_pair(&got->sysctl, "x"));
	assert_int_equal(got->personality.value, PER_LINUX32);
	assert_int_equal(got->memory_policy.mode,
			 MPOL_INTERLEAVE | MPOL_F_STATIC_NODES);
	assert_string_equal(got->intel_rdt.clos_id, "/");
	assert_int_equal(doc.spec.hooks[SPEC_HOOK_POSTSTOP].count, 1);
	assert_int_equal(doc.spec.hooks[SPEC_HOOK_POSTSTOP].at[0].timeout.value,
			 3);
}

static const char resources_text[] =
	"{'devices':[{'allow':false},{'allow':true,'type':'c','major':1,"
	"'minor':-1,'access':'rm'}],'memory':{'limit':9223372036854775807,"
	"'swap':-1,'swappiness':0,'disableOOMKiller':false},'cpu':{'shares':"
	"2,'quota':-1,'cpus':'0-3','mems':''},'pids':{'limit':0},'blockIO':{"
	"'weight':0,'weightDevice':[{'major':8,'minor':0,'leafWeight':10}],"
	"'throttleReadIOPSDevice':[{'major':8,'minor':16,'rate':" BIG
	"}]},'hugepageLimits':[{'pageSize':'1GB','limit':5}],'network':{"
	"'classID':1,'priorities':[{'name':'lo','priority':2}]},'rdma':{"
	"'mlx':{'hcaObjects':3}},'unified':{'memory.high':'1'}}";

static void test_resources(void **state)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	const struct spec_resources *got = &doc.spec.linux_.resources;
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(
		spec_read(spec_parse_resources, resources_text, &doc, &err), 0);
	assert_true(got->devices_set);
	assert_int_equal(got->devices[0].type, 'a');
	assert_true(got->devices[0].mknod && !got->devices[0].allow);
	assert_true(got->devices[1].major.set && !got->devices[1].minor.set);
	assert_true(got->devices[1].read && !got->devices[1].write);
	assert_true(got->memory.limit.value == INT64_MAX);
	assert_int_equal(got->memory.swap.value, -1);
	assert_true(got->memory.swappiness.set);
	assert_true(got->memory.disable_oom_killer_set);
	assert_false(got->memory.use_hierarchy_set);
	assert_false(got->memory.reservation.set);
	assert_int_equal(got->cpu.quota.value, -1);
	assert_null(got->cpu.mems);
	assert_true(got->pids.set && got->pids.value == 0);
	assert_false(got->block_io.weight.set);
	assert_int_equal(got->block_io.weights[0].leaf_weight.value, 10);
	assert_true(got->block_io.read_iops.at[0].rate == UINT64_MAX);
	assert_string_equal(got->hugepages[0].size, "1GB");
	assert_string_equal(got->net_prios[0].name, "lo");
	assert_false(got->rdma[0].handles.set);
	assert_int_equal(got->rdma[0].objects.value, 3);
	assert_string_equal(spec_pair(&got->unified, "memory.high"), "1");
}

static const char seccomp_text[] =
	SECCOMP("'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X32'],'flags':["
		"'SECCOMP_FILTER_FLAG_LOG'],'listenerPath':'/s','syscalls':[{"
		"'names':['a'],'action':'SCMP_ACT_ERRNO','errnoRet':38},"
		"{'names':['b','c'],'action':'SCMP_ACT_TRACE','args':[{'index'"
		":5,'value':" BIG ",'valueTwo':1,'op':'SCMP_CMP_MASKED_EQ'}]},"
		"{'names':['d'],'action':'SCMP_ACT_KILL'}%s]");

static void test_seccomp(void **state)
{
	(void)state;
	for (int notify = 0; notify < 2; notify++) {
		auto_spec_doc struct spec_doc doc = { .json = NULL };
		const struct spec_seccomp *got = &doc.spec.linux_.seccomp;
		char text[1024];

		(void)snprintf(text, sizeof(text), seccomp_text,
			       notify ? ",{'names':['e'],'action':"
					"'SCMP_ACT_NOTIFY'}"
				      : "");
		spec_good(text, &doc);
		assert_true(got->set && got->flag_log && !got->flag_tsync);
		assert_int_equal(got->default_action, SCMP_ACT_ERRNO(EPERM));
		assert_int_equal(got->arches[0], SCMP_ARCH_X32);
		assert_int_equal(got->rules[0].action, SCMP_ACT_ERRNO(38));
		assert_int_equal(got->rules[1].action, SCMP_ACT_TRACE(EPERM));
		assert_int_equal(got->rules[1].args[0].op, SCMP_CMP_MASKED_EQ);
		assert_true(got->rules[1].args[0].value == UINT64_MAX);
		assert_int_equal(got->rules[2].action, SCMP_ACT_KILL_THREAD);
		assert_int_equal(got->listener_path != NULL, notify);
	}
}

/* What engines handed over, shortened. */
static void test_engines(void **state)
{
	static const char *const names[] = { "containerd", "k8s", "podman" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		auto_spec_doc struct spec_doc doc = { .json = NULL };
		struct err err = { .code = CNI_OK };
		char path[512];

		(void)snprintf(path, sizeof(path),
			       "%s/tests/unit/data/oci/%s.json",
			       getenv("TOP") ?: ".", names[i]);
		if (spec_load(path, &doc, &err) < 0)
			fail_msg("%s", err.msg);
		assert_true(doc.spec.has_process);
		assert_true(doc.spec.mount_count > 5);
		assert_non_null(doc.spec.linux_.ns[SPEC_NS_NETWORK].path);
		assert_int_equal(doc.spec.linux_.resources.device_count, 1);
	}
}

static void test_files(void **state)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	struct err err = { .code = CNI_OK };
	char path[] = "/tmp/spec.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_int_equal(spec_load("/nowhere/config.json", &doc, &err),
			 -ENOENT);
	assert_string_equal(err.msg, "open /nowhere/config.json: "
				     "No such file or directory");
	assert_true(fd >= 0);
	assert_true(write(fd, "{\"cwd\":\"/\",\"args\":[\"a\"]}", 24) == 24);
	(void)close(fd);
	err_clear(&err);
	assert_int_equal(spec_load_process(path, &doc, &err), 0);
	assert_true(doc.spec.has_process);
	assert_string_equal(doc.spec.process.args.at[0], "a");
	(void)unlink(path);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		assert_int_equal(spec_cap_number(spec_cap_name(i)), i);
	assert_int_equal(spec_cap_number("net_admin"), CAP_NET_ADMIN);
	assert_int_equal(spec_cap_number("CAP_"), -1);
	assert_null(spec_cap_name(CAP_LAST_CAP + 1));
	assert_null(spec_cap_name(-1));
	assert_int_equal(spec_rlimit_number("RLIMIT_RTTIME"), RLIMIT_RTTIME);
	assert_int_equal(spec_rlimit_number("NOFILE"), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_least),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
