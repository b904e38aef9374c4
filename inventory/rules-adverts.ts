import { isIPv6 } from 'node:net'
import type { Draft } from './defaults.ts'
import type { Path, Problem } from './source.ts'

/** VRRP is of version 3 for IPv6, which has no more than this. */
const longest6 = 40

/** The rules about seconds between adverts, of the cluster and of its instances. */
export function intervals({ advert_int = 1, vrrp_version, instances = {} }: NonNullable<Draft['cluster']>): Problem[] {
  const further = Object.entries(instances).map(([name, one]) => ({
    path: ['cluster', 'instances', name, 'advert_int'],
    own: one?.advert_int,
    isV6: isIPv6(one?.vip ?? ''),
  }))
  const path = ['cluster', 'advert_int']
  return [
    ...ofVersion(path, advert_int, vrrp_version),
    ...(advert_int > longest6 && further.some(({ own, isV6 }) => isV6 && own === undefined)
      ? [{ path, text: `must be at most ${longest6} seconds with an instance of IPv6, got ${advert_int}` }]
      : []),
    ...further.flatMap(({ path: at, own, isV6 }) =>
      own === undefined ? [] : ofVersion(at, own, isV6 ? 3 : vrrp_version),
    ),
  ]
}

function ofVersion(path: Path, seconds: number, version: number | undefined): Problem[] {
  if (version === 2 && (seconds < 1 || !Number.isInteger(seconds)))
    return [{ path, text: `must be whole seconds from 1 to 255 in VRRP version 2, got ${seconds}` }]
  if (version === 3 && (seconds > 40.95 || Math.round(seconds * 100) / 100 !== seconds))
    return [{ path, text: `must be from 0.01 to 40.95 seconds in steps of 0.01 in VRRP version 3, got ${seconds}` }]
  return []
}
