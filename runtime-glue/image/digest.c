/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sha256.h>
#include <string.h>

#include "runtime-glue/image/digest.h"
#include "runtime-glue/image/lib.h"

static int failed(struct err *err)
{
	return err_set(err, CNI_E_IO,
		       "compute a SHA-256 digest: libcrypto "
		       "refuses");
}

int digest_begin(struct digest *digest, struct err *err)
{
	const struct lib_crypto *lib = lib_crypto(err);

	if (!lib)
		return -EINVAL;
	digest->context = lib->EVP_MD_CTX_new();
	if (!digest->context)
		return err_nomem(err);
	if (lib->EVP_DigestInit_ex(digest->context, lib->EVP_sha256(), NULL) !=
	    1)
		return failed(err);
	return 0;
}

int digest_add(struct digest *digest, const void *bytes, size_t len,
	       struct err *err)
{
	const struct lib_crypto *lib = lib_crypto(err);

	if (!lib)
		return -EINVAL;
	if (lib->EVP_DigestUpdate(digest->context, bytes, len) != 1)
		return failed(err);
	return 0;
}

static void to_hex(const unsigned char *raw, char hex[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned int i = 0; i < DIGEST_HEX / 2; i++) {
		hex[2 * i] = digits[raw[i] >> 4];
		hex[2 * i + 1] = digits[raw[i] & 15];
	}
	hex[DIGEST_HEX - 1] = '\0';
}

int digest_end(struct digest *digest, char hex[DIGEST_HEX], struct err *err)
{
	const struct lib_crypto *lib = lib_crypto(err);
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!lib)
		return -EINVAL;
	if (lib->EVP_DigestFinal_ex(digest->context, raw, &len) != 1 ||
	    len * 2 + 1 != DIGEST_HEX)
		return failed(err);
	to_hex(raw, hex);
	digest_free(digest);
	return 0;
}

void digest_free(struct digest *digest)
{
	struct err err = { .code = CNI_OK };
	const struct lib_crypto *lib;

	if (!digest->context)
		return;
	lib = lib_crypto(&err); /* loaded already: there is a context */
	if (lib)
		lib->EVP_MD_CTX_free(digest->context);
	digest->context = NULL;
}

/*
 * By libmd: to load libcrypto, which is twice as fast, takes longer than the
 * hash of a manifest or a configuration, and each start of a container has two.
 */
void digest_of(const void *bytes, size_t len, char hex[DIGEST_HEX])
{
	unsigned char raw[SHA256_DIGEST_LENGTH];
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, bytes, len);
	SHA256Final(raw, &context);
	to_hex(raw, hex);
}

bool digest_is_hex(const char *text)
{
	return strspn(text, "0123456789abcdef") == DIGEST_HEX - 1 &&
	       text[DIGEST_HEX - 1] == '\0';
}

const char *digest_hex(const char *text)
{
	static const char prefix[] = "sha256:";

	if (strncmp(text, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	text += sizeof(prefix) - 1;
	return digest_is_hex(text) ? text : NULL;
}
