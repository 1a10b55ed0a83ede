#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line as a whole: what there is, and what there is not.

load helpers

@test "--help lists every command, and nothing hidden" {
	glue --help
	assert_ok
	assert_output Containers: Images: Networks: "run a command in a new container"
	[[ $output != *null* && $output != *completion* ]] || flunk "what is hidden"
	! grep -x ':' <<<"$output" || flunk "a section without a name"
	glue completion --help
	assert_ok
	[[ $output != *null* ]] || flunk "a NULL"
}

@test "completion: for three shells, and bash understands its own" {
	local shell
	for shell in bash zsh fish; do
		glue completion $shell
		assert_ok
		assert_output network publish
	done
	glue completion bash
	bash -n <<<"$output"
	glue completion tcsh
	assert_fails "tcsh" "bash, zsh or fish"
}

@test "docker's commands that there are not say what to do instead" {
	glue logs web
	assert_status 2
	assert_fails 'no such command: "logs"' "that of its run"
	glue pull debian
	assert_fails "skopeo copy"
	glue exec web sh
	assert_fails "runtime-glue oci --root"
	glue rnu
	assert_fails 'did you mean "run"?'
	glue run -d web
	assert_status 125
	assert_fails "foreground" "runtime-glue run"
}

@test "who is not root is told so" {
	mkdir "$RUNTIME_GLUE_ROOT"
	mkdir -m 700 "$RUNTIME_GLUE_ROOT/containers"
	run setpriv --reuid 65534 --clear-groups "$GLUE" ps
	[ "$status" -eq 1 ] || flunk "expected a failure"
	assert_output "sudo runtime-glue ps"
}
