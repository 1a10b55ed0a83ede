#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Check that every text file says its licence in the first five lines, where
# its format has comments at all.
set -eu
cd "$(dirname "$0")/../.."
status=0

{ git ls-files -co --exclude-standard 2>/dev/null || find . -type f -not -path './build*'; } |
	sort -u | {
	while read -r file; do
		case ${file#./} in
		LICENSE | VERSION | *.json | *.jsonl | *.conflist | .git/*) continue ;;
		tests/*/corpus/* | tests/*/golden/* | tests/golden/*) continue ;;
		esac
		grep -qIs . "$file" || continue
		head -n 5 "$file" | grep -q 'SPDX-License-Identifier: GPL-2\.0-or-later' && continue
		echo "$file: no SPDX-License-Identifier in its first five lines" >&2
		status=1
	done
	exit $status
}
