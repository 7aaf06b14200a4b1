#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# static.sh BINARY: runs a static bfatrace in a root with nothing else in it but
# /proc and /sys: a trace, of itself as it looks at the kernel, and errors; then
# with users. As root, here in a mount namespace of its own, or under another
# kernel (see boot).
# Exit status: 0, 1 if anything is wrong, with the reason.
set -eu

die() {
	echo "static.sh: $*"
	exit 1
}

# Runs bfatrace in the root; it must end with status $1.
static() {
	expected=$1
	shift
	status=0
	chroot "$root" /bfatrace "$@" >"$root/said" 2>&1 || status=$?
	[ "$status" -eq "$expected" ] || die "bfatrace $*: status $status: $(cat "$root/said")"
}

root=$(mktemp -d)
mount -t tmpfs tmpfs "$root"
mkdir "$root/proc" "$root/sys"
mount -t proc proc "$root/proc"
mount -o rbind /sys "$root/sys"
cp "$1" "$root/bfatrace"

static 0 --all --output /trace -- /bfatrace --check
grep -q "^bfatrace([0-9]*): .*R.* $root/sys/kernel/btf/vmlinux\$" "$root/trace" ||
	die "what --check reads is missing: $(cat "$root/trace")"

static 64 --nosuch
grep -q "^bfatrace: Unknown option '--nosuch'" "$root/said" || die "--nosuch: $(cat "$root/said")"

# Numbers, as nothing here knows names.
static 64 --uid nobody --check
static 0 --all --by user --output /users -- /bfatrace --check
grep -q '^ .* 0$' "$root/users" || die "--by user: $(cat "$root/users")"

# Names from /etc/passwd, and no module of another C library.
mkdir "$root/etc"
echo 'passwd: other files' >"$root/etc/nsswitch.conf"
echo 'somebody:x:0:0::/:' >"$root/etc/passwd"
static 0 --all --by user --output /named -- /bfatrace --uid somebody --check
grep -q ' somebody$' "$root/named" || die "--by user, with names: $(cat "$root/named")"
static 0 --all --failed --output /failed -- /bfatrace --uid somebody --check
! grep nss_other "$root/failed" || die "/etc/nsswitch.conf counts"
