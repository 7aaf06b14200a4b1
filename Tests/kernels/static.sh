#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# static.sh BINARY: runs a static bfatrace in a root with only /proc and /sys: it
# traces bfatrace --check, shows users, and fails as it must. It needs root, and runs
# in a mount namespace of its own or under another kernel (see boot).
# Exit status: 0; 1 if anything is wrong, with the reason.
set -eu

die() {
	echo "static.sh: $*"
	exit 1
}

# Runs bfatrace in the root, and fails unless it ends with status $1.
static() {
	expected=$1
	shift
	status=0
	chroot "$root" /bfatrace "$@" >"$root/said" 2>&1 || status=$?
	[ "$status" -eq "$expected" ] || die "bfatrace $*: status $status: $(cat "$root/said")"
}

root=$(mktemp -d)
trap 'umount -l "$root" && rmdir "$root"' EXIT
mount -t tmpfs tmpfs "$root"
mkdir "$root/proc" "$root/sys"
mount -t proc proc "$root/proc"
mount -o rbind /sys "$root/sys"
cp "$1" "$root/bfatrace"

# Users are shown by number: the root has no names of users.
static 0 --all --summary --by user --output /trace -- /bfatrace --check
grep -q "^bfatrace([0-9]*): .*R.* $root/sys/kernel/btf/vmlinux\$" "$root/trace" ||
	die "what --check reads is missing: $(cat "$root/trace")"
grep -q '^ .* 0$' "$root/trace" || die "--by user: $(cat "$root/trace")"

static 64 --nosuch
grep -q "^bfatrace: Unknown option '--nosuch'" "$root/said" || die "--nosuch: $(cat "$root/said")"

static 64 --uid nobody --check

# Names come from /etc/passwd, and not from a module of another C library.
mkdir "$root/etc"
echo 'passwd: other files' >"$root/etc/nsswitch.conf"
echo 'somebody:x:0:0::/:' >"$root/etc/passwd"
static 0 --all --failed --summary --by user --output /named -- /bfatrace --uid somebody --check
grep -q ' somebody$' "$root/named" || die "--by user, with names: $(cat "$root/named")"
! grep nss_other "$root/named" || die "/etc/nsswitch.conf counts"
