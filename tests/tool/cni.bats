#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `runtime-glue cni`: its verbs, chains of plugins that fail, networks.
#
# What is in single quotes is for the scripts that pose as plugins.
# shellcheck disable=SC2016,SC2154

load helpers
load cni

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
