import { isIPv6 } from 'node:net'
import { directs, othersOf } from '../../inventory/roles.ts'
import type { Host, Instance } from '../../inventory/types.ts'
import type { Target } from '../target.ts'

/** A way that VRRP adverts of a host go. */
export interface AdvertWay {
  device: string
  /** Its number, which needs no /etc/protocols; with AH, that of the header around adverts. */
  protocol: string
  /** Where they go by multicast; by unicast, to each peer. */
  group?: string
  /** Where they come from; not known by multicast on another interface than that of the host's address. */
  own?: string
  /** The other directors, with where theirs come from. */
  peers: { name: string; address: string }[]
}

/** RFC 5798, 5.1.2.2. */
const group6 = 'ff02::12'

/** Adverts of IPv6 come from an address of the link, which no inventory tells. */
const onLink = (place: number) => `fe80::${place + 1}`

/** @returns the protocol of adverts of a family; VRRP of IPv6 has no authentication */
const protocolOf = ({ auth_type }: Target['cluster'], v6: boolean): string => (auth_type === 'AH' && !v6 ? '51' : '112')

/** @returns whether adverts of an instance are of IPv6, as its first address is */
export const advertsAreOf6 = ({ vips }: Pick<Instance, 'vips'>): boolean => isIPv6(vips[0]!.address)

/** @returns where a host sends the adverts of an instance from, and gets them, by unicast */
export const advertAddress = (instance: Instance, { address, addresses, address6 }: Host): string | undefined =>
  advertsAreOf6(instance) ? address6 : (addresses?.[instance.name] ?? address)

/** @returns the ways of a director's adverts, each once: by the host's own address first */
export function advertWaysOf({ cluster, host, hosts }: Pick<Target, 'cluster' | 'host' | 'hosts'>): AdvertWay[] {
  if (!directs(host)) return []
  const others = othersOf(host, hosts.filter(directs))
  const ways = cluster.instances.map((instance): AdvertWay => {
    const v6 = advertsAreOf6(instance)
    const way = { device: instance.interface ?? host.interface, protocol: protocolOf(cluster, v6) }
    if (cluster.unicast) {
      const peers = others.map((peer) => ({ name: peer.name, address: advertAddress(instance, peer)! }))
      return { ...way, own: advertAddress(instance, host)!, peers }
    }
    if (v6) {
      const peers = others.map(({ name }, place) => ({ name, address: onLink(place + 1) }))
      return { ...way, group: group6, own: onLink(0), peers }
    }
    const group = cluster.mcast_group
    if (way.device !== host.interface) return { ...way, group, peers: [] }
    return { ...way, group, own: host.address, peers: others.map(({ name, address }) => ({ name, address })) }
  })
  return [...new Map(ways.map((way) => [[way.device, way.own, way.group].join(), way])).values()]
}
