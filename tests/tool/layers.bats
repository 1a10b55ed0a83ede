#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Root file systems made of layers, copied trees, and their removal.
# shellcheck disable=SC2030,SC2031
load helpers

DRIVE=${DRIVE_DIR:?}/layers

prepare() {
	BOX=$SCRATCH/box
	mkdir "$BOX"
}

# layer N FILE...: layer N, each FILE holding its number.
layer() {
	local dir=$SCRATCH/layers/$1 file
	mkdir -p "$dir"
	for file in "${@:2}"; do
		mkdir -p "$(dirname "$dir/$file")"
		echo "$1" >"$dir/$file"
	done
}

layers() { # COUNT
	local i
	for ((i = 0; i < $1; i++)); do
		layer "$i" common "only/$i"
	done
	mapfile -t LAYERS < <(seq -f "$SCRATCH/layers/%.0f" 0 $(($1 - 1)))
}

whiteout() { # PATH
	mknod "$1" c 0 0
}

@test "the uppermost layer wins, and what is written goes to diff" {
	layers 3
	"$DRIVE" make "$BOX" "${LAYERS[@]}"
	"$DRIVE" mount "$BOX"
	[ "$(cat "$BOX/merged/common")" = 2 ]
	[ "$(ls "$BOX/merged/only")" = "$(seq 0 2)" ]
	echo new >"$BOX/merged/common"
	[ "$(cat "$BOX/diff/common")" = new ]
	[ "$(cat "${LAYERS[2]}/common")" = 2 ]
	"$DRIVE" mount "$BOX" # again: no second mount
	"$DRIVE" unmount "$BOX"
	"$DRIVE" unmount "$BOX"
	"$DRIVE" mount "$BOX"
	[ "$(cat "$BOX/merged/common")" = new ]
	"$DRIVE" remove "$BOX"
	[ -z "$(ls -A "$BOX")" ]
}

@test "128 layers" {
	layers 128
	"$DRIVE" make "$BOX" "${LAYERS[@]}"
	"$DRIVE" mount "$BOX"
	[ "$(cat "$BOX/merged/common")" = 127 ]
	[ "$(find "$BOX/merged/only" -type f | wc -l)" = 128 ]
	"$DRIVE" remove "$BOX"
}

@test "500 layers whose paths are long, and 501 are refused" {
	local long i
	long=$SCRATCH/layers/$(printf 'x%.0s' {1..200})
	LAYERS=()
	for ((i = 0; i < 500; i++)); do
		mkdir -p "$long/$i"
		echo "$i" >"$long/$i/common"
		LAYERS+=("$long/$i")
	done
	"$DRIVE" make "$BOX" "${LAYERS[@]}"
	"$DRIVE" mount "$BOX"
	[ "$(cat "$BOX/merged/common")" = 499 ]
	"$DRIVE" unmount "$BOX"
	"$DRIVE" page "$BOX" # as kernels before 6.7 are told
	[ "$(cat "$BOX/merged/common")" = 499 ]
	"$DRIVE" remove "$BOX"
	run "$DRIVE" make "$BOX" "${LAYERS[@]}" "$long/0"
	[ "$status" -eq 1 ]
	[[ $output == *"501 layers"*"at most 500"* ]]
}

@test "no layer at all is an empty root" {
	"$DRIVE" make "$BOX"
	"$DRIVE" mount "$BOX"
	[ -z "$(ls -A "$BOX/merged")" ]
	"$DRIVE" remove "$BOX"
}

@test "what is mounted in merged does not get out" {
	layers 1
	"$DRIVE" make "$BOX" "${LAYERS[@]}"
	"$DRIVE" mount "$BOX"
	run findmnt -n -o PROPAGATION "$BOX/merged"
	[ "$output" = private ]
	"$DRIVE" remove "$BOX"
}

@test "owner and mode of / are those of the uppermost layer" {
	layers 2
	chmod 1750 "${LAYERS[1]}"
	chown 12:34 "${LAYERS[1]}"
	"$DRIVE" make "$BOX" "${LAYERS[@]}"
	"$DRIVE" mount "$BOX"
	[ "$(stat -c %a:%u:%g "$BOX/merged")" = 1750:12:34 ]
	"$DRIVE" remove "$BOX"
}

# In the sandbox /var/lib is an overlay, which cannot be above in another one.
@test "a copy where overlayfs is refused" {
	local box=/var/lib/ferrule-box.$$
	layers 2
	mkdir "$box"
	"$DRIVE" make "$box" "${LAYERS[@]}"
	run "$DRIVE" mount "$box"
	[ "$status" -eq 0 ]
	[[ $output == *"the layers are copied instead"* ]]
	[ "$(cat "$box/merged/common")" = 1 ]
	"$DRIVE" remove "$box"
	rmdir "$box"
}

@test "vfs: whiteouts, opaque directories, types that change" {
	layer 0 gone kept dir/a dir/b swap/x file
	layer 1 dir/c
	whiteout "$SCRATCH/layers/1/gone"
	setfattr -n trusted.overlay.opaque -v y "$SCRATCH/layers/1/dir"
	echo now a file >"$SCRATCH/layers/1/swap"
	mkdir "$SCRATCH/layers/1/file"
	"$DRIVE" make "$BOX" "$SCRATCH"/layers/{0,1}
	"$DRIVE" vfs "$BOX"
	[ "$(cd "$BOX/merged" && find . | sort | xargs)" = \
		". ./dir ./dir/c ./file ./kept ./swap" ]
	[ -z "$(getfattr -m - "$BOX/merged/dir")" ]
	echo more >"$BOX/merged/kept"
	"$DRIVE" unmount "$BOX"
	"$DRIVE" mount "$BOX"
	[ "$(cat "$BOX/merged/kept")" = more ]
	"$DRIVE" remove "$BOX"
	[ "$(cat "$SCRATCH/layers/0/gone")" = 0 ]
}

@test "a copy keeps links, holes, modes, times, attributes and nodes" {
	local a=$SCRATCH/a b=$SCRATCH/b
	mkdir "$a" "$b" "$a/dir"
	echo text >"$a/one"
	ln "$a/one" "$a/dir/two"
	chmod 4711 "$a/one"
	chown 7:8 "$a/one"
	truncate -s 64M "$a/sparse"
	echo end >>"$a/sparse"
	ln -s /etc/passwd "$a/symlink"
	chown -h 5:6 "$a/symlink"
	mkfifo "$a/fifo"
	mknod "$a/null" c 1 3
	setcap cap_net_raw+ep "$a/sparse" 2>/dev/null || setfattr -n trusted.x -v y "$a/sparse"
	touch -d @1000000000 "$a/dir" "$a/one"
	touch -h -d @1000000001 "$a/symlink"
	"$DRIVE" copy "$a" "$b"
	list() { (cd "$1" && find . ! -type d -printf '%p %y %m %U:%G %s %n %l %T@\n' | sort); }
	[ "$(list "$a")" = "$(list "$b")" ]
	[ "$b/one" -ef "$b/dir/two" ]
	[ "$(stat -c %Y "$b/dir")" = 1000000000 ]
	[ "$(du -k "$b/sparse" | cut -f1)" -lt 1024 ]
	cmp "$a/sparse" "$b/sparse"
	[ "$(cd "$a" && getfattr -d -m - sparse)" = "$(cd "$b" && getfattr -d -m - sparse)" ]
	[ "$(stat -c %t:%T "$b/null")" = 1:3 ]
}

@test "a tree is removed however deep, whatever its modes, and nothing beside it" {
	local dir=$BOX/diff i
	layers 1
	"$DRIVE" make "$BOX" "${LAYERS[@]}"
	echo precious >"$SCRATCH/precious"
	ln -s "$SCRATCH" "$dir/out"
	ln -s ../.. "$dir/up"
	mkdir -p "$dir/dark/sub" "$dir/.gone-0/full"
	echo x >"$dir/dark/sub/file"
	chmod 0 "$dir/dark/sub" "$dir/dark"
	python3 - "$dir" <<-'PY'
		import os, sys
		os.chdir(sys.argv[1])
		for i in range(3000):
		    os.mkdir("d" * 50)
		    os.chdir("d" * 50)
		open("bottom", "w").close()
	PY
	(
		ulimit -n 20
		"$DRIVE" remove "$BOX"
	)
	[ -z "$(ls -A "$BOX")" ]
	[ "$(cat "$SCRATCH/precious")" = precious ]
}

@test "what is mounted in a tree is not emptied" {
	layers 1
	"$DRIVE" make "$BOX" "${LAYERS[@]}"
	mkdir "$BOX/diff/mnt" "$SCRATCH/host"
	echo precious >"$SCRATCH/host/file"
	mount --bind "$SCRATCH/host" "$BOX/diff/mnt"
	run "$DRIVE" remove "$BOX"
	[ "$status" -eq 1 ]
	[[ $output == *"unmount it first"* ]]
	[ "$(cat "$SCRATCH/host/file")" = precious ]
	umount "$BOX/diff/mnt"
	"$DRIVE" remove "$BOX"
}

@test "a mount left volatile by a crash is mounted again" {
	layers 1
	"$DRIVE" make "$BOX" "${LAYERS[@]}"
	"$DRIVE" page "$BOX"
	umount "$BOX/merged"
	[ -d "$BOX/work/work/incompat/volatile" ]
	"$DRIVE" mount "$BOX"
	"$DRIVE" remove "$BOX"
}

@test "diff tells what was added, changed and deleted" {
	layer 0 old/a old/b gone/x kept/y whole/one whole/two
	layer 1 old/c
	whiteout "$SCRATCH/layers/1/gone"
	"$DRIVE" make "$BOX" "$SCRATCH"/layers/{0,1}
	"$DRIVE" mount "$BOX"
	cd "$BOX/merged"
	echo new >new
	echo changed >old/a
	rm old/b old/c
	mkdir gone && echo again >gone/x
	rm -r whole && mkdir whole && echo 1 >whole/one
	cd "$SCRATCH"
	run "$DRIVE" diff "$BOX"
	[ "$status" -eq 0 ]
	diff -u - <(sort -k2 <<<"$output") <<-'END'
		A /gone
		A /gone/x
		A /new
		C /old
		C /old/a
		D /old/b
		D /old/c
		C /whole
		C /whole/one
		D /whole/two
	END
	"$DRIVE" remove "$BOX"
}
