#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a hostile image, volume or container must not achieve: one test or more
# for each known hole of container runtimes, by its CVE.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers

# The files of the host that an attack would reach for are in here.
prepare() {
	VICTIM=$SCRATCH/victim
	mkdir "$VICTIM"
	echo precious >"$VICTIM/file"
}

unharmed() {
	[ "$(ls -A "$VICTIM")" = file ] || flunk "made: $(ls -A "$VICTIM")" ||
		return 1
	[ "$(<"$VICTIM/file")" = precious ] || flunk "changed: $(<"$VICTIM/file")"
}

# run it; whether it starts or is refused is the runtime's choice.
attempt() {
	args /bin/report "$@"
	oci run --bundle "$BUNDLE" $ID
	[ "$status" -eq 0 ] || assert_fails
}

ALL_CAPS='(["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETUID", "SETGID",
	"SYS_PTRACE", "MKNOD", "SYS_CHROOT"] | map("CAP_" + .)) as $all |
	.process.capabilities = {bounding: $all, effective: $all, permitted: $all}'

# A copy of the runtime, which the attack may break.
own_runtime() {
	mkdir "$SCRATCH/own"
	cp -L "$OCI_RUNTIME" "$SCRATCH/own/"
	OCI_RUNTIME=$SCRATCH/own/${OCI_RUNTIME##*/}
	sum=$(sha256sum "$OCI_RUNTIME")
}

@test "CVE-2019-5736: the runtime's executable is not writable from inside" {
	own_runtime
	config "$ALL_CAPS"
	cat >"$ROOTFS/bin/attack" <<-'END'
		#!/bin/sh
		# Keep what is neither of ours open, and write to it when it is let go.
		echo waiting
		while :; do
			for p in /proc/[0-9]*; do
				exe=$(readlink $p/exe) || continue
				case $exe in
				/bin/report | /bin/busybox | '') continue ;;
				esac
				exec 9<$p/exe || continue
				n=0
				while [ $n -lt 200 ]; do
					n=$((n + 1))
					(echo HACKED >>/proc/self/fd/9) 2>/dev/null && break
				done
				echo tried
			done 2>/dev/null
		done
	END
	printf '#!/proc/self/exe\n' >"$ROOTFS/bin/trap"
	chmod +x "$ROOTFS/bin/attack" "$ROOTFS/bin/trap"
	config '.process.args = ["/bin/sh", "/bin/attack"]'
	oci_out=$SCRATCH/attack oci run --detach --bundle "$BUNDLE" $ID
	assert_ok
	eventually grep -q waiting "$SCRATCH/attack"
	for _ in 1 2 3 4 5 6; do
		oci exec $ID /bin/trap --help
		oci exec $ID /proc/self/exe --version
		oci exec $ID /bin/report
	done
	[ "$(sha256sum "$OCI_RUNTIME")" = "$sum" ] || flunk "the runtime is changed"
	gone
}

@test "CVE-2019-5736: a container whose program is the runtime itself" {
	own_runtime
	config "$ALL_CAPS"' | .process.args = ["/proc/self/exe", "--version"]'
	oci run --bundle "$BUNDLE" $ID
	ln -s /proc/self/exe "$ROOTFS/bin/self"
	config '.process.args = ["/bin/self", "init"]'
	oci run --bundle "$BUNDLE" $ID
	[ "$(sha256sum "$OCI_RUNTIME")" = "$sum" ]
	gone
}

@test "CVE-2016-9962: an exec'd runtime's descriptors are not to be seen inside" {
	cat >"$ROOTFS/bin/attack" <<-'END'
		#!/bin/sh
		echo waiting
		while :; do
			for p in /proc/[0-9]*; do
				ls -l $p/fd 2>/dev/null | grep -E 'state|/sys/fs/cgroup' &&
					echo LEAK
				cat $p/environ 2>/dev/null | grep -q MARKED && echo LEAK
			done
		done
	END
	config '.process.args = ["/bin/sh", "/bin/attack"]'
	oci_out=$SCRATCH/attack oci run --detach --bundle "$BUNDLE" $ID
	eventually grep -q waiting "$SCRATCH/attack"
	for _ in 1 2 3 4 5 6; do
		MARKED=1 oci exec $ID /bin/report
		assert_ok
	done
	never grep LEAK "$SCRATCH/attack"
	gone
}

@test "CVE-2024-21626: no descriptor of the caller's or the runtime's is inside" {
	args /bin/report fds
	oci run --bundle "$BUNDLE" $ID 7</ 8<"$VICTIM" 9<"$VICTIM/file"
	assert_ok
	saw_not 'fd 3=' 'fd 7=' 'fd 8=' 'fd 9=' victim
	launch_waiting
	oci exec $ID /bin/report fds 7</ 8<"$VICTIM"
	assert_ok
	saw_not 'fd 3=' 'fd 7=' 'fd 8=' victim
	gone
}

@test "CVE-2024-21626: a cwd of /proc/self/fd/N does not lead out" {
	local n
	for n in 3 5 6 7 8 9 10 12; do
		config --arg c "/proc/self/fd/$n" '.process.cwd = $c'
		args /bin/report dir . read ../../../../etc/hostname
		oci run --bundle "$BUNDLE" $ID 7</ 8<"$VICTIM"
		[ "$status" -eq 0 ] || assert_fails || return 1
		saw_not 'dir .=victim' 'dir .=file' 'dir .=state' 'dir .=usr' \
			'dir .=cgroup.procs' 'dir .=memory' || return 1
	done
}

@test "CVE-2024-21626: nor does that of exec, also through a symlink" {
	local n
	ln -s /proc/self/fd/8 "$ROOTFS/link"
	launch_waiting
	for n in /proc/self/fd/3 /proc/self/fd/7 /proc/self/fd/8 /proc/self/fd/10 \
		/link; do
		oci exec --cwd $n $ID /bin/report cwd dir . 7</ 8<"$VICTIM"
		[ "$status" -eq 0 ] || assert_fails || return 1
		saw_not 'dir .=victim' 'dir .=file' 'dir .=usr' 'dir .=memory' \
			unreachable || return 1
	done
	gone
}

@test "CVE-2019-19921: /proc that is a symlink in the image" {
	rmdir "$ROOTFS/proc"
	mkdir "$ROOTFS/fake"
	ln -s /fake "$ROOTFS/proc"
	attempt say started read /proc/version
	[ "$status" -ne 0 ] || saw_like 'read /proc/version=Linux.*'
}

# crun lets it, or leaves the cgroup.
# bats test_tags=not-crun
@test "CVE-2019-16884, CVE-2023-27561: a volume on /proc is refused" {
	mkdir -p "$SCRATCH/fake/self/attr"
	config --arg s "$SCRATCH/fake" '.mounts += [{type: "bind", source: $s,
		destination: "/proc", options: ["bind"]}]'
	args /bin/report
	oci run --bundle "$BUNDLE" $ID
	assert_fails proc
	config '.mounts[-1] = {type: "tmpfs", source: "tmpfs",
		destination: "/proc"}'
	oci run --bundle "$BUNDLE" $ID
	assert_fails proc
}

# crun lets it, or leaves the cgroup.
# bats test_tags=not-crun
@test "CVE-2019-16884: nothing can be mounted inside /proc" {
	local at
	mkdir "$SCRATCH/fake"
	args /bin/report
	for at in /proc/self /proc/sys/kernel /proc/1/attr /proc/self/fd \
		/tmp/../proc/sys; do
		config --arg s "$SCRATCH/fake" --arg d "$at" '.mounts[3] = {
			type: "bind", source: $s, destination: $d, options: ["bind"]}'
		oci run --bundle "$BUNDLE" $ID
		assert_fails proc || return 1
	done
	ln -s /proc/self "$ROOTFS/link"
	config '.mounts[3].destination = "/link/attr"'
	oci run --bundle "$BUNDLE" $ID
	assert_fails
}

@test "CVE-2023-28642: /proc or /sys through a symlink to a volume" {
	mkdir "$SCRATCH/volume"
	rmdir "$ROOTFS/sys"
	ln -s volume "$ROOTFS/sys"
	config --arg s "$SCRATCH/volume" '.mounts += [{type: "bind", source: $s,
		destination: "/volume", options: ["bind"]}, {type: "sysfs",
		source: "sysfs", destination: "/sys", options: ["ro"]}]'
	attempt say started
	unharmed
	[ -z "$(ls -A "$SCRATCH/volume")" ]
}

# crun lets it, or leaves the cgroup.
# bats test_tags=not-crun
@test "CVE-2025-31133: a /dev/null that is none does not unmask" {
	local kind
	mkdir "$SCRATCH/dev"
	echo secret >"$ROOTFS/secret"
	for kind in link file zero; do
		rm -f "$SCRATCH/dev/null"
		case $kind in
		link) ln -s /etc/passwd "$SCRATCH/dev/null" ;;
		file) echo replaced >"$SCRATCH/dev/null" ;;
		zero) mknod "$SCRATCH/dev/null" c 1 5 ;;
		esac
		config --arg s "$SCRATCH/dev" '.linux.maskedPaths = ["/secret",
			"/proc/version"] | .mounts |= [.[0], {type: "bind", source: $s,
			destination: "/dev", options: ["bind"]}]'
		attempt read /secret put /secret x stat /secret
		saw_not 'read /secret=root:' 'read /secret=secret' \
			'read /secret=replaced' || return 1
		[ "$(<"$ROOTFS/secret")" = secret ]
		[ $kind != file ] || [ "$(<"$SCRATCH/dev/null")" = replaced ]
	done
}

@test "CVE-2025-52565: a /dev/console that is a link is not followed" {
	mkdir "$SCRATCH/dev"
	ln -s "$VICTIM/file" "$SCRATCH/dev/console"
	ln -s /proc/sysrq-trigger "$SCRATCH/dev/other"
	config --arg s "$SCRATCH/dev" '.process.terminal = true |
		.mounts |= [.[0], {type: "bind", source: $s, destination: "/dev",
		options: ["bind"]}, .[2]]'
	mkdir "$SCRATCH/dev/pts"
	args /bin/report mounts
	OCTEST=$MARK timeout 20 /usr/bin/python3 "$TESTS/receive.py" pty \
		"$OCI_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" $ID \
		>"$SCRATCH/out" 2>&1 3>&- || :
	never grep -E "^mount .*(victim|etc)" "$SCRATCH/out"
	unharmed
	rm "$SCRATCH/dev/console"
	ln -s /proc/sysrq-trigger "$SCRATCH/dev/console"
	OCTEST=$MARK timeout 20 /usr/bin/python3 "$TESTS/receive.py" pty \
		"$OCI_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" $ID \
		>"$SCRATCH/out" 2>&1 3>&- || :
	never grep -E '^mount /proc/sysrq-trigger' "$SCRATCH/out"
}

@test "CVE-2025-52881: sysctls are written to the kernel's /proc only" {
	mkdir -p "$SCRATCH/fake/net/ipv4"
	echo 0 >"$SCRATCH/fake/net/ipv4/ip_forward"
	config --arg s "$SCRATCH/fake" '.linux.sysctl = {"net.ipv4.ip_forward": "1"} |
		.mounts += [{type: "bind", source: $s, destination: "/proc/sys",
		options: ["bind"]}]'
	attempt say started
	[ "$(<"$SCRATCH/fake/net/ipv4/ip_forward")" = 0 ]
}

@test "CVE-2022-0811: sysctl keys and values do not reach other sysctls" {
	local key before
	before=$(</proc/sys/kernel/core_pattern)
	for key in net/../kernel/core_pattern net.ipv4/../../kernel/core_pattern \
		net...kernel.core_pattern fs.mqueue/../../kernel/core_pattern; do
		config --arg k "$key" '.linux.sysctl = {($k): "|/bin/evil"}'
		attempt say started
		[ "$status" -ne 0 ] || flunk "accepted: $key"
		[ "$(</proc/sys/kernel/core_pattern)" = "$before" ]
	done
	config '.linux.sysctl = {
		"net.ipv4.ip_forward": "1+kernel.core_pattern=|/bin/evil"}'
	attempt say started
	[ "$(</proc/sys/kernel/core_pattern)" = "$before" ]
}

@test "CVE-2021-30465: destinations through symlinks stay in the root" {
	local link
	for link in "$VICTIM" "../../../../../../../../../..$VICTIM" \
		"/proc/1/root$VICTIM"; do
		rm -f "$ROOTFS/link"
		ln -s "$link" "$ROOTFS/link"
		config '.mounts[3] = {type: "tmpfs", source: "tmpfs",
			destination: "/link/made"}'
		attempt mounts
		unharmed || return 1
		saw_not "mount $VICTIM=" || return 1
	done
}

@test "CVE-2021-30465, CVE-2024-45310: nor when they are exchanged meanwhile" {
	mkdir -p "$SCRATCH/volume/dir"
	ln -s "$VICTIM" "$SCRATCH/volume/link"
	config --arg s "$SCRATCH/volume" '.mounts += [{type: "bind", source: $s,
		destination: "/volume", options: ["bind"]}, {type: "tmpfs",
		source: "tmpfs", destination: "/volume/dir/a/b"}]'
	# Not by timeout(1), which would be what is killed, and leave it behind.
	/usr/bin/python3 "$TESTS/exchange.py" \
		"$SCRATCH/volume/dir" "$SCRATCH/volume/link" 3>&- &
	local racer=$!
	for _ in {1..25}; do
		attempt say started
		unharmed || break
	done
	kill -KILL $racer
	wait $racer || :
	unharmed
}

@test "CVE-2018-19837, CVE-2019-18837: an image full of links" {
	local name
	for name in dev sys tmp; do
		rmdir "$ROOTFS/$name"
		ln -s "$VICTIM" "$ROOTFS/$name"
	done
	config '.mounts += [{type: "tmpfs", source: "tmpfs", destination: "/tmp"},
		{type: "sysfs", source: "sysfs", destination: "/sys"}]'
	attempt say started
	unharmed
}

@test "CVE-2026-41579, CVE-2026-47766: /dev that is a symlink in the image" {
	local link
	for link in "$VICTIM" "../../../../../../../../..$VICTIM" /proc/1/cwd; do
		rm -rf "${ROOTFS:?}/dev"
		ln -s "$link" "$ROOTFS/dev"
		config '.mounts |= [.[0]] | .linux.devices = [
			{path: "/dev/more", type: "c", major: 1, minor: 3}]'
		attempt say started
		unharmed || return 1
	done
}

@test "devices cannot be made outside through .." {
	config --arg p "/dev/../../../../../../../..$VICTIM/device" '
		.linux.devices = [{path: $p, type: "c", major: 1, minor: 3}]'
	attempt say started
	unharmed
}

@test "CVE-2022-24769, CVE-2022-27650: no capability is inheritable" {
	look status CapInh status CapAmb
	saw CapInh=0000000000000000 CapAmb=0000000000000000
}

@test "CVE-2022-29162: exec --cap adds nothing to the inheritable ones" {
	launch_waiting
	oci exec --cap CAP_KILL $ID /bin/report status CapInh status CapAmb
	assert_ok
	saw CapInh=0000000000000000 CapAmb=0000000000000000
	oci exec $ID /bin/report status CapInh status CapAmb
	saw CapInh=0000000000000000 CapAmb=0000000000000000
	gone
}

# crun lets it, or leaves the cgroup.
# bats test_tags=not-crun
@test "CVE-2026-30892: exec --user of what is no user is refused" {
	local user
	launch_waiting
	for user in 1000abc abc 0x10 -1 99999999999999999999 1000: 1000:x : 1:2:3 ' 5' 5,6; do
		oci exec --user "$user" $ID /bin/report ids
		if [ "$status" -eq 0 ]; then
			flunk "accepted: $user"
			return 1
		fi
	done
	gone
}

# runc 1.3 runs it as root.
# bats test_tags=not-runc
@test "CVE-2026-30892: a user or group beyond 32 bits is not another one" {
	local user
	launch_waiting
	for user in 4294967296 4294967295 1:4294967296; do
		oci exec --user "$user" $ID /bin/report ids
		assert_fails || flunk "accepted: $user" || return 1
	done
	gone
}

# crun lets it, or leaves the cgroup.
# bats test_tags=not-crun
@test "CVE-2021-43784: sizes that overflow a message" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [range(300) | {containerID: ., hostID: (5000 + .),
		size: 1}] | .linux.gidMappings = .linux.uidMappings |
		.annotations = {big: ("x" * 200000)}'
	look read /proc/self/uid_map
	[ "$(grep -c uid_map= <<<"$output")" -eq 300 ]
	config '.linux.uidMappings = [range(5000) | {containerID: .,
		hostID: (5000 + .), size: 1}]'
	attempt say started
	[ "$status" -ne 0 ]
}

@test "CVE-2023-25809: in a user namespace the host's cgroups are read only" {
	config '.linux.namespaces += [{type: "user"}, {type: "cgroup"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 5000, size: 100}] |
		.linux.gidMappings = .linux.uidMappings |
		.mounts += [{type: "cgroup", source: "cgroup",
		destination: "/sys/fs/cgroup", options: ["ro"]}]'
	mkdir -p "$ROOTFS/sys/fs/cgroup"
	attempt create /sys/fs/cgroup/x write /sys/fs/cgroup/memory/cgroup.procs \
		write /sys/fs/cgroup/cgroup.procs
	saw_not 'cgroup.procs=ok'
}

@test "masked and read-only paths through links do not reach the host" {
	ln -s "$VICTIM/file" "$ROOTFS/masked"
	ln -s "$VICTIM" "$ROOTFS/readonly"
	config '.linux.maskedPaths = ["/masked"] |
		.linux.readonlyPaths = ["/readonly"]'
	attempt say started
	unharmed
	echo more >>"$VICTIM/file"
}

@test "a working directory that is made through a link is made inside" {
	ln -s "$VICTIM" "$ROOTFS/link"
	config '.process.cwd = "/link/made"'
	attempt cwd
	unharmed
}

@test "tmpcopyup does not copy what links of the image point to" {
	ln -s "$VICTIM" "$ROOTFS/data"
	config '.mounts += [{type: "tmpfs", source: "tmpfs", destination: "/data",
		options: ["tmpcopyup"]}]'
	attempt dir /data read "$VICTIM/file"
	unharmed
	saw_not precious
}

@test "passwd of the image is read inside, and may be a link, a fifo or junk" {
	config '.process.env = ["PATH=/bin"]'
	rm "$ROOTFS/etc/passwd"
	ln -s "$VICTIM/file" "$ROOTFS/etc/passwd"
	attempt env
	saw_not precious
	rm "$ROOTFS/etc/passwd"
	head -c 100000 /dev/urandom >"$ROOTFS/etc/passwd"
	attempt say started
}

# bats test_tags=ferrule
@test "a passwd that is a fifo does not hang the runtime" {
	config '.process.env = ["PATH=/bin"]'
	rm "$ROOTFS/etc/passwd"
	mkfifo "$ROOTFS/etc/passwd"
	OCI_TIMEOUT=10 attempt say started
}

# bats test_tags=ferrule
@test "the waiting init's executable is a sealed copy or a read-only mount" {
	make_box
	readlink "/proc/$PID/exe" >&2
	never bash -c ': >>"$1"' bash "/proc/$PID/exe"
	[ "$(stat -Lc %d:%i "/proc/$PID/exe")" != \
		"$(stat -Lc %d:%i "$OCI_RUNTIME")" ] ||
		grep -q ' ro,' "/proc/$PID/mountinfo"
	gone
}
