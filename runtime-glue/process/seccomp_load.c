/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From linux.seccomp to seccomp(2).
 *
 * To compile docker's default profile for x86's three architectures takes
 * libseccomp 10 ms and more, a multiple of everything else at the start of a
 * container. So the result is kept in files, by the hash of all that it depends
 * on; to load it from there takes 0.1 ms.
 *
 * seccomp(2) is the last call before execve(): what comes between them is the
 * filter's to allow, and there is nothing.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/trace.h"
#include "runtime-glue/process/parts.h"

#define KEY_DIGITS 64U

static void describe_rule(const struct spec_seccomp_rule *rule,
			  struct strbuf *out)
{
	strbuf_printf(out, "\n%x", rule->action);
	for (size_t i = 0; i < rule->arg_count; i++)
		strbuf_printf(out, " %x:%x:%llx:%llx", rule->args[i].index,
			      rule->args[i].op,
			      (unsigned long long)rule->args[i].value,
			      (unsigned long long)rule->args[i].value_two);
	for (size_t i = 0; i < rule->names.count; i++) {
		strbuf_putc(out, ' ');
		strbuf_puts(out, rule->names.at[i]);
	}
}

/* The first word is to change whenever this folder makes other code. */
void filter_describe(const struct spec_seccomp *spec, struct strbuf *out)
{
	const struct scmp_version *version = seccomp_version();

	strbuf_printf(out, "ferrule-1 libseccomp %u.%u.%u arch %x default %x:",
		      version ? version->major : 0,
		      version ? version->minor : 0,
		      version ? version->micro : 0, seccomp_arch_native(),
		      spec->default_action);
	for (size_t i = 0; i < spec->arch_count; i++)
		strbuf_printf(out, " %x", spec->arches[i]);
	for (size_t i = 0; i < spec->rule_count; i++)
		describe_rule(&spec->rules[i], out);
}

static int compile_or_load(const struct process *process, struct strbuf *out,
			   struct err *err)
{
	const struct spec_seccomp *spec = &process->container->linux_.seccomp;
	auto_strbuf struct strbuf text = { 0 };
	const uint64_t start = trace_start();
	char key[KEY_DIGITS + 1];
	const char *part;
	int r;

	filter_describe(spec, &text);
	if (text.failed)
		return err_nomem(err);
	part = text.data;
	hash_hex(&part, 1, key, KEY_DIGITS);
	if (process->cache &&
	    filter_cache_load(process->cache, key, out) == 0) {
		trace_end(start, 0, "seccomp", "%zu instructions of the cache",
			  out->len / sizeof(struct sock_filter));
		return 0;
	}
	r = filter_compile(spec, out, err);
	trace_end(start, r, "seccomp", "compile %zu instructions",
		  out->len / sizeof(struct sock_filter));
	if (r == 0 && process->cache)
		filter_cache_store(process->cache, key, out);
	return r;
}

static const struct flag {
	const char *name;
	unsigned int value, with; /* only valid with */
} flag_log = { "LOG", SECCOMP_FILTER_FLAG_LOG, 0 },
  flag_spec = { "SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0 },
  flag_wait = { "WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		SECCOMP_FILTER_FLAG_NEW_LISTENER };

/* With flags it knows, the kernel goes on to look at the filter. */
static bool supported(const struct flag *flag)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       flag->value | flag->with, NULL) < 0 &&
	       errno == EFAULT;
}

static int flag_add(struct process *process, const struct flag *flag,
		    struct err *err)
{
	if (!supported(flag))
		return process_fail(err, ENOTSUP,
				    "linux.seccomp.flags: this kernel has no "
				    "SECCOMP_FILTER_FLAG_%s",
				    flag->name);
	process->filter_flags |= flag->value;
	return 0;
}

/*
 * TSYNC is for other threads, which execve() ends. None at all means
 * SPEC_ALLOW where there is such a thing, as with runc.
 */
static int flags_prepare(struct process *process, struct err *err)
{
	const struct spec_seccomp *spec = &process->container->linux_.seccomp;
	const bool none = !spec->flag_tsync && !spec->flag_log &&
			  !spec->flag_spec_allow && !spec->flag_wait_killable;
	int r = 0;

	process->filter_flags = 0;
	if (process->notify)
		process->filter_flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	if (spec->flag_log)
		r = flag_add(process, &flag_log, err);
	if (r == 0 &&
	    (spec->flag_spec_allow || (none && supported(&flag_spec))))
		r = flag_add(process, &flag_spec, err);
	if (r == 0 && spec->flag_wait_killable && process->notify)
		r = flag_add(process, &flag_wait, err);
	return r;
}

static int notify_prepare(struct process *process, struct err *err)
{
	const struct spec_seccomp *spec = &process->container->linux_.seccomp;

	process->notify = false;
	/* We could not even tell the listener. */
	if (spec->default_action == SCMP_ACT_NOTIFY)
		return err_set(err, CNI_E_CONFIG,
			       "linux.seccomp.defaultAction: cannot be "
			       "SCMP_ACT_NOTIFY");
	for (size_t i = 0; i < spec->rule_count; i++)
		if (spec->rules[i].action == SCMP_ACT_NOTIFY)
			process->notify = true;
	if (!process->notify)
		return 0;
	if (!spec->listener_path)
		return err_set(err, CNI_E_CONFIG,
			       "linux.seccomp.listenerPath: missing, for "
			       "SCMP_ACT_NOTIFY");
	return listener_connect(spec->listener_path, &process->listener, err);
}

int filter_prepare(struct process *process, struct err *err)
{
	struct strbuf code = { 0 };
	size_t count;
	int r;

	if (!process->container->linux_.seccomp.set)
		return 0;
	r = notify_prepare(process, err);
	r = r ?: flags_prepare(process, err);
	r = r ?: compile_or_load(process, &code, err);
	count = code.len / sizeof(struct sock_filter);
	if (r == 0 && (count == 0 || count > BPF_MAXINSNS))
		r = process_fail(err, E2BIG,
				 "linux.seccomp: the filter has %zu "
				 "instructions, the kernel takes %d",
				 count, BPF_MAXINSNS);
	if (r < 0) {
		strbuf_free(&code);
		return r;
	}
	process->filter.len = (unsigned short)count;
	process->filter.filter = (struct sock_filter *)(void *)code.data;
	return 0;
}

int filter_load_ready(struct process *process, const char *state_json,
		      struct sender **sender, struct err *err)
{
	auto_strbuf struct strbuf message = { 0 };
	int r;

	*sender = NULL;
	if (process->filter.len == 0 || !process->notify)
		return 0;
	r = listener_message(process, state_json, &message, err);
	return r ?: sender_start(process->listener, &message, sender, err);
}

int filter_load(const struct process *process, struct sender *sender,
		struct err *err)
{
	long fd;
	int r;

	if (process->filter.len == 0)
		return 0;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     process->filter_flags, &process->filter);
	if (fd < 0) {
		r = errno;
		sender_free(sender);
		r = err_sys(err, r,
			    "linux.seccomp: load the filter of %u instructions",
			    process->filter.len);
		if (r == -EACCES)
			(void)err_hint(err, "without noNewPrivileges it takes "
					    "CAP_SYS_ADMIN");
		return r;
	}
	if (!sender)
		return 0;
	r = sender_send(sender, (int)fd);
	if (r < 0)
		return err_sys(err, -r,
			       "linux.seccomp.listenerPath: send the "
			       "notify descriptor");
	return 0;
}
