#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/peers.sh DIR
# Unpack Debian sid's containernetworking-plugins under DIR, for tests that
# compare. Nothing is installed and the machine's own apt state is not touched.
# Where the archive cannot be reached, those tests are skipped.
set -eu
dir=$1
package=containernetworking-plugins
[ ! -e "$dir/stamp" ] || exit 0

give_up() {
	echo "peers: archive not reachable, tests that need peers will be skipped"
	exit 0
}
command -v apt-get >/dev/null || give_up
command -v dpkg >/dev/null || give_up

mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
top=$(cd "$dir" && pwd)
# The mirror that this machine uses, which may be the only one it can reach.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	sed -n 's|^URIs: *\([^ ]*/debian/\{0,1\}\)\( .*\)\{0,1\}$|\1|p
		s|^deb .*\(https\{0,1\}://[^ ]*/debian/\{0,1\}\) .*|\1|p' | head -n 1)
echo "deb ${mirror:-http://deb.debian.org/debian} sid main" >"$top/apt/sources"

apt() {
	apt-get -qq -o Dir::Etc::sourcelist="$top/apt/sources" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$top/apt/lists" -o Dir::Cache="$top/apt/cache" \
		-o APT::Sandbox::User= -o Acquire::Languages=none \
		-o Acquire::http::Timeout=20 -o Acquire::Retries=1 \
		-o APT::Update::Error-Mode=any "$@"
}
apt update >"$top/apt/log" 2>&1 || give_up
(cd "$top/apt" && apt download $package >>log 2>&1) || give_up
dpkg -x "$top/apt/$package"_*.deb "$top" || give_up
rm -rf "$top/apt/lists" "$top/apt/cache"
basename "$top/apt/$package"_*.deb >"$dir/stamp"
