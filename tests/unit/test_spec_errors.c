/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a bad config.json, but for its `linux`. */
#include "tests/unit/spec.h"

#define NOT_INT  "must be an integer, not "
#define FRACTION NOT_INT "a number with a fraction or exponent"

static const struct spec_case top_cases[] = {
	{ "{'root':{'path':'r'}}", "ociVersion: required but missing" },
	{ "{'ociVersion':1.2}",
	  "ociVersion: must be a string, not a number with a fraction or "
	  "exponent" },
	{ "{'ociVersion':''}", "ociVersion: \"\" is no version such as 1.2.0" },
	{ "{'ociVersion':'1.2'}",
	  "ociVersion: \"1.2\" is no version such as 1.2.0" },
	{ "{'ociVersion':'1.02.0'}",
	  "ociVersion: \"1.02.0\" is no version such as 1.2.0" },
	{ "{'ociVersion':'1.2.0-'}",
	  "ociVersion: \"1.2.0-\" is no version such as 1.2.0" },
	{ "{'ociVersion':'1.2.0+a..b'}",
	  "ociVersion: \"1.2.0+a..b\" is no version such as 1.2.0" },
	{ "{'ociVersion':'2.0.0'}",
	  "ociVersion: 2.0.0 is not supported, only 1.x is" },
	{ "{'ociVersion':'0.5.0'}",
	  "ociVersion: 0.5.0 is not supported, only 1.x is" },
	{ "{'ociVersion':'1.0.0'}", "root: required but missing" },
	{ "{'ociVersion':'1.0.0','root':'r'}",
	  "root: must be an object, not a string" },
	{ "{'ociVersion':'1.0.0','root':{}}",
	  "root.path: required but missing" },
	{ "{'ociVersion':'1.0.0','root':{'path':''}}", "root.path: is empty" },
	{ "{'ociVersion':'1.0.0','root':{'path':'r','readonly':1}}",
	  "root.readonly: must be a boolean, not an integer" },
	{ TOP("'hostname':5"), "hostname: must be a string, not an integer" },
	{ TOP("'hostname':'h'"),
	  "hostname: needs \"uts\" in linux.namespaces" },
	{ TOP("'domainname':'d'"),
	  "domainname: needs \"uts\" in linux.namespaces" },
	{ TOP("'hostname':'01234567890123456789012345678901234567890123456789"
	      "012345678901234'"),
	  "hostname: is longer than 64 bytes" },
	{ TOP("'annotations':{'a':1}"),
	  "annotations.a: must be a string, not an integer" },
	{ TOP("'annotations':{'':'a'}"), "annotations: has an empty key" },
	{ TOP("'annotations':[]"),
	  "annotations: must be an object, not an array" },
	{ TOP("'linux':[]"), "linux: must be an object, not an array" },
	{ TOP("'unknown':18446744073709551616"),
	  "config.json: a number of more than 64 bits at byte 57" },
	{ TOP("'unknown':-99999999999999999999"),
	  "config.json: a number of more than 64 bits at byte 58" },
	{ "[]", "config.json: must be an object" },
	{ "null", "config.json: must be an object" },
	{ "", "error unmarshall config.json: unexpected end at byte 0" },
};

static const struct spec_case process_cases[] = {
	{ TOP("'process':[]"), "process: must be an object, not an array" },
	{ TOP("'process':{}"), "process.cwd: required but missing" },
	{ TOP("'process':{'cwd':''}"), "process.cwd: is empty" },
	{ TOP("'process':{'cwd':'a'}"),
	  "process.cwd: \"a\" is no absolute path" },
	{ TOP("'process':{'cwd':'/'}"), "process.args: required but missing" },
	{ TOP("'process':{'cwd':'/','args':[]}"), "process.args: is empty" },
	{ TOP("'process':{'cwd':'/','args':'sh'}"),
	  "process.args: must be an array, not a string" },
	{ TOP("'process':{'cwd':'/','args':['a',null]}"),
	  "process.args[1]: required but missing" },
	{ TOP("'process':{'cwd':'/','args':['a\\u0000b']}"),
	  "process.args[0]: contains a NUL character" },
	{ PROCESS("'terminal':'yes'"),
	  "process.terminal: must be a boolean, not a string" },
	{ PROCESS("'consoleSize':{'height':65536}"),
	  "process.consoleSize.height: 65536 is not in 0..65535" },
	{ PROCESS("'consoleSize':{'width':-1}"),
	  "process.consoleSize.width: -1 is not in 0..65535" },
	{ PROCESS("'env':['A=b','PATH']"),
	  "process.env[1]: \"PATH\" has no \"=\"" },
	{ PROCESS("'env':['=b']"),
	  "process.env[0]: \"=b\" has no name before its \"=\"" },
	{ PROCESS("'env':{'A':'b'}"),
	  "process.env: must be an array, not an object" },
	{ PROCESS("'user':'root'"),
	  "process.user: must be an object, not a string" },
	{ PROCESS("'user':{'uid':'root'}"),
	  "process.user.uid: " NOT_INT "a string" },
	{ PROCESS("'user':{'uid':-1}"),
	  "process.user.uid: -1 is not in 0..4294967294" },
	{ PROCESS("'user':{'uid':4294967295}"),
	  "process.user.uid: 4294967295 is not in 0..4294967294" },
	{ PROCESS("'user':{'gid':1.5}"), "process.user.gid: " FRACTION },
	{ PROCESS("'user':{'umask':512}"),
	  "process.user.umask: 512 is not in 0..511" },
	{ PROCESS("'user':{'additionalGids':[1,'x']}"),
	  "process.user.additionalGids[1]: " NOT_INT "a string" },
	{ PROCESS("'user':{'additionalGids':[4294967295]}"),
	  "process.user.additionalGids[0]: "
	  "4294967295 is not in 0..4294967294" },
	{ PROCESS("'user':{'additionalGids':[-1]}"),
	  "process.user.additionalGids[0]: -1 is not in 0..4294967294" },
	{ PROCESS("'capabilities':['CAP_KILL']"),
	  "process.capabilities: must be an object, not an array" },
	{ PROCESS("'capabilities':{'bounding':['CAP_KILL','CAP_FOO']}"),
	  "process.capabilities.bounding[1]: \"CAP_FOO\" is no capability" },
	{ PROCESS("'capabilities':{'ambient':['']}"),
	  "process.capabilities.ambient[0]: \"\" is no capability" },
	{ PROCESS("'capabilities':{'inheritable':[7]}"),
	  "process.capabilities.inheritable[0]: "
	  "must be a string, not an integer" },
	{ PROCESS("'rlimits':[{}]"),
	  "process.rlimits[0].type: required but missing" },
	{ PROCESS("'rlimits':[{'type':'NOFILE'}]"),
	  "process.rlimits[0].type: \"NOFILE\" is no limit" },
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','hard':1}]"),
	  "process.rlimits[0].soft: required but missing" },
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':1}]"),
	  "process.rlimits[0].hard: required but missing" },
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':2,'hard':1}]"),
	  "process.rlimits[0].soft: 2 is more than the hard limit, 1" },
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':-1,'hard':1}]"),
	  "process.rlimits[0].soft: -1 is not in 0..18446744073709551615" },
	{ PROCESS("'rlimits':[{'type':'RLIMIT_CPU','soft':1,'hard':1},"
		  "{'type':'RLIMIT_CPU','soft':1,'hard':1}]"),
	  "process.rlimits[1].type: \"RLIMIT_CPU\" is listed twice" },
	{ PROCESS("'noNewPrivileges':0"),
	  "process.noNewPrivileges: must be a boolean, not an integer" },
	{ PROCESS("'oomScoreAdj':1001"),
	  "process.oomScoreAdj: 1001 is not in -1000..1000" },
	{ PROCESS("'oomScoreAdj':-1001"),
	  "process.oomScoreAdj: -1001 is not in -1000..1000" },
	{ PROCESS("'apparmorProfile':{}"),
	  "process.apparmorProfile: must be a string, not an object" },
	{ PROCESS("'selinuxLabel':1"),
	  "process.selinuxLabel: must be a string, not an integer" },
	{ PROCESS("'execCPUAffinity':{'initial':'0-'}"),
	  "process.execCPUAffinity.initial: "
	  "\"0-\" is no list of ranges such as 0-3,7" },
	{ PROCESS("'execCPUAffinity':{'final':'3-1'}"),
	  "process.execCPUAffinity.final: "
	  "\"3-1\" is no list of ranges such as 0-3,7" },
	{ PROCESS("'execCPUAffinity':{'final':'1,'}"),
	  "process.execCPUAffinity.final: "
	  "\"1,\" is no list of ranges such as 0-3,7" },
	{ PROCESS("'execCPUAffinity':{'final':'99999'}"),
	  "process.execCPUAffinity.final: "
	  "\"99999\" is no list of ranges such as 0-3,7" },
};

#define SCHED(rest) PROCESS("'scheduler':{" rest "}")

static const struct spec_case scheduler_cases[] = {
	{ SCHED(""), "process.scheduler.policy: required but missing" },
	{ SCHED("'policy':'FIFO'"),
	  "process.scheduler.policy: \"FIFO\" is no scheduling policy" },
	{ SCHED("'policy':'SCHED_OTHER','nice':20"),
	  "process.scheduler.nice: 20 is not in -20..19" },
	{ SCHED("'policy':'SCHED_OTHER','priority':1"),
	  "process.scheduler.priority: 1 is not in 0..0" },
	{ SCHED("'policy':'SCHED_RR'"),
	  "process.scheduler.priority: required by SCHED_FIFO and SCHED_RR" },
	{ SCHED("'policy':'SCHED_FIFO','priority':100"),
	  "process.scheduler.priority: 100 is not in 1..99" },
	{ SCHED("'policy':'SCHED_BATCH','flags':['SCHED_FLAG_X']"),
	  "process.scheduler.flags[0]: "
	  "\"SCHED_FLAG_X\" is no scheduling flag" },
	{ SCHED("'policy':'SCHED_IDLE','deadline':1"),
	  "process.scheduler.deadline: is for SCHED_DEADLINE only" },
	{ SCHED("'policy':'SCHED_DEADLINE'"),
	  "process.scheduler.runtime: required by SCHED_DEADLINE" },
	{ SCHED("'policy':'SCHED_DEADLINE','runtime':5,'deadline':4"),
	  "process.scheduler.deadline: 4 is less than the runtime, 5" },
	{ SCHED("'policy':'SCHED_DEADLINE','runtime':5,'deadline':7,"
		"'period':6"),
	  "process.scheduler.period: 6 is less than the deadline, 7" },
	{ PROCESS("'ioPriority':{'priority':1}"),
	  "process.ioPriority.class: required but missing" },
	{ PROCESS("'ioPriority':{'class':'RT'}"),
	  "process.ioPriority.class: \"RT\" is no I/O scheduling class" },
	{ PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':8}"),
	  "process.ioPriority.priority: 8 is not in 0..7" },
};

#define MAPS(of) "'" of "Mappings':[{'containerID':0,'hostID':9,'size':1}]"

static const struct spec_case mount_cases[] = {
	{ TOP("'mounts':{}"), "mounts: must be an array, not an object" },
	{ TOP("'mounts':['/a']"),
	  "mounts[0]: must be an object, not a string" },
	{ TOP("'mounts':[{'type':'proc'}]"),
	  "mounts[0].destination: required but missing" },
	{ TOP("'mounts':[{'destination':''}]"),
	  "mounts[0].destination: is empty" },
	{ MOUNT("'source':'/b'"),
	  "mounts[0].type: required but for a bind mount" },
	{ MOUNT("'type':'tmpfs','options':['ro',5]"),
	  "mounts[0].options[1]: must be a string, not an integer" },
	{ MOUNT("'type':'tmpfs','options':'ro'"),
	  "mounts[0].options: must be an array, not a string" },
	{ MOUNT("'type':'bind'"),
	  "mounts[0].source: required by a bind mount" },
	{ MOUNT("'options':['rbind']"),
	  "mounts[0].source: required by a bind mount" },
	{ MOUNT("'type':'tmpfs','options':['idmap']," MAPS("uid")),
	  "mounts[0]: only a bind mount can be idmapped" },
	{ MOUNT("'type':'bind','source':'/s'," MAPS("uid")),
	  "mounts[0].gidMappings: required by the uidMappings" },
	{ MOUNT("'type':'bind','source':'/s'," MAPS("gid")),
	  "mounts[0].uidMappings: required by the gidMappings" },
	{ MOUNT("'type':'bind','source':'/s','options':['ridmap']"),
	  "mounts[0].options: needs \"user\" in linux.namespaces" },
	{ MOUNT("'type':'bind','source':'/s','options':['idmap=x']"),
	  "mounts[0].options[0]: \"x\" is not of the form "
	  "uids=0-1000-10#10-2000-1;gids=0-1000-11" },
	{ MOUNT("'type':'bind','source':'/s','options':['idmap=uids=0-1-1#']"),
	  "mounts[0].options[0]: \"uids=0-1-1#\" is not of the form "
	  "uids=0-1000-10#10-2000-1;gids=0-1000-11" },
	{ MOUNT("'type':'bind','source':'/s','options':['idmap=uids=0-1-1;"
		"gids=0-1-0']"),
	  "mounts[0].options[0].size: is 0" },
	{ MOUNT("'type':'bind','source':'/s','options':['idmap=uids=0-1-1;"
		"gids=0-1-1']," MAPS("uid")),
	  "mounts[0].uidMappings: mappings are in the options, too" },
	{ MOUNT("'type':'bind','source':'/s','options':['copy-symlink',"
		"'src-nofollow']"),
	  "mounts[0].options: \"copy-symlink\" excludes \"src-nofollow\" and "
	  "\"dest-nofollow\"" },
};

static const struct spec_case hook_cases[] = {
	{ TOP("'hooks':[]"), "hooks: must be an object, not an array" },
	{ TOP("'hooks':{'prestart':{}}"),
	  "hooks.prestart: must be an array, not an object" },
	{ TOP("'hooks':{'createRuntime':[{}]}"),
	  "hooks.createRuntime[0].path: required but missing" },
	{ TOP("'hooks':{'createContainer':[{'path':'a'}]}"),
	  "hooks.createContainer[0].path: \"a\" is no absolute path" },
	{ TOP("'hooks':{'startContainer':[{'path':'/a','timeout':0}]}"),
	  "hooks.startContainer[0].timeout: 0 is not in 1..2147483647" },
	{ TOP("'hooks':{'poststart':[{'path':'/a','timeout':2.5}]}"),
	  "hooks.poststart[0].timeout: " FRACTION },
	{ TOP("'hooks':{'poststop':[{'path':'/a'},{'path':'/a','env':['A']}]}"),
	  "hooks.poststop[1].env[0]: \"A\" has no \"=\"" },
	{ TOP("'hooks':{'poststop':[{'path':'/a','args':[1]}]}"),
	  "hooks.poststop[0].args[0]: must be a string, not an integer" },
};

static const struct spec_case exec_cases[] = {
	{ "{'args':['sh']}", "process.cwd: required but missing" },
	{ "{'cwd':'/','args':['a'],'env':['B']}",
	  "process.env[0]: \"B\" has no \"=\"" },
	{ "[]", "process: must be an object" },
	{ "{", "error unmarshall process: unexpected end at byte 1" },
};

static void test_top(void **state)
{
	(void)state;
	spec_bad(spec_parse, top_cases, COUNT(top_cases));
}

static void test_process(void **state)
{
	(void)state;
	spec_bad(spec_parse, process_cases, COUNT(process_cases));
}

static void test_scheduler(void **state)
{
	(void)state;
	spec_bad(spec_parse, scheduler_cases, COUNT(scheduler_cases));
}

static void test_mounts(void **state)
{
	(void)state;
	spec_bad(spec_parse, mount_cases, COUNT(mount_cases));
}

static void test_hooks(void **state)
{
	(void)state;
	spec_bad(spec_parse, hook_cases, COUNT(hook_cases));
}

static void test_exec(void **state)
{
	(void)state;
	spec_bad(spec_parse_process, exec_cases, COUNT(exec_cases));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_scheduler),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_exec),
	};

	return cmocka_run_group_tests_name("spec_errors", tests, NULL, NULL);
}
