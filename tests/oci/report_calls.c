// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System calls by name, with zeros for arguments: with these the kernel does
 * nothing and says why, or what a filter says. To be asked under a filter.
 */
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oci/report.h"

/* Children trace themselves, as under a debugger. */
static void try_traced(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0);
	if (pid > 0)
		pid = waitpid(pid, &status, 0);
	report_result("try", "traceme", pid < 0 || status ? -1 : 0);
}

void report_try(char **arg)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {
		{ "add_key", SYS_add_key },
		{ "bpf", SYS_bpf },
		{ "clone3", SYS_clone3 },
		{ "delete_module", SYS_delete_module },
		{ "fsopen", SYS_fsopen },
		{ "init_module", SYS_init_module },
		{ "io_uring_enter", SYS_io_uring_enter },
		{ "io_uring_setup", SYS_io_uring_setup },
		{ "kexec_file_load", SYS_kexec_file_load },
		{ "kexec_load", SYS_kexec_load },
		{ "keyctl", SYS_keyctl },
		{ "mount", SYS_mount },
		{ "move_mount", SYS_move_mount },
		{ "open_by_handle_at", SYS_open_by_handle_at },
		{ "perf_event_open", SYS_perf_event_open },
		{ "pidfd_getfd", SYS_pidfd_getfd },
		{ "pivot_root", SYS_pivot_root },
		{ "reboot", SYS_reboot },
		{ "request_key", SYS_request_key },
		{ "setns", SYS_setns },
		{ "settimeofday", SYS_settimeofday },
		{ "swapon", SYS_swapon },
		{ "syslog", SYS_syslog },
		{ "umount2", SYS_umount2 },
		{ "unshare", SYS_unshare },
		{ "userfaultfd", SYS_userfaultfd },
	};

	if (!strcmp(arg[0], "traceme"))
		try_traced();
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, arg[0]))
			report_result("try", arg[0],
				      syscall(calls[i].number, 0, 0, 0, 0, 0,
					      0));
}
