#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs under another kernel (see boot), with bfatrace, bfatrace-static, static.sh, fileload,
# fileload32, filemoves and dmsetup in PATH. It leaves these files in the current directory:
#
#   calls.trace  bfatrace --json --syscalls of all but the loads with sums
#   sums.trace   bfatrace --json of all loads
#   *.truth      the logs of the loads
#   moves.trace  bfatrace --json --all -f W of files whose paths change, by
#                filemoves, which prints moves.text
#   group.trace  bfatrace --json --cgroup --cwd --args --unit of a process in
#                a control group, which ends with a file open
#   stack.trace  bfatrace --json --disk of a writer and a reader of a stack of
#                devices, whose process ids are in stack.pids
#   stack.before, stack.after  the bytes that its devices counted as read and written
#   fuse.trace   bfatrace --json --disk of a reader of a FUSE file system, whose
#                process id and that of the daemon are in fuse.pids
#   nfs.trace    bfatrace --json --disk of what the kernel's NFS server does for two clients
#   commands.trace, wakeups.trace  bfatrace --json --disk and --wakeups 1 of programs
#                that send commands to disks
#   commands.sent  for each command the process id, the disk, how many requests the disk
#                counted, and the words of the program
#
# All loads run beside the same two tracers: starting one takes seconds on an
# emulated processor. Exit status: 0; 1 if anything failed, with the reason on
# the console. It does not check whether the traces are right.
set -eu

disk=/var/tmp/load
memory=/dev/shm/load
counted=/var/tmp/counted # outside of the scope of the tracer of calls
mkdir "$disk" "$memory" "$counted"

die() {
	echo "guest.sh: $*"
	exit 1
}

# Starts a tracer with output $1.trace and the options $2...; sets $tracer.
start() {
	name=$1
	shift
	bfatrace --json --output "$name.trace" "$@" >"$name.messages" 2>&1 &
	tracer=$!
}

# Waits until tracer $2 with output $1.trace records.
await() {
	while [ ! -e "$1.trace" ]; do
		kill -0 "$2" 2>/dev/null || die "bfatrace ended: $(cat "$1.messages")"
		sleep 0.05
	done
}

# Ends tracer $2 with output $1.trace, which must have printed no message.
stop() {
	kill -TERM "$2" # SIGINT is ignored by programs that a shell starts in the background
	wait "$2" || die "bfatrace ended with status $?: $(cat "$1.messages")"
	[ ! -s "$1.messages" ] || die "bfatrace: $(cat "$1.messages")"
}

# Runs scenario $1 in a new directory of $2, with truth $3.truth and $4 rounds:
# enough for each case, and few enough under emulation.
load() {
	mkdir "$2/$1"
	FILELOAD_ROUNDS=$4 FILELOAD_THREADS=4 fileload "$1" "$2/$1" "$3.truth" || die "fileload $1 $2/$1: status $?"
}

run_loads() {
	for scenario in $(fileload --list); do
		case $scenario in
		inherited) ;; # started above
		threads | bytes) load "$scenario" "$counted" "counted.$scenario" 1000 ;;
		*)
			load "$scenario" "$disk" "disk.$scenario" 60
			load "$scenario" "$memory" "memory.$scenario" 60
			;;
		esac
	done
	[ -z "$(command -v fileload32)" ] || fileload32 "$disk" >32.truth || die "fileload32: status $?"
}

# This load opens files before the tracers start.
mkdir "$disk/inherited"
mkfifo /tmp/go /tmp/ready
fileload inherited "$disk/inherited" disk.inherited.truth </tmp/go >/tmp/ready &
inherited=$!
exec 8>/tmp/go 9</tmp/ready
read -r _ <&9

start calls --syscalls --under "$disk" --under "$memory"
calls=$tracer
start sums --under "$disk" --under "$memory" --under "$counted"
sums=$tracer
await calls "$calls"
await sums "$sums"
echo go >&8
wait "$inherited" || die "fileload inherited: status $?"
run_loads
stop calls "$calls"
stop sums "$sums"

start moves --all -f W -c filemoves
await moves "$tracer"
for way in slow-rename ring-rename unmount namespace-end; do
	mkdir "/var/tmp/$way"
	FILEMOVES_EXTENTS=1000 filemoves $way "/var/tmp/$way" >>moves.text || die "filemoves $way: status $?"
done
stop moves "$tracer"

mount -t cgroup2 none /sys/fs/cgroup
mkdir /sys/fs/cgroup/new.service "$disk/a directory"
start group --cgroup --cwd --args --unit new --under "$disk"
await group "$tracer"
(
	cd "$disk/a directory"
	sh -c 'echo 0 >/sys/fs/cgroup/new.service/cgroup.procs; exec 3>$1; sleep 0.5; exit' "it's" held
	: >other
)
stop group "$tracer"

# Makes a linear device on a mirror of two loop devices. The drivers are modules, with types that
# the kernel itself does not have.
make_stack() {
	for module in loop md-mod raid1 dm-mod; do insmod "/modules/$module.ko"; done
	echo md_mirror >/sys/module/md_mod/parameters/new_array
	mirror=/sys/block/md_mirror/md # Documentation/admin-guide/md.rst
	echo none >$mirror/metadata_version
	echo raid1 >$mirror/level
	echo 2 >$mirror/raid_disks
	for number in 0 1; do
		truncate -s 16M "/var/tmp/loop$number"
		losetup "/dev/loop$number" "/var/tmp/loop$number"
		cat "/sys/block/loop$number/dev" >$mirror/new_dev
		echo $number >"$mirror/dev-loop$number/slot"
	done
	echo 8192 >$mirror/component_size # KiB
	echo none >$mirror/resync_start # the two halves are the same
	echo active >$mirror/array_state
	dmsetup --noudevrules --noudevsync create linear --table '0 8192 linear /dev/md_mirror 1024'
}

count_stack() {
	for device in dm-0 md_mirror loop0 loop1; do
		awk -v device=$device '{ print device, $3 * 512, $7 * 512 }' "/sys/block/$device/stat"
	done
}

# Writes to the stack and reads from it.
use_stack() {
	dd if=/dev/zero of=/dev/dm-0 bs=64k count=3 conv=fsync &
	writer=$!
	wait $writer || die "dd: status $?"
	blockdev --flushbufs /dev/dm-0
	dd if=/dev/dm-0 of=/dev/null bs=64k count=1 &
	reader=$!
	wait $reader || die "dd: status $?"
	echo $writer $reader >stack.pids
}

# Loads the drivers of the SCSI disk and, if the kernel has one, of the ATA disk. Which disk gets
# which name varies.
load_disks() {
	for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci \
		scsi_common scsi_mod sd_mod virtio_scsi libata libahci ahci; do
		[ ! -e "/modules/$module.ko" ] || insmod "/modules/$module.ko"
	done
	expected=0
	for driver in ahci virtio_scsi; do
		[ ! -e "/modules/$driver.ko" ] || expected=$((expected + 1))
	done
	found=0
	until [ $found -eq $expected ]; do
		sleep 0.1
		found=0
		for node in /dev/sd?; do
			[ ! -b "$node" ] || found=$((found + 1))
		done
	done
}

# Prints what a disk has counted: all requests of a SCSI one; the read commands of an NVMe one, as the
# system runs from it and may write at any time.
count_requests() {
	case $1 in
	nvme*) nvme smart-log "/dev/$1" | sed -n 's/^[Hh]ost[ _][Rr]ead[^:]*: *//p' | tr -d , ;;
	*) echo $(($(cat "/sys/block/$1/device/iorequest_cnt"))) ;;
	esac
}

# Sends a command to disk $1 by the program $2 with its arguments; some of them fail.
send() {
	device=$1
	shift
	before=$(count_requests "$device")
	"$@" >/dev/null 2>&1 &
	sender=$!
	wait $sender || true
	echo "$sender $device $(($(count_requests "$device") - before)) $*" >>commands.sent
}

send_to_scsi() {
	for node in /dev/sd?; do
		name=${node#/dev/}
		send "$name" hdparm -C "$node"
		send "$name" hdparm -I "$node"
		send "$name" smartctl -i -H -A "$node"
		send "$name" sg_raw -r 96 "$node" 12 00 00 00 60 00
		send "$name" sg_raw "$node" 00 00 00 00 00 00
		send "$name" blkid -p "$node"
		send "$name" lsblk "$node"
		sleep 1.5 # the disk sleeps, for wakeups.trace; the first command does not wake it
		send "$name" hdparm -C "$node"
		send "$name" hdparm -I "$node"
		send "$name" hdparm -y "$node"
		send "$name" sg_raw "$node" 1b 00 00 00 00 00
		send "$name" sg_raw "$node" 1b 00 00 00 01 00
	done
}

send_to_nvme() {
	send nvme0n1 nvme id-ctrl /dev/nvme0
	send nvme0n1 nvme smart-log /dev/nvme0
	send nvme0n1 nvme flush /dev/nvme0n1 -n 1
	send nvme0n1 smartctl -i /dev/nvme0
	send nvme0n1 nvme read /dev/nvme0n1 --start-block=0 --block-count=0 --data-size=512
	send nvme0n1 blkid -p /dev/nvme0n1
	send nvme0n1 lsblk /dev/nvme0n1
}

# udisks is not among them: it offers nothing for SMART or power management of emulated disks.
load_disks
for program in 'blkid -V' 'lsblk -V' 'nvme id-ctrl /dev/nvme0' 'count_requests nvme0n1'; do
	$program >/dev/null # in memory from now on: its files are on a disk that is counted
done
start commands --disk
commands=$tracer
start wakeups --wakeups 1
await commands "$commands"
await wakeups "$tracer"
send_to_scsi
send_to_nvme
stop commands "$commands"
stop wakeups "$tracer"

make_stack
start stack --disk
await stack "$tracer"
count_stack >stack.before
use_stack
count_stack >stack.after
stop stack "$tracer"

# Serves a file by FUSE, whose driver may be a module; the file is not in memory.
serve() {
	mkdir /var/tmp/below /var/tmp/fuse
	head -c 65536 /dev/urandom >/var/tmp/below/file
	bindfs -f /var/tmp/below /var/tmp/fuse &
	daemon=$!
	until grep -q ' /var/tmp/fuse ' /proc/mounts; do
		kill -0 $daemon || die "bindfs ended"
		sleep 0.1
	done
	sync
	echo 1 >/proc/sys/vm/drop_caches
}

[ ! -e /modules/fuse.ko ] || insmod /modules/fuse.ko
serve
start fuse --disk --under /var/tmp/below
await fuse "$tracer"
cat /var/tmp/fuse/file >/dev/null &
echo $! $daemon >fuse.pids
wait $! || die "cat: status $?"
stop fuse "$tracer"
umount /var/tmp/fuse

# Runs with the capabilities of the service: the kernel does not list the types of modules then.
service='/usr/bin/setpriv --bounding-set=-all,+bpf,+perfmon,+dac_read_search,+sys_ptrace --no-new-privs'
[ -e /sys/kernel/btf/loop ] || die "no module has types"
for options in '' '--syscalls --exe --cgroup --args'; do
	# shellcheck disable=SC2086 # words
	$service bfatrace $options --output /tmp/few -- sh -c ': </guest.sh' || die "$service bfatrace $options: status $?"
	grep -q /guest.sh /tmp/few || die "$service bfatrace $options: $(cat /tmp/few)"
	rm /tmp/few
done
$service bfatrace -s 0.1 --disk >/tmp/few 2>&1 || die "$service bfatrace --disk: $(cat /tmp/few)"

# Lists changes.
mkdir -p /var/tmp/tree/d /var/tmp/tree/gone
cd /var/tmp/tree
echo a >a && echo b >b && echo c >d/c && echo e >e
bfatrace --changes --inputs --under /var/tmp/tree --output /tmp/changes -- sh -c '
	echo x >>a; echo n >n; mv n b; mv d f; echo y >>f/c; rmdir gone; chmod 600 e; cat e >t; rm t; ln -s a s' ||
	die "bfatrace --changes: status $?"
cd /results
cat >/tmp/expected <<EOF
modified /var/tmp/tree/a
modified /var/tmp/tree/b
moved /var/tmp/tree/d -> /var/tmp/tree/f
attributes /var/tmp/tree/e
read /var/tmp/tree/e
modified /var/tmp/tree/f/c
deleted /var/tmp/tree/gone
created /var/tmp/tree/s
temporary 1
EOF
cmp /tmp/changes /tmp/expected || die "bfatrace --changes: $(cat /tmp/changes)"

# Runs bfatrace with these options and a short command.
try_options() {
	lines=/tmp/lines.$(echo "$*" | tr '/ ' '__')
	bfatrace -s 0.1 "$@" >"$lines" 2>&1 || die "bfatrace $*: status $?: $(cat "$lines")"
}

# The verifier removes branches of options that are off, so each option makes other
# programs. Two run at a time: there are two processors, and little memory.
mkdir "$disk/x"
cd /tmp
other=
while read -r options; do
	# shellcheck disable=SC2086 # words
	try_options $options &
	[ -z "$other" ] || wait "$other"
	other=$!
done <<EOF

--syscalls
--exe --parents
--syscalls --exe --parents
--failed
--slower 1
--all
--under $disk
--dir $disk
--ignore-under $disk
--syscalls --ignore-under $disk
--histogram
--histogram -p 1 --under $disk
--syscalls --histogram
--metadata --histogram --under $disk
--metadata --under $disk --ignore-under $disk/x
--metadata --current-mount
--disk --ignore-under $disk
--file $disk/f
--metadata --file $disk/f --ignore-under $disk/x
--disk --file $disk/f
--json --path $disk/[a-z]
--metadata --path $disk/[a-z] --exclude ?.x
--disk --path $disk/[a-z]
--current-mount
-p 1 -F
-c sh
--uid 0
--cgroup --cwd --args
--syscalls --exe --parents --cgroup --cwd --args
--metadata --cgroup --cwd --args --under $disk --ignore-under $disk/x
--unit x
--syscalls --unit x --container x --under-cgroup /
--disk --cgroup --unit x --container x
--by unit,container
--ignore-pid 1
--ignore-comm x
--summary
--disk
--disk --summary
--wakeups 1
--changes
--changes --all
--inputs --failed -p 1 -F
--check
EOF
wait "$other"
static.sh "$(command -v bfatrace-static)" || die "the static binary"

# Serves a directory to clients with IPv4 and IPv6 by one thread of the kernel's, without what
# usually answers its questions (exports(5), nfsdctl(7)); writes count as done when they are in memory.
serve_nfs() {
	for module in dns_resolver netfs fscache sunrpc grace lockd nfs_acl auth_rpcgss nfsd nfs nfsv4; do
		[ ! -e "/modules/$module.ko" ] || insmod "/modules/$module.ko"
	done
	ifconfig lo 127.0.0.1
	mkdir /var/tmp/export /var/tmp/four /var/tmp/six
	mount -t nfsd nfsd /proc/fs/nfsd
	for address in 127.0.0.1 ::1; do echo "nfsd $address 2147483647 all" >/proc/net/rpc/auth.unix.ip/channel; done
	# 0x2412: insecure_port, async, no_subtree_check, fsid
	echo "all /var/tmp/export 2147483647 $((0x2412)) 65534 65534 0" >/proc/net/rpc/nfsd.export/channel
	printf '%s\n' 'all 1 \x00000000 2147483647 /var/tmp/export' >/proc/net/rpc/nfsd.fh/channel
	echo '-3 +4' >/proc/fs/nfsd/versions # version 3 would ask rpcbind(8)
	echo 'tcp 2049' >/proc/fs/nfsd/portlist
	echo 1 >/proc/fs/nfsd/threads
	echo Y >/proc/fs/nfsd/v4_end_grace 2>/dev/null || true
	mount -t nfs4 -o addr=127.0.0.2,clientaddr=127.0.0.1,vers=4.1 127.0.0.2:/ /var/tmp/four
	echo other >/sys/module/nfs/parameters/nfs4_unique_id
	mount -t nfs4 -o addr=::1,clientaddr=::1,vers=4.2 '[::1]:/' /var/tmp/six
}

# Last: the types of these modules are read whenever a tracer starts, which takes seconds on an
# emulated processor.
cd /results
serve_nfs
start nfs --disk --under /var/tmp/export
await nfs "$tracer"
head -c 65536 /dev/zero >/var/tmp/four/a
head -c 65536 /dev/zero >/var/tmp/six/b
head -c 65536 /dev/zero >/var/tmp/four/both
head -c 65536 /dev/zero >>/var/tmp/six/both
sync
echo 3 >/proc/sys/vm/drop_caches
cat /var/tmp/six/a >/dev/null
stop nfs "$tracer"
umount /var/tmp/four /var/tmp/six
echo 0 >/proc/fs/nfsd/threads
