import { isIPv6 } from 'node:net'
import { didYouMean } from '../engine/base/suggest.ts'
import type { Draft } from './defaults.ts'
import { directs } from './roles.ts'
import { type Entry, entriesOf, ofHosts } from './rules-addresses.ts'
import type { Path, Problem } from './source.ts'
import { dotted, shown } from './wording.ts'

/** A host that may hold the VIP. */
type Director = { name: string } & NonNullable<NonNullable<Draft['hosts']>[string]>

/**
 * By unicast, adverts go from and to addresses that the inventory has to tell, for instances of IPv6 and for those on another
 * interface.
 * @param isGiven as for `checkRules`
 */
export function unicast({ cluster = {}, hosts = {} }: Draft, isGiven: (path: Path) => boolean): Problem[] {
  const directors = Object.entries(hosts).flatMap(([name, host = {}]) => (directs(host) ? [{ name, ...host }] : []))
  const [first, ...further] = entriesOf(cluster)
  const isOf6 = ({ content: { vip } }: Entry) => isIPv6(vip ?? '')
  const elsewhere = further.filter(({ content }) => cluster.unicast && content.interface !== undefined)
  return [
    ...elsewhere.filter(isOf6).map(({ path }) => ({
      path: [...path, 'interface'],
      text: 'is not possible with cluster.unicast: true: an instance of IPv6 on another interface needs multicast',
    })),
    ...addresses6(directors, cluster.unicast === true && [first!, ...further].some(isOf6), isGiven),
    ...elsewhere
      .filter((entry) => !isOf6(entry))
      .flatMap(({ path }) => onOtherInterface(directors, path.at(-1)!, isGiven)),
    ...directors.flatMap((host) =>
      unknown(
        host,
        elsewhere.map(({ path }) => path.at(-1)!),
      ),
    ),
  ]
}

function onOtherInterface(
  directors: readonly Director[],
  instance: string,
  isGiven: (path: Path) => boolean,
): Problem[] {
  return directors.flatMap(({ name, addresses = {} }, place): Problem[] => {
    const path = ['hosts', name, 'addresses', instance]
    if (!isGiven(path))
      return [
        {
          path: path.slice(0, 2),
          text: `is missing addresses.${instance}, an IPv4 address: ${instance} is sent by unicast on an interface of its own`,
        },
      ]
    const own = addresses[instance]
    const twin = directors.slice(0, place).find((other) => own !== undefined && other.addresses?.[instance] === own)
    return twin
      ? [{ path, text: `must be another one than of ${dotted(['hosts', twin.name])}, got ${shown(own)}` }]
      : ofHosts(path, own)
  })
}

/** What is for no instance that needs it. */
const unknown = ({ name, addresses = {} }: Director, instances: readonly string[]): Problem[] =>
  Object.entries(addresses)
    .filter(([one, address]) => address !== undefined && !instances.includes(one))
    .map(([one]) => ({
      path: ['hosts', name, 'addresses', one],
      text:
        'has a meaning only with cluster.unicast: true, and for an instance that has an interface of its own' +
        didYouMean(one, instances),
    }))

/** By unicast, an instance of IPv6 goes from and to addresses of IPv6. */
const addresses6 = (directors: readonly Director[], isNeeded: boolean, isGiven: (path: Path) => boolean): Problem[] =>
  directors.flatMap(({ name, address6 }): Problem[] => {
    const path = ['hosts', name, 'address6']
    if (!isNeeded || isGiven(path)) return ofHosts(path, address6)
    const text = 'is missing address6, an IPv6 address: an instance of IPv6 is sent by unicast'
    return [{ path: path.slice(0, 2), text }]
  })
