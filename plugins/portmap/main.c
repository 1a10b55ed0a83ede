/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/portmap/portmap.h"

int main(void)
{
	static const struct cni_plugin portmap = {
		.name = "portmap",
		.oldest = CNI_V0_1_0,
		.add = portmap_add,
		.del = portmap_del,
		.check = portmap_check,
		.gc = portmap_gc,
		.status = portmap_status,
		.repair = portmap_repair,
	};

	return cni_plugin_main(&portmap);
}
