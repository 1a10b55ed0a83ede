/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bridge's configuration: what is read, and what is said of bad ones. */
/* wrap: log_warn */
#include <fcntl.h>
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
#include "plugins/bridge/conf.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define IPAM         "'ipam':{'type':'host-local'}"
#define LONG_NAME    "0123456789abcde" /* as long as a name may be */

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
static struct cni_request make_request(const char *text, const char *args)
{
	struct cni_request req = {
		.verb = CNI_ADD,
		.args = args,
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

static void show_flags(const struct bridge_conf *conf, struct strbuf *out)
{
	const struct {
		bool set;
		const char *name;
	} flags[] = {
		{ conf->is_gateway, "gw" },
		{ conf->is_default_gateway, "default-gw" },
		{ conf->force_address, "force" },
		{ conf->ip_masq, "masq" },
		{ conf->masq_random_fully, "random" },
		{ conf->hairpin, "hairpin" },
		{ conf->promisc, "promisc" },
		{ conf->preserve_default_vlan, "keep-vlan" },
		{ conf->mac_spoof_chk, "spoofchk" },
		{ conf->enable_dad, "dad" },
		{ conf->disable_container_interface, "down" },
		{ conf->port_isolation, "isolated" },
	};

	for (size_t i = 0; i < COUNT(flags); i++)
		if (flags[i].set)
			strbuf_printf(out, " %s", flags[i].name);
}

/* All that is not as with "{}", in one line. */
static void show(const struct bridge_conf *conf, struct strbuf *out)
{
	static const char *const backends[] = {
		[MASQ_AUTO] = "",
		[MASQ_NFTABLES] = " nftables",
		[MASQ_IPTABLES] = " iptables",
	};

	strbuf_puts(out, conf->bridge);
	show_flags(conf, out);
	strbuf_puts(out, backends[conf->masq_backend]);
	if (conf->mtu)
		strbuf_printf(out, " mtu=%u", conf->mtu);
	if (conf->vlan)
		strbuf_printf(out, " vlan=%u", conf->vlan);
	strbuf_puts(out, conf->has_trunk ? " trunk=" : "");
	for (size_t i = 0; i < conf->trunk_count; i++)
		strbuf_printf(out, "%s%u", i > 0 ? "," : "", conf->trunk[i]);
	strbuf_puts(out, conf->has_mac ? " mac=" : "");
	for (size_t i = 0; conf->has_mac && i < MAC_LEN; i++)
		strbuf_printf(out, "%02x", conf->mac[i]);
	if (conf->ipam_type)
		strbuf_printf(out, " ipam=%s", conf->ipam_type);
	if (cni_dns_present(&conf->dns))
		strbuf_puts(out, " dns");
	if (conf->dns.domain)
		strbuf_printf(out, "=%s", conf->dns.domain);
}

static const struct {
	const char *conf, *args;
	const char *want;
	const char *warn; /* NULL: none */
} good_cases[] = {
	{ "{}", "", "cni0", NULL },
	{ "{'bridge':'br-x'," IPAM "}", "", "br-x ipam=host-local", NULL },
	{ "{'bridge':null,'mtu':null,'vlan':null,'vlanTrunk':null,'ipam':null,"
	  "'dns':null,'isGateway':null,'ipMasqBackend':null,'args':null,"
	  "'runtimeConfig':null}",
	  "", "cni0", NULL },
	{ "{'BRIDGE':'br-x','IsGateway':true,'MTU':1400,'Vlan':7}", "",
	  "br-x gw mtu=1400 vlan=7", NULL },
	/* Each flag is its own. */
	{ "{'isGateway':true}", "", "cni0 gw", NULL },
	{ "{'isDefaultGateway':true}", "", "cni0 gw default-gw", NULL },
	{ "{'isDefaultGateway':true,'isGateway':false}", "",
	  "cni0 gw default-gw", NULL },
	{ "{'forceAddress':true}", "", "cni0 force", NULL },
	{ "{'ipMasq':true}", "", "cni0 masq", NULL },
	{ "{'masqRandomFully':true}", "", "cni0 random", NULL },
	{ "{'hairpinMode':true}", "", "cni0 hairpin", NULL },
	{ "{'promiscMode':true}", "", "cni0 promisc", NULL },
	{ "{'preserveDefaultVlan':true}", "", "cni0 keep-vlan", NULL },
	{ "{'macspoofchk':true}", "", "cni0 spoofchk", NULL },
	{ "{'enabledad':true}", "", "cni0 dad", NULL },
	{ "{'disableContainerInterface':true}", "", "cni0 down", NULL },
	{ "{'portIsolation':true}", "", "cni0 isolated", NULL },
	/* Names: all that the kernel takes. */
	{ "{'bridge':'" LONG_NAME "'}", "", LONG_NAME, NULL },
	{ "{'bridge':'-a@b\xc3\xa4...'}", "", "-a@b\xc3\xa4...", NULL },
	{ "{'bridge':'alll'}", "", "alll", NULL },
	/* MTU: the kernel's limits, and the reference's "not set". */
	{ "{'mtu':0}", "", "cni0", NULL },
	{ "{'mtu':68}", "", "cni0 mtu=68", NULL },
	{ "{'mtu':65535}", "", "cni0 mtu=65535", NULL },
	{ "{'mtu':-3}", "", "cni0", "mtu: -3 counts as not set\n" },
	/* VLANs. */
	{ "{'vlan':0}", "", "cni0", NULL },
	{ "{'vlan':1}", "", "cni0 vlan=1", NULL },
	{ "{'vlan':4094}", "", "cni0 vlan=4094", NULL },
	{ "{'vlanTrunk':[]}", "", "cni0 trunk=", NULL },
	{ "{'vlanTrunk':[{}]}", "", "cni0 trunk=", NULL },
	{ "{'vlanTrunk':[{'id':4094},{'minID':1,'maxID':1}]}", "",
	  "cni0 trunk=1,4094", NULL },
	{ "{'vlanTrunk':[{'id':9,'minID':3,'maxID':5},{'id':4,'minID':null,"
	  "'maxID':null},{'minID':5,'maxID':7},{'ID':2}]}",
	  "", "cni0 trunk=2,3,4,5,6,7,9", NULL },
	{ "{'vlan':4,'vlanTrunk':[{'minID':3,'maxID':5}]}", "",
	  "cni0 vlan=4 trunk=3,4,5", NULL },
	/* IPAM: "" is none. */
	{ "{'ipam':{}}", "", "cni0", NULL },
	{ "{'ipam':{'type':null}}", "", "cni0", NULL },
	{ "{'ipam':{'type':''}}", "", "cni0", NULL },
	{ "{'disableContainerInterface':true,'ipam':{'type':''}}", "",
	  "cni0 down", NULL },
	/* Backends; a bad one is an error only if it would be used. */
	{ "{'ipMasqBackend':'nftables'}", "", "cni0 nftables", NULL },
	{ "{'ipMasqBackend':'iptables'}", "", "cni0 iptables", NULL },
	{ "{'ipMasqBackend':'x'," IPAM "}", "", "cni0 ipam=host-local",
	  "ipMasqBackend: unknown ipmasq backend \"x\", not used\n" },
	{ "{'ipMasqBackend':'x','ipMasq':true}", "", "cni0 masq",
	  "ipMasqBackend: unknown ipmasq backend \"x\", not used\n" },
	/* The gateway's interface, with a VLAN. */
	{ "{'bridge':'0123456789abc','vlan':1,'isGateway':true," IPAM "}", "",
	  "0123456789abc gw vlan=1 ipam=host-local", NULL },
	{ "{'bridge':'0123456789a','vlan':999,'isGateway':true," IPAM "}", "",
	  "0123456789a gw vlan=999 ipam=host-local", NULL },
	{ "{'bridge':'" LONG_NAME "','vlan':1," IPAM "}", "",
	  LONG_NAME " vlan=1 ipam=host-local", NULL },
	{ "{'bridge':'" LONG_NAME "','vlan':1,'isGateway':true}", "",
	  LONG_NAME " gw vlan=1", NULL },
	/* DNS: an empty list counts. */
	{ "{'dns':{}}", "", "cni0", NULL },
	{ "{'dns':{'search':[]}}", "", "cni0 dns", NULL },
	{ "{'dns':{'domain':'a.example'}}", "", "cni0 dns=a.example", NULL },
	/* MAC addresses: forms. */
	{ "{'runtimeConfig':{'mac':'0a:0B:0c:0D:0e:0F'}}", "",
	  "cni0 mac=0a0b0c0d0e0f", NULL },
	{ "{'runtimeConfig':{'mac':'02-00-00-00-00-01'}}", "",
	  "cni0 mac=020000000001", NULL },
	{ "{'args':{'cni':{'mac':'0200.aBcD.0001'}}}", "",
	  "cni0 mac=0200abcd0001", NULL },
	{ "{}", "MAC=02:00:00:00:00:09", "cni0 mac=020000000009", NULL },
	/* Sources: only the first that has one is judged. */
	{ "{'runtimeConfig':{'mac':'02:00:00:00:00:01'},'args':{'cni':{'mac':"
	  "'zz'}}}",
	  "MAC=zz", "cni0 mac=020000000001", NULL },
	{ "{'runtimeConfig':{'mac':''},'args':{'cni':{'mac':"
	  "'02:00:00:00:00:02'}}}",
	  "MAC=zz", "cni0 mac=020000000002", NULL },
	{ "{'runtimeConfig':{},'args':{'cni':{'mac':null}}}",
	  "MAC=02:00:00:00:00:03", "cni0 mac=020000000003", NULL },
	{ "{}", "MAC=", "cni0", NULL },
	{ "{}", "K=V;MAC=02:00:00:00:00:04;IgnoreUnknown=1",
	  "cni0 mac=020000000004", NULL },
};

static void good_configurations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_cases); i++) {
		auto_bridge_conf struct bridge_conf conf;
		auto_strbuf struct strbuf got = { .data = NULL };
		struct err err = { .code = CNI_OK };
		struct cni_request req =
			make_request(good_cases[i].conf, good_cases[i].args);

		assert_int_equal(bridge_conf_read(&req, &conf, &err), 0);
		show(&conf, &got);
		assert_string_equal(strbuf_str(&got), good_cases[i].want);
		assert_string_equal(warned, good_cases[i].warn ?: "");
		json_object_put(req.doc);
	}
}

static const struct {
	const char *conf, *args;
	const char *want;
	enum cni_code code; /* 0: CNI_E_CONFIG */
} bad_cases[] = {
	/* Types. */
	{ "{'isGateway':'true'}", "",
	  "isGateway: must be a boolean, not a string", 0 },
	{ "{'isDefaultGateway':1}", "",
	  "isDefaultGateway: must be a boolean, not an integer", 0 },
	{ "{'masqRandomFully':'yes'}", "",
	  "masqRandomFully: must be a boolean, not a string", 0 },
	{ "{'portIsolation':{}}", "",
	  "portIsolation: must be a boolean, not an object", 0 },
	{ "{'bridge':7}", "", "bridge: must be a string, not an integer", 0 },
	{ "{'bridge':'a\\u0000b'}", "", "bridge: contains a NUL character", 0 },
	{ "{'mtu':'1500'}", "", "mtu: must be an integer, not a string", 0 },
	{ "{'mtu':1500.0}", "",
	  "mtu: must be an integer, not a number with a fraction or exponent",
	  0 },
	{ "{'vlan':'7'}", "", "vlan: must be an integer, not a string", 0 },
	{ "{'vlanTrunk':{}}", "", "vlanTrunk: must be an array, not an object",
	  0 },
	{ "{'ipMasqBackend':7}", "",
	  "ipMasqBackend: must be a string, not an integer", 0 },
	{ "{'ipam':7}", "", "ipam: must be an object, not an integer", 0 },
	{ "{'ipam':'host-local'}", "", "ipam: must be an object, not a string",
	  0 },
	{ "{'ipam':{'type':7}}", "",
	  "ipam.type: must be a string, not an integer", 0 },
	{ "{'dns':[]}", "", "dns: must be an object, not an array", 0 },
	{ "{'dns':{'domain':7}}", "",
	  "dns.domain: must be a string, not an integer", 0 },
	{ "{'dns':{'nameservers':['9.9.9.9',null]}}", "",
	  "dns.nameservers[1]: required but missing", 0 },
	{ "{'args':7}", "", "args: must be an object, not an integer", 0 },
	{ "{'args':{'cni':[]}}", "",
	  "args.cni: must be an object, not an array", 0 },
	{ "{'args':{'cni':{'mac':7}}}", "",
	  "args.cni.mac: must be a string, not an integer", 0 },
	{ "{'runtimeConfig':[]}", "",
	  "runtimeConfig: must be an object, not an array", 0 },
	{ "{'runtimeConfig':{'mac':7}}", "",
	  "runtimeConfig.mac: must be a string, not an integer", 0 },
	/* Names that the kernel refuses, or takes for something else. */
	{ "{'bridge':''}", "", "bridge: interface name \"\" is empty", 0 },
	{ "{'bridge':'" LONG_NAME "f'}", "",
	  "bridge: interface name \"" LONG_NAME "f\" is longer than 15 bytes",
	  0 },
	{ "{'bridge':'.'}", "", "bridge: interface name \".\" is . or ..", 0 },
	{ "{'bridge':'..'}", "", "bridge: interface name \"..\" is . or ..",
	  0 },
	{ "{'bridge':'a/b'}", "",
	  "bridge: interface name \"a/b\" contains / or : or whitespace "
	  "characters",
	  0 },
	{ "{'bridge':'a:b'}", "",
	  "bridge: interface name \"a:b\" contains / or : or whitespace "
	  "characters",
	  0 },
	{ "{'bridge':'a b'}", "",
	  "bridge: interface name \"a b\" contains / or : or whitespace "
	  "characters",
	  0 },
	/* The second byte of "a with grave". */
	{ "{'bridge':'\xc3\xa0'}", "",
	  "bridge: interface name \"\xc3\xa0\" contains / or : or whitespace "
	  "characters",
	  0 },
	{ "{'bridge':'br%d'}", "",
	  "bridge: interface name \"br%d\" contains %, which stands for a "
	  "number",
	  0 },
	{ "{'bridge':'all'}", "",
	  "bridge: interface name \"all\" is reserved by the kernel", 0 },
	{ "{'bridge':'default'}", "",
	  "bridge: interface name \"default\" is reserved by the kernel", 0 },
	/* Numbers. */
	{ "{'mtu':67}", "", "mtu: 67 is not in 68..65535", 0 },
	{ "{'mtu':65536}", "", "mtu: 65536 is not in 68..65535", 0 },
	{ "{'mtu':4294968796}", "", "mtu: 4294968796 is not in 68..65535", 0 },
	{ "{'vlan':5000}", "",
	  "vlan: invalid VLAN ID 5000 (must be between 0 and 4094)", 0 },
	{ "{'vlan':4095}", "",
	  "vlan: invalid VLAN ID 4095 (must be between 0 and 4094)", 0 },
	{ "{'vlan':-1}", "",
	  "vlan: invalid VLAN ID -1 (must be between 0 and 4094)", 0 },
	{ "{'vlan':65537}", "",
	  "vlan: invalid VLAN ID 65537 (must be between 0 and 4094)", 0 },
	/* Trunks. */
	{ "{'vlanTrunk':[{'minID':1,'maxID':3},{'minID':0,'maxID':3}]}", "",
	  "vlanTrunk[1].minID: incorrect trunk minID parameter", 0 },
	{ "{'vlanTrunk':[{'minID':4095,'maxID':4096}]}", "",
	  "vlanTrunk[0].minID: incorrect trunk minID parameter", 0 },
	{ "{'vlanTrunk':[{'minID':1,'maxID':4095}]}", "",
	  "vlanTrunk[0].maxID: incorrect trunk maxID parameter", 0 },
	{ "{'vlanTrunk':[{'minID':1,'maxID':0}]}", "",
	  "vlanTrunk[0].maxID: incorrect trunk maxID parameter", 0 },
	{ "{'vlanTrunk':[{'minID':9,'maxID':8}]}", "",
	  "vlanTrunk[0]: minID is greater than maxID in trunk parameter", 0 },
	{ "{'vlanTrunk':[{'minID':9}]}", "",
	  "vlanTrunk[0]: minID and maxID should be configured simultaneously, "
	  "maxID is missing",
	  0 },
	{ "{'vlanTrunk':[{'maxID':9,'minID':null,'id':3}]}", "",
	  "vlanTrunk[0]: minID and maxID should be configured simultaneously, "
	  "minID is missing",
	  0 },
	{ "{'vlanTrunk':[{'id':0}]}", "",
	  "vlanTrunk[0].id: incorrect trunk id parameter", 0 },
	{ "{'vlanTrunk':[{'id':65537}]}", "",
	  "vlanTrunk[0].id: incorrect trunk id parameter", 0 },
	{ "{'vlanTrunk':[{'id':3},{'id':'4'}]}", "",
	  "vlanTrunk[1].id: must be an integer, not a string", 0 },
	/* The reference panics. */
	{ "{'vlanTrunk':[{'id':3},null]}", "",
	  "vlanTrunk[1]: required but missing", 0 },
	{ "{'vlanTrunk':[100]}", "",
	  "vlanTrunk[0]: must be an object, not an integer", 0 },
	/* IPAM and masquerade. */
	{ "{'ipam':{'type':'../x'}}", "",
	  "ipam.type: invalid plugin name: ../x", 0 },
	{ "{'ipMasq':true,'ipMasqBackend':'x'," IPAM "}", "",
	  "ipMasqBackend: unknown ipmasq backend \"x\"", 0 },
	{ "{'ipMasq':true,'ipMasqBackend':''," IPAM "}", "",
	  "ipMasqBackend: unknown ipmasq backend \"\"", 0 },
	{ "{'ipMasq':true,'ipMasqBackend':'NFTables'," IPAM "}", "",
	  "ipMasqBackend: unknown ipmasq backend \"NFTables\"", 0 },
	/* Rules between keys. */
	{ "{'hairpinMode':true,'promiscMode':true}", "",
	  "cannot set hairpin mode and promiscuous mode at the same time", 0 },
	{ "{'disableContainerInterface':true," IPAM "}", "",
	  "cannot use IPAM when DisableContainerInterface flag is set", 0 },
	{ "{'bridge':'0123456789abcd','vlan':1,'isGateway':true," IPAM "}", "",
	  "bridge: the gateway's interface would be \"0123456789abcd.1\", "
	  "which is longer than 15 bytes",
	  0 },
	{ "{'bridge':'0123456789a','vlan':1000,'isDefaultGateway':true," IPAM
	  "}",
	  "",
	  "bridge: the gateway's interface would be \"0123456789a.1000\", "
	  "which is longer than 15 bytes",
	  0 },
	/* MAC addresses. */
	{ "{'runtimeConfig':{'mac':'zz'}}", "",
	  "runtimeConfig.mac: address zz: invalid MAC address", 0 },
	{ "{'args':{'cni':{'mac':'02:00:00:00:00:0'}}}", "",
	  "args.cni.mac: address 02:00:00:00:00:0: invalid MAC address", 0 },
	{ "{'args':{'cni':{'mac':'02:00:00:00:00:01:'}}}", "",
	  "args.cni.mac: address 02:00:00:00:00:01:: invalid MAC address", 0 },
	{ "{'args':{'cni':{'mac':'02:00-00:00:00:01'}}}", "",
	  "args.cni.mac: address 02:00-00:00:00:01: invalid MAC address", 0 },
	{ "{'args':{'cni':{'mac':'02:00:00:00:00:g1'}}}", "",
	  "args.cni.mac: address 02:00:00:00:00:g1: invalid MAC address", 0 },
	{ "{'args':{'cni':{'mac':'02:00:00:00:00'}}}", "",
	  "args.cni.mac: address 02:00:00:00:00: invalid MAC address", 0 },
	{ "{'args':{'cni':{'mac':'020000000001'}}}", "",
	  "args.cni.mac: address 020000000001: invalid MAC address", 0 },
	{ "{'args':{'cni':{'mac':'0200.0000.00.01'}}}", "",
	  "args.cni.mac: address 0200.0000.00.01: invalid MAC address", 0 },
	{ "{'args':{'cni':{'mac':'02.00.00.00.00.01'}}}", "",
	  "args.cni.mac: address 02.00.00.00.00.01: invalid MAC address", 0 },
	/* 24 bytes: a form that there is for no kind of link. */
	{ "{'args':{'cni':{'mac':'0200.0000.0001.0200.0000.0001.0200.0000.0001."
	  "0200.0000.0001'}}}",
	  "",
	  "args.cni.mac: address 0200.0000.0001.0200.0000.0001.0200.0000.0001."
	  "0200.0000.0001: invalid MAC address",
	  0 },
	{ "{'runtimeConfig':{'mac':'02:00:5e:10:00:00:00:01'}}", "",
	  "runtimeConfig.mac: address 02:00:5e:10:00:00:00:01: not an Ethernet "
	  "address, which has 6 bytes",
	  0 },
	{ "{'runtimeConfig':{'mac':'0000.0000.fe80.0000.0000.0000.0200.5e10."
	  "0000.0001'}}",
	  "",
	  "runtimeConfig.mac: address 0000.0000.fe80.0000.0000.0000.0200.5e10."
	  "0000.0001: not an Ethernet address, which has 6 bytes",
	  0 },
	{ "{'runtimeConfig':{'mac':'00:00:00:00:00:00'}}", "",
	  "runtimeConfig.mac: address 00:00:00:00:00:00: all zeros is not the "
	  "address of an interface",
	  0 },
	{ "{'runtimeConfig':{'mac':'01:00:5e:00:00:01'}}", "",
	  "runtimeConfig.mac: address 01:00:5e:00:00:01: a multicast address "
	  "is "
	  "not that of an interface",
	  0 },
	{ "{'args':{'cni':{'mac':'ff:ff:ff:ff:ff:ff'}}}", "",
	  "args.cni.mac: address ff:ff:ff:ff:ff:ff: a multicast address is not "
	  "that of an interface",
	  0 },
	/* CNI_ARGS, also where another source has won. */
	{ "{}", "MAC=zz", "CNI_ARGS: MAC: address zz: invalid MAC address",
	  CNI_E_ENV },
	{ "{'runtimeConfig':{'mac':'02:00:00:00:00:01'}}", "IP=10.0.0.1;K=V",
	  "CNI_ARGS: unknown args [\"IP=10.0.0.1\" \"K=V\"]", CNI_E_ENV },
	{ "{}", "mac=02:00:00:00:00:01",
	  "CNI_ARGS: unknown args [\"mac=02:00:00:00:00:01\"]", CNI_E_ENV },
	{ "{}", "MAC=02:00:00:00:00:01;", "CNI_ARGS: invalid pair \"\"",
	  CNI_E_ENV },
};

static void bad_configurations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_cases); i++) {
		auto_bridge_conf struct bridge_conf conf;
		struct err err = { .code = CNI_OK };
		struct cni_request req =
			make_request(bad_cases[i].conf, bad_cases[i].args);

		assert_int_equal(bridge_conf_read(&req, &conf, &err), -EINVAL);
		assert_string_equal(err.msg, bad_cases[i].want);
		assert_int_equal(err.code, bad_cases[i].code ?: CNI_E_CONFIG);
		assert_string_equal(warned, "");
		json_object_put(req.doc);
	}
}

static const struct {
	enum cni_verb verb;
	bool good;
} verb_cases[] = {
	{ CNI_ADD, false },
	{ CNI_CHECK, false },
	{ CNI_STATUS, true },
};

static void args_count_for_add_and_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verb_cases); i++) {
		auto_bridge_conf struct bridge_conf conf;
		struct cni_request req = make_request("{}", "K=V");
		struct err err = { .code = CNI_OK };

		req.verb = verb_cases[i].verb;
		assert_int_equal(bridge_conf_read(&req, &conf, &err),
				 verb_cases[i].good ? 0 : -EINVAL);
		assert_int_equal(err.code,
				 verb_cases[i].good ? CNI_OK : CNI_E_ENV);
		json_object_put(req.doc);
	}
}

/* dns must outlive the document: it goes into the result. */
static void dns_is_a_copy(void **state)
{
	auto_bridge_conf struct bridge_conf conf;
	struct cni_request req = make_request(
		"{'dns':{'nameservers':['9.9.9.9'],'domain':'a.example',"
		"'search':['b.example','c.example'],'options':['rotate']}}",
		"");
	struct err err = { .code = CNI_OK };

	(void)state;
	assert_int_equal(bridge_conf_read(&req, &conf, &err), 0);
	json_object_put(req.doc);
	assert_string_equal(conf.dns.domain, "a.example");
	assert_int_equal(conf.dns.nameservers.count, 1);
	assert_string_equal(conf.dns.nameservers.at[0], "9.9.9.9");
	assert_int_equal(conf.dns.search.count, 2);
	assert_string_equal(conf.dns.search.at[1], "c.example");
	assert_int_equal(conf.dns.options.count, 1);
}

/* For DEL: what it gets, and what it says. */
static const struct {
	const char *conf, *args;
	const char *want;
	const char *warn; /* NULL: none */
} some_cases[] = {
	{ "{}", "", "cni0", NULL },
	{ "[]", "", "cni0", NULL },
	{ "{'bridge':'br-x','vlan':7,'isDefaultGateway':true,'ipMasq':true,"
	  "'ipMasqBackend':'iptables','macspoofchk':true," IPAM "}",
	  "",
	  "br-x gw default-gw masq spoofchk iptables vlan=7 ipam=host-local",
	  NULL },
	/* Needed, and wrong. */
	{ "{'bridge':7," IPAM "}", "", "cni0 ipam=host-local",
	  "bridge: must be a string, not an integer; the bridge is taken to be "
	  "\"cni0\"\n" },
	{ "{'bridge':'a/b'," IPAM "}", "", "cni0 ipam=host-local",
	  "bridge: interface name \"a/b\" contains / or : or whitespace "
	  "characters; the bridge is taken to be \"cni0\"\n" },
	{ "{'bridge':'br-x','ipam':7}", "", "br-x",
	  "ipam: must be an object, not an integer; no IPAM plugin is run\n" },
	{ "{'ipam':{'type':[]}}", "", "cni0",
	  "ipam.type: must be a string, not an array; no IPAM plugin is "
	  "run\n" },
	{ "{'ipam':{'type':'../x'}}", "", "cni0",
	  "ipam.type: invalid plugin name: ../x; no IPAM plugin is run\n" },
	/* Useful, and wrong: one does not spoil the next. */
	{ "{'vlan':5000,'isGateway':7,'ipMasq':'x','ipMasqBackend':[],"
	  "'macspoofchk':true}",
	  "", "cni0 spoofchk", NULL },
	{ "{'ipMasq':true,'ipMasqBackend':'x'," IPAM "}", "",
	  "cni0 masq ipam=host-local", NULL },
	/* Not looked at. */
	{ "{'mtu':-3,'vlanTrunk':[null],'dns':7,'args':7,'runtimeConfig':7}",
	  "K=V;", "cni0", NULL },
	{ "{'mtu':70000,'vlanTrunk':[{'id':3}],'runtimeConfig':{'mac':'zz'}}",
	  "MAC=zz", "cni0", NULL },
	/* No rules. */
	{ "{'hairpinMode':true,'promiscMode':true,"
	  "'disableContainerInterface':true," IPAM "}",
	  "", "cni0 hairpin promisc down ipam=host-local", NULL },
};

static void some_of_it_for_del(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(some_cases); i++) {
		auto_bridge_conf struct bridge_conf conf;
		auto_strbuf struct strbuf got = { .data = NULL };
		struct cni_request req =
			make_request(some_cases[i].conf, some_cases[i].args);

		req.verb = CNI_DEL;
		bridge_conf_read_some(&req, &conf);
		show(&conf, &got);
		assert_string_equal(strbuf_str(&got), some_cases[i].want);
		assert_string_equal(warned, some_cases[i].warn ?: "");
		json_object_put(req.doc);
	}
}

/* The lists in conf/, which say the same to every reader. */
static const struct {
	const char *file;
	const char *want;
} example_cases[] = {
	{ "10-bridge", "cni0 gw masq ipam=host-local" },
	{ "10-bridge-dual",
	  "cni-dual gw default-gw masq hairpin spoofchk ipam=host-local" },
	{ "10-bridge-l2", "cni-l2" },
	{ "10-bridge-vlan",
	  "cni-vlan gw default-gw masq vlan=100 ipam=host-local" },
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
		auto_bridge_conf struct bridge_conf conf;
		auto_strbuf struct strbuf text = { .data = NULL };
		auto_strbuf struct strbuf got = { .data = NULL };
		struct err err = { .code = CNI_OK };
		struct cni_request req;
		struct cfg list, plugins;

		load_example(example_cases[i].file, &text);
		req = make_request(strbuf_str(&text), "");
		list = req.conf;
		assert_int_equal(cfg_child(&list, "plugins", json_type_array,
					   &plugins, &err),
				 0);
		assert_int_equal(cfg_at(&plugins, 0, json_type_object,
					&req.conf, &err),
				 0);
		assert_int_equal(bridge_conf_read(&req, &conf, &err), 0);
		show(&conf, &got);
		assert_string_equal(strbuf_str(&got), example_cases[i].want);
		assert_string_equal(warned, "");
		json_object_put(req.doc);
	}
}

/* Sizes that a configuration of 8 MiB can reach. */
static void large_trunks_are_quick(void **state)
{
	const size_t count = 300000;
	auto_bridge_conf struct bridge_conf conf;
	auto_strbuf struct strbuf text = { .data = NULL };
	struct err err = { .code = CNI_OK };
	clock_t start = clock();
	struct cni_request req;

	(void)state;
	strbuf_puts(&text, "{'vlanTrunk':[{'id':1}");
	for (size_t i = 0; i < count; i++)
		strbuf_puts(&text, ",{'minID':2,'maxID':4094}");
	strbuf_puts(&text, "]}");
	req = make_request(strbuf_str(&text), "");
	assert_int_equal(bridge_conf_read(&req, &conf, &err), 0);
	assert_int_equal(conf.trunk_count, 4094);
	assert_int_equal(conf.trunk[0], 1);
	assert_int_equal(conf.trunk[4093], 4094);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
	json_object_put(req.doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_configurations),
		cmocka_unit_test(bad_configurations),
		cmocka_unit_test(args_count_for_add_and_check),
		cmocka_unit_test(dns_is_a_copy),
		cmocka_unit_test(some_of_it_for_del),
		cmocka_unit_test(example_configurations),
		cmocka_unit_test(large_trunks_are_quick),
	};

	return cmocka_run_group_tests_name("bridge_conf", tests, NULL, NULL);
}
