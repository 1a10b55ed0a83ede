/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of run and create, with docker's names and letters. */
#include "runtime-glue/tool/bundle.h"

#define AT(member)  offsetof(struct run_options, member)
#define NET(member) offsetof(struct run_options, net.member)

/* clang-format off */
const struct cli_option run_option_table[] = {
	{ "interactive", 'i', CLI_FLAG, AT(interactive), NULL, "keep standard input open" },
	{ "tty", 't', CLI_FLAG, AT(tty), NULL, "give it a terminal" },
	{ "detach", 'd', CLI_FLAG, AT(detach), NULL, NULL }, /* refused, with advice */
	{ "rm", 0, CLI_FLAG, AT(remove), NULL, "remove it when it has ended" },
	{ "name", 0, CLI_TEXT, AT(name), "NAME", "its name (default: made up)" },
	{ "env", 'e', CLI_LIST, AT(env), "NAME[=VALUE]", "a variable; without =VALUE as it is here" },
	{ "env-file", 0, CLI_LIST, AT(env_file), "FILE", "variables, a line each" },
	{ "workdir", 'w', CLI_TEXT, AT(workdir), "DIR", "where it starts; made if missing" },
	{ "user", 'u', CLI_TEXT, AT(user), "USER[:GROUP]", "names or numbers" },
	{ "group-add", 0, CLI_LIST, AT(group_add), "GROUP", "one more group" },
	{ "entrypoint", 0, CLI_TEXT, AT(entrypoint), "PROGRAM", "instead of the image's; \"\": none" },
	{ "init", 0, CLI_FLAG, AT(init), NULL, "a first process that forwards signals and reaps" },
	{ "label", 'l', CLI_LIST, AT(label), "NAME[=VALUE]", "a label" },
	{ "stop-signal", 0, CLI_TEXT, AT(stop_signal), "SIGNAL", "what stop sends (default: TERM)" },
	{ "cidfile", 0, CLI_TEXT, AT(cidfile), "FILE", "write its id there" },
	{ "pid-file", 0, CLI_TEXT, AT(pid_file), "FILE", "write its process id there" },
	{ "rootfs", 0, CLI_TEXT, AT(rootfs), "DIR", "run on this directory, without an image" },

	{ "volume", 'v', CLI_LIST, AT(volume), "[FROM:]TO[:OPTIONS]", "a directory of the host or a volume" },
	{ "mount", 0, CLI_LIST, AT(mount), "type=T,source=S,target=T,...", "the same, in words" },
	{ "tmpfs", 0, CLI_LIST, AT(tmpfs), "DIR[:OPTIONS]", "a directory in memory" },
	{ "read-only", 0, CLI_FLAG, AT(read_only), NULL, "its root file system cannot be written" },
	{ "shm-size", 0, CLI_TEXT, AT(shm_size), "BYTES", "size of /dev/shm (default: 64m)" },

	{ "network", 0, CLI_LIST, NET(networks), "NETWORK", "bridge|none|host|container:X|ns:PATH|NAME" },
	{ "net", 0, CLI_LIST, NET(networks), "NETWORK", NULL },
	{ "publish", 'p', CLI_LIST, NET(publish), "[[IP:]PORT:]PORT[/PROTO]", "make its port one of the host's" },
	{ "publish-all", 'P', CLI_FLAG, NET(publish_all), NULL, "all ports that the image exposes" },
	{ "ip", 0, CLI_TEXT, NET(ip), "ADDRESS", "its IPv4 address" },
	{ "ip6", 0, CLI_TEXT, NET(ip6), "ADDRESS", "its IPv6 address" },
	{ "mac-address", 0, CLI_TEXT, NET(mac), "MAC", "its hardware address" },
	{ "hostname", 'h', CLI_TEXT, NET(hostname), "NAME", "its host name (default: begin of its id)" },
	{ "domainname", 0, CLI_TEXT, NET(domainname), "NAME", "its NIS domain name" },
	{ "dns", 0, CLI_LIST, NET(dns), "ADDRESS", "a name server" },
	{ "dns-search", 0, CLI_LIST, NET(dns_search), "DOMAIN", "where names are looked for; \".\": nowhere" },
	{ "dns-option", 0, CLI_LIST, NET(dns_option), "OPTION", "an option of resolv.conf" },
	{ "dns-opt", 0, CLI_LIST, NET(dns_option), "OPTION", NULL },
	{ "add-host", 0, CLI_LIST, NET(add_host), "NAME:ADDRESS", "a line of /etc/hosts" },

	{ "cpus", 0, CLI_TEXT, AT(cpus), "NUMBER", "so many processors' time (0.5)" },
	{ "cpu-shares", 'c', CLI_TEXT, AT(cpu_shares), "WEIGHT", "share of time among others (1024)" },
	{ "cpu-period", 0, CLI_TEXT, AT(cpu_period), "USEC", "of the quota: 1000 to 1000000" },
	{ "cpu-quota", 0, CLI_TEXT, AT(cpu_quota), "USEC", "time in each period; -1: no limit" },
	{ "cpuset-cpus", 0, CLI_TEXT, AT(cpuset_cpus), "LIST", "processors it may use (0-3,7)" },
	{ "cpuset-mems", 0, CLI_TEXT, AT(cpuset_mems), "LIST", "memory nodes it may use" },
	{ "memory", 'm', CLI_TEXT, AT(memory), "BYTES", "limit, with k, m or g; at least 6m" },
	{ "memory-swap", 0, CLI_TEXT, AT(memory_swap), "BYTES", "limit of memory and swap; -1: any swap" },
	{ "memory-reservation", 0, CLI_TEXT, AT(memory_reservation), "BYTES", "what it is left when memory is short" },
	{ "oom-kill-disable", 0, CLI_FLAG, AT(oom_kill_disable), NULL, "wait instead of being killed (cgroup v1)" },
	{ "oom-score-adj", 0, CLI_TEXT, AT(oom_score_adj), "NUMBER", "-1000 to 1000: who is killed first" },
	{ "pids-limit", 0, CLI_TEXT, AT(pids_limit), "NUMBER", "of processes; -1: no limit" },
	{ "blkio-weight", 0, CLI_TEXT, AT(blkio_weight), "WEIGHT", "10 to 1000; 0: as the parent" },
	{ "device-read-bps", 0, CLI_LIST, AT(device_read_bps), "DEVICE:BYTES", "limit of a disk, each second" },
	{ "device-write-bps", 0, CLI_LIST, AT(device_write_bps), "DEVICE:BYTES", "likewise" },
	{ "device-read-iops", 0, CLI_LIST, AT(device_read_iops), "DEVICE:NUMBER", "likewise" },
	{ "device-write-iops", 0, CLI_LIST, AT(device_write_iops), "DEVICE:NUMBER", "likewise" },
	{ "ulimit", 0, CLI_LIST, AT(ulimit), "NAME=SOFT[:HARD]", "a resource limit (nofile=1024:4096)" },
	{ "cgroup-parent", 0, CLI_TEXT, AT(cgroup_parent), "PATH", "the control group to be in" },

	{ "cap-add", 0, CLI_LIST, AT(cap_add), "CAPABILITY", "one more; ALL" },
	{ "cap-drop", 0, CLI_LIST, AT(cap_drop), "CAPABILITY", "one less; ALL" },
	{ "privileged", 0, CLI_FLAG, AT(privileged), NULL, "all rights over the host" },
	{ "security-opt", 0, CLI_LIST, AT(security_opt), "OPTION", "no-new-privileges|seccomp=|apparmor=|label=" },
	{ "device", 0, CLI_LIST, AT(device), "HOST[:PATH[:rwm]]", "a device of the host" },
	{ "sysctl", 0, CLI_LIST, AT(sysctl), "NAME=VALUE", "a kernel parameter of its namespaces" },
	{ "userns", 0, CLI_TEXT, AT(userns), "host", "its user namespace" },
	{ "pid", 0, CLI_TEXT, AT(pid), "host|container:X", "whose processes it sees (default: its own)" },
	{ "ipc", 0, CLI_TEXT, AT(ipc), "private|shareable|host|container:X", "whose System V IPC and /dev/shm" },
	{ "uts", 0, CLI_TEXT, AT(uts), "host", "whose host name" },
	{ "cgroupns", 0, CLI_TEXT, AT(cgroupns), "host|private", "whose control groups it sees" },
	{ .name = NULL },
};
/* clang-format on */
