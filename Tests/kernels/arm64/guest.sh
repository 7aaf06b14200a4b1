#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs under a kernel for arm64 (see ../boot), with recorder, fileload and arm32 in PATH and the
# objects in the directory of recorder. It leaves these files in the current directory:
#
#   calls.rec   a recording of the calls of the loads without sums
#   looks.rec   a recording of all calls of arm32, with those that only look
#   sums.rec    a recording of all loads, merged
#   *.truth     the logs of the loads
#   disk.rec    a recording of requests to disks by dd, which writes /var/tmp/data and reads it back,
#               and by arm32
#   pids        the process ids of arm32, of dd that writes, of dd that reads, and of arm32 again
#
# Exit status: 0; 1 if anything failed, with the reason on the console. It does not check whether
# the recordings are right.
set -eu

disk=/var/tmp/load
memory=/dev/shm/load
counted=/var/tmp/counted # outside of the scope of the recorder of calls
objects=$(dirname "$(readlink -f "$(command -v recorder)")")/objects
mkdir "$disk" "$memory" "$counted"

die() {
	echo "guest.sh: $*"
	exit 1
}

# Starts a recorder of kind $1 that writes $2.rec, for the directories $3...; sets $recorder.
start() {
	name=$2
	kind=$1
	shift 2
	recorder "$kind" "$objects" "$name.rec" "$@" >"$name.messages" 2>&1 &
	recorder=$!
	while [ ! -e "$name.rec" ]; do
		kill -0 $recorder 2>/dev/null || die "recorder $kind: $(cat "$name.messages")"
		sleep 0.05
	done
}

# Ends the recorder with process id $2 of $1.rec, which must have lost nothing.
stop() {
	kill -TERM "$2"
	wait "$2" || die "recorder of $1: $(cat "$1.messages")"
}

# Runs scenario $1 in a new directory of $2, with truth $3.truth and $4 rounds.
load() {
	mkdir "$2/$1"
	FILELOAD_ROUNDS=$4 FILELOAD_THREADS=4 fileload "$1" "$2/$1" "$3.truth" || die "fileload $1 $2/$1: status $?"
}

# Runs a command and notes its process id.
note() {
	"$@" &
	noted=$!
	wait $noted || die "$*: status $?"
	echo $noted >>pids
}

start calls calls "$disk" "$memory"
calls=$recorder
start merged sums "$disk" "$memory" "$counted"
sums=$recorder
for scenario in $(fileload --list); do
	case $scenario in
	inherited) ;; # must start before the recorder
	deep) ;;      # takes minutes under emulation
	threads | bytes) load "$scenario" "$counted" "counted.$scenario" 1000 ;;
	*)
		load "$scenario" "$disk" "disk.$scenario" 60
		load "$scenario" "$memory" "memory.$scenario" 60
		;;
	esac
done
stop calls "$calls"
stop sums "$sums"

cp "$(command -v arm32)" "$disk/arm32"
echo text >"$disk/mapped"
start looks looks "$disk"
note "$disk/arm32" "$disk/mapped" /bin/true
stop looks "$recorder"

sync
echo 3 >/proc/sys/vm/drop_caches
start disk disk
note dd if=/dev/zero of=/var/tmp/data bs=64k count=4 conv=fsync
echo 3 >/proc/sys/vm/drop_caches
note dd if=/var/tmp/data of=/dev/null bs=64k
note "$disk/arm32" "$disk/mapped" /bin/true
stop disk "$recorder"
