#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Install those packages of deps.txt that are missing. When none is, apt and
# the network are left alone.
set -eu
here=$(dirname "$0")

if ! command -v dpkg-query >/dev/null; then
	echo "deps: not a Debian system; what Debian calls these is needed:"
	sed '/^#/d; /^$/d' "$here/deps.txt" | xargs echo "deps:"
	exit 0
fi

missing=
# shellcheck disable=SC2013 # a word a line
for package in $(sed '/^#/d' "$here/deps.txt"); do
	case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
	installed) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

echo "deps: missing:$missing"
if [ "$(id -u)" -ne 0 ]; then
	echo "deps: not root, so not installed: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update || echo "deps: apt-get update failed, trying without" >&2
# shellcheck disable=SC2086 # one word a package
exec apt-get -qq install --yes --no-install-recommends $missing
