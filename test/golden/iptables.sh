#!/bin/bash
# Written by keepalived-playbooks; changes by hand are replaced by the next run.
# Puts the cluster's rules first in their chains. Each table changes in one transaction, so that no packet meets half of them.
set -eu

declare -A wanted=() gone=()
want() { wanted[$1]+=$2$'\n'; }

want nat '-I POSTROUTING 1 -j SNAT --to-source 10.2.1.5'
if [ -e /here ]; then
  want raw '-I OUTPUT 1 -j CT --notrack'
fi

# At boot, rules of ours may be back that somebody has saved, also those of another level. While keepalived runs they stay,
# since the level that they are for may still be at work.
if systemctl -q is-active keepalived; then boot=; else boot=yes; fi
while read -r rule; do
  comment=${rule#* --comment }
  case $rule in
  '*'*) table=${rule#?} ;;
  *) if [ "$boot" ] || [[ ${wanted[*]} == *" --comment ${comment%% *} "* ]]; then gone[$table]+=$rule$'\n'; fi ;;
  esac
done < <(iptables-save | sed -n '/^\*/p; s/^-A \(.* --comment keepalived-playbooks-\)/-D \1/p')

for table in filter nat raw; do
  changes=${gone[$table]-}${wanted[$table]-}
  [ -z "$changes" ] || printf '*%s\n%sCOMMIT\n' "$table" "$changes"
done | iptables-restore -w --noflush
