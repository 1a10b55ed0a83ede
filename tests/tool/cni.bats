#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `runtime-glue cni`: networks, chains of plugins, and libcni's cache.
#
# What is in single quotes is for the scripts that pose as plugins.
# shellcheck disable=SC2016,SC2154

load helpers

prepare() {
	RESULTS=$CNI_CACHE/results
	LEASES=$SCRATCH/leases
	NS=$SCRATCH/netns.one
	make_ns "$NS"
	network web
}

# A namespace at PATH, as runtimes make them.
make_ns() { # PATH
	touch "$1"
	unshare --net="$1" ip link set lo up
}

drop_ns() { # PATH
	umount "$1"
	rm -f "$1"
}

inside() { # COMMAND...
	nsenter --net="$NS" "$@"
}

bridge_conf() { # [MEMBER...]
	printf '{"type":"bridge","bridge":"glue-test","isGateway":true,"ipMasq":true%s,
		"ipam":{"type":"host-local","dataDir":"%s","subnet":"10.77.0.0/24",
		"routes":[{"dst":"0.0.0.0/0"}]}}' "${1:+,$1}" "$LEASES"
}

PORTMAP='{"type":"portmap","capabilities":{"portMappings":true}}'
CAPS='{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}'

# network NAME [PLUGIN...]: the file of one, by default bridge and portmap.
network() { # NAME [PLUGIN...]
	local name=$1 plugins
	shift
	[ $# -gt 0 ] || set -- "$(bridge_conf)" "$PORTMAP"
	plugins=$(printf '%s,' "$@")
	printf '{"cniVersion":"%s","name":"%s","plugins":[%s]}' \
		"${VERSION:-1.1.0}" "$name" "${plugins%,}" >"$NETCONFPATH/$name.conflist"
}

# A plugin NAME that notes its calls in $SCRATCH/calls, then does SCRIPT. It
# passes on the result before it.
fake_plugin() { # NAME SCRIPT
	mkdir -p "$SCRATCH/bin"
	cat >"$SCRATCH/bin/$1" <<-END
		#!/bin/sh
		conf=\$(cat)
		echo "$1 \$CNI_COMMAND" >>$SCRATCH/calls
		echo "\$conf" >$SCRATCH/$1.\$CNI_COMMAND
		env | grep ^CNI_ | sort >$SCRATCH/$1.\$CNI_COMMAND.env
		$2
		[ "\$CNI_COMMAND" != ADD ] || echo "\$conf" |
			jq -c '(.prevResult // {"ips":[{"address":"10.1.2.3/24"}]}) +
				{cniVersion: .cniVersion}'
	END
	chmod +x "$SCRATCH/bin/$1"
	export CNI_PATH=$SCRATCH/bin:$PLUGIN_DIR
}

calls() {
	tr '\n' ';' <"$SCRATCH/calls"
}

all_gone() {
	[ -z "$(ls "$RESULTS" 2>/dev/null)" ] || flunk "entries: $(ls "$RESULTS")" || return 1
	[ -z "$(find "$LEASES" -name '10.*' 2>/dev/null)" ] ||
		flunk "leases: $(ls "$LEASES"/*)" || return 1
	[ -z "$(ip -o link show type veth)" ] || flunk "a veth is left" || return 1
	[[ $(nft list tables) != *ferrule* ]] || flunk "$(nft list ruleset)"
}

ID_OF() { # NETNS: as cnitool makes it
	printf 'cnitool-%s' "$(printf %s "$1" | sha512sum | cut -c1-20)"
}

# ---- the verbs ---------------------------------------------------------------

@test "add, check, list, status and del of a bridge with a published port" {
	local id
	id=$(ID_OF "$NS")
	glue cni status web
	assert_ok
	glue cni add web "$NS" --cap-args "$CAPS"
	assert_ok
	[ "$(jq -r '.cniVersion, .ips[0].address, (.interfaces | length)' <<<"$output" |
		tr '\n' ' ')" = "1.1.0 10.77.0.2/24 3 " ]
	inside ip -o addr show eth0 | grep -q 10.77.0.2
	nft list ruleset | grep -q 8080
	glue cni check web "$NS" --cap-args "$CAPS"
	assert_ok
	glue cni list
	assert_ok
	assert_output "$(printf 'web\t%s\teth0\tup\t10.77.0.2/24\t%s' "$id" "$NS")"
	inside ip link set eth0 down
	glue cni check web "$NS"
	assert_fails 'network "web": plugin type="bridge" failed (check)' 'is down'
	glue cni del web "$NS"
	assert_ok
	all_gone
	glue cni del web "$NS" # again
	assert_ok
	drop_ns "$NS"
}

@test "cnitool's environment serves, and options go before it" {
	fake_plugin one ''
	network other '{"type":"one","capabilities":{"mac":true,"ips":false}}'
	CNI_IFNAME=net7 CNI_ARGS='A=b;C=d' CAP_ARGS='{"mac":"02:00:00:00:00:01","ips":["1.2.3.4"]}' \
		glue cni add other "$NS" --container-id c1
	assert_ok
	[ "$(jq -c .runtimeConfig "$SCRATCH/one.ADD")" = '{"mac":"02:00:00:00:00:01"}' ]
	[ "$(<"$SCRATCH/one.ADD.env")" = "CNI_ARGS=A=b;C=d
CNI_CACHE=$CNI_CACHE
CNI_COMMAND=ADD
CNI_CONTAINERID=c1
CNI_IFNAME=net7
CNI_NETNS=$NS
CNI_PATH=$CNI_PATH" ]
	[ "$(ls "$RESULTS")" = other-c1-net7 ]
	CNI_IFNAME=net7 glue cni add other "$NS" -i net8 --container-id c1 --args X=1
	assert_ok
	[ -e "$RESULTS/other-c1-net8" ]
	# What DEL is not told, the cache knows.
	glue cni del other -i net7 --container-id c1
	assert_ok
	grep -qx "CNI_NETNS=$NS" "$SCRATCH/one.DEL.env"
	grep -qx "CNI_ARGS=A=b;C=d" "$SCRATCH/one.DEL.env"
	[ "$(jq -c .runtimeConfig "$SCRATCH/one.DEL")" = '{"mac":"02:00:00:00:00:01"}' ]
	[ "$(jq -r '.prevResult.ips[0].address' "$SCRATCH/one.DEL")" = 10.1.2.3/24 ]
	CNI_ARGS='A=' glue cni add other "$NS"
	assert_fails 'invalid CNI_ARGS pair "A="'
	CAP_ARGS='[]' glue cni add other "$NS"
	assert_fails 'capability arguments: must be an object' --cap-args
	drop_ns "$NS"
}

@test "a path of a namespace means the same however it is written" {
	fake_plugin one ''
	network other '{"type":"one"}'
	cd "$SCRATCH"
	glue cni add other ./bin/../netns.one
	assert_ok
	[ "$(ls "$RESULTS")" = "other-$(ID_OF "$NS")-eth0" ]
	drop_ns "$NS"
}

# ---- what goes wrong ---------------------------------------------------------

@test "errors say what to do: no network, no plugin, no namespace" {
	glue cni add nosuch "$NS"
	assert_fails "no network configuration with name \"nosuch\" in \"$NETCONFPATH\"" \
		'there are: web'
	network broken '{"type":"nosuchplugin"}'
	glue cni add broken "$NS" --cni-path /a:/b
	assert_fails 'network "broken": failed to find plugin "nosuchplugin" in path [/a /b]' \
		'install the plugin there' --cni-path
	glue cni status broken
	assert_fails 'nosuchplugin'
	echo '{"name":"x","cniVersion":"1.1.0","plugins":[{"type":"../sh"}]}' \
		>"$NETCONFPATH/00-bad.conflist"
	glue cni add x "$NS"
	assert_fails 'no network configuration with name "x"' \
		'left out:' 'plugins[0].type: "../sh" is no plugin'
	glue cni status web # the bad file hides nothing
	assert_ok
	glue cni add web "$SCRATCH/nowhere"
	assert_fails nowhere
	all_gone
	drop_ns "$NS"
}

@test "a second plugin that fails: the first one's work is undone" {
	fake_plugin fail '[ "$CNI_COMMAND" != ADD ] || {
		echo "{\"code\":142,\"msg\":\"no luck\",\"details\":\"today\"}"; exit 1; }'
	fake_plugin never ''
	network web "$(bridge_conf)" '{"type":"fail","name":"second"}' '{"type":"never"}'
	glue cni add web "$NS"
	assert_fails 'plugin type="fail" name="second" failed (add): no luck' today
	[ "$(calls)" = 'fail ADD;fail DEL;' ]
	[ "$(jq -r '.prevResult.ips[0].address' "$SCRATCH/fail.DEL")" = 10.77.0.2/24 ]
	all_gone
	run ! inside ip link show eth0
	drop_ns "$NS"
}

@test "a result that is none is undone, too" {
	fake_plugin odd '[ "$CNI_COMMAND" != ADD ] || { echo "{\"ips\":7}"; exit 0; }'
	network web "$(bridge_conf)" '{"type":"odd"}'
	glue cni add web "$NS"
	assert_fails 'plugin type="odd" failed (add): failed to unmarshal raw result' 'ips'
	all_gone
	drop_ns "$NS"
}

@test "an undo that does not succeed keeps what the next DEL needs" {
	fake_plugin fail "[ -e $SCRATCH/mended ] || { echo '{\"code\":7,\"msg\":\"stuck\"}'; exit 1; }"
	network web "$(bridge_conf)" '{"type":"fail"}'
	glue cni add web "$NS"
	assert_fails 'stuck' 'undo of ADD'
	[ "$(ls "$RESULTS")" = "web-$(ID_OF "$NS")-eth0" ]
	glue cni list
	assert_output incomplete
	touch "$SCRATCH/mended"
	glue cni del web "$NS"
	assert_ok
	all_gone
	drop_ns "$NS"
}

@test "DEL goes on after a plugin's error, keeps the entry, and can be repeated" {
	fake_plugin stuck "[ \$CNI_COMMAND != DEL -o -e $SCRATCH/mended ] ||
		{ echo '{\"code\":11,\"msg\":\"not now\"}'; exit 1; }"
	fake_plugin last ''
	network web "$(bridge_conf)" '{"type":"stuck"}' '{"type":"last"}'
	glue cni add web "$NS"
	assert_ok
	: >"$SCRATCH/calls"
	glue cni del web "$NS"
	assert_fails 'plugin type="stuck" failed (delete): not now'
	[ "$(calls)" = 'last DEL;stuck DEL;' ]
	run ! inside ip link show eth0 # bridge's was called
	[ -e "$RESULTS/web-$(ID_OF "$NS")-eth0" ]
	touch "$SCRATCH/mended"
	glue cni del web "$NS"
	assert_ok
	all_gone
	drop_ns "$NS"
}

@test "an attachment that is there is not made again, nor taken away" {
	glue cni add web "$NS"
	assert_ok
	glue cni add web "$NS"
	assert_fails 'has interface "eth0" in network "web" already' 'DEL it first'
	glue cni check web "$NS"
	assert_ok
	# Likewise by a runtime with another cache.
	glue cni add web "$NS" --cni-cache "$SCRATCH/elsewhere"
	assert_fails
	glue cni check web "$NS"
	assert_ok
	glue cni del web "$NS"
	assert_ok
	drop_ns "$NS"
}

@test "an ADD that was killed is cleaned up by the next one" {
	fake_plugin slow "[ \$CNI_COMMAND != ADD -o -e $SCRATCH/mended ] || { touch $SCRATCH/here; exec sleep 100; }"
	network web "$(bridge_conf)" '{"type":"slow"}'
	"$GLUE" cni add web "$NS" 3>&- &
	local pid=$!
	eventually test -e "$SCRATCH/here"
	pkill -KILL -P $pid sleep
	kill -KILL $pid
	wait $pid || true
	inside ip link show eth0
	touch "$SCRATCH/mended"
	glue cni add web "$NS"
	assert_ok
	[ "$(find "$LEASES" -name '10.*' | wc -l)" -eq 1 ]
	[ "$(ip -o link show type veth | wc -l)" -eq 1 ]
	glue cni del web "$NS"
	assert_ok
	all_gone
	drop_ns "$NS"
}

@test "DEL without the network's file: the cache has its configuration" {
	glue cni add web "$NS" --cap-args "$CAPS"
	assert_ok
	rm "$NETCONFPATH/web.conflist"
	glue cni del web "$NS"
	assert_ok
	[[ $stderr == *'its configuration in the cache is used'* ]]
	all_gone
	glue cni del web "$NS"
	assert_fails 'no network configuration with name "web"'
	drop_ns "$NS"
}

# ---- lists -------------------------------------------------------------------

@test "a network's folder of plugins is part of it, for DEL without it as well" {
	fake_plugin one ''
	fake_plugin two ''
	fake_plugin three ''
	echo '{"name":"parts","cniVersions":["0.4.0","1.0.0","9.0.0"],"plugins":[{"type":"one"}]}' \
		>"$NETCONFPATH/parts.conflist"
	mkdir "$NETCONFPATH/parts"
	echo '{"type":"three"}' >"$NETCONFPATH/parts/20-c.conf"
	echo '{"type":"two"}' >"$NETCONFPATH/parts/10-b.conf"
	echo 'not read' >"$NETCONFPATH/parts/10-b.conf.bak"
	glue cni add parts "$NS"
	assert_ok
	[ "$(calls)" = 'one ADD;two ADD;three ADD;' ]
	[ "$(jq -r .cniVersion "$SCRATCH/three.ADD")" = 1.0.0 ]
	[ "$(jq -r .name "$SCRATCH/three.ADD")" = parts ]
	rm -r "$NETCONFPATH"/parts*
	: >"$SCRATCH/calls"
	glue cni del parts "$NS"
	assert_ok
	[ "$(calls)" = 'three DEL;two DEL;one DEL;' ]
	echo '{"name":"parts","loadOnlyInlinedPlugins":"True","plugins":[]}' \
		>"$NETCONFPATH/parts.conflist"
	glue cni add parts "$NS"
	assert_fails 'loadOnlyInlinedPlugins is set'
	drop_ns "$NS"
}

@test "one plugin's file is a network; lists come first" {
	fake_plugin one ''
	fake_plugin two ''
	echo '{"name":"solo","cniVersion":"0.4.0","type":"one"}' >"$NETCONFPATH/10-solo.conf"
	glue cni add solo "$NS"
	assert_ok
	[ "$(calls)" = 'one ADD;' ]
	[ "$(jq -r .config "$RESULTS"/solo-* | base64 -d | jq -r '.name, .plugins[0].type' | xargs)" = 'solo one' ]
	glue cni del solo "$NS"
	assert_ok
	network solo '{"type":"two"}'
	: >"$SCRATCH/calls"
	glue cni add solo "$NS"
	[ "$(calls)" = 'two ADD;' ]
	drop_ns "$NS"
}

@test "versions: 0.3.1 has no CHECK, and its DEL no prevResult; disableCheck" {
	fake_plugin one ''
	VERSION=0.3.1 network old '{"type":"one"}'
	glue cni add old "$NS"
	assert_ok
	[ "$(jq -r '.cniVersion, .ips[0].version' <<<"$output" | xargs)" = '0.3.1 4' ]
	glue cni check old "$NS"
	assert_fails 'configuration version "0.3.1" does not support the CHECK command'
	glue cni del old "$NS"
	assert_ok
	[ "$(jq .prevResult "$SCRATCH/one.DEL")" = null ]
	echo '{"name":"lax","cniVersion":"1.0.0","disableCheck":true,"plugins":[{"type":"one"}]}' \
		>"$NETCONFPATH/lax.conflist"
	: >"$SCRATCH/calls"
	glue cni check lax "$NS"
	assert_ok
	[ "$(calls)" = '' ]
	drop_ns "$NS"
}

# ---- gc ----------------------------------------------------------------------

@test "gc removes what has no namespace any more, and leaves what lives" {
	make_ns "$SCRATCH/netns.two"
	glue cni add web "$NS" --container-id c1 --cap-args "$CAPS"
	assert_ok
	glue cni add web "$SCRATCH/netns.two" --container-id c2
	assert_ok
	drop_ns "$SCRATCH/netns.two"
	eventually test "$(find "$LEASES" -name '10.*' | wc -l)" -eq 2
	glue cni gc web
	assert_ok
	[ "$(ls "$RESULTS")" = web-c1-eth0 ]
	[ "$(find "$LEASES" -name '10.*' | wc -l)" -eq 1 ]
	glue cni check web "$NS" --container-id c1
	assert_ok
	glue cni gc web --all
	assert_ok
	all_gone
	drop_ns "$NS"
}

@test "gc tells plugins under both names what is valid" {
	fake_plugin one ''
	network other '{"type":"one"}'
	glue cni add other "$NS" --container-id c1
	glue cni add other "$NS" --container-id c2
	glue cni gc other --valid c2 --valid foreign/eth9
	assert_ok
	[ "$(ls "$RESULTS")" = other-c2-eth0 ]
	[ "$(jq -c '."cni.dev/valid-attachments"' "$SCRATCH/one.GC")" = \
		'[{"containerID":"c2","ifname":"eth0"},{"containerID":"foreign","ifname":"eth9"}]' ]
	[ "$(jq -c '."cni.dev/attachments" == ."cni.dev/valid-attachments"' "$SCRATCH/one.GC")" = true ]
	grep -qx 'CNI_CONTAINERID=' "$SCRATCH/one.GC.env"
	glue cni del other "$NS" --container-id c2
	assert_ok
	drop_ns "$NS"
}

# ---- repair ------------------------------------------------------------------

@test "repair: after nft flush ruleset masquerade, MAC check and ports are back" {
	local before links
	network web "$(bridge_conf '"macspoofchk":true')" "$PORTMAP"
	glue cni add web "$NS" --cap-args "$CAPS"
	assert_ok
	before=$(nft -s list ruleset)
	links=$(ip -o link; inside ip -o addr)
	glue cni repair # where nothing is broken, nothing changes
	assert_ok
	assert_output '1 attachment repaired'
	[ "$(nft -s list ruleset)" = "$before" ] || flunk "$before" "$(nft -s list ruleset)"
	nft flush ruleset
	glue cni check web "$NS" --cap-args "$CAPS"
	assert_fails
	glue cni repair web
	assert_ok
	glue cni check web "$NS" --cap-args "$CAPS"
	assert_ok
	[ "$(nft -s list ruleset | sort)" = "$(sort <<<"$before")" ] ||
		flunk "$before" "$(nft -s list ruleset)"
	[ "$(ip -o link; inside ip -o addr)" = "$links" ]
	glue cni repair nosuch
	assert_output '0 attachments repaired'
	glue cni del web "$NS"
	assert_ok
	all_gone
	drop_ns "$NS"
}

@test "repair does not allow a MAC address that the container took" {
	network web "$(bridge_conf '"macspoofchk":true')"
	glue cni add web "$NS"
	assert_ok
	nft flush ruleset
	inside ip link set eth0 address 02:12:34:56:78:9a
	glue cni repair
	assert_fails 'has MAC address 02:12:34:56:78:9a, expected'
	[[ $(nft list ruleset) != *02:12:34:56:78:9a* ]]
	glue cni del web "$NS"
	drop_ns "$NS"
}

@test "repair leaves other plugins alone, and says so once" {
	fake_plugin one '[ "$CNI_COMMAND" != REPAIR ] || {
		echo "{\"code\":4,\"msg\":\"unknown CNI_COMMAND: REPAIR\"}"; exit 1; }'
	network other '{"type":"one"}'
	glue cni add other "$NS" --container-id c1
	glue cni add other "$NS" --container-id c2
	glue cni repair
	assert_ok
	assert_output '2 attachments repaired'
	[ "$(grep -c 'plugin "one" does not know REPAIR' <<<"$stderr")" -eq 1 ]
	drop_ns "$NS"
}

# ---- cnitool and libcni --------------------------------------------------------

CNITOOL=${OCI_PEERS:-}/../cnitool

# cnitool, with the same cache: it has none but /var/lib/cni, which forgets here.
with_cnitool() {
	[ -x "$CNITOOL" ] || skip "no cnitool (make peers)"
	CNI_CACHE=/var/lib/cni RESULTS=/var/lib/cni/results
	rm -rf "$CNI_CACHE"
	VERSION=1.0.0 # as new as it knows
	network web
}

@test "what cnitool has added ours checks, lists, repairs and deletes" {
	with_cnitool
	CAP_ARGS=$CAPS CNI_ARGS='IgnoreUnknown=1' "$CNITOOL" add web "$NS" >"$SCRATCH/added"
	[ "$(ls "$RESULTS")" = "web-$(ID_OF "$NS")-eth0" ]
	glue cni list
	assert_output "$(printf 'web\t%s\teth0\tup\t10.77.0.2/24' "$(ID_OF "$NS")")"
	nft flush ruleset
	glue cni repair
	assert_ok
	assert_output '1 attachment repaired'
	nft list ruleset | grep -q 8080
	glue cni check web "$NS"
	assert_ok
	rm "$NETCONFPATH/web.conflist"
	glue cni del web "$NS"
	assert_ok
	all_gone
	drop_ns "$NS"
}

@test "what ours has added cnitool checks and deletes" {
	with_cnitool
	glue cni add web "$NS" --cap-args "$CAPS"
	assert_ok
	CAP_ARGS=$CAPS "$CNITOOL" check web "$NS"
	CAP_ARGS=$CAPS "$CNITOOL" del web "$NS"
	all_gone
	drop_ns "$NS"
}

@test "ours and cnitool print and keep the same" {
	local file
	with_cnitool
	file=$RESULTS/web-$(ID_OF "$NS")-eth0
	network web "$(bridge_conf '"args":{"cni":{"mac":"02:00:00:00:00:01"}}')" "$PORTMAP"
	CAP_ARGS=$CAPS CNI_ARGS='IgnoreUnknown=1;K=V' "$CNITOOL" add web "$NS" >"$SCRATCH/theirs"
	cp "$file" "$SCRATCH/theirs.entry"
	CAP_ARGS=$CAPS CNI_ARGS='IgnoreUnknown=1;K=V' "$CNITOOL" del web "$NS"
	rm -r "$LEASES"
	CAP_ARGS=$CAPS CNI_ARGS='IgnoreUnknown=1;K=V' glue cni add web "$NS"
	assert_ok
	# The host's addresses are random. Its libcni (1.1.2) writes an empty `dns`,
	# which is absent for newer ones, and not yet `netns`.
	normal() {
		jq -S 'walk(if type == "object" then del(.mac, .netns) |
			if .dns == {} then del(.dns) else . end else . end)' "$1"
	}
	diff <(normal "$SCRATCH/theirs") <(normal <(echo "$output"))
	diff <(normal "$SCRATCH/theirs.entry") <(normal "$file")
	[ "$(jq -c 'del(.result) | keys_unsorted' "$SCRATCH/theirs.entry")" = \
		"$(jq -c 'del(.result, .netns) | keys_unsorted' "$file")" ]
	glue cni del web "$NS"
	assert_ok
	drop_ns "$NS"
}

# ---- the cache ---------------------------------------------------------------

@test "the cache is libcni's: place, keys in its order, modes, whole files" {
	glue cni add web "$NS" --container-id c1 --cap-args "$CAPS" --args 'IgnoreUnknown=1;K=V'
	assert_ok
	local file=$RESULTS/web-c1-eth0
	[ "$(stat -c %a "$CNI_CACHE" "$RESULTS" "$file" | xargs)" = '700 700 600' ]
	[ "$(jq -c 'keys_unsorted' "$file")" = \
		'["kind","containerId","config","ifName","networkName","netns","cniArgs","capabilityArgs","result"]' ]
	[ "$(jq -r '.kind, .ifName, .networkName, .netns' "$file" | xargs)" = \
		"cniCacheV1 eth0 web $NS" ]
	[ "$(jq -c .cniArgs "$file")" = '[["IgnoreUnknown","1"],["K","V"]]' ]
	[ "$(jq -c .capabilityArgs "$file")" = "$CAPS" ]
	jq -r .config "$file" | base64 -d | cmp - "$NETCONFPATH/web.conflist"
	[ "$(jq -S .result "$file")" = "$(jq -S . <<<"$output")" ]
	[ "$(find "$RESULTS" | wc -l)" -eq 2 ]
	glue cni del web "$NS" --container-id c1
	assert_ok
	all_gone
	drop_ns "$NS"
}

@test "names that lead out of the cache are refused, two that share a file kept apart" {
	local id
	fake_plugin one ''
	network a-b '{"type":"one"}'
	network a '{"type":"one"}'
	for id in ../x a/b '' -x; do
		glue cni add a "$NS" --container-id "$id"
		assert_fails containerID
	done
	glue cni add a "$NS" -i ../x
	assert_fails 'interface name'
	glue cni add a-b "$NS" --container-id c
	assert_ok
	glue cni add a "$NS" --container-id b-c
	assert_fails 'is that of network "a-b", container "c"'
	glue cni del a "$NS" --container-id b-c
	assert_fails 'is that of network "a-b", container "c"'
	[ -e "$RESULTS/a-b-c-eth0" ]
	glue cni del a-b "$NS" --container-id c
	assert_ok
	drop_ns "$NS"
}

@test "an entry that cannot be read stops no DEL" {
	glue cni add web "$NS"
	assert_ok
	local file
	file=$RESULTS/web-$(ID_OF "$NS")-eth0
	printf '{"kind":"cniCa' >"$file"
	glue cni del web "$NS"
	assert_ok
	[[ $stderr == *'DEL goes on without it'* ]]
	all_gone
	drop_ns "$NS"
}
