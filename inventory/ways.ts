import { isIPv6 } from 'node:net'
import { whyNoPath } from './files.ts'
import { vipsOf } from './rules-addresses.ts'
import type { Draft } from './defaults.ts'
import { abilitiesOf, type Level } from './levels.ts'
import type { Path, Problem } from './source.ts'
import { dotted, shown } from './wording.ts'

/** How SSH reaches a host or a client. */
interface Way {
  path: Path
  host: string | undefined
  /** The same for two that lead to the same place. */
  key: string
}

/**
 * The rules about the ways to machines: each host has one of its own, by an address that stays with it, and clients are
 * no nodes.
 */
export function ways(draft: Draft, isGiven: (path: Path) => boolean, level?: Level): Problem[] {
  const hosts = waysOf(draft, 'hosts')
  const all = [...hosts, ...waysOf(draft, 'clients')]
  return all.flatMap((way, place): Problem[] => {
    const { path, host, key } = way
    if (host === undefined || !isGiven(path)) return []
    if (host.includes(':') && !isIPv6(host))
      return [{ path, text: `must be a name or an address; a port is ssh.port, got ${shown(host)}` }]
    const owner = ownerOf(draft, way, level)
    if (owner) return [{ path, text: `must be an address of its own, but ${shown(host)} is ${owner}` }]
    const twin = hosts.slice(0, place).find((other) => other.key === key)
    if (!twin) return []
    return [{ path, text: `must lead to another machine than ${dotted(twin.path)}, but both are ${shown(host)}` }]
  })
}

/** The rule about the files that SSH takes: `~` is a home as in ssh_config, and nothing else is filled in. */
export function sshFiles({ ssh, hosts, clients }: Draft): Problem[] {
  const below = (kind: string, all: Draft['hosts'] | Draft['clients']) =>
    Object.entries(all ?? {}).map(([name, one]): [Path, Draft['ssh']] => [[kind, name, 'ssh'], one?.ssh])
  const all: [Path, Draft['ssh']][] = [[['ssh'], ssh], ...below('hosts', hosts), ...below('clients', clients)]
  return all.flatMap(([path, login]) =>
    (['config', 'identity_file'] as const).flatMap((key): Problem[] => {
      const file = login?.[key]
      const why = file === undefined ? undefined : whyNoPath(file)
      return why === undefined ? [] : [{ path: [...path, key], text: `${why}, got ${shown(file)}` }]
    }),
  )
}

function waysOf(draft: Draft, kind: 'hosts' | 'clients'): Way[] {
  return Object.entries(draft[kind] ?? {}).map(([name, one]) => {
    const { host, port, config } = { ...draft.ssh, host: undefined, ...one?.ssh }
    return { path: [kind, name, 'ssh', 'host'], host, key: JSON.stringify([host, port, config]) }
  })
}

/** @returns whose address it is, where that is not the host itself */
function ownerOf({ cluster, hosts = {} }: Draft, { path: [kind, name], host: address }: Way, level?: Level) {
  if (address === undefined) return
  const vip = vipsOf(cluster).find((one) => one.address === address)
  if (vip) return `${dotted(vip.path)}, which is on one node at a time`
  for (const [node, one] of Object.entries(hosts)) {
    const itself = kind === 'hosts' && name === node
    if (address === one?.address && !itself) return dotted(['hosts', node, 'address'])
    if (address !== one?.second?.address) continue
    const second = dotted(['hosts', node, 'second', 'address'])
    if (!itself) return second
    if (abilitiesOf(level, cluster ?? {}).secondInterface)
      return `${second}, whose answers level 3 sends through the virtual IP`
  }
}
