#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Volumes as files, and the verbs about them.
load helpers

# A stopped container of hand: ID and the record's further members.
box() { # ID MEMBERS
	local id
	id=$(printf "$1%.0s" {1..64})
	mkdir -p "$RUNTIME_GLUE_ROOT/containers/$id"
	echo "{\"id\":\"$id\",\"name\":\"box-$1\",\"status\":\"exited\",$2}" \
		>"$RUNTIME_GLUE_ROOT/containers/$id/box.json"
	: >"$RUNTIME_GLUE_ROOT/containers/$id/lock"
}

@test "create, ls, inspect, rm" {
	glue volume create --label tier=web --label empty data
	assert_ok
	[ "$output" = data ]
	[ "$(stat -c %a "$RUNTIME_GLUE_ROOT/volumes/data/_data")" = 755 ]
	glue volume create data # again: the same
	assert_ok
	glue volume ls -q
	assert_ok
	[ "$output" = data ]
	glue volume inspect data
	assert_ok
	[ "$(jq -r '.[0].labels.tier, .[0].mountpoint' <<<"$output" | xargs)" = \
		"web $RUNTIME_GLUE_ROOT/volumes/data/_data" ]
	echo text >"$RUNTIME_GLUE_ROOT/volumes/data/_data/file"
	glue volume rm data
	assert_ok
	[ -z "$(ls -A "$RUNTIME_GLUE_ROOT/volumes")" ]
	glue volume ls -q
	[ -z "$output" ]
}

@test "names that could be paths are refused" {
	for name in .. . a/b ../x .hidden "" x; do
		glue volume create "$name"
		assert_fails "no name of a volume"
		glue volume rm "$name"
		assert_fails "no name of a volume"
	done
}

@test "a volume that is not there" {
	glue volume rm none
	assert_fails 'no volume "none"' "volume ls"
	glue volume rm -f none
	assert_ok
	glue volume inspect none
	assert_fails 'no volume "none"'
}

@test "a volume that a container has is not removed" {
	glue volume create data
	box 1 '"volumes":["data"]'
	glue volume rm data
	assert_fails 'volume "data" is used by box-1' "runtime-glue rm box-1"
	[ -d "$RUNTIME_GLUE_ROOT/volumes/data/_data" ]
	glue volume prune -a
	assert_ok
	[ -z "$output" ]
	rm -r "$RUNTIME_GLUE_ROOT/containers"
	glue volume prune
	[ -z "$output" ]
	glue volume prune -a
	[ "$output" = data ]
}

@test "prune takes the anonymous ones" {
	glue volume create
	assert_ok
	[ ${#output} -eq 64 ]
	local anonymous=$output
	glue volume create named
	glue volume prune
	assert_ok
	[ "$output" = "$anonymous" ]
	glue volume ls -q
	[ "$output" = named ]
}

@test "one of several fails, the others go" {
	glue volume create aa
	glue volume create bb
	glue volume rm aa none bb
	assert_fails 'no volume "none"'
	[ "$output" = $'aa\nbb' ]
	glue volume ls -q
	[ -z "$output" ]
}

@test "diff, export and cp of a stopped container" {
	local layer=$SCRATCH/layer id
	id=$(printf '2%.0s' {1..64})
	mkdir -p "$layer/etc" "$layer/gone"
	echo old >"$layer/etc/file"
	ln -s /etc/file "$layer/link"
	ln -s /../../../../etc "$layer/out"
	box 2 '"volumes":[]'
	"$DRIVE_DIR/layers" make "$RUNTIME_GLUE_ROOT/containers/$id" "$layer"
	glue diff 2222222
	assert_ok
	[ -z "$output" ]

	echo from the host >"$SCRATCH/in"
	glue cp "$SCRATCH/in" 2222222:/etc
	assert_ok
	glue cp "$SCRATCH/in" 2222222:/out/through
	assert_ok
	[ ! -e /etc/through ]
	glue diff 2222222
	[ "$output" = $'C /etc\nA /etc/in\nA /etc/through' ]

	glue cp 2222222:etc/in "$SCRATCH/back"
	assert_ok
	cmp "$SCRATCH/in" "$SCRATCH/back"
	glue cp -L 2222222:/link "$SCRATCH/followed"
	assert_ok
	[ "$(cat "$SCRATCH/followed")" = old ]
	mkdir "$SCRATCH/here"
	glue cp 2222222:/etc "$SCRATCH/here"
	assert_ok
	[ "$(ls "$SCRATCH/here/etc")" = $'file\nin\nthrough' ]
	glue cp 2222222:/etc/. "$SCRATCH/here"
	assert_ok
	[ -f "$SCRATCH/here/file" ]
	glue cp 2222222:/etc "$SCRATCH/in"
	assert_fails "directory"
	glue cp 2222222:/none "$SCRATCH"
	assert_fails "/none"
	glue cp "$SCRATCH/in" "$SCRATCH/out"
	assert_fails "CONTAINER:PATH"

	glue export -o "$SCRATCH/out.tar" 2222222
	assert_ok
	[ "$(tar tf "$SCRATCH/out.tar" | sort | xargs)" = \
		"etc/ etc/file etc/in etc/through gone/ link out" ]
	[ "$(tar xOf "$SCRATCH/out.tar" etc/in)" = "from the host" ]
	glue cp 2222222:/etc/in -
	assert_ok
	[ "$(tar xOf "$SCRATCH/stdout" in)" = "from the host" ]
}

@test "an archive keeps long names, links, attributes, times" {
	local layer=$SCRATCH/layer id long
	id=$(printf '3%.0s' {1..64})
	long=$(printf 'n%.0s' {1..200})
	mkdir -p "$layer/$long/$long"
	echo text >"$layer/$long/$long/ünï"
	ln "$layer/$long/$long/ünï" "$layer/hard"
	touch -d @1234567890.5 "$layer/hard"
	chown 3000000:7 "$layer/hard"
	chmod 4755 "$layer/hard"
	setfattr -n user.note -v $'line\n=' "$layer/hard" 2>/dev/null ||
		setfattr -n trusted.note -v $'line\n=' "$layer/hard"
	mkfifo "$layer/fifo"
	box 3 '"volumes":[]'
	"$DRIVE_DIR/layers" make "$RUNTIME_GLUE_ROOT/containers/$id" "$layer"
	glue export -o "$SCRATCH/out.tar" 3333333
	assert_ok
	mkdir "$SCRATCH/x"
	tar xpf "$SCRATCH/out.tar" -C "$SCRATCH/x" --numeric-owner --xattrs \
		--xattrs-include='*'
	list() { (cd "$1" && find . ! -type d -printf '%p %y %m %U:%G %s %n %l %T@\n' | sort); }
	[ "$(list "$layer")" = "$(list "$SCRATCH/x")" ]
	[ "$(cd "$layer" && getfattr -d -m note hard)" = \
		"$(cd "$SCRATCH/x" && getfattr -d -m note hard)" ]
}
