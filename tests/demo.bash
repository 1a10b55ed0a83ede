# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the demos share. A line that begins with $ is a command: shown, and then
# run.

say() {
	printf '\n# %s\n' "$*"
}

# A command that sets variables, which must stay.
set_here() { # COMMAND
	printf '$ %s\n' "$1"
	eval "$1"
}

# Any other. A result has no newline at its end; awk adds it.
show() { # COMMAND
	printf '$ %s\n' "$1"
	eval "$1" 2>&1 | awk 1
}

expect() { # WHAT COMMAND...
	local what=$1
	shift
	"$@" && return
	echo "demo: expected $what" >&2
	exit 1
}
