import { isIPv6 } from 'node:net'
import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { servicesOn } from '../../../services/all.ts'
import { parseNetwork } from '../../../inventory/network.ts'
import { isBeyond, serves } from '../../../inventory/roles.ts'
import type { Cluster, Host } from '../../../inventory/types.ts'
import { movedAddressesOf, servedAddressesOf } from '../../../services/virtual-server.ts'
import type { Service } from '../../../services/service.ts'
import { interfaceFiles } from '../../../engine/runner/ifupdown.ts'
import type { Target } from '../../target.ts'
import { findConnection } from '../connection.ts'
import { keepalivedConf } from '../keepalived-conf.ts'

/** An interface, with the fields of `ip -j -d address` that are used here. */
export interface NetworkLink {
  ifname: string
  flags: readonly string[]
  /** Its hardware address. */
  address?: string
  /** The bridge, bond or VRF that it belongs to. */
  master?: string
  /** The interface that this one lies on. */
  link?: string
  linkinfo?: { info_kind?: string; info_data?: { link?: string } }
  addr_info: readonly { local: string; prefixlen: number; scope: string; label?: string; dynamic?: boolean }[]
}

/** A route, with the fields of `ip -j route` that are used here. */
interface Route {
  dst: string
  dev?: string
  gateway?: string
  nexthops?: readonly { dev?: string; gateway?: string }[]
  /** None for the main table. */
  table?: string
}

/** How packets leave for an address, with the fields of `ip -j route get` that are used here. */
interface Way {
  dev?: string
  gateway?: string
  via?: object
  prefsrc?: string
}

/** A program that listens on the service's port. */
export interface ListeningSocket {
  /** Its address; `0.0.0.0` or `*` for all. */
  address: string
  /** The only interface that it hears, where it is bound to one. */
  device?: string
  /** `dnsmasq (pid 812)`. */
  who: string
}

/** What a host shows of itself. */
export interface Found {
  links: readonly NetworkLink[]
  /** Of all tables. */
  routes: readonly Route[]
  /** How packets leave for real servers in other networks, by their address; none for one without a route. */
  ways: ReadonlyMap<string, Way>
  /** The address of this host that our own connection came in by. */
  connection: string | undefined
  /** Lines of configuration files that name the VIP. */
  lines: readonly { file: string; line: string; text: string }[]
  /** Hardware addresses in the cluster's network, by address. @see confirmed */
  neighbours: ReadonlyMap<string, { hardware: string; confirmed: boolean }>
  /** How the host as director passes clients on (`lvs_method`): `NAT`; undefined where it is none. */
  method: string | undefined
  /** By service; but for those of its own unit. */
  listeners: ReadonlyMap<string, readonly ListeningSocket[]>
}

/** Where a host keeps who it is in the network, what it runs at boot, and keepalived's own. */
const configuration = [
  '/etc/keepalived',
  '/etc/netplan',
  '/etc/systemd/network',
  '/run/systemd/network',
  '/etc/NetworkManager',
  '/etc/sysconfig/network-scripts',
  '/etc/networkd-dispatcher',
  '/etc/systemd/system',
  '/etc/rc.local',
]

/** Prints what `parseFound` reads; it sends a datagram to the VIP and to the other nodes, where keepalived does not know the VIP yet. */
export function probe({ cluster, host, hosts }: Target): Script {
  const { has } = parseNetwork(cluster.network)
  // Who has an address of another network is not known from here. Those of IPv6 come last: what is seen then has all.
  const asked = [
    ...servedAddressesOf(cluster).flatMap(({ address }) => (has(address) ? [address] : [])),
    ...onFirst6(cluster, host),
  ]
  const beyond = hosts.flatMap((other) => (serves(other) && isBeyond(cluster, other) ? other.address : []))
  const nodes = hosts.flatMap(({ address, second }) => [address, ...(second ? [second.address] : [])])
  return sh`
${interfaceFiles}
named=$(grep -rnsIFw ${movedAddressesOf(cluster).flatMap((address) => ['-e', address])} -- ${configuration} /etc/network/if-*.d "\${files[@]}")
conf=
{ IFS= read -rd '' conf; } 2>/dev/null <${keepalivedConf}
${lines(...asked.map((vip) => askNeighbours(vip, nodes, host.interface)))}
echo '== links and routes'
ip -j -d -batch - <<<${'address show\nroute show table all'}
echo '== ways'
for address in ${beyond}; do echo "$address $(ip -4 -j route get "$address" 2>/dev/null)"; done
echo '== connection'
${findConnection}
echo "$connected"
echo '== method'
method=$'\n[[:blank:]]*lvs_(method|kind)[[:blank:]]+([A-Z]+)'
if [[ $conf =~ $method ]] && systemctl -q is-active keepalived; then echo "\${BASH_REMATCH[2]}"; fi
echo '== lines'
echo "$named"
echo '== neighbours'
echo "$neighbours"
${lines(...servicesOn(cluster, host).map(listeners))}`
}

/** @returns the virtual IPs of IPv6 on the interface of a host's address */
const onFirst6 = ({ instances }: Cluster, host: Host) =>
  instances.flatMap(({ vips, interface: device }) =>
    vips.flatMap((vip) =>
      isIPv6(vip.address) && (vip.interface ?? device ?? host.interface) === host.interface ? [vip.address] : [],
    ),
  )

// The kernel asks for a hardware address before it sends the first packet to it, so that no program for ARP is needed; port
// 9 discards (RFC 863). What it remembers from earlier is confirmed within 9 s, or forgotten; that is waited for only where it is
// no node's.
const askNeighbours = (vip: string, nodes: readonly string[], device: string) => {
  // Without a word, neighbours of both families: those of the nodes are of IPv4.
  const family = isIPv6(vip) ? [] : ['-4']
  return sh`
word=${`(^|[^[:alnum:]_])${vip.replaceAll('.', '\\.')}([^[:alnum:]_]|$)`}
if [[ ! $conf =~ $word ]]; then
  for address in ${[vip, ...nodes]}; do { echo >"/dev/udp/$address/9"; } 2>/dev/null; done
  for try in {1..90}; do
    # lladdr ADDRESS STATE, or the state alone.
    read -r _ kind hardware state <<<"$(ip ${family} neighbour show to ${vip} dev ${device} 2>/dev/null)"
    neighbours=$(ip ${family} neighbour show dev ${device} 2>/dev/null)
    for node in ${nodes}; do
      if [[ $neighbours == *"$node lladdr $hardware "* ]]; then break 2; fi
    done
    # Of IPv6, the word router may stand before it.
    case $kind\${state##* } in
    INCOMPLETE) [ "$try" -lt 10 ] || break ;;
    # The kernel asks again after a second: a node may have missed the first time.
    lladdrREACHABLE) [ "$try" -lt 25 ] || break ;;
    lladdrSTALE | lladdrDELAY | lladdrPROBE) ;;
    *) break ;;
    esac
    sleep 0.1
  done
fi`
}

// The processes of a unit are in its control group, whatever they call themselves.
const listeners = ({ name, port, unit, protocols }: Service) => sh`
echo ${`== listeners ${name}`}
ss -Hln ${protocols.map((protocol) => `--${protocol.toLowerCase()}`)} -p sport = ${`:${port}`}
echo ${`== own processes ${name}`}
${unit === undefined ? sh`true` : processesOf(unit)}
true`

const isSocket = (unit: string) => unit.endsWith('.socket')

/** @returns the whole name of a unit */
export const fileOf = (unit: string): string => (/\.(service|socket)$/.test(unit) ? unit : `${unit}.service`)

/** For a socket, systemd listens. */
const processesOf = (unit: string) =>
  isSocket(unit)
    ? sh`echo 1`
    : sh`
for group in /sys/fs/cgroup{,/systemd}{,/*.slice}/*.slice/${fileOf(unit)}/cgroup.procs; do
  while read -r process; do echo "$process"; done <"$group"
done 2>/dev/null`

/** Reads what the probe printed. */
export function parseFound(text: string): Found {
  const parts = new Map(
    text.split(/^== /m).map((part) => {
      const end = part.indexOf('\n')
      return [part.slice(0, end), part.slice(end + 1).trim()]
    }),
  )
  const rows = (part: string) => (parts.get(part) ?? '').split('\n').filter((row) => row !== '')
  const [links = [], routes = []] = rows('links and routes').map((row) => JSON.parse(row))
  return {
    links,
    routes,
    ways: new Map(
      rows('ways').flatMap((row): [string, Way][] => {
        const [address, json] = row.split(/ (.*)/, 2) as [string, string?]
        const [way] = json?.startsWith('[') ? (JSON.parse(json) as Way[]) : []
        return way ? [[address, way]] : []
      }),
    ),
    connection: parts.get('connection') || undefined,
    method: parts.get('method') || undefined,
    lines: rows('lines').flatMap((row) => {
      const [, file, line, text] = row.match(/^(.*?):(\d+):(.*)$/) ?? []
      return file ? [{ file, line: line!, text: text! }] : []
    }),
    neighbours: new Map(
      rows('neighbours').flatMap((row) => {
        const [, address, hardware, state] = row.match(/^(\S+) .*lladdr (\S+).* ([A-Z]+)\s*$/) ?? []
        return address ? [[address, { hardware: hardware!, confirmed: state === 'REACHABLE' }]] : []
      }),
    ),
    listeners: new Map(
      [...parts.keys()].flatMap((part) => {
        const [, name] = /^listeners (.*)$/.exec(part) ?? []
        return name ? [[name, parseListeners(rows(part), rows(`own processes ${name}`))]] : []
      }),
    ),
  }
}

function parseListeners(rows: readonly string[], own: readonly string[]): ListeningSocket[] {
  return rows.flatMap((row) => {
    // ss names the protocol only where it was asked for both.
    const [, address, device] =
      row.match(/^(?:(?:udp|tcp) +)?[A-Z]+ +\d+ +\d+ +\[?([^\s%\]]+)\]?(?:%(\S+?))?\]?:\d+ /) ?? []
    const programs = [...row.matchAll(/\("(.*?)",pid=(\d+)/g)]
    // IPv4 by a socket of IPv6, as Java has it.
    const bare = address?.replace(/^::ffff:(?=\d+\.)/i, '')
    if (!bare || programs.some(([, , pid]) => own.includes(pid!))) return []
    const [, name, pid] = programs[0] ?? []
    return [
      {
        address: bare,
        ...(device && { device }),
        who: name ? `${name} (pid ${pid})` : 'a program that can not be seen',
      },
    ]
  })
}
