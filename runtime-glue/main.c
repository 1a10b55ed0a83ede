/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two faces of one program: by its own name it is the standalone tool, by any
 * other (runtime-glue-oci, or what a runc's configuration calls it) it has
 * runc's command line.
 */
#include <string.h>

#include "runtime-glue/oci/cli.h"
#include "runtime-glue/tool/tool.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
	if (argc < 1 || strcmp(base_name(argv[0]), "runtime-glue") != 0)
		return oci_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], "oci") == 0)
		return oci_main(argc - 1, argv + 1);
	return tool_main(argc, argv);
}
