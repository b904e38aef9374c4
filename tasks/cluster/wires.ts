import { isIPv6 } from 'node:net'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { directs, isBeyond, othersOf, serves } from '../../inventory/roles.ts'
import type { Host } from '../../inventory/types.ts'
import { virtualServersOf, virtualServersOn } from '../../services/virtual-server.ts'
import type { Packet, Wire } from '../os/firewall/firewall.ts'
import type { Target } from '../target.ts'
import { tunnelDevice } from './ipvs.ts'
import { vmacOf } from './keepalived-conf.ts'
import { advertWaysOf } from './advert-ways.ts'
import { adverts, asked, clientOf, isOnFirst, packetsOf, served } from './packets.ts'

/** @returns the interfaces of a node at a level, with the packets that have to get in and out by each */
export function wiresOf(target: Target, level: Level): Wire[] {
  const { cluster, host } = target
  const first = {
    device: host.interface,
    network: `${host.address}/${cluster.network.split('/')[1]}`,
    router: cluster.gateway,
    packets: packetsOf(target, level),
  }
  const all = [
    first,
    ...advertWires(target),
    ...(directs(host) ? [...vmacWires(target, level), ...otherWires(target, level)] : []),
    ...tunnelWires(target, level),
    ...(abilitiesOf(level, cluster).secondInterface && host.second ? [secondWire(target, host.second)] : []),
  ]
  const wires = [...Map.groupBy(all, ({ device }) => device).values()].map((same) => ({
    ...same[0]!,
    packets: same.flatMap(({ packets }) => packets),
  }))
  return wires.map((wire) => ({ ...wire, packets: [...wire.packets, ...askedByArp(target, wire.device)] }))
}

/** @returns adverts on other interfaces than that of the address of the node */
const advertWires = (target: Target): Wire[] =>
  advertWaysOf(target)
    .filter(({ device, own }) => device !== target.host.interface && own !== undefined)
    .map((way) => ({
      device: way.device,
      network: `${way.own}/${isIPv6(way.own!) ? 64 : 32}`,
      router: target.cluster.gateway,
      packets: adverts(way),
    }))

/** @returns what is asked at virtual IPs that are on another interface than the address of the node */
function otherWires(target: Target, level: Level): Wire[] {
  const { cluster, host } = target
  const { keepsClients: untracked, balances: balanced } = abilitiesOf(level, cluster)
  const servers = cluster.vmac ? [] : virtualServersOf(cluster).filter((server) => !isOnFirst(server, host))
  return [...Map.groupBy(servers, (server) => server.interface!)].map(([device, own]) => ({
    device,
    network: `${own[0]!.address}/32`,
    router: cluster.gateway,
    packets: own.flatMap((server) => questions(asked(target, { untracked, balanced }, server))),
  }))
}

const questions = (packets: readonly Packet[]) => packets.filter(({ direction }) => direction === 'in')

/** @returns what is asked, which comes in by the interface of the virtual MAC and is answered by the one below it */
function vmacWires(target: Target, level: Level): Wire[] {
  const { cluster } = target
  if (!cluster.vmac) return []
  const { balances: balanced } = abilitiesOf(level, cluster)
  return cluster.instances.flatMap((instance) => {
    const packets = virtualServersOf(cluster)
      .filter((server) => server.instance === instance)
      .flatMap((server) => questions(asked(target, { untracked: false, balanced }, server)))
    const network = `${instance.vips[0]!.address}/32`
    return packets.length > 0 ? [{ device: vmacOf(instance), network, router: cluster.gateway, packets }] : []
  })
}

/** @returns what is asked, as it comes out of the tunnel */
function tunnelWires(target: Target, level: Level): Wire[] {
  const { cluster, host } = target
  if (!abilitiesOf(level, cluster).tunnels || !serves(host)) return []
  const packets = virtualServersOn(cluster, host).flatMap((server) =>
    questions(asked(target, { untracked: directs(host), balanced: directs(host) }, server)),
  )
  return [{ device: tunnelDevice, network: `${host.address}/32`, router: cluster.gateway, packets }]
}

/** By the second interface clients' questions come in, and answers leave through the virtual IP. */
const secondWire = (target: Target, { interface: device, address }: NonNullable<Host['second']>): Wire => ({
  device,
  network: `${address}/32`,
  router: target.cluster.vip,
  packets: virtualServersOn(target.cluster, target.host).flatMap((server) => served(clientOf(target), address, server)),
})

/** Neighbours find the node, and the virtual IPs that it holds: VRRP alone, which is sent to a group, needs no answer to that. */
function askedByArp({ cluster, host, hosts }: Target, device: string): Packet[] {
  const from = othersOf(host, hosts).find((other) => !isBeyond(cluster, other))?.address
  if (from === undefined) return []
  const ask = (to: string): Packet => ({
    ...{ what: `ARP for ${to}`, direction: 'in', protocol: 'arp', from, to },
  })
  const own = device === host.interface && !isBeyond(cluster, host) ? [ask(host.address)] : []
  if (!directs(host)) return own
  const held = cluster.instances.flatMap((instance) =>
    instance.vips
      .filter(
        (vip) =>
          device === (vip.interface ?? (cluster.vmac ? vmacOf(instance) : (instance.interface ?? host.interface))),
      )
      .filter(({ address }) => !address.includes(':'))
      .map(({ address }) => ({ ...ask(address), holding: { address } })),
  )
  return [...own, ...held]
}
