/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a bad `linux` in config.json. */
#include "tests/unit/spec.h"

#define NS(types)    "'namespaces':[" types "]"
#define USER         NS("{'type':'user'}")
#define ONE_MAP(of)  "'" of "Mappings':[{'containerID':0,'hostID':9,'size':1}]"
#define MAP(c, h, s) "{'containerID':" c ",'hostID':" h ",'size':" s "}"

static const struct spec_case namespace_cases[] = {
	{ LINUX("'namespaces':{}"),
	  "linux.namespaces: must be an array, not an object" },
	{ LINUX(NS("{}")), "linux.namespaces[0].type: required but missing" },
	{ LINUX(NS("{'type':'pid'},{'type':'nett'}")),
	  "linux.namespaces[1].type: \"nett\" is no namespace" },
	{ LINUX(NS("{'type':'pid'},{'type':'pid','path':'/x'}")),
	  "linux.namespaces[1].type: \"pid\" is listed twice" },
	{ LINUX(NS("{'type':'pid','path':'x'}")),
	  "linux.namespaces[0].path: \"x\" is no absolute path" },
	{ LINUX(ONE_MAP("uid")),
	  "linux.uidMappings: needs \"user\" in linux.namespaces" },
	{ LINUX(ONE_MAP("gid")),
	  "linux.gidMappings: needs \"user\" in linux.namespaces" },
	{ LINUX(USER), "linux.uidMappings: required by a new user namespace" },
	{ LINUX(USER "," ONE_MAP("uid")),
	  "linux.gidMappings: required by a new user namespace" },
	{ LINUX("'uidMappings':[{'hostID':0,'size':1}]"),
	  "linux.uidMappings[0].containerID: required but missing" },
	{ LINUX("'uidMappings':[" MAP("0", "0", "0") "]"),
	  "linux.uidMappings[0].size: is 0" },
	{ LINUX("'uidMappings':[" MAP("2", "0", "4294967294") "]"),
	  "linux.uidMappings[0].size: 4294967294 ids from 2 on are too many" },
	{ LINUX("'gidMappings':[" MAP("0", "4294967295", "1") "]"),
	  "linux.gidMappings[0].hostID: "
	  "4294967295 is not in 0..4294967294" },
	{ LINUX("'gidMappings':[" MAP("0", "10", "5") "," MAP("4", "20",
							      "1") "]"),
	  "linux.gidMappings[1].containerID: overlaps with mapping 0" },
	{ LINUX("'gidMappings':[" MAP("0", "10", "5") "," MAP("5", "9",
							      "2") "]"),
	  "linux.gidMappings[1].hostID: overlaps with mapping 0" },
	{ LINUX("'timeOffsets':{'monotonic':{'secs':1}}"),
	  "linux.timeOffsets: needs \"time\" in linux.namespaces" },
	{ LINUX("'timeOffsets':{'boottime':{'secs':1}}," NS(
		  "{'type':'time','path':'/x'}")),
	  "linux.timeOffsets: a time namespace that is joined has its own" },
	{ LINUX("'timeOffsets':{'realtime':{}}"),
	  "linux.timeOffsets.realtime: is no clock of a time namespace" },
	{ LINUX("'timeOffsets':{'boottime':5}"),
	  "linux.timeOffsets.boottime: must be an object, not an integer" },
	{ LINUX("'timeOffsets':{'boottime':{'nanosecs':1000000000}}"),
	  "linux.timeOffsets.boottime.nanosecs: "
	  "1000000000 is not in 0..999999999" },
};

static const struct spec_case path_cases[] = {
	{ LINUX("'maskedPaths':['/a']"),
	  "linux.maskedPaths: needs \"mount\" in linux.namespaces" },
	{ LINUX("'readonlyPaths':['/a']"),
	  "linux.readonlyPaths: needs \"mount\" in linux.namespaces" },
	{ LINUX("'maskedPaths':['/a','b']"),
	  "linux.maskedPaths[1]: \"b\" is no absolute path" },
	{ LINUX("'readonlyPaths':['']"),
	  "linux.readonlyPaths[0]: \"\" is no absolute path" },
	{ LINUX("'rootfsPropagation':'ro'"),
	  "linux.rootfsPropagation: \"ro\" is no propagation" },
	{ LINUX("'cgroupsPath':1"),
	  "linux.cgroupsPath: must be a string, not an integer" },
	{ LINUX("'mountLabel':[]"),
	  "linux.mountLabel: must be a string, not an array" },
	{ LINUX("'devices':[{'path':'/dev/x'}]"),
	  "linux.devices[0].type: required but missing" },
	{ LINUX("'devices':[{'type':'x','path':'/dev/x'}]"),
	  "linux.devices[0].type: \"x\" is no type of a device" },
	{ LINUX("'devices':[{'type':'c','path':'dev/x'}]"),
	  "linux.devices[0].path: \"dev/x\" is no absolute path" },
	{ LINUX("'devices':[{'type':'c','path':'/dev/x','minor':1}]"),
	  "linux.devices[0].major: required but missing" },
	{ LINUX("'devices':[{'type':'b','path':'/x','major':1}]"),
	  "linux.devices[0].minor: required but missing" },
	{ LINUX("'devices':[{'type':'b','path':'/x','major':4096}]"),
	  "linux.devices[0].major: 4096 is not in 0..4095" },
	{ LINUX("'devices':[{'type':'p','path':'/x','uid':-1}]"),
	  "linux.devices[0].uid: -1 is not in 0..4294967294" },
	{ LINUX("'netDevices':{'eth0':{}}"),
	  "linux.netDevices: needs \"network\" in linux.namespaces" },
	{ LINUX("'netDevices':{'a/b':{}}"),
	  "linux.netDevices.a/b: is no name of a network device" },
	{ LINUX("'netDevices':{'eth0':{'name':'sixteen_is_long.'}}"),
	  "linux.netDevices.eth0.name: "
	  "\"sixteen_is_long.\" is no name of a network device" },
	{ LINUX("'netDevices':{'eth0':{'name':'e%d%d'}}"),
	  "linux.netDevices.eth0.name: "
	  "\"e%d%d\" is no name of a network device" },
	{ LINUX("'netDevices':{'a':{'name':'x'},'b':{'name':'x'}}"),
	  "linux.netDevices.b.name: \"x\" is \"a\" already" },
	{ LINUX("'netDevices':{'eth0':'eth1'}"),
	  "linux.netDevices.eth0: must be an object, not a string" },
};

#define MEMORY(rest) RESOURCES("'memory':{" rest "}")
#define CPU(rest)    RESOURCES("'cpu':{" rest "}")
#define BLOCK(rest)  RESOURCES("'blockIO':{" rest "}")
#define RES          "linux.resources."

static const struct spec_case resource_cases[] = {
	{ LINUX("'resources':[]"),
	  "linux.resources: must be an object, not an array" },
	{ RESOURCES("'devices':[{'access':'rwm'}]"),
	  RES "devices[0].allow: required but missing" },
	{ RESOURCES("'devices':[{'allow':true,'access':'rx'}]"),
	  RES "devices[0].access: \"rx\" has letters other than r, w and m" },
	{ RESOURCES("'devices':[{'allow':true,'access':''}]"),
	  RES "devices[0].access: is empty" },
	{ RESOURCES("'devices':[{'allow':true,'type':'u'}]"),
	  RES "devices[0].type: \"u\" is no type of a device rule" },
	{ RESOURCES("'devices':[{'allow':true,'major':-2}]"),
	  RES "devices[0].major: -2 is not in -1..4095" },
	{ RESOURCES("'devices':[{'allow':true,'minor':1048576}]"),
	  RES "devices[0].minor: 1048576 is not in -1..1048575" },
	{ MEMORY("'limit':-2"),
	  RES "memory.limit: -2 is not in -1..9223372036854775807" },
	{ MEMORY("'limit':9223372036854775808"),
	  RES "memory.limit: "
	      "9223372036854775808 is not in -1..9223372036854775807" },
	{ MEMORY("'limit':1e6"),
	  RES "memory.limit: must be an integer, not a number with a fraction "
	      "or exponent" },
	{ MEMORY("'limit':'1G'"),
	  RES "memory.limit: must be an integer, not a string" },
	{ MEMORY("'swappiness':101"),
	  RES "memory.swappiness: 101 is not in 0..100" },
	{ MEMORY("'disableOOMKiller':'no'"),
	  RES "memory.disableOOMKiller: must be a boolean, not a string" },
	{ MEMORY("'swap':100"), RES "memory.swap: requires a memory limit" },
	{ MEMORY("'swap':100,'limit':-1"),
	  RES "memory.swap: requires a memory limit" },
	{ MEMORY("'swap':100,'limit':200"),
	  RES "memory.swap: 100 is less than the memory limit, 200" },
	{ CPU("'shares':-1"),
	  RES "cpu.shares: -1 is not in 0..18446744073709551615" },
	{ CPU("'quota':-2"),
	  RES "cpu.quota: -2 is not in -1..9223372036854775807" },
	{ CPU("'idle':2"), RES "cpu.idle: 2 is not in 0..1" },
	{ CPU("'cpus':'a'"), RES "cpu.cpus: \"a\" is no list such as 0-3,7" },
	{ CPU("'mems':0"), RES "cpu.mems: must be a string, not an integer" },
	{ RESOURCES("'pids':5"),
	  RES "pids: must be an object, not an integer" },
	{ RESOURCES("'pids':{'limit':-5}"),
	  RES "pids.limit: -5 is not in -1..9223372036854775807" },
	{ BLOCK("'weight':9"), RES "blockIO.weight: 9 is not in 10..1000" },
	{ BLOCK("'leafWeight':1001"),
	  RES "blockIO.leafWeight: 1001 is not in 0..1000" },
	{ BLOCK("'weightDevice':[{'major':8,'minor':0}]"),
	  RES "blockIO.weightDevice[0]: has neither weight nor leafWeight" },
	{ BLOCK("'weightDevice':[{'minor':0,'weight':10}]"),
	  RES "blockIO.weightDevice[0].major: required but missing" },
	{ BLOCK("'throttleReadBpsDevice':[{'major':8,'minor':0}]"),
	  RES "blockIO.throttleReadBpsDevice[0].rate: required but missing" },
	{ BLOCK("'throttleWriteIOPSDevice':[{'major':8,'rate':0}]"),
	  RES "blockIO.throttleWriteIOPSDevice[0].minor: "
	      "required but missing" },
	{ RESOURCES("'hugepageLimits':[{'pageSize':'2 MB','limit':1}]"),
	  RES "hugepageLimits[0].pageSize: \"2 MB\" is no size such as 2MB" },
	{ RESOURCES("'hugepageLimits':[{'pageSize':'../2MB'}]"),
	  RES "hugepageLimits[0].pageSize: "
	      "\"../2MB\" is no size such as 2MB" },
	{ RESOURCES("'hugepageLimits':[{'pageSize':'2MB'}]"),
	  RES "hugepageLimits[0].limit: required but missing" },
	{ RESOURCES("'network':{'classID':4294967296}"),
	  RES "network.classID: 4294967296 is not in 0..4294967295" },
	{ RESOURCES("'network':{'priorities':[{'name':'a b'}]}"),
	  RES "network.priorities[0].name: "
	      "\"a b\" is no name of a network device" },
	{ RESOURCES("'network':{'priorities':[{'name':'lo'}]}"),
	  RES "network.priorities[0].priority: required but missing" },
	{ RESOURCES("'rdma':{'mlx5_1':{}}"),
	  RES "rdma.mlx5_1: has neither hcaHandles nor hcaObjects" },
	{ RESOURCES("'rdma':{'a b':{'hcaObjects':1}}"),
	  RES "rdma.a b: is no name of a device" },
	{ RESOURCES("'unified':{'../cgroup.procs':'1'}"),
	  RES "unified.../cgroup.procs: is no name of a file" },
	{ RESOURCES("'unified':{'memory.max':1}"),
	  RES "unified.memory.max: must be a string, not an integer" },
};

#define ERRNO_RULE(rest) \
	SECCOMP("'SCMP_ACT_ALLOW','syscalls':[{'names':['open']," rest "}]")
#define ARG(rest) ERRNO_RULE("'action':'SCMP_ACT_LOG','args':[{" rest "}]")
#define NOTIFY(name) \
	"'syscalls':[{'names':['" name "'],'action':'SCMP_ACT_NOTIFY'}]"
#define SYS "linux.seccomp.syscalls[0]."

static const struct spec_case seccomp_cases[] = {
	{ LINUX("'seccomp':{}"),
	  "linux.seccomp.defaultAction: required but missing" },
	{ SECCOMP("'ALLOW'"),
	  "linux.seccomp.defaultAction: \"ALLOW\" is no seccomp action" },
	{ SECCOMP("'SCMP_ACT_ALLOW','defaultErrnoRet':1"),
	  "linux.seccomp.defaultErrnoRet: "
	  "is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE" },
	{ SECCOMP("'SCMP_ACT_ERRNO','defaultErrnoRet':4096"),
	  "linux.seccomp.defaultErrnoRet: 4096 is not in 0..4095" },
	{ SECCOMP("'SCMP_ACT_NOTIFY','listenerPath':'/s'"),
	  "linux.seccomp.defaultAction: "
	  "SCMP_ACT_NOTIFY cannot be the default" },
	{ SECCOMP("'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86','x86']"),
	  "linux.seccomp.architectures[1]: \"x86\" is no architecture" },
	{ SECCOMP("'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_X']"),
	  "linux.seccomp.flags[0]: "
	  "\"SECCOMP_FILTER_FLAG_X\" is no seccomp flag" },
	{ SECCOMP("'SCMP_ACT_ALLOW','listenerPath':'s'"),
	  "linux.seccomp.listenerPath: \"s\" is no absolute path" },
	{ SECCOMP("'SCMP_ACT_ALLOW','listenerMetadata':'m'"),
	  "linux.seccomp.listenerMetadata: requires listenerPath" },
	{ SECCOMP("'SCMP_ACT_ALLOW'," NOTIFY("mknod")),
	  "linux.seccomp.listenerPath: required by SCMP_ACT_NOTIFY" },
	{ SECCOMP("'SCMP_ACT_ALLOW','listenerPath':'/s'," NOTIFY("write")),
	  SYS "names[0]: SCMP_ACT_NOTIFY cannot be used for \"write\"" },
	{ SECCOMP("'SCMP_ACT_ALLOW','syscalls':[{'name':'open'}]"),
	  SYS "names: required but missing" },
	{ SECCOMP("'SCMP_ACT_ALLOW','syscalls':[{'names':[]}]"),
	  SYS "names: is empty" },
	{ ERRNO_RULE("'errnoRet':1"), SYS "action: required but missing" },
	{ ERRNO_RULE("'action':'SCMP_ACT_KILL','errnoRet':1"),
	  SYS "errnoRet: is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE" },
	{ ERRNO_RULE("'action':'SCMP_ACT_TRACE','errnoRet':65536"),
	  SYS "errnoRet: 65536 is not in 0..65535" },
	{ ARG("'index':6"), SYS "args[0].index: 6 is not in 0..5" },
	{ ARG("'value':6"), SYS "args[0].index: required but missing" },
	{ ARG("'index':0"), SYS "args[0].value: required but missing" },
	{ ARG("'index':0,'value':-1"),
	  SYS "args[0].value: -1 is not in 0..18446744073709551615" },
	{ ARG("'index':0,'value':1"), SYS "args[0].op: required but missing" },
	{ ARG("'index':0,'value':1,'op':'=='"),
	  SYS "args[0].op: \"==\" is no seccomp operator" },
	{ ARG("'index':0,'value':1,'valueTwo':1.5"),
	  SYS "args[0].valueTwo: must be an integer, not a number with a "
	      "fraction or exponent" },
};

#define SYSCTL(key) "'sysctl':{'" key "':'1'}"
#define UTS         NS("{'type':'uts'}")

static const struct spec_case sysctl_cases[] = {
	{ LINUX("'sysctl':{'net.core.somaxconn':256}"),
	  "linux.sysctl.net.core.somaxconn: "
	  "must be a string, not an integer" },
	{ LINUX(SYSCTL("net.core.somaxconn")),
	  "linux.sysctl.net.core.somaxconn: "
	  "needs \"network\" in linux.namespaces" },
	{ LINUX(SYSCTL("net/ipv4/conf/e.1/x")),
	  "linux.sysctl.net/ipv4/conf/e.1/x: "
	  "needs \"network\" in linux.namespaces" },
	{ LINUX(SYSCTL("kernel.sem")),
	  "linux.sysctl.kernel.sem: needs \"ipc\" in linux.namespaces" },
	{ LINUX(SYSCTL("fs.mqueue.queues_max")),
	  "linux.sysctl.fs.mqueue.queues_max: "
	  "needs \"ipc\" in linux.namespaces" },
	{ LINUX(SYSCTL("kernel.domainname")),
	  "linux.sysctl.kernel.domainname: "
	  "needs \"uts\" in linux.namespaces" },
	{ LINUX(SYSCTL("kernel.core_pattern")),
	  "linux.sysctl.kernel.core_pattern: belongs to no namespace" },
	{ LINUX(SYSCTL("vm.overcommit_memory")),
	  "linux.sysctl.vm.overcommit_memory: belongs to no namespace" },
	{ LINUX(SYSCTL("net.ipv4.//.//.kernel.x")),
	  "linux.sysctl.net.ipv4.//.//.kernel.x: is no name of a sysctl" },
	{ LINUX(SYSCTL("net/../kernel/x")),
	  "linux.sysctl.net/../kernel/x: is no name of a sysctl" },
	{ LINUX(SYSCTL("net.ipv4..x")),
	  "linux.sysctl.net.ipv4..x: is no name of a sysctl" },
	{ TOP("'hostname':'h','linux':{" UTS "," SYSCTL("kernel.hostname") "}"),
	  "linux.sysctl.kernel.hostname: conflicts with hostname" },
	{ TOP("'domainname':'d','linux':{" UTS
	      "," SYSCTL("kernel/domainname") "}"),
	  "linux.sysctl.kernel/domainname: conflicts with domainname" },
};

#define POLICY(rest) LINUX("'memoryPolicy':{" rest "}")
#define RDT(rest)    LINUX("'intelRdt':{" rest "}")

static const struct spec_case policy_cases[] = {
	{ LINUX("'personality':{}"),
	  "linux.personality.domain: required but missing" },
	{ LINUX("'personality':{'domain':'BSD'}"),
	  "linux.personality.domain: \"BSD\" is no execution domain" },
	{ LINUX("'personality':{'domain':'LINUX','flags':['X']}"),
	  "linux.personality.flags[0]: \"X\" is no flag that is supported" },
	{ POLICY(""), "linux.memoryPolicy.mode: required but missing" },
	{ POLICY("'mode':'BIND'"),
	  "linux.memoryPolicy.mode: \"BIND\" is no mode of a memory policy" },
	{ POLICY("'mode':'MPOL_BIND'"),
	  "linux.memoryPolicy.nodes: required by this mode" },
	{ POLICY("'mode':'MPOL_LOCAL','nodes':'0'"),
	  "linux.memoryPolicy.nodes: must be empty in this mode" },
	{ POLICY("'mode':'MPOL_BIND','nodes':'x'"),
	  "linux.memoryPolicy.nodes: "
	  "\"x\" is no list of ranges such as 0-3,7" },
	{ POLICY("'mode':'MPOL_BIND','nodes':'0','flags':['F']"),
	  "linux.memoryPolicy.flags[0]: "
	  "\"F\" is no flag of a memory policy" },
	{ POLICY("'mode':'MPOL_BIND','nodes':'0','flags':"
		 "['MPOL_F_STATIC_NODES','MPOL_F_RELATIVE_NODES']"),
	  "linux.memoryPolicy.flags: "
	  "MPOL_F_RELATIVE_NODES excludes MPOL_F_STATIC_NODES" },
	{ RDT("'closID':'..'"),
	  "linux.intelRdt.closID: \"..\" is no name of a directory" },
	{ RDT("'closID':'a/b'"),
	  "linux.intelRdt.closID: \"a/b\" is no name of a directory" },
	{ RDT("'memBwSchema':'L3:0=1'"),
	  "linux.intelRdt.memBwSchema: "
	  "\"L3:0=1\" does not begin with \"MB:\"" },
	{ RDT("'schemata':['L3:0=1\\nMB:0=1']"),
	  "linux.intelRdt.schemata[0]: is more than one line" },
	{ RDT("'enableMonitoring':1"), "linux.intelRdt.enableMonitoring: "
				       "must be a boolean, not an integer" },
};

static const struct spec_case update_cases[] = {
	{ "{'memory':{'limit':true}}", "linux.resources.memory.limit: "
				       "must be an integer, not a boolean" },
	{ "7", "resources: must be an object" },
};

#define TEST(name)                                                       \
	static void test_##name(void **state)                            \
	{                                                                \
		(void)state;                                             \
		spec_bad(spec_parse, name##_cases, COUNT(name##_cases)); \
	}

TEST(namespace)
TEST(path)
TEST(resource)
TEST(seccomp)
TEST(sysctl)
TEST(policy)

static void test_update(void **state)
{
	(void)state;
	spec_bad(spec_parse_resources, update_cases, COUNT(update_cases));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespace),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_resource),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_sysctl),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_update),
	};

	return cmocka_run_group_tests_name("spec_linux", tests, NULL, NULL);
}
