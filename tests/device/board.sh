#!/bin/sh
# A board that boots from a card, for the Mender client: called inside private mount and process namespaces, so that all of
# it (mounts, loop devices, processes) is gone when its first process is, however that ends.
#
#   board.sh FOLDER CARD COMMAND …
#
# CARD is the file of a card that Imprint wrote. FOLDER holds
#   partitions   two lines, "OFFSET BYTES": root filesystem A and data
#   client/      the unpacked package of the client
#   layer/       what a board's image would have besides: mender.conf, server.crt, the identity script
# COMMAND runs with the card's root filesystem on top of this system's programs, and the card's data partition at /data.
set -eu
folder=$1
card=$2
shift 2
board=$folder/board
mkdir -p "$board"

mount_partition() { # LINE OPTIONS WHERE
  # shellcheck disable=SC2046 -- two words are meant
  set -- "$2" "$3" $(sed -n "$1p" "$folder/partitions")
  mount -t ext4 -o "loop,$1,offset=$3,sizelimit=$4" "$card" "$2"
}

# Every write of the client goes to memory, but for the data partition.
mount -t tmpfs -o mode=755 board "$board"
mkdir "$board/rootfs" "$board/upper" "$board/work" "$board/root"
mount_partition 1 ro "$board/rootfs"
cp -a "$folder/client/." "$folder/layer/." "$board/upper/"
# The package's own link would hide that of the card, and its folder /lib this system's link to /usr/lib.
rm -rf "$board/upper/var/lib/mender" "$board/upper/lib"
mkdir -p "$board/upper/bin"
ln -s /usr/bin/sh "$board/upper/bin/sh"
mount -t overlay -o "lowerdir=$board/rootfs:/,upperdir=$board/upper,workdir=$board/work" board "$board/root"

cd "$board/root"
mount_partition 2 rw,nodev data
mount -t proc proc proc
mount -t tmpfs -o mode=755 run run
# SECURITY: no other device of this computer is there for the client.
mount -t tmpfs -o mode=755 dev dev
for device in null zero random urandom; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done

# Not exec: the first process of a namespace ignores signals that it has no handler for.
status=0
chroot . "$@" || status=$?
cd /
umount "$board/root/data"
exit "$status"
