/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls runtime-glue/rootfs as the container engine does, without one:
 *
 *	rootfsctl [OPTION]... BUNDLE ROOTFS COMMAND [ARG]...
 *
 * makes mount, PID and IPC namespaces, sets up ROOTFS and runs COMMAND in it.
 *
 *	-m DEST|TYPE|SOURCE|OPTIONS  a mount      -d PATH|TYPE|MAJOR|MINOR|MODE
 *	-M PATH  masked    -R PATH  read-only     -s KEY=VALUE  a sysctl
 *	-P WORD  rootfsPropagation    -r  read-only root    -n  no pivot
 *	-N  no mount namespace        -e  a new network namespace
 *	-U  we are in a user namespace already
 *	-u FIRST  a user namespace, 0 is FIRST, 65536 ids
 *	-i FIRST  mappings for mounts with idmap of their own
 *	-g CONTROLLERS|MOUNT|PATH  a cgroup   -C  a cgroup namespace
 *	-t  a terminal on /dev/console    -H COMMAND  run before the pivot
 *	-O  no system calls newer than Linux 5.1
 */
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "runtime-glue/rootfs/rootfs.h"

#define MANY 32

struct drive {
	struct spec_mount mounts[MANY];
	struct spec_device devices[MANY];
	struct spec_pair sysctls[MANY];
	const char *masked[MANY], *readonly[MANY];
	struct spec spec;
	struct cgroup cgroup;
	struct rootfs rootfs;
	struct spec_id_map users, ids;
	const char *hook;
	int namespaces;
	bool terminal, old;
};

static const struct word {
	const char *word;
	char kind; /* set, clear, propagation, recursive set, ours */
	unsigned long value;
} words[] = {
	{ "ro", 's', MS_RDONLY },
	{ "rw", 'c', MS_RDONLY },
	{ "nosuid", 's', MS_NOSUID },
	{ "nodev", 's', MS_NODEV },
	{ "noexec", 's', MS_NOEXEC },
	{ "noatime", 's', MS_NOATIME },
	{ "relatime", 's', MS_RELATIME },
	{ "remount", 's', MS_REMOUNT },
	{ "shared", 'p', MS_SHARED },
	{ "slave", 'p', MS_SLAVE },
	{ "private", 'p', MS_PRIVATE },
	{ "unbindable", 'p', MS_UNBINDABLE },
	{ "rshared", 'p', MS_SHARED | MS_REC },
	{ "rslave", 'p', MS_SLAVE | MS_REC },
	{ "rprivate", 'p', MS_PRIVATE | MS_REC },
	{ "rro", 'S', MOUNT_ATTR_RDONLY },
	{ "bind", 'b', 0 },
	{ "rbind", 'b', 1 },
	{ "tmpcopyup", 't', 0 },
	{ "copy-symlink", 'l', 0 },
	{ "src-nofollow", 'f', 0 },
	{ "dest-nofollow", 'F', 0 },
	{ "idmap", 'i', SPEC_IDMAP_PLAIN },
	{ "ridmap", 'i', SPEC_IDMAP_RECURSIVE },
};

static const struct word *find_word(const char *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, text) == 0)
			return &words[i];
	return NULL;
}

static void take_ours(struct spec_mount *mount, const struct word *word)
{
	mount->tmpcopyup |= word->kind == 't';
	mount->copy_symlink |= word->kind == 'l';
	mount->src_nofollow |= word->kind == 'f';
	mount->dest_nofollow |= word->kind == 'F';
	if (word->kind == 'i')
		mount->idmap = (enum spec_idmap)word->value;
	if (word->kind == 'b') {
		mount->bind = true;
		mount->recursive = word->value;
	}
}

static void take_word(struct spec_mount *mount, const struct word *word)
{
	const char kind = word->kind;

	mount->flags |= kind == 's' ? word->value : 0;
	mount->cleared |= kind == 'c' ? word->value : 0;
	mount->propagation |= kind == 'p' ? word->value : 0;
	mount->attr_set |= kind == 'S' ? word->value : 0;
	take_ours(mount, word);
}

/* What is no word of ours stays, for the file system. */
static void parse_options(struct spec_mount *mount, char *text)
{
	char *data = strdup(text), *out = data, *at;
	const struct word *word;

	while (data && (at = strsep(&text, ","))) {
		word = find_word(at);
		if (word)
			take_word(mount, word);
		else if (*at)
			out += sprintf(out, "%s%s", out > data ? "," : "", at);
	}
	if (data)
		*out = '\0';
	mount->data = data;
}

static void parse_mount(struct drive *drive, char *text)
{
	struct spec_mount *mount = &drive->mounts[drive->spec.mount_count++];

	mount->destination = strsep(&text, "|");
	mount->type = strsep(&text, "|");
	mount->source = strsep(&text, "|");
	parse_options(mount, text ? text : strdup(""));
	if (!mount->type)
		mount->type = "";
	if (mount->idmap && drive->ids.size) {
		mount->uids = (struct spec_id_maps){ 1, &drive->ids };
		mount->gids = mount->uids;
	}
}

static void parse_device(struct drive *drive, char *text)
{
	struct spec_device *device =
		&drive->devices[drive->spec.linux_.device_count++];

	device->path = strsep(&text, "|");
	device->type = *strsep(&text, "|");
	device->major = (uint32_t)strtoul(strsep(&text, "|"), NULL, 10);
	device->minor = (uint32_t)strtoul(strsep(&text, "|"), NULL, 10);
	if (text)
		device->mode = (struct spec_int){ true, strtol(text, NULL, 8) };
}

static void parse_cgroup(struct drive *drive, char *text)
{
	struct cgroup_tree *tree = &drive->cgroup.tree[drive->cgroup.count++];

	tree->controllers = strsep(&text, "|");
	tree->mount = strsep(&text, "|");
	tree->path = text;
	tree->v2 = !*tree->controllers;
	tree->dir = 0; /* it is there; nobody looks inside */
	drive->cgroup.mode = CGROUP_HYBRID;
}

static void parse_list(struct spec_strings *list, const char **array,
		       const char *text)
{
	list->at = array;
	array[list->count++] = text;
}

static void parse_sysctl(struct drive *drive, char *text)
{
	struct spec_pair *pair =
		&drive->sysctls[drive->spec.linux_.sysctl.count++];

	pair->key = strsep(&text, "=");
	pair->value = text;
	drive->spec.linux_.sysctl.at = drive->sysctls;
}

static void parse_ids(struct spec_id_map *map, const char *first)
{
	map->host = (uint32_t)strtoul(first, NULL, 10);
	map->size = 65536;
}

static void parse_users(struct drive *drive, const char *first)
{
	struct spec_linux *os = &drive->spec.linux_;

	parse_ids(&drive->users, first);
	drive->rootfs.userns = true;
	drive->namespaces |= CLONE_NEWUSER;
	os->uids = os->gids = (struct spec_id_maps){ 1, &drive->users };
}

static int parse_flag(struct drive *drive, int option)
{
	drive->spec.root_readonly |= option == 'r';
	drive->rootfs.no_pivot |= option == 'n';
	drive->rootfs.mountns &= option != 'N';
	drive->rootfs.cgroupns |= option == 'C';
	drive->rootfs.userns |= option == 'U';
	drive->spec.linux_.ns[SPEC_NS_NETWORK].used |= option == 'e';
	drive->terminal |= option == 't';
	drive->old |= option == 'O';
	drive->namespaces &= option == 'N' ? ~CLONE_NEWNS : ~0;
	drive->namespaces |= option == 'e' ? CLONE_NEWNET : 0;
	drive->namespaces |= option == 'C' ? CLONE_NEWCGROUP : 0;
	return option == '?' ? -EINVAL : 0;
}

static int parse_option(struct drive *drive, int option, char *text)
{
	struct spec_linux *os = &drive->spec.linux_;
	const struct word *word;

	switch (option) {
	case 'm':
		parse_mount(drive, text);
		return 0;
	case 'd':
		parse_device(drive, text);
		return 0;
	case 'g':
		parse_cgroup(drive, text);
		return 0;
	case 's':
		parse_sysctl(drive, text);
		return 0;
	case 'M':
		parse_list(&os->masked_paths, drive->masked, text);
		return 0;
	case 'R':
		parse_list(&os->readonly_paths, drive->readonly, text);
		return 0;
	case 'P':
		word = find_word(text);
		os->rootfs_propagation = word ? word->value : 0;
		return word ? 0 : -EINVAL;
	case 'u':
		parse_users(drive, text);
		return 0;
	case 'i':
		parse_ids(&drive->ids, text);
		return 0;
	case 'H':
		drive->hook = text;
		return 0;
	default:
		return parse_flag(drive, option);
	}
}

/* As a kernel that does not know them. */
static int forget_new_calls(void)
{
	static const int calls[] = { SYS_openat2,    SYS_open_tree,
				     SYS_move_mount, SYS_fsopen,
				     SYS_fsmount,    SYS_mount_setattr };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), calls[i],
				     0);
	r = r ?: seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

static int open_console(struct drive *drive, struct err *err)
{
	auto_fd int ptm = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	auto_fd int pty = -1;
	int zero = 0;

	if (ptm < 0 || ioctl(ptm, TIOCSPTLCK, &zero) < 0)
		return err_sys(err, errno, "open /dev/ptmx");
	pty = ioctl(ptm, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty < 0)
		return err_sys(err, errno, "open the terminal");
	return rootfs_console(&drive->rootfs, pty, err);
}

static int set_up(struct drive *drive, struct err *err)
{
	const struct spec_pairs *sysctls = &drive->spec.linux_.sysctl;
	int r = rootfs_mount(&drive->rootfs, err);

	/* NOLINTNEXTLINE(cert-env33-c): a shell is what tests want */
	if (r == 0 && drive->hook && system(drive->hook) != 0)
		r = err_sys(err, ECANCELED, "hook");
	r = r ?: rootfs_pivot(&drive->rootfs, err);
	for (size_t i = 0; i < sysctls->count && r == 0; i++)
		r = rootfs_sysctl(&drive->rootfs, sysctls->at[i].key,
				  sysctls->at[i].value, err);
	if (r == 0 && drive->terminal)
		r = open_console(drive, err);
	return r ?: rootfs_seal(&drive->rootfs, err);
}

static int say(const struct err *err)
{
	(void)fprintf(stderr, "rootfsctl: %s\n", err->msg);
	if (err->details[0])
		(void)fprintf(stderr, "%s\n", err->details);
	return 1;
}

static int child(struct drive *drive, char **command, int go)
{
	struct err err = { .code = CNI_OK };
	char c;

	if (read(go, &c, 1) != 1)
		return 1;
	if (drive->users.size && (setresgid(0, 0, 0) || setresuid(0, 0, 0)))
		return 1;
	if (set_up(drive, &err) < 0)
		return say(&err);
	(void)execv(command[0], command);
	perror(command[0]);
	return 127;
}

static int write_map(pid_t pid, const char *name, const struct spec_id_map *map)
{
	char path[64], text[64];
	auto_fd int fd = -1;
	int n = snprintf(text, sizeof(text), "0 %u %u\n", map->host, map->size);

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, (size_t)n) == n ? 0 : -errno;
}

static int run(struct drive *drive, char **command)
{
	int pipes[2], status = 0;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return 1;
	pid = (pid_t)syscall(SYS_clone, drive->namespaces | SIGCHLD, NULL, NULL,
			     NULL, NULL);
	if (pid == 0)
		_exit(child(drive, command, pipes[0]));
	if (pid < 0) {
		perror("clone");
		return 1;
	}
	if (drive->users.size &&
	    (write_map(pid, "uid_map", &drive->users) < 0 ||
	     write_map(pid, "gid_map", &drive->users) < 0))
		(void)fprintf(stderr, "rootfsctl: cannot write the maps\n");
	if (write(pipes[1], "", 1) != 1 || waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv)
{
	static struct drive drive = {
		.namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC,
		.rootfs.mountns = true,
	};
	struct err err = { .code = CNI_OK };
	int option, code;

	drive.spec.mounts = drive.mounts;
	drive.spec.linux_.devices = drive.devices;
	drive.spec.linux_.ns[SPEC_NS_PID].used = true;
	drive.spec.linux_.ns[SPEC_NS_IPC].used = true;
	while ((option = getopt(argc, argv, "+m:d:g:s:M:R:P:u:i:H:rnNeCtOU")) >=
	       0)
		if (parse_option(&drive, option, optarg) < 0)
			return 2;
	if (argc - optind < 3)
		return 2;
	drive.rootfs.bundle = argv[optind];
	drive.spec.root_path = argv[optind + 1];
	drive.rootfs.spec = &drive.spec;
	drive.rootfs.cgroup = &drive.cgroup;
	if (drive.old && forget_new_calls() < 0)
		return 2;
	code = rootfs_prepare(&drive.rootfs, -1, &err) < 0
		       ? say(&err)
		       : run(&drive, argv + optind + 2);
	rootfs_close(&drive.rootfs);
	return code;
}
