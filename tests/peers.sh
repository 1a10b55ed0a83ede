#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/peers.sh DIR
# Unpack, for tests that compare, Debian sid's containernetworking-plugins under
# DIR, and under DIR/oci its runc and crun with the libraries that they need,
# containerd, and bookworm's podman; and cnitool, which no package has, built from
# the source package by bookworm's Go. Nothing is installed and the machine's own
# apt state is not touched. Where the archive cannot be reached, those tests are
# skipped.
set -eu
dir=$1
[ ! -e "$dir/stamp" ] || [ ! -e "$dir/oci/stamp" ] ||
	[ ! -e "$dir/oci/podman/stamp" ] || [ ! -e "$dir/cnitool" ] || exit 0

give_up() {
	echo "peers: archive not reachable, tests that need peers will be skipped"
	exit 0
}
command -v apt-get >/dev/null || give_up
command -v dpkg >/dev/null || give_up

rm -rf "$dir/apt"
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
top=$(cd "$dir" && pwd)
# The mirror that this machine uses, which may be the only one it can reach.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	sed -n 's|^URIs: *\([^ ]*/debian/\{0,1\}\)\( .*\)\{0,1\}$|\1|p
		s|^deb .*\(https\{0,1\}://[^ ]*/debian/\{0,1\}\) .*|\1|p' | head -n 1)
for suite in sid bookworm; do
	echo "deb ${mirror:-http://deb.debian.org/debian} $suite main"
done >"$top/apt/sources"
echo "deb-src ${mirror:-http://deb.debian.org/debian} bookworm main" \
	>>"$top/apt/sources"

apt() {
	apt-get -qq -o Dir::Etc::sourcelist="$top/apt/sources" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$top/apt/lists" -o Dir::Cache="$top/apt/cache" \
		-o APT::Sandbox::User= -o Acquire::Languages=none \
		-o Acquire::http::Timeout=20 -o Acquire::Retries=1 \
		-o APT::Update::Error-Mode=any "$@"
}
apt update >"$top/apt/log" 2>&1 || give_up

# unpack DIR PACKAGE...: and note in DIR/unpacked what that was.
unpack() {
	into=$1
	shift
	mkdir -p "$into"
	for package; do
		# One at a time: two suites may have one of that name.
		rm -f "$top"/apt/*.deb
		(cd "$top/apt" && apt download -t sid "$package" >>log 2>&1) || return 1
		dpkg -x "$top"/apt/*.deb "$into" || return 1
		basename "$top"/apt/*.deb >>"$into/unpacked"
		# With /usr merged, as sid's own packages have it.
		[ ! -d "$into/lib" ] || { cp -a "$into/lib/." "$into/usr/lib/" &&
			rm -rf "${into:?}/lib"; }
	done
}

# Each part has a stamp of its own: what failed is tried again the next time.
if [ ! -e "$dir/stamp" ]; then
	unpack "$top" containernetworking-plugins || give_up
	mv "$top/unpacked" "$dir/stamp"
fi

oci=$top/oci
runtimes() {
	unpack "$oci" runc crun containerd conmon libc6 libgcc-s1 libseccomp2 \
		libblake3-0 libcap2 libjson-c5 libyajl2 libsystemd0 patchelf \
		libstdc++6 libglib2.0-0t64 libpcre2-8-0 || return 1
	[ -e "$oci/usr/lib64/ld-linux-x86-64.so.2" ] || {
		mkdir -p "$oci/usr/lib64"
		cp "$(find "$oci" -name 'ld-linux-x86-64.so.2' | head -n 1)" \
			"$oci/usr/lib64/"
	}
	cat >"$oci/patchelf" <<-END
		#!/bin/sh
		exec $oci/usr/lib64/ld-linux-x86-64.so.2 --library-path \
			$oci/usr/lib/x86_64-linux-gnu $oci/usr/bin/patchelf "\$@"
	END
	chmod +x "$oci/patchelf"
	# sid's programs need sid's C library. It is written into them as
	# their loader and library path, so that they can be run, and run
	# themselves, like others.
	for program in "$oci"/usr/sbin/runc "$oci"/usr/bin/runc \
		"$oci"/usr/bin/crun "$oci"/usr/bin/conmon; do
		[ -f "$program" ] || continue
		[ ! -L "$program" ] || continue
		"$oci/patchelf" --set-rpath "$oci/usr/lib/x86_64-linux-gnu" \
			--set-interpreter "$oci/usr/lib64/ld-linux-x86-64.so.2" \
			"$program" || return 1
	done
	ln -sf usr/sbin/runc "$oci/runc"
	# crun refuses hosts with both versions of cgroups when v2 has a
	# controller.
	cat >"$oci/crun" <<-END
		#!/bin/sh
		exec unshare --mount --propagation private sh -c '
			if [ "\$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
				umount -R /sys/fs/cgroup
				mount -t cgroup2 cgroup2 /sys/fs/cgroup
			fi
			exec "\$@"' crun $oci/usr/bin/crun "\$@"
	END
	chmod +x "$oci/crun"
}
[ -e "$oci/stamp" ] || { runtimes && mv "$oci/unpacked" "$oci/stamp"; } || give_up

podman=$oci/podman
if [ -e "$podman/stamp" ]; then
	:
elif unpack "$podman" podman/bookworm conmon/bookworm libsubid4/bookworm \
	libgpgme11/bookworm libassuan0/bookworm libdevmapper1.02.1/bookworm \
	libglib2.0-0/bookworm; then
	mv "$podman/unpacked" "$podman/stamp"
else
	echo "peers: no podman, tests that need it will be skipped"
fi
# By the compiler in place, which is large and does not stay.
cnitool() {
	go=$top/apt/go
	path=$go/path/src/github.com/containernetworking/cni
	rm -rf "$go"
	unpack "$go" golang-1.19-go/bookworm golang-1.19-src/bookworm || return 1
	(cd "$go" && apt source --download-only golang-github-appc-cni/bookworm \
		>>../log 2>&1) || return 1
	mkdir -p "$path"
	tar -xf "$go"/golang-github-appc-cni_*.orig.tar.* -C "$path" \
		--strip-components=1 || return 1
	(cd "$path" && GOROOT=$go/usr/lib/go-1.19 GOPATH=$go/path \
		GOCACHE=$go/cache GO111MODULE=off CGO_ENABLED=0 \
		"$go/usr/lib/go-1.19/bin/go" build -ldflags '-s -w' \
		-o "$top/cnitool" ./cnitool >>"$top/apt/log" 2>&1) || return 1
	chmod -R u+w "$go"
	rm -rf "$go"
}
[ -x "$top/cnitool" ] || cnitool ||
	echo "peers: no cnitool, tests that need it will be skipped"
rm -rf "$top/apt/go" "$top/apt/lists" "$top/apt/cache" "$top"/apt/*.deb
