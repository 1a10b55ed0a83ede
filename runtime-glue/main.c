/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two faces of one program: the name it is called by picks one. */
#include "runtime-glue/oci/cli.h"

int main(int argc, char **argv)
{
	return oci_main(argc, argv);
}
