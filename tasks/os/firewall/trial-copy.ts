import { type Script, sh } from '../../../engine/base/sh.ts'

/**
 * @param devices interfaces that packets come in by
 * @param v6 whether some are of IPv6: rules for it are left alone where none is
 * @returns what copies the host's rules, as `$saved` has those of iptables, to files of the present folder for `inside`; prints
 *   `untold=PROGRAM` whose rules can't be carried
 */
export const copied = (devices: readonly string[], v6: boolean): Script => sh`
# Rules of POSTROUTING that give a source are judged by their words, and may be taken over. What nft has added to a table of iptables, iptables does not carry.
carry() {
  awk -v judged="$1" '
    /^#/ { if (/^# Table .* incompatible/) foreign = foreign $3; next }
    /^:/ { sub(/\[[0-9:]+\]$/, "[0:0]") }
    /^\*/ { nat = $0 == "*nat"; keep = !index(foreign, "\x60" substr($0, 2) "\x27") }
    keep && !(nat && (/^-A INPUT / || (judged && /^-A POSTROUTING .*-j (SNAT|MASQUERADE)/) || / ipvs /))'
}
tables_in() {
  local line
  local -n found=$1
  found=(nat)
  while IFS= read -r line; do if [[ $line == \** ]]; then found+=("\${line#?}"); fi; done <"$2"
}
carry 1 <<<"$saved" >saved
carried=() carried6=()
${v6 ? sh`ip6tables-save 2>/dev/null | carry 1 >saved6` : sh`true`}
case $(iptables -V 2>/dev/null) in
  *nf_tables*)
    tables_in carried saved
    # The kernel names the tables of iptables-legacy that there are.
    if read -r _ </proc/net/ip_tables_names; then iptables-legacy-save | carry 0 >legacy; fi 2>/dev/null
    if [ -e saved6 ]; then
      tables_in carried6 saved6
      if read -r _ </proc/net/ip6_tables_names; then ip6tables-legacy-save | carry 0 >legacy6; fi 2>/dev/null
    fi
    ;;
esac
links=$(ip -o -d link show)
# Of a bridge, one port stands for all: where there is one, that of a cable.
ports=
while IFS=': @' read -r _ port rest; do
  for device in ${devices}; do
    if [[ $rest != *" master $device "*" bridge_slave "* ]]; then continue; fi
    ports=bridge
    if [ ! -e "port-$device" ] || [ -e "/sys/class/net/$port/device" ]; then echo "$port" >"port-$device"; fi
  done
done <<<"$links"
# Of a table that ebtables-nft or arptables-nft has filled with words of its own, nft can't read back what it prints. A table that
# belongs to a program would go with the one that loads it here.
nft -s list ruleset 2>/dev/null | awk -v carried=" \${carried[*]} " -v carried6=" \${carried6[*]} " -v six=${v6 ? '1' : ''} -v bridge="$ports" '
  /^table / {
    keep = ($2 == "ip" && !index(carried, " " $3 " ")) || ($2 == "ip6" && six && !index(carried6, " " $3 " ")) || $2 == "inet" || $2 == "netdev" || $2 == "arp" || $2 == bridge
    text = xt = ""; name = $3; family = $2; program = $6 == "progname" ? $7 : "one of the host"
  }
  keep && /^\tflags .*owner/ { print family, name, program >"owned"; if (!sub(/flags .*dormant.*/, "flags dormant")) next }
  keep { text = text $0 "\n" }
  / xt (match|target) / { xt = family }
  keep && /^}/ {
    if (xt == "bridge") print "*" name >"by-ebtables"; else if (xt == "arp") print "*" name >"by-arptables"; else printf "%s", text
  }' >nft
if [ -s by-ebtables ]; then
  ebtables-nft-save 2>/dev/null | awk 'NR == FNR { theirs[$0]; next } /^\*/ { keep = $0 in theirs } keep && !/^#/' by-ebtables - >ebtables
fi
if [ -s by-arptables ]; then arptables-nft-save 2>/dev/null >arptables; fi
# The kernel names a table that has been looked at, too: one that lets all pass is nothing to tell.
if read -r _ </proc/net/arp_tables_names; then
  if theirs=$(arptables-legacy-save); then grep -qE '^-A |^:[^ ]+ DROP' <<<"$theirs"; fi && echo untold=arptables-legacy
fi 2>/dev/null
# A chain that is made has no policy yet. Of ebtables-legacy only these tables stop packets that are for the host.
if [ "$ports" ] && compgen -G '/sys/module/ebtable_*' >/dev/null && command -v ebtables-legacy >/dev/null; then
  for table in filter nat; do
    echo "*$table"
    ebtables-legacy -t "$table" -L --Lx 2>/dev/null |
      sed -nE 's/^ebtables -t [^ ]+ -N ([^ ]+)$/:\1 ACCEPT/p; s/^ebtables -t [^ ]+ -P ([^ ]+) ([^ ]+)$/:\1 \2/p; s/^ebtables -t [^ ]+ (-A .*)/\1/p'
  done | tee ebtables-legacy >>ebtables
fi
[ -e /sys/module/ip_set ] && command -v ipset >/dev/null && ipset save >sets 2>/dev/null
# Where programs listen to queues of NFQUEUE, which not every kernel has: this file is there all the same.
while read -r queue _; do echo "$queue"; done >queues 2>/dev/null </proc/net/netfilter/nfnetlink_queue
# Rules may name an interface by its number, which has to be there when they are loaded.
rules=$(<nft)
while IFS=': @' read -r _ device _; do
  if [[ $rules == *"$device"* ]]; then echo "$device"; fi
done <<<"$links" >devices`
