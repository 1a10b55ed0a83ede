/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libarchive and libcrypto, loaded when they are first needed: most commands
 * (above all those that run containers) need neither, and loading them takes
 * as long as starting a container.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>

#include "common/base/err.h"

#define LIB_ARCHIVE(F)                      \
	F(archive_read_new)                 \
	F(archive_read_free)                \
	F(archive_read_support_filter_gzip) \
	F(archive_read_support_filter_zstd) \
	F(archive_read_support_format_tar)  \
	F(archive_read_support_format_raw)  \
	F(archive_read_open2)               \
	F(archive_read_next_header)         \
	F(archive_read_data)                \
	F(archive_read_data_block)          \
	F(archive_read_data_skip)           \
	F(archive_error_string)             \
	F(archive_errno)                    \
	F(archive_filter_count)             \
	F(archive_entry_pathname)           \
	F(archive_entry_hardlink)           \
	F(archive_entry_symlink)            \
	F(archive_entry_filetype)           \
	F(archive_entry_perm)               \
	F(archive_entry_size)               \
	F(archive_entry_uid)                \
	F(archive_entry_gid)                \
	F(archive_entry_rdevmajor)          \
	F(archive_entry_rdevminor)          \
	F(archive_entry_atime)              \
	F(archive_entry_atime_nsec)         \
	F(archive_entry_atime_is_set)       \
	F(archive_entry_mtime)              \
	F(archive_entry_mtime_nsec)         \
	F(archive_entry_xattr_reset)        \
	F(archive_entry_xattr_next)

#define LIB_CRYPTO(F)        \
	F(EVP_sha256)        \
	F(EVP_MD_CTX_new)    \
	F(EVP_MD_CTX_free)   \
	F(EVP_DigestInit_ex) \
	F(EVP_DigestUpdate)  \
	F(EVP_DigestFinal_ex)

#define LIB_POINTER(name) __typeof__(name) *name;
struct lib_archive {
	LIB_ARCHIVE(LIB_POINTER)
};
struct lib_crypto {
	LIB_CRYPTO(LIB_POINTER)
};
#undef LIB_POINTER

/*
 * NULL, with a record that names the package, if there is no such library.
 * The first call of each must be made before there are threads.
 */
const struct lib_archive *lib_archive(struct err *err);
const struct lib_crypto *lib_crypto(struct err *err);
