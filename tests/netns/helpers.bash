# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every test here uses. `make check-netns` starts bats in private network
# and mount namespaces with an empty /run, so nothing can reach the machine.
# Each test gets two fresh network namespaces: "host", where the plugins run,
# and "pod", the container.
#
#   PLUGIN_DIR  the plugins under test, ours or others
#   PEER_DIR    the reference plugins; need not exist
#
# A test of what only ferrule promises has the line `# bats test_tags=ferrule`
# above it. All others pass with the reference plugins, too.
bats_require_minimum_version 1.7.0

: "${PLUGIN_DIR:?the folder of the plugins under test}"
PLUGIN_DIR=$(realpath "$PLUGIN_DIR")
PEER_DIR=${PEER_DIR:-/nonexistent}
POD=/run/netns/pod

setup() {
	ip netns add host
	ip netns add pod
	SCRATCH=$(mktemp -d /run/scratch.XXXXXX) # on a tmpfs
}

teardown() {
	ip -all netns delete
	rm -rf "$SCRATCH"
}

# in_ns NAMESPACE COMMAND...
in_ns() {
	nsenter --net="/run/netns/$1" -- "${@:2}"
}

# cni VERB PLUGIN CONF [VAR=VALUE...]: call a plugin with CONF on its stdin, or
# if that is "-" with cni's own stdin. Leaves its exit status in $status, what
# it wrote in $output and $stderr, and byte for byte in the files $stdout_file
# and $stderr_file. It has 20 seconds.
cni() {
	local plugin=$PLUGIN_DIR/$2
	stdout_file=$BATS_TEST_TMPDIR/stdout stderr_file=$BATS_TEST_TMPDIR/stderr
	local call=(in_ns host timeout 20 env CNI_COMMAND="$1"
		CNI_CONTAINERID=test CNI_NETNS="$POD" CNI_IFNAME=eth0
		CNI_ARGS= CNI_PATH="$PLUGIN_DIR" "${@:4}" "$plugin")

	status=0
	if [ "$3" = - ]; then
		"${call[@]}" >"$stdout_file" 2>"$stderr_file" || status=$?
	else
		"${call[@]}" >"$stdout_file" 2>"$stderr_file" <<<"$3" ||
			status=$?
	fi
	output=$(<"$stdout_file")
	stderr=$(<"$stderr_file")
}

# json FILTER: a jq filter on what the plugin printed.
json() {
	jq -r "$1" <<<"$output"
}

# The assertions say what they saw; all of them return 1 on failure.
flunk() {
	printf '%s\n' "$@" "exit status: ${status:-}" "stdout: ${output:-}" \
		"stderr: ${stderr:-}" >&2
	return 1
}

assert_ok() {
	[ "$status" -eq 0 ] || flunk "expected success"
}

# Success without a word on stdout.
assert_silent() {
	assert_ok || return 1
	[ ! -s "$stdout_file" ] || flunk "expected nothing on stdout"
}

# assert_stdout TEXT: exactly these bytes.
assert_stdout() {
	printf %s "$1" | cmp -s - "$stdout_file" ||
		flunk "stdout differs:" "$(printf %s "$1" |
			diff -u --label expected --label got - "$stdout_file")"
}

# assert_json FILTER TEXT
assert_json() {
	local got
	got=$(json "$1") || flunk "not JSON, or $1 fails" || return 1
	[ "$got" = "$2" ] || flunk "$1 is $got" "expected: $2"
}

# assert_error CODE [MSG [DETAILS]]: a complete error object and exit status 1.
# CODE, MSG and DETAILS are patterns as in [[ x == y ]].
assert_error() {
	local code msg details
	[ "$status" -eq 1 ] || flunk "expected exit status 1" || return 1
	code=$(json .code) msg=$(json .msg) details=$(json '.details // ""')
	# shellcheck disable=SC2053
	[[ $code == $1 ]] || flunk "code is $code, expected $1" || return 1
	# shellcheck disable=SC2053
	[[ $msg == ${2-?*} ]] || flunk "msg is $msg" "expected: ${2-}" ||
		return 1
	# shellcheck disable=SC2053
	[[ $details == ${3-*} ]] || flunk "details: $details" "expected: ${3-}"
}

# link_is up|down NAMESPACE LINK
link_is() {
	local flags
	flags=$(ip -n "$2" -j link show "$3" | jq -c '.[0].flags')
	case $1,$flags in
	up,*'"UP"'*) ;;
	down,*'"UP"'*) flunk "$3 in $2 is up" ;;
	down,*) ;;
	*) flunk "$3 in $2 is not up: $flags" ;;
	esac
}
