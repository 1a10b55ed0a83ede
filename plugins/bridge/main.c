/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugins/bridge/bridge.h"

int main(void)
{
	static const struct cni_plugin bridge = {
		.name = "bridge",
		.oldest = CNI_V0_1_0,
		.add = bridge_add,
		.del = bridge_del,
		.check = bridge_check,
		.gc = bridge_gc,
		.status = bridge_status,
		.repair = bridge_repair,
	};

	return cni_plugin_main(&bridge);
}
