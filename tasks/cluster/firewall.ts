import type { Task } from '../../engine/runner/task.ts'
import { serviceOf } from '../../services/all.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import type { Host } from '../../inventory/types.ts'
import { abilitiesOf, type Level, realAddress } from '../../inventory/levels.ts'
import type { Accept, Packet, Rule } from '../os/firewall/firewall.ts'
import { osOf } from '../os/os.ts'
import type { Target } from '../target.ts'

/** Rules of a node at a level. */
export type RulesOf = (target: Target, level: Level) => Rule[]

/** VRRP adverts may come and go (article, preparation). 112 is VRRP's protocol number, with or without /etc/protocols. */
export const allowVrrp = ({ host }: Target): Rule[] => {
  const vrrp = { interface: host.interface, protocol: '112', to: '224.0.0.18/32' }
  return [
    { name: 'vrrp-in', accept: 'in', ...vrrp },
    { name: 'vrrp-out', accept: 'out', ...vrrp },
  ]
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
    virtualServersOf(cluster).map(({ protocol, port }): Accept => ({
      name: `answers-${protocol.toLowerCase()}-${other.name}`,
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
export const snat = ({ cluster }: Target): Rule[] => [
  {
    name: 'snat',
    virtualServer: { address: cluster.vip, port: cluster.service.port },
    protocols: serviceOf(cluster).protocols.map((protocol) => protocol.toLowerCase()),
    source: cluster.vip,
  },
]

/** These rules hold, by the firewall of the host's family, and nothing else of the host stops the cluster's packets. */
export function firewall(target: Target, level: Level, ...sets: RulesOf[]): Task[] {
  const { cluster, host, facts } = target
  const wire = {
    device: host.interface,
    network: `${host.address}/${cluster.network.split('/')[1]}`,
    router: cluster.gateway,
  }
  return osOf(facts).firewall.tasks(
    sets.flatMap((rulesOf) => rulesOf(target, level)),
    wire,
    packetsOf(target, level),
  )
}

/** A client beyond the router (RFC 5737). */
const client = '192.0.2.9'

/** The packets that a node gets, sends and passes on when the cluster is at a level. */
function packetsOf({ cluster, host, hosts }: Target, level: Level): Packet[] {
  const others = othersOf(host, hosts)
  const can = abilitiesOf(level)
  const groups = [
    { what: 'VRRP', protocol: '112', to: '224.0.0.18' },
    ...(can.syncsConnections ? [{ what: 'connection sync', protocol: 'udp', to: '224.0.0.81', toPort: 8848 }] : []),
  ]
  const balanced = can.balances ? virtualServersOf(cluster) : []
  return [
    ...groups.flatMap(({ what, ...packet }): Packet[] => [
      { what: `${what} to the other nodes`, direction: 'out', from: host.address, ...packet },
      ...others.map(({ name, address }): Packet => {
        return { what: `${what} from ${name}`, direction: 'in', from: address, ...packet }
      }),
    ]),
    ...balanced.flatMap(({ protocol: name, port }) => {
      const protocol = name.toLowerCase()
      return others.flatMap((other): Packet[] => {
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
          // A rule that wants a new connection does not take it.
          ...(can.keepsClients
            ? [
                {
                  what: `a question by ${name} to ${cluster.vip}, without connection tracking,`,
                  direction: 'in' as const,
                  from: other.address,
                  to: cluster.vip,
                  fromPort: clientPort,
                  ...asks,
                },
              ]
            : []),
          // The packet filter knows the answer by the question before it, where it tracks connections.
          {
            what: `clients' questions by ${name} to ${other.name}`,
            direction: 'out',
            from: client,
            to: real,
            fromPort: clientPort,
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
    }),
  ]
}

/** Of a client's program. */
const clientPort = 40000
