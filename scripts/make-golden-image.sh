#!/bin/bash
# Makes the practice bench's golden image:
#   golden.sdimg.xz    MBR disk image, 97 MiB when decoded
#   golden.sdimg.json  its size and hashes
#
# usage: scripts/make-golden-image.sh [FOLDER]     (default: main/practice/assets)
#
# Debian packages: bash coreutils dosfstools e2fsprogs fdisk mtools openssl xz-utils
# No root and no loop device is needed.
#
# Two runs with the same package versions give the same bytes: everything that
# the tools would take from the clock, from the random generator or from the
# machine's own configuration is fixed below. Other versions of e2fsprogs or xz
# may lay the same files out differently; the json names the versions used.
#
# Layout, each partition aligned at 1 MiB:
#   1  vfat  16 MiB  boot        config.txt, cmdline.txt
#   2  ext4  24 MiB  rootfs A    a small tree, 6 MiB of incompressible filler
#   3  ext4  24 MiB  rootfs B    the same tree without the filler
#   4  ext4  32 MiB  data        /mender, 0700, 0:0
set -euo pipefail
umask 022

# The administration tools are not on every user's PATH.
export PATH="$PATH:/usr/sbin:/sbin"
export LC_ALL=C TZ=UTC
# 2026-01-01T00:00:00Z
export SOURCE_DATE_EPOCH=1767225600
# Releases of e2fsprogs before 1.47.1 read only this one.
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
# A pager or a personal mtools configuration must not change the result.
export DEBUGFS_PAGER=__none__ MTOOLSRC=/dev/null

package_of() {
  case "$1" in
    mkfs.vfat) echo dosfstools ;;
    mke2fs | debugfs | e2fsck) echo e2fsprogs ;;
    sfdisk) echo fdisk ;;
    mcopy) echo mtools ;;
    xz) echo xz-utils ;;
    *) echo "$1" ;;
  esac
}

missing=()
for tool in mkfs.vfat mke2fs debugfs e2fsck sfdisk mcopy openssl xz; do
  command -v "$tool" >/dev/null || missing+=("$(package_of "$tool")")
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "make-golden-image: missing Debian packages: $(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')" >&2
  exit 1
fi

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "${1:-$project/main/practice/assets}"
output=$(cd "${1:-$project/main/practice/assets}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

readonly mebibyte=1048576
readonly boot_start=1 boot_size=16
readonly rootfs_a_start=17 rootfs_b_start=41 rootfs_size=24
readonly data_start=65 data_size=32
readonly total_size=97

# Debian 12's defaults for a full-size ext4, written out so that the machine's
# own mke2fs.conf has no say.
cat >"$work/mke2fs.conf" <<'CONF'
[defaults]
	base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
	default_mntopts = acl,user_xattr
	enable_periodic_fsck = 0
	blocksize = 4096
	inode_size = 256
	inode_ratio = 16384

[fs_types]
	ext4 = {
		features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
	}
CONF
export MKE2FS_CONFIG="$work/mke2fs.conf"

# make_ext4 FILE LABEL MEBIBYTES UUID HASH_SEED
make_ext4() {
  truncate -s "$(($3 * mebibyte))" "$1"
  # The kernel decides the default of lazy_itable_init, so it is named here.
  mke2fs -q -F -t ext4 -T default -L "$2" -U "$4" \
    -E "hash_seed=$5,root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,nodiscard" "$1"
}

# run_debugfs FILE <REQUESTS: debugfs exits 0 whatever happens, so what it says decides.
run_debugfs() {
  local requests="$work/requests" messages="$work/messages"
  cat >"$requests"
  debugfs -w -f "$requests" "$1" >/dev/null 2>"$messages"
  if grep -v '^debugfs [0-9]' "$messages" >&2; then
    echo "make-golden-image: debugfs refused a request for $1" >&2
    exit 1
  fi
}

# The tree is made by debugfs requests and not by `mke2fs -d`: that one takes
# owners, change times and the order of entries from the machine's own folder.
# write_request IMAGE_PATH: stdin becomes a file of mode 0644, owned by 0:0.
file_number=0
write_request() {
  file_number=$((file_number + 1))
  local source="$work/file-$file_number"
  cat >"$source"
  echo "write $source $1"
  echo "set_inode_field $1 mode 0100644"
}

rootfs_requests() {
  local folder
  for folder in bin boot data dev etc etc/mender home proc root run sbin sys tmp usr usr/lib var var/lib var/log; do
    echo "mkdir /$folder"
  done
  echo "set_inode_field /root mode 040700"
  echo "set_inode_field /tmp mode 041777"
  echo "symlink /var/lib/mender /data/mender"

  write_request /etc/hostname <<<'practice-board'
  write_request /etc/issue <<<'Practice Linux 1.0 \n \l'
  write_request /etc/os-release <<'TEXT'
ID=practice
NAME="Practice Linux"
VERSION_ID=1.0
PRETTY_NAME="Practice Linux 1.0"
TEXT
  write_request /etc/fstab <<'TEXT'
/dev/root       /      auto  defaults        1 1
/dev/mmcblk0p1  /boot  auto  defaults,sync   0 0
/dev/mmcblk0p4  /data  auto  defaults        0 0
TEXT
  write_request /etc/passwd <<<'root:x:0:0:root:/root:/bin/sh'
  write_request /etc/group <<<'root:x:0:'
  write_request /etc/mender/mender.conf <<'TEXT'
{
  "ServerURL": "https://mender.example.test",
  "RootfsPartA": "/dev/mmcblk0p2",
  "RootfsPartB": "/dev/mmcblk0p3",
  "UpdatePollIntervalSeconds": 1800,
  "InventoryPollIntervalSeconds": 28800,
  "RetryPollIntervalSeconds": 300
}
TEXT
  write_request /etc/mender/artifact_info <<<'artifact_name=practice-1.0'
}

# 1: boot
truncate -s "$((boot_size * mebibyte))" "$work/boot"
# It names its version only when it makes something.
dosfstools=$(mkfs.vfat --invariant -F 16 -i 1a2b3c4d -n BOOT -h "$((boot_start * 2048))" "$work/boot")
cat >"$work/config.txt" <<'TEXT'
arm_64bit=1
enable_uart=1
kernel=u-boot.bin
TEXT
cat >"$work/cmdline.txt" <<'TEXT'
console=tty1 root=/dev/mmcblk0p2 rootfstype=ext4 rootwait
TEXT
touch -d "@$SOURCE_DATE_EPOCH" "$work/config.txt" "$work/cmdline.txt"
mcopy -m -i "$work/boot" "$work/config.txt" "$work/cmdline.txt" ::

# 2: rootfs A. Real root filesystems are full of compressed data; zeros
# encrypted in counter mode look the same and are the same on every machine.
make_ext4 "$work/rootfs-a" rootfs-a "$rootfs_size" \
  6d1b7f3e-0f5a-4c1e-9a3e-2b7d5c8e0002 6d1b7f3e-0f5a-4c1e-9a3e-2b7d5c8e1002
head -c "$((6 * mebibyte))" /dev/zero |
  openssl enc -aes-128-ctr -nosalt -K 496d7072696e742070726163746963e5 -iv 00000000000000000000000000000000 >"$work/filler"
{
  rootfs_requests
  write_request /usr/lib/filler.bin <"$work/filler"
} | run_debugfs "$work/rootfs-a"

# 3: rootfs B
make_ext4 "$work/rootfs-b" rootfs-b "$rootfs_size" \
  6d1b7f3e-0f5a-4c1e-9a3e-2b7d5c8e0003 6d1b7f3e-0f5a-4c1e-9a3e-2b7d5c8e1003
rootfs_requests | run_debugfs "$work/rootfs-b"

# 4: data
make_ext4 "$work/data" data "$data_size" \
  6d1b7f3e-0f5a-4c1e-9a3e-2b7d5c8e0004 6d1b7f3e-0f5a-4c1e-9a3e-2b7d5c8e1004
{
  echo "mkdir /mender"
  echo "set_inode_field /mender mode 040700"
  write_request /mender/device_type <<<'device_type=practice-board'
} | run_debugfs "$work/data"

for name in rootfs-a rootfs-b data; do
  e2fsck -fn "$work/$name" >"$work/e2fsck.log" 2>&1 || {
    cat "$work/e2fsck.log" >&2
    echo "make-golden-image: the filesystem $name is not clean" >&2
    exit 1
  }
done

# The disk
image="$work/golden.sdimg"
truncate -s "$((total_size * mebibyte))" "$image"
sfdisk --quiet --no-reread --no-tell-kernel "$image" <<TABLE
label: dos
label-id: 0x1a2b3c4d
start=$((boot_start * 2048)), size=$((boot_size * 2048)), type=e, bootable
start=$((rootfs_a_start * 2048)), size=$((rootfs_size * 2048)), type=83
start=$((rootfs_b_start * 2048)), size=$((rootfs_size * 2048)), type=83
start=$((data_start * 2048)), size=$((data_size * 2048)), type=83
TABLE
place() {
  dd if="$work/$1" of="$image" bs="$mebibyte" seek="$2" conv=notrunc,sparse status=none
}
place boot "$boot_start"
place rootfs-a "$rootfs_a_start"
place rootfs-b "$rootfs_b_start"
place data "$data_start"

# One thread: the number of blocks in the file must not follow the number of cores.
xz -9 --threads=1 --check=crc64 --stdout "$image" >"$work/golden.sdimg.xz"

limit=$((8 * mebibyte))
if [ "$(stat -c %s "$work/golden.sdimg.xz")" -ge "$limit" ]; then
  echo "make-golden-image: the compressed image is over $limit bytes" >&2
  exit 1
fi

hash_of() { sha256sum "$1" | cut -d ' ' -f 1; }
# Into shell variables first: a reader that leaves early would break the pipe under pipefail.
e2fsprogs=$(mke2fs -V 2>&1)
xz_version=$(xz --version)
cat >"$work/golden.sdimg.json" <<JSON
{
  "decodedBytes": $(stat -c %s "$image"),
  "sha256": "$(hash_of "$work/golden.sdimg.xz")",
  "decodedSha256": "$(hash_of "$image")",
  "made by": "scripts/make-golden-image.sh with e2fsprogs $(awk 'NR == 1 { print $2 }' <<<"$e2fsprogs"), dosfstools $(awk 'NR == 1 { print $2 }' <<<"$dosfstools"), xz $(awk 'NR == 1 { print $NF }' <<<"$xz_version")"
}
JSON

install -m 0644 "$work/golden.sdimg.xz" "$work/golden.sdimg.json" "$output/"
echo "$output/golden.sdimg.xz: $(stat -c %s "$output/golden.sdimg.xz") bytes"
