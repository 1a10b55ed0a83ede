/* SPDX-License-Identifier: GPL-2.0-or-later */
/* portmap's configuration: what is read, and what is said of bad ones. */
/* wrap: log_warn */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/io.h"
#include "common/base/strbuf.h"
#include "plugins/portmap/conf.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A configuration with port mappings, one with a result before, and both. */
#define PORTS(list) "'runtimeConfig':{'portMappings':[" list "]}"
#define TCP80       "'hostPort':80,'containerPort':8080,'protocol':'tcp'"
#define UDP53       "'hostPort':53,'containerPort':53,'protocol':'udp'"
#define POD         "{'name':'eth0','sandbox':'/run/netns/x'}"
#define PREV(rest)  "'prevResult':{'cniVersion':'1.1.0'" rest "}"
#define PREV_POD(ips) \
	PREV(",'interfaces':[{'name':'cni0'}," POD "],'ips':[" ips "]")
#define NONE PREV("")

/* What was warned of, one line each. */
static char warned[2048];

void __wrap_log_warn(const char *fmt, ...) PRINTF(1, 2);
void __wrap_log_warn(const char *fmt, ...)
{
	size_t len = strlen(warned);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(warned + len, sizeof(warned) - len, fmt, ap);
	va_end(ap);
	len = strlen(warned);
	(void)snprintf(warned + len, sizeof(warned) - len, "\n");
}

/* A request with the configuration @text, in which ' stands for ". */
static struct cni_request make_request(enum cni_verb verb, const char *text)
{
	struct cni_request req = {
		.verb = verb,
		.ifname = "eth0",
		.args = "K=V", /* not ours to judge */
		.version_text = "1.1.0",
		.version = CNI_V1_1_0,
	};
	struct err err = { .code = CNI_OK };
	char *json = strdup(text);

	assert_non_null(json);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	assert_int_equal(json_parse(json, strlen(json), "test", &req.doc, &err),
			 0);
	free(json);
	req.conf = cfg_root(req.doc);
	warned[0] = '\0';
	return req;
}

static void show_conditions(const char *name, const struct cni_strings *list,
			    struct strbuf *out)
{
	if (list->present)
		strbuf_printf(out, " %s=", name);
	for (size_t i = 0; i < list->count; i++)
		strbuf_printf(out, "%s%s", i > 0 ? "," : "", list->at[i]);
}

static void show_mapping(const struct portmap_mapping *map, struct strbuf *out)
{
	const char *protocol = map->protocol == IPPROTO_TCP    ? "tcp"
			       : map->protocol == IPPROTO_UDP  ? "udp"
			       : map->protocol == IPPROTO_SCTP ? "sctp"
							       : "?";
	char host[IP_TEXT];

	strbuf_printf(out, " %s/", protocol);
	if (map->host_ip.family != IP_NONE)
		strbuf_printf(out, "%s-", ip_format(&map->host_ip, host));
	strbuf_printf(out, "%u>%u", map->host_port, map->container_port);
	strbuf_puts(out, map->any_of_family ? "(any)" : "");
}

/* All that is not as with "{}", in one line. */
static void show(const struct portmap_conf *conf, struct strbuf *out)
{
	static const char *const backends[] = {
		[PORTMAP_AUTO] = "auto",
		[PORTMAP_NFTABLES] = "nftables",
		[PORTMAP_IPTABLES] = "iptables",
	};
	char pod[CIDR_TEXT];

	strbuf_puts(out, backends[conf->backend]);
	strbuf_puts(out, conf->snat ? "" : " no-snat");
	strbuf_puts(out, conf->masq_all ? " all" : "");
	if (conf->mark_masq_bit != 13)
		strbuf_printf(out, " bit=%u", conf->mark_masq_bit);
	if (conf->external_set_mark_chain)
		strbuf_printf(out, " chain=%s", conf->external_set_mark_chain);
	show_conditions("v4", &conf->conditions_v4, out);
	show_conditions("v6", &conf->conditions_v6, out);
	for (size_t i = 0; i < conf->mapping_count; i++)
		show_mapping(&conf->mappings[i], out);
	if (conf->pod4.ip.family != IP_NONE)
		strbuf_printf(out, " pod4=%s", cidr_format(&conf->pod4, pod));
	if (conf->pod6.ip.family != IP_NONE)
		strbuf_printf(out, " pod6=%s", cidr_format(&conf->pod6, pod));
}

static const struct {
	const char *conf;
	const char *want;
} good_cases[] = {
	{ "{" NONE "}", "auto" },
	{ "{" NONE ",'backend':null,'snat':null,'masqAll':null,"
	  "'markMasqBit':null,'externalSetMarkChain':null,'conditionsV4':null,"
	  "'conditionsV6':null,'runtimeConfig':null}",
	  "auto" },
	{ "{" NONE ",'runtimeConfig':{'portMappings':null}}", "auto" },
	{ "{" NONE ",'runtimeConfig':{'portMappings':[]}}", "auto" },
	{ "{" NONE ",'snat':false}", "auto no-snat" },
	{ "{" NONE ",'masqAll':true}", "auto all" },
	{ "{" NONE ",'SNAT':false,'MasqAll':true}", "auto no-snat all" },
	/* Backends, and what makes it one that is not named. */
	{ "{" NONE ",'backend':'nftables'}", "nftables" },
	{ "{" NONE ",'backend':'iptables'}", "iptables" },
	{ "{" NONE ",'backend':'nftables','markMasqBit':3}", "nftables bit=3" },
	{ "{" NONE ",'markMasqBit':0}", "auto bit=0" },
	{ "{" NONE ",'markMasqBit':31}", "auto bit=31" },
	{ "{" NONE ",'externalSetMarkChain':'KUBE-MARK-MASQ'}",
	  "iptables chain=KUBE-MARK-MASQ" },
	{ "{" NONE ",'externalSetMarkChain':'0123456789012345678901234567',"
	  "'markMasqBit':null}",
	  "iptables chain=0123456789012345678901234567" },
	{ "{" NONE ",'conditionsV4':['-s','10.0.0.0/8']}",
	  "iptables v4=-s,10.0.0.0/8" },
	{ "{" NONE ",'conditionsV6':['!','-i','eth7','',' \xc3\xa4']}",
	  "iptables v6=!,-i,eth7,, \xc3\xa4" },
	{ "{" NONE ",'backend':'iptables','conditionsV4':['-a'],"
	  "'conditionsV6':['! -b']}",
	  "iptables v4=-a v6=! -b" },
	{ "{" NONE ",'conditionsV4':[],'conditionsV6':[]}", "auto v4= v6=" },
	{ "{" NONE ",'backend':'nftables','conditionsV4':[]}", "nftables v4=" },
	/* Mappings. */
	{ "{" NONE "," PORTS("{" TCP80 "},{" UDP53 "}") "}",
	  "auto tcp/80>8080 udp/53>53" },
	{ "{" NONE "," PORTS("{'hostPort':65535,'containerPort':1,"
			     "'protocol':'sctp','hostIP':null}") "}",
	  "auto sctp/65535>1" },
	{ "{" NONE "," PORTS("{'hostPort':1,'containerPort':65535,"
			     "'protocol':'TCP','hostIP':''}") "}",
	  "auto tcp/1>65535" },
	/* As containerd and Kubernetes write them. */
	{ "{" NONE
	  "," PORTS("{'HostPort':30001,'ContainerPort':8080,'Protocol':'tcp',"
		    "'HostIP':''},{'HostPort':30001,'ContainerPort':8081,"
		    "'Protocol':'Udp','HostIP':''},{'HostPort':31001,"
		    "'ContainerPort':8080,'Protocol':'SCTP','HostIP':"
		    "'192.168.77.1'}") "}",
	  "auto tcp/30001>8080 udp/30001>8081 sctp/192.168.77.1-31001>8080" },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostIP':'0.0.0.0'},"
			     "{" TCP80 ",'hostIP':'::'}") "}",
	  "auto tcp/0.0.0.0-80>8080(any) tcp/::-80>8080(any)" },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostIP':'::ffff:0.0.0.0'},"
			     "{" TCP80 ",'hostIP':'::ffff:10.0.0.1'}") "}",
	  "auto tcp/0.0.0.0-80>8080(any) tcp/10.0.0.1-80>8080" },
	/* One port on several addresses and by several protocols. */
	{ "{" NONE "," PORTS(
		  "{" TCP80 ",'hostIP':'10.0.0.2'},{" TCP80
		  ",'hostIP':'10.0.0.1'},{" TCP80 ",'hostIP':'fd00::1'},{" TCP80
		  ",'hostIP':'::1'},{" TCP80 ",'hostIP':'127.0.0.1'},{" TCP80
		  ",'protocol':'udp'},{" TCP80 "}") "}",
	  "auto tcp/10.0.0.2-80>8080 tcp/10.0.0.1-80>8080 tcp/fd00::1-80>8080 "
	  "tcp/::1-80>8080 tcp/127.0.0.1-80>8080 udp/80>8080 tcp/80>8080" },
	/* Several ports of the host for one of the container. */
	{ "{" NONE "," PORTS("{" TCP80 "},{" TCP80 ",'hostPort':81}") "}",
	  "auto tcp/80>8080 tcp/81>8080" },
	/* The container's addresses. */
	{ "{" PREV_POD("{'address':'10.1.1.2/24','interface':1},"
		       "{'address':'fd00::2/64','interface':1}") "}",
	  "auto pod4=10.1.1.2/24 pod6=fd00::2/64" },
	{ "{" PREV_POD(
		  "{'address':'fd00::2/64'},{'address':'fd00::3/64'},"
		  "{'address':'10.1.1.2/24'},{'address':'10.1.1.3/24'}") "}",
	  "auto pod4=10.1.1.2/24 pod6=fd00::2/64" },
	{ "{" PREV_POD("{'address':'10.1.1.2/24','interface':0},"
		       "{'address':'10.1.1.3/24','interface':1}") "}",
	  "auto pod4=10.1.1.3/24" },
	{ "{" PREV_POD("{'address':'10.1.1.2/24','interface':2},"
		       "{'address':'10.1.1.3/24','interface':1}") "}",
	  "auto pod4=10.1.1.2/24" },
	{ "{" PREV_POD("{'address':'10.1.1.2/24','interface':-1}") "}",
	  "auto pod4=10.1.1.2/24" },
	{ "{" PREV_POD("{'address':'::ffff:10.1.1.2/120','interface':1}") "}",
	  "auto pod4=10.1.1.2/24" },
	{ "{" PREV(",'interfaces':[{'name':'eth0'},{'name':'eth0','sandbox':"
		   "''},{'name':'eth1','sandbox':'/x'},{'sandbox':'/x'}],"
		   "'ips':[{'address':'10.1.1.2/24','interface':0},"
		   "{'address':'10.1.1.3/24','interface':1},"
		   "{'address':'10.1.1.4/24','interface':2},"
		   "{'address':'10.1.1.5/24','interface':3}]") "}",
	  "auto" },
};

static void good_configurations(void **state)
{
	static const enum cni_verb verbs[] = { CNI_ADD, CNI_CHECK };

	(void)state;
	for (size_t i = 0; i < COUNT(verbs) * COUNT(good_cases); i++) {
		size_t at = i / COUNT(verbs);
		auto_portmap_conf struct portmap_conf conf;
		auto_result struct cni_result prev = { .ip_count = 0 };
		auto_strbuf struct strbuf got = { .data = NULL };
		struct err err = { .code = CNI_OK };
		struct cni_request req = make_request(verbs[i % COUNT(verbs)],
						      good_cases[at].conf);

		if (portmap_conf_read(&req, &prev, &conf, &err) < 0)
			fail_msg("%s: %s", good_cases[at].conf, err.msg);
		show(&conf, &got);
		assert_string_equal(strbuf_str(&got), good_cases[at].want);
		assert_string_equal(warned, "");
		json_object_put(req.doc);
	}
}

#define MAP0 "runtimeConfig.portMappings[0]"

static const struct {
	const char *conf;
	const char *want;
	enum cni_code code; /* 0: CNI_E_CONFIG */
} bad_cases[] = {
	/* Types. */
	{ "{" NONE ",'snat':'true'}", "snat: must be a boolean, not a string",
	  0 },
	{ "{" NONE ",'masqAll':1}",
	  "masqAll: must be a boolean, not an integer", 0 },
	{ "{" NONE ",'backend':7}", "backend: must be a string, not an integer",
	  0 },
	{ "{" NONE ",'markMasqBit':'13'}",
	  "markMasqBit: must be an integer, not a string", 0 },
	{ "{" NONE ",'markMasqBit':13.0}",
	  "markMasqBit: must be an integer, not a number with a fraction or "
	  "exponent",
	  0 },
	{ "{" NONE ",'externalSetMarkChain':[]}",
	  "externalSetMarkChain: must be a string, not an array", 0 },
	{ "{" NONE ",'conditionsV4':'-s 10.0.0.1'}",
	  "conditionsV4: must be an array, not a string", 0 },
	{ "{" NONE ",'conditionsV6':['-s',7]}",
	  "conditionsV6[1]: must be a string, not an integer", 0 },
	{ "{" NONE ",'conditionsV6':[null]}",
	  "conditionsV6[0]: required but missing", 0 },
	{ "{" NONE ",'runtimeConfig':[]}",
	  "runtimeConfig: must be an object, not an array", 0 },
	{ "{" NONE ",'runtimeConfig':{'portMappings':{}}}",
	  "runtimeConfig.portMappings: must be an array, not an object", 0 },
	{ "{" NONE "," PORTS("{" TCP80 "},null") "}",
	  "runtimeConfig.portMappings[1]: required but missing", 0 },
	{ "{" NONE "," PORTS("'80:8080'") "}",
	  MAP0 ": must be an object, not a string", 0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostPort':'80'}") "}",
	  MAP0 ".hostPort: must be an integer, not a string", 0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'containerPort':8080.5}") "}",
	  MAP0 ".containerPort: must be an integer, not a number with a "
	       "fraction or exponent",
	  0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostIP':7}") "}",
	  MAP0 ".hostIP: must be a string, not an integer", 0 },
	/* Ports. */
	{ "{" NONE "," PORTS("{}") "}",
	  MAP0 ".containerPort: Invalid container port number: 0 (must be "
	       "between 1 and 65535)",
	  0 },
	{ "{" NONE "," PORTS("{" UDP53 "},{'containerPort':80,'protocol':"
			     "'tcp'}") "}",
	  "runtimeConfig.portMappings[1].hostPort: Invalid host port number: 0 "
	  "(must be between 1 and 65535)",
	  0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostPort':-1}") "}",
	  MAP0 ".hostPort: Invalid host port number: -1 (must be between 1 and "
	       "65535)",
	  0 },
	/* The reference leaves these to iptables and nft. */
	{ "{" NONE "," PORTS("{" TCP80 ",'hostPort':65536}") "}",
	  MAP0 ".hostPort: Invalid host port number: 65536 (must be between 1 "
	       "and 65535)",
	  0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'containerPort':4294967376}") "}",
	  MAP0 ".containerPort: Invalid container port number: 4294967376 "
	       "(must be between 1 and 65535)",
	  0 },
	/* Protocols. */
	{ "{" NONE "," PORTS("{'hostPort':80,'containerPort':80}") "}",
	  MAP0 ".protocol: required but missing", 0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'protocol':''}") "}",
	  MAP0 ".protocol: \"\" is not tcp, udp or sctp", 0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'protocol':'icmp'}") "}",
	  MAP0 ".protocol: \"icmp\" is not tcp, udp or sctp", 0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'protocol':'tcp '}") "}",
	  MAP0 ".protocol: \"tcp \" is not tcp, udp or sctp", 0 },
	/* Host addresses. */
	{ "{" NONE "," PORTS("{" TCP80 ",'hostIP':'localhost'}") "}",
	  MAP0 ".hostIP: \"localhost\" is not an IP address", 0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostIP':'10.0.0.01'}") "}",
	  MAP0 ".hostIP: \"10.0.0.01\" is not an IP address", 0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostIP':'10.0.0.1/24'}") "}",
	  MAP0 ".hostIP: \"10.0.0.1/24\" is not an IP address", 0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostIP':'fe80::1%eth0'}") "}",
	  MAP0 ".hostIP: \"fe80::1%eth0\" is not an IP address", 0 },
	/* The same twice. */
	{ "{" NONE "," PORTS("{" TCP80 "},{" UDP53 "},{" TCP80
			     ",'containerPort':9}") "}",
	  "runtimeConfig.portMappings[2]: port 80/tcp of any address is mapped "
	  "by portMappings[0] already",
	  0 },
	{ "{" NONE "," PORTS("{" UDP53 "},{" UDP53 ",'hostIP':'0.0.0.0'}") "}",
	  "runtimeConfig.portMappings[1]: port 53/udp of 0.0.0.0 is mapped by "
	  "portMappings[0] already",
	  0 },
	{ "{" NONE "," PORTS("{" UDP53 ",'hostIP':'0.0.0.0'},{" UDP53 "}") "}",
	  "runtimeConfig.portMappings[1]: port 53/udp of any address is mapped "
	  "by portMappings[0] already",
	  0 },
	{ "{" NONE "," PORTS("{" UDP53 ",'hostIP':'::'},{" UDP53
			     ",'hostIP':'0.0.0.0'},{" UDP53 "}") "}",
	  "runtimeConfig.portMappings[2]: port 53/udp of any address is mapped "
	  "by portMappings[1] already",
	  0 },
	{ "{" NONE
	  "," PORTS("{" UDP53 ",'hostIP':'::'},{" UDP53 ",'hostIP':'::0'}") "}",
	  "runtimeConfig.portMappings[1]: port 53/udp of :: is mapped by "
	  "portMappings[0] already",
	  0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'hostIP':'10.0.0.9'},{" TCP80
			     ",'hostIP':'10.0.0.1'},{" TCP80
			     ",'hostIP':'fd00::1'},{" TCP80
			     ",'hostIP':'::ffff:10.0.0.1'},{" TCP80
			     ",'hostIP':'10.0.0.9'}") "}",
	  "runtimeConfig.portMappings[3]: port 80/tcp of 10.0.0.1 is mapped by "
	  "portMappings[1] already",
	  0 },
	{ "{" NONE "," PORTS("{" TCP80 ",'protocol':'sctp','hostIP':'fd00::1'},"
			     "{" TCP80 ",'protocol':'SCTP','hostIP':"
			     "'fd00:0::1'}") "}",
	  "runtimeConfig.portMappings[1]: port 80/sctp of fd00::1 is mapped by "
	  "portMappings[0] already",
	  0 },
	/* Masquerade. */
	{ "{" NONE ",'markMasqBit':-1}",
	  "markMasqBit: MasqMarkBit must be between 0 and 31", 0 },
	{ "{" NONE ",'markMasqBit':32}",
	  "markMasqBit: MasqMarkBit must be between 0 and 31", 0 },
	{ "{" NONE ",'markMasqBit':13,'externalSetMarkChain':'X'}",
	  "Cannot specify externalSetMarkChain and markMasqBit", 0 },
	{ "{" NONE ",'externalSetMarkChain':''}",
	  "externalSetMarkChain: chain name \"\" is empty", 0 },
	{ "{" NONE ",'externalSetMarkChain':'01234567890123456789012345678'}",
	  "externalSetMarkChain: chain name \"01234567890123456789012345678\" "
	  "is longer than 28 bytes",
	  0 },
	{ "{" NONE ",'externalSetMarkChain':'-X'}",
	  "externalSetMarkChain: chain name \"-X\" begins with - or !", 0 },
	{ "{" NONE ",'externalSetMarkChain':'!X'}",
	  "externalSetMarkChain: chain name \"!X\" begins with - or !", 0 },
	{ "{" NONE ",'externalSetMarkChain':'X\\n-F'}",
	  "externalSetMarkChain: chain name \"X\n-F\" contains white space, "
	  "quotes or control characters",
	  0 },
	{ "{" NONE ",'externalSetMarkChain':'X -F'}",
	  "externalSetMarkChain: chain name \"X -F\" contains white space, "
	  "quotes or control characters",
	  0 },
	/* Backends, and options of another. */
	{ "{" NONE ",'backend':'auto'}",
	  "backend: unrecognized backend \"auto\"", 0 },
	{ "{" NONE ",'backend':''}", "backend: unrecognized backend \"\"", 0 },
	{ "{" NONE ",'backend':'NFTables'}",
	  "backend: unrecognized backend \"NFTables\"", 0 },
	{ "{" NONE
	  ",'backend':'iptables','conditionsV4':['ip saddr 10.0.0.1']}",
	  "backend: iptables backend was requested but configuration contains "
	  "nftables-specific options [conditionsV4]",
	  0 },
	{ "{" NONE ",'backend':'iptables','externalSetMarkChain':'X',"
	  "'conditionsV4':['a','b'],'conditionsV6':['c']}",
	  "backend: iptables backend was requested but configuration contains "
	  "nftables-specific options [conditionsV4 conditionsV6]",
	  0 },
	{ "{" NONE ",'backend':'nftables','externalSetMarkChain':'X',"
	  "'conditionsV4':['-a','b'],'conditionsV6':['-c','d']}",
	  "backend: nftables backend was requested but configuration contains "
	  "iptables-specific options [externalSetMarkChain conditionsV4 "
	  "conditionsV6]",
	  0 },
	{ "{" NONE ",'backend':'nftables','conditionsV6':['! -c']}",
	  "backend: nftables backend was requested but configuration contains "
	  "iptables-specific options [conditionsV6]",
	  0 },
	{ "{" NONE ",'conditionsV4':['-s'],'conditionsV6':['meta mark 1']}",
	  "configuration contains iptables-specific options [conditionsV4] and "
	  "nftables-specific options [conditionsV6]",
	  0 },
	/* Conditions. */
	{ "{" NONE ",'conditionsV4':['','-s']}", "conditionsV4[0]: is empty",
	  0 },
	{ "{" NONE ",'conditionsV6':['-s','a\\nCOMMIT']}",
	  "conditionsV6[1]: contains control characters", 0 },
	{ "{" NONE ",'conditionsV6':['\\u007f']}",
	  "conditionsV6[0]: contains control characters", 0 },
	{ "{" NONE ",'backend':'nftables','conditionsV4':['ip saddr','1.1.1.1']"
	  "}",
	  "conditionsV4: [\"ip saddr\" ...] is in the language of nft, which "
	  "needs libnftables; this program is built without it",
	  CNI_E_FIELD },
	{ "{" NONE ",'conditionsV6':['ip6 saddr ::1']}",
	  "conditionsV6: [\"ip6 saddr ::1\"] is in the language of nft, which "
	  "needs libnftables; this program is built without it",
	  CNI_E_FIELD },
	/* prevResult. */
	{ "{}", "must be called as chained plugin", 0 },
	{ "{'prevResult':null," PORTS("{" TCP80 "}") "}",
	  "must be called as chained plugin", 0 },
	{ "{'prevResult':[]}", "prevResult: must be an object, not an array",
	  0 },
	/* What is wrong with the configuration is said first. */
	{ "{'backend':'x'}", "backend: unrecognized backend \"x\"", 0 },
};

static void bad_configurations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_cases); i++) {
		auto_portmap_conf struct portmap_conf conf;
		auto_result struct cni_result prev = { .ip_count = 0 };
		struct err err = { .code = CNI_OK };
		struct cni_request req =
			make_request(CNI_ADD, bad_cases[i].conf);

		assert_int_equal(portmap_conf_read(&req, &prev, &conf, &err),
				 -EINVAL);
		assert_string_equal(err.msg, bad_cases[i].want);
		assert_int_equal(err.code, bad_cases[i].code ?: CNI_E_CONFIG);
		assert_string_equal(warned, "");
		json_object_put(req.doc);
	}
}

static const struct {
	enum cni_verb verb;
	const char *want;
} verb_cases[] = {
	{ CNI_ADD, "must be called as chained plugin" },
	{ CNI_CHECK, "Required prevResult missing" },
	{ CNI_STATUS, "" },
};

static void result_before_is_needed_by_add_and_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verb_cases); i++) {
		auto_portmap_conf struct portmap_conf conf;
		auto_result struct cni_result prev = { .ip_count = 0 };
		struct cni_request req = make_request(verb_cases[i].verb, "{}");
		struct err err = { .code = CNI_OK };

		assert_int_equal(portmap_conf_read(&req, &prev, &conf, &err),
				 *verb_cases[i].want ? -EINVAL : 0);
		assert_string_equal(err.msg, verb_cases[i].want);
		json_object_put(req.doc);
	}
}

/* It is printed as the result of ADD, whatever was in it. */
static void result_before_is_the_callers(void **state)
{
	auto_portmap_conf struct portmap_conf conf;
	auto_result struct cni_result prev = { .ip_count = 0 };
	struct err err = { .code = CNI_OK };
	struct cni_request req = make_request(
		CNI_ADD,
		"{" PREV_POD("{'address':'10.1.1.2/24','interface':0},"
			     "{'address':'10.1.1.3/24','interface':1}") "}");

	(void)state;
	assert_int_equal(portmap_conf_read(&req, &prev, &conf, &err), 0);
	json_object_put(req.doc);
	assert_int_equal(prev.ip_count, 2);
	assert_int_equal(prev.interface_count, 2);
	assert_string_equal(prev.interfaces[1].sandbox, "/run/netns/x");
}

/* For DEL: what it gets, and what it says. */
static const struct {
	const char *conf;
	const char *want;
	const char *warn; /* NULL: none */
} some_cases[] = {
	{ "{}", "auto", NULL },
	{ "[]", "auto", NULL },
	{ "{'backend':'nftables','snat':false,'masqAll':true,'markMasqBit':4,"
	  "'conditionsV4':[]," PORTS("{" TCP80 "}") "," PREV_POD(
		  "{'address':'10.1.1.2/24','interface':1}") "}",
	  "nftables no-snat all bit=4 v4= tcp/80>8080 pod4=10.1.1.2/24", NULL },
	{ "{'externalSetMarkChain':'X'}", "iptables chain=X", NULL },
	/* One that is wrong does not spoil the next. */
	{ "{'snat':7,'masqAll':true,'backend':'iptables','markMasqBit':99}",
	  "iptables all", NULL },
	{ "{'backend':'x'," PORTS("{" TCP80 "}") "}", "auto tcp/80>8080",
	  NULL },
	{ "{'backend':7,'snat':false}", "auto no-snat", NULL },
	{ "{'externalSetMarkChain':'X\\nY','backend':'iptables'}", "iptables",
	  NULL },
	{ "{'conditionsV4':['-s','a\\nb','c']}", "auto v4=-s", NULL },
	{ "{'conditionsV4':['ip saddr 1.1.1.1']}",
	  "nftables v4=ip saddr 1.1.1.1", NULL },
	{ "{" PORTS("{},null,7,{" UDP53 ",'hostIP':'x'},{" TCP80 "},{" TCP80
		    ",'hostPort':70000},{" UDP53 ",'protocol':'x'},{" UDP53
		    "}") "}",
	  "auto tcp/80>8080 udp/53>53", NULL },
	{ "{" PORTS("{" TCP80 "},{" TCP80 "}") "}",
	  "auto tcp/80>8080 tcp/80>8080", NULL },
	{ "{'runtimeConfig':7}", "auto", NULL },
	{ "{'runtimeConfig':{'portMappings':7}}", "auto", NULL },
	{ "{'prevResult':7," PORTS("{" TCP80 "}") "}", "auto tcp/80>8080",
	  "DEL goes on without prevResult: prevResult: must be an object, not "
	  "an integer\n" },
};

static void some_of_it_for_del(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(some_cases); i++) {
		auto_portmap_conf struct portmap_conf conf;
		auto_result struct cni_result prev = { .ip_count = 0 };
		auto_strbuf struct strbuf got = { .data = NULL };
		struct cni_request req =
			make_request(CNI_DEL, some_cases[i].conf);

		portmap_conf_read_some(&req, &prev, &conf);
		show(&conf, &got);
		assert_string_equal(strbuf_str(&got), some_cases[i].want);
		assert_string_equal(warned, some_cases[i].warn ?: "");
		json_object_put(req.doc);
	}
}

static void gc_minds_nothing(void **state)
{
	auto_portmap_conf struct portmap_conf conf;
	auto_result struct cni_result prev = { .ip_count = 0 };
	auto_strbuf struct strbuf got = { .data = NULL };
	struct cni_request req = make_request(
		CNI_GC, "{'prevResult':7,'backend':'iptables','snat':7}");

	(void)state;
	portmap_conf_read_some(&req, &prev, &conf);
	show(&conf, &got);
	assert_string_equal(strbuf_str(&got), "iptables");
	json_object_put(req.doc);
}

/* The lists in conf/, which say the same to every reader. */
static const struct {
	const char *file;
	const char *want;
} example_cases[] = {
	{ "20-portmap", "auto" },
	{ "20-portmap-iptables", "iptables v4=!,-s,192.0.2.0/24" },
};

static void load_example(const char *name, struct strbuf *out)
{
	auto_fd int fd = -1;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/conf/%s.conflist",
		       getenv("TOP") ?: ".", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("open %s: %m", path);
	assert_int_equal(io_read_all(fd, 1 << 20, out), 0);
}

static void example_configurations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(example_cases); i++) {
		auto_portmap_conf struct portmap_conf conf;
		auto_result struct cni_result prev = { .ip_count = 0 };
		auto_strbuf struct strbuf text = { .data = NULL };
		auto_strbuf struct strbuf got = { .data = NULL };
		struct err err = { .code = CNI_OK };
		struct cni_request req;
		struct cfg list, plugins;

		load_example(example_cases[i].file, &text);
		req = make_request(CNI_STATUS, strbuf_str(&text));
		list = req.conf;
		assert_int_equal(cfg_child(&list, "plugins", json_type_array,
					   &plugins, &err),
				 0);
		assert_int_equal(cfg_at(&plugins, 1, json_type_object,
					&req.conf, &err),
				 0);
		assert_int_equal(portmap_conf_read(&req, &prev, &conf, &err),
				 0);
		show(&conf, &got);
		assert_string_equal(strbuf_str(&got), example_cases[i].want);
		json_object_put(req.doc);
	}
}

/*
 * Sizes that a configuration of 8 MiB can reach: many ports by two protocols,
 * and one of them a second time.
 */
static void many_mappings_are_quick(void **state)
{
	auto_portmap_conf struct portmap_conf conf;
	auto_result struct cni_result prev = { .ip_count = 0 };
	auto_strbuf struct strbuf text = { .data = NULL };
	struct err err = { .code = CNI_OK };
	clock_t start = clock();
	struct cni_request req;

	(void)state;
	strbuf_puts(&text, "{" PORTS("{" TCP80 ",'hostPort':65535}"));
	text.len -= 2;
	for (unsigned int port = 65535; port > 0; port--)
		strbuf_printf(&text,
			      ",{'hostPort':%u,'containerPort':1,"
			      "'protocol':'%s'}",
			      port % 2 ? port / 2 + 1 : 65535 - port / 2,
			      port % 2 ? "udp" : "tcp");
	strbuf_puts(&text, ",{" UDP53 "}]}}");
	req = make_request(CNI_STATUS, strbuf_str(&text));
	assert_int_equal(portmap_conf_read(&req, &prev, &conf, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "runtimeConfig.portMappings[65536]: port 53/udp of "
			    "any address is mapped by portMappings[65431] "
			    "already");
	assert_int_equal(conf.mapping_count, 65537);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
	json_object_put(req.doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_configurations),
		cmocka_unit_test(bad_configurations),
		cmocka_unit_test(result_before_is_needed_by_add_and_check),
		cmocka_unit_test(result_before_is_the_callers),
		cmocka_unit_test(some_of_it_for_del),
		cmocka_unit_test(gc_minds_nothing),
		cmocka_unit_test(example_configurations),
		cmocka_unit_test(many_mappings_are_quick),
	};

	return cmocka_run_group_tests_name("portmap_conf", tests, NULL, NULL);
}
