#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The protocol between runtime and plugin: cni-behaviour.md 1.1 to 1.4. The
# loopback plugin stands for all: they share this code.
# shellcheck disable=SC2154 # cni() sets them
load helpers

CONF='{"cniVersion":"1.1.0","name":"lo","type":"loopback"}'
VERSIONS='"0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"'

conf() { # VERSION
	echo "{\"cniVersion\":\"$1\",\"name\":\"lo\",\"type\":\"loopback\"}"
}

# untouched: nothing was done to the container
untouched() {
	link_is down pod lo
}

# ---- The environment -------------------------------------------------------

@test "missing variables are listed together" {
	local none=(CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME= CNI_PATH=)
	cni ADD loopback "$CONF" "${none[@]}"
	assert_error 4 'required env variables \[CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH\] missing'
	cni CHECK loopback "$CONF" "${none[@]}"
	assert_error 4 'required env variables \[CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH\] missing'
	cni DEL loopback "$CONF" "${none[@]}"
	assert_error 4 'required env variables \[CNI_CONTAINERID,CNI_IFNAME,CNI_PATH\] missing'
	for verb in GC STATUS; do
		cni $verb loopback "$CONF" "${none[@]}"
		assert_error 4 'required env variables \[CNI_PATH\] missing'
	done
}

@test "one missing variable is named" {
	for var in CNI_CONTAINERID CNI_NETNS CNI_IFNAME CNI_PATH; do
		cni ADD loopback "$CONF" "$var="
		assert_error 4 "required env variables \\[$var\\] missing"
	done
	untouched
}

@test "missing variables are reported before stdin is looked at" {
	cni ADD loopback 'not json' CNI_NETNS=
	assert_error 4 'required env variables \[CNI_NETNS\] missing'
}

@test "a bad container ID is refused by ADD, CHECK and DEL" {
	for id in ../x -x .x _x 'a b' a/b 'a;b' $'a\nb' ü; do
		for verb in ADD CHECK DEL; do
			cni $verb loopback "$CONF" CNI_CONTAINERID="$id"
			assert_error 4 'invalid characters in containerID' "$id"
		done
	done
	untouched
}

@test "a bad container ID comes before missing variables" {
	cni ADD loopback "$CONF" CNI_CONTAINERID=../x CNI_NETNS=
	assert_error 4 'invalid characters in containerID' ../x
}

@test "good container IDs of any length are taken" {
	for id in a 0 a_.-b "$(printf 'x%.0s' {1..300})"; do
		cni ADD loopback "$CONF" CNI_CONTAINERID="$id"
		assert_ok
	done
}

@test "a bad interface name is refused, and says why" {
	for verb in ADD CHECK DEL; do
		cni $verb loopback "$CONF" CNI_IFNAME=sixteen-bytes-xx
		assert_error 4 'interface name is too long' \
			'interface name should be less than 16 characters'
		for name in . ..; do
			cni $verb loopback "$CONF" CNI_IFNAME=$name
			assert_error 4 'interface name is . or ..'
		done
		for name in a/b a:b 'a b' $'a\tb' $'a\n' $'a\v' $'a\f' $'a\r' \
			$'a\u0085' $'a\u00a0' $'\u1680' $'\u2000' $'\u200a' \
			$'\u2028' $'\u2029' $'\u202f' $'\u205f' $'\u3000'; do
			cni $verb loopback "$CONF" CNI_IFNAME="$name"
			assert_error 4 'interface name contains / or : or whitespace characters'
		done
	done
	untouched
}

@test "interface names are measured in bytes" {
	cni ADD loopback "$CONF" CNI_IFNAME=fifteen-bytes-x
	assert_ok
	cni ADD loopback "$CONF" CNI_IFNAME=üüüüüüü1
	assert_ok
	cni ADD loopback "$CONF" CNI_IFNAME=üüüüüüüü
	assert_error 4 'interface name is too long'
	cni ADD loopback "$CONF" CNI_IFNAME=$'\u200b'
	assert_ok
}

@test "an unknown command is named" {
	for command in FOO add VERSION2 ' ADD'; do
		cni "$command" loopback "$CONF"
		assert_error 4 "unknown CNI_COMMAND: $command"
	done
	untouched
}

@test "an unknown command is only looked at after the configuration" {
	cni FOO loopback 'not json'
	assert_error 6
	cni FOO loopback '{"cniVersion":"1.1.0"}'
	assert_error 7 'missing network name'
}

# ---- VERSION and "about" ---------------------------------------------------

VERSION_LINE='{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}
'

@test "VERSION prints one line, whatever stdin says" {
	for conf in '{"cniVersion":"1.1.0"}' '{"cniVersion":"0.1.0"}' 'x' ''; do
		cni VERSION loopback "$conf"
		assert_ok
		assert_stdout "$VERSION_LINE"
	done
}

@test "VERSION needs nothing of the environment and no good values" {
	cni VERSION loopback '{}' CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME= CNI_PATH=
	assert_stdout "$VERSION_LINE"
	cni VERSION loopback '{}' CNI_CONTAINERID=../x CNI_IFNAME=a/b
	assert_stdout "$VERSION_LINE"
}

@test "VERSION does not wait for stdin" {
	mkfifo "$SCRATCH/fifo"
	cni VERSION loopback - <>"$SCRATCH/fifo"
	assert_ok
	assert_stdout "$VERSION_LINE"
}

@test "VERSION works with stdin closed" {
	cni VERSION loopback - <&-
	assert_ok
	assert_stdout "$VERSION_LINE"
}

@test "without a command the plugin tells about itself on stderr" {
	cni "" loopback "$CONF"
	assert_silent
	[ "$(wc -l <"$stderr_file")" -eq 2 ] || flunk "not two lines"
	[[ $stderr == "CNI loopback plugin "*$'\n'"CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0" ]] ||
		flunk "another text"
	untouched
}

# ---- Versions --------------------------------------------------------------

@test "ADD and DEL want a version that is exactly one of the list" {
	for version in 9.9.9 1.1 1.2.0 0.5.0 abc 1.1.0.0; do
		for verb in ADD DEL; do
			cni $verb loopback "$(conf $version)"
			assert_error 1 'incompatible CNI versions' \
				"config is \"$version\", plugin supports \\[$VERSIONS\\]"
		done
	done
	untouched
}

@test "CHECK is not allowed below 0.4.0" {
	for version in 0.1.0 0.2.0 0.3.0 0.3.1; do
		cni CHECK loopback "$(conf $version)"
		assert_error 1 'config version does not allow CHECK'
	done
	cni CHECK loopback '{"name":"lo","type":"loopback"}'
	assert_error 1 'config version does not allow CHECK'
}

@test "GC and STATUS are not allowed below 1.1.0" {
	for version in 0.1.0 0.4.0 1.0.0 1.0; do
		for verb in GC STATUS; do
			cni $verb loopback "$(conf $version)"
			assert_error 1 "config version does not allow $verb"
		done
	done
}

@test "CHECK, GC and STATUS are not allowed above the newest" {
	for verb in CHECK GC STATUS; do
		cni $verb loopback "$(conf 9.9.9)"
		assert_error 1 "plugin version does not allow $verb"
	done
}

@test "1.1 counts as 1.1.0 but is no member of the list" {
	for verb in CHECK GC STATUS; do
		cni $verb loopback "$(conf 1.1)"
		assert_error 1 'incompatible CNI versions' 'config is "1.1", *'
	done
}

@test "a version that cannot be compared is an error of decoding" {
	for verb in CHECK GC STATUS; do
		cni $verb loopback "$(conf 1.1.0.0)"
		assert_error 6 '*invalid version "1.1.0.0": too many parts*'
		cni $verb loopback "$(conf abc)"
		assert_error 6 '*failed to convert major version part "abc"*'
	done
}

@test "no version means 0.1.0" {
	for conf in '{"name":"lo"}' '{"cniVersion":"","name":"lo"}' \
		'{"cniVersion":null,"name":"lo"}'; do
		cni ADD loopback "$conf"
		assert_ok
		assert_json .cniVersion 0.1.0
	done
}

# ---- The configuration -----------------------------------------------------

@test "what is not one JSON value is refused" {
	for conf in '' 'not json' '{' '{"name":"lo"' '{"name":"lo"} x' \
		'{"name":"lo"}{}' '{"name":"lo",}' "{'name':'lo'}" '[]' '"lo"' 7 \
		'{"name":"lo" /* comment */}' '{name:"lo"}' '{"a":01,"name":"lo"}'; do
		cni ADD loopback "$conf"
		assert_error 6
	done
	untouched
}

@test "bad JSON is reported as such" {
	cni ADD loopback '{"name":'
	assert_error 6 'error unmarshall network config: *'
}

@test "NUL bytes are refused" {
	cni ADD loopback - < <(printf '{"cniVersion":"1.1.0","name":"lo"}\0')
	assert_error 6
	cni ADD loopback - < <(printf '{"cniVersion":"1.1.0",\0"name":"lo"}')
	assert_error 6
	untouched
}

@test "an empty stdin is refused" {
	cni ADD loopback - </dev/null
	assert_error 6
	untouched
}

# Valgrind opens its log in the place of a descriptor that is closed.
# bats test_tags=novalgrind
@test "a closed stdin is refused" {
	cni ADD loopback - <&-
	assert_error 6
	untouched
}

@test "stdin that cannot be read is an error of input" {
	cni ADD loopback - </
	assert_error 5 'error reading from stdin: *'
}

# bats test_tags=ferrule
@test "a configuration may have 8 MiB and no more" {
	{
		printf '%s' '{"cniVersion":"1.1.0","name":"lo"'
		head -c 8388573 /dev/zero | tr '\0' ' '
		printf '}'
	} >"$SCRATCH/conf"
	[ "$(stat -c %s "$SCRATCH/conf")" -le 8388608 ]
	cni ADD loopback - <"$SCRATCH/conf"
	assert_ok
	head -c 64 /dev/zero | tr '\0' ' ' >>"$SCRATCH/conf"
	cni ADD loopback - <"$SCRATCH/conf"
	assert_error 6
}

# bats test_tags=ferrule
@test "a configuration may nest 64 levels and no more" {
	nested() { # LEVELS
		printf '{"cniVersion":"1.1.0","name":"lo","x":'
		printf '[%.0s' $(seq 2 "$1")
		printf ']%.0s' $(seq 2 "$1")
		printf '}'
	}

	cni ADD loopback "$(nested 60)"
	assert_ok
	cni ADD loopback "$(nested 70)"
	assert_error 6
	cni ADD loopback "$(nested 100000)"
	assert_error 6
}

@test "the network needs a name" {
	for conf in '{"cniVersion":"1.1.0"}' '{"cniVersion":"1.1.0","name":""}' \
		'{"cniVersion":"1.1.0","name":null}' null; do
		for verb in ADD DEL CHECK GC STATUS; do
			cni $verb loopback "$conf"
			assert_error 7 'missing network name'
		done
	done
}

@test "the network needs a good name" {
	for name in ../x -x 'a b' a/b é; do
		cni ADD loopback "{\"cniVersion\":\"1.1.0\",\"name\":\"$name\"}"
		assert_error 7 'invalid characters found in network name' "$name"
	done
	untouched
}

@test "a bad name comes before a bad version" {
	cni ADD loopback '{"cniVersion":"9.9.9","name":"a/b"}'
	assert_error 7 'invalid characters found in network name' a/b
}

@test "keys match in any case, the last of several wins, others are ignored" {
	cni ADD loopback '{"CNIVERSION":"1.0.0","NAME":"lo","Type":"loopback"}'
	assert_ok
	assert_json .cniVersion 1.0.0
	cni ADD loopback '{"cniVersion":"9.9.9","name":"a/b","x":{"y":[1,2.5e3,true]},
		"CniVersion":"1.1.0","Name":"lo"}'
	assert_ok
	assert_json .cniVersion 1.1.0
}

# ---- Errors on stdout ------------------------------------------------------

@test "an error is indented by four spaces and has no final newline" {
	cni ADD loopback "$(conf 9.9.9)"
	[ "$(tail -c 2 "$stdout_file")" = $'\n}' ] || flunk "no end like \\n}"
	[ "$(tail -c 1 "$stdout_file")" = '}' ] || flunk "no } at the end"
	[[ $output == *$'\n    "code": 1,\n    "msg": "incompatible CNI versions",\n    "details": "config is'* ]] ||
		flunk "another layout"
}

# bats test_tags=ferrule
@test "an error carries the version it is written in" {
	cni FOO loopback "$(conf 1.0.0)"
	assert_stdout '{
    "cniVersion": "1.0.0",
    "code": 4,
    "msg": "unknown CNI_COMMAND: FOO"
}'
	# A version we do not speak, or do not know yet.
	cni ADD loopback "$(conf 9.9.9)"
	assert_json .cniVersion 1.1.0
	cni ADD loopback "$CONF" CNI_NETNS=
	assert_json .cniVersion 1.1.0
}

@test "errors escape what HTML and JavaScript would trip over" {
	cni $'<&>\u2028\u2029"\\\t' loopback "$CONF"
	assert_error 4 $'unknown CNI_COMMAND: <&>\u2028\u2029"\\\\\t'
	grep -qF '\u003c\u0026\u003e\u2028\u2029\"\\\t"' "$stdout_file" ||
		flunk "not escaped"
}

# ---- The plugin's own namespace --------------------------------------------

@test "the plugin's own namespace is refused" {
	for path in /run/netns/host /proc/self/ns/net; do
		cni DEL loopback "$CONF" CNI_NETNS=$path
		assert_error 8 "plugin's netns and netns from CNI_NETNS should not be the same"
	done
}

# bats test_tags=ferrule
@test "the plugin's own namespace is refused before anything is done" {
	cni ADD loopback "$CONF" CNI_NETNS=/run/netns/host
	assert_error 8 "plugin's netns and netns from CNI_NETNS should not be the same"
	link_is down host lo
	ip -n host link set lo up
	cni DEL loopback "$CONF" CNI_NETNS=/run/netns/host
	assert_error 8 "plugin's netns and netns from CNI_NETNS should not be the same"
	link_is up host lo
}

@test "CNI_NETNS_OVERRIDE allows the plugin's own namespace" {
	for override in 1 true TRUE True; do
		cni ADD loopback "$CONF" CNI_NETNS=/run/netns/host \
			CNI_NETNS_OVERRIDE=$override
		assert_ok
		link_is up host lo
		cni DEL loopback "$CONF" CNI_NETNS=/run/netns/host \
			CNI_NETNS_OVERRIDE=$override
		assert_silent
		link_is down host lo
	done
	for override in 0 yes false; do
		cni DEL loopback "$CONF" CNI_NETNS=/run/netns/host \
			CNI_NETNS_OVERRIDE=$override
		assert_error 8
	done
}

@test "CHECK may look at the plugin's own namespace" {
	ip -n host link set lo up
	cni CHECK loopback "$CONF" CNI_NETNS=/run/netns/host
	assert_silent
}

# ---- Streams ---------------------------------------------------------------

# bats test_tags=ferrule,novalgrind
@test "an ADD whose result nobody can receive is undone" {
	local call=(in_ns host env CNI_COMMAND=ADD CNI_CONTAINERID=test
		CNI_NETNS="$POD" CNI_IFNAME=eth0 CNI_PATH=/ "$PLUGIN_DIR/loopback")

	! "${call[@]}" <<<"$CONF" >/dev/full || flunk "success on a full disk"
	untouched
	! "${call[@]}" <<<"$CONF" >&- || flunk "success without a stdout"
	untouched
}

@test "host-local speaks the same protocol" {
	[ -x "$PLUGIN_DIR/host-local" ] || skip "no host-local here"
	cni VERSION host-local '{}'
	assert_stdout "$VERSION_LINE"
	cni ADD host-local "$CONF" CNI_NETNS= CNI_PATH=
	assert_error 4 'required env variables \[CNI_NETNS,CNI_PATH\] missing'
	cni ADD host-local "$(conf 9.9.9)"
	assert_error 1 'incompatible CNI versions'
	cni GC host-local "$(conf 1.0.0)"
	assert_error 1 'config version does not allow GC'
	cni ADD host-local '{"cniVersion":"1.1.0","name":"a/b"}'
	assert_error 7 'invalid characters found in network name' a/b
}
