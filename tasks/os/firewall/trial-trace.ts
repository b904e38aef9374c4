import { type Script, sh } from '../../../engine/base/sh.ts'

/**
 * Sends the packet of `$@` once more, and prints what rules do with it: `cause=` those that drop it, `nat=` that give it another
 * source, `dnat=` another destination, `queued=` that hand it to a program; each with FAMILY TABLE CHAIN and the rule.
 * `iptables=`, `ip6tables=`, `ebtables=` and `ebtables-legacy=` name tables of theirs, `legacy=` TABLE CHAIN where iptables-legacy stops packets,
 * `owned=` FAMILY TABLE PROGRAM of tables that a program alone may change, and `leaving=` FAMILY TABLE CHAIN where answers to ARP leave.
 */
export const traced: Script = sh`sed -n 's/^\*/iptables=/p' saved
sed -n 's/^\*/ip6tables=/p' saved6 2>/dev/null || true
case $5 in *:*) legacy=legacy6 ;; *) legacy=legacy ;; esac
for program in ebtables ebtables-legacy; do sed -n "s/^\*/$program=/p" "$program" 2>/dev/null || true; done
awk '/^\*/ { table = substr($0, 2) }
  (/^:/ && $2 == "DROP") || / -j (DROP|REJECT)/ { print "legacy=" table, /^:/ ? substr($1, 2) : $2 }' "$legacy" 2>/dev/null || true
sed 's/^/owned=/' owned 2>/dev/null || true
# What nft does not trace, or nobody does without it, is counted.
counting=()
[ ! -s legacy ] || counting+=(iptables-legacy)
command -v nft >/dev/null || [ ! -s saved ] || counting+=(iptables)
for program in "\${counting[@]}"; do "$program" -t nat -Z; done
if command -v nft >/dev/null; then
  nft -f - <<'END'
table ip trial {
  chain in { type filter hook prerouting priority -450; meta nftrace set 1; }
  chain out { type filter hook output priority -450; meta nftrace set 1; }
}
END
  nft -f - 2>/dev/null <<'END' || true
table ip6 trial {
  chain in { type filter hook prerouting priority -450; meta nftrace set 1; }
  chain out { type filter hook output priority -450; meta nftrace set 1; }
}
END
  nft -f - 2>/dev/null <<'END' || true
table arp trial {
  chain in { type filter hook input priority -450; meta nftrace set 1; }
  chain out { type filter hook output priority -450; meta nftrace set 1; }
}
END
  # Ahead of everything that stands at the device itself, or at the port of a bridge.
  entry=$1
  if [ -e "port-$1" ]; then read -r entry <"port-$1"; fi
  nft -f - 2>/dev/null <<END || true
table netdev trial {
  chain in { type filter hook ingress device "$entry" priority -2000000000; meta nftrace set 1; }
}
END
  nft monitor trace >trace 2>/dev/null &
  sleep 0.5
fi
# Of a connection, only the first packet comes to the rules that translate: a client has another port now.
case $9 in
  *a*) ports=("$7" $(($8 + 1))) ;;
  *) ports=($(($7 + 1)) "$8") ;;
esac
perl packets.pl "\${first[@]}" "\${@:1:6}" "\${ports[@]}" "\${@:9:2}" '' >/dev/null
for program in "\${counting[@]}"; do
  "$program-save" -c -t nat | sed -nE "/^\[0:/d; s/^\[[0-9:]+\] -A ([^ ]+) (.*-j (DNAT|REDIRECT|NETMAP).*)/dnat=$program nat \1 \2/p"
done
command -v nft >/dev/null || exit 0
sleep 0.3
kill "$!"
sed -n 's/^trace id [^ ]* \(.*\(verdict drop\|policy drop\).*\)/cause=\1/p
  /[^a-z]\(snat\|masquerade\)[^a-z]/Is/^trace id [^ ]* \(.* rule .*\)/nat=\1/p
  /[^a-z]\(dnat\|redirect\|netmap\)[^a-z]/Is/^trace id [^ ]* \(.* rule .*\)/dnat=\1/p
  s/^trace id [^ ]* \(.* rule .*(verdict queue)\).*/queued=\1/p
  s/^trace id [^ ]* \(arp [^ ]* [^ ]*\) packet: oif .*/leaving=\1/p' trace`
