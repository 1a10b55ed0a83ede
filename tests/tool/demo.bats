#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The demo ends with success only if everything it shows is as it says.

load helpers

@test "make demo" {
	run "$TESTS/../demo.sh" "${GLUE%/*}"
	[ "$status" -eq 0 ] || flunk "the demo"
	assert_output "hello from a container" "port 8080/tcp of the host is published by container" \
		"Done."
}
