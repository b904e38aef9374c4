import type { Task } from '../../engine/runner/task.ts'
import { servicesOf } from '../../services/all.ts'
import { ruleName, servedAddressesOf, type VirtualServer, virtualServersOf } from '../../services/virtual-server.ts'
import { parseNetwork } from '../../inventory/network.ts'
import type { Host } from '../../inventory/types.ts'
import { abilitiesOf, type Level, realAddress } from '../../inventory/levels.ts'
import type { Accept, Packet, Rule, Wire } from '../os/firewall/firewall.ts'
import { osOf } from '../os/os.ts'
import type { Target } from '../target.ts'
import { vmacOf } from './keepalived-conf.ts'

/** Rules of a node at a level. */
export type RulesOf = (target: Target, level: Level) => Rule[]

/** The protocol of VRRP's adverts by its number, which needs no /etc/protocols; with AH, that of the header around them. */
const advertsIn = ({ auth_type }: Target['cluster']) => (auth_type === 'AH' ? '51' : '112')

/** VRRP adverts may come and go (article, preparation). */
export const allowVrrp = ({ cluster, host, hosts }: Target): Rule[] => {
  const wire = { interface: host.interface, protocol: advertsIn(cluster) }
  if (cluster.unicast)
    return othersOf(host, hosts).flatMap(({ name, address }): Rule[] => [
      { name: `vrrp-in-${name}`, accept: 'in', ...wire, from: `${address}/32`, to: `${host.address}/32` },
      { name: `vrrp-out-${name}`, accept: 'out', ...wire, from: `${host.address}/32`, to: `${address}/32` },
    ])
  const others = new Set(cluster.instances.flatMap((instance) => instance.interface ?? []))
  others.delete(host.interface)
  return [host.interface, ...others].flatMap((device): Rule[] => {
    const vrrp = { ...wire, interface: device, to: `${cluster.mcast_group}/32` }
    const name = device === host.interface ? '' : `-${device}`
    return [
      { name: `vrrp-in${name}`, accept: 'in', ...vrrp },
      { name: `vrrp-out${name}`, accept: 'out', ...vrrp },
    ]
  })
}

/** Connection sync: the holder sends open connections to the others by multicast (keepalived's `lvs_sync_daemon`). */
export const allowSync = ({ host }: Target): Rule[] => {
  const sync = { interface: host.interface, protocol: 'udp', to: '224.0.0.81/32', toPort: 8848 }
  return [
    { name: 'sync-in', accept: 'in', ...sync },
    { name: 'sync-out', accept: 'out', ...sync },
  ]
}

/**
 * Answers of the other real servers pass through the director, so it must forward them, even if it forwards nothing else.
 * Connection tracking would match them better, but at level 3 it has to leave them alone (`untracked`).
 */
export const allowAnswers = ({ cluster, host, hosts }: Target, level: Level): Rule[] =>
  othersOf(host, hosts).flatMap((other) =>
    virtualServersOf(cluster).map(({ name, protocol, port }): Accept => ({
      name: `answers-${ruleName(name)}-${other.name}`,
      accept: 'forward',
      interface: host.interface,
      protocol: protocol.toLowerCase(),
      from: `${realAddress(other, level)}/32`,
      fromPort: port,
    })),
  )

/** The other nodes. */
export const othersOf = (host: Host, hosts: readonly Host[]) => hosts.filter(({ name }) => name !== host.name)

/**
 * Balanced connections reach the real servers from the VIP, so that answers come back to the director (article,
 * level 2). Matching what IPVS sends, and no more, keeps the node's own connections as they are.
 */
export function snat({ cluster }: Target): Rule[] {
  const services = servicesOf(cluster)
  const addresses = servedAddressesOf(cluster)
  return addresses.flatMap(({ address }) =>
    services.map(({ name, port, protocols }) => ({
      name: ['snat', ...(services.length > 1 ? [name] : []), ...(addresses.length > 1 ? [address] : [])].join('-'),
      virtualServer: { address, port },
      protocols: protocols.map((protocol) => protocol.toLowerCase()),
      source: address,
    })),
  )
}

/** These rules hold, by the firewall of the host's family, and nothing else of the host stops the cluster's packets. */
export function firewall(target: Target, level: Level, ...sets: RulesOf[]): Task[] {
  const { cluster, host, facts } = target
  const first = {
    device: host.interface,
    network: `${host.address}/${cluster.network.split('/')[1]}`,
    router: cluster.gateway,
    packets: packetsOf(target, level),
  }
  return osOf(facts).firewall.tasks(
    sets.flatMap((rulesOf) => rulesOf(target, level)),
    [
      first,
      ...vmacWires(target),
      ...(abilitiesOf(level).secondInterface && host.second ? [secondWire(target, host.second)] : []),
    ],
  )
}

/** @returns a client beyond the router (RFC 5737) */
const clientOf = ({ cluster: { network } }: Target): string =>
  ['192.0.2.9', '198.51.100.9'].find((address) => !parseNetwork(network).has(address))!

/** The packets that a node gets, sends and passes on when the cluster is at a level. */
function packetsOf(target: Target, level: Level): Packet[] {
  const { cluster, host, hosts } = target
  const client = clientOf(target)
  const others = othersOf(host, hosts)
  const can = abilitiesOf(level)
  const groups = [
    ...(cluster.unicast ? [] : [{ what: 'VRRP', protocol: advertsIn(cluster), to: cluster.mcast_group }]),
    ...(can.syncsConnections ? [{ what: 'connection sync', protocol: 'udp', to: '224.0.0.81', toPort: 8848 }] : []),
  ]
  const balanced = can.balances ? virtualServersOf(cluster) : []
  const unicast = cluster.unicast ? others : []
  return [
    ...unicast.flatMap(({ name, address }): Packet[] => [
      { what: `VRRP to ${name}`, direction: 'out', protocol: advertsIn(cluster), from: host.address, to: address },
      { what: `VRRP from ${name}`, direction: 'in', protocol: advertsIn(cluster), from: address, to: host.address },
    ]),
    ...groups.flatMap(({ what, ...packet }): Packet[] => [
      { what: `${what} to the other nodes`, direction: 'out', from: host.address, ...packet },
      ...others.map(({ name, address }): Packet => {
        return { what: `${what} from ${name}`, direction: 'in', from: address, ...packet }
      }),
    ]),
    ...balanced.flatMap((server) => {
      const { name, port } = server
      const protocol = server.protocol.toLowerCase()
      const fromDirector = can.keepsClients ? [] : served(server.address, host.address, server)
      const passedOn = others.flatMap((other): Packet[] => {
        const real = realAddress(other, level)!
        const [asks, is] = [
          { protocol, toPort: port },
          { protocol, fromPort: port, toPort: clientPort },
        ]
        return [
          {
            what: `${name} port ${port} for the checks of ${other.name}`,
            direction: 'in',
            from: other.address,
            to: host.address,
            fromPort: clientPort,
            ...asks,
          },
          {
            what: `checks of ${other.name} by ${name}`,
            direction: 'out',
            from: host.address,
            to: other.address,
            fromPort: clientPort,
            keepsSource: true,
            ...asks,
          },
          // The packet filter knows the answer by the question before it, where it tracks connections.
          {
            what: `clients' questions by ${name} to ${other.name}`,
            direction: 'out',
            from: client,
            to: real,
            fromPort: clientPort,
            keepsSource: can.keepsClients,
            ...asks,
          },
          {
            what: `answers by ${name} of ${other.name} to clients`,
            direction: 'forward',
            from: real,
            to: client,
            ...is,
          },
        ]
      })
      return [...passedOn, ...fromDirector]
    }),
    ...virtualServersOf(cluster).flatMap((server) =>
      asked(target, can.keepsClients, server).filter(({ direction }) => direction === 'out' || !cluster.vmac),
    ),
  ]
}

/** What is asked comes in by the interface of the virtual MAC, and is answered by the one below it. */
function vmacWires(target: Target): Wire[] {
  const { cluster } = target
  if (!cluster.vmac) return []
  return cluster.instances.flatMap((instance) => {
    const packets = virtualServersOf(cluster)
      .filter((server) => server.instance === instance)
      .flatMap((server) => asked(target, false, server).filter(({ direction }) => direction === 'in'))
    const network = `${instance.vips[0]!.address}/32`
    return packets.length > 0 ? [{ device: vmacOf(instance), network, router: cluster.gateway, packets }] : []
  })
}

/**
 * What clients ask the virtual IP, and its answers. Where a node may not ask another one either, clients are elsewhere, and the
 * rules may let those in.
 */
function asked(
  { host, hosts }: Target,
  untracked: boolean,
  { name, address: vip, port, ...server }: VirtualServer,
): Packet[] {
  const protocol = server.protocol.toLowerCase()
  const client = othersOf(host, hosts)[0]!.address
  const question: Packet = {
    // A rule that wants a new connection does not take it.
    what: `a question by ${name} to ${vip}${untracked ? ', without connection tracking,' : ''}`,
    direction: 'in',
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

/** What directors send on, as it comes to this node and is answered. */
const served = (from: string, to: string, { name, protocol, port }: VirtualServer): Packet[] => [
  {
    what: `clients' questions by ${name} from the director to ${to}`,
    direction: 'in',
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
          protocol: 'udp',
          from: to,
          to: from,
          fromPort: port,
          toPort: clientPort,
        },
      ]
    : []),
]

/** By the second interface clients' questions come in, and answers leave through the virtual IP. */
const secondWire = (target: Target, { interface: device, address }: NonNullable<Host['second']>): Wire => ({
  device,
  network: `${address}/32`,
  router: target.cluster.vip,
  packets: virtualServersOf(target.cluster).flatMap((server) => served(clientOf(target), address, server)),
})

/** Of a client's program. */
const clientPort = 40000
