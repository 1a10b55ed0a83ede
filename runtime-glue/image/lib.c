/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "runtime-glue/image/lib.h"

struct wanted {
	const char *name;
	size_t offset;
};

#define LIB_WANTED_A(name) { #name, offsetof(struct lib_archive, name) },
#define LIB_WANTED_C(name) { #name, offsetof(struct lib_crypto, name) },
static const struct wanted of_archive[] = { LIB_ARCHIVE(LIB_WANTED_A){ NULL,
								       0 } };
static const struct wanted of_crypto[] = { LIB_CRYPTO(LIB_WANTED_C){ NULL,
								     0 } };

/* The sonames that their headers here belong to. */
#define ARCHIVE_SO "libarchive.so.13"
#define CRYPTO_SO  "libcrypto.so.3"

static int load(const char *soname, const char *package,
		const struct wanted *wanted, void *table, struct err *err)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	void *symbol;

	if (!library) {
		(void)err_set(err, CNI_E_UNAVAILABLE, "load %s: %s", soname,
			      dlerror());
		return err_hint(err, "install the package %s", package);
	}
	for (; wanted->name; wanted++) {
		symbol = dlsym(library, wanted->name);
		if (!symbol) {
			(void)dlclose(library);
			(void)err_set(err, CNI_E_UNAVAILABLE,
				      "load %s: it has no function %s", soname,
				      wanted->name);
			return err_hint(err, "install a newer %s", package);
		}
		memcpy((char *)table + wanted->offset, &symbol, sizeof(symbol));
	}
	return 0;
}

const struct lib_archive *lib_archive(struct err *err)
{
	static struct lib_archive table;
	static bool loaded;

	if (!loaded &&
	    load(ARCHIVE_SO, "libarchive13", of_archive, &table, err) < 0)
		return NULL;
	loaded = true;
	return &table;
}

const struct lib_crypto *lib_crypto(struct err *err)
{
	static struct lib_crypto table;
	static bool loaded;

	if (!loaded && load(CRYPTO_SO, "libssl3", of_crypto, &table, err) < 0)
		return NULL;
	loaded = true;
	return &table;
}
