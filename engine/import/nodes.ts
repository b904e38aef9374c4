import { isIPv4 } from 'node:net'
import type { Meaning, Part } from './facts.ts'
import { onlyReal, serveAlone } from './own-real-servers.ts'

/** A node that files speak of. */
export interface Node {
  name: string
  address?: string
  /** How SSH has reached it. */
  ssh?: string
  /** What its file says; undefined for one that others name as their peer. */
  meaning?: Meaning
}

/** @returns the instance that the inventory is about: the first with an IPv4 address, else the first */
export const mainInstance = ({ instances }: Meaning): Part | undefined =>
  instances.find((one) => one.all('address').some(([address]) => isIPv4(address))) ?? instances[0]

const peersOf = ({ meaning }: Node): string[] =>
  (meaning &&
    mainInstance(meaning)
      ?.all('peer')
      .map(([address]) => address)) ??
  []

/** Fills in addresses that the files tell, and the nodes that have no file, so that there are two at least. */
export function complete(nodes: readonly Node[]): Node[] {
  const known = nodes.map((node) => {
    const main = node.meaning && mainInstance(node.meaning)
    return { ...node, address: node.address ?? main?.get('unicast_src_ip') ?? main?.get('mcast_src_ip') }
  })
  const areAlone = serveAlone(known)
  const found = known.map((node) => {
    if (node.address !== undefined) return node
    if (areAlone && node.meaning) return { ...node, address: onlyReal(node.meaning) }
    // The one that all others name, and it does not.
    const others = known.filter((other) => other !== node).map(peersOf)
    const own = (others[0] ?? []).filter(
      (address) =>
        others.every((peers) => peers.includes(address)) &&
        !peersOf(node).includes(address) &&
        !known.some((other) => other.address === address),
    )
    return own.length === 1 ? { ...node, address: own[0] } : node
  })
  const taken = new Set(found.map(({ address }) => address))
  const peers = [...new Set(found.flatMap(peersOf))].filter((address) => !taken.has(address))
  // Each file whose address is not known may be one of the peers.
  const unknown = nodes.length > 1 ? found.filter(({ address }) => address === undefined).length : 0
  const more = peers.slice(unknown)
  const all: Node[] = [...found, ...more.map((address) => ({ name: '', address }))]
  if (all.length < 2) all.push({ name: '' })
  return all.map((node, index) => ({ ...node, name: node.name || freeName(index, all) }))
}

function freeName(index: number, nodes: readonly Node[]): string {
  const name = `node${index + 1}`
  return nodes.some((node) => node.name === name) ? `${name}-peer` : name
}

/** @returns nodes as the inventory has them: the one that wins an election first */
export function inOrder(nodes: readonly Node[]): Node[] {
  const rank = ({ meaning }: Node) => {
    const main = meaning && mainInstance(meaning)
    const said = main?.get('rank')
    return said === undefined ? undefined : Number(said)
  }
  // Of one whose priority is not known, nothing is known: it stays where it is.
  if (nodes.some((node) => node.meaning && rank(node) === undefined)) return [...nodes]
  const [first, ...more] = nodes.filter(({ meaning }) => !meaning)
  const [alone, ...others] = nodes.filter(({ meaning }) => meaning)
  // Behind those that are known, but one is before one alone that says that it is not the first.
  if (first && others.length === 0 && rank(alone!)! > 1) return [first, alone!, ...more]
  return nodes.toSorted((a, b) => (rank(a) ?? nodes.length) - (rank(b) ?? nodes.length))
}

/** Whether the one file that is known is taken for that of a node below another, as it begins as BACKUP. */
export function isAssumedBelow(nodes: readonly Node[]): boolean {
  const [known, ...others] = nodes.filter(({ meaning }) => meaning)
  return others.length === 0 && known!.meaning!.instances.every((part) => Number(part.get('rank')) > 1)
}
