import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { isOf6, type Packet, type Wire } from './firewall.ts'
import { traced } from './trial-trace.ts'

const numbers: Readonly<Record<string, string>> = { udp: '17', tcp: '6' }

/** The words of packets.pl for a packet. */
const wordsOf = (packet: Packet, device: string, place: number) => {
  const { direction, protocol, from, to, fromPort = 0, toPort = 0, holding } = packet
  const flags = [packet.isAnswer && 'a', packet.keepsSource && 's', packet.mayGoElsewhere && 'e']
    .filter(Boolean)
    .join('')
  return [
    ...[device, peerOf(place), direction, numbers[protocol] ?? protocol, from, to, fromPort, toPort],
    ...[flags, holding?.address ?? '', holding?.like ?? ''],
  ].map(String)
}

/** The other end of the cable of a wire. */
const peerOf = (place: number) => `trial-${place + 1}`

const isGroup = (address: string) => /^(224\.|ff)/.test(address)

/** Whose hardware address is known there, since nobody answers ARP: the router, and whoever gets something. */
const neighbours = (router: string, packets: readonly Packet[]) => [
  ...new Set([router, ...packets.flatMap(({ direction, to }) => (direction === 'in' || isGroup(to) ? [] : [to]))]),
]

/** Where packets that come in go, beside the address of the wire, and where those of IPv6 come from. */
const local = (network: string, packets: readonly Packet[]) => [
  ...new Set(
    packets.flatMap(({ direction, from, to, holding }) => {
      const [own, bits] = isOf6({ to }) ? [direction === 'in' ? to : from, 128] : [to, 32]
      if (bits === 32 && direction !== 'in') return []
      return holding || isGroup(own) || network.startsWith(`${own}/`) ? [] : [`${own}/${bits}`]
    }),
  ),
]

/** Nobody else has an address of IPv6 there. */
const address = (network: string, device: string) =>
  `address add ${network} dev ${device}${isOf6({ to: network }) ? ' nodad' : ''}`

/** Without a way, IPv6 sends nothing by a device, and IPv4 takes everybody for a neighbour there. */
const ways6 = (device: string, packets: readonly Packet[]) =>
  packets.flatMap(({ direction, to }) =>
    direction !== 'in' && isOf6({ to }) && !isGroup(to) ? [`route add ${to}/128 dev ${device}`] : [],
  )

/** @returns what builds the copy, where `copied` has left its files, and tries the packets there */
export const inside = (wires: readonly Wire[], ours: Script): Script => sh`
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
# Whether ARP is answered depends on settings of the host too, which are no rules.
for path in ${['all', ...wires.map(({ device }) => device)].map((name) => `/proc/sys/net/ipv4/conf/${name}/arp_ignore`)}; do
  echo 0 >"$path"
done
while read -r device; do
  [ -e "/proc/sys/net/ipv4/conf/$device" ] ||
    ip link add name "$device" type veth peer name "trial-$((cables += 1))"
done <devices
echo 1 >/proc/sys/net/ipv4/ip_forward
[ ! -s sets ] || ipset restore <sets
[ ! -s nft ] || nft -f nft
[ ! -s saved ] || iptables-restore <saved
[ ! -s legacy ] || iptables-legacy-restore <legacy
[ ! -s saved6 ] || ip6tables-restore <saved6
[ ! -s legacy6 ] || ip6tables-legacy-restore <legacy6
[ ! -s ebtables ] || ebtables-nft-restore --noflush <ebtables
[ ! -s arptables ] || arptables-nft-restore <arptables
${ours}
${tried(wires)}`

/** Prints what `ip -batch` takes. */
const wired = ({ device, network, router, packets }: Wire, place: number): Script => sh`
cable ${device} ${peerOf(place)}
echo ${[
  ...[network, ...local(network, packets)].map((one) => address(one, device)),
  `link set ${device} up`,
  `link set ${peerOf(place)} up`,
  ...neighbours(router, packets).map((one) => `neighbour add ${one} lladdr 02:00:00:00:00:01 dev ${device}`),
  ...ways6(device, packets),
  ...(place === 0 ? [`route add default via ${router} dev ${device} onlink`] : []),
].join('\n')}`

const tried = (wires: readonly Wire[]): Script => sh`
set -- ${wires.flatMap(({ device, packets }, place) => packets.flatMap((packet) => wordsOf(packet, device, place)))}
first=("$(<queues)" ${wires[0]!.device} ${peerOf(0)})
results=$(perl packets.pl "\${first[@]}" "$@")
printf '%s\n' "$results"
stopped=$(grep -nvE '^pass( |$)' <<<"$results" | cut -d : -f 1)
if [ "$stopped" ]; then
  shift $(((stopped - 1) * 11))
  ${traced}
else
  printf '%s\n' "$results" >passed
fi`
