# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Keeps packages of Debian in a cache without installing them, for other architectures,
# too. To be sourced.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bfatrace/guests

# Runs command $2 of apt for architecture $1. An architecture other than that of the host has
# package lists of its own, which need neither root nor dpkg --add-architecture.
apt_for() {
	architecture=$1 command=$2
	shift 2
	if [ "$architecture" = "$(dpkg --print-architecture)" ]; then
		"$command" -qq -o APT::Sandbox::User=root "$@" </dev/null
		return
	fi
	own=$cache/apt-$architecture
	mkdir -p "$own/lists/partial" "$own/archives/partial"
	: >>"$own/status"
	"$command" -qq -o APT::Sandbox::User=root -o Debug::NoLocking=1 \
		-o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
		-o Dir::State::lists="$own/lists" -o Dir::State::status="$own/status" -o Dir::Cache="$own" \
		"$@" </dev/null
}

# Fetches the package lists of architecture $1.
update() {
	if [ "$1" = "$(dpkg --print-architecture)" ] && [ "$(id -u)" -ne 0 ]; then
		sudo -n apt-get -qq update </dev/null
	else
		apt_for "$1" apt-get update
	fi >/dev/null 2>&1 || true
}

# Unpacks packages $3... of architecture $1 into the directory $2, which is replaced if it exists.
# Without the option of apt_for, apt warns root that apt's own user cannot write here.
unpack() (
	architecture=$1
	rm -rf "$2"
	mkdir "$2" && cd "$2" || exit 1
	shift 2
	apt_for "$architecture" apt-get download "$@" >/dev/null 2>&1 || exit 1
	for package in *.deb; do dpkg -x "$package" . || exit 1; done
	rm ./*.deb
)

# Prints the directory of the cache that has packages $3... of architecture $1, under the name $2.
kept_packages() (
	kept=$cache/$2-$1
	exec 9>"$cache/lock"
	flock 9
	if [ ! -d "$kept" ]; then
		architecture=$1
		shift 2
		if ! unpack "$architecture" "$kept.new" "$@"; then
			update "$architecture"
			unpack "$architecture" "$kept.new" "$@" || exit 1
		fi
		mv "$kept.new" "$kept"
	fi
	echo "$kept"
)
