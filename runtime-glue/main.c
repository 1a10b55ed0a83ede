/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two faces of one program: by its own name it is the standalone tool, by any
 * other (runtime-glue-oci, or what a runc's configuration calls it) it has
 * runc's command line.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/build.h"
#include "runtime-glue/oci/cli.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_help(FILE *out)
{
	(void)fprintf(out,
		      "runtime-glue %s\n\n"
		      "usage: runtime-glue oci ...\n\n"
		      "   oci   runs containers with runc's command line, "
		      "as the link\n"
		      "         runtime-glue-oci does; see runtime-glue oci "
		      "--help\n",
		      build_version());
}

int main(int argc, char **argv)
{
	if (argc < 1 || strcmp(base_name(argv[0]), "runtime-glue") != 0)
		return oci_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], "oci") == 0)
		return oci_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--help") != 0 &&
	    strcmp(argv[1], "--version") != 0) {
		(void)fprintf(stderr, "runtime-glue: no such command: \"%s\"\n",
			      argv[1]);
		print_help(stderr);
		return 1;
	}
	print_help(stdout);
	return 0;
}
