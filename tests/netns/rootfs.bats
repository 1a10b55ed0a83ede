#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=ferrule
# runtime-glue/rootfs by its driver tests/drive/rootfsctl.c, seen from inside of
# what it sets up. $old: as on Linux 5.1, with mount(2) alone.
load helpers

setup() {
	command -v busybox >/dev/null || skip "no busybox"
	# Not in the way of root of a user namespace.
	SCRATCH=$(mktemp -d /run/scratch.XXXXXX)
	chmod 755 "$SCRATCH"
	root=$SCRATCH/rootfs
	mkdir -p "$root"/{bin,proc,etc} "$SCRATCH/out" "$SCRATCH/vol/sub"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for name in sh ls cat mount stat readlink id touch mkdir grep head \
		chmod umount; do
		ln -s busybox "$root/bin/$name"
	done
	echo secret >"$SCRATCH/out/secret"
	echo hello >"$SCRATCH/vol/file"
	old=()
}

teardown() {
	[ -z "${beside:-}" ] || kill "$beside" 2>/dev/null || :
	rm -rf "$SCRATCH"
}

# rootfs OPTION... -- SCRIPT
rootfs() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	status=0
	output=$("$DRIVE_DIR/rootfsctl" "${old[@]}" "${options[@]}" "$SCRATCH" \
		rootfs /bin/sh -c "$2" 2>&1) || status=$?
}

assert_output() {
	[ "$output" = "$1" ] || flunk "expected output: $1"
}

assert_has() {
	[[ "$output" == *"$1"* ]] || flunk "expected in the output: $1"
}

assert_refused() {
	[ "$status" -eq 1 ] || flunk "expected a failure"
	assert_has "$1"
}

PROC='/proc|proc|proc|nosuid,noexec,nodev'
DEV='/dev|tmpfs|tmpfs|nosuid,mode=755'
# options PATH: what mountinfo says of a mount.
# shellcheck disable=SC2016 # for the shell in the container
OPTIONS='options() { while read -r _ _ _ _ at how _; do
	[ "$at" != "$1" ] || last=$how; done </proc/self/mountinfo; echo "$last"; };'

both() {
	"$@" || return 1
	old=(-O)
	"$@"
}

binds() {
	rootfs -m "$PROC" -m "/a/b|bind|$SCRATCH/vol|rbind,ro,nosuid" \
		-m "/f|bind|vol/file|bind,noexec" -- \
		"$OPTIONS cat /a/b/file /f; options /a/b; options /f
		touch /a/b/x 2>/dev/null || echo ro"
	assert_ok
	assert_output $'hello\nhello\nro,nosuid,relatime\nrw,noexec,relatime\nro'
}

@test "bind mounts: directories, files, relative sources, their options" {
	both binds
}

@test "bind mounts: only the options asked for change" {
	mount -t tmpfs -o nosuid,nodev,noexec,noatime none "$SCRATCH/vol"
	rootfs -m "$PROC" -m "/v|bind|$SCRATCH/vol|bind,ro" -- \
		"$OPTIONS options /v"
	umount "$SCRATCH/vol"
	assert_output ro,nosuid,nodev,noexec,noatime
}

@test "bind mounts: what the host has locked stays in a user namespace" {
	chown -R 100000:100000 "$root" "$SCRATCH/vol"
	mount -t tmpfs -o nosuid,nodev,noexec,noatime none "$SCRATCH/vol"
	for o in '' -O; do
		# shellcheck disable=SC2086 # may be none
		rootfs $o -u 100000 -m "$PROC" \
			-m "/v|bind|$SCRATCH/vol|bind,ro,relatime" -- \
			"$OPTIONS options /v"
		[ -z "$o" ] || assert_output ro,nosuid,nodev,noexec,noatime
		assert_ok
		assert_has ro,nosuid,nodev,noexec,
	done
	umount "$SCRATCH/vol"
}

@test "bind mounts: recursive attributes reach what is mounted below" {
	mount -t tmpfs none "$SCRATCH/vol/sub"
	rootfs -m "$PROC" -m "/v|bind|$SCRATCH/vol|rbind,rro" \
		-m "/w|bind|$SCRATCH/vol|rbind,ro" -- \
		"$OPTIONS options /v/sub; options /w/sub; options /w"
	umount "$SCRATCH/vol/sub"
	assert_output $'ro,relatime\nrw,relatime\nro,relatime'
}

@test "bind mounts: what is missing, and what does not fit, is named" {
	mkdir "$root/dir"
	rootfs -m "$PROC" -m "/a|bind|/nowhere|bind" -- :
	assert_refused 'mounts[1], at /a: bind source "/nowhere": No such file or directory'
	rootfs -m "/dir|bind|$SCRATCH/vol/file|bind" -- :
	assert_refused 'mounts[0], at /dir: mount "'"$SCRATCH"'/vol/file" on "/dir": Is a directory'
	rootfs -m "/bin/busybox|bind|$SCRATCH/vol|bind" -- :
	assert_refused "Not a directory"
	rootfs -m "/x|nofs|x|" -- :
	assert_refused 'mounts[0], at /x: mount type "nofs": No such device'
	rootfs -m "/x|tmpfs|x|color=red" -- :
	assert_refused 'mounts[0], at /x: option "color=red" of tmpfs: Invalid argument'
	assert_has "Unknown parameter 'color'"
}

@test "propagation: each mount has the one asked for" {
	rootfs -m "$PROC" -m "/s|bind|$SCRATCH/vol|rbind,rshared" \
		-m "/p|bind|$SCRATCH/vol|rbind,rprivate" \
		-m "/u|bind|$SCRATCH/vol|rbind,unbindable" -- \
		'grep -E " /(s|p|u) " /proc/self/mountinfo'
	[[ "$output" == *" /s rw,relatime shared:"*" /p rw,relatime - "*" /u rw,relatime unbindable -"* ]] ||
		flunk "wrong propagation"
}

@test "propagation: of the root, and none of it reaches the host" {
	mount --make-rshared /
	before=$(wc -l </proc/self/mountinfo)
	for word in shared slave private unbindable rshared rslave; do
		rootfs -P $word -m "$PROC" -- \
			'mount -t tmpfs none /etc; grep " / " /proc/self/mountinfo'
		assert_ok
		case $word in
		*shared) assert_has shared: ;;
		unbindable) assert_has unbindable ;;
		*) [[ $output != *shared:* ]] || flunk "$word is shared" ;;
		esac
		[ "$before" = "$(wc -l </proc/self/mountinfo)" ] ||
			flunk "$word: left in the host"
	done
	mount --make-rprivate /
}

destinations() {
	ln -sfn ../../../../../../../.."$SCRATCH/out" "$root/link"
	ln -sfn "$SCRATCH/out" "$root/abs"
	ln -sfn ../run/resolv.conf "$root/etc/resolv.conf"
	rootfs -m "$PROC" -m "/link/made|tmpfs|t|" -m "/abs/made|tmpfs|t|" \
		-m "/../../$SCRATCH/out/up|tmpfs|t|" \
		-m "/etc/resolv.conf|bind|$SCRATCH/vol/file|bind" -- \
		"cat /run/resolv.conf; ls $SCRATCH/out"
	assert_ok
	assert_output $'hello\nmade\nup'
	[ "$(ls "$SCRATCH/out")" = secret ] || flunk "written outside"
	rm -rf "${root:?}/run"
}

@test "destinations: symlinks and .. stay in the root (CVE-2019-18837)" {
	both destinations
}

race() {
	for _ in {1..60}; do
		rootfs -m "$PROC" -m "/vol|bind|$SCRATCH/vol|bind" \
			-m "/vol/swap/a/b|tmpfs|t|" -m "/vol/swap/c|bind|/etc/passwd|bind" \
			-- :
		[ "$(ls "$SCRATCH/out")" = secret ] || flunk "written outside"
		rm -rf "$SCRATCH/vol/swap" "$SCRATCH/vol/real"/* 2>/dev/null
	done
}

@test "destinations: exchanged while they are mounted (CVE-2021-30465, CVE-2024-45310)" {
	mkdir "$SCRATCH/vol/real"
	(
		cd "$SCRATCH/vol" || exit
		while :; do
			ln -sfn "../../../../../../../..$SCRATCH/out" swap
			rm -rf swap
			mkdir swap 2>/dev/null
			mv -T swap moved 2>/dev/null
			ln -sfn "$SCRATCH/out" swap
			rm -rf swap moved
		done
	) 2>/dev/null &
	beside=$!
	both race
}

@test "/proc: a symlink or a file is refused (CVE-2019-19921)" {
	rm -r "$root/proc"
	ln -s /etc "$root/proc"
	rootfs -m "$PROC" -- :
	assert_refused 'must be a plain directory'
	rm "$root/proc"
	touch "$root/proc"
	rootfs -m "$PROC" -- :
	assert_refused 'mounts[0], at /proc: destination "/proc" of type proc must be'
}

@test "/proc: nothing but procfs on it, nothing below it (CVE-2023-27561)" {
	ln -s proc "$root/alias"
	rootfs -m "/proc|tmpfs|t|" -- :
	assert_refused "only a proc file system can be mounted there"
	rootfs -m "/proc|bind|$SCRATCH/vol|rbind" -- :
	assert_refused "only a proc file system can be mounted there"
	rootfs -m "/x/../proc/|bind|$SCRATCH/vol|rbind" -- :
	assert_refused "only a proc file system can be mounted there"
	for path in /proc/self/attr /proc/sys /alias/sys/kernel /proc/1; do
		rootfs -m "$PROC" -m "$path|bind|$SCRATCH/vol|rbind" -- :
		assert_refused "is inside of /proc"
	done
	rootfs -m "/proc/sys|bind|$SCRATCH/vol|rbind" -m "$PROC" -- :
	assert_refused "is inside of /proc"
	rootfs -m "$PROC" -m "/proc/uptime|bind|$SCRATCH/vol/file|bind" -- \
		"cat /proc/uptime"
	assert_output hello
	rootfs -m "/proc|bind|/proc|rbind" -- "readlink /proc/self/ns/pid"
	assert_ok
}

devices() {
	rm -rf "${root:?}/dev" "$root/target"
	mkdir "$root/target"
	rootfs -m "$PROC" -m "$DEV" -d '/dev/fuse|c|10|229|640' \
		-d '/dev/net/tun|u|10|200' -d '/dev/pipe|p|0|0|600' \
		-d '/dev/null|c|1|3|600' -d '/other/zero|c|1|5|604' -- \
		'cd /dev; stat -c "%n %a %t:%T" fuse net/tun pipe null zero full \
			random urandom tty /other/zero
		readlink fd; readlink stdin; readlink stdout; readlink stderr
		readlink ptmx'
	assert_ok
	assert_output 'fuse 640 a:e5
net/tun 666 a:c8
pipe 600 0:0
null 600 1:3
zero 666 1:5
full 666 1:7
random 666 1:8
urandom 666 1:9
tty 666 5:0
/other/zero 604 1:5
/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
pts/ptmx'
}

@test "devices: nodes, modes and links" {
	both devices
}

@test "devices: /dev is a symlink out of the root (CVE-2026-41579)" {
	ln -s "../../../../../../../..$SCRATCH/out" "$root/dev"
	rootfs -m "$PROC" -- 'ls /dev/'
	assert_ok
	assert_has urandom
	[ "$(ls "$SCRATCH/out")" = secret ] || flunk "made outside"
}

@test "devices: a wrong node, or a symlink in a node's place, is refused" {
	mkdir "$root/dev"
	touch "$root/dev/null"
	rootfs -- :
	assert_refused 'device "/dev/null": not the character device 1:3: File exists'
	ln -sf "$SCRATCH/out/secret" "$root/dev/null"
	rootfs -- :
	assert_refused 'device "/dev/null"'
	rm "$root/dev/null"
	ln -s "$SCRATCH/out/secret" "$root/dev/x"
	rootfs -d '/dev/x|c|1|3' -- :
	assert_refused 'linux.devices[0]: device "/dev/x"'
}

@test "devices: bound from the host in a user namespace" {
	chown -R 100000:100000 "$root"
	rootfs -u 100000 -m "$PROC" -m "$DEV" -d '/dev/pipe|p|0|0|600' -- \
		'stat -c "%n %F %t:%T" /dev/null /dev/tty /dev/pipe; echo >/dev/null'
	assert_ok
	assert_output '/dev/null character special file 1:3
/dev/tty character special file 5:0
/dev/pipe fifo 0:0'
	rootfs -u 100000 -m "$DEV" -d '/dev/zero|c|1|3' -- :
	assert_refused 'linux.devices[0]: device "/dev/zero": not the character device 1:3'
}

@test "devices: a bind mount on /dev is left alone" {
	mkdir "$SCRATCH/mydev"
	rootfs -m "/dev|bind|$SCRATCH/mydev|bind" -- :
	assert_ok
	[ -z "$(ls "$SCRATCH/mydev")" ] || flunk "something was made in it"
}

console() {
	rm -rf "${root:?}/dev"
	rootfs -t -m "$PROC" -m "$DEV" -m "/dev/pts|devpts|devpts|newinstance,ptmxmode=0666" -- \
		'stat -c "%t %T" /dev/console; grep -c "devpts.*/dev/console\|/dev/console.*devpts" /proc/self/mountinfo'
	assert_ok
	assert_output $'88 0\n1'
	rootfs -t -m "$PROC" -m "$DEV" -m "/dev/pts|devpts|devpts|newinstance,ptmxmode=0666" \
		-H "ln -s /etc/x $root/dev/console" -- :
	assert_refused 'open "/dev/console": Too many levels of symbolic links'
}

# The hook runs in the driver's mount namespace, before the pivot.
@test "console: a terminal is bound, a symlink in its place refused (CVE-2025-52565)" {
	both console
}

masks() {
	mkdir -p "$root/secret/dir" "$root/empty"
	echo x >"$root/secret/file"
	echo x >"$root/plain"
	ln -sfn /secret "$root/alias"
	rootfs -m "$PROC" -m "$DEV" -M /secret -M /plain -M /none -M /plain/x \
		-M /proc/keys -M /empty -R /proc/sys -R /bin -R /gone -- \
		"$OPTIONS ls /secret /alias/ /empty; cat /plain /proc/keys
		stat -c '%t:%T' /plain; options /proc/sys; options /bin
		touch /secret/x /bin/x 2>/dev/null || echo ro; touch /ok"
	assert_ok
	assert_output '/alias/:

/empty:

/secret:
1:3
ro,nosuid,nodev,noexec,relatime
ro,relatime
ro'
	[ "$(cat "$root/secret/file")" = x ] || flunk "the image was changed"
}

@test "masked and read-only paths" {
	both masks
}

# The container's /dev/null is a link to what must not be seen.
@test "masked paths: not with the container's /dev/null (CVE-2025-31133)" {
	local evil="rm $root/dev/null; ln -s /proc/sys/kernel/core_pattern $root/dev/null"
	rootfs -m "$PROC" -m "$DEV" -M /proc/keys -H "$evil" -- \
		'stat -c %t:%T /proc/keys'
	assert_output 1:3
	old=(-O)
	rootfs -m "$PROC" -m "$DEV" -M /proc/keys -H "$evil" -- :
	assert_refused 'linux.maskedPaths[0] "/proc/keys"'
}

@test "sysctls go to a procfs of our own (CVE-2025-52881)" {
	rootfs -e -m "$PROC" -s net.ipv4.ip_forward=1 \
		-s net/ipv4/conf/lo/forwarding=0 -- \
		'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/lo/forwarding'
	assert_output $'1\n0'
	# No /proc in the container at all.
	rootfs -e -s net.ipv4.ip_forward=1 -- :
	assert_ok
	# A hook of the image's choice puts something else there.
	rootfs -e -m "$PROC" -s kernel.shm_rmid_forced=1 \
		-H "mount --bind $SCRATCH/vol $root/proc" -- 'ls /proc'
	assert_output $'file\nsub'
	for key in net.ipv4.none net/../kernel/x ../etc/passwd /etc/passwd ''; do
		rootfs -e -s "$key=1" -- :
		assert_refused "sysctl \"$key\""
	done
	old=(-O)
	rootfs -e -m "$PROC" -s net.ipv4.ip_forward=1 -- 'cat /proc/sys/net/ipv4/ip_forward'
	assert_output 1
	rootfs -e -s "net/../kernel/x=1" -- :
	assert_refused "sysctl"
}

tmpfs() {
	rm -rf "$root/bin/new" "$root/data"
	mkdir -p "$root/data/dir"
	echo text >"$root/data/dir/file"
	chmod 4751 "$root/data/dir/file"
	ln -sf dir/file "$root/data/link"
	chown 7:8 "$root/data/dir"
	chmod 2770 "$root/data"
	rootfs -m "$PROC" -m "/data|tmpfs|t|tmpcopyup,ro" -m "/bin/new|tmpfs|t|size=1m" \
		-m "/etc|tmpfs|t|ro" -m "/etc/in|tmpfs|t|mode=1751" -- \
		"$OPTIONS cat /data/link; stat -c '%a %u:%g' /data /data/dir /data/dir/file \
			/etc /etc/in /bin/new; options /data; options /etc"
	assert_ok
	assert_output 'text
2770 0:0
755 7:8
4751 0:0
755 0:0
1751 0:0
1777 0:0
ro,relatime
ro,relatime'
}

@test "tmpfs: copy-up, modes, and read-only once all is mounted" {
	both tmpfs
}

@test "file systems: options longer than fsconfig takes" {
	local lower=$SCRATCH/vol dir
	for dir in {1..12}; do
		mkdir "$SCRATCH/lower-with-a-long-name-$dir"
		lower+=:$SCRATCH/lower-with-a-long-name-$dir
	done
	[ ${#lower} -gt 256 ]
	rootfs -m "/o|overlay|overlay|ro,lowerdir=$lower" -- 'cat /o/file'
	assert_output hello
}

@test "symlinks: copied, bound themselves, or followed" {
	ln -s /some/where "$SCRATCH/vol/link"
	rootfs -m "/l/ink|bind|$SCRATCH/vol/link|bind,copy-symlink" -- 'readlink /l/ink'
	assert_output /some/where
	rootfs -m "/l/ink|bind|$SCRATCH/vol/link|bind,copy-symlink" -- 'readlink /l/ink'
	assert_ok
	ln -s /else/where "$root/sym"
	rootfs -m "/sym|bind|$SCRATCH/vol/link|bind,src-nofollow,dest-nofollow" \
		-- 'readlink /sym'
	assert_output /some/where
	rootfs -m "/l/ink|bind|$SCRATCH/vol/link|bind" -- :
	assert_refused 'No such file or directory'
}

@test "the root: another mount on /, read-only, without pivot_root" {
	mkdir "$SCRATCH/other"
	cp -a "$root/." "$SCRATCH/other"
	touch "$SCRATCH/other/here"
	rootfs -m "/|bind|$SCRATCH/other|rbind" -m "$PROC" -r -- \
		'ls /here; touch /x 2>&1'
	assert_has /here
	assert_has "Read-only file system"
	rootfs -n -r -m "$PROC" -- 'ls /; touch /x 2>&1; ls /proc/1 >/dev/null'
	assert_has "Read-only file system"
	[[ $output != *vol* ]] || flunk "the host is visible"
}

@test "the root: what is missing or needs a mount namespace" {
	rm -rf "$root"
	rootfs -- :
	assert_refused 'root.path "'"$SCRATCH"'/rootfs": No such file or directory'
	touch "$root"
	rootfs -- :
	assert_refused 'Not a directory'
	rm "$root"
	mkdir "$root"
	rootfs -N -m "$PROC" -- :
	assert_refused 'mounts: only with a new mount namespace in linux.namespaces'
	rootfs -N -R /x -- :
	assert_refused 'linux.readonlyPaths'
}

@test "user namespaces: sources and rootfs that its root cannot reach" {
	chown -R 100000:100000 "$root" "$SCRATCH/vol"
	chmod 700 "$SCRATCH"
	rootfs -u 100000 -m "$PROC" -m "/v|bind|$SCRATCH/vol|rbind,ro" -- \
		'cat /v/file; stat -c %u /v/file'
	assert_output $'hello\n0'
}

@test "user namespaces: rootless, with one id" {
	mount --make-rprivate /
	chown -R 65534:65534 "$SCRATCH"
	status=0
	output=$(setpriv --reuid 65534 --regid 65534 --clear-groups \
		unshare -U --map-root-user "$DRIVE_DIR/rootfsctl" -U -e -r \
		-m "$PROC" -m "$DEV" -m '/sys|sysfs|sysfs|ro' \
		-m "/v|bind|$SCRATCH/vol|rbind,ro" -M /proc/keys -R /proc/sys \
		-s net.ipv4.ip_forward=1 "$SCRATCH" rootfs /bin/sh -c \
		'cat /v/file /proc/keys; stat -c %t:%T /dev/null; touch /v/x 2>&1' \
		2>&1) || status=$?
	assert_output $'hello\n1:3\ntouch: /v/x: Read-only file system'
}

@test "user namespaces: /sys without a network namespace, cgroups protected" {
	chown -R 100000:100000 "$root"
	rootfs -u 100000 -m "$PROC" -m '/sys|sysfs|sysfs|nosuid,noexec,nodev' -- \
		"$OPTIONS ls -d /sys/kernel; options /sys; options /sys/fs/cgroup"
	assert_ok
	assert_has /sys/kernel
	[[ ${lines:-$(tail -n1 <<<"$output")} == ro,* ]] || flunk "cgroups are writable"
}

@test "idmapped mounts: mappings of their own, and the container's" {
	chown 3:4 "$SCRATCH/vol/file"
	rootfs -i 3 -m "$PROC" -m "/v|bind|$SCRATCH/vol|bind,idmap" -- \
		'stat -c %u:%g /v/file'
	[[ $output != *"idmap the mount"*"Invalid argument"* ]] ||
		skip "tmpfs without idmapped mounts"
	assert_ok
	rootfs -i 0 -m "/v|tmpfs|t|idmap" -- :
	assert_refused 'only bind mounts can be idmapped'
	rootfs -m "/v|bind|$SCRATCH/vol|bind,idmap" -- :
	assert_refused 'without uidMappings'
	chown -R 100000:100000 "$root"
	rootfs -u 100000 -m "/v|bind|$SCRATCH/vol|bind,ridmap" -- 'stat -c %u:%g /v/file'
	assert_output 3:4
}

cgroups() {
	rootfs -m "$PROC" -m '/sys|tmpfs|t|' -m '/sys/fs/cgroup|cgroup|cgroup|ro,nosuid' \
		-g 'cpu,cpuacct|'"$SCRATCH/cg/cpu,cpuacct"'|/a/b' \
		-g "name=systemd|$SCRATCH/cg/systemd|/" -- \
		"$OPTIONS cd /sys/fs/cgroup; ls; readlink cpu; readlink cpuacct; ls cpu
		options /sys/fs/cgroup; options /sys/fs/cgroup/systemd"
	assert_ok
	assert_output 'cpu
cpu,cpuacct
cpuacct
systemd
cpu,cpuacct
cpu,cpuacct
mine
ro,nosuid,relatime
ro,nosuid,relatime'
}

@test "cgroups: v1 is a tmpfs with the container's own groups" {
	mkdir -p "$SCRATCH/cg/cpu,cpuacct/a/b" "$SCRATCH/cg/systemd"
	touch "$SCRATCH/cg/cpu,cpuacct/a/b/mine" "$SCRATCH/cg/cpu,cpuacct/other"
	both cgroups
}

@test "cgroups: v2 is fresh in its own namespace, else bound" {
	mkdir -p "$SCRATCH/cg2"
	mount -t cgroup2 none "$SCRATCH/cg2" || skip "no cgroup2"
	rootfs -C -m "$PROC" -m '/cg|cgroup2|cgroup|ro' -- \
		"$OPTIONS ls /cg/cgroup.procs; options /cg"
	assert_output $'/cg/cgroup.procs\nro,relatime'
	rootfs -m "$PROC" -m '/cg|cgroup|cgroup|ro' -g "|$SCRATCH/cg2|/" -- \
		"$OPTIONS ls /cg/cgroup.procs; options /cg"
	umount "$SCRATCH/cg2"
	assert_output $'/cg/cgroup.procs\nro,relatime'
}

@test "cgroups: v1 in a namespace is fresh, the host's tree is never shown" {
	mkdir "$SCRATCH/pids"
	mount -t cgroup -o pids none "$SCRATCH/pids" || skip "no v1 pids"
	mkdir -p "$SCRATCH/pids/rootfs-test"
	status=0
	sh -c "echo \$\$ >$SCRATCH/pids/rootfs-test/cgroup.procs &&
		exec $DRIVE_DIR/rootfsctl -C -m '$PROC' \
		-m '/cg|cgroup|cgroup|ro,nosuid' -g 'pids|$SCRATCH/pids|/rootfs-test' \
		$SCRATCH rootfs /bin/ls /cg/pids/pids.max /cg/pids/rootfs-test" \
		>"$SCRATCH/output" 2>&1 || status=$?
	output=$(<"$SCRATCH/output")
	rmdir "$SCRATCH/pids/rootfs-test"
	umount "$SCRATCH/pids"
	assert_has /cg/pids/pids.max
	assert_has "/cg/pids/rootfs-test: No such file"
	rootfs -m '/cg|cgroup2|cgroup|ro' -- :
	assert_refused "no group of the container's to show"
}

@test "remount: an option of something that is mounted" {
	rootfs -m "$PROC" -m "/t|tmpfs|t|" -m "/t||none|remount,bind,ro,noexec" -- \
		"$OPTIONS options /t"
	assert_output ro,noexec,relatime
}
