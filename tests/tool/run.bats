#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# run: what a container is, as the options and the image say.

load helpers

# sh COMMAND: in a container of the image "web"; more options in $with.
in_web() {
	# shellcheck disable=SC2086 # several
	glue run --rm --network none ${with-} web sh -c "$1"
}

prepare() {
	make_image web
}

@test "the exit status is the container's" {
	glue run --rm --network none web true
	assert_ok
	[ -z "$output$stderr" ] || flunk "not quiet"
	in_web "exit 7"
	assert_status 7
	[ -z "$stderr" ] || flunk "not quiet"
	in_web 'sh -c "kill -9 \$\$"; exit $?'
	assert_status 137
}
