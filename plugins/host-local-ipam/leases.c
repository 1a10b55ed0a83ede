/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For people: who holds what. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/build.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "plugins/host-local-ipam/conf.h"
#include "plugins/host-local-ipam/hostlocal.h"
#include "plugins/host-local-ipam/store.h"

static const char usage[] =
	"usage: host-local --leases NETWORK [--data-dir DIR]\n"
	"       host-local --version | --help\n"
	"\n"
	"host-local is a CNI IPAM plugin: runtimes call it with CNI_COMMAND "
	"in\n"
	"the environment and a configuration on stdin, see\n"
	"ferrule-host-local(8). With --leases it lists who holds what.\n";

/* Go's order too: by family, then by number. */
static int by_address(const void *a, const void *b)
{
	const struct index_rec *x = a, *y = b;
	struct ip p = index_rec_ip(x), q = index_rec_ip(y);

	if (p.family != q.family)
		return p.family < q.family ? -1 : 1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

static const char *boot_text(enum boot boot)
{
	switch (boot) {
	case BOOT_THIS:
		return "this";
	case BOOT_EARLIER:
		return "earlier";
	case BOOT_UNKNOWN:
		break;
	}
	return "unknown";
}

static void print_lease(const struct store *store, const struct index_rec *rec,
			struct strbuf *out)
{
	struct ip ip = index_rec_ip(rec);
	char text[LEASE_MAX], name[IP_TEXT];
	const char *what = "(not a lease)";
	size_t start = out->len;
	struct lease lease;
	int r;

	r = store_read_lease(store, &ip, text, &lease);
	if (r == -ENOENT)
		return;
	if (r < 0)
		what = "(cannot be read)";
	else if (*lease.container)
		what = lease.container;
	strbuf_printf(out, "%-39s %-8s %-15s %s", ip_format(&ip, name),
		      boot_text(store_boot_of(store, &ip)),
		      *lease.ifname ? lease.ifname : "-", what);
	/* An interface's name may be anything but white space. */
	if (!out->failed)
		log_printable(out->data + start, out->len - start);
	strbuf_putc(out, '\n');
}

int hostlocal_print_leases(const char *data_dir, const char *network,
			   struct err *err)
{
	auto_store struct store store = STORE_INIT;
	auto_strbuf struct strbuf out = { .len = 0 };
	int r;

	r = store_open(&store, data_dir, network, STORE_READ, err);
	if (r == 0 && !store.scanned)
		r = store_scan(&store, err);
	if (r == -ENOENT)
		err_clear(err); /* nothing was ever leased */
	else if (r < 0)
		return r;
	if (store.index.count > 1)
		qsort(store.index.recs, store.index.count,
		      sizeof(*store.index.recs), by_address);
	strbuf_printf(&out, "%-39s %-8s %-15s %s\n", "ADDRESS", "BOOT",
		      "IFNAME", "CONTAINER");
	for (size_t i = 0; i < store.index.count; i++)
		print_lease(&store, &store.index.recs[i], &out);
	if (out.failed)
		return err_nomem(err);
	r = io_write_all(STDOUT_FILENO, out.data, out.len);
	return r < 0 ? err_sys(err, -r, "write to stdout") : 0;
}

/* Answer --version, --help or a mistake; returns the exit status. */
static int answer(int opt)
{
	auto_strbuf struct strbuf out = { .len = 0 };
	bool asked = opt == 'v' || opt == 'h';

	if (opt == 'v')
		strbuf_printf(&out, "ferrule host-local %s\n", build_version());
	else
		strbuf_puts(&out, usage);
	(void)!io_write_all(asked ? STDOUT_FILENO : STDERR_FILENO,
			    strbuf_str(&out), out.len);
	return asked ? EXIT_SUCCESS : EXIT_FAILURE;
}

int hostlocal_cli(int argc, char **argv)
{
	static const struct option options[] = {
		{ "leases", required_argument, NULL, 'l' },
		{ "data-dir", required_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *data_dir = HOSTLOCAL_DATA_DIR, *network = NULL;
	struct err err = { .code = CNI_OK };
	int opt;

	io_fill_stdio();
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'l')
			network = optarg;
		else if (opt == 'd')
			data_dir = optarg;
		else
			return answer(opt);
	}
	if (!network || optind < argc)
		return answer('?');
	if (cni_check_network_name(network, &err) < 0 ||
	    hostlocal_print_leases(data_dir, network, &err) < 0) {
		log_warn("%s", err.msg);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
