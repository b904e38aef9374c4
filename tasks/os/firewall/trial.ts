import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { UserError } from '../../../engine/base/errors.ts'
import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { SharedRead } from '../../../engine/runner/shared-read.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import type { Packet, Wire } from './firewall.ts'
import { cause, translation } from './trial-words.ts'
import { savedRules } from './saved-rules.ts'

/**
 * A check that packets of the cluster get through whatever filters the host has, found by trying: in a network namespace
 * with a copy of all rules and the cluster's own, real packets come in by a device of the same name. Nothing reaches the
 * network, and the host's own rules are only read.
 * @param wires one after the other, each with its packets
 * @param ours sets the cluster's rules there; prints `refused=PROGRAM WHY` and exits where they can't be set
 */
export const packetsPass = (wires: readonly Wire[], ours: Script): Task => ({
  name: 'packets of the cluster pass the packet filter',
  probe: probe(wires, ours),
  plan: ({ text }) => {
    const why = text.match(/^untried=(.*)$/m)?.[1]
    if (why !== undefined) return unchanged(`it could not be tried: ${why}`)
    const [, program, refused] = text.match(/^refused=(\S+) (.*)$/m) ?? []
    if (program) throw new UserError(`${program} can not set the cluster's rules: ${refused}`, 1)
    const results = [...text.matchAll(/^(?:pass|drop|from (\S+))$/gm)]
    const place = results.findIndex(([word]) => word !== 'pass')
    const stopped = wires.flatMap(({ packets, device }) => packets.map((packet) => ({ packet, device })))[place]
    if (!stopped) return unchanged()
    const { packet, device } = stopped
    const [, source] = results[place]!
    throw new UserError(
      source
        ? `${packet.what} leaves with another source, ${source} and not ${packet.from}: ${translation(text)}`
        : `${packet.what} does not get through: ${cause(text, packet, device)}`,
      1,
    )
  },
})

const code = readFileSync(new URL('packets.pl', import.meta.url), 'utf8')
const passed = '/run/keepalived-playbooks-trial.passed'
const digest = (...texts: string[]) => createHash('sha256').update(JSON.stringify(texts)).digest('hex')
const numbers: Readonly<Record<string, string>> = { udp: '17', tcp: '6' }

/** The words of packets.pl for a packet. */
const wordsOf = (packet: Packet, device: string, place: number) => {
  const { direction, protocol, from, to, fromPort = 0, toPort = 0, keepsSource, holding } = packet
  return [
    ...[device, peerOf(place), direction, numbers[protocol] ?? protocol, from, to, fromPort, toPort],
    ...[keepsSource ? 1 : 0, holding?.address ?? '', holding?.like ?? ''],
  ].map(String)
}

/** The other end of the cable of a wire. */
const peerOf = (place: number) => `trial-${place + 1}`

// iptables-nft's tables hold matches that nft can't read back, so iptables carries them over itself. Only IPv4 is tried.
// A process costs a small host more than all else here, so there are few.
function probe(wires: readonly Wire[], ours: Script): Script {
  const trial = inside(wires, ours).text
  return new SharedRead(
    savedRules,
    [],
    sh`(
for program in ip unshare perl; do
  command -v "$program" >/dev/null || { echo "untried=there is no $program"; exit 0; }
done
folder=$(mktemp -d /run/keepalived-playbooks-trial.XXXXXX) || exit 1
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
{ mapfile -t loaded </proc/modules; } 2>/dev/null
# Of the translation of addresses, chains of others matter alone: rules of POSTROUTING itself are judged by their words, and may be
# taken over. What nft has added to a table of iptables, iptables does not carry.
carry() {
  awk -v judged="$1" '
    /^#/ { if (/^# Table .* incompatible/) foreign = foreign $3; next }
    /^:/ { sub(/\[[0-9:]+\]$/, "[0:0]") }
    /^\*/ { nat = $0 == "*nat"; keep = !index(foreign, "\x60" substr($0, 2) "\x27") }
    keep && !(nat && (/^-A (PREROUTING|INPUT|OUTPUT) / || (judged && /^-A POSTROUTING .*-j (SNAT|MASQUERADE)/) || / ipvs /))'
}
carry 1 <<<"$saved" >saved
carried=()
case $(iptables -V 2>/dev/null) in
  *nf_tables*)
    carried=(nat)
    while IFS= read -r line; do if [[ $line == \** ]]; then carried+=("\${line#?}"); fi; done <saved
    # The kernel names the tables of iptables-legacy that there are.
    if read -r _ </proc/net/ip_tables_names; then iptables-legacy-save | carry 0 >legacy; fi 2>/dev/null
    ;;
esac
links=$(ip -o -d link show)
# Of a bridge, one port stands for all: where there is one, that of a cable.
ports=
while IFS=': @' read -r _ port rest; do
  for device in ${wires.map(({ device }) => device)}; do
    if [[ $rest != *" master $device "*" bridge_slave "* ]]; then continue; fi
    ports=bridge
    if [ ! -e "port-$device" ] || [ -e "/sys/class/net/$port/device" ]; then echo "$port" >"port-$device"; fi
  done
done <<<"$links"
# Of a table that ebtables-nft has filled with matches of its own, nft can't read back what it prints.
nft -s list ruleset 2>/dev/null | awk -v carried=" \${carried[*]} " -v bridge="$ports" '
  /^table / {
    keep = ($2 == "ip" && !index(carried, " " $3 " ")) || $2 == "inet" || $2 == "netdev" || $2 == bridge
    text = xt = ""; name = $3; family = $2
  }
  keep { text = text $0 "\n" }
  / xt (match|target) / { xt = family == "bridge" }
  keep && /^}/ { if (xt) print "*" name >"by-ebtables"; else printf "%s", text }' >nft
if [ -s by-ebtables ]; then
  ebtables-nft-save 2>/dev/null | awk 'NR == FNR { theirs[$0]; next } /^\*/ { keep = $0 in theirs } keep && !/^#/' by-ebtables - >ebtables
fi
# A chain that is made has no policy yet. Of ebtables-legacy only these tables stop packets that are for the host.
if [ "$ports" ] && compgen -G '/sys/module/ebtable_*' >/dev/null && command -v ebtables-legacy >/dev/null; then
  for table in filter nat; do
    echo "*$table"
    ebtables-legacy -t "$table" -L --Lx 2>/dev/null |
      sed -nE 's/^ebtables -t [^ ]+ -N ([^ ]+)$/:\1 ACCEPT/p; s/^ebtables -t [^ ]+ -P ([^ ]+) ([^ ]+)$/:\1 \2/p; s/^ebtables -t [^ ]+ (-A .*)/\1/p'
  done | tee ebtables-legacy >>ebtables
fi
[ -e /sys/module/ip_set ] && command -v ipset >/dev/null && ipset save >sets 2>/dev/null
# Rules may name an interface by its number, which has to be there when they are loaded.
rules=$(<nft)
while IFS=': @' read -r _ device _; do
  if [[ $rules == *"$device"* ]]; then echo "$device"; fi
done <<<"$links" >devices
# What has passed once is not tried again before the host boots, as long as packets, rules, devices and modules are the same.
tried="${digest(code, trial)} \${loaded[*]%% *}"
for file in *; do
  IFS= read -rd '' text <"$file"
  tried+=$'\n'"$file"$'\n'$text
done
{ IFS= read -rd '' before; } 2>/dev/null <${passed}
if [ "$tried" = "\${before%$'\n'}" ]; then exit 0; fi
printf %s ${code} >packets.pl
unshare --net bash -c ${trial} 2>why || echo "untried=$(grep -m1 'Error: ' why || grep -v '^Command failed' why | tail -n 1)"
if [ -e passed ]; then (umask 077; printf '%s\n' "$tried" >${passed}); fi
# The host itself did not need them; the latest comes first.
{ mapfile -t modules </proc/modules; } 2>/dev/null
for module in "\${modules[@]%% *}"; do
  [[ " \${loaded[*]%% *} " == *" $module "* ]] || rmmod "$module" 2>/dev/null
done
true
)`,
  )
}

/** Whose hardware address is known there, since nobody answers ARP: the router, and whoever gets something. */
const neighbours = (router: string, packets: readonly Packet[]) => [
  ...new Set([
    router,
    ...packets.flatMap(({ direction, to }) => (direction === 'in' || to.startsWith('224.') ? [] : [to])),
  ]),
]

/** Where packets that come in go, beside the address of the wire. */
const local = (network: string, packets: readonly Packet[]) => [
  ...new Set(
    packets.flatMap(({ direction, to, holding }) =>
      direction !== 'in' || holding || to.startsWith('224.') || network.startsWith(`${to}/`) ? [] : [`${to}/32`],
    ),
  ),
]

const inside = (wires: readonly Wire[], ours: Script): Script => sh`
set -e
trap 'for ((; cables > 0; cables--)); do echo "link delete trial-$cables"; done | ip -force -batch - 2>/dev/null' EXIT
cables=${wires.length}
cable() {
  if [ ! -e "port-$1" ]; then echo "link add name $1 type veth peer name $2"; return; fi
  read -r port <"port-$1"
  printf 'link %s\n' "add name $1 type bridge" "add name $port type veth peer name $2" "set $port master $1 up"
}
{
  echo 'link set lo up'
  ${lines(...wires.map(wired))}
} >built
# Each network namespace has the devices of the kernel's tunnels.
for device in ${wires.map(({ device }) => device)}; do
  if [ -e "/proc/sys/net/ipv4/conf/$device" ]; then ip link set "$device" name trial-tunnel; fi
done
ip -batch built
# As level 3 sets it: answers may leave by another interface.
for path in ${wires.map(({ device }) => `/proc/sys/net/ipv4/conf/${device}/rp_filter`)}; do echo 2 >"$path"; done
while read -r device; do
  [ -e "/proc/sys/net/ipv4/conf/$device" ] ||
    ip link add name "$device" type veth peer name "trial-$((cables += 1))"
done <devices
echo 1 >/proc/sys/net/ipv4/ip_forward
[ ! -s sets ] || ipset restore <sets
[ ! -s nft ] || nft -f nft
[ ! -s saved ] || iptables-restore <saved
[ ! -s legacy ] || iptables-legacy-restore <legacy
[ ! -s ebtables ] || ebtables-nft-restore --noflush <ebtables
${ours}
${tried(wires)}`

/** Prints what `ip -batch` takes. */
const wired = ({ device, network, router, packets }: Wire, place: number): Script => sh`
cable ${device} ${peerOf(place)}
echo ${[
  ...[network, ...local(network, packets)].map((one) => `address add ${one} dev ${device}`),
  `link set ${device} up`,
  `link set ${peerOf(place)} up`,
  ...neighbours(router, packets).map((one) => `neighbour add ${one} lladdr 02:00:00:00:00:01 dev ${device}`),
  ...(place === 0 ? [`route add default via ${router} dev ${device} onlink`] : []),
].join('\n')}`

const tried = (wires: readonly Wire[]): Script => sh`
set -- ${wires.flatMap(({ device, packets }, place) => packets.flatMap((packet) => wordsOf(packet, device, place)))}
first=(${wires[0]!.device} ${peerOf(0)})
results=$(perl packets.pl "\${first[@]}" "$@")
printf '%s\n' "$results"
if [[ $results != *drop* && $results != *from* ]]; then
  : >passed
else
  stopped=$(grep -nvx pass <<<"$results" | head -n 1 | cut -d : -f 1)
  sed -n 's/^\*/iptables=/p' saved
  for program in ebtables ebtables-legacy; do sed -n "s/^\*/$program=/p" "$program" 2>/dev/null || true; done
  awk '/^\*/ { table = substr($0, 2) }
    (/^:/ && $2 == "DROP") || / -j (DROP|REJECT)/ { print "legacy=" table, /^:/ ? substr($1, 2) : $2 }' legacy 2>/dev/null || true
  command -v nft >/dev/null || exit 0
  shift $(((stopped - 1) * 11))
  nft -f - <<'END'
table ip trial {
  chain in { type filter hook prerouting priority -450; meta nftrace set 1; }
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
  # Of a connection, only the first packet comes to the rules that translate.
  if [[ $results == *from* ]]; then port=$(($7 + 1)); else port=$7; fi
  perl packets.pl "\${first[@]}" "\${@:1:6}" "$port" "\${@:8:3}" '' >/dev/null
  sleep 0.3
  kill "$!"
  sed -n 's/^trace id [^ ]* \(.*\(verdict drop\|policy drop\).*\)/cause=\1/p; /[^a-z]\(snat\|masquerade\)[^a-z]/Is/^trace id [^ ]* \(.* rule .*\)/nat=\1/p' trace
fi`
