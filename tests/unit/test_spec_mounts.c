/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `mounts` of a good config.json: where each option goes. */
#include <stdio.h>
#include <sys/mount.h>

#include "runtime-glue/spec/options.h"
#include "tests/unit/spec.h"

static const struct {
	const char *options;
	struct spec_mount want;
} option_cases[] = {
	{ "'defaults'", { .flags = 0 } },
	{ "'ro','rw'", { .cleared = MS_RDONLY } },
	{ "'suid','nosuid','nodev'", { .flags = MS_NOSUID | MS_NODEV } },
	{ "'rbind','rprivate'",
	  { .bind = true,
	    .recursive = true,
	    .propagation = MS_PRIVATE | MS_REC } },
	{ "'bind','shared','slave'",
	  { .bind = true, .propagation = MS_SLAVE } },
	{ "'size=64k','noexec','mode=755',''",
	  { .flags = MS_NOEXEC, .data = "size=64k,mode=755" } },
	{ "'rro','rnosuid','rsuid'",
	  { .attr_set = MOUNT_ATTR_RDONLY, .attr_clear = MOUNT_ATTR_NOSUID } },
	{ "'rrw','rro'", { .attr_set = MOUNT_ATTR_RDONLY } },
	{ "'rnoatime'",
	  { .attr_set = MOUNT_ATTR_NOATIME, .attr_clear = MOUNT_ATTR__ATIME } },
	{ "'rnoatime','rstrictatime','rro'",
	  { .attr_set = MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_RDONLY,
	    .attr_clear = MOUNT_ATTR__ATIME } },
	{ "'rnoatime','rrelatime'", { .attr_clear = MOUNT_ATTR__ATIME } },
	{ "'rnoatime','ratime'", { .attr_clear = MOUNT_ATTR__ATIME } },
	{ "'rnodiratime'", { .attr_set = MOUNT_ATTR_NODIRATIME } },
	{ "'tmpcopyup','lazytime'",
	  { .flags = MS_LAZYTIME, .tmpcopyup = true } },
	{ "'copy-symlink'", { .copy_symlink = true } },
	{ "'src-nofollow','dest-nofollow'",
	  { .src_nofollow = true, .dest_nofollow = true } },
	{ "'nosymfollow','iversion','mand','silent','loud'",
	  { .flags = MS_NOSYMFOLLOW | MS_I_VERSION | MS_MANDLOCK,
	    .cleared = MS_SILENT } },
};

static void check_options(const struct spec_mount *got,
			  const struct spec_mount *want)
{
	assert_int_equal(got->flags, want->flags);
	assert_int_equal(got->cleared, want->cleared);
	assert_int_equal(got->propagation, want->propagation);
	assert_int_equal(got->attr_set, want->attr_set);
	assert_int_equal(got->attr_clear, want->attr_clear);
	assert_int_equal(got->bind, want->bind);
	assert_int_equal(got->recursive, want->recursive);
	assert_int_equal(got->tmpcopyup, want->tmpcopyup);
	assert_int_equal(got->copy_symlink, want->copy_symlink);
	assert_int_equal(got->src_nofollow, want->src_nofollow);
	assert_int_equal(got->dest_nofollow, want->dest_nofollow);
	assert_string_equal(got->data ?: "none", want->data ?: "none");
	assert_string_equal(got->type, got->bind ? "" : "tmpfs");
}

static void test_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(option_cases); i++) {
		auto_spec_doc struct spec_doc doc = { .json = NULL };
		char text[512];

		(void)snprintf(text, sizeof(text),
			       MOUNT("'type':'tmpfs','source':'s',"
				     "'options':[%s]"),
			       option_cases[i].options);
		spec_good(text, &doc);
		check_options(&doc.spec.mounts[0], &option_cases[i].want);
	}
}

/* Each word once, and each found again. */
static void test_option_words(void **state)
{
	(void)state;
	assert_true(option_word_count > 65);
	for (size_t i = 0; i < option_word_count; i++) {
		const char *word = option_words[i].word;

		assert_ptr_equal(option_find(word, strlen(word)),
				 &option_words[i]);
	}
	assert_null(option_find("r", 1));
	assert_null(option_find("", 0));
	assert_string_equal(option_find("ro,rw", 2)->word, "ro");
}

#define IDS(of) "'" of "Mappings':[{'containerID':0,'hostID':9,'size':5}]"

static void test_idmaps(void **state)
{
	auto_spec_doc struct spec_doc doc = { .json = NULL };
	const struct spec_mount *mounts;

	(void)state;
	spec_good(TOP("'mounts':[{'destination':'a','type':'bind','source':"
		      "'/s'," IDS("uid") "," IDS(
			      "gid") "},{'destination':"
				     "'/b','type':'none','source':'/"
				     "s','options':['rbind',"
				     "'ridmap=uids=0-1-10#10-11-20;gids=5-6-7']"
				     "}]"),
		  &doc);
	mounts = doc.spec.mounts;
	assert_int_equal(mounts[0].idmap, SPEC_IDMAP_PLAIN);
	assert_int_equal(mounts[0].gids.at[0].host, 9);
	assert_int_equal(mounts[1].idmap, SPEC_IDMAP_RECURSIVE);
	assert_true(mounts[1].bind && mounts[1].recursive);
	assert_string_equal(mounts[1].type, "");
	assert_int_equal(mounts[1].uids.count, 2);
	assert_int_equal(mounts[1].uids.at[1].container, 10);
	assert_int_equal(mounts[1].uids.at[1].host, 11);
	assert_int_equal(mounts[1].uids.at[1].size, 20);
	assert_int_equal(mounts[1].gids.at[0].size, 7);
	assert_null(mounts[1].data);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_option_words),
		cmocka_unit_test(test_idmaps),
	};

	return cmocka_run_group_tests_name("spec_mounts", tests, NULL, NULL);
}
