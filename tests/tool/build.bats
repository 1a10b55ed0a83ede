#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Images out of containers and root file systems, and containers' files.
# shellcheck disable=SC2016,SC2030,SC2031
load helpers

prepare() {
	ROOTFS=$SCRATCH/rootfs
	make_rootfs "$ROOTFS"
	for name in dd readlink head wc tee ln; do
		ln -sf busybox "$ROOTFS/bin/$name"
	done
	glue import --change 'CMD ["sh"]' --change 'ENV A=1' "$ROOTFS" base
	assert_ok
}

# sh_in NAME SCRIPT: a container NAME of image base, which stays.
sh_in() {
	glue run --network none --name "$1" base sh -ec "$2"
	assert_ok
}

# A container has written FILE.
wrote() { # FILE
	compgen -G "$RUNTIME_GLUE_ROOT/containers/*/diff/$1" >/dev/null
}

@test "import of a directory: its files, owners and links are the image's" {
	chown 12:34 "$ROOTFS/home"
	ln "$ROOTFS/etc/group" "$ROOTFS/etc/group2"
	glue import -m "by hand" --change 'WORKDIR /home' --change "USER user" \
		--change 'LABEL x="a b"' "$ROOTFS" dir:1
	assert_ok
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	glue run --rm --network none dir:1 sh -c \
		'pwd; id -u; stat -c %u:%g /home; stat -c %h /etc/group2'
	assert_ok
	[ "$(xargs <<<"$output")" = "/home 1000 12:34 2" ]
}

@test "import of an archive: plain, gzip, zstd, from stdin" {
	local kind
	tar -C "$ROOTFS" -cf "$SCRATCH/plain" .
	gzip -c <"$SCRATCH/plain" >"$SCRATCH/gzip"
	zstd -qc <"$SCRATCH/plain" >"$SCRATCH/zstd"
	for kind in plain gzip zstd; do
		glue import "$SCRATCH/$kind" "of-$kind"
		assert_ok
		glue run --rm --network none "of-$kind" cat /etc/passwd
		assert_ok
		assert_output "user:x:1000"
	done
	# The layer is the same one, unpacked once: base's is of other bytes.
	[ "$(find "$RUNTIME_GLUE_ROOT/layers" -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]
	glue_in=$SCRATCH/gzip glue import -c 'CMD echo hello' - piped
	assert_ok
	glue run --rm --network none piped
	[ "$output" = hello ]
}

@test "import refuses what is no root file system, and nothing is left" {
	local before
	before=$(find "$RUNTIME_GLUE_ROOT" | sort)
	echo text >"$SCRATCH/text"
	glue import "$SCRATCH/text" bad
	assert_fails "$SCRATCH/text"
	tar -C "$ROOTFS" -Pcf "$SCRATCH/up" --transform 's,^etc/group,../../evil,' etc
	glue import "$SCRATCH/up" bad
	assert_fails '".."'
	tar -C "$ROOTFS" -cf - . | head -c 700000 >"$SCRATCH/short"
	glue import "$SCRATCH/short" bad
	assert_fails "$SCRATCH/short"
	: >"$SCRATCH/empty"
	glue import "$SCRATCH/empty" bad
	assert_fails empty
	glue import "$SCRATCH/none" bad
	assert_fails "No such file"
	glue import "$ROOTFS" Bad:name
	assert_fails "no image name"
	glue import -c 'RUN x' "$ROOTFS" bad
	assert_fails "RUN x"
	[ "$(find "$RUNTIME_GLUE_ROOT" | sort)" = "$before" ]
}

@test "commit: what was added, changed and removed is in the new image" {
	sh_in box 'echo new >/etc/new; echo changed >/etc/group; rm /etc/passwd
		rm -r /var/www; mkdir /var/www; echo x >/var/www/x; rm -r /home'
	glue commit -a Me -m why --change 'CMD ["cat","/etc/new"]' \
		--change 'ENV B=2' box next:1
	assert_ok
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	id=$output
	glue run --rm --network none next:1
	[ "$output" = new ]
	glue run --rm --network none "${id:0:12}" sh -c \
		'cat /etc/group; ls /etc/passwd /home; ls /var/www; echo $A$B'
	[ "$(xargs <<<"$output")" = "changed x 12" ]
	assert_output changed
	jq -e '.author == "Me" and .config.Env == ["A=1","B=2"] and
		(.history | length == 2) and .history[1].comment == "why" and
		(.rootfs.diff_ids | length == 2)' \
		"$RUNTIME_GLUE_ROOT/blobs/sha256/$id"
	glue run --name box2 --network none next:1 sh -c 'echo third >/etc/new'
	glue commit box2 next:2
	assert_ok
	glue run --rm --network none next:2
	[ "$output" = third ]
	# The old ones are as they were.
	glue run --rm --network none base sh -c 'cat /etc/passwd; ls /etc/new'
	assert_output "user:x:1000"
	glue rm box box2
	assert_ok
}

@test "commit of a running container" {
	timeout 60 "$GLUE" run --name live --network none base \
		sh -c 'echo 1 >/now; exec sleep 50' 3>&- &
	run_pid=$!
	eventually wrote now
	glue commit live of-live
	assert_ok
	glue rm -f live
	wait "$run_pid" || true
	glue run --rm --network none of-live cat /now
	[ "$output" = 1 ]
}

@test "commit: errors say what to do" {
	glue commit none x
	assert_fails '"none"'
	sh_in box true
	glue commit box UPPER
	assert_fails "no image name"
	glue commit -c "CMD [1]" box x
	assert_fails "CMD"
	glue run --network none --name hand --rootfs "$ROOTFS" true
	glue commit hand x
	assert_fails "no image"
	glue rm box hand
}

@test "anonymous volumes go with --rm and rm -v, named ones stay" {
	glue import -c 'VOLUME /data' "$ROOTFS" vol
	volumes() { ls "$RUNTIME_GLUE_ROOT/volumes"; }
	glue run --rm --network none -v named:/named vol sh -c 'echo 1 >/data/x'
	assert_ok
	[ "$(volumes)" = named ]
	glue run --name keep --network none -v named:/named vol true
	assert_ok
	[ "$(volumes | wc -l)" = 2 ]
	glue rm keep
	[ "$(volumes | wc -l)" = 2 ]
	glue volume prune
	[ "$(volumes)" = named ]
	glue run --name drop --network none -v named:/named vol true
	[ "$(volumes | wc -l)" = 2 ]
	glue rm -v drop
	assert_ok
	[ "$(volumes)" = named ]
}

# ---- save ----

# image_id NAME [STORE]
image_id() {
	"$GLUE" --root "${2:-$RUNTIME_GLUE_ROOT}" images --no-trunc |
		awk -v name="$1" '$1 == name { print $2 }'
}

@test "save and load: the same image id and names, in every format" {
	local format
	sh_in box 'echo 2 >/two'
	glue commit box two:2
	glue save two:2 base >"$SCRATCH/x"
	assert_ok
	for format in docker-archive oci-archive oci-dir; do
		glue save --format $format -o "$SCRATCH/$format" two:2 base
		assert_ok
		glue --root "$SCRATCH/other-$format" load "$SCRATCH/$format"
		assert_ok
		[ "$(image_id two:2 "$SCRATCH/other-$format")" = "$(image_id two:2)" ]
		[ "$(image_id base:latest "$SCRATCH/other-$format")" = \
			"$(image_id base:latest)" ]
	done
	# The same image gives the same bytes.
	glue save -o "$SCRATCH/again" two:2 base
	cmp "$SCRATCH/docker-archive" "$SCRATCH/again"
	"$GLUE" save two:2 base | cmp - "$SCRATCH/again"
	# By id: without a name.
	glue save -o "$SCRATCH/by-id" "$(image_id two:2)"
	assert_ok
	glue --root "$SCRATCH/nameless" load "$SCRATCH/by-id"
	assert_output "$(image_id two:2)"
	glue --root "$SCRATCH/nameless" images
	assert_output "<none>"
}

@test "save: docker's list alone gives the same image" {
	glue save -o "$SCRATCH/tar" base
	mkdir "$SCRATCH/docker"
	tar -C "$SCRATCH/docker" -xf "$SCRATCH/tar"
	rm "$SCRATCH/docker/index.json" "$SCRATCH/docker/oci-layout"
	tar -C "$SCRATCH/docker" -cf "$SCRATCH/tar2" .
	glue --root "$SCRATCH/other" load "$SCRATCH/tar2"
	assert_ok
	[ "$(image_id base:latest "$SCRATCH/other")" = "$(image_id base:latest)" ]
}

@test "save: errors, and a file that is there stays" {
	echo mine >"$SCRATCH/file"
	glue save -o "$SCRATCH/file" none
	assert_fails 'no image "none"' "runtime-glue load"
	[ "$(cat "$SCRATCH/file")" = mine ]
	glue save --format oci-dir base
	assert_fails "-o"
	mkdir "$SCRATCH/dir"
	glue save --format oci-dir -o "$SCRATCH/dir" base
	assert_fails "must be a new one"
	glue save --format zip base
	assert_fails "oci-archive"
	rm -r "$RUNTIME_GLUE_ROOT/blobs/sha256/"*
	glue save -o "$SCRATCH/file" base
	assert_fails sha256
	[ ! -e "$SCRATCH/file" ]
}

# What others need to keep their hands off the machine's stores.
policy() {
	echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$SCRATCH/policy"
	export TMPDIR=$SCRATCH HOME=$SCRATCH XDG_RUNTIME_DIR=$SCRATCH
}

@test "skopeo and umoci read what save writes" {
	policy
	sh_in box 'echo 2 >/two; rm -r /home'
	glue commit -c 'CMD ["x"]' box two:2
	id=$(image_id two:2)
	glue save -o "$SCRATCH/docker.tar" two:2
	glue save --format oci-archive -o "$SCRATCH/oci.tar" two:2
	glue save --format oci-dir -o "$SCRATCH/oci" two:2
	for from in "docker-archive:$SCRATCH/docker.tar" \
		"docker-archive:$SCRATCH/docker.tar:two:2" \
		"oci-archive:$SCRATCH/oci.tar" "oci:$SCRATCH/oci:2"; do
		skopeo --policy "$SCRATCH/policy" inspect --config "$from" \
			>"$SCRATCH/config"
		jq -e '.config.Cmd == ["x"]' "$SCRATCH/config"
		rm -rf "$SCRATCH/copy"
		skopeo --policy "$SCRATCH/policy" copy -q "$from" "oci:$SCRATCH/copy:x"
		glue --root "$SCRATCH/other" load --name back "$SCRATCH/copy"
		assert_ok
		glue --root "$SCRATCH/other" run --rm --network none back cat /two
		[ "$output" = 2 ]
		# From docker's form skopeo writes the configuration anew.
		[[ $from == docker* ]] ||
			[ "$(image_id back:latest "$SCRATCH/other")" = "$id" ]
	done
	umoci unpack --image "$SCRATCH/oci:2" "$SCRATCH/bundle"
	[ "$(cat "$SCRATCH/bundle/rootfs/two")" = 2 ]
	[ ! -e "$SCRATCH/bundle/rootfs/home" ]
	[ "$(stat -c %a "$SCRATCH/bundle/rootfs/tmp")" = 1777 ]
}

@test "buildah reads what save writes" {
	policy
	glue save -o "$SCRATCH/docker.tar" base
	run -0 --separate-stderr buildah --root "$SCRATCH/b" --runroot "$SCRATCH/br" \
		--storage-driver vfs pull --signature-policy "$SCRATCH/policy" \
		"docker-archive:$SCRATCH/docker.tar"
	[ "${output: -64}" = "$(image_id base:latest)" ]
}

@test "export and import: the same files" {
	sh_in box 'echo 2 >/two; rm -r /home; ln /two /three'
	glue export -o "$SCRATCH/tar" box
	assert_ok
	glue import "$SCRATCH/tar" again
	assert_ok
	glue run --rm --network none again /bin/sh -c 'cat /three; ls -d /home; stat -c %h /two'
	[ "$(xargs <<<"$output")" = "2 2" ]
}

# ---- cp of archives ----

@test "cp of an archive into a stopped and a running container" {
	local tree=$SCRATCH/tree
	mkdir -p "$tree/sub"
	echo text >"$tree/sub/file"
	ln -s file "$tree/sub/link"
	echo x >"$tree/.wh.passwd"
	chown 12:34 "$tree/sub/file"
	tar -C "$tree" -cf "$SCRATCH/tar" .
	chmod 700 "$tree"
	sh_in box true
	glue_in=$SCRATCH/tar glue cp - box:/etc
	assert_ok
	# A name that a layer cannot have is left out of the image: nothing else.
	glue commit box with
	assert_ok
	grep -q wh.passwd "$SCRATCH/stderr"
	glue run --rm --network none with sh -c \
		'cat /etc/sub/link; stat -c %u /etc/sub/file
		ls /etc/passwd; stat -c %a /etc'
	[ "$(xargs <<<"$output")" = "text 0 /etc/passwd 755" ]
	glue cp box:/etc/.wh.passwd "$SCRATCH/wh"
	[ "$(cat "$SCRATCH/wh")" = x ]
	glue_in=$SCRATCH/tar glue cp -a - box:/tmp
	glue cp -a box:/tmp/sub "$SCRATCH/back"
	[ "$(stat -c %u:%g "$SCRATCH/back/file")" = 12:34 ]
	timeout 60 "$GLUE" run --name live --rm --network none -v vol:/vol base sh -c \
		'echo 1 >/now; until [ -e /vol/sub/file ]; do sleep 0.05; done; cat /vol/sub/file' \
		>"$SCRATCH/live" 3>&- &
	run_pid=$!
	eventually wrote now
	glue_in=$SCRATCH/tar glue cp - live:/vol
	assert_ok
	wait "$run_pid"
	[ "$(cat "$SCRATCH/live")" = text ]
}

@test "cp of an archive: nothing gets outside of the container" {
	sh_in box 'ln -s / /out; ln -s /../../../../.. /up; mkdir /d; echo 1 >/f'
	echo evil >"$SCRATCH/evil"
	tar -C "$SCRATCH" -Pcf "$SCRATCH/a" --transform "s,^,out$SCRATCH/escaped-," evil
	glue_in=$SCRATCH/a glue cp - box:/
	tar -C "$SCRATCH" -Pcf "$SCRATCH/b" --transform "s,^,../../," evil
	glue_in=$SCRATCH/b glue cp - box:/etc
	assert_fails '".."'
	tar -C "$SCRATCH" -cf "$SCRATCH/c" --transform "s,^evil,d," evil
	glue_in=$SCRATCH/c glue cp - box:/
	assert_fails '"d"' directory
	mkdir "$SCRATCH/f"
	tar -C "$SCRATCH" -cf "$SCRATCH/e" f
	glue_in=$SCRATCH/e glue cp - box:/
	assert_fails '"f"' directory
	glue_in=$SCRATCH/a glue cp - box:/none
	assert_fails "directory that is there"
	glue_in=$SCRATCH/evil glue cp - box:/
	assert_fails
	[ -z "$(find "$SCRATCH" -maxdepth 1 -name 'escaped-*')" ]
	# Nor by a path of the container's that leads out.
	glue cp "$SCRATCH/evil" "box:/up$SCRATCH/escaped-evil"
	[ ! -e "$SCRATCH/escaped-evil" ]
	glue cp "box:/out/f" "$SCRATCH/got"
	[ "$(cat "$SCRATCH/got")" = 1 ]
}

@test "cp to an archive and back" {
	sh_in box 'mkdir /d; echo 1 >/d/f; ln -s /etc/passwd /d/l'
	glue cp box:/d - >"$SCRATCH/x"
	"$GLUE" cp box:/d - >"$SCRATCH/tar"
	[ "$(tar -tf "$SCRATCH/tar" | sort | xargs)" = "d/ d/f d/l" ]
	glue_in=$SCRATCH/tar glue cp - box:/mnt
	assert_ok
	glue cp box:/mnt/d/f "$SCRATCH/f"
	[ "$(cat "$SCRATCH/f")" = 1 ]
}
