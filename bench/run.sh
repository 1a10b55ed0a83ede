#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: bench/run.sh BUILD [OPTION]...
# Compare the plugins of BUILD, and a static build of them, with the reference
# plugins; see bench/README.md for the options and the environment.
set -eu
build=${1:?usage: bench/run.sh BUILD [OPTION]...}
shift
cd "$(dirname "$0")/.."
build=$(realpath "$build")
peers=$(realpath -m "${PEERS:-build/peers/usr/lib/cni}")
BENCH_DIR=${BENCH_DIR:+$(realpath "$BENCH_DIR")}

# On disk: the programs (all of them copies, on the same file system) and the
# stores of the scenarios that are about disks. The other stores: on a tmpfs
# mounted there, unless BENCH_DIR says where.
disk=$(mktemp -d "$build/bench/tmp.XXXXXX")
trap 'rm -rf "$disk"' EXIT
trap 'exit 130' INT TERM
mkdir "$disk/store" "$disk/bin" "$disk/dynamic" "$disk/static"

copy() { # name directory: bridge and portmap may be missing
	mkdir "$disk/bin/$1"
	for plugin in loopback host-local bridge portmap; do
		if [ ! -x "$2/$plugin" ]; then
			case $plugin in
			bridge | portmap) continue ;;
			*) return 1 ;;
			esac
		fi
		cp "$2/$plugin" "$disk/bin/$1/"
		[ "$1" = go ] || strip "$disk/bin/$1/$plugin"
	done
}

set -- ${ROUNDS:+--rounds="$ROUNDS"} ${ONLY:+--only="$ONLY"} "$@" \
	--disk="$disk" --store="${BENCH_DIR:-$disk/store}" \
	--json="$build/bench/results.json"

echo 'int main(void) { return 0; }' >"$disk/idle.c"
for kind in dynamic static; do
	# shellcheck disable=SC2046,SC2086 # CC may have arguments
	${CC:-cc} -O2 $([ $kind = dynamic ] || echo -static) "$disk/idle.c" \
		-o "$disk/$kind/idle" &&
		set -- "$@" --idle="$kind::$disk/$kind"
done
mkdir "$disk/bin/floor"
cp "$build/bench/floor" "$disk/bin/floor/bridge"
strip "$disk/bin/floor/bridge"
set -- "$@" "floor::$disk/bin/floor"
if copy go "$peers"; then
	version=$(cat "${peers%/usr/lib/cni}/stamp" 2>/dev/null || echo unknown)
	set -- "$@" "go:$version:$disk/bin/go"
else
	echo "skipped: no peers"
fi
version=$(cat "$build/version" 2>/dev/null || echo unknown)
copy ferrule "$build/bin"
set -- "$@" "ferrule:$version:$disk/bin/ferrule"
log=$build/bench/static.log
# The directory is named as `make STATIC=1` names it, for the same objects.
MAKEFLAGS='' "${MAKE:-make}" -k -j"$(nproc)" STATIC=1 \
	BUILD="$(realpath --relative-to=. "$build")-static" all >"$log" 2>&1 ||
	echo "not all of the static build could be made, see $log"
if copy ferrule-static "$build-static/bin"; then
	set -- "$@" "ferrule-static:$version:$disk/bin/ferrule-static"
else
	echo "skipped: no static build, see $log"
fi

# Namespaces of its own: the plugins' files under /run are not the machine's,
# nothing that is mounted stays, and root is not needed.
[ "$(id -u)" -eq 0 ] && user='' || user=--map-root-user
# shellcheck disable=SC2016,SC2086 # for the inner shell; no argument, if empty
BENCH_DIR=$BENCH_DIR unshare $user --net --mount --propagation private sh -euc '
	mount -t tmpfs -o mode=755 none /run
	[ -n "$BENCH_DIR" ] ||
		mount -t tmpfs -o mode=755,size=80%,nr_inodes=0 none "$1"
	shift
	exec "$@"' sh "$disk/store" "$build/bench/cnibench" "$@"
