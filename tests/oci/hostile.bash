# shellcheck shell=bash disable=SC2034,SC2086,SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# For tests of what a hostile image, volume or container tries.

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
