# Runs a command where a mutant can do no harm: over a throw-away copy of this machine's files, with a network and
# processes of its own. The working folder is the checkout.
#   sandbox.sh ROOT TARGET MUTANT COMMAND …     ROOT is an empty folder, and TARGET the file that MUTANT replaces
set -eu
root=$1 target=$2 mutant=$3
shift 3
checkout=$PWD
mount -t tmpfs tmpfs "$root"
mkdir "$root/all"
# overlay PLACE NAME: the copy has this place, and what is written there stays in memory.
overlay() {
  mkdir -p "$root/$2" "$root/$2-work" "$root/all$1"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$root/$2,workdir=$root/$2-work" "$root/all$1"
}
overlay / files
# The checkout may be on another file system.
overlay "$checkout" checkout
cp -- "$mutant" "$root/all$target"
cd "$root/all"
mount --rbind /dev dev
mount -t sysfs sysfs sys
mount -t proc proc proc
mount -t tmpfs tmpfs run
mkdir -p outside
# In a chroot nobody may have user namespaces.
pivot_root . outside
umount --lazy /outside
ip link set lo up
exec env -C "$checkout" "$@"
