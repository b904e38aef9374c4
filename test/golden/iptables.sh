#!/bin/bash
# Written by keepalived-playbooks; changes by hand are replaced by the next run.
# Puts the cluster's rules first in their chains, where they are not there yet.
set -eu

ensure() {
  local table=$1 chain=$2
  shift 2
  iptables -w -t "$table" -C "$chain" "$@" 2>/dev/null || iptables -w -t "$table" -I "$chain" 1 "$@"
}

# At boot, rules of ours may be back that somebody has saved, also those of another level. While keepalived runs they stay,
# since the level that they are for may still be at work.
if ! systemctl -q is-active keepalived; then
  saved=$(iptables-save | sed -nE '/^(\*|COMMIT)/p; s/^-A (.* --comment keepalived-playbooks-.*)/-D \1/p')
  if [[ $saved == *-D* ]]; then iptables-restore -w --noflush <<<"$saved"; fi
fi

ensure nat POSTROUTING -j SNAT --to-source 10.2.1.5
if [ -e /here ]; then ensure raw OUTPUT -j CT --notrack; fi
