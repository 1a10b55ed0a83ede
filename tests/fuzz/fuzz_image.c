/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same bytes as a name, which comes back from being a file's; and as a
 * layer, unpacked into a directory whose neighbour must not change.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/image/store_parts.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's choice */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
	if (!truth)
		abort();
}

static void check_name(const char *text)
{
	auto_free char *name = NULL, *again = NULL, *file = NULL, *back = NULL;
	struct err err = { .code = CNI_OK };

	if (image_name_normal(text, &name, &err) < 0) {
		demand(err.code && *err.msg);
		return;
	}
	demand(image_name_normal(name, &again, &err) == 0);
	demand(strcmp(name, again) == 0);
	if (image_name_to_file(name, &file, &err) < 0)
		return;
	back = image_name_of_file(file);
	demand(!strchr(file, '/') && *file != '.');
	demand(back && strcmp(back, name) == 0);
}

static void check_layer(const uint8_t *data, size_t size)
{
	static const struct layer_limits limits = { .bytes = 1U << 20,
						    .entries = 100 };
	char top[] = "/tmp/fuzz_image.XXXXXX", hex[DIGEST_HEX];
	auto_fd int blob = memfd_create("layer", MFD_CLOEXEC);
	auto_fd int above = -1;
	auto_fd int dir = -1;
	struct err err = { .code = CNI_OK };
	struct stat before, after;
	int r;

	demand(blob >= 0 && mkdtemp(top));
	above = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	demand(above >= 0 && mkdirat(above, "diff", 0700) == 0);
	dir = openat(above, "diff", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	demand(write(blob, data, size) == (ssize_t)size);
	demand(lseek(blob, 0, SEEK_SET) == 0 && fstat(above, &before) == 0);
	r = layer_unpack(blob, NULL, dir, &limits, hex, &err);
	demand(r == 0 || (err.code && *err.msg));
	demand(fstat(above, &after) == 0 && before.st_nlink == after.st_nlink);
	demand(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	demand(image_scrap(AT_FDCWD, top, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = malloc(size + 1);

	demand(text);
	memcpy(text, data, size);
	text[size] = '\0';
	check_name(text);
	check_layer(data, size);
	return 0;
}
