#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage: tests/sandbox.sh COMMAND ARG...
# Run COMMAND in a network and a mount namespace of its own, where it can do
# no harm: /run is empty, what it writes to /etc, /opt and /var/lib is lost.
set -eu

if [ "${1:-}" != --inside ]; then
	[ "$(id -u)" -eq 0 ] || set -- --map-root-user "$0" --inside "$@"
	[ "$1" = --map-root-user ] || set -- "$0" --inside "$@"
	exec unshare --net --mount --propagation private "$@"
fi
shift

mount -t tmpfs -o mode=755 none /run
mkdir /run/netns /run/lock /run/.upper
for dir in /etc /opt /var/lib; do
	[ -d $dir ] || continue
	upper=/run/.upper/$(basename $dir)
	mkdir "$upper" "$upper.work"
	mount -t overlay -o "lowerdir=$dir,upperdir=$upper,workdir=$upper.work" \
		none $dir 2>/dev/null ||
		{ mount --bind $dir $dir && mount -o remount,bind,ro $dir; }
done
ip link set lo up
exec "$@"
