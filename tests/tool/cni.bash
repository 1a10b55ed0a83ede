# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Namespaces, networks and plugins for the tests of `runtime-glue cni`.
# shellcheck disable=SC2034,SC2119,SC2120,SC2154

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
