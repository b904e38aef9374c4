#!/bin/bash
# Written by keepalived-playbooks; changes by hand are replaced by the next run.
# Puts the cluster's rules first in their chains, where they are not there yet.
set -eu

ensure() {
  local table=$1 chain=$2
  shift 2
  iptables -w -t "$table" -C "$chain" "$@" 2>/dev/null || iptables -w -t "$table" -I "$chain" 1 "$@"
}

ensure nat POSTROUTING -j SNAT --to-source 10.2.1.5
