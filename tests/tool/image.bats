#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Images: loaded from what Debian's tools write, listed, named, removed; and
# what a hostile archive would like to do.
# shellcheck disable=SC2030,SC2031
load helpers

make_archive() { # KIND
	"$TESTS/mkimage.py" "$1" "$SCRATCH/$1.tar"
}

load_kind() { # KIND
	make_archive "$1"
	glue load -q "$SCRATCH/$1.tar"
}

# Where the one layer is that has FILE.
layer_with() { # FILE
	local found=("$RUNTIME_GLUE_ROOT"/layers/*/diff/"$1")
	[ -e "${found[0]}" ] || flunk "no layer has $1" || return 1
	echo "${found[0]%/"$1"}"
}

# Names and sizes of all that is in the store, but for directories' times.
store_now() {
	(cd "$RUNTIME_GLUE_ROOT" && find . -printf '%p %y %s\n' |
		grep -v ' d ' | sort)
	ls "$RUNTIME_GLUE_ROOT"/{layers,tmp}
}

nothing_there() {
	local left
	left=$(cd "$RUNTIME_GLUE_ROOT" && find . -mindepth 2 \
		! -path ./blobs/sha256 ! -path './containers/*')
	[ -z "$left" ] || flunk "left: $left"
}

# ---- Names, lists ----

@test "images: a table, JSON, ids" {
	glue images
	assert_ok
	[ "$(wc -l <<<"$output")" = 1 ]
	load_kind two-names
	assert_ok
	assert_output "Loaded image: t:1" "Loaded image: other/t:2"
	glue images
	assert_ok
	assert_output NAME "IMAGE ID" CREATED SIZE t:1 other/t:2 "days ago" kB
	glue images --format json
	[ "$(jq -c '.[0].names' <<<"$output")" = '["t:1","other/t:2"]' ]
	[ "$(jq length <<<"$output")" = 1 ]
	glue images -q
	[[ $output =~ ^[0-9a-f]{12}$ ]]
	glue images -q --no-trunc
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	glue images --format yaml
	assert_fails yaml
}

@test "tag, rmi: the last name takes the image with it, and all its files" {
	load_kind plain
	assert_ok
	glue tag t:1 new
	assert_ok
	glue rmi t
	assert_fails 'no image "t"'
	glue rmi t:1
	assert_ok
	assert_output "Untagged: t:1"
	[[ $output != *Deleted* ]]
	glue rmi new:latest
	assert_ok
	assert_output "Untagged: new:latest" "Deleted: sha256:"
	nothing_there
	glue rmi new
	assert_fails 'no image "new"'
	glue rmi -f new
	assert_ok
}

@test "rmi by id: with several names only by -f" {
	load_kind two-names
	glue images -q
	local id=$output
	glue rmi "$id"
	assert_fails "2 names" -f
	glue rmi -f "$id"
	assert_ok
	nothing_there
}

@test "rmi: a layer that another image has stays" {
	load_kind plain
	load_kind linked-layers
	glue images
	glue tag t:1 second
	load_kind plain # takes t:1 away again
	glue rmi t:1
	assert_ok
	[ "$(cat "$(layer_with file)/file")" = text ]
	glue rmi second
	assert_ok
	nothing_there
}

@test "rmi, prune: what a container has stays" {
	make_box_image
	glue create --name c --network none box
	assert_ok
	glue rmi box
	assert_fails "has a container"
	glue rmi -f box
	assert_fails "has a container"
	glue prune -a
	assert_ok
	glue images -q
	[ -n "$output" ]
	glue rm c
	assert_ok
	glue prune
	glue images -q
	[ -n "$output" ]
	glue prune -a
	assert_ok
	assert_output "Deleted: sha256:" "Freed: "
	nothing_there
}

@test "prune: an image that lost its name" {
	load_kind two-names
	glue rmi other/t:2
	load_kind linked-layers # is t:1 now
	glue images
	assert_output "<none>"
	glue prune
	assert_ok
	glue images
	[[ $output != *"<none>"* ]]
	assert_output t:1
}

@test "inspect and history" {
	load_kind plain
	glue inspect t:1
	assert_ok
	[ "$(jq -r '.[0].RepoTags[0]' <<<"$output")" = t:1 ]
	[ "$(jq -r '.[0].Config.Cmd[0]' <<<"$output")" = /bin/sh ]
	glue inspect --type container t:1
	assert_status 1
	glue inspect t:1 nothing
	assert_fails 'no container and no image "nothing"'
	[ "$(jq length <<<"$output")" = 1 ]
	glue history t:1
	assert_ok
	assert_output "CREATED BY" "CMD sh" "ADD ?[31mroot" first
	[ "$(sed -n 2p <<<"$output" | grep -c 'CMD sh')" = 1 ] # the latest first
	glue history --format json t:1
	[ "$(jq length <<<"$output")" = 2 ]
}

# ---- Hostile ones ----

@test "archives that would write elsewhere, or lie, leave nothing" {
	local kind
	for kind in absolute dotdot dotdot-inside link-out link-dotdot \
		link-through whiteout-dotdot disguise overlay-xattr digest \
		many-layers truncated-layer no-layer no-json deep-json no-array \
		huge-manifest bad-name link-loop; do
		load_kind "$kind"
		assert_fails "load $SCRATCH/$kind.tar" ||
			flunk "was it refused: $kind" || return 1
		nothing_there || flunk "after $kind" || return 1
		[ ! -e "$SCRATCH/evil" ] || flunk "$kind escaped" || return 1
	done
}

@test "symlinks of a layer lead nowhere but into the layer" {
	load_kind symlink-out
	[ ! -e /ABOVE ]
	glue images
	assert_ok
}

@test "a bomb is stopped at --max-size" {
	make_archive bomb
	glue load --max-size 8M "$SCRATCH/bomb.tar"
	assert_fails --max-size
	nothing_there
	glue load --max-size 80M "$SCRATCH/bomb.tar"
	assert_ok
}

@test "what is cut off, or no archive, leaves nothing" {
	local n
	make_archive plain
	for n in 0 100 700 3000 11000; do
		head -c $n "$SCRATCH/plain.tar" >"$SCRATCH/cut"
		glue load "$SCRATCH/cut"
		assert_fails || flunk "of $n bytes" || return 1
		nothing_there || flunk "of $n bytes" || return 1
	done
	glue load /bin/true
	assert_fails
	glue load "$SCRATCH/nothing"
	assert_fails "$SCRATCH/nothing"
	mkdir "$SCRATCH/empty"
	glue load "$SCRATCH/empty"
	assert_fails index.json
	nothing_there
}

# ---- What is in layers ----

@test "names are bytes: nothing is composed" {
	load_kind unicode
	assert_ok
	local dir
	dir=$(layer_with $'a\xcc\x81')
	[ -f "$dir"/$'\xc3\xa1' ]
	[ -f "$dir"/$'\xe2\x84\xab' ]
	[ "$(readlink "$dir"/$'l\xe2\x84\xab')" = $'\xe2\x84\xab' ]
	[ "$dir"/$'h\xe2\x84\xab' -ef "$dir"/$'a\xcc\x81' ]
	load_kind gnu
	assert_ok
	layer_with "$(printf 'n\xe2\x84\xab%.0s' {1..60})"
}

@test "modes, owners, times" {
	local dir
	load_kind setuid
	dir=$(layer_with su)
	[ "$(stat -c '%a %u %g %Y' "$dir/su")" = "4755 1 2 1000000000" ]
	[ "$(stat -c %Y "$dir/d/f" "$dir/d" | xargs)" = "1234567890 1000000000" ]
}

@test "layers that are links to each other, as of old docker save" {
	load_kind linked-layers
	assert_ok
	[ "$(cat "$(layer_with file)/file")" = text ]
}

@test "through a pipe, packed with gzip and zstd" {
	make_archive plain
	gzip -c "$SCRATCH/plain.tar" >"$SCRATCH/plain.tgz"
	glue load "$SCRATCH/plain.tgz"
	assert_ok
	glue rmi t:1
	glue_in=$SCRATCH/plain.tgz glue load
	assert_ok
	assert_output t:1
}

# ---- What others write ----

make_box_image() { # box:latest, of busybox
	make_rootfs "$SCRATCH/rootfs"
	tar -C "$SCRATCH/rootfs" --xattrs -cf "$SCRATCH/layer.tar" .
	local layer
	layer=$(sha256sum "$SCRATCH/layer.tar")
	mkdir "$SCRATCH/box"
	mv "$SCRATCH/layer.tar" "$SCRATCH/box"
	jq -nc --arg id "sha256:${layer%% *}" --arg arch "$(dpkg --print-architecture)" \
		'{architecture: $arch, os: "linux", config: {Cmd: ["/bin/sh"], Env: ["PATH=/bin"]},
		rootfs: {type: "layers", diff_ids: [$id]}}' >"$SCRATCH/box/config.json"
	echo '[{"Config":"config.json","RepoTags":["box:latest"],"Layers":["layer.tar"]}]' \
		>"$SCRATCH/box/manifest.json"
	tar -C "$SCRATCH/box" -cf "$SCRATCH/box.tar" .
	glue load -q "$SCRATCH/box.tar"
	assert_ok
}

# An OCI layout of two layers by umoci: $SCRATCH/oci:latest. The second has
# whiteouts, an opaque directory, a hard link, a capability.
make_oci() {
	local bundle=$SCRATCH/bundle oci=$SCRATCH/oci root
	umoci init --layout "$oci"
	umoci new --image "$oci:latest"
	umoci unpack --image "$oci:latest" "$bundle"
	root=$bundle/rootfs
	make_rootfs "$root"
	mkdir -p "$root"/{keep,gone,cover/deep}
	touch "$root"/{keep/a,keep/b,gone/c,cover/old,cover/deep/older}
	umoci repack --refresh-bundle --image "$oci:latest" "$bundle"
	rm -r "$root/keep/b" "$root/gone" "$root/cover"
	mkdir "$root/cover"
	touch "$root/cover/new"
	echo linked >"$root/one"
	ln "$root/one" "$root/two"
	cp "$root/bin/busybox" "$root/capable"
	setcap cap_net_raw+ep "$root/capable"
	chmod 4755 "$root/one"
	umoci repack --image "$oci:latest" "$bundle"
	umoci config --image "$oci:latest" --config.env PATH=/bin
	rm -r "$bundle"
}

check_oci() { # NAME
	glue run --rm --network none "$1" sh -c \
		'ls -d /keep/* /gone /cover/* 2>/dev/null; cat /two; stat -c "%h %a" /one'
	[ "$output" = "/cover/new
/keep/a
linked
2 4755" ] || flunk "in $1" || return 1
	glue rmi "$1"
	assert_ok
	nothing_there
}

@test "umoci's OCI layout: whiteouts, hard links, capabilities, setuid" {
	make_oci
	glue load "$SCRATCH/oci"
	assert_ok
	assert_output "Loaded image: oci:latest"
	getcap "$(layer_with capable)/capable" | grep cap_net_raw
	check_oci oci
	glue load --name mine:2 "$SCRATCH/oci"
	assert_ok
	check_oci mine:2
}

@test "skopeo's archives of it: docker's, OCI's, zstd layers" {
	make_oci
	local copy=(skopeo --insecure-policy copy -q)
	"${copy[@]}" "oci:$SCRATCH/oci:latest" "docker-archive:$SCRATCH/d.tar:web:1"
	glue load "$SCRATCH/d.tar"
	assert_output "Loaded image: web:1"
	check_oci web:1
	"${copy[@]}" "oci:$SCRATCH/oci:latest" "oci-archive:$SCRATCH/o.tar:web:2"
	glue load "$SCRATCH/o.tar"
	assert_output "Loaded image: web:2"
	check_oci web:2
	"${copy[@]}" --dest-compress --dest-compress-format zstd \
		"oci:$SCRATCH/oci:latest" "oci:$SCRATCH/z:web:3"
	glue load "$SCRATCH/z"
	assert_output "Loaded image: web:3"
	check_oci web:3
}

@test "buildah's image" {
	make_rootfs "$SCRATCH/rootfs"
	local flags=(--root "$SCRATCH/b" --runroot "$SCRATCH/br" --storage-driver vfs) made
	made=$(buildah "${flags[@]}" from scratch)
	buildah "${flags[@]}" copy -q "$made" "$SCRATCH/rootfs" /
	buildah "${flags[@]}" config --cmd '["/bin/echo","built"]' "$made"
	buildah "${flags[@]}" commit -q "$made" "oci-archive:$SCRATCH/built.tar:built:1"
	buildah "${flags[@]}" rm "$made"
	glue load "$SCRATCH/built.tar"
	assert_ok
	glue run --rm --network none built:1
	assert_ok
	assert_output built
}

# ---- Crashes, crowds ----

# Killed after so many of the calls that make, move and write files.
@test "a load that is killed leaves the store as it was" {
	local call n before killed
	load_kind plain
	make_archive setuid
	before=$(store_now)
	for call in mkdirat renameat openat syncfs pwrite64 write; do
		killed=0
		for n in 1 2 5 9 14; do
			strace -f -qq -o /dev/null -e trace="$call" \
				-e inject="$call":signal=KILL:when=$n \
				"$GLUE" load -q --name new "$SCRATCH/setuid.tar" \
				>"$SCRATCH/out" 2>&1 && continue
			[ $? -eq 137 ] || flunk "$call $n: $(<"$SCRATCH/out")" || return 1
			killed=$((killed + 1))
			glue images
			if [[ $output == *new:latest* ]]; then
				glue rmi new # it was whole
				assert_ok
			else
				glue prune
				assert_ok
			fi
			[ "$(store_now)" = "$before" ] ||
				flunk "after $call $n" "$(diff <(store_now) - <<<"$before")" ||
				return 1
		done
		[ $killed -gt 0 ] || flunk "$call: never" || return 1
		glue rmi -f new
	done
}

@test "two loads of one image at once, and removals meanwhile" {
	local pids=() pid
	make_archive plain
	make_archive setuid
	for _ in 1 2 3; do
		"$GLUE" load -q "$SCRATCH/plain.tar" >/dev/null &
		pids+=($!)
		"$GLUE" load -q --name b "$SCRATCH/setuid.tar" >/dev/null &
		pids+=($!)
		"$GLUE" rmi -f b >/dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	glue inspect t:1
	assert_ok
	[ "$(cat "$(layer_with file)/file")" = text ]
	glue prune -a
	nothing_there
}
