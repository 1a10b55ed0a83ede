#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `runtime-glue cni`: gc, repair, libcni's cache, and cnitool beside ours.
#
# What is in single quotes is for the scripts that pose as plugins.
# shellcheck disable=SC2016,SC2034,SC2154

load helpers
load cni

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
