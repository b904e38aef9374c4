#!/bin/bash
# Has the namespaces of a fleet, and starts its hosts: the first process of them, so that all others end with it.
#   fleet.sh FOLDER DISK LAYER CGROUP HOST…
#     FOLDER/network: what ip(8) does, a line each; HOST: its name, which FOLDER/files has a folder of
set -euo pipefail

folder=$1 disk=$2 layer=$3 cgroup=$4
shift 4
mkdir -p "$folder/image" "$folder/hosts" /run/netns
mount -o loop,ro,noload "$disk" "$folder/image"
mount -t tmpfs -o mode=755 tmpfs "$folder/hosts"
# `ip netns` keeps its namespaces in mounts there: in ours alone.
mount -t tmpfs tmpfs /run/netns
ip -batch "$folder/network"
for host; do
  mkdir -p "$folder/hosts/$host"/{upper,work,root} "$cgroup/$host"
  nsenter "--net=/run/netns/$host" unshare --mount --pid --fork --uts --ipc \
    bash "${0%/*}/host.sh" "$folder" "$layer" "$cgroup" "$host" &
done
wait
