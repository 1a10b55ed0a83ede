#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Write the expected files anew. $1 is convert.go, compiled (see README.md).
set -eu
convert=$(realpath "$1")
cd "$(dirname "$0")"
stamped=$(mktemp)
trap 'rm -f "$stamped"' EXIT

for name in full odd; do
	for from in 0.2 0.4 1.1; do
		sed "s/VERSION\"/$from.0\"/" $name.from-$from.json >"$stamped"
		for to in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0; do
			"$convert" "$stamped" $from.0 $to \
				>$name.from-$from.to-$to.json
		done
	done
done
