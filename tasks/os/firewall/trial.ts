import { readFileSync } from 'node:fs'
import { UserError } from '../../../engine/base/errors.ts'
import { type Script, sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import type { Packet, Wire } from './firewall.ts'

/**
 * A check that packets of the cluster get through whatever filters the host has, found by trying: in a network namespace
 * with a copy of all rules and the cluster's own, real packets come in by a device of the same name. Nothing reaches the
 * network, and the host's own rules are only read.
 * @param wire the device and the addresses on it
 * @param ours a script that sets the cluster's rules
 */
export const packetsPass = (wire: Wire, packets: readonly Packet[], ours: Script): Task => ({
  name: 'packets of the cluster pass the packet filter',
  probe: probe(wire, packets, ours),
  plan: ({ text }) => {
    const why = text.match(/^untried=(.*)$/m)?.[1]
    if (why !== undefined) return unchanged(`it could not be tried: ${why}`)
    const refused = text.match(/^refused=(.*)$/m)?.[1]
    if (refused !== undefined) throw new UserError(`iptables can not set the cluster's rules: ${refused}`, 1)
    const results = [...text.matchAll(/^(pass|drop)$/gm)].map(([word]) => word)
    const stopped = packets[results.indexOf('drop')]
    if (!stopped) return unchanged()
    throw new UserError(`${stopped.what} does not get through: ${cause(text, stopped)}`, 1)
  },
})

const code = readFileSync(new URL('packets.pl', import.meta.url), 'utf8')
const numbers: Readonly<Record<string, string>> = { udp: '17', tcp: '6' }

const wordsOf = ({ direction, protocol, from, to, fromPort = 0, toPort = 0 }: Packet) =>
  [direction, numbers[protocol] ?? protocol, from, to, fromPort, toPort].map(String)

// iptables-nft's tables hold matches that nft can't read back, so iptables carries them over itself.
const probe = (wire: Wire, packets: readonly Packet[], ours: Script): Script => sh`
for program in ip unshare perl; do
  command -v "$program" >/dev/null || { echo "untried=there is no $program"; exit 0; }
done
folder=$(mktemp -d /run/keepalived-playbooks-trial.XXXXXX) || exit 1
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
modules() { cut -d ' ' -f 1 /proc/modules 2>/dev/null; }
loaded=" $(echo $(modules)) "
# Translation of addresses stops no packet. What nft has added to a table of iptables, iptables does not carry.
iptables-save 2>/dev/null | awk '
  /^# Table .* incompatible/ { foreign = foreign $3 }
  /^\*/ { keep = $0 != "*nat" && !index(foreign, "\x60" substr($0, 2) "\x27") }
  keep' >saved
case $(iptables -V 2>/dev/null) in
  *nf_tables*) iptables-legacy-save 2>/dev/null | sed '/^\*nat/,/^COMMIT/d' >legacy; carried="nat $(sed -n 's/^\*//p' saved)" ;;
esac
nft -s list ruleset 2>/dev/null | awk -v carried=" $(echo $carried) " '
  /^table / { keep = !($2 == "ip" && index(carried, " " $3 " ")) }
  keep' >nft
command -v ipset >/dev/null && ipset save >sets 2>/dev/null
printf %s ${code} >packets.pl
printf %s ${ours.text} >ours
unshare --net bash -c ${inside(wire, packets).text} 2>why || echo "untried=$(tail -n 1 why)"
# The host itself did not need them; the latest comes first.
for module in $(modules); do
  [[ $loaded == *" $module "* ]] || rmmod "$module" 2>/dev/null
done
true`

/** Nobody answers ARP there. */
const neighbours = (router: string, packets: readonly Packet[]) => [
  ...new Set([
    router,
    ...packets.flatMap(({ direction, to }) => (direction === 'out' && !to.startsWith('224.') ? [to] : [])),
  ]),
]

/** Where packets that come in go. */
const local = (packets: readonly Packet[]) => [
  ...new Set(packets.flatMap(({ direction, to }) => (direction === 'in' && !to.startsWith('224.') ? [to] : []))),
]

const inside = ({ device, network, router }: Wire, packets: readonly Packet[]): Script => sh`
set -e
ip link set lo up
ip link add name ${device} type veth peer name trial-peer
trap 'ip link delete trial-peer' EXIT
ip address add ${network} dev ${device}
for address in ${local(packets)}; do ip address replace "$address/32" dev ${device}; done
ip link set ${device} up
ip link set trial-peer up
for address in ${neighbours(router, packets)}; do
  ip neighbour add "$address" lladdr 02:00:00:00:00:01 dev ${device}
done
ip route add default via ${router} dev ${device}
echo 1 >/proc/sys/net/ipv4/ip_forward
[ ! -s sets ] || ipset restore <sets
[ ! -s nft ] || nft -f nft
[ ! -s saved ] || iptables-restore <saved
[ ! -s legacy ] || iptables-legacy-restore <legacy
if command -v iptables >/dev/null && ! bash -e ours 2>said; then
  echo "refused=$(tail -n 1 said)"
  exit
fi
try() { perl packets.pl ${device} trial-peer "$@"; }
set -- ${packets.flatMap(wordsOf)}
try "$@" >results
cat results
stopped=$(grep -n drop results | head -n 1 | cut -d : -f 1)
[ -n "$stopped" ] || exit 0
grep -qs '^-P .* DROP\|^:.* DROP\|-j DROP\|-j REJECT' legacy && echo legacy
command -v nft >/dev/null || exit 0
nft -f - <<'END'
table ip trial {
  chain in { type filter hook prerouting priority -450; meta nftrace set 1; }
  chain out { type filter hook output priority -450; meta nftrace set 1; }
}
END
nft monitor trace >trace 2>/dev/null &
sleep 0.5
shift $(((stopped - 1) * 6))
try "$1" "$2" "$3" "$4" "$5" "$6" >/dev/null
sleep 0.3
kill "$!"
sed -n 's/^trace id [^ ]* \(.*\(verdict drop\|policy drop\).*\)/cause=\1/p' trace | head -n 1`

/** @returns what stops a packet, and how to let it pass, in words */
function cause(text: string, packet: Packet): string {
  const [, where, rule] = text.match(/^cause=(\S+ \S+ \S+) (.*)$/m) ?? []
  const { direction, protocol, fromPort, toPort } = packet
  const port = direction === 'forward' ? fromPort : toPort
  const match =
    protocol === '112' ? 'ip protocol vrrp' : `${protocol} ${direction === 'forward' ? 'sport' : 'dport'} ${port}`
  if (!where) {
    const chain = { in: 'INPUT', out: 'OUTPUT', forward: 'FORWARD' }[direction]
    const which = /^legacy$/m.test(text) ? 'iptables-legacy' : 'iptables'
    const ports = port ? ` --${direction === 'forward' ? 'sport' : 'dport'} ${port}` : ''
    return `a rule or policy of ${which} stops it. Allow it, now and at boot: ${which} -I ${chain} -p ${protocol}${ports} -j ACCEPT`
  }
  const said = `the nftables chain ${where} stops it (${rule}).`
  if (/ firewalld /.test(where)) {
    const words =
      direction === 'forward' ? '--add-forward' : port ? `--add-port=${port}/${protocol}` : '--add-protocol=vrrp'
    return `${said} Allow it in firewalld's zone of the interface: firewall-cmd --permanent ${words} && firewall-cmd --reload`
  }
  return `${said} Allow it now, and in the file that loads the table (/etc/nftables.conf?): nft insert rule ${where} ${match} accept`
}
