/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/host-local-ipam/hostlocal.h"

int main(int argc, char **argv)
{
	static const struct cni_plugin host_local = {
		.name = "host-local",
		.oldest = CNI_V0_1_0,
		.add = hostlocal_add,
		.del = hostlocal_del,
		.check = hostlocal_check,
		.gc = hostlocal_gc,
		.status = hostlocal_status,
	};

	if (argc > 1)
		return hostlocal_cli(argc, argv);
	return cni_plugin_main(&host_local);
}
