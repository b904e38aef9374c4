import { didYouMean } from '../engine/base/suggest.ts'
import type { Draft } from './defaults.ts'
import type { Level } from './levels.ts'
import { servesAt } from './network.ts'
import { serves } from './roles.ts'
import { vipsOf } from './rules-addresses.ts'
import type { Path, Problem } from './source.ts'
import type { Content } from './types.ts'
import { shown } from './wording.ts'

export type Kinds = Content['cluster']['service']

/** What the inventory says of one service, and where. */
export interface Entry {
  path: Path
  content: Draft<Kinds>
}

/** Names as they are in a file: of a wrong one, the place alone is left. */
type Names = readonly (string | undefined)[]

/** @returns the hosts or the addresses that a service names; undefined for all */
export const listOf = (key: 'hosts' | 'vips', content: Draft<Kinds>): Names | undefined =>
  key in content ? (content as Partial<Record<typeof key, Names>>)[key] : undefined

/** Which hosts serve what, and at which addresses clients ask for it. */
export function pools(
  entries: readonly Entry[],
  { cluster, hosts = {} }: Pick<Draft, 'cluster' | 'hosts'>,
  level?: Level,
): Problem[] {
  return [
    ...entries.flatMap(({ path, content }) => [
      ...named([...path, 'hosts'], listOf('hosts', content) ?? [], hosts),
      ...(listOf('hosts', content) && level !== undefined && level !== 2
        ? [{ path: [...path, 'hosts'], text: `must be left out at level ${level}, where every host serves everything` }]
        : []),
      ...asked([...path, 'vips'], listOf('vips', content) ?? [], cluster),
    ]),
    ...idle(entries, hosts),
  ]
}

function named(path: Path, names: Names, hosts: NonNullable<Draft['hosts']>): Problem[] {
  const known = Object.keys(hosts).filter((name) => serves(hosts[name] ?? {}))
  if (known.length === 0) return []
  return names.flatMap((name, index) => {
    if (name === undefined || known.includes(name)) return []
    const text =
      name in hosts
        ? `must be a host that serves clients, but ${shown(name)} is a director alone`
        : `must be one of the hosts, got ${shown(name)}${didYouMean(name, known)}`
    return [{ path: [...path, String(index)], text }]
  })
}

function asked(path: Path, addresses: Names, cluster: Draft['cluster']): Problem[] {
  if (cluster?.vip === undefined || cluster.network === undefined) return []
  const served = vipsOf(cluster)
    .map(({ address = '' }) => address)
    .filter(servesAt(cluster.network))
  return addresses.flatMap((address, index) =>
    address === undefined || served.includes(address)
      ? []
      : [
          {
            path: [...path, String(index)],
            text: `must be a virtual IP at which clients are served, which are ${served.join(', ')}; got ${shown(address)}`,
          },
        ],
  )
}

/** A host that directors send nobody to. */
function idle(entries: readonly Entry[], hosts: NonNullable<Draft['hosts']>): Problem[] {
  const lists = entries.map(({ content }) => listOf('hosts', content))
  if (lists.length === 0 || lists.some((list) => !list || list.includes(undefined))) return []
  return Object.keys(hosts)
    .filter((name) => serves(hosts[name] ?? {}) && !lists.some((list) => list!.includes(name)))
    .map((name) => ({
      path: ['hosts', name],
      text: 'serves nothing: name it in hosts of a service, or give it role: director',
    }))
}
