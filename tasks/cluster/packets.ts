import { isIPv6 } from 'node:net'
import { type Abilities, abilitiesOf, type Level, realAddress } from '../../inventory/levels.ts'
import { parseNetwork } from '../../inventory/network.ts'
import { directs, othersOf, serves } from '../../inventory/roles.ts'
import type { Host } from '../../inventory/types.ts'
import { isServedBy } from '../../services/service.ts'
import { realServersOf, type VirtualServer, virtualServersOf, virtualServersOn } from '../../services/virtual-server.ts'
import type { Packet } from '../os/firewall/firewall.ts'
import type { Target } from '../target.ts'
import { type AdvertWay, advertWaysOf } from './advert-ways.ts'
import { watchedBy } from './keepalived-conf.ts'

/** RFC 5881. */
export const bfdPort = 3784

/** As Linux, Windows and BFD (RFC 5881) choose one by themselves. */
const clientPort = 50000

/** IP in IP, by its number. */
export const inIp = '4'

/** @returns a client beyond the router (RFC 5737) */
export const clientOf = ({ cluster: { network } }: Target): string =>
  ['192.0.2.9', '198.51.100.9'].find((address) => !parseNetwork(network).has(address))!

/** The packets that a node gets, sends and passes on when the cluster is at a level. */
export function packetsOf(target: Target, level: Level): Packet[] {
  const { cluster, host } = target
  const can = abilitiesOf(level, cluster)
  return [
    ...(directs(host) ? amongDirectors(target, can) : []),
    ...watching(target, level),
    ...(can.tunnels ? tunnelled(target) : []),
    ...(can.balances ? virtualServersOf(cluster) : []).flatMap((server) => [
      ...(isServedBy(server.service, host) ? checksOf(target, server) : []),
      ...(directs(host) ? passedOn(target, level, server) : []),
      ...(isServedBy(server.service, host) && !can.keepsClients
        ? sourcesOf(target, server).flatMap((source) => served(source, host.address, server))
        : []),
    ]),
    // A real server alone sees whole connections, and those of a tunnel come out of it.
    ...askedHere(target, can).flatMap((server) =>
      asked(
        target,
        { untracked: can.keepsClients && directs(host), balanced: can.balances && directs(host) },
        server,
      ).filter(({ direction }) => direction === 'out' || (!cluster.vmac && isOnFirst(server, host))),
    ),
  ]
}

/** @returns the virtual servers that clients ask this node itself for */
function askedHere({ cluster, host }: Target, can: Abilities): VirtualServer[] {
  if (directs(host)) return virtualServersOf(cluster)
  return can.answersDirectly && !can.tunnels ? virtualServersOn(cluster, host) : []
}

/** @returns whether a virtual server is on the interface that has the address of the node */
export const isOnFirst = (server: VirtualServer, host: Host) => (server.interface ?? host.interface) === host.interface

function amongDirectors(target: Target, { syncsConnections }: Abilities): Packet[] {
  const { host, hosts } = target
  const sync = { protocol: 'udp', to: '224.0.0.81', fromPort: clientPort, toPort: 8848 }
  return [
    ...advertWaysOf(target)
      .filter(({ device }) => device === host.interface)
      .flatMap(adverts),
    ...(syncsConnections ? toGroup('connection sync', sync, host.address, othersOf(host, hosts.filter(directs))) : []),
  ]
}

/** @returns what goes to a group of directors, and comes to it from the others */
const toGroup = (
  what: string,
  packet: Pick<Packet, 'protocol' | 'to'>,
  from: string,
  others: readonly { name: string; address: string }[],
): Packet[] => [
  { what: `${what} to the other nodes`, direction: 'out', from, ...packet },
  ...others.map(({ name, address }): Packet => {
    return { what: `${what} from ${name}`, direction: 'in', from: address, ...packet }
  }),
]

/** @returns the adverts of a way; none where nobody knows where they come from */
export function adverts({ protocol, group, own, peers }: AdvertWay): Packet[] {
  if (own === undefined) return []
  const what = isIPv6(own) ? 'VRRP of IPv6' : 'VRRP'
  if (group !== undefined) return toGroup(what, { protocol, to: group }, own, peers)
  return peers.flatMap(({ name, address }): Packet[] => [
    { what: `${what} to ${name}`, direction: 'out', protocol, from: own, to: address },
    { what: `${what} from ${name}`, direction: 'in', protocol, from: address, to: own },
  ])
}

/** BFD of directors that watch each other. */
const watching = ({ cluster, host, hosts }: Target, level: Level): Packet[] =>
  watchedBy(host, { cluster, hosts, level }).flatMap(({ peer: { name, address } }): Packet[] => {
    const bfd = { protocol: 'udp', fromPort: clientPort, toPort: bfdPort }
    return [
      { what: `BFD to ${name}`, direction: 'out', from: host.address, to: address, ...bfd },
      { what: `BFD from ${name}`, direction: 'in', from: address, to: host.address, ...bfd },
    ]
  })

/** What directors send on by IP in IP, as it leaves them and comes to real servers. */
function tunnelled({ host, hosts }: Target): Packet[] {
  const to = directs(host) ? othersOf(host, hosts.filter(serves)) : []
  const from = serves(host) ? othersOf(host, hosts.filter(directs)) : []
  return [
    ...to.map(({ name, address }): Packet => {
      const what = `clients' questions to ${name} in IP in IP`
      return { what, direction: 'out', protocol: inIp, from: host.address, to: address }
    }),
    ...from.map(({ name, address }): Packet => {
      const what = `clients' questions from ${name} in IP in IP`
      return { what, direction: 'in', protocol: inIp, from: address, to: host.address }
    }),
  ]
}

/** How directors find out whether a real server works. */
const checksOf = ({ host, hosts }: Target, server: VirtualServer): Packet[] =>
  othersOf(host, hosts.filter(directs)).map((other): Packet => ({
    what: `${server.name} port ${checkedAt(server).toPort} for the checks of ${other.name}`,
    direction: 'in',
    mayGoElsewhere: true,
    from: other.address,
    to: host.address,
    fromPort: clientPort,
    ...checkedAt(server),
  }))

/** @returns what checks of real servers ask; a program may ask anything, and is taken to ask what clients are sent to */
export const checkedAt = ({ protocol, realPort, check }: VirtualServer): { protocol: string; toPort: number } =>
  ('asks' in check && check.asks) || { protocol: protocol.toLowerCase(), toPort: realPort }

/** What a director sends to the other real servers, and what comes back through it. */
function passedOn(target: Target, level: Level, server: VirtualServer): Packet[] {
  const { host, hosts } = target
  const { name, address, realPort } = server
  const can = abilitiesOf(level, target.cluster)
  const protocol = server.protocol.toLowerCase()
  const client = clientOf(target)
  return othersOf(host, realServersOf(server, hosts)).flatMap((other): Packet[] => {
    const real = realAddress(other, level)!
    const question = { protocol, direction: 'out' as const, fromPort: clientPort, toPort: realPort }
    return [
      {
        what: `checks of ${other.name} by ${name}`,
        from: host.address,
        to: other.address,
        keepsSource: true,
        ...question,
        ...checkedAt(server),
      },
      // The packet filter knows the answer by the question before it, where it tracks connections.
      ...(can.tunnels
        ? []
        : [
            {
              what: `clients' questions by ${name} to ${other.name}`,
              from: client,
              to: can.answersDirectly ? address : real,
              keepsSource: can.keepsClients,
              ...question,
            },
          ]),
      ...(can.answersDirectly
        ? []
        : [
            {
              what: `answers by ${name} of ${other.name} to clients`,
              direction: 'forward' as const,
              isAnswer: true,
              protocol,
              from: real,
              to: client,
              fromPort: realPort,
              toPort: clientPort,
            },
          ]),
    ]
  })
}

/**
 * What clients ask the virtual IP, and its answers. Where a node may not ask another one either, clients are elsewhere, and the
 * rules may let those in.
 */
export function asked(
  { host, hosts }: Target,
  { untracked, balanced }: { untracked: boolean; balanced: boolean },
  { name, address: vip, port, ...server }: VirtualServer,
): Packet[] {
  const protocol = server.protocol.toLowerCase()
  const client = othersOf(host, hosts)[0]!.address
  const question: Packet = {
    // A rule that wants a new connection does not take it.
    what: `a question by ${name} to ${vip}${untracked ? ', without connection tracking,' : ''}`,
    direction: 'in',
    // IPVS sees what is for the virtual IP when it has come in, so after any translation.
    mayGoElsewhere: !balanced,
    protocol,
    from: client,
    to: vip,
    fromPort: clientPort,
    toPort: port,
    holding: { address: vip, like: host.address },
  }
  const answer: Packet = {
    what: `an answer by ${name} from ${vip}`,
    direction: 'out',
    isAnswer: true,
    protocol,
    from: vip,
    to: client,
    fromPort: port,
    toPort: clientPort,
    holding: { address: vip, like: host.address },
  }
  // At level 3 it leaves the service by another address, untracked: only IPVS itself makes such a packet.
  return protocol === 'udp' && !untracked ? [question, answer] : [question]
}

/** @returns from where clients' questions come to this node, where it does not see the clients: see `snat` */
const sourcesOf = ({ host, hosts }: Target, { address, isElsewhere }: VirtualServer): string[] =>
  isElsewhere ? othersOf(host, hosts.filter(directs)).map((director) => director.address) : [address]

/** What directors send on, as it comes to this node and is answered. */
export const served = (from: string, to: string, { name, protocol, realPort: port }: VirtualServer): Packet[] => [
  {
    what: `clients' questions by ${name} from the director to ${to}`,
    direction: 'in',
    mayGoElsewhere: true,
    protocol: protocol.toLowerCase(),
    from,
    to,
    fromPort: clientPort,
    toPort: port,
  },
  // A TCP connection that nobody takes is reset by the kernel, so that an answer after it has none.
  ...(protocol === 'UDP'
    ? [
        {
          what: `answers by ${name} from ${to} to the director`,
          direction: 'out' as const,
          isAnswer: true,
          protocol: 'udp',
          from: to,
          to: from,
          fromPort: port,
          toPort: clientPort,
        },
      ]
    : []),
]
