#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `root` and `mounts`: what the container finds mounted, and how.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# bind SOURCE DESTINATION OPTION...: one more mount.
bind() {
	config --arg s "$1" --arg d "$2" --args \
		'.mounts += [{source: $s, destination: $d, type: "bind",
		options: $ARGS.positional}]' "${@:3}"
}

# mount TYPE DESTINATION OPTION...
mount_type() {
	config --arg t "$1" --arg d "$2" --args \
		'.mounts += [{source: $t, destination: $d, type: $t,
		options: $ARGS.positional}]' "${@:3}"
}

# A fresh tmpfs in the test's own folder, with one below it.
nested() {
	mkdir -p "$SCRATCH/outer"
	mount -t tmpfs outer "$SCRATCH/outer"
	mkdir "$SCRATCH/outer/inner"
	mount -t tmpfs inner "$SCRATCH/outer/inner"
	mounts_before=$(mount_count)
}

@test "the root is writable, or not with root.readonly" {
	look create /new
	saw 'create /new=ok'
	config '.root.readonly = true'
	look create /other create /dev/allowed
	saw 'create /other=EROFS' 'create /dev/allowed=ok'
}

@test "nothing of the host's file systems is there" {
	look mounts dir / stat "$SCRATCH"
	saw "stat $SCRATCH=ENOENT"
	[ "$(grep -c '^mount ' <<<"$output")" -eq 4 ]
}

@test "root.path may be absolute" {
	mv "$ROOTFS" "$SCRATCH/elsewhere"
	config --arg p "$SCRATCH/elsewhere" '.root.path = $p'
	look say there
	saw say=there
}

# runc refuses that.
# bats test_tags=not-runc
@test "a rootfs that is a symlink" {
	mv "$ROOTFS" "$BUNDLE/real"
	ln -s real "$ROOTFS"
	look say there
	saw say=there
}

@test "bind: a directory and a file, destinations are made" {
	mkdir "$SCRATCH/dir"
	echo text >"$SCRATCH/dir/file"
	bind "$SCRATCH/dir" /made/dir rbind
	bind "$SCRATCH/dir/file" /made/file bind
	look read /made/dir/file read /made/file create /made/dir/new
	saw 'read /made/dir/file=text' 'read /made/file=text' \
		'create /made/dir/new=ok'
	[ -e "$SCRATCH/dir/new" ]
}

@test "bind: the options are those asked for" {
	mkdir "$SCRATCH/dir"
	bind "$SCRATCH/dir" /a bind ro nosuid nodev noexec
	bind "$SCRATCH/dir" /b bind noatime
	look mounts create /a/x
	saw_like 'mount /a=tmpfs ro,nosuid,nodev,noexec.*' \
		'mount /b=tmpfs rw,(nodiratime,)?noatime .*'
	saw 'create /a/x=EROFS'
}

@test "bind: a source that is missing is an error that names it" {
	bind "$SCRATCH/missing" /x bind
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails missing 'no such file'
}

@test "bind: a source relative to the bundle" {
	mkdir "$BUNDLE/relative"
	bind relative /x bind
	look mounts
	saw_like 'mount /x=tmpfs .*/bundle/relative'
}

@test "bind is of one mount, rbind of those below it, too" {
	nested
	bind "$SCRATCH/outer" /one bind
	bind "$SCRATCH/outer" /all rbind
	look mounts
	saw_like 'mount /one=tmpfs .*' 'mount /all/inner=tmpfs .*'
	saw_not 'mount /one/inner'
	umount -R "$SCRATCH/outer"
	mounts_before=$(mount_count)
}

# crun 1.28 has no rnoatime.
# bats test_tags=not-crun
@test "ro is of one mount, rro of those below it, too" {
	nested
	bind "$SCRATCH/outer" /some rbind ro
	bind "$SCRATCH/outer" /all rbind rro
	bind "$SCRATCH/outer" /odd rbind rnosuid rnoexec rnodev rnoatime
	look create /some/x create /some/inner/x create /all/x \
		create /all/inner/x mounts
	saw 'create /some/x=EROFS' 'create /some/inner/x=ok' \
		'create /all/x=EROFS' 'create /all/inner/x=EROFS'
	saw_like 'mount /odd/inner=tmpfs rw,nosuid,nodev,noexec,noatime .*'
	umount -R "$SCRATCH/outer"
	mounts_before=$(mount_count)
}

# crun is run in a mount namespace that gets no more mounts.
# bats test_tags=not-crun
@test "propagation: each word is what the mount becomes" {
	nested
	mount --make-rshared "$SCRATCH/outer"
	bind "$SCRATCH/outer" /private rbind rprivate
	bind "$SCRATCH/outer" /slave rbind rslave
	bind "$SCRATCH/outer" /shared rbind rshared
	bind "$SCRATCH/outer" /unbindable rbind runbindable
	config '.linux.rootfsPropagation = "shared"'
	look mounts
	saw_like 'mount /private=tmpfs [^ ]* \| .*' \
		'mount /slave/inner=tmpfs [^ ]* master:[0-9]+ \| .*' \
		'mount /shared/inner=tmpfs [^ ]* shared:[0-9]+( master:[0-9]+)? \| .*' \
		'mount /unbindable=tmpfs [^ ]* unbindable \| .*'
	umount -R "$SCRATCH/outer"
	mounts_before=$(mount_count)
}

@test "rootfsPropagation: of / inside" {
	local word like
	for word in private slave unbindable; do
		config --arg p $word '.linux.rootfsPropagation = $p'
		look mounts
		case $word in
		private) like='mount /=tmpfs [^ ]* \| .*' ;;
		slave) like='mount /=tmpfs [^ ]*( master:[0-9]+)? \| .*' ;;
		*) like='mount /=tmpfs [^ ]* unbindable \| .*' ;;
		esac
		saw_like "$like" || return 1
	done
	config '.linux.rootfsPropagation = "rshared"'
	look mounts
	saw_like 'mount /=tmpfs [^ ]* shared:[0-9]+( master:[0-9]+)? \| .*'
}

# crun is run in a mount namespace that gets no more mounts.
# bats test_tags=not-crun
@test "a mount made outside reaches a slave" {
	mkdir "$SCRATCH/outer"
	mount -t tmpfs outer "$SCRATCH/outer"
	mount --make-rshared "$SCRATCH/outer"
	bind "$SCRATCH/outer" /slave rbind rslave
	config '.linux.rootfsPropagation = "slave"'
	launch_waiting stat /slave/late/file mounts
	mkdir "$SCRATCH/outer/late"
	mount -t tmpfs late "$SCRATCH/outer/late"
	touch "$SCRATCH/outer/late/file"
	oci kill $ID USR1
	eventually grep -q '^stat /slave/late/file=-' "$box_out"
	gone
	umount -R "$SCRATCH/outer"
}

@test "tmpfs: size, mode and owner are passed to it" {
	mount_type tmpfs /t nosuid size=64k mode=1770 uid=5 gid=6
	look stat /t mounts
	saw 'stat /t=d 1770 5:6'
	saw_like 'mount /t=tmpfs rw,nosuid.* \| .*size=64k.*'
}

@test "tmpcopyup: the tmpfs has what was below it" {
	mkdir -p "$ROOTFS/data/sub"
	echo deep >"$ROOTFS/data/sub/file"
	chmod 664 "$ROOTFS/data/sub/file"
	chown 3:4 "$ROOTFS/data/sub/file"
	ln -s sub/file "$ROOTFS/data/link"
	mount_type tmpfs /data tmpcopyup
	look read /data/sub/file stat /data/sub/file link /data/link \
		create /data/new
	saw 'read /data/sub/file=deep' 'stat /data/sub/file=- 0664 3:4' \
		'link /data/link=sub/file' 'create /data/new=ok'
	[ ! -e "$ROOTFS/data/new" ]
}

@test "proc, sysfs, mqueue and devpts are the container's" {
	mount_type sysfs /sys ro nosuid
	mount_type mqueue /dev/mqueue nosuid noexec nodev
	look mounts dir /proc/self/task dir /sys/class/net dir /dev/pts
	saw 'dir /proc/self/task=1' 'dir /sys/class/net=lo' 'dir /dev/pts=ptmx'
	saw_like 'mount /sys=sysfs ro,nosuid.*' 'mount /dev/mqueue=mqueue .*'
}

@test "the links of /dev: fd, stdin, stdout, stderr, ptmx" {
	look link /dev/fd link /dev/stdin link /dev/stdout link /dev/stderr \
		link /dev/ptmx
	saw 'link /dev/fd=/proc/self/fd' 'link /dev/stdin=/proc/self/fd/0' \
		'link /dev/stdout=/proc/self/fd/1' \
		'link /dev/stderr=/proc/self/fd/2'
	saw_like 'link /dev/ptmx=(/dev/)?pts/ptmx'
}

@test "overlay: the options are passed to it" {
	mkdir "$SCRATCH/lower" "$SCRATCH/upper" "$SCRATCH/work"
	echo below >"$SCRATCH/lower/file"
	mount_type overlay /o "lowerdir=$SCRATCH/lower" \
		"upperdir=$SCRATCH/upper" "workdir=$SCRATCH/work"
	look read /o/file create /o/new
	saw 'read /o/file=below' 'create /o/new=ok'
	[ -e "$SCRATCH/upper/new" ]
}

@test "mounts are made in order: a later one covers an earlier one" {
	mkdir "$SCRATCH/a" "$SCRATCH/b"
	touch "$SCRATCH/a/one" "$SCRATCH/b/two"
	bind "$SCRATCH/a" /m bind
	bind "$SCRATCH/b" /m bind
	look dir /m
	saw 'dir /m=two'
	saw_not 'dir /m=one'
}

@test "an unknown file system is an error that names it" {
	mount_type nosuchfs /x
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails nosuchfs 'no such device'
}

@test "masked paths: a file reads empty, a directory is empty, neither writable" {
	mkdir "$ROOTFS/secret"
	echo data >"$ROOTFS/secret/file"
	echo data >"$ROOTFS/plain"
	config '.linux.maskedPaths = ["/secret", "/plain", "/not/there",
		"/proc/version"]'
	look read /plain stat /secret/file create /secret/new stat /plain \
		stat /proc/version
	saw_not 'read /plain=data'
	saw 'stat /secret/file=ENOENT' 'create /secret/new=EROFS'
	saw_like 'stat /plain=c 0666 .* 1:3' 'stat /proc/version=c 0666 .* 1:3'
}

@test "readonly paths: also those below /proc" {
	config '.linux.readonlyPaths = ["/proc/sys", "/tmp", "/not/there"]'
	look create /tmp/x write /proc/sys/kernel/domainname create /home/x mounts
	saw 'create /tmp/x=EROFS' 'write /proc/sys/kernel/domainname=EROFS' \
		'create /home/x=ok'
	saw_like 'mount /proc/sys=proc ro,nosuid,nodev,noexec.*'
}

@test "cgroup: the container's own groups, read only" {
	need_v1
	mount_type cgroup /sys/fs/cgroup ro nosuid noexec nodev
	look dir /sys/fs/cgroup read /proc/self/cgroup \
		write /sys/fs/cgroup/memory/cgroup.procs \
		stat /sys/fs/cgroup/pids/pids.max
	saw 'dir /sys/fs/cgroup=memory' 'dir /sys/fs/cgroup=freezer' \
		'write /sys/fs/cgroup/memory/cgroup.procs=EROFS'
	saw_like 'stat /sys/fs/cgroup/pids/pids.max=- .*'
}

@test "cgroup with a cgroup namespace: own group is the root" {
	need_v1
	mount_type cgroup /sys/fs/cgroup ro nosuid noexec nodev
	config '.linux.namespaces += [{type: "cgroup"}]'
	look read /proc/self/cgroup stat /sys/fs/cgroup/pids/pids.max
	saw_like 'read /proc/self/cgroup=[0-9]+:pids:/' \
		'stat /sys/fs/cgroup/pids/pids.max=- .*'
}

@test "cgroup on v2: own group, read only" {
	v2_only
	mount_type cgroup /sys/fs/cgroup ro nosuid noexec nodev
	config '.linux.namespaces += [{type: "cgroup"}]'
	look mounts read /proc/self/cgroup stat /sys/fs/cgroup/cgroup.freeze \
		write /sys/fs/cgroup/cgroup.procs
	saw_like 'mount /sys/fs/cgroup=cgroup2 ro,.*' 'read /proc/self/cgroup=0::/' \
		'stat /sys/fs/cgroup/cgroup.freeze=- .*'
	saw 'write /sys/fs/cgroup/cgroup.procs=EROFS'
}

# The machine's file system must allow it: tmpfs does since Linux 6.3.
@test "idmapped mount: owners are shifted" {
	mkdir "$SCRATCH/dir"
	echo text >"$SCRATCH/dir/file"
	chown 0:0 "$SCRATCH/dir/file"
	config --arg s "$SCRATCH/dir" '.mounts += [{type: "bind", source: $s,
		destination: "/shifted", options: ["bind"],
		uidMappings: [{containerID: 0, hostID: 5000, size: 100}],
		gidMappings: [{containerID: 0, hostID: 6000, size: 100}]}]'
	look stat /shifted/file read /shifted/file
	saw 'stat /shifted/file=- 0644 5000:6000' 'read /shifted/file=text'
}

@test "idmapped mount: the container's own mappings with idmap" {
	mkdir "$SCRATCH/dir"
	touch "$SCRATCH/dir/file"
	mkdir "$ROOTFS/shifted"
	bind "$SCRATCH/dir" /shifted bind idmap
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 5000, size: 100}] |
		.linux.gidMappings = [{containerID: 0, hostID: 6000, size: 100}]'
	look stat /shifted/file stat /bin/report create /shifted/new
	saw 'stat /shifted/file=- 0644 0:0' 'create /shifted/new=ok'
	[ "$(stat -c %u:%g "$SCRATCH/dir/new")" = 0:0 ]
}

# runc mounts all of it on the host, and leaves it there.
# bats test_tags=ferrule
@test "without a mount namespace of its own: nothing is left on the host" {
	config '.linux.namespaces |= map(select(.type != "mount"))'
	args /bin/report
	oci create --bundle "$BUNDLE" $ID
	[ "$status" -eq 0 ] || assert_fails
	gone
}

@test "--no-pivot: the same by another way" {
	args /bin/report dir / say moved
	oci run --no-pivot --bundle "$BUNDLE" $ID
	assert_ok
	saw say=moved 'dir /=bin'
}

@test "hundred mounts" {
	mkdir "$SCRATCH/dir"
	config --arg s "$SCRATCH/dir" '.mounts += [range(100) | {type: "bind",
		source: $s, destination: "/many/\(.)", options: ["bind", "ro"]}]'
	look mounts
	[ "$(grep -c '^mount /many/' <<<"$output")" -eq 100 ]
}

# bats test_tags=ferrule
@test "mount errors name the entry, the destination and the call" {
	bind "$SCRATCH/missing" /x bind
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails 'mounts[3]' "$SCRATCH/missing" 'no such file'
	config 'del(.mounts[3])'
	mount_type nosuchfs /x
	oci run --bundle "$BUNDLE" $ID
	assert_fails 'mounts[3]' "at */x*nosuchfs"
}
