#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a hostile image or volume must not achieve by links and what it puts in
# the place of /proc, /dev and their files: by CVE, as in security.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2086,SC2154
load helpers
load hostile

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
